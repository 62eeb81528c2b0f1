/* pktview diff: the same packets in two captures, and what happened to them between the two places. */
#include <jansson.h>
#include <string.h>

#include "glassnet/clock.h"
#include "glassnet/wire.h"
#include "verbs.h"

struct diff {
	struct cli *c;
	struct term_style style;
	bool json;
	uint64_t both, same, only[2], changed[8]; /* by the bit of enum change_field */
};

static const struct {
	enum change_field bit;
	const char *name, *word;
} fields[] = {
    {CHANGE_MAC, "MAC addresses", "mac"},
    {CHANGE_TTL, "TTL", "ttl"},
    {CHANGE_SRC, "source address", "source"},
    {CHANGE_SPORT, "source port", "source-port"},
    {CHANGE_DST, "destination address", "destination"},
    {CHANGE_DPORT, "destination port", "destination-port"},
    {CHANGE_CHECKSUM, "checksums", "checksum"},
    {CHANGE_PAYLOAD, "payload", "payload"},
};

#define N_FIELDS (sizeof fields / sizeof fields[0])

/* The field's value in a packet; "" where a name says enough. */
static void value(char out[static ENDPOINT_TEXT], enum change_field bit, const struct packet *p)
{
	char ip[IP_TEXT], a[MAC_TEXT], b[MAC_TEXT];
	out[0] = '\0';
	switch (bit) {
	case CHANGE_SRC:
	case CHANGE_DST:
		snprintf(out, ENDPOINT_TEXT, "%s", ip_text(ip, bit == CHANGE_SRC ? &p->src.ip : &p->dst.ip));
		break;
	case CHANGE_SPORT:
	case CHANGE_DPORT:
		snprintf(out, ENDPOINT_TEXT, "%u", bit == CHANGE_SPORT ? p->src.port : p->dst.port);
		break;
	case CHANGE_TTL:
		snprintf(out, ENDPOINT_TEXT, "%u", p->ttl);
		break;
	case CHANGE_MAC:
		snprintf(out, ENDPOINT_TEXT, "%s to %s", mac_text(a, &p->src_mac), mac_text(b, &p->dst_mac));
		break;
	case CHANGE_PAYLOAD:
		snprintf(out, ENDPOINT_TEXT, "%zu bytes", p->payload_len);
		break;
	case CHANGE_CHECKSUM:
		break;
	}
}

/* Where the payloads begin to differ. */
static size_t first_difference(const struct packet *a, const struct packet *b)
{
	size_t n = a->payload_len < b->payload_len ? a->payload_len : b->payload_len, i = 0;
	while (i < n && a->bytes[a->payload_off + i] == b->bytes[b->payload_off + i])
		i++;
	return i;
}

static enum err show_text(struct diff *d, const struct packet *a, const struct packet *b, unsigned changes)
{
	char line[512], x[ENDPOINT_TEXT], y[ENDPOINT_TEXT];
	const char *arrow = d->style.utf8 ? "\xe2\x86\x92" : "->";
	FILE *out = d->c->out;
	packet_summary(a ? a : b, line, sizeof line);
	if (!a || !b) {
		fprintf(out, "%s #%llu  only in %s: %s\n", a ? "-" : "+", (unsigned long long)(a ? a : b)->number,
		    d->c->argv[a ? 0 : 1], line);
		return ferror(out) ? ERR_IO : ERR_OK;
	}
	fprintf(out, "%s #%llu #%llu  %s%s\n", changes & CHANGE_PAYLOAD ? "!" : "=", (unsigned long long)a->number,
	    (unsigned long long)b->number, line, changes ? "" : "  (the same)");
	for (size_t i = 0; i < N_FIELDS; i++) {
		if (!(changes & fields[i].bit))
			continue;
		value(x, fields[i].bit, a);
		value(y, fields[i].bit, b);
		if (!x[0])
			fprintf(out, "    %s\n", fields[i].name);
		else
			fprintf(out, "    %s: %s %s %s\n", fields[i].name, x, arrow, y);
		if (fields[i].bit == CHANGE_PAYLOAD)
			fprintf(
			    out, "    the first octet that differs: %zu of the payload\n", first_difference(a, b));
	}
	return ferror(out) ? ERR_IO : ERR_OK;
}

