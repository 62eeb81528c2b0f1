/* What Alice, Bob and mallory do where a key is agreed on. */
#include "scene_dh.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

const char *dh_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* --- one conversation --- */

/* The label of the first line that this program received, without its quotes. */
static void first_line_read(const struct demo_process *p, char out[static DH_TEXT])
{
	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(p->events); i++) {
		const json_t *ev = json_array_get(p->events, i);
		const char *label = dh_text(ev, "label");
		size_t n = strlen(label);
		if (strcmp(dh_text(ev, "kind"), "recv") != 0 || n < 2 || label[0] != '"')
			continue;
		snprintf(out, DH_TEXT, "%.*s", (int)(n - 2), label + 1);
		return;
	}
}

static bool start_bob(struct dh_cast *c, bool keys)
{
	const char *argv[] = {"dhview", "listen", "0.0.0.0:7748", "--auth", "/run/glassnet/dh.key", "--peers",
	    "/run/glassnet/dh.peers", NULL};

	if (!keys)
		argv[3] = NULL;
	demo_process_release(&c->alice);
	demo_process_release(&c->bobs);
	c->alice_status = -1;
	return demo_start(c->d, &c->bobs, DH_BOB, DEMO_RESULTS, argv, NULL) &&
	       demo_follow(c->d, &c->bobs, "decision", "listening");
}

/* Both have ended: what they say of it. */
static void take_down(struct dh_cast *c)
{
	snprintf(c->alice_print, DH_TEXT, "%s", dh_text(c->alice.result, "fingerprint"));
	snprintf(c->bob_print, DH_TEXT, "%s", dh_text(c->bobs.result, "fingerprint"));
	first_line_read(&c->bobs, c->bob_read);
}

bool dh_converse(struct dh_cast *c, bool keys)
{
	const char *alice[] = {
	    "dhview", "connect", c->bob, "--auth", "/run/glassnet/dh.key", "--peers", "/run/glassnet/dh.peers", NULL};

	if (!keys)
		alice[3] = NULL;
	bool ready = start_bob(c, keys);
	if (ready) {
		c->alice_status = demo_run(c->d, &c->alice, "laptop", DEMO_EVENTS, alice, DH_WORDS);
		if (!demo_follow(c->d, &c->bobs, NULL, NULL))
			demo_stop(c->d, &c->bobs);
	}
	take_down(c);
	return ready;
}

/* The fingerprint that p has told by now; waits for it. false: it ended without. */
static bool wait_for_print(struct dh_cast *c, struct demo_process *p, char out[static DH_TEXT])
{
	bool more = true;

	out[0] = '\0';
	for (size_t i = 0; !out[0] && (more || i < json_array_size(p->events));) {
		if (i == json_array_size(p->events)) {
			more = demo_follow(c->d, p, "state", "keeps");
			continue;
		}
		const json_t *ev = json_array_get(p->events, i++);
		if (strcmp(dh_text(ev, "key"), "fingerprint") == 0)
			snprintf(out, DH_TEXT, "%s", dh_text(ev, "after"));
	}
	return out[0];
}

static bool in_laptop(struct dh_cast *c, const char *script)
{
	const char *const argv[] = {"exec", "laptop", "--", "sh", "-c", script, NULL};

	return demo_glasslab(c->d, argv) == 0;
}

/* Alice's hand waits at the keyboard for the word: it types, or hangs up. */
#define KEYBOARD "/run/glassnet/dh.keyboard"
#define WORD     "/run/glassnet/dh.word"

static bool start_hand(struct dh_cast *c)
{
	return in_laptop(c,
	    "rm -f " KEYBOARD " " WORD "; mkfifo " KEYBOARD " " WORD "; timeout 20 sh -c 'exec 3>" KEYBOARD
	    "; read -r said <" WORD "; [ \"$said\" != same ] || cat " DH_WORDS " >&3' >/dev/null 2>&1 &");
}

bool dh_converse_compared(struct dh_cast *c, bool *same)
{
	const char *const alice[] = {"dhview", "connect", c->bob, NULL};
	char a[DH_TEXT], b[DH_TEXT];

	*same = false;
	if (!start_bob(c, false) || !start_hand(c) ||
	    !demo_start(c->d, &c->alice, "laptop", DEMO_EVENTS, alice, KEYBOARD)) {
		demo_stop(c->d, &c->bobs);
		return false;
	}
	bool ready = wait_for_print(c, &c->alice, a) && wait_for_print(c, &c->bobs, b);
	*same = ready && strcmp(a, b) == 0;
	if (ready)
		ev_decision(&c->d->trace, "compared", NULL, "Alice reads %s; Bob reads %s: %s", a, b,
		    *same ? "the same, she types" : "not the same, she hangs up");
	(void)in_laptop(c, *same ? "echo same | timeout 5 tee " WORD : "echo other | timeout 5 tee " WORD);
	if (demo_follow(c->d, &c->alice, NULL, NULL))
		c->alice_status = c->alice.status;
	if (!demo_follow(c->d, &c->bobs, NULL, NULL))
		demo_stop(c->d, &c->bobs);
	take_down(c);
	(void)in_laptop(c, "rm -f " KEYBOARD " " WORD);
	return ready;
}

