/* The trace as JSON lines: a header line with the schema's version, then one object an event.
 *
 * Every event has "seq", "time" (seconds since 1970, nine decimals, as a string so that no reader rounds it),
 * "kind" and "actor". The members that follow have the names of the structs in glassnet/trace.h. Members without a
 * value are left out. Bytes stand as hex. Text is valid UTF-8: a peer's other bytes stand as \xNN. */
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/trace.h"
#include "glassnet/wire.h"

static const char *kind_name(enum ev_kind kind)
{
	switch (kind) {
	case EV_SEND:
		return "send";
	case EV_RECV:
		return "recv";
	case EV_FIELD:
		return "field";
	case EV_STATE:
		return "state";
	case EV_DECISION:
		return "decision";
	case EV_CHECK:
		return "check";
	case EV_TIMER:
		return "timer";
	case EV_NOTE:
		return "note";
	case EV_RESULT:
		return "result";
	}
	return "?";
}

static const char *verdict_name(enum verdict v)
{
	return v == VERDICT_PASS ? "pass" : v == VERDICT_FAIL ? "fail" : "skip";
}

static const char *level_name(enum note_level l)
{
	return l == NOTE_HEADING ? "heading" : l == NOTE_WARNING ? "warning" : "explain";
}

static const char *secrecy_name(enum secrecy s)
{
	switch (s) {
	case SECRECY_UNKNOWN:
		return NULL;
	case SECRECY_CLEAR:
		return "clear";
	case SECRECY_ENCRYPTED:
		return "encrypted";
	case SECRECY_TAMPERED:
		return "tampered";
	}
	return NULL;
}

/* Sets a member to a text; nothing for NULL. A text that is not UTF-8 is escaped. */
static void put(json_t *o, const char *name, const char *text)
{
	if (!text)
		return;
	json_t *s = json_string(text);
	if (!s) {
		size_t cap = strlen(text) * 4 + 1;
		char *safe = malloc(cap);
		if (safe)
			s = json_string(escape_text(safe, cap, text, strlen(text)));
		free(safe);
	}
	json_object_set_new(o, name, s ? s : json_null());
}

static void put_count(json_t *o, const char *name, uint64_t v)
{
	json_object_set_new(o, name, json_integer((json_int_t)v));
}

static void put_message(json_t *o, const struct ev_message *m)
{
	put(o, "from", m->from);
	put(o, "to", m->to);
	put(o, "from_addr", m->from_addr);
	put(o, "to_addr", m->to_addr);
	put(o, "proto", m->proto);
	put(o, "label", m->label);
	put(o, "secrecy", secrecy_name(m->secrecy));
	if (m->packet)
		put_count(o, "packet", m->packet);
	put_count(o, "len", m->len);
	if (m->bytes) {
		size_t cap = m->len * 2 + 1;
		char *hex = malloc(cap);
		if (hex)
			put(o, "bytes", hex_text(hex, cap, m->bytes, m->len));
		free(hex);
	}
}

static void put_field(json_t *o, const struct ev_field *f)
{
	put(o, "layer", f->layer);
	put(o, "name", f->name);
	put(o, "value", f->value);
	put(o, "meaning", f->meaning);
	put(o, "ref", f->ref);
	put_count(o, "depth", f->depth);
	if (f->len > 0) {
		put_count(o, "off", f->off);
		put_count(o, "len", f->len);
	}
}

static void put_result(json_t *o, const struct ev_result *r)
{
	put(o, "status", err_name(r->err));
	put(o, "text", r->text);
	if (r->data) {
		json_t *data = json_loads(r->data, 0, NULL);
		json_object_set_new(o, "data", data ? data : json_string(r->data));
	}
}

static void put_payload(json_t *o, const struct event *ev)
{
	switch (ev->kind) {
	case EV_SEND:
	case EV_RECV:
		put_message(o, &ev->u.msg);
		break;
	case EV_FIELD:
		put_field(o, &ev->u.field);
		break;
	case EV_STATE:
		put(o, "table", ev->u.state.table);
		put(o, "key", ev->u.state.key);
		put(o, "before", ev->u.state.before);
		put(o, "after", ev->u.state.after);
		put(o, "reason", ev->u.state.reason);
		break;
	case EV_DECISION:
		put(o, "id", ev->u.decision.id);
		put(o, "text", ev->u.decision.text);
		put(o, "ref", ev->u.decision.ref);
		break;
	case EV_CHECK:
		put(o, "id", ev->u.check.id);
		put(o, "what", ev->u.check.what);
		put(o, "verdict", verdict_name(ev->u.check.verdict));
		put(o, "text", ev->u.check.text);
		put(o, "ref", ev->u.check.ref);
		break;
	case EV_TIMER:
		put(o, "what", ev->u.timer.what);
		json_object_set_new(o, "ns", json_integer((json_int_t)ev->u.timer.ns));
		put(o, "text", ev->u.timer.text);
		break;
	case EV_NOTE:
		put(o, "level", level_name(ev->u.note.level));
		put(o, "text", ev->u.note.text);
		break;
	case EV_RESULT:
		put_result(o, &ev->u.result);
		break;
	}
}

static int to_file(const char *buf, size_t size, void *ctx)
{
	return fwrite(buf, 1, size, ctx) == size ? 0 : -1;
}

static enum err write_line(FILE *out, json_t *o)
{
	int bad = json_dump_callback(o, to_file, out, JSON_COMPACT);

	json_decref(o);
	if (bad || fputc('\n', out) == EOF || fflush(out) != 0)
		return ERR_IO;
	return ERR_OK;
}

static enum err jsonl_event(void *ctx, const struct event *ev)
{
	char time[48];
	json_t *o = json_object();

	if (!o)
		return ERR_NOMEM;
	snprintf(time, sizeof(time), "%" PRId64 ".%09" PRId64, ev->time / NS_PER_S, ev->time % NS_PER_S);
	put_count(o, "seq", ev->seq);
	put(o, "time", time);
	put(o, "kind", kind_name(ev->kind));
	put(o, "actor", ev->actor);
	put_payload(o, ev);
	return write_line(ctx, o);
}

static enum err jsonl_flush(void *ctx)
{
	return fflush(ctx) == 0 ? ERR_OK : ERR_IO;
}

static void jsonl_release(void *ctx)
{
	(void)ctx; /* the file is borrowed */
}

enum err sink_jsonl(struct trace_sink *sink, FILE *out)
{
	json_t *o = json_object();

	*sink =
	    (struct trace_sink){.on_event = jsonl_event, .flush = jsonl_flush, .release = jsonl_release, .ctx = out};
	if (!o)
		return ERR_NOMEM;
	put(o, "schema", "glassnet-trace");
	put_count(o, "version", TRACE_SCHEMA_VERSION);
	return write_line(out, o);
}
