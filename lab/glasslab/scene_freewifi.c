/* The scene "freewifi": the man in the middle at the airport succeeds against http, and is thwarted by https.
 *
 * Each act has two witnesses: the packets of the whole lab, and what the programs report of themselves. The
 * password that mallory has is the one that it parsed off the wire; what Alice's form holds is read here only
 * to compare. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "scene_freewifi.h"

/* --- acts --- */

static struct wire *look(struct story *s, const char *title, unsigned show)
{
	return wire_watch(s->d, title, show, s->on_wire);
}

static void expect_no_secret(struct story *s, const struct wire *w)
{
	demo_expect(s->d, "wire-keeps-the-secret", w->packets > 0 && w->with_secret == 0,
	    "is the password in no packet?",
	    w->with_secret ? "it is in %zu of %zu packets, first in #%llu"
	                   : "it is in %zu of %zu packets on all links",
	    w->with_secret, w->packets, (unsigned long long)w->secret_packet);
}

static void act_home(struct story *s)
{
	struct demo_process p;

	demo_act(s->d, "home");
	int status = log_in_by_https(s, &p, false, is_check);
	struct wire *w = look(s, "At home: what was on the wire", SHOW_DNS | SHOW_WEB);
	demo_expect(s->d, "home-proved", status == EXIT_YES && json_is_true(json_object_get(p.result, "accepted")),
	    "did the bank prove its name?", "tlsview's exit status is %d", status);
	demo_expect(s->d, "home-logged-in", is_logged_in(p.result), "is Alice logged in?", "%s",
	    is_logged_in(p.result) ? "the bank answered 200" : "the bank did not answer 200");
	if (w)
		expect_no_secret(s, w);
	free(w);
	demo_process_release(&p);
}

/* The first line of what a command prints in the laptop. */
static void first_line(struct story *s, const char *const argv[], char *out, size_t cap)
{
	struct demo_process p;
	demo_run(s->d, &p, "laptop", DEMO_TEXT, argv, NULL);
	snprintf(out, cap, "%.*s", p.buf ? (int)strcspn(p.buf, "\n") : 0, p.buf ? p.buf : "");
	demo_process_release(&p);
}

/* Is the word behind `before` in line an address of mallory's? */
static bool names_mallory(const struct demo *d, const char *line, const char *before)
{
	const char *at = strstr(line, before);
	char addr[64];
	if (!at)
		return false;
	at += strlen(before);
	snprintf(addr, sizeof(addr), "%.*s", (int)strcspn(at, " \n"), at);
	return demo_has_address(d, "mallory", addr);
}

static void arrive(struct story *s, struct attack *a)
{
	bool leased = demo_move(s->d, "laptop", "airport") && demo_follow(s->d, &a->process, "state", "lease");
	retell(s->d, &a->process, &a->told, is_deed);
	demo_expect(s->d, "lease", leased, "did the laptop lease an address from mallory?", "%s",
	    leased ? "mallory's DHCP server says so" : "no lease");
}

static bool act_arrive(struct story *s, struct attack *a)
{
	static const char *const route[] = {"ip", "-4", "route", "show", "default", NULL};
	static const char *const names[] = {"grep", "^nameserver", "/etc/resolv.conf", NULL};
	static const char *const ask[] = {"getent", "ahostsv4", BANK, NULL};
	char line[TEXT];

	demo_act(s->d, "arrive");
	if (!start_mallory(s, a, "http"))
		return false;
	arrive(s, a);
	first_line(s, route, line, sizeof(line));
	demo_expect(
	    s->d, "router", names_mallory(s->d, line, "via "), "is mallory the laptop's way out?", "%s", line);
	first_line(s, names, line, sizeof(line));
	demo_expect(
	    s->d, "name-server", names_mallory(s->d, line, "nameserver "), "is mallory its name server?", "%s", line);
	first_line(s, ask, line, sizeof(line));
	(void)demo_follow(s->d, &a->process, "decision", "dns-lie");
	retell(s->d, &a->process, &a->told, is_deed_or_lie);
	struct wire *w = look(s, "The laptop arrives", SHOW_DHCP | SHOW_DNS);
	bool lied = w && w->lie_packet > 0;
	demo_expect(s->d, "dns-lie", names_mallory(s->d, line, "") && lied, "does " BANK " now lead to mallory?",
	    lied ? "%s (the answer is packet #%llu)" : "%s (no answer of mallory's is on the wire: %llu)", line,
	    w ? (unsigned long long)w->lie_packet : 0);
	free(w);
	return true;
}

static void expect_loot(struct story *s, const struct row *r)
{
	demo_expect(s->d, r->should_have ? "stolen" : "not-stolen", r->has_password == r->should_have,
	    r->should_have ? "did mallory get the password?" : "did mallory go without the password?",
	    "mallory holds %s", r->holds);
}