static enum err show_json(struct diff *d, const struct packet *a, const struct packet *b, unsigned changes)
{
	char line[512], safe[2100], x[ENDPOINT_TEXT], y[ENDPOINT_TEXT];
	json_t *list = json_object();
	packet_summary(a ? a : b, line, sizeof line);
	for (size_t i = 0; a && b && i < N_FIELDS; i++)
		if (changes & fields[i].bit) {
			value(x, fields[i].bit, a);
			value(y, fields[i].bit, b);
			json_object_set_new(list, fields[i].word, json_pack("[s,s]", x, y));
		}
	json_t *o = json_pack("{s:o?, s:o?, s:s, s:o}", "a", a ? json_integer((json_int_t)a->number) : NULL, "b",
	    b ? json_integer((json_int_t)b->number) : NULL, "packet",
	    escape_text(safe, sizeof safe, line, strlen(line)), "changes", list);
	if (!o)
		return ERR_NOMEM;
	int bad = json_dumpf(o, d->c->out, JSON_COMPACT);
	json_decref(o);
	return bad || fputc('\n', d->c->out) == EOF ? ERR_IO : ERR_OK;
}

static enum err found(void *ctx, const struct packet *a, const struct packet *b)
{
	struct diff *d = ctx;
	unsigned changes = a && b ? sighting_changes(a, b) : 0;
	d->both += a && b;
	d->same += a && b && !changes;
	d->only[0] += !b;
	d->only[1] += !a;
	for (size_t i = 0; i < N_FIELDS; i++)
		d->changed[i] += (changes & fields[i].bit) != 0;
	return d->json ? show_json(d, a, b, changes) : show_text(d, a, b, changes);
}

static void sum_up(const struct diff *d)
{
	FILE *out = d->c->out;
	fprintf(out, "%llu packet%s at both places, %llu of them the same", (unsigned long long)d->both,
	    d->both == 1 ? "" : "s", (unsigned long long)d->same);
	for (size_t i = 0; i < N_FIELDS; i++)
		if (d->changed[i])
			fprintf(out, "; %s changed in %llu", fields[i].name, (unsigned long long)d->changed[i]);
	fprintf(out, "; %llu only in %s, %llu only in %s\n", (unsigned long long)d->only[0], d->c->argv[0],
	    (unsigned long long)d->only[1], d->c->argv[1]);
}

static int load(struct diff *d, struct comparison *cmp, unsigned place, const char *filter)
{
	struct capture *cap;
	struct capture_packet cp;
	char msg[256];
	enum err e = capture_open_file(&cap, d->c->argv[place], filter, msg);
	if (e)
		return cli_fail(d->c, e, "%s", msg);
	while (!cli_interrupted() && (e = capture_next(cap, &cp, 0, -1)) == ERR_OK)
		if ((e = comparison_add(cmp, place, &cp)))
			break;
	int status = EXIT_YES;
	if (e == ERR_TOO_LONG || e == ERR_NOMEM)
		status =
		    cli_fail(d->c, e, "%s is more than can be compared at once: give a FILTER", d->c->argv[place]);
	else if (e && e != ERR_CLOSED) /* what was understood before is compared all the same */
		status = cli_fail(d->c, e, "%s", capture_error(cap));
	capture_close(cap);
	return status;
}

int verb_diff(struct cli *c)
{
	struct diff d = {.c = c, .style = cli_style(c), .json = cli_has(c, "json")};
	struct comparison *cmp;
	char filter[FILTER_MAX];
	int status = join_filter(c, 2, filter);
	if (status)
		return status;
	if (comparison_new(&cmp) != ERR_OK)
		return cli_fail(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	cli_catch_interrupt();
	/* Of a damaged file what comes before the damage is compared. */
	int first = load(&d, cmp, 0, filter), second = EXIT_YES;
	if (first == EXIT_YES || first == EXIT_MALFORMED)
		second = load(&d, cmp, 1, filter);
	bool both =
	    (first == EXIT_YES || first == EXIT_MALFORMED) && (second == EXIT_YES || second == EXIT_MALFORMED);
	enum err e = both ? comparison_run(cmp, found, &d) : ERR_OK;
	comparison_free(cmp);
	if (both && !e && !d.json)
		sum_up(&d);
	if (first || second)
		return first > second ? first : second;
	if (e)
		return e == ERR_IO ? EXIT_INTERNAL : cli_fail(c, e, "%s", err_text(e));
	return d.only[0] || d.only[1] || d.changed[N_FIELDS - 1] ? EXIT_NO : EXIT_YES;
}
