/* Waiting for a peer to come. */
#ifndef DHVIEW_REACH_H
#define DHVIEW_REACH_H

#include "glassnet/net.h"
#include "glassnet/trace.h"

/* Listens at that address, says so (a decision "listening"), takes the first connection: *fd, non-blocking,
 * which the caller closes. ERR_TIMEOUT: nobody came; ERR_NET: errno tells. */
enum err reach_listen(
    const struct endpoint *at, struct deadline d, struct trace *t, int *fd, struct endpoint *from) MUST_USE;

#endif
