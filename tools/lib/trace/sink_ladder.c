/* The ladder: one column a host, an arrow a message.
 *
 *                          laptop                a.root-servers.net
 *      0.0 ms                 │ DNS query A www.example.   │
 *                             ├───────────────────────────▶│
 *      1.2 ms    +1.2 ms      │ DNS referral to example.   │
 *                             │◀───────────────────────────┤
 *
 * A clear message has a thin line, an encrypted one a double line and the word, a tampered one a wavy line and the
 * word: shape and word, not colour alone. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/trace.h"
#include "text.h"

#define MARGIN      22 /* columns of time and delta */
#define MIN_SPACING 7  /* columns between two hosts; with less the arrows are listed */
#define MAX_SPACING 40
#define MAX_COLUMNS 32 /* hosts that get a column */
#define MAX_WIDTH   400
#define PLAIN_WIDTH 120 /* where there is no terminal */
#define HEAD_ROWS   4   /* rows over which the hosts' names may be spread */
#define LABEL_LINES 3   /* over which a long label is spread */
#define MAX_ARROWS  100000
#define REPEAT_HEAD 24 /* arrows after which the names stand again */

struct arrow {
	int64_t time;
	char *from, *to, *label; /* escaped, owned */
	uint64_t packet, print;  /* print: of the bytes, to know the same message again */
	enum secrecy secrecy;
	bool sent; /* a SEND that no RECV has been matched with */
};

struct ladder {
	FILE *out;
	struct term_style style;
	char *title;
	char *given[MAX_COLUMNS]; /* the columns that were asked for, owned */
	size_t n_given;
	const char *hosts[MAX_COLUMNS]; /* while drawing: borrowed from given and arrows */
	size_t n_hosts;
	bool too_many; /* hosts: the arrows are listed */
	struct arrow *arrows;
	size_t n, cap, left_out;
};

/* One line of the screen: a glyph a column. */
struct row {
	char cell[MAX_WIDTH][8];
	unsigned width;
};

static void row_clear(struct row *r, unsigned width)
{
	r->width = width < MAX_WIDTH ? width : MAX_WIDTH;
	for (unsigned i = 0; i < r->width; i++)
		strcpy(r->cell[i], " ");
}

static void row_set(struct row *r, unsigned at, const char *glyph)
{
	if (at < r->width)
		snprintf(r->cell[at], sizeof(r->cell[at]), "%s", glyph);
}

/* Text from column at on, cut at the width. A character of two columns empties the cell after it. */
static void row_text(struct row *r, unsigned at, const char *s)
{
	for (size_t len; *s; s += len) {
		unsigned w = char_columns(s, &len);
		if (at + w > r->width)
			return;
		if (w == 0 || len >= sizeof(r->cell[0]))
			continue;
		memcpy(r->cell[at], s, len);
		r->cell[at][len] = '\0';
		for (unsigned k = 1; k < w; k++)
			r->cell[at + k][0] = '\0';
		at += w;
	}
}

static void row_write(const struct row *r, FILE *out)
{
	unsigned end = r->width;

	while (end > 0 && strcmp(r->cell[end - 1], " ") == 0)
		end--;
	for (unsigned i = 0; i < end; i++)
		fputs(r->cell[i], out);
	fputc('\n', out);
}

static int find_host(const struct ladder *l, const char *name)
{
	for (size_t i = 0; i < l->n_hosts; i++)
		if (strcmp(l->hosts[i], name) == 0)
			return (int)i;
	return -1;
}

static void add_host(struct ladder *l, const char *name)
{
	if (find_host(l, name) >= 0)
		return;
	if (l->n_hosts == MAX_COLUMNS)
		l->too_many = true;
	else
		l->hosts[l->n_hosts++] = name;
}

/* The columns: the hosts that were asked for, as far as an arrow touches them, then the others as they appear. */
static void find_columns(struct ladder *l)
{
	l->n_hosts = 0;
	l->too_many = false;
	for (size_t i = 0; i < l->n_given; i++) {
		bool used = false;
		for (size_t k = 0; k < l->n && !used; k++)
			used =
			    strcmp(l->arrows[k].from, l->given[i]) == 0 || strcmp(l->arrows[k].to, l->given[i]) == 0;
		if (used)
			add_host(l, l->given[i]);
	}
	for (size_t k = 0; k < l->n; k++) {
		add_host(l, l->arrows[k].from);
		add_host(l, l->arrows[k].to);
	}
}

/* FNV-1a: enough to know a message again between its sender's and its receiver's event. */
static uint64_t fingerprint(const struct ev_message *m)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (size_t i = 0; m->bytes && i < m->len; i++)
		h = (h ^ m->bytes[i]) * UINT64_C(1099511628211);
	return h ^ m->len;
}

