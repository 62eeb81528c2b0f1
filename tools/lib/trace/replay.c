/* From JSON lines back to events. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/trace.h"

static const char *text(const json_t *o, const char *name)
{
	return json_string_value(json_object_get(o, name));
}

static uint64_t count(const json_t *o, const char *name)
{
	json_int_t v = json_integer_value(json_object_get(o, name));

	return v > 0 ? (uint64_t)v : 0;
}

/* The place of a word in a list, -1: not there. */
static int word(const char *s, const char *const *list, int n)
{
	for (int i = 0; s && i < n; i++)
		if (strcmp(s, list[i]) == 0)
			return i;
	return -1;
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Hex to octets in new memory; NULL when it is not hex. */
static uint8_t *unhex(const char *hex, size_t *len)
{
	size_t n = strlen(hex) / 2;
	uint8_t *out = malloc(n + 1);

	for (size_t i = 0; out && i < n; i++) {
		int hi = nibble(hex[2 * i]), lo = nibble(hex[2 * i + 1]);
		if (hi < 0 || lo < 0) {
			free(out);
			return NULL;
		}
		out[i] = (uint8_t)(hi << 4 | lo);
	}
	*len = n;
	return out;
}

/* "1790000000.000000001", all digits, to nanoseconds. */
static bool read_time(const char *s, int64_t *ns)
{
	const char *dot = s ? strchr(s, '.') : NULL;

	if (!dot || dot == s || dot - s > 10 || strlen(dot + 1) != 9 || strspn(s, "0123456789.") != strlen(s) ||
	    strchr(dot + 1, '.'))
		return false;
	*ns = strtoll(s, NULL, 10) * NS_PER_S + strtoll(dot + 1, NULL, 10);
	return true;
}

static enum err replay_message(struct trace *t, struct event *ev, const json_t *o)
{
	static const char *const secrecies[] = {"", "clear", "encrypted", "tampered"};
	const char *hex = text(o, "bytes");
	int secrecy = word(text(o, "secrecy"), secrecies, 4);
	size_t len = 0;
	uint8_t *bytes = hex ? unhex(hex, &len) : NULL;

	if (hex && (!bytes || strlen(hex) % 2 != 0)) {
		free(bytes);
		return ERR_FORMAT;
	}
	ev->u.msg = (struct ev_message){.from = text(o, "from"),
	    .to = text(o, "to"),
	    .proto = text(o, "proto"),
	    .label = text(o, "label"),
	    .from_addr = text(o, "from_addr"),
	    .to_addr = text(o, "to_addr"),
	    .packet = count(o, "packet"),
	    .bytes = bytes,
	    .len = bytes ? len : count(o, "len"),
	    .secrecy = secrecy > 0 ? (enum secrecy)secrecy : SECRECY_UNKNOWN};
	emit(t, *ev);
	free(bytes);
	return ERR_OK;
}

static enum err replay_result(struct trace *t, struct event *ev, const json_t *o)
{
	const json_t *data = json_object_get(o, "data");
	const char *status = text(o, "status");
	int e = 0;

	while (e < ERR_COUNT && (!status || strcmp(err_name((enum err)e), status) != 0))
		e++;
	if (e == ERR_COUNT)
		return ERR_FORMAT;
	char *dump = data ? json_dumps(data, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
	ev->u.result = (struct ev_result){.err = (enum err)e, .text = text(o, "text"), .data = dump};
	emit(t, *ev);
	free(dump);
	return ERR_OK;
}

static enum err replay_check(struct trace *t, struct event *ev, const json_t *o)
{
	static const char *const verdicts[] = {"pass", "fail", "skip"};
	int verdict = word(text(o, "verdict"), verdicts, 3);

	if (verdict < 0)
		return ERR_FORMAT;
	ev->u.check = (struct ev_check){.id = text(o, "id"),
	    .what = text(o, "what"),
	    .verdict = (enum verdict)verdict,
	    .text = text(o, "text"),
	    .ref = text(o, "ref")};
	emit(t, *ev);
	return ERR_OK;
}

static enum err replay_note(struct trace *t, struct event *ev, const json_t *o)
{
	static const char *const levels[] = {"explain", "heading", "warning"};
	int level = word(text(o, "level"), levels, 3);

	if (level < 0)
		return ERR_FORMAT;
	ev->u.note = (struct ev_note){.level = (enum note_level)level, .text = text(o, "text")};
	emit(t, *ev);
	return ERR_OK;
}

static enum err replay_event(struct trace *t, struct event *ev, const json_t *o)
{
	switch (ev->kind) {
	case EV_SEND:
	case EV_RECV:
		return replay_message(t, ev, o);
	case EV_FIELD:
		ev->u.field = (struct ev_field){.layer = text(o, "layer"),
		    .name = text(o, "name"),
		    .value = text(o, "value"),
		    .meaning = text(o, "meaning"),
		    .ref = text(o, "ref"),
		    .off = count(o, "off"),
		    .len = count(o, "len"),
		    .depth = (unsigned)(count(o, "depth") & 0xff)};
		break;
	case EV_STATE:
		ev->u.state = (struct ev_state){.table = text(o, "table"),
		    .key = text(o, "key"),
		    .before = text(o, "before"),
		    .after = text(o, "after"),
		    .reason = text(o, "reason")};
		break;
	case EV_DECISION:
		ev->u.decision =
		    (struct ev_decision){.id = text(o, "id"), .ref = text(o, "ref"), .text = text(o, "text")};
		break;
	case EV_CHECK:
		return replay_check(t, ev, o);
	case EV_TIMER:
		ev->u.timer = (struct ev_timer){
		    .what = text(o, "what"), .ns = (int64_t)count(o, "ns"), .text = text(o, "text")};
		break;
	case EV_NOTE:
		return replay_note(t, ev, o);
	case EV_RESULT:
		return replay_result(t, ev, o);
	}
	emit(t, *ev);
	return ERR_OK;
}

enum err trace_replay(struct trace *t, const char *line, size_t len)
{
	static const char *const kinds[] = {
	    "send", "recv", "field", "state", "decision", "check", "timer", "note", "result"};
	json_t *o = json_loadb(line, len, 0, NULL);
	const char *schema = text(o, "schema");
	struct event ev = {.actor = text(o, "actor")};
	int kind = word(text(o, "kind"), kinds, 9);
	enum err e = ERR_FORMAT;

	if (schema) {
		bool same = strcmp(schema, "glassnet-trace") == 0 && count(o, "version") == TRACE_SCHEMA_VERSION;
		e = same ? ERR_OK : ERR_VERSION;
	} else if (kind >= 0 && read_time(text(o, "time"), &ev.time)) {
		ev.kind = (enum ev_kind)kind;
		e = replay_event(t, &ev, o);
	}
	json_decref(o);
	return e;
}
