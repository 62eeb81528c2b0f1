/* dnsview cache: what the cache holds, with the TTLs counting down. */
#ifndef DNSVIEW_CACHE_VERB_H
#define DNSVIEW_CACHE_VERB_H

#include <stdbool.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/cli.h"

struct cache_request {
	const char *file;  /* NULL: the usual one */
	int64_t offset_ns; /* how far the clock is moved */
	bool json;
	bool all; /* … or what is at or below name */
	struct dname name;
};

/* Each returns an exit status. */
int cache_show(struct cli *c, const struct cache_request *r);
int cache_flush(struct cli *c, const struct cache_request *r);

#endif
