/* dnsview batch: many names at once over one cache, one JSON line each. */
#ifndef DNSVIEW_BATCH_VERB_H
#define DNSVIEW_BATCH_VERB_H

#include <stdbool.h>
#include <stdint.h>

#include "glassnet/cli.h"

struct batch_request {
	const char *file; /* "-": standard input */
	const char *hints_file, *cache_file;
	bool use_v4, use_v6, tcp, allow_special, progress, quiet;
	uint16_t port, type;
	unsigned megabytes;
	size_t workers;
	int64_t timeout_ns;
};

int batch_run(struct cli *c, const struct batch_request *r);

#endif
