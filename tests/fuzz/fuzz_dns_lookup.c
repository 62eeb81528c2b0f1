// needs: tools/dnsview
/* A lookup among hostile servers: each response is a piece of the input, made to match the question. However
 * they lie, the lookup ends within its budget. */
#include <stdlib.h>
#include <string.h>

#include "dnsview/resolver.h"

struct net {
	const uint8_t *data;
	size_t size;
	int64_t now;
	uint32_t dice;
	unsigned sent;
	struct dns_query query;
	uint8_t reply[2048];
};

static int64_t now(void *ctx)
{
	struct net *n = ctx;
	return n->now += NS_PER_MS;
}

static void fill(void *ctx, void *buf, size_t len)
{
	struct net *n = ctx;
	for (uint8_t *p = buf; len--; p++) {
		n->dice = n->dice * 1664525u + 1013904223u;
		*p = (uint8_t)(n->dice >> 24);
	}
}

static enum err net_send(void *ctx, const struct dns_query *q, struct endpoint *local)
{
	struct net *n = ctx;
	if (++n->sent > 2 * QUERIES_MAX)
		abort();
	n->query = *q;
	*local = (struct endpoint){0};
	return ERR_OK;
}

/* The next piece: a length of two octets, then flags, counts and what follows the question. */
static enum err net_wait(void *ctx, struct dns_reply *reply)
{
	struct net *n = ctx;
	if (n->size < 10)
		return ERR_TIMEOUT;
	size_t len = (size_t)(n->data[0] << 8 | n->data[1]) % 600,
	       head = 12 + (size_t)n->query.question.qname.len + 4;
	const uint8_t *flags = n->data + 2;
	n->data += 10;
	n->size -= 10;
	len = len < n->size ? len : n->size;
	memcpy(n->reply, n->query.bytes, head);
	n->reply[2] = flags[0] | 0x80;
	n->reply[2] &= 0x87;
	n->reply[3] = flags[1];
	for (unsigned i = 0; i < 3; i++) {
		n->reply[6 + 2 * i] = 0;
		n->reply[7 + 2 * i] = flags[2 + i] % 8;
	}
	memcpy(n->reply + head, n->data, len);
	n->data += len;
	n->size -= len;
	reply->bytes = n->reply;
	reply->len = head + len;
	reply->from = n->query.to;
	reply->rtt_ns = 1;
	return ERR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char hints_text[] =
	    ". 1 NS a.\na. 1 A 192.0.2.1\na. 1 AAAA 2001:db8::1\n. 1 NS b.\nb. 1 A 192.0.2.2\n";
	static const struct resolver_config config = {
	    .use_v4 = true, .use_v6 = true, .port = 53, .timeout_ns = NS_PER_S, .policy = {.allow_special = true}};
	struct net net = {.data = data, .size = size};
	struct clock clock = {.now = now, .ctx = &net};
	struct resolver r;
	struct hints hints;
	struct hints_error where;
	struct lookup_result res;
	struct dname name = {.len = 17, .b = "\3www\3cmu\7example"};
	if (hints_parse(&hints, hints_text, sizeof(hints_text) - 1, &where) ||
	    resolver_init(&r, &config, &hints, &clock, (struct rng){.fill = fill, .ctx = &net}, NULL, "laptop"))
		abort();
	for (unsigned i = 0; i < 2; i++) { /* once more, with what they left in the cache */
		net.sent = 0;
		resolver_lookup(
		    &r, (struct exchange){.send = net_send, .wait = net_wait, .ctx = &net}, &name, 1, &res);
		if (res.queries > QUERIES_MAX)
			abort();
		lookup_result_release(&res);
	}
	resolver_release(&r);
	return 0;
}
