/* The narrative: each event as a line or a paragraph, while it happens.
 *
 *      0.0 ms  laptop ──▶ k.root-servers.net  DNS query A www.example. (57 bytes)
 *      1.2 ms  laptop ◀── k.root-servers.net  DNS referral to example. (+1.2 ms)
 *              ◆ what was decided, and why [RFC 1034 5.3.3]
 *              ▪ cache: + example. NS = ... (because ...)
 *              ✓ a check that passed   ✗ one that failed
 *              │ a sentence that teaches
 *      ⇒ the result
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/trace.h"
#include "text.h"

#define MARGIN 12 /* columns of the time; what belongs to a message stands one step further in */

struct terminal {
	FILE *out; /* borrowed */
	struct term_style style;
	int64_t start;     /* the first event's time */
	int64_t last_send; /* time of the last SEND, for the round trip */
	bool started;
};

/* The marks, with their ASCII forms for terminals without UTF-8. */
enum mark {
	MARK_RIGHT,
	MARK_LEFT,
	MARK_DECISION,
	MARK_STATE,
	MARK_PASS,
	MARK_FAIL,
	MARK_SKIP,
	MARK_TIMER,
	MARK_NOTE,
	MARK_RESULT,
	MARK_RULE,
	MARK_WARNING
};

static const char *mark(const struct terminal *t, enum mark m)
{
	static const char *const utf8[] = {"──▶", "◀──", "◆", "▪", "✓", "✗", "–", "◷", "│", "⇒", "━━", "⚠"};
	static const char *const ascii[] = {"-->", "<--", "*", "=", "ok", "NO", "-", "t", "|", "=>", "==", "!"};

	return t->style.utf8 ? utf8[m] : ascii[m];
}

static void colour(const struct terminal *t, const char *code)
{
	if (t->style.colour)
		fprintf(t->out, "\033[%sm", code);
}

/* The time column; empty for what belongs to the message above. */
static void put_time(struct terminal *t, const struct event *ev)
{
	char time[TIME_TEXT + 8];

	colour(t, "2");
	if (t->style.absolute_time)
		fprintf(t->out, "%s  ", moment_text(time, ev->time));
	else
		fprintf(t->out, "%*s  ", MARGIN - 2, span_text(time, ev->time - t->start));
	colour(t, "0");
}

/* A mark at the margin, then text that hangs from it. */
static void put_item(struct terminal *t, const char *code, const char *sign, const char *text)
{
	unsigned signs = text_columns(sign);

	fprintf(t->out, "%*s", MARGIN, "");
	colour(t, code);
	fputs(sign, t->out);
	fputc(' ', t->out);
	write_wrapped(t->out, text, MARGIN + signs + 1, MARGIN + signs + 1, t->style.width);
	colour(t, "0");
}

/* Formats and escapes pieces of an event into one line. Every piece may hold a peer's bytes. */
static char *line_of(const char *first, ...) __attribute__((sentinel));
static char *line_of(const char *first, ...)
{
	char *buf = NULL;
	size_t len = 0;
	FILE *m = open_memstream(&buf, &len);
	va_list ap;

	if (!m)
		return NULL;
	va_start(ap, first);
	for (const char *s = first; s; s = va_arg(ap, const char *)) {
		char *safe = escaped(s);
		fputs(safe ? safe : "", m);
		free(safe);
	}
	va_end(ap);
	if (fclose(m) != 0) {
		free(buf);
		return NULL;
	}
	return buf;
}

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static enum err put_line(struct terminal *t, const char *code, const char *sign, char *line)
{
	if (!line)
		return ERR_NOMEM;
	put_item(t, code, sign, line);
	free(line);
	return ERR_OK;
}

static const char *secrecy_word(enum secrecy s)
{
	switch (s) {
	case SECRECY_UNKNOWN:
	case SECRECY_CLEAR:
		return "";
	case SECRECY_ENCRYPTED:
		return " [encrypted]";
	case SECRECY_TAMPERED:
		return " [TAMPERED]";
	}
	return "";
}

