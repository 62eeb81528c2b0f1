/* The way to the true bank: its address by DNS from the real resolver, and connections to it. */
#ifndef MALLORY_UPLINK_H
#define MALLORY_UPLINK_H

#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"

/* The IPv4 address of name, asked of the resolver in /etc/resolv.conf (never of /etc/hosts). ERR_TIMEOUT,
 * ERR_UNREACHABLE: there is no such name, or it has none; ERR_NET. */
enum err uplink_resolve(struct ip *out, const char *name, int64_t timeout_ns) MUST_USE;

struct uplink {
	struct ip bank;
};

/* relay_config.dial: ctx is a struct uplink. */
int uplink_dial(void *ctx, uint16_t port);

#endif
