/* What kind of address an address is, by the IANA registries of special-purpose addresses (RFC 6890, and the
 * documents that each entry names): may it be used on the Internet, or only in a house, on a link, in a book? */
#ifndef GLASSNET_ADDR_KIND_H
#define GLASSNET_ADDR_KIND_H

#include <stdbool.h>

#include "glassnet/addr.h"

struct addr_kind {
	const char *name;    /* "private": the field's term; a stable word */
	const char *prefix;  /* "192.168.0.0/16": the block it belongs to; "" for a global address */
	const char *meaning; /* one sentence for a newcomer */
	const char *ref;     /* "RFC 1918" */
	bool global;         /* can a packet to it cross the Internet? */
};

/* Never NULL. a->family must be 4 or 6. The texts live as long as the program. */
const struct addr_kind *addr_kind(const struct ip *a);

/* Does a belong to the block of bits bits that begins at net? False for another family. */
bool ip_in_prefix(const struct ip *a, const struct ip *net, unsigned bits);

#endif
