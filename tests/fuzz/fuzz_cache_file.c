// needs: tools/dnsview
/* The file of the cache: whatever is in it, it is read within bounds, and what is taken over makes sense. */
#include <stdlib.h>

#include "dnsview/cache_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cache *c = cache_new(64);
	size_t at;
	if (!c)
		return 0;
	enum err e = cache_file_parse(c, data, size, &at);
	if (at > size || (e && e != ERR_NOMEM && at == size && size))
		abort();
	for (const struct cache_entry *n = cache_first(c); n; n = cache_next(n))
		if (n->expires < n->stored || n->name_len == 0 || n->lookup)
			abort();
	cache_free(c);
	return 0;
}