/* Was this received message drawn when it was sent? */
static bool already_sent(struct ladder *l, const struct arrow *a)
{
	for (size_t i = l->n; i-- > 0;) {
		struct arrow *s = &l->arrows[i];
		if (s->sent && s->print == a->print && strcmp(s->from, a->from) == 0 && strcmp(s->to, a->to) == 0) {
			s->sent = false;
			return true;
		}
	}
	return false;
}

static void arrow_release(struct arrow *a)
{
	free(a->from);
	free(a->to);
	free(a->label);
}

static enum err ladder_add(struct ladder *l, const struct event *ev)
{
	const struct ev_message *m = &ev->u.msg;
	struct arrow a = {.time = ev->time,
	    .from = escaped(m->from),
	    .to = escaped(m->to),
	    .label = escaped(m->label),
	    .packet = m->packet,
	    .print = fingerprint(m),
	    .secrecy = m->secrecy,
	    .sent = ev->kind == EV_SEND};

	if (!a.from || !a.to || !a.label) {
		arrow_release(&a);
		return ERR_NOMEM;
	}
	if (ev->kind == EV_RECV && already_sent(l, &a)) {
		arrow_release(&a);
		return ERR_OK;
	}
	if (l->n == l->cap && l->n < MAX_ARROWS) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct arrow *more = reallocarray(l->arrows, cap, sizeof(*more));
		if (!more) {
			arrow_release(&a);
			return ERR_NOMEM;
		}
		l->arrows = more;
		l->cap = cap;
	}
	if (l->n >= MAX_ARROWS) {
		l->left_out++;
		arrow_release(&a);
		return ERR_OK;
	}
	l->arrows[l->n++] = a;
	return ERR_OK;
}

/* --- drawing ------------------------------------------------------------------------------------------- */

struct layout {
	unsigned width, spacing;
	unsigned at[MAX_COLUMNS];  /* column of each host's line */
	unsigned row[MAX_COLUMNS]; /* row of each host's name */
	unsigned rows;
};

static unsigned name_start(const struct layout *lay, size_t i, unsigned columns)
{
	unsigned half = columns / 2, start = lay->at[i] > half ? lay->at[i] - half : 0;

	return start + columns > lay->width ? (lay->width > columns ? lay->width - columns : 0) : start;
}

/* Finds the spacing, and a row for each name so that no two touch. False when it can't be drawn so. */
static bool lay_out(const struct ladder *l, struct layout *lay)
{
	unsigned n = (unsigned)l->n_hosts, ends[HEAD_ROWS] = {0}, first, last;

	lay->width = l->style.width ? l->style.width : PLAIN_WIDTH;
	if (lay->width > MAX_WIDTH)
		lay->width = MAX_WIDTH;
	if (l->too_many || n < 2)
		return false;
	first = text_columns(l->hosts[0]) / 2;
	last = text_columns(l->hosts[n - 1]) / 2;
	first = first > 8 ? 8 : first;
	last = (last > 10 ? 10 : last) + 1;
	if (lay->width < MARGIN + first + last + MIN_SPACING * (n - 1))
		return false;
	lay->spacing = (lay->width - MARGIN - first - last) / (n - 1);
	if (lay->spacing > MAX_SPACING)
		lay->spacing = MAX_SPACING;
	lay->rows = 0;
	for (unsigned i = 0; i < n; i++) {
		unsigned columns = text_columns(l->hosts[i]), start, r = 0;
		lay->at[i] = MARGIN + first + i * lay->spacing;
		start = name_start(lay, i, columns);
		while (r < HEAD_ROWS && ends[r] > start)
			r++;
		if (r == HEAD_ROWS)
			return false;
		ends[r] = start + columns + 1;
		lay->row[i] = r;
		lay->rows = r + 1 > lay->rows ? r + 1 : lay->rows;
	}
	return true;
}

static void put_lines(const struct ladder *l, const struct layout *lay, struct row *r)
{
	row_clear(r, lay->width);
	for (size_t i = 0; i < l->n_hosts; i++)
		row_set(r, lay->at[i], l->style.utf8 ? "│" : "|");
}

static void put_head(const struct ladder *l, const struct layout *lay)
{
	struct row r;

	for (unsigned k = 0; k < lay->rows; k++) {
		row_clear(&r, lay->width);
		for (size_t i = 0; i < l->n_hosts; i++) {
			if (lay->row[i] < k)
				row_set(&r, lay->at[i], l->style.utf8 ? "│" : "|");
		}
		for (size_t i = 0; i < l->n_hosts; i++)
			if (lay->row[i] == k)
				row_text(&r, name_start(lay, i, text_columns(l->hosts[i])), l->hosts[i]);
		row_write(&r, l->out);
	}
}