/* "laptop ──▶ server  DNS query …": the actor stands on the left, the arrow tells the direction. */
static enum err put_message(struct terminal *t, const struct event *ev)
{
	const struct ev_message *m = &ev->u.msg;
	bool to_actor = ev->kind == EV_RECV;
	const char *left = or_empty(to_actor ? m->to : m->from), *right = or_empty(to_actor ? m->from : m->to);
	char tail[96] = "", span[TIME_TEXT], number[32] = "";

	if (to_actor && t->last_send)
		snprintf(tail, sizeof(tail), " (%zu byte%s, +%s)", m->len, m->len == 1 ? "" : "s",
		    span_text(span, ev->time - t->last_send));
	else if (m->len > 0)
		snprintf(tail, sizeof(tail), " (%zu byte%s)", m->len, m->len == 1 ? "" : "s");
	if (m->packet)
		snprintf(number, sizeof(number), "#%llu ", (unsigned long long)m->packet);
	t->last_send = to_actor ? 0 : ev->time;

	char *ends = line_of(left, " ", mark(t, to_actor ? MARK_LEFT : MARK_RIGHT), " ", right, NULL);
	char *rest = line_of(number, or_empty(m->label), secrecy_word(m->secrecy), tail, NULL);
	if (!ends || !rest) {
		free(ends);
		free(rest);
		return ERR_NOMEM;
	}
	put_time(t, ev);
	unsigned at = t->style.absolute_time ? 29 : MARGIN;
	colour(t, to_actor ? "32" : "36");
	fputs(ends, t->out);
	colour(t, "0");
	at += text_columns(ends) + 2;
	if (t->style.width > 0 && at + text_columns(rest) > t->style.width) {
		fprintf(t->out, "\n%*s", MARGIN + 4, "");
		at = MARGIN + 4;
	} else {
		fputs("  ", t->out);
	}
	write_wrapped(t->out, rest, at, MARGIN + 4, t->style.width);
	free(ends);
	free(rest);
	return ERR_OK;
}

static enum err put_field(struct terminal *t, const struct ev_field *f)
{
	char place[64] = "";
	unsigned in = MARGIN + 2 + 2 * (f->depth < 8 ? f->depth : 8);

	if (t->style.verbose == 0)
		return ERR_OK;
	if (f->len > 0)
		snprintf(place, sizeof(place), " @%zu+%zu", f->off, f->len);
	char *line = line_of(or_empty(f->name), ": ", or_empty(f->value), place, f->meaning ? "  " : "",
	    or_empty(f->meaning), f->ref ? " [" : "", or_empty(f->ref), f->ref ? "]" : "", NULL);
	if (!line)
		return ERR_NOMEM;
	fprintf(t->out, "%*s", (int)in, "");
	write_wrapped(t->out, line, in, in + 2, t->style.width);
	free(line);
	return ERR_OK;
}

static enum err put_state(struct terminal *t, const struct ev_state *s)
{
	const char *how = !s->before ? ": + " : !s->after ? ": - " : ": ";
	const char *arrow = s->before && s->after ? (t->style.utf8 ? " → " : " -> ") : "";
	bool reason = s->reason && *s->reason;

	return put_line(t, "35", mark(t, MARK_STATE),
	    line_of(or_empty(s->table), how, or_empty(s->key), s->before || s->after ? " = " : "",
	        or_empty(s->before), arrow, or_empty(s->after), reason ? " (" : "", or_empty(s->reason),
	        reason ? ")" : "", NULL));
}

static enum err put_check(struct terminal *t, const struct ev_check *c)
{
	static const char *const codes[] = {"32", "31;1", "2"};
	static const enum mark marks[] = {MARK_PASS, MARK_FAIL, MARK_SKIP};
	bool named = c->id && strncmp(c->id, "X509_V_", 7) == 0 && c->verdict == VERDICT_FAIL;

