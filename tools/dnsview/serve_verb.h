/* dnsview serve: the recursive resolver, until it is interrupted. */
#ifndef DNSVIEW_SERVE_VERB_H
#define DNSVIEW_SERVE_VERB_H

#include <stdbool.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/cli.h"

struct serve_request {
	struct endpoint listen;
	const char *hints_file, *cache_file, *offset_file, *trace_file; /* each may be NULL */
	bool use_v4, use_v6, serve_stale;
	uint16_t port; /* of the name servers */
	unsigned megabytes;
	size_t entries;
	int64_t timeout_ns;
};

int serve_run(struct cli *c, const struct serve_request *r);

#endif
