/* A sink that keeps every event, for tests that assert on what was emitted. */
#ifndef GLASSNET_TEST_EVENTS_H
#define GLASSNET_TEST_EVENTS_H

#include "glassnet/trace.h"

struct recorded {
	enum ev_kind kind;
	int64_t time;
	char actor[64];
	char id[128];    /* message: protocol; field: name; state: table; decision, check: id; timer: what */
	char text[1024]; /* message: label; field: value; state: "key: before -> after"; else the text */
	char from[64], to[64];
	enum verdict verdict; /* of a check */
	enum err err;         /* of a result */
	char *data;           /* of a result: its JSON, or NULL */
	uint8_t *bytes;       /* of a message: a copy, or NULL */
	size_t len;
	enum secrecy secrecy;
};

struct recorder {
	struct recorded *ev;
	size_t n, cap;
};

/* Adds a recording sink to t; it fills r, which must outlive t. Aborts when memory is short. */
void recorder_attach(struct recorder *r, struct trace *t);
void recorder_release(struct recorder *r);

/* The first event at or after from with this kind, and this id and this piece of text where these are not NULL; or
 * NULL. */
const struct recorded *recorder_find(
    const struct recorder *r, size_t from, enum ev_kind kind, const char *id, const char *text);
size_t recorder_count(const struct recorder *r, enum ev_kind kind, const char *id);

#endif
