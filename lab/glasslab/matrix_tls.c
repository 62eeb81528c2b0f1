/* The matrix: certificates that mallory can have, shown in the bank's place. */
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "matrix_login.h"

/* What mallory shows, in its own words. */
static const char *shown(const struct demo_process *mallory)
{
	for (size_t i = 0; i < json_array_size(mallory->events); i++) {
		const json_t *ev = json_array_get(mallory->events, i);
		const char *id = json_string_value(json_object_get(ev, "id"));
		const char *text = json_string_value(json_object_get(ev, "text"));
		if (id && text && strcmp(id, "certificate") == 0)
			return text;
	}
	return NULL;
}

/* Which check decided: the one that failed, whether it was heeded or not. */
static void decided(struct outcome *o, const struct demo_process *p, const struct wire *w)
{
	uint64_t packet = !w ? 0 : o->reached ? w->answer_packet : w->alert_packet;

	if (!cell_decided_by(o, p, NULL, packet) && o->reached)
		cell_decided(o, "none", packet, "every check passed");
	else if (o->reached)
		o->overruled = true;
}

/* One login while mallory shows a certificate of that kind; options are the client's. */
static void show(struct matrix *m, struct outcome *o, const char *kind, const char *const options[])
{
	const char *const how[] = {"--tls", kind, NULL};
	struct demo_process p;

	if (!matrix_freewifi(m, how))
		return;
	(void)login_https(m, &p, options);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, &p, "https at the airport");
	const char *text = shown(&m->wifi);
	cell_tried(o, text && last_connection(result, "https"), "%s", text ? text : "nothing");
	login_loot(m, o, result);
	decided(o, &p, w);
	free(w);
	demo_process_release(&p);
}

static void self_signed_https(struct matrix *m, struct outcome *o)
{
	show(m, o, "self-signed", NULL);
}

static const char *const insecure[] = {"--insecure", NULL};

static void self_signed_ignored(struct matrix *m, struct outcome *o)
{
	show(m, o, "self-signed", insecure);
}

static void own_ca_https(struct matrix *m, struct outcome *o)
{
	show(m, o, "own-ca", NULL);
}

static void other_name_https(struct matrix *m, struct outcome *o)
{
	show(m, o, "other-name", NULL);
}

static void expired_https(struct matrix *m, struct outcome *o)
{
	show(m, o, "expired", NULL);
}

static void expired_ignored(struct matrix *m, struct outcome *o)
{
	show(m, o, "expired", insecure);
}

static void leaf_ca_https(struct matrix *m, struct outcome *o)
{
	show(m, o, "leaf-ca", NULL);
}

static void compromised_https(struct matrix *m, struct outcome *o)
{
	show(m, o, "compromised-ca", NULL);
}

/* --- what the laptop knows from home --- */

/* At home the true bank is accepted with these options: what they stop later, they do not stop always. */
static bool accepted_at_home(struct matrix *m, const char *const options[])
{
	struct demo_process p;

	bool ok = login_https(m, &p, options) == EXIT_YES;
	demo_process_release(&p);
	(void)demo_packets(m->d, "At home", wire_nothing, NULL);
	if (!ok)
		ev_warning(&m->d->trace, "at home the bank is not accepted with these options");
	return ok;
}

/* A program that knows the bank's key needs no CA. */
static void compromised_pin(struct matrix *m, struct outcome *o)
{
	static const char *const argv[] = {"sh", "-c",
	    "openssl pkey -in /run/glassnet/pki/bank.key -pubout -outform DER | sha256sum | cut -c 1-64", NULL};
	struct demo_process p;
	char pin[65];

	(void)demo_run(m->d, &p, "bank", DEMO_TEXT, argv, NULL);
	snprintf(pin, sizeof(pin), "%s", p.buf ? p.buf : "");
	demo_process_release(&p);
	const char *const options[] = {"--pin", pin, NULL};
	if (strlen(pin) == 64 && matrix_home(m) && accepted_at_home(m, options))
		show(m, o, "compromised-ca", options);
}

/* The CA's own list of what it took back, fetched at home. */
static void compromised_revoked(struct matrix *m, struct outcome *o)
{
	static const char *const fetch[] = {"curl", "--silent", "--fail", "--max-time", "10", "--output",
	    MATRIX_FOLDER "/crl.pem", "http://ca.example/crl.pem", NULL};
	static const char *const options[] = {"--crl", MATRIX_FOLDER "/crl.pem", NULL};
	struct demo_process p;

	if (!matrix_home(m))
		return;
	bool fetched = demo_run(m->d, &p, "laptop", DEMO_TEXT, fetch, NULL) == 0;
	demo_process_release(&p);
	if (fetched && accepted_at_home(m, options))
		show(m, o, "compromised-ca", options);
}

