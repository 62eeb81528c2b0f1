/* The CA's lists of what it took back cannot be forged, as they are signed; but they come over http, by way of this
 * router, and can be held back. What guests ask of the CA over http arrives here, and is hung up on. */
#ifndef MALLORY_WITHHOLD_H
#define MALLORY_WITHHOLD_H

#include <stddef.h>
#include <uv.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"

#include "accesspoint.h"

#define WITHHOLD_PORT     80
#define WITHHOLD_OWN_PORT 8081
#define WITHHOLD_CA       "ca.example"

struct withhold {
	struct trace *trace;
	const struct accesspoint *ap; /* knows the guests' names; NULL: addresses */
	int fd;                       /* listens; -1 */
	bool ruled, polled;
	uv_poll_t poll;
	unsigned n; /* connections that were hung up on */
};

/* ca: the CA's address. ERR_UNSUPPORTED (nft says no), ERR_NET: errno tells. Whatever it returns, withhold_stop() ends
 * it. */
enum err withhold_start(struct withhold *w, uv_loop_t *loop, const struct lan *lan, const struct ip *ca) MUST_USE;
/* The loop must run until its handle is closed. */
void withhold_stop(struct withhold *w);

#endif
