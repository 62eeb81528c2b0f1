/* The cast of the scene "freewifi": Alice with her laptop, and mallory; what they do, and what they say of
 * it. */
#include <stdlib.h>
#include <string.h>

#include "glassnet/proto/http.h"

#include "scene_freewifi.h"

/* --- what programs say of themselves, retold as far as the act needs it --- */

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "";
}

/* "$ glasslab exec HOST -- ARGV…", as a learner would type it. */
void say_command(struct demo *d, const char *host, const char *const argv[])
{
	char line[512];
	size_t at = (size_t)snprintf(line, sizeof(line), "$ glasslab exec %s --", host);

	for (size_t i = 0; argv[i] && at < sizeof(line); i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, " %s", argv[i]);
	ev_decision(&d->trace, "command", NULL, "%s", line);
}

/* What was changed on its way, as the one who changed it tells: in the packets it looks like any other. */
static bool is_tampered(const json_t *ev)
{
	return strcmp(text_of(ev, "secrecy"), "tampered") == 0;
}

/* Event i, or the message that it is a field of. */
static const json_t *message_of(const struct demo_process *p, size_t i)
{
	while (i > 0 && strcmp(text_of(json_array_get(p->events, i), "kind"), "field") == 0)
		i--;
	return json_array_get(p->events, i);
}

/* Makes the events of p from *from on, as far as they are wanted, events of the scene. The page has room for what was
 * tampered with, too. */
void retell(struct demo *d, const struct demo_process *p, size_t *from, wanted_event *wanted)
{
	for (; *from < json_array_size(p->events); ++*from) {
		const json_t *whole = json_array_get(p->events, *from), *ev = message_of(p, *from);
		struct trace *to = wanted(ev) ? &d->trace : is_tampered(ev) ? demo_page(d) : NULL;
		char *line = to ? json_dumps(whole, JSON_COMPACT) : NULL;
		if (line)
			(void)!trace_replay(to, line, strlen(line));
		free(line);
	}
}

/* What tlsview computes beside OpenSSL is another lesson than this one. */
static bool is_of_keys(const char *id)
{
	static const char *const others[] = {
	    "record-opened", "server-finished", "client-finished", "signature-computed"};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (strcmp(id, others[i]) == 0)
			return true;
	return strstr(id, "_secret") != NULL;
}

bool is_check(const json_t *ev)
{
	return strcmp(text_of(ev, "kind"), "check") == 0 && strcmp(text_of(ev, "verdict"), "skip") != 0 &&
	       !is_of_keys(text_of(ev, "id"));
}

bool is_failed_check(const json_t *ev)
{
	return is_check(ev) && strcmp(text_of(ev, "verdict"), "fail") == 0;
}

/* Of mallory: what it shows, what it takes, what it changes, and how each connection ended. */
bool is_deed(const json_t *ev)
{
	static const char *const deeds[] = {"certificate", "victim-refused", "passed-untouched", "relayed", "no-bank",
	    "passed", "downgrade", "downgraded-answer", "downgrade-noticed", "timeout", "bad", "lease", "loot",
	    "page"};
	const char *id = text_of(ev, strcmp(text_of(ev, "kind"), "state") == 0 ? "table" : "id");

	for (size_t i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++)
		if (strcmp(id, deeds[i]) == 0)
			return true;
	return false;
}

bool is_deed_or_lie(const json_t *ev)
{
	return is_deed(ev) || strcmp(text_of(ev, "id"), "dns-lie") == 0;
}

/* The text of p's RESULT. */
static void say_result(struct demo *d, const struct demo_process *p)
{
	for (size_t i = json_array_size(p->events); i-- > 0;) {
		const json_t *ev = json_array_get(p->events, i);
		if (strcmp(text_of(ev, "kind"), "result") == 0) {
			ev_decision(&d->trace, "result", NULL, "%s", text_of(ev, "text"));
			return;
		}
	}
}

/* --- Alice --- */

