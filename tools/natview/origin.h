/* Where an address came from: what the kernel notes, and what a DHCP client left behind. */
#ifndef NATVIEW_ORIGIN_H
#define NATVIEW_ORIGIN_H

#include "netinfo.h"

struct origin {
	const char *name; /* a stable word: "DHCP", "router advertisement", "kernel", "static" */
	char text[256];   /* one sentence, and what it is known from */
	const char *ref;
};

void origin_of(struct origin *out, const struct net_addr *a, const struct net_if *f);

#endif
