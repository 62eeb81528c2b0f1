/* Every field of every packet with its place and its octets:
 *
 *     #1  0.000000 s  laptop -> a-root  DNS query A www.example.  (71 octets)
 *       IPv4 192.168.1.100->198.41.0.4, UDP, 37 bytes  @14+20
 *         @22+1     40                    TTL: 64 - each router takes one off [RFC 791 3.1]
 */
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "view.h"

#define OCTETS_SHOWN 6

struct fields {
	FILE *out;
	struct term_style style;
	int64_t start;
	const uint8_t *bytes; /* of the last message; borrowed from its event until the last of its fields */
	size_t len;
	char layer[48];
};

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* Text of an event, escaped, straight to the output. */
static void put(struct fields *f, const char *s)
{
	char safe[4096];
	fputs(escape_text(safe, sizeof safe, s, strlen(s)), f->out);
}

static void colour(struct fields *f, const char *code)
{
	if (f->style.colour)
		fprintf(f->out, "\033[%sm", code);
}

static void put_message(struct fields *f, const struct event *ev)
{
	const struct ev_message *m = &ev->u.msg;
	if (f->start == -1)
		f->start = ev->time;
	f->bytes = m->bytes;
	f->len = m->bytes ? m->len : 0;
	f->layer[0] = '\0';
	colour(f, "1");
	fprintf(
	    f->out, "#%llu  %.6f s  ", (unsigned long long)m->packet, (double)(ev->time - f->start) / 1e9);
	put(f, or_empty(m->from));
	fputs(f->style.utf8 ? " \xe2\x86\x92 " : " -> ", f->out);
	put(f, or_empty(m->to));
	fputs("  ", f->out);
	put(f, or_empty(m->label));
	colour(f, "0");
	fprintf(f->out, "  (%zu octets%s)\n", m->len, m->secrecy == SECRECY_ENCRYPTED ? ", encrypted" : "");
}

/* "@14+2   08 00             ", so that names stand in one column */
static void put_place(struct fields *f, const struct ev_field *e)
{
	char place[32] = "", hex[OCTETS_SHOWN * 3 + 4] = "";
	size_t n = 0;
	if (e->len && e->off <= f->len && e->len <= f->len - e->off) {
		snprintf(place, sizeof place, "@%zu+%zu", e->off, e->len);
		for (size_t i = 0; i < e->len && i < OCTETS_SHOWN; i++)
			n += (size_t)snprintf(hex + n, sizeof hex - n, "%02x ", f->bytes[e->off + i]);
		if (e->len > OCTETS_SHOWN)
			snprintf(hex + n, sizeof hex - n, "..");
	}
	colour(f, "2");
	fprintf(f->out, "    %-9s %-20s  ", place, hex);
	colour(f, "0");
}

/* A layer's first field says what it is as a whole: its heading. */
static bool put_heading(struct fields *f, const struct ev_field *e)
{
	const char *layer = or_empty(e->layer);
	bool whole = e->depth == 0 && e->name && strcmp(e->name, layer) == 0;
	bool again = strncmp(f->layer, layer, sizeof f->layer - 1) == 0;
	snprintf(f->layer, sizeof f->layer, "%s", layer);
	if (again && !whole)
		return false;
	fputs("  ", f->out);
	colour(f, "36");
	put(f, layer);
	colour(f, "0");
	if (whole) {
		fputc(' ', f->out);
		put(f, or_empty(e->value));
	}
	if (whole && e->len)
		fprintf(f->out, "  @%zu+%zu", e->off, e->len);
	fputc('\n', f->out);
	return whole;
}

static void put_field(struct fields *f, const struct ev_field *e)
{
	if (put_heading(f, e))
		return;
	put_place(f, e);
	for (unsigned i = 1; i < e->depth && i < 8; i++)
		fputs("  ", f->out);
	put(f, or_empty(e->name));
	fputs(": ", f->out);
	put(f, or_empty(e->value));
	if (e->meaning && f->style.explain) {
		colour(f, "2");
		fputs(f->style.utf8 ? " \xe2\x80\x94 " : " - ", f->out);
		put(f, e->meaning);
		if (e->ref)
			fprintf(f->out, " [%s]", e->ref);
		colour(f, "0");
	}
	fputc('\n', f->out);
}

static void put_state(struct fields *f, const struct event *ev)
{
	const struct ev_state *s = &ev->u.state;
	fputs("  at ", f->out);
	put(f, or_empty(ev->actor));
	fputs(", ", f->out);
	put(f, or_empty(s->table));
	fputs(": ", f->out);
	put(f, or_empty(s->key));
	fputs(" ", f->out);
	put(f, or_empty(s->before));
	fputs(f->style.utf8 ? " \xe2\x86\x92 " : " -> ", f->out);
	put(f, or_empty(s->after));
	if (s->reason && f->style.explain) {
		fputs(f->style.utf8 ? " \xe2\x80\x94 " : " - ", f->out);
		put(f, s->reason);
	}
	fputc('\n', f->out);
}

static enum err fields_event(void *ctx, const struct event *ev)
{
	struct fields *f = ctx;
	switch (ev->kind) {
	case EV_SEND:
	case EV_RECV:
		put_message(f, ev);
		break;
	case EV_FIELD:
		put_field(f, &ev->u.field);
		break;
	case EV_STATE:
		put_state(f, ev);
		break;
	case EV_DECISION:
	case EV_CHECK:
	case EV_TIMER:
	case EV_RESULT:
		break;
	case EV_NOTE:
		fputs("    ", f->out);
		put(f, or_empty(ev->u.note.text));
		fputc('\n', f->out);
		break;
	}
	return ferror(f->out) ? ERR_IO : ERR_OK;
}

static enum err fields_flush(void *ctx)
{
	struct fields *f = ctx;
	return fflush(f->out) ? ERR_IO : ERR_OK;
}

enum err sink_fields(struct trace_sink *sink, FILE *out, const struct term_style *style)
{
	struct fields *f = calloc(1, sizeof *f);
	if (!f)
		return ERR_NOMEM;
	f->out = out;
	f->style = *style;
	f->start = -1;
	*sink =
	    (struct trace_sink){.on_event = fields_event, .flush = fields_flush, .release = free, .ctx = f};
	return ERR_OK;
}
