// needs: tools/tlsview
/* Handshake messages as tlsview gets them: decrypted, whole, and of any content. The first octet chooses what
 * is known of the connection. No field may point outside of its message. */
#include <stdlib.h>
#include <string.h>

#include "tlsview/hs.h"

static enum err check(void *ctx, const struct event *ev)
{
	const size_t *len = ctx;

	if (ev->kind == EV_FIELD && ev->u.field.len > 0 &&
	    (ev->u.field.off > *len || ev->u.field.len > *len - ev->u.field.off))
		abort();
	return ERR_OK;
}

static void release(void *ctx)
{
	(void)ctx;
}

static enum err flush(void *ctx)
{
	(void)ctx;
	return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint16_t versions[] = {0, 0x0303, 0x0304, 0x0301};
	struct trace t;
	char label[HS_LABEL];

	if (size == 0)
		return 0;
	struct hs_context ctx = {.version = versions[data[0] & 3], .from_server = (data[0] & 4) != 0};
	/* a copy of its own: a read past the end is a read past the heap */
	size_t len = size - 1;
	uint8_t *msg = malloc(len);
	if (len > 0)
		memcpy(msg, data + 1, len);
	trace_init(&t, &clock_real, "fuzz");
	if (trace_add(&t, (struct trace_sink){.on_event = check, .flush = flush, .release = release, .ctx = &len}) !=
	    ERR_OK)
		abort();
	hs_label(label, &ctx, msg, len);
	if (strlen(label) >= HS_LABEL)
		abort();
	hs_fields(&t, &ctx, msg, len);
	(void)hs_lesson(&ctx, msg, len);
	(void)!trace_release(&t);
	free(msg);
	return 0;
}