	return put_line(t, codes[c->verdict], mark(t, marks[c->verdict]),
	    line_of(or_empty(c->what),
	        !c->text || !*c->text ? ""
	        : t->style.utf8       ? " — "
	                              : " - ",
	        or_empty(c->text), named ? " " : "", named ? c->id : "", c->ref ? " [" : "", or_empty(c->ref),
	        c->ref ? "]" : "", NULL));
}

static enum err put_note(struct terminal *t, const struct ev_note *n)
{
	char *line;

	switch (n->level) {
	case NOTE_EXPLAIN:
		return t->style.explain ? put_line(t, "2", mark(t, MARK_NOTE), line_of(or_empty(n->text), NULL))
		                        : ERR_OK;
	case NOTE_WARNING:
		return put_line(t, "33;1", mark(t, MARK_WARNING), line_of(or_empty(n->text), NULL));
	case NOTE_HEADING:
		line = line_of(or_empty(n->text), NULL);
		if (!line)
			return ERR_NOMEM;
		colour(t, "1");
		fprintf(t->out, "\n%s ", mark(t, MARK_RULE));
		write_wrapped(t->out, line, 3, 3, t->style.width);
		colour(t, "0");
		free(line);
	}
	return ERR_OK;
}

static enum err put_result(struct terminal *t, const struct ev_result *r)
{
	char *line = line_of(or_empty(r->text), NULL);

	if (!line)
		return ERR_NOMEM;
	colour(t, r->err == ERR_OK ? "32;1" : "31;1");
	if (!t->style.quiet)
		fprintf(t->out, "%s ", mark(t, MARK_RESULT));
	write_wrapped(t->out, line, t->style.quiet ? 0 : 3, t->style.quiet ? 0 : 3, t->style.width);
	colour(t, "0");
	free(line);
	return ERR_OK;
}

static bool wanted(const struct terminal *t, const struct event *ev)
{
	return !t->style.quiet || ev->kind == EV_RESULT || (ev->kind == EV_NOTE && ev->u.note.level == NOTE_WARNING);
}

static enum err put_event(struct terminal *t, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SEND:
	case EV_RECV:
		return put_message(t, ev);
	case EV_FIELD:
		return put_field(t, &ev->u.field);
	case EV_STATE:
		return put_state(t, &ev->u.state);
	case EV_DECISION:
		return put_line(t, "33", mark(t, MARK_DECISION),
		    line_of(or_empty(ev->u.decision.text), ev->u.decision.ref ? " [" : "",
		        or_empty(ev->u.decision.ref), ev->u.decision.ref ? "]" : "", NULL));
	case EV_CHECK:
		return put_check(t, &ev->u.check);
	case EV_TIMER:
		return put_line(t, "2", mark(t, MARK_TIMER), line_of(or_empty(ev->u.timer.text), NULL));
	case EV_NOTE:
		return put_note(t, &ev->u.note);
	case EV_RESULT:
		return put_result(t, &ev->u.result);
	}
	return ERR_INTERNAL;
}

static enum err terminal_event(void *ctx, const struct event *ev)
{
	struct terminal *t = ctx;

	if (!t->started) {
		t->start = ev->time;
		t->started = true;
	}
	if (!wanted(t, ev))
		return ERR_OK;
	enum err e = put_event(t, ev);
	if (e == ERR_OK && fflush(t->out) != 0)
		e = ERR_IO;
	return e;
}

static enum err terminal_flush(void *ctx)
{
	struct terminal *t = ctx;

	return fflush(t->out) == 0 ? ERR_OK : ERR_IO;
}

enum err sink_terminal(struct trace_sink *sink, FILE *out, const struct term_style *style)
{
	struct terminal *t = calloc(1, sizeof(*t));

	if (!t)
		return ERR_NOMEM;
	t->out = out;
	t->style = *style;
	*sink = (struct trace_sink){.on_event = terminal_event, .flush = terminal_flush, .release = free, .ctx = t};
	return ERR_OK;
}
