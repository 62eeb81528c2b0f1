// needs: tools/dnsview
/* A client's question against a cache of anybody's making: what goes out is a message that can be read, and fits.
 * Input: flags (1 octet), the question's length (1), the question, a cache file. */
#include <stdlib.h>

#include "dnsview/cache_file.h"
#include "dnsview/warm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	struct request q;
	struct message m;
	size_t at, len = 0;
	if (size < 2 || size - 2 < data[1] || !request_parse(&q, data + 2, data[1]) || q.rcode)
		return 0;
	struct cache *c = cache_new(1000);
	if (!c)
		return 0;
	if (cache_file_parse(c, data + 2 + data[1], size - 2 - data[1], &at))
		(void)at; /* what came before the bad entry is there */
	struct warm how = {.udp = data[0] & 1, .validate = data[0] & 2, .stale = data[0] & 4 ? 0x7fffffff : 0};
	how.now = cache_first(c) ? cache_first(c)->stored : 1;
	if (data[0] & 8)
		for (const struct cache_entry *e = cache_first(c); e; e = cache_next(e))
			cache_judge(c, e, CACHE_SECURE, how.now);
	if (warm_answer(out, c, &q, &how, &len) == WARM_ANSWER) {
		if (message_parse(&m, out, len, &at) || (how.udp && len > q.size))
			abort();
		message_release(&m);
	}
	cache_free(c);
	return 0;
}
