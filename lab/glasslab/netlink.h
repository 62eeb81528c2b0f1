/* Links, addresses and routes of one network namespace, over rtnetlink.
 *
 * A socket belongs to the namespace in which it was opened, for good: the holder keeps one for each host and
 * never has to go there again. */
#ifndef GLASSLAB_NETLINK_H
#define GLASSLAB_NETLINK_H

#include <libmnl/libmnl.h>
#include <stdbool.h>

#include "topology.h"

struct netlink {
	struct mnl_socket *sock;
	unsigned seq;
};

/* Opens a socket in the namespace that this process is in now. */
enum err netlink_open(struct netlink *nl, struct why *w) MUST_USE;
void netlink_close(struct netlink *nl);

/* One end of a cable: in which namespace, and what it is called there. */
struct cable_end {
	int netns; /* a descriptor of the namespace */
	const char *ifname;
	const struct mac *mac; /* NULL: the kernel's choice */
};
enum err netlink_cable(
    struct netlink *nl, const struct cable_end *a, const struct cable_end *b, struct why *w) MUST_USE;

enum err netlink_bridge(struct netlink *nl, const char *name, struct why *w) MUST_USE;

/* 0 when there is no interface of that name. */
unsigned netlink_index(struct netlink *nl, const char *ifname);

enum err netlink_up(struct netlink *nl, unsigned index, bool up, struct why *w) MUST_USE;
enum err netlink_plug(
    struct netlink *nl, unsigned index, unsigned bridge, struct why *w) MUST_USE; /* bridge 0: out */
enum err netlink_add_addr(struct netlink *nl, unsigned index, const struct topo_addr *a, struct why *w) MUST_USE;
enum err netlink_add_route(struct netlink *nl, const struct topo_route *r, struct why *w) MUST_USE;

/* Takes every address but the link-local ones off an interface, and every route that leads through it. */
enum err netlink_flush(struct netlink *nl, unsigned index, struct why *w) MUST_USE;

/* What is there now. */
struct netlink_addr {
	unsigned index;
	struct topo_addr addr;
	bool link_local;
};
size_t netlink_addrs(struct netlink *nl, struct netlink_addr *out, size_t max);

/* The gateways of the default routes. */
size_t netlink_gateways(struct netlink *nl, struct ip *out, size_t max);

/* True when the link is up and has a carrier: something is plugged in. */
bool netlink_running(struct netlink *nl, unsigned index);

/* True when a switch passes frames on from and to this port of it. */
bool netlink_forwarding(struct netlink *nl, unsigned index);

/* What the wire would carry is what captures must see: no checksum or segment is left to the network card. */
enum err netlink_no_offload(const char *ifname, struct why *w) MUST_USE;

#endif
