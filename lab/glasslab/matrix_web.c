/* The matrix: http, which anybody on the way reads, and a victim who is kept on it. */
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "matrix_login.h"

#define WWW  "www.bank.example"
#define HSTS MATRIX_FOLDER "/hsts"

/* The password went by, readable. */
static void decided_by_nobody(struct outcome *o, const struct wire *w)
{
	if (w && o->reached)
		cell_decided(o, "none", w->secret_packet,
		    "nobody was asked who he is: the password stands readable in %zu of %zu packets", w->with_secret,
		    w->packets);
}

/* mallory had all packets in its hands, and could read none. */
static void decided_by_encryption(struct outcome *o, const struct wire *w)
{
	if (w && w->packets > 0 && w->with_secret == 0 && w->data_packet > 0)
		cell_decided(o, "encrypted", w->data_packet,
		    "the form is encrypted for the one who proved to be the bank; it is readable in 0 of %zu packets",
		    w->packets);
}

/* mallory relays http, reads the form and changes the page. */
static void http_none(struct matrix *m, struct outcome *o)
{
	static const char *const curl[] = {
	    "curl", "--silent", "--show-error", "--max-time", "10", "--data", "@-", "http://" BANK "/login", NULL};
	char sent[CELL_TEXT / 2], seen[CELL_TEXT / 2];
	struct demo_process p;

	if (!matrix_freewifi(m, NULL))
		return;
	(void)demo_run(m->d, &p, "laptop", DEMO_TEXT, curl, MATRIX_FORM);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, NULL, "http at the airport");
	cell_tried(o, last_connection(result, "http") != NULL, "relayed what came by http, to read and change it");
	login_loot(m, o, result);
	decided_by_nobody(o, w);
	if (w && w->bank_sent.len > 0 && wire_difference(&w->bank_sent, &w->laptop_got, sent, seen, sizeof(sent)))
		cell_got(o, false, "a changed page: \"%s\" became \"%s\"", sent, seen);
	free(w);
	demo_process_release(&p);
}

/* The same hands, and the same bank, by https. */
static void http_https(struct matrix *m, struct outcome *o)
{
	struct demo_process p;

	if (!matrix_freewifi(m, NULL))
		return;
	(void)login_https(m, &p, NULL);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, &p, "https through mallory's hands");
	cell_tried(o, last_connection(result, "https") != NULL, "passed the bytes on, and looked at all of them");
	login_loot(m, o, result);
	if (is_logged_in(p.result))
		decided_by_encryption(o, w);
	free(w);
	demo_process_release(&p);
}

/* --- stripping --- */

/* Where the page says that the form goes. */
static void form_action(const struct demo_process *page, char *out, size_t cap)
{
	static const char before[] = "action=\"";
	const char *at = page->buf ? strstr(page->buf, before) : NULL;

	snprintf(out, cap, "%.*s", at ? (int)strcspn(at + strlen(before), "\"") : 0, at ? at + strlen(before) : "");
}

/* Alice goes to that address, and sends the form where the page says; option: one of curl's with its value, or NULL. Has
 * she got an answer? */
static bool browse(struct matrix *m, const char *url, const char *option, const char *value)
{
	const char *get[] = {"curl", "--silent", "--location", "--max-time", "10", url, option, value, NULL};
	const char *post[] = {"curl", "--silent", "--max-time", "10", "--data", "@-", NULL, option, value, NULL};
	struct demo_process p;
	char action[256];

	(void)demo_run(m->d, &p, "laptop", DEMO_TEXT, get, NULL);
	form_action(&p, action, sizeof(action));
	demo_process_release(&p);
	post[6] = action;
	if (!*action || action[0] == '-') {
		ev_warning(&m->d->trace, "the page that came has no form");
		return false;
	}
	bool answered = demo_run(m->d, &p, "laptop", DEMO_TEXT, post, MATRIX_FORM) == 0 && p.len > 0;
	demo_process_release(&p);
	return answered;
}

/* What mallory took away, of all connections. */
static bool report_stripping(struct outcome *o, const json_t *result)
{
	const json_t *all = json_object_get(result, "connections");
	bool stripped = false;

	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *s = json_object_get(json_array_get(all, i), "stripped");
		stripped |= json_is_true(json_object_get(s, "redirect"));
	}
	cell_tried(o, json_array_size(all) > 0 && json_is_true(json_object_get(result, "strip")),
	    stripped ? "went to https in the victim's place, and gave the page by http, without its links to https"
	             : "waited for a question by http, to answer it without the redirect to https");
	return stripped;
}

static void strip_first(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--strip", NULL};

	if (!matrix_freewifi(m, options))
		return;
	(void)browse(m, "http://" WWW "/", NULL, NULL);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, NULL, "http to mallory, https to the bank");
	(void)report_stripping(o, result);
	login_loot(m, o, result);
	decided_by_nobody(o, w);
	free(w);
}

static void strip_https(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--strip", NULL};

	if (!matrix_freewifi(m, options))
		return;
	bool answered = browse(m, "https://" WWW "/", NULL, NULL);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, NULL, "https from the first packet on");
	bool stripped = report_stripping(o, result);
	login_loot(m, o, result);
	if (!stripped && answered)
		decided_by_encryption(o, w);
	free(w);
}

/* At home the bank has told the browser to come by https only, and the browser has kept that. */
static void strip_hsts(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--strip", NULL};
	static const char *const learn[] = {
	    "curl", "--silent", "--output", "/dev/null", "--hsts", HSTS, "https://" WWW "/", NULL};
	static const char *const ask[] = {"tlsview", "connect", "http://" WWW, "--hsts", HSTS, "--no-request", NULL};
	struct demo_process p;

	if (!matrix_home(m) || demo_run(m->d, &p, "laptop", DEMO_TEXT, learn, NULL) != 0)
		return;
	demo_process_release(&p);
	(void)demo_packets(m->d, "At home", wire_nothing, NULL);
	if (!matrix_freewifi(m, options))
		return;
	bool answered = browse(m, "http://" WWW "/", "--hsts", HSTS);
	say_command(m->d, "laptop", ask);
	(void)demo_run(m->d, &p, "laptop", DEMO_SILENT, ask, NULL);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, &p, "http was asked for, https was sent");
	bool stripped = report_stripping(o, result);
	login_loot(m, o, result);
	if (w && answered && !stripped && !last_connection(result, "http") && w->with_secret == 0)
		(void)cell_decided_by(o, &p, "hsts-known", w->hello_packet);
	else
		decided_by_nobody(o, w);
	free(w);
	demo_process_release(&p);
}

static const struct cell cells[] = {
    {"http/none", http_none},
    {"http/https", http_https},
    {"strip/first", strip_first},
    {"strip/https", strip_https},
    {"strip/hsts", strip_hsts},
};

const struct cell_family matrix_web = {
    .name = "web", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .prepare = login_prepare};
