/* The matrix: what client and server agree on. mallory wants an agreement without a certificate. */
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "matrix_login.h"

static const char *const anonymous[] = {"--tls", "anonymous", NULL};

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

static void tried(struct outcome *o, const json_t *result)
{
	cell_tried(o, last_connection(result, "https") != NULL,
	    "offered a key agreement without any certificate (anonymous Diffie-Hellman)");
}

/* A client that offers no such thing. */
static void anonymous_https(struct matrix *m, struct outcome *o)
{
	struct demo_process p;

	if (!matrix_freewifi(m, anonymous))
		return;
	(void)login_https(m, &p, NULL);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, &p, "No suite in common");
	tried(o, result);
	login_loot(m, o, result);
	if (w && strcmp(text_of(last_connection(result, "https"), "outcome"), "not-offered") == 0)
		cell_decided(
		    o, "not-offered", w->hello_packet, "no suite without a certificate is in the ClientHello");
	free(w);
	demo_process_release(&p);
}

/* One that offers it, and asks for a certificate all the same. */
static void anonymous_checked(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--max", "1.2", "--ciphers", "aNULL:@SECLEVEL=0", NULL};
	struct demo_process p;

	if (!matrix_freewifi(m, anonymous))
		return;
	(void)login_https(m, &p, options);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, &p, "A key agreed on, with nobody knows whom");
	tried(o, result);
	login_loot(m, o, result);
	(void)cell_decided_by(o, &p, NULL, w ? w->alert_packet ? w->alert_packet : w->answer_packet : 0);
	free(w);
	demo_process_release(&p);
}

/* One that asks for nothing. */
static void anonymous_allowed(struct matrix *m, struct outcome *o)
{
	static const char *const argv[] = {"openssl", "s_client", "-connect", BANK ":443", "-tls1_2", "-cipher",
	    "aNULL:@SECLEVEL=0", "-ign_eof", "-verify_return_error", NULL};
	struct demo_process p;

	if (!matrix_freewifi(m, anonymous))
		return;
	(void)demo_run(m->d, &p, "laptop", DEMO_TEXT, argv, MATRIX_HTTP);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, NULL, "A key agreed on, with nobody knows whom");
	tried(o, result);
	login_loot(m, o, result);
	if (o->reached && p.buf && strstr(p.buf, "Verify return code: 0 (ok)"))
		cell_decided(o, "none", w ? w->answer_packet : 0,
		    "openssl found nothing wrong: no certificate came, so none was checked");
	free(w);
	demo_process_release(&p);
}

/* --- downgrade --- */

/* What mallory says in its decision of that id; "" when it has not taken it. */
static const char *mallory_says(const struct matrix *m, const char *id)
{
	for (size_t i = 0; i < json_array_size(m->wifi.events); i++) {
		const json_t *ev = json_array_get(m->wifi.events, i);
		if (strcmp(text_of(ev, "id"), id) != 0)
			continue;
		const char *text = text_of(ev, "text"), *after = strstr(text, ": "); /* "connection 1: …" */
		return strncmp(text, "connection ", 11) == 0 && after ? after + 2 : text;
	}
	return "";
}

/* The client's own check, where it has one to tell of; else the alert, and what mallory learned from it. */
static void downgrade_decided(
    struct matrix *m, struct outcome *o, const struct demo_process *p, const struct wire *w, const char *by)
{
	if (!w || !*by)
		return;
	if (w->alert_packet && cell_decided_by(o, p, NULL, w->alert_packet))
		return;
	cell_decided(o, by, w->server_alert_packet ? w->server_alert_packet : w->alert_packet, "%s",
	    mallory_says(m, "downgrade-noticed"));
}

/* mallory passes everything on, but weakens what the client offers. It is after a weaker connection that goes on. */
static void downgrade(struct matrix *m, struct outcome *o, const char *const options[])
{
	static const char *const how[] = {"--tls", "downgrade", NULL};
	struct demo_process p;

	if (!matrix_freewifi(m, how))
		return;
	(void)login_https(m, &p, options);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, &p, "A weaker offer than the laptop's");
	const json_t *d = json_object_get(last_connection(result, "https"), "downgrade");
	const char *edit = text_of(d, "edit"), *by = text_of(d, "noticed_by");
	bool weakened = *edit && strcmp(edit, "nothing") != 0;

	cell_tried(o, weakened, "%s", mallory_says(m, "downgrade"));
	login_loot(m, o, result);
	if (weakened && !*by && *text_of(d, "chosen"))
		cell_got(o, true, "a connection with %s, %s", text_of(d, "chosen"), text_of(d, "suite"));
	else
		cell_not_got(o, "a connection weaker than the two would have made");
	downgrade_decided(m, o, &p, w, by);
	free(w);
	demo_process_release(&p);
}

static void downgrade_https(struct matrix *m, struct outcome *o)
{
	downgrade(m, o, NULL);
}

/* It has nothing better to offer, so the bank's hint says nothing to it. */
static void downgrade_old(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--max", "1.2", NULL};

	downgrade(m, o, options);
}

static void downgrade_strict(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--min", "1.3", NULL};

	downgrade(m, o, options);
}

static const struct cell cells[] = {
    {"anonymous/https", anonymous_https},
    {"anonymous/checked", anonymous_checked},
    {"anonymous/allowed", anonymous_allowed},
    {"downgrade/https", downgrade_https},
    {"downgrade/old", downgrade_old},
    {"downgrade/strict", downgrade_strict},
};

const struct cell_family matrix_suites = {
    .name = "suites", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .prepare = login_prepare};