static const char *secrecy_word(enum secrecy s)
{
	switch (s) {
	case SECRECY_UNKNOWN:
	case SECRECY_CLEAR:
		return "";
	case SECRECY_ENCRYPTED:
		return "[encrypted] ";
	case SECRECY_TAMPERED:
		return "[TAMPERED] ";
	}
	return "";
}

/* "#12 [encrypted] application data", in out: the word comes first, so that it is never what is cut. */
static void label_of(const struct arrow *a, char *out, size_t cap)
{
	if (a->packet)
		snprintf(out, cap, "#%" PRIu64 " %s%s", a->packet, secrecy_word(a->secrecy), a->label);
	else
		snprintf(out, cap, "%s%s", secrecy_word(a->secrecy), a->label);
}

static const char *line_glyph(const struct ladder *l, enum secrecy s)
{
	switch (s) {
	case SECRECY_UNKNOWN:
	case SECRECY_CLEAR:
		return l->style.utf8 ? "─" : "-";
	case SECRECY_ENCRYPTED:
		return l->style.utf8 ? "═" : "=";
	case SECRECY_TAMPERED:
		return l->style.utf8 ? "≈" : "~";
	}
	return "-";
}

/* Cuts s to columns, ending in "..." when something was cut. */
static void cut(char *s, unsigned columns)
{
	size_t at = 0, keep = 0;
	unsigned used = 0;

	if (text_columns(s) <= columns)
		return;
	for (size_t len; s[at]; at += len) {
		unsigned w = char_columns(s + at, &len);
		if (used + w + 3 > columns)
			break;
		used += w;
		keep = at + len;
	}
	strcpy(s + keep, columns >= 3 ? "..." : "");
}

/* Octets of s that fit into columns, broken at a blank; all of it when no blank is near enough. */
static size_t fitting(const char *s, unsigned columns)
{
	size_t at = 0, blank = 0;
	unsigned used = 0;

	for (size_t len; s[at]; at += len) {
		if (s[at] == ' ')
			blank = at;
		used += char_columns(s + at, &len);
		if (used > columns)
			return blank > 0 ? blank : strlen(s);
	}
	return at;
}

static void put_times(struct row *r, const struct ladder *l, const struct arrow *a, const struct arrow *before)
{
	char span[TIME_TEXT], text[TIME_TEXT * 2 + 8];

	if (l->style.absolute_time) {
		char moment[TIME_TEXT + 8];
		row_text(r, 0, moment_text(moment, a->time) + 11);
		return;
	}
	snprintf(text, sizeof(text), "%10s", span_text(span, a->time - l->arrows[0].time));
	row_text(r, 0, text);
	if (before) {
		snprintf(text, sizeof(text), "+%s", span_text(span, a->time - before->time));
		row_text(r, 11, text);
	}
}

/* One line of a label, written over the hosts' lines but for the two that the arrow joins. */
static void put_label_line(
    const struct ladder *l, struct row *r, unsigned at, unsigned left, unsigned right, char *text)
{
	cut(text, r->width - at);
	unsigned end = at + text_columns(text);
	if (at > MARGIN && at - 1 != left && at - 1 != right)
		row_set(r, at - 1, " ");
	row_text(r, at, text);
	if (end != right)
		row_set(r, end, " ");
	row_write(r, l->out);
}

/* The label above its arrow: from the arrow's left end on when there is room, else moved to the left, else broken into
 * up to three lines. */
static void put_label(
    const struct ladder *l, const struct layout *lay, char *label, unsigned left, unsigned right, struct row *r)
{
	unsigned first = lay->at[0] + 2, columns = text_columns(label), at = left + 2;

	if (at + columns > lay->width)
		at = lay->width >= first + columns ? lay->width - columns : first;
	for (int line = 0; line < LABEL_LINES; line++) {
		size_t take = line == LABEL_LINES - 1 ? strlen(label) : fitting(label, lay->width - at);
		char after = label[take], *rest = label + take + (after == ' ');
		if (line > 0)
			put_lines(l, lay, r);
		label[take] = '\0';
		put_label_line(l, r, at, left, right, label);
		if (after == '\0')
			break;
		label = rest;
	}
}

static void put_arrow(
    const struct ladder *l, const struct layout *lay, const struct arrow *a, const struct arrow *before)
{
	unsigned from = lay->at[find_host(l, a->from)], to = lay->at[find_host(l, a->to)];
	unsigned left = from < to ? from : to, right = from < to ? to : from;
	char *label = malloc(strlen(a->label) + 64);
	struct row r;

	if (!label)
		return;
	label_of(a, label, strlen(a->label) + 64);
	put_lines(l, lay, &r);
	put_times(&r, l, a, before);
	put_label(l, lay, label, left, right, &r);
	free(label);

	put_lines(l, lay, &r);
	if (from == to) {
		row_text(&r, from + 1, l->style.utf8 ? "◀┘" : "<'");
	} else {
		for (unsigned i = left + 1; i < right; i++)
			row_set(&r, i, line_glyph(l, a->secrecy));
		row_set(&r, from, l->style.utf8 ? (from < to ? "├" : "┤") : "+");
		row_set(&r, from < to ? to - 1 : to + 1,
		    l->style.utf8 ? (from < to ? "▶" : "◀")
		    : from < to   ? ">"
		                  : "<");
	}
	row_write(&r, l->out);
}

