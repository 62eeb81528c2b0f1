/* dnsview explain: each field of a DNS message, its octets and its meaning; from a capture, a hex dump or the octets
 * themselves. */
#ifndef DNSVIEW_EXPLAIN_VERB_H
#define DNSVIEW_EXPLAIN_VERB_H

#include <stdint.h>

#include "glassnet/cli.h"

struct explain_request {
	const char *file; /* "-": standard input */
	uint16_t port;    /* in a capture: packets of this port, too */
};

/* Returns the exit status. */
int explain_run(struct cli *c, const struct explain_request *r);

#endif