static void act_http(struct story *s, struct attack *a)
{
	static const char *const argv[] = {
	    "curl", "--silent", "--show-error", "--max-time", "10", "--data", "@-", "http://" BANK "/login", NULL};
	struct demo_process p;
	char sent[TEXT], seen[TEXT];

	demo_act(s->d, "http");
	int status = demo_run(s->d, &p, "laptop", DEMO_TEXT, argv, FORM_FILE);
	const struct row *r = end_mallory(s, a, "http", true);
	struct wire *w = look(s, "http at the airport", SHOW_DNS | SHOW_WEB);
	expect_loot(s, r);
	if (w) {
		demo_expect(s->d, "in-the-clear", w->with_secret > 0, "can it be read in the packets?",
		    w->with_secret ? "first in packet #%llu, %s to %s" : "no packet has it",
		    (unsigned long long)w->secret_packet, w->secret_from, w->secret_to);
		bool differ = wire_difference(&w->bank_sent, &w->laptop_got, sent, seen, sizeof(sent));
		bool shown = status == 0 && p.len > 0 && w->laptop_got.len > p.len &&
		             memmem(w->laptop_got.data, w->laptop_got.len, p.buf, p.len) != NULL;
		demo_expect(s->d, "page-changed", differ && w->bank_sent.len > 0 && w->laptop_got.len > 0,
		    "did the page change on its way?", "the bank sent \"%s\"; the laptop got \"%s\"", sent, seen);
		demo_expect(s->d, "page-shown", shown, "is that what Alice sees?",
		    shown ? "what curl printed is what mallory sent" : "curl printed something else");
	}
	free(w);
	demo_process_release(&p);
}

static void act_passed(struct story *s)
{
	struct attack a;
	struct demo_process p;

	demo_act(s->d, "passed");
	if (start_mallory(s, &a, "passed")) {
		int status = log_in_by_https(s, &p, false, is_failed_check);
		const struct row *r = end_mallory(s, &a, "passed", false);
		struct wire *w = look(s, "https through mallory's hands", SHOW_DNS | SHOW_WEB);
		const json_t *c = last_connection(a.process.result, "https");
		demo_expect(s->d, "still-proved", status == EXIT_YES && is_logged_in(p.result),
		    "did the true bank prove its name, through mallory?", "tlsview's exit status is %d", status);
		const char *name = json_string_value(json_object_get(c, "server_name"));
		demo_expect(s->d, "name-readable", name && strcmp(name, BANK) == 0,
		    "could mallory read the bank's name?", "server name in the ClientHello: %s",
		    name ? name : "none");
		expect_loot(s, r);
		if (w)
			expect_no_secret(s, w);
		free(w);
		demo_process_release(&p);
	}
	demo_process_release(&a.process);
}

/* The X509_V_ERR names of the checks that failed, with commas. */
static void failed_checks(const json_t *result, char *out, size_t cap)
{
	const json_t *checks = json_object_get(result, "checks");
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(checks) && at < cap; i++) {
		const json_t *c = json_array_get(checks, i);
		const char *id = json_string_value(json_object_get(c, "id"));
		const char *verdict = json_string_value(json_object_get(c, "verdict"));
		if (id && verdict && strcmp(verdict, "fail") == 0)
			at += (size_t)snprintf(out + at, cap - at, "%s%s", at ? ", " : "", id);
	}
}

static void act_refused(struct story *s, const char *act)
{
	struct attack a;
	struct demo_process p;
	char failed[TEXT];

	demo_act(s->d, act);
	if (start_mallory(s, &a, act)) {
		int status = log_in_by_https(s, &p, false, is_check);
		const struct row *r = end_mallory(s, &a, act, false);
		struct wire *w = look(s, "https, refused", SHOW_WEB);
		const json_t *c = last_connection(a.process.result, "https");
		const char *alert = json_string_value(json_object_get(c, "alert"));
		const char *want = act_text(s, act, "refusal");
		failed_checks(p.result, failed, sizeof(failed));
		demo_expect(s->d, "refused",
		    status == EXIT_NO && json_is_false(json_object_get(p.result, "accepted")),
		    "did the laptop refuse?", "tlsview's exit status is %d", status);
		demo_expect(s->d, "refused-because", strcmp(failed, want) == 0,
		    "for the predicted reason, and no other?", "failed: %s; predicted: %s",
		    failed[0] ? failed : "nothing", want);
		demo_expect(s->d, "alert-instead",
		    alert && json_integer_value(json_object_get(c, "clear_octets")) == 0,
		    "what did mallory get in place of the form?", "%lld octets of it, and the alert \"%s\"",
		    (long long)json_integer_value(json_object_get(c, "clear_octets")), alert ? alert : "none");
		expect_loot(s, r);
		if (w)
			expect_no_secret(s, w);
		free(w);
		demo_process_release(&p);
	}
	demo_process_release(&a.process);
}

