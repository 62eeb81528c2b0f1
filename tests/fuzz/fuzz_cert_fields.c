// needs: tools/certview
/* The DER walker: every field that it shows lies within the bytes, and it ends. */
#include <stdlib.h>

#include "certview/certview.h"

static size_t length;

static enum err look(void *ctx, const struct event *ev)
{
	(void)ctx;
	if (ev->kind == EV_FIELD && (ev->u.field.off > length || ev->u.field.len > length - ev->u.field.off))
		abort();
	return ERR_OK;
}

static enum err flush(void *ctx)
{
	(void)ctx;
	return ERR_OK;
}

static void release(void *ctx)
{
	(void)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t;
	size_t at = 0;

	length = size;
	trace_init(&t, &clock_real, "fuzz");
	if (trace_add(&t, (struct trace_sink){.on_event = look, .flush = flush, .release = release}) != ERR_OK)
		abort();
	if (show_fields(&t, data, size, &at) != ERR_OK && at > size)
		abort();
	(void)!trace_release(&t);
	return 0;
}
