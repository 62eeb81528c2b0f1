/* Name lookup that gives up in time. */
#ifndef GLASSNET_RESOLVE_H
#define GLASSNET_RESOLVE_H

#include <stddef.h>

#include "glassnet/net.h"

#define RESOLVE_MAX 16

struct resolved {
	struct endpoint at[RESOLVE_MAX]; /* in the order of preference (RFC 6724) */
	size_t n;
	char why[160]; /* when there is none: what the resolver said */
};

/* The addresses of host (a name, or an address as text), of one family (4 or 6) or any (0). ERR_UNREACHABLE
 * when it has none, ERR_TIMEOUT, or ERR_NET (errno EINTR: told to stop). */
enum err resolve(const char *host, uint16_t port, uint8_t family, struct deadline d, struct resolved *out) MUST_USE;

/* The same from DNS alone: /etc/hosts does not count. */
enum err resolve_by_dns(
    const char *host, uint16_t port, uint8_t family, struct deadline d, struct resolved *out) MUST_USE;

#endif
