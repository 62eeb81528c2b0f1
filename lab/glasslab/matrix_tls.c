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

static void self_signed_ignored(struct matrix *m, struct outcome *o)
{
	static const char *const options[] = {"--insecure", NULL};

	show(m, o, "self-signed", options);
}

static void own_ca_https(struct matrix *m, struct outcome *o)
{
	show(m, o, "own-ca", NULL);
}

static void other_name_https(struct matrix *m, struct outcome *o)
{
	show(m, o, "other-name", NULL);
}

static const struct cell cells[] = {
    {"self-signed/https", self_signed_https},
    {"self-signed/ignored", self_signed_ignored},
    {"own-ca/https", own_ca_https},
    {"other-name/https", other_name_https},
};

const struct cell_family matrix_tls = {
    .name = "tls", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .prepare = login_prepare};