/* The list as it is now, asked for on the way: by http, through mallory. */
#define LIST "http://ca.example/crl.pem"

static void compromised_asked(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--crl", LIST, NULL};

	if (matrix_home(m) && accepted_at_home(m, options))
		show(m, o, "compromised-ca", options);
}

/* mallory can't forge the list, but it need not let it through. */
static void withhold(struct matrix *m, struct outcome *o, const char *const options[])
{
	static const char *const how[] = {"--tls", "compromised-ca", "--withhold-crl", NULL};
	struct demo_process p;

	if (!matrix_home(m) || !accepted_at_home(m, options) || !matrix_freewifi(m, how))
		return;
	(void)login_https(m, &p, options);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, &p, "The list does not come");
	json_int_t withheld = json_integer_value(json_object_get(result, "crl_withheld"));
	cell_tried(o, withheld > 0 && w && w->reset_packet, "hung up on whoever asked for the CA's list; %s",
	    shown(&m->wifi) ? shown(&m->wifi) : "");
	login_loot(m, o, result);
	if (w && cell_decided_by(o, &p, "crl-missing", w->reset_packet))
		o->overruled = o->reached;
	free(w);
	demo_process_release(&p);
}

static void withheld_hard(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--crl", LIST, NULL};

	withhold(m, o, options);
}

static void withheld_soft(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--crl", LIST, "--crl-soft", NULL};

	withhold(m, o, options);
}

/* Alice clicks the warning away; but at home the bank has said that it insists on https. */
static void self_signed_hsts(struct matrix *m, struct outcome *o)
{
	static const char *const learn[] = {
	    "tlsview", "connect", "www." BANK ":443", "--hsts", MATRIX_FOLDER "/hsts", NULL};
	static const char *const ask[] = {"tlsview", "connect", "www." BANK ":443", "--hsts", MATRIX_FOLDER "/hsts",
	    "--insecure", "--send", MATRIX_HTTP, NULL};
	static const char *const how[] = {"--tls", "self-signed", NULL};
	struct demo_process p;

	if (!matrix_home(m))
		return;
	bool learned = demo_run(m->d, &p, "laptop", DEMO_SILENT, learn, NULL) == EXIT_YES;
	say_command(m->d, "laptop", learn);
	demo_process_release(&p);
	(void)demo_packets(m->d, "At home", wire_nothing, NULL);
	if (!learned || !matrix_freewifi(m, how))
		return;
	say_command(m->d, "laptop", ask);
	(void)demo_run(m->d, &p, "laptop", DEMO_SILENT, ask, NULL);
	const json_t *result = matrix_freewifi_end(m);
	struct wire *w = login_wire(m, &p, "https at the airport");
	const char *text = shown(&m->wifi);
	cell_tried(o, text && last_connection(result, "https"), "%s", text ? text : "nothing");
	login_loot(m, o, result);
	if (json_is_false(json_object_get(p.result, "accepted")) &&
	    json_is_false(json_object_get(p.result, "insecure")) && w)
		(void)cell_decided_by(o, &p, "hsts-known", w->alert_packet);
	free(w);
	demo_process_release(&p);
}

static const struct cell cells[] = {
    {"self-signed/https", self_signed_https},
    {"self-signed/ignored", self_signed_ignored},
    {"self-signed/hsts", self_signed_hsts},
    {"own-ca/https", own_ca_https},
    {"other-name/https", other_name_https},
    {"expired/https", expired_https},
    {"expired/ignored", expired_ignored},
    {"leaf-ca/https", leaf_ca_https},
};

static const struct cell ca_cells[] = {
    {"compromised-ca/https", compromised_https},
    {"compromised-ca/revoked", compromised_revoked},
    {"compromised-ca/asked", compromised_asked},
    {"compromised-ca/pin", compromised_pin},
    {"list-withheld/hard", withheld_hard},
    {"list-withheld/soft", withheld_soft},
};

const struct cell_family matrix_tls = {
    .name = "tls", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .prepare = login_prepare};

const struct cell_family matrix_ca = {
    .name = "ca", .cells = ca_cells, .n = sizeof(ca_cells) / sizeof(ca_cells[0]), .prepare = login_prepare};
