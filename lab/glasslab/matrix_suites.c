/* The matrix: what client and server agree on. mallory wants an agreement without a certificate. */
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "matrix_login.h"

static const char *const anonymous[] = {"--tls", "anonymous", NULL};

/* What mallory says of the last https connection: "not-offered", "refused" … */
static const char *outcome_of(const json_t *connection)
{
	const char *s = json_string_value(json_object_get(connection, "outcome"));

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
	if (w && strcmp(outcome_of(last_connection(result, "https")), "not-offered") == 0)
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

static const struct cell cells[] = {
    {"anonymous/https", anonymous_https},
    {"anonymous/checked", anonymous_checked},
    {"anonymous/allowed", anonymous_allowed},
};

const struct cell_family matrix_suites = {
    .name = "suites", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .prepare = login_prepare};
