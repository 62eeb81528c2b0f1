/* What the kernel knows of this machine's network: interfaces, addresses, routes, neighbours (rtnetlink). */
#ifndef NATVIEW_NETINFO_H
#define NATVIEW_NETINFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"

#define NET_IFNAME  16
#define NET_FOREVER UINT32_MAX

struct net_if {
	unsigned index;
	char name[NET_IFNAME];
	struct mac mac;
	bool has_mac, up, carrier, loopback;
};

struct net_addr {
	unsigned index; /* of its interface */
	struct ip ip;
	uint8_t prefix; /* bits */
	uint32_t flags; /* IFA_F_... */
	uint8_t proto;  /* NET_FROM_...: who set it, where the kernel tells (Linux 5.18); else 0 */
	uint32_t valid; /* seconds that it is still good for; NET_FOREVER */
};

enum { NET_FROM_LOOPBACK = 1, NET_FROM_ROUTER = 2, NET_FROM_KERNEL = 3 }; /* as IFAPROT_KERNEL_... */

struct net_route {
	unsigned index; /* of the interface; 0: none */
	struct ip to;
	uint8_t prefix;
	struct ip via, source; /* family 0: none */
	uint32_t metric;
	uint8_t type, protocol; /* RTN_..., RTPROT_... */
};

struct net_neighbour {
	unsigned index;
	struct ip ip;
	struct mac mac;
	bool has_mac, router;
	uint16_t state; /* NUD_... */
};

struct netinfo {
	size_t n_ifs, n_addrs, n_routes, n_neighbours;
	struct net_if *ifs;
	struct net_addr *addrs;
	struct net_route *routes; /* of the main table */
	struct net_neighbour *neighbours;
};

/* Asks for everything, in the network that this process is in now. On ERR_OK the caller releases *out. ERR_NET (errno
 * tells), ERR_NOMEM. */
enum err netinfo_load(struct netinfo *out) MUST_USE;
void netinfo_release(struct netinfo *n);

const struct net_if *netinfo_if(const struct netinfo *n, unsigned index); /* NULL: none */
const struct net_if *netinfo_if_named(const struct netinfo *n, const char *name);
/* The address of this machine that equals ip; NULL: it is none of this machine's. */
const struct net_addr *netinfo_own(const struct netinfo *n, const struct ip *ip);
const struct net_neighbour *netinfo_neighbour(const struct netinfo *n, const struct ip *ip);
/* The default route with the smallest metric of that family; NULL: none. */
const struct net_route *netinfo_default(const struct netinfo *n, uint8_t family);

/* Which way the kernel would send a packet to that address. ERR_UNREACHABLE: it knows no way. */
enum err netinfo_route(const struct ip *to, struct net_route *out) MUST_USE;

#endif