/* Reads what Alice has to lose. */
bool read_form(struct demo *d, char password[static TEXT], char on_wire[static TEXT])
{
	static const char *const argv[] = {"cat", FORM_FILE, NULL};
	struct demo_process p;
	struct http_form_field f;
	bool found = false;

	if (demo_run(d, &p, "laptop", DEMO_TEXT, argv, NULL) == 0)
		for (size_t pos = 0; !found && http_form_next((uint8_t *)p.buf, p.len, &pos, &f);)
			found = http_span_is((uint8_t *)p.buf, f.name, "password") && f.value.len < TEXT;
	if (found) {
		size_t n;
		memcpy(on_wire, p.buf + f.value.off, f.value.len);
		found = http_form_decode(password, TEXT, &n, (uint8_t *)p.buf + f.value.off, f.value.len) == ERR_OK &&
		        n > 0;
	}
	if (!found)
		ev_warning(&d->trace, "%s on the laptop holds no password: there is nothing to steal", FORM_FILE);
	demo_process_release(&p);
	return found;
}

/* The login as a browser sends it, in a file of the laptop: a password stands in no command line. */
bool write_request(struct demo *d)
{
	static const char *const args[] = {"exec", "laptop", "--", "sh", "-c",
	    "umask 077 && { printf 'POST /login HTTP/1.1\r\nHost: " BANK "\r\n"
	    "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nConnection: "
	    "close\r\n\r\n' "
	    "$(wc -c <" FORM_FILE ") && cat " FORM_FILE "; } >" HTTP_FILE,
	    NULL};
	return demo_glasslab(d, args) == 0;
}

int log_in_by_https(struct story *s, struct demo_process *p, bool insecure, wanted_event *wanted)
{
	static const char *const careful[] = {"tlsview", "connect", BANK ":443", "--send", HTTP_FILE, NULL};
	static const char *const careless[] = {
	    "tlsview", "connect", BANK ":443", "--insecure", "--send", HTTP_FILE, NULL};
	const char *const *argv = insecure ? careless : careful;
	size_t from = 0;

	say_command(s->d, "laptop", argv);
	int status = demo_run(s->d, p, "laptop", DEMO_SILENT, argv, NULL);
	retell(s->d, p, &from, wanted);
	say_result(s->d, p);
	return status;
}

bool is_logged_in(const json_t *result)
{
	const char *reply = json_string_value(json_object_get(result, "reply"));
	return reply && strncmp(reply, "HTTP/1.", 7) == 0 && strncmp(reply + 8, " 200", 4) == 0;
}

/* --- mallory --- */

const char *act_text(struct story *s, const char *act, const char *what)
{
	char path[64];
	snprintf(path, sizeof(path), "acts.%s.%s", act, what);
	return demo_text(s->d, path);
}

bool start_mallory(struct story *s, struct attack *a, const char *act)
{
	const char *const argv[] = {"mallory", "freewifi", "--tls", act_text(s, act, "attack"), NULL};

	*a = (struct attack){.process = {.pid = -1, .out = -1}};
	say_command(s->d, "mallory", argv);
	bool ok = demo_start(s->d, &a->process, "mallory", DEMO_SILENT, argv, NULL) &&
	          demo_follow(s->d, &a->process, "decision", "ready");
	retell(s->d, &a->process, &a->told, is_deed);
	if (!ok)
		demo_expect(s->d, "mallory-attacks", false, "is the attack under way?", "mallory did not start");
	return ok;
}

/* Ends mallory, and takes down what it holds: a row of the table. */
const struct row *end_mallory(struct story *s, struct attack *a, const char *act, bool should_have)
{
	struct row *r = &s->rows[s->n_rows < MAX_ROWS - 1 ? s->n_rows++ : s->n_rows];
	const json_t *result;

	demo_stop(s->d, &a->process);
	retell(s->d, &a->process, &a->told, is_deed);
	result = a->process.result;
	const char *password = loot_value(result, "password");
	r->attack = act_text(s, act, "name");
	r->protection = act_text(s, act, "protection");
	r->has_password = password && strcmp(password, s->password) == 0;
	r->should_have = should_have;
	holdings_text(result, r->holds, sizeof(r->holds));
	holdings_brief(result, r->brief, sizeof(r->brief));
	if (!result)
		snprintf(r->holds, sizeof(r->holds), "(mallory gave no report)");
	return r;
}