static void act_insecure(struct story *s)
{
	struct attack a;
	struct demo_process p;

	demo_act(s->d, "insecure");
	if (start_mallory(s, &a, "insecure")) {
		int status = log_in_by_https(s, &p, true, is_failed_check);
		const struct row *r = end_mallory(s, &a, "insecure", true);
		struct wire *w = look(s, "https to mallory, https to the bank", SHOW_WEB);
		const json_t *c = last_connection(a.process.result, "https");
		demo_expect(
		    s->d, "warned", status == EXIT_NO, "was Alice warned?", "tlsview's exit status is %d", status);
		expect_loot(s, r);
		demo_expect(s->d, "page-changed-in-tls", json_integer_value(json_object_get(c, "changed")) > 0,
		    "did mallory change the page?", "%lld account numbers",
		    (long long)json_integer_value(json_object_get(c, "changed")));
		if (w)
			expect_no_secret(s, w);
		free(w);
		demo_process_release(&p);
	}
	demo_process_release(&a.process);
}

/* One line of the table; in JSON an event with its parts. */
static void say_row(struct demo *d, const struct row *r)
{
	char key[TEXT];

	if (cli_has(d->cli, "json")) {
		snprintf(key, sizeof(key), "%s / %s", r->attack, r->protection);
		ev_state(&d->trace, "mallory holds", key, NULL, r->holds, "%s",
		    r->has_password ? "the attack succeeded" : "the attack was thwarted");
	} else {
		ev_decision(&d->trace, "row", NULL, "%-24s %-14s %s", r->attack, r->protection, r->brief);
	}
}

static void act_table(struct story *s)
{
	static const struct row head = {
	    .attack = "MALLORY SHOWS OR DOES", .protection = "PROTECTION", .brief = "HOLDS"};
	size_t right = 0;

	demo_act(s->d, "table");
	if (!cli_has(s->d->cli, "json"))
		say_row(s->d, &head);
	for (size_t i = 0; i < s->n_rows; i++) {
		say_row(s->d, &s->rows[i]);
		right += s->rows[i].has_password == s->rows[i].should_have;
	}
	demo_expect(s->d, "table", right == s->n_rows && s->n_rows > 0, "is every row as predicted?",
	    "%zu of %zu rows", right, s->n_rows);
}

static bool goes_on(const struct story *s)
{
	return s->d->err == ERR_OK && !cli_interrupted();
}

static void at_the_airport(struct story *s)
{
	static const char *const refused[] = {"self_signed", "own_ca", "other_name"};
	struct attack a;

	bool there = act_arrive(s, &a);
	if (there && goes_on(s))
		act_http(s, &a);
	demo_process_release(&a.process);
	if (there && goes_on(s))
		act_passed(s);
	for (size_t i = 0; there && i < 3 && goes_on(s); i++)
		act_refused(s, refused[i]);
	if (there && goes_on(s))
		act_insecure(s);
	if (there && goes_on(s))
		act_table(s);
}

static void play_story(struct demo *d)
{
	struct story *s = calloc(1, sizeof(*s));

	if (!s) {
		d->err = ERR_NOMEM;
		return;
	}
	s->d = d;
	bool something = read_form(d, s->password, s->on_wire) && write_request(d); /* read here only to compare */
	demo_expect(d, "something-to-lose", something, "does Alice have a password to lose?",
	    "in " FORM_FILE " on the laptop; read here only to compare");
	if (s->password[0] && goes_on(s))
		act_home(s);
	if (s->password[0] && goes_on(s))
		at_the_airport(s);
	sodium_memzero(s, sizeof(*s));
	free(s);
}

/* The story, and then every attack against every protection; or what the options ask for. */
static void play(struct demo *d)
{
	bool one = cli_has(d->cli, "cell") || cli_has(d->cli, "matrix");

	if (!one)
		play_story(d);
	if (!cli_has(d->cli, "story") && d->err == ERR_OK && !cli_interrupted()) {
		matrix_clean(d); /* it begins at home, wherever the laptop was carried before */
		matrix_play(d);
	}
}

const struct scene scene_freewifi = {.name = "freewifi",
    .summary =
        "the man in the middle at the airport: what he gets, and which check stops him; attacks against protections",
    .play = play,
    .clean = matrix_clean,
    .options = matrix_options,
    .own_page = matrix_has_page};