bool dh_typed_was_read(const struct dh_cast *c)
{
	return strstr(c->bob_read, c->code) && strstr(c->bob_read, "noon");
}

/* --- mallory --- */

bool dh_start_middle(struct dh_cast *c)
{
	static const char *const argv[] = {"mallory", "dh", "--change", "noon", "--into", "nine", NULL};

	demo_process_release(&c->middle);
	bool ok = demo_start(c->d, &c->middle, "mallory", DEMO_SILENT, argv, NULL) &&
	          demo_follow(c->d, &c->middle, "decision", "ready");
	ev_decision(&c->d->trace, "command", NULL, "$ glasslab exec mallory -- mallory dh --change noon --into nine");
	return ok;
}

/* Retold are its keys, what it heard and changed. The messages are in the packets. */
const json_t *dh_end_middle(struct dh_cast *c)
{
	demo_stop(c->d, &c->middle);
	for (size_t i = 0; i < json_array_size(c->middle.events); i++) {
		const json_t *ev = json_array_get(c->middle.events, i);
		const char *kind = dh_text(ev, "kind");
		bool deed = strcmp(kind, "state") == 0 || strcmp(kind, "decision") == 0;
		char *line = deed ? json_dumps(ev, JSON_COMPACT) : NULL;
		if (line)
			(void)!trace_replay(&c->d->trace, line, strlen(line));
		free(line);
	}
	const json_t *all = json_object_get(c->middle.result, "conversations");
	return json_array_get(all, json_array_size(all) - 1);
}

/* --- before and after --- */

bool dh_exchange_keys(struct dh_cast *c)
{
	static const char *const hosts[] = {"laptop", DH_BOB}, *const names[] = {"alice", "bob"};
	bool ok = true;

	for (int i = 0; i < 2; i++) {
		struct demo_process p;
		const char *const forget[] = {"exec", hosts[i], "--", "rm", "-f", "/run/glassnet/dh.key", NULL};
		const char *const make[] = {"dhview", "keygen", "/run/glassnet/dh.key", "--name", names[i], NULL};
		(void)demo_glasslab(c->d, forget);
		ok = demo_run(c->d, &p, hosts[i], DEMO_TEXT, make, NULL) == EXIT_YES && p.buf && ok;
		if (p.buf)
			p.buf[strcspn(p.buf, "\n")] = '\0';
		const char *const tell[] = {"exec", hosts[1 - i], "--", "sh", "-c",
		    "printf '%s\\n' \"$1\" >/run/glassnet/dh.peers", "sh", p.buf ? p.buf : "", NULL};
		ok = demo_glasslab(c->d, tell) == 0 && ok;
		demo_process_release(&p);
	}
	return ok;
}

/* Bob's IPv4 address, from the lab's facts. */
static bool find_bob(struct dh_cast *c)
{
	const json_t *i = json_array_get(json_object_get(demo_host_facts(c->d, DH_BOB), "interfaces"), 0);
	const char *text = json_string_value(json_array_get(json_object_get(i, "addresses"), 0));

	snprintf(c->bob, sizeof(c->bob), "%.*s", text ? (int)strcspn(text, "/") : 0, text ? text : "");
	return demo_has_address(c->d, DH_BOB, c->bob);
}

static bool write_words(struct dh_cast *c)
{
	const char *const argv[] = {"exec", "laptop", "--", "sh", "-c",
	    "umask 077 && printf 'we meet at noon, the word is %s\\n' \"$1\" >" DH_WORDS, "sh", c->code, NULL};
	uint8_t random[6];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(c->code, sizeof(c->code), random, sizeof(random));
	return demo_glasslab(c->d, argv) == 0;
}

bool dh_cast_open(struct dh_cast *c, struct demo *d)
{
	static const struct demo_process none = {.pid = -1, .out = -1};

	*c = (struct dh_cast){.d = d, .alice = none, .bobs = none, .middle = none, .alice_status = -1};
	return sodium_init() >= 0 && find_bob(c) && write_words(c);
}

void dh_cast_close(struct dh_cast *c)
{
	demo_stop(c->d, &c->middle);
	demo_process_release(&c->alice);
	demo_process_release(&c->bobs);
	demo_process_release(&c->middle);
}

void dh_cast_clean(struct demo *d)
{
	static const char *const laptop[] = {
	    "exec", "laptop", "--", "rm", "-f", DH_WORDS, "/run/glassnet/dh.key", "/run/glassnet/dh.peers", NULL};
	static const char *const bob[] = {
	    "exec", DH_BOB, "--", "rm", "-f", "/run/glassnet/dh.key", "/run/glassnet/dh.peers", NULL};

	demo_glasslab(d, laptop);
	demo_glasslab(d, bob);
}
