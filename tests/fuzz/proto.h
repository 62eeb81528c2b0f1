/* What every decoder promises, whatever the bytes: fields stand within the packet, texts hold no control
 * characters, the offset of an error is within the data. A broken promise ends the target. */
#ifndef FUZZ_PROTO_H
#define FUZZ_PROTO_H

#include <stdint.h>
#include <string.h>

#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

static void must(bool promise)
{
	if (!promise)
		__builtin_trap();
}

static void must_be_clean(const char *text)
{
	must(text != NULL);
	for (; *text; text++)
		must((uint8_t)*text >= 0x20 && *text != 0x7f);
}

/* ctx is the size of the data. */
static enum err check_event(void *ctx, const struct event *ev)
{
	const struct ev_field *f = &ev->u.field;
	size_t size = *(size_t *)ctx;

	must(ev->kind == EV_FIELD);
	must(f->off <= size && f->len <= size - f->off);
	must_be_clean(f->layer);
	must_be_clean(f->name);
	must_be_clean(f->value);
	return ERR_OK;
}

static void release_nothing(void *ctx)
{
	(void)ctx;
}

static struct trace checking_trace(size_t *size)
{
	struct trace t;

	trace_init(&t, &clock_real, "fuzz");
	must(trace_add(&t, (struct trace_sink){.on_event = check_event, .release = release_nothing, .ctx = size}) ==
	     ERR_OK);
	return t;
}

static void end_trace(struct trace *t)
{
	must(trace_release(t) == ERR_OK);
}

/* A summary must fit any room: an ample one, and one that cuts it. */
#define CHECK_SUMMARY(call)                                                                                          \
	do {                                                                                                         \
		char ample[400], small[17];                                                                          \
		struct text out = text_init(ample, sizeof(ample));                                                   \
		call;                                                                                                \
		must_be_clean(ample);                                                                                \
		must(strlen(ample) == out.pos);                                                                      \
		out = text_init(small, sizeof(small));                                                               \
		call;                                                                                                \
		must_be_clean(small);                                                                                \
	} while (0)

#endif
