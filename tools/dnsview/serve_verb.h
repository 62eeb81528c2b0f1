/* dnsview serve: the recursive resolver, until it is interrupted. */
#ifndef DNSVIEW_SERVE_VERB_H
#define DNSVIEW_SERVE_VERB_H

#include <stdbool.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/cli.h"
#include "server.h"

struct serve_request {
	unsigned n_listen;
	struct endpoint listen[LISTEN_MAX];
	const char *hints_file, *cache_file, *offset_file, *trace_file, *anchor_file; /* each may be NULL */
	bool use_v4, use_v6, serve_stale, dnssec;
	size_t lookups; /* at a time */
	uint16_t port;  /* of the name servers */
	unsigned megabytes;
	size_t entries;
	int64_t timeout_ns;
};

int serve_run(struct cli *c, const struct serve_request *r);

#endif