/* Where the hosts do not fit side by side: a line an arrow. */
static void put_listed(const struct ladder *l, const struct arrow *a, const struct arrow *before)
{
	char span[TIME_TEXT], delta[TIME_TEXT + 1] = "";

	if (before) {
		delta[0] = '+';
		span_text(span, a->time - before->time);
		snprintf(delta + 1, sizeof(delta) - 1, "%s", span);
	}
	size_t cap = strlen(a->from) + strlen(a->to) + strlen(a->label) + 128;
	char *line = malloc(cap), *label = malloc(strlen(a->label) + 64);
	if (line && label) {
		label_of(a, label, strlen(a->label) + 64);
		fprintf(l->out, "%10s %-10s ", span_text(span, a->time - l->arrows[0].time), delta);
		snprintf(line, cap, "%s %s %s  %s", a->from, l->style.utf8 ? "→" : "->", a->to, label);
		write_wrapped(l->out, line, MARGIN, MARGIN + 2, l->style.width);
	}
	free(line);
	free(label);
}

static void ladder_clear(struct ladder *l)
{
	for (size_t i = 0; i < l->n; i++)
		arrow_release(&l->arrows[i]);
	l->n = 0;
	l->n_hosts = 0;
	l->left_out = 0;
}

/* What several places saw comes nearly, not quite, in order of time: insertion is quick for that, and stable. */
static void sort_by_time(struct ladder *l)
{
	for (size_t i = 1; i < l->n; i++) {
		struct arrow a = l->arrows[i];
		size_t k = i;
		for (; k > 0 && l->arrows[k - 1].time > a.time; k--)
			l->arrows[k] = l->arrows[k - 1];
		l->arrows[k] = a;
	}
}

static enum err ladder_flush(void *ctx)
{
	struct ladder *l = ctx;
	struct layout lay;

	if (l->n == 0)
		return fflush(l->out) == 0 ? ERR_OK : ERR_IO;
	sort_by_time(l);
	find_columns(l);
	if (l->title)
		fprintf(l->out, "\n%s\n", l->title);
	fputc('\n', l->out);
	bool drawn = lay_out(l, &lay);
	for (size_t i = 0; i < l->n; i++) {
		const struct arrow *before = i > 0 ? &l->arrows[i - 1] : NULL;
		if (drawn && i % REPEAT_HEAD == 0)
			put_head(l, &lay);
		if (drawn)
			put_arrow(l, &lay, &l->arrows[i], before);
		else
			put_listed(l, &l->arrows[i], before);
	}
	if (l->left_out)
		fprintf(l->out, "(%zu more messages are not drawn)\n", l->left_out);
	ladder_clear(l);
	return fflush(l->out) == 0 ? ERR_OK : ERR_IO;
}

static enum err ladder_event(void *ctx, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SEND:
	case EV_RECV:
		return ladder_add(ctx, ev);
	case EV_FIELD:
	case EV_STATE:
	case EV_DECISION:
	case EV_CHECK:
	case EV_TIMER:
	case EV_NOTE:
	case EV_RESULT:
		break;
	}
	return ERR_OK;
}

static void ladder_release(void *ctx)
{
	struct ladder *l = ctx;

	ladder_clear(l);
	for (size_t i = 0; i < l->n_given; i++)
		free(l->given[i]);
	free(l->arrows);
	free(l->title);
	free(l);
}

enum err sink_ladder(struct trace_sink *sink, FILE *out, const struct ladder_options *opt)
{
	struct ladder *l = calloc(1, sizeof(*l));
	enum err e = ERR_OK;

	if (!l)
		return ERR_NOMEM;
	l->out = out;
	l->style = opt->style;
	if (opt->title)
		l->title = escaped(opt->title);
	for (size_t i = 0; i < opt->n_columns && i < MAX_COLUMNS && e == ERR_OK; i++) {
		l->given[l->n_given] = escaped(opt->columns[i]);
		e = l->given[l->n_given] ? ERR_OK : ERR_NOMEM;
		l->n_given += e == ERR_OK;
	}
	*sink =
	    (struct trace_sink){.on_event = ladder_event, .flush = ladder_flush, .release = ladder_release, .ctx = l};
	if (e != ERR_OK)
		ladder_release(l);
	return e;
}
