/* What passed lately: a ring of packets, each the events that pktview made of it. */
#include <pcap/dlt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classroom.h"
#include "glassnet/packet.h"

#define KEPT        1000
#define KEPT_EVENTS 400 /* of one packet: a bound, more than any message has fields */

struct packets {
	json_t *at[KEPT]; /* arrays of events; the first is the "send" */
	uint64_t next;    /* the id that the packet to come gets */
};

enum err packets_new(struct packets **out)
{
	*out = calloc(1, sizeof **out);
	if (!*out)
		return ERR_NOMEM;
	(*out)->next = 1;
	return ERR_OK;
}

void packets_free(struct packets *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < KEPT; i++)
		json_decref(p->at[i]);
	free(p);
}

static json_t **slot(struct packets *p, uint64_t id)
{
	return &p->at[id % KEPT];
}

static const json_t *find(const struct packets *p, uint64_t id)
{
	return id && id < p->next && p->next - id <= KEPT ? p->at[id % KEPT] : NULL;
}

/* A packet in one line: what the map and the list need. */
static json_t *summary(const struct packets *p, uint64_t id)
{
	static const char *const keys[] = {
	    "time", "from", "to", "from_addr", "to_addr", "proto", "label", "secrecy", "len", NULL};
	const json_t *send = json_array_get(find(p, id), 0);
	json_t *o = json_pack("{s:I}", "id", (json_int_t)id);
	for (size_t i = 0; o && keys[i]; i++) {
		json_t *v = json_object_get(send, keys[i]);
		if (v)
			json_object_set(o, keys[i], v);
	}
	return o;
}

json_t *packets_line(struct packets *p, const char *line, size_t len)
{
	json_t *ev = json_loadb(line, len, 0, NULL);
	const char *kind = json_string_value(json_object_get(ev, "kind"));
	if (!kind) {
		json_decref(ev);
		return NULL;
	}
	if (!strcmp(kind, "send")) {
		uint64_t id = p->next++;
		json_t **at = slot(p, id);
		json_decref(*at);
		*at = json_pack("[o]", ev);
		return *at ? summary(p, id) : NULL;
	}
	json_t *last = p->next > 1 ? *slot(p, p->next - 1) : NULL;
	if (last && json_array_size(last) < KEPT_EVENTS)
		json_array_append(last, ev);
	json_decref(ev);
	return NULL;
}

json_t *packets_recent(const struct packets *p)
{
	json_t *all = json_array();
	uint64_t from = p->next > KEPT ? p->next - KEPT : 1;
	for (uint64_t id = from; id < p->next; id++) {
		json_t *s = find(p, id) ? summary(p, id) : NULL;
		if (s)
			json_array_append_new(all, s);
	}
	return all;
}

/* The fields of a frame, as lines of JSON; the caller frees them. */
static char *describe(const uint8_t *frame, size_t len)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	struct packet packet = {.bytes = frame, .len = len, .wire_len = len, .linktype = DLT_EN10MB};
	struct trace_sink sink;
	struct trace t;
	if (!out)
		return NULL;
	trace_init(&t, &clock_real, "packet");
	packet_parse(&packet);
	if (sink_jsonl(&sink, out) == ERR_OK && trace_add(&t, sink) == ERR_OK)
		packet_describe(&packet, &t);
	enum err e = trace_release(&t);
	if (fclose(out) != 0 || e != ERR_OK) {
		free(text);
		return NULL;
	}
	return text;
}

static void append_fields(json_t *events, const char *hex)
{
	size_t len = strlen(hex) / 2, got = 0;
	uint8_t *frame = malloc(len ? len : 1);
	char *lines =
	    frame && sodium_hex2bin(frame, len, hex, 2 * len, NULL, &got, NULL) == 0 ? describe(frame, got) : NULL;
	for (char *line = lines, *end; line && (end = strchr(line, '\n')); line = end + 1) {
		json_t *ev = json_loadb(line, (size_t)(end - line), 0, NULL);
		if (json_object_get(ev, "kind"))
			json_array_append(events, ev);
		json_decref(ev);
	}
	free(lines);
	free(frame);
}

json_t *packets_detail(const struct packets *p, uint64_t id)
{
	const json_t *kept = find(p, id);
	json_t *events = kept ? json_copy((json_t *)(uintptr_t)kept) : NULL;
	const char *hex = json_string_value(json_object_get(json_array_get(events, 0), "bytes"));
	if (hex)
		append_fields(events, hex);
	return events;
}
