/* What the decoder tests share: octets written as hex, copies of exact size (so that the sanitizers see one
 * octet read too many), and a sink that keeps fields with their places. */
#ifndef PROTO_SUPPORT_H
#define PROTO_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

struct bytes {
	uint8_t b[4096];
	size_t n;
};

/* Appends hex digits, blanks between them ignored. */
static inline void add_hex(struct bytes *out, const char *hex)
{
	for (; *hex; hex++) {
		unsigned v;
		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex, "%2x", &v), 1);
		assert_true(out->n < sizeof(out->b));
		out->b[out->n++] = (uint8_t)v;
		hex++;
	}
}

static inline struct bytes from_hex(const char *hex)
{
	struct bytes out = {.n = 0};

	add_hex(&out, hex);
	return out;
}

static inline void add_octets(struct bytes *out, const void *p, size_t n)
{
	assert_true(n <= sizeof(out->b) - out->n);
	memcpy(out->b + out->n, p, n);
	out->n += n;
}

/* A copy of exactly len octets; the caller frees it. */
static inline uint8_t *exact(const uint8_t *p, size_t len)
{
	uint8_t *copy = malloc(len ? len : 1);

	assert_non_null(copy);
	memcpy(copy, p, len);
	return copy;
}

/* PARSE(p, len, &where) with every length below full must say ERR_TRUNCATED, at a place within the data. */
#define ASSERT_TRUNCATED_BELOW(bytes_, full, parse_call)                                                             \
	for (size_t len = 0; len < (full); len++) {                                                                  \
		uint8_t *p = exact((bytes_).b, len);                                                                 \
		size_t where = 99999;                                                                                \
		assert_int_equal((parse_call), ERR_TRUNCATED);                                                       \
		assert_true(where <= len);                                                                           \
		free(p);                                                                                             \
	}

#define ASSERT_LINE(want, call)                                                                                      \
	do {                                                                                                         \
		char line_[400];                                                                                     \
		struct text out = text_init(line_, sizeof(line_));                                                   \
		call;                                                                                                \
		assert_string_equal(line_, want);                                                                    \
	} while (0)

struct kept_field {
	char layer[40], name[64], value[300];
	size_t off, len;
	unsigned depth;
};

struct kept {
	size_t n;
	struct kept_field f[400];
};

static inline enum err keep_field(void *ctx, const struct event *ev)
{
	struct kept *k = ctx;
	const struct ev_field *f = &ev->u.field;

	assert_int_equal(ev->kind, EV_FIELD);
	assert_true(k->n < sizeof(k->f) / sizeof(k->f[0]));
	struct kept_field *to = &k->f[k->n++];
	snprintf(to->layer, sizeof(to->layer), "%s", f->layer);
	snprintf(to->name, sizeof(to->name), "%s", f->name);
	snprintf(to->value, sizeof(to->value), "%s", f->value);
	to->off = f->off;
	to->len = f->len;
	to->depth = f->depth;
	return ERR_OK;
}

static inline void keep_release(void *ctx)
{
	(void)ctx;
}

static inline struct trace keeping_trace(struct kept *k)
{
	struct trace t;

	k->n = 0;
	trace_init(&t, &clock_real, "test");
	assert_int_equal(
	    trace_add(&t, (struct trace_sink){.on_event = keep_field, .release = keep_release, .ctx = k}), ERR_OK);
	return t;
}

/* There is a field of that name, value and place. */
static inline void assert_field(const struct kept *k, const char *name, const char *value, size_t off, size_t len)
{
	for (size_t i = 0; i < k->n; i++)
		if (strcmp(k->f[i].name, name) == 0 && strcmp(k->f[i].value, value) == 0 && k->f[i].off == off &&
		    k->f[i].len == len)
			return;
	for (size_t i = 0; i < k->n; i++)
		print_message("%s: %s @%zu+%zu\n", k->f[i].name, k->f[i].value, k->f[i].off, k->f[i].len);
	fail_msg("no field %s: %s @%zu+%zu", name, value, off, len);
}

#endif
