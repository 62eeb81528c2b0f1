/* HTTP heads, forms, the summary and the description, from arbitrary bytes. */
#include <stddef.h>
#include <stdint.h>

#include "glassnet/proto/http.h"

static enum err swallow(void *ctx, const struct event *ev)
{
	(void)ctx;
	(void)ev;
	return ERR_OK;
}

static void release(void *ctx)
{
	(void)ctx;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t;
	struct http h;
	char line[200], value[64];
	struct text text = text_init(line, sizeof(line));
	size_t at, n;

	trace_init(&t, &clock_real, NULL);
	(void)trace_add(&t, (struct trace_sink){.on_event = swallow, .release = release});
	enum err e = http_parse(&h, data, size, &at);
	if (at > size || (e == ERR_OK && h.body_off > size))
		__builtin_trap();
	http_summary(&h, data, size, &text);
	http_describe(&h, data, size, 0, &t);
	(void)http_form_find(value, sizeof(value), &n, data, size, "password");
	(void)trace_release(&t);
	return 0;
}
