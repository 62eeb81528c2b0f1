// needs: tools/dnsview
/* Any bytes as a DNS message: taken apart, described, compared with a question and analysed. */
#include <stdlib.h>

#include "dnsview/classify.h"
#include "dnsview/message.h"

static enum err look(void *ctx, const struct event *ev)
{
	size_t *len = ctx;
	if (ev->kind == EV_FIELD && ev->u.field.off + ev->u.field.len > *len)
		abort(); /* a field outside of the message */
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
	struct question q = {.id = 0x1234, .qtype = 1, .qname = {.len = 13, .b = "\3www\7example"}};
	struct dname zone = {.len = 9, .b = "\7example"};
	struct message m;
	size_t at;
	(void)response_match(&q, data, size);
	if (response_parse(&m, &q, &q.qname, data, size, &at)) {
		if (at > size)
			abort();
		return 0;
	}
	struct trace t;
	trace_init(&t, &clock_real, "fuzz");
	if (trace_add(
	        &t, (struct trace_sink){.on_event = look, .flush = flush, .release = release, .ctx = &size}))
		abort();
	message_describe(&m, &t);
	for (size_t i = 0; i < m.n_records; i++) {
		char text[DNAME_TEXT];
		struct dname back;
		const char *why;
		/* what is shown of a name reads back as that name */
		if (dname_parse(&back, dname_text(text, &m.records[i].owner), &why) == ERR_OK &&
		    !dname_same_case(&back, &m.records[i].owner))
			abort();
	}
	(void)response_analyze(&m, &q.qname, q.qtype, true, &zone);
	message_release(&m);
	return trace_release(&t) ? abort(), 0 : 0;
}
