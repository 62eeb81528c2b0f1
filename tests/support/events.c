#include "events.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *or_empty(const char *s)
{
	return s ? s : "";
}

static void set(char *out, size_t cap, const char *text)
{
	snprintf(out, cap, "%s", or_empty(text));
}

static void record_message(struct recorded *r, const struct ev_message *m)
{
	set(r->id, sizeof(r->id), m->proto);
	set(r->text, sizeof(r->text), m->label);
	set(r->from, sizeof(r->from), m->from);
	set(r->to, sizeof(r->to), m->to);
	r->len = m->len;
	r->secrecy = m->secrecy;
	if (m->bytes && m->len > 0) {
		r->bytes = malloc(m->len);
		if (!r->bytes)
			abort();
		memcpy(r->bytes, m->bytes, m->len);
	}
}

static void record_payload(struct recorded *r, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SEND:
	case EV_RECV:
		record_message(r, &ev->u.msg);
		break;
	case EV_FIELD:
		set(r->id, sizeof(r->id), ev->u.field.name);
		set(r->text, sizeof(r->text), ev->u.field.value);
		break;
	case EV_STATE:
		set(r->id, sizeof(r->id), ev->u.state.table);
		snprintf(r->text, sizeof(r->text), "%s: %s -> %s", or_empty(ev->u.state.key),
		    or_empty(ev->u.state.before), or_empty(ev->u.state.after));
		break;
	case EV_DECISION:
		set(r->id, sizeof(r->id), ev->u.decision.id);
		set(r->text, sizeof(r->text), ev->u.decision.text);
		break;
	case EV_CHECK:
		set(r->id, sizeof(r->id), ev->u.check.id);
		set(r->text, sizeof(r->text), ev->u.check.text);
		r->verdict = ev->u.check.verdict;
		break;
	case EV_TIMER:
		set(r->id, sizeof(r->id), ev->u.timer.what);
		set(r->text, sizeof(r->text), ev->u.timer.text);
		break;
	case EV_NOTE:
		set(r->text, sizeof(r->text), ev->u.note.text);
		break;
	case EV_RESULT:
		set(r->text, sizeof(r->text), ev->u.result.text);
		r->err = ev->u.result.err;
		r->data = ev->u.result.data ? strdup(ev->u.result.data) : NULL;
		break;
	}
}

static enum err record(void *ctx, const struct event *ev)
{
	struct recorder *r = ctx;

	if (r->n == r->cap) {
		r->cap = r->cap ? r->cap * 2 : 64;
		r->ev = realloc(r->ev, r->cap * sizeof(*r->ev));
		if (!r->ev)
			abort();
	}
	struct recorded *e = &r->ev[r->n++];
	memset(e, 0, sizeof(*e));
	e->kind = ev->kind;
	e->time = ev->time;
	set(e->actor, sizeof(e->actor), ev->actor);
	record_payload(e, ev);
	return ERR_OK;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

void recorder_attach(struct recorder *r, struct trace *t)
{
	memset(r, 0, sizeof(*r));
	if (trace_add(t, (struct trace_sink){.on_event = record, .release = nothing, .ctx = r}) != ERR_OK)
		abort();
}

void recorder_release(struct recorder *r)
{
	for (size_t i = 0; i < r->n; i++) {
		free(r->ev[i].data);
		free(r->ev[i].bytes);
	}
	free(r->ev);
	memset(r, 0, sizeof(*r));
}

const struct recorded *recorder_find(
    const struct recorder *r, size_t from, enum ev_kind kind, const char *id, const char *text)
{
	for (size_t i = from; i < r->n; i++)
		if (r->ev[i].kind == kind && (!id || strcmp(r->ev[i].id, id) == 0) &&
		    (!text || strstr(r->ev[i].text, text)))
			return &r->ev[i];
	return NULL;
}

size_t recorder_count(const struct recorder *r, enum ev_kind kind, const char *id)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->ev[i].kind == kind && (!id || strcmp(r->ev[i].id, id) == 0);
	return n;
}
