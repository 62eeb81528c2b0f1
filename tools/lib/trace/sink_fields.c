/* Every field of every packet with its place and its octets:
 *
 *     #1  0.000000 s  laptop -> a-root  DNS query A www.example.  (71 octets)
 *       IPv4 192.168.1.100->198.41.0.4, UDP, 37 bytes  @14+20
 *         @22+1     40                    TTL: 64 - each router takes one off [RFC 791 3.1]
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "glassnet/trace.h"
#include "glassnet/wire.h"

#define OCTETS_SHOWN 6

struct fields {
	FILE *out;
	struct term_style style;
	int64_t start, before; /* times of the first and of the last packet */
	const uint8_t *bytes;  /* of the last message; borrowed from its event until the last of its fields */
	size_t len;
	char layer[48];
	char line[8192]; /* that is being put together */
	size_t n;
};

#define NAMES_AT 37 /* the column at which the fields' names begin */

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

/* Our own text. What does not fit a line is left out. */
static void add(struct fields *f, const char *s)
{
	size_t n = strlen(s), room = sizeof f->line - f->n;
	n = n < room ? n : room;
	memcpy(f->line + f->n, s, n);
	f->n += n;
}

static void addf(struct fields *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void addf(struct fields *f, const char *fmt, ...)
{
	char text[128];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	add(f, text);
}

/* Text of an event: a peer may have had its hand in it. */
static void put(struct fields *f, const char *s)
{
	char safe[4096];
	add(f, escape_text(safe, sizeof safe, s, strlen(s)));
}

static void colour(struct fields *f, const char *code)
{
	if (f->style.colour) {
		add(f, "\033[");
		add(f, code);
		add(f, "m");
	}
}

/* The next word of a line: its octets with the spaces before it, and the columns that they take. */
static size_t next_word(const char *s, size_t n, size_t *columns)
{
	size_t i = 0;
	*columns = 0;
	for (bool in_word = false; i < n && (!in_word || s[i] != ' '); i++) {
		if (s[i] == '\033')
			while (i + 1 < n && s[i] != 'm')
				i++;
		else
			*columns += (s[i] & 0xc0) != 0x80;
		in_word |= s[i] != ' ';
	}
	return i;
}

/* Writes the line, on a terminal broken at its width; what follows begins at column indent. */
static void end_line(struct fields *f, unsigned indent)
{
	size_t at = 0, used = 0, columns;
	while (at < f->n) {
		size_t len = next_word(f->line + at, f->n - at, &columns);
		if (f->style.width > indent + 20 && used > indent && used + columns > f->style.width) {
			while (len && f->line[at] == ' ')
				at++, len--, columns--;
			fprintf(f->out, "\n%*s", (int)indent, "");
			used = indent;
		}
		fwrite(f->line + at, 1, len, f->out);
		used += columns;
		at += len;
	}
	fputc('\n', f->out);
	f->n = 0;
}

/* "#4  0.003702 s", "#4  +0.001234 s" or "#4  2026-11-22T17:00:00.123456Z" */
static void put_time(struct fields *f, const struct event *ev)
{
	int64_t since = f->style.delta_time ? f->before : f->start;
	time_t secs = (time_t)(ev->time / NS_PER_S);
	struct tm tm;
	char date[40];

	addf(f, "#%llu  ", (unsigned long long)ev->u.msg.packet);
	if (!f->style.absolute_time)
		addf(f, "%s%.6f s  ", f->style.delta_time && ev->time >= since ? "+" : "",
		    (double)(ev->time - since) / 1e9);
	else if (gmtime_r(&secs, &tm) && strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm))
		addf(f, "%s.%06dZ  ", date, (int)(ev->time % NS_PER_S / 1000));
}

static void put_message(struct fields *f, const struct event *ev)
{
	const struct ev_message *m = &ev->u.msg;
	if (f->start == -1)
		f->start = f->before = ev->time;
	f->bytes = m->bytes;
	f->len = m->bytes ? m->len : 0;
	f->layer[0] = '\0';
	colour(f, "1");
	if (m->packet)
		put_time(f, ev);
	f->before = ev->time;
	put(f, or_empty(m->from));
	add(f, f->style.utf8 ? " \xe2\x86\x92 " : " -> ");
	put(f, or_empty(m->to));
	add(f, "  ");
	put(f, or_empty(m->label));
	colour(f, "0");
	addf(f, "  (%zu octets%s)", m->len, m->secrecy == SECRECY_ENCRYPTED ? ", encrypted" : "");
	end_line(f, 6);
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
	addf(f, "    %-9s %-20s  ", place, hex);
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
	add(f, "  ");
	colour(f, "36");
	put(f, layer);
	colour(f, "0");
	if (whole) {
		add(f, " ");
		put(f, or_empty(e->value));
	}
	if (whole && e->len)
		addf(f, "  @%zu+%zu", e->off, e->len);
	end_line(f, 6);
	return whole;
}

static void put_field(struct fields *f, const struct ev_field *e)
{
	if (put_heading(f, e))
		return;
	put_place(f, e);
	for (unsigned i = 1; i < e->depth && i < 8; i++)
		add(f, "  ");
	put(f, or_empty(e->name));
	add(f, ": ");
	put(f, or_empty(e->value));
	if ((e->meaning || e->ref) && f->style.explain) {
		colour(f, "2");
		if (e->meaning)
			add(f, f->style.utf8 ? " \xe2\x80\x94 " : " - ");
		put(f, or_empty(e->meaning));
		if (e->ref) {
			add(f, " [");
			put(f, e->ref);
			add(f, "]");
		}
		colour(f, "0");
	}
	end_line(f, NAMES_AT + 1);
}

static void put_state(struct fields *f, const struct event *ev)
{
	const struct ev_state *s = &ev->u.state;
	add(f, "  at ");
	put(f, or_empty(ev->actor));
	add(f, ", ");
	put(f, or_empty(s->table));
	add(f, ": ");
	put(f, or_empty(s->key));
	if (s->before) {
		add(f, " ");
		put(f, s->before);
	}
	add(f, f->style.utf8 ? " \xe2\x86\x92 " : " -> ");
	put(f, or_empty(s->after));
	if (s->reason && f->style.explain) {
		add(f, f->style.utf8 ? " \xe2\x80\x94 " : " - ");
		put(f, s->reason);
	}
	end_line(f, 6);
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
		break;
	case EV_RESULT:
		put(f, or_empty(ev->u.result.text));
		end_line(f, 2);
		break;
	case EV_NOTE:
		add(f, "    ");
		put(f, or_empty(ev->u.note.text));
		end_line(f, 6);
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
	*sink = (struct trace_sink){.on_event = fields_event, .flush = fields_flush, .release = free, .ctx = f};
	return ERR_OK;
}
