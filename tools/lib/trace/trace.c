/* emit(): hands an event to every sink. The short forms fill in the struct. */
#include "glassnet/trace.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#define TEXT_MAX 1024

void trace_init(struct trace *t, const struct clock *clock, const char *actor)
{
	*t = (struct trace){.clock = clock, .actor = actor};
}

enum err trace_add(struct trace *t, struct trace_sink sink)
{
	if (t->n_sinks == TRACE_MAX_SINKS) {
		sink.release(sink.ctx);
		return ERR_TOO_LONG;
	}
	t->sinks[t->n_sinks++] = sink;
	return ERR_OK;
}

static void note_error(struct trace *t, enum err e)
{
	if (t->first_error != ERR_OK)
		return;
	t->first_error = e;
	t->error_number = e == ERR_IO ? errno : 0;
}

enum err trace_flush(struct trace *t)
{
	for (size_t i = 0; i < t->n_sinks; i++)
		if (t->sinks[i].flush)
			note_error(t, t->sinks[i].flush(t->sinks[i].ctx));
	return t->first_error;
}

enum err trace_release(struct trace *t)
{
	enum err e = trace_flush(t);

	for (size_t i = 0; i < t->n_sinks; i++)
		t->sinks[i].release(t->sinks[i].ctx);
	t->n_sinks = 0;
	return e;
}

bool trace_on(const struct trace *t)
{
	return t && t->n_sinks > 0;
}

void emit(struct trace *t, struct event ev)
{
	if (!trace_on(t))
		return;
	ev.seq = ++t->seq;
	if (ev.time == 0)
		ev.time = clock_now(t->clock);
	if (!ev.actor)
		ev.actor = t->actor ? t->actor : "";
	for (size_t i = 0; i < t->n_sinks; i++)
		note_error(t, t->sinks[i].on_event(t->sinks[i].ctx, &ev));
}

static enum err tee_event(void *ctx, const struct event *ev)
{
	struct trace *to = ctx;

	emit(to, *ev);
	return to->first_error;
}

static void tee_release(void *ctx)
{
	(void)ctx; /* borrowed */
}

struct trace_sink sink_tee(struct trace *to)
{
	return (struct trace_sink){.on_event = tee_event, .release = tee_release, .ctx = to};
}

/* Formats into a buffer of the caller's frame: events are borrowed for the call. */
#define FORMAT(text, fmt)                                                                                            \
	char text[TEXT_MAX];                                                                                         \
	do {                                                                                                         \
		va_list ap;                                                                                          \
		va_start(ap, fmt);                                                                                   \
		vsnprintf(text, sizeof(text), fmt, ap);                                                              \
		va_end(ap);                                                                                          \
	} while (0)

void ev_send(struct trace *t, const char *from, const char *to, const char *proto, const void *bytes, size_t len,
    const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_SEND,
	            .actor = from,
	            .u.msg = {.from = from, .to = to, .proto = proto, .label = text, .bytes = bytes, .len = len}});
}

void ev_recv(struct trace *t, const char *from, const char *to, const char *proto, const void *bytes, size_t len,
    const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_RECV,
	            .actor = to,
	            .u.msg = {.from = from, .to = to, .proto = proto, .label = text, .bytes = bytes, .len = len}});
}

void ev_field(struct trace *t, struct ev_field f)
{
	emit(t, (struct event){.kind = EV_FIELD, .u.field = f});
}

void ev_state(
    struct trace *t, const char *table, const char *key, const char *before, const char *after, const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_STATE,
	            .u.state = {.table = table, .key = key, .before = before, .after = after, .reason = text}});
}

void ev_decision(struct trace *t, const char *id, const char *ref, const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_DECISION, .u.decision = {.id = id, .ref = ref, .text = text}});
}

void ev_check(
    struct trace *t, const char *id, enum verdict verdict, const char *ref, const char *what, const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_CHECK,
	            .u.check = {.id = id, .what = what, .verdict = verdict, .text = text, .ref = ref}});
}

void ev_timer(struct trace *t, const char *what, int64_t ns, const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_TIMER, .u.timer = {.what = what, .ns = ns, .text = text}});
}

void ev_explain(struct trace *t, const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_NOTE, .u.note = {.level = NOTE_EXPLAIN, .text = text}});
}

void ev_heading(struct trace *t, const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_NOTE, .u.note = {.level = NOTE_HEADING, .text = text}});
}

void ev_warning(struct trace *t, const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_NOTE, .u.note = {.level = NOTE_WARNING, .text = text}});
}

void ev_result(struct trace *t, enum err err, const char *json, const char *fmt, ...)
{
	FORMAT(text, fmt);
	emit(t, (struct event){.kind = EV_RESULT, .u.result = {.err = err, .text = text, .data = json}});
}
