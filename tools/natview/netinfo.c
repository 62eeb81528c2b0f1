#include "netinfo.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>

#include "list.h"

#define REQUEST_MAX  512   /* octets */
#define ANSWER_MAX   65536 /* octets of a datagram of the kernel's */
#define ATTRS        64
#define IFA_PROTO_NR 11      /* IFA_PROTO, which older headers do not have */
#define CARRIER      0x10000 /* IFF_LOWER_UP of <linux/if.h>, which does not go together with <net/if.h> */

/* --- talking to the kernel ------------------------------------------------------------------------------------- */

static struct nlmsghdr *request(char buf[static REQUEST_MAX], uint16_t type, uint16_t flags)
{
	memset(buf, 0, REQUEST_MAX);
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = 1;
	return h;
}

static bool exchange(struct mnl_socket *s, struct nlmsghdr *h, mnl_cb_t on_message, void *ctx)
{
	char *buf = malloc(ANSWER_MAX);
	bool good = buf && mnl_socket_sendto(s, h, h->nlmsg_len) >= 0;
	for (int r = MNL_CB_OK; good && r > 0;) {
		ssize_t n = mnl_socket_recvfrom(s, buf, ANSWER_MAX);
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -1 : mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(s), on_message, ctx);
		good = r >= 0;
	}
	int keep = errno;
	free(buf);
	errno = keep;
	return good;
}

static struct mnl_socket *open_socket(void)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	if (s && mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0) {
		mnl_socket_close(s);
		s = NULL;
	}
	return s;
}

struct attrs {
	const struct nlattr *a[ATTRS];
};

static int keep_attr(const struct nlattr *a, void *ctx)
{
	struct attrs *t = ctx;
	if (mnl_attr_get_type(a) < ATTRS)
		t->a[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static const void *octets(const struct attrs *t, unsigned type, size_t len)
{
	return t->a[type] && mnl_attr_get_payload_len(t->a[type]) >= len ? mnl_attr_get_payload(t->a[type]) : NULL;
}

static struct ip ip_at(const struct attrs *t, unsigned type, int family)
{
	const void *p = octets(t, type, family == AF_INET ? 4 : 16);
	return p ? ip_from(family == AF_INET ? 4 : 6, p) : (struct ip){0};
}

static uint32_t u32_at(const struct attrs *t, unsigned type, uint32_t otherwise)
{
	const void *p = octets(t, type, sizeof otherwise);
	if (p)
		memcpy(&otherwise, p, sizeof otherwise);
	return otherwise;
}

static bool is_ip(int family)
{
	return family == AF_INET || family == AF_INET6;
}

/* --- what comes ------------------------------------------------------------------------------------------------- */

static int take_link(const struct nlmsghdr *h, void *ctx)
{
	struct netinfo *n = ctx;
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(h);
	struct attrs t = {0};
	mnl_attr_parse(h, sizeof *m, keep_attr, &t);
	struct net_if *list = list_room(n->ifs, n->n_ifs, sizeof *list);
	if (!list)
		return MNL_CB_OK;
	n->ifs = list;
	struct net_if *f = &list[n->n_ifs++];
	f->index = (unsigned)m->ifi_index;
	if (t.a[IFLA_IFNAME])
		strncpy(f->name, mnl_attr_get_str(t.a[IFLA_IFNAME]), sizeof f->name - 1);
	const void *mac = octets(&t, IFLA_ADDRESS, sizeof f->mac.b);
	f->loopback = (m->ifi_flags & IFF_LOOPBACK) != 0;
	f->has_mac = mac && m->ifi_type == ARPHRD_ETHER;
	if (f->has_mac)
		memcpy(f->mac.b, mac, sizeof f->mac.b);
	f->up = (m->ifi_flags & IFF_UP) != 0;
	f->carrier = (m->ifi_flags & CARRIER) != 0;
	return MNL_CB_OK;
}

static int take_addr(const struct nlmsghdr *h, void *ctx)
{
	struct netinfo *n = ctx;
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	struct attrs t = {0};
	mnl_attr_parse(h, sizeof *m, keep_attr, &t);
	struct ip ip = ip_at(&t, t.a[IFA_LOCAL] ? IFA_LOCAL : IFA_ADDRESS, m->ifa_family);
	struct net_addr *list =
	    is_ip(m->ifa_family) && ip.family ? list_room(n->addrs, n->n_addrs, sizeof *list) : NULL;
	if (!list)
		return MNL_CB_OK;
	n->addrs = list;
	struct net_addr *a = &list[n->n_addrs++];
	const struct ifa_cacheinfo *cache = octets(&t, IFA_CACHEINFO, sizeof *cache);
	const uint8_t *proto = octets(&t, IFA_PROTO_NR, 1);
	a->index = m->ifa_index;
	a->ip = ip;
	a->prefix = m->ifa_prefixlen;
	a->flags = u32_at(&t, IFA_FLAGS, m->ifa_flags);
	a->proto = proto ? *proto : 0;
	a->valid = cache ? cache->ifa_valid : NET_FOREVER;
	return MNL_CB_OK;
}

static bool read_route(struct net_route *r, const struct nlmsghdr *h)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct attrs t = {0};
	mnl_attr_parse(h, sizeof *m, keep_attr, &t);
	if (!is_ip(m->rtm_family))
		return false;
	*r = (struct net_route){.index = u32_at(&t, RTA_OIF, 0),
	    .to = ip_at(&t, RTA_DST, m->rtm_family),
	    .prefix = m->rtm_dst_len,
	    .via = ip_at(&t, RTA_GATEWAY, m->rtm_family),
	    .source = ip_at(&t, RTA_PREFSRC, m->rtm_family),
	    .metric = u32_at(&t, RTA_PRIORITY, 0),
	    .type = m->rtm_type,
	    .protocol = m->rtm_protocol};
	if (!r->to.family)
		r->to.family = m->rtm_family == AF_INET ? 4 : 6;
	/* an IPv4 route through an IPv6 router (RFC 8950) */
	if (!r->via.family && t.a[RTA_VIA] && mnl_attr_get_payload_len(t.a[RTA_VIA]) == 2 + 16)
		r->via = ip_from(6, (const char *)mnl_attr_get_payload(t.a[RTA_VIA]) + 2);
	return true;
}

static int take_route(const struct nlmsghdr *h, void *ctx)
{
	struct netinfo *n = ctx;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	struct net_route r;
	if (m->rtm_table != RT_TABLE_MAIN || m->rtm_type == RTN_MULTICAST || (m->rtm_flags & RTM_F_CLONED) ||
	    !read_route(&r, h))
		return MNL_CB_OK;
	struct net_route *list = list_room(n->routes, n->n_routes, sizeof *list);
	if (list) {
		n->routes = list;
		list[n->n_routes++] = r;
	}
	return MNL_CB_OK;
}

static int take_neighbour(const struct nlmsghdr *h, void *ctx)
{
	struct netinfo *n = ctx;
	const struct ndmsg *m = mnl_nlmsg_get_payload(h);
	struct attrs t = {0};
	mnl_attr_parse(h, sizeof *m, keep_attr, &t);
	struct ip ip = is_ip(m->ndm_family) ? ip_at(&t, NDA_DST, m->ndm_family) : (struct ip){0};
	struct net_neighbour *list =
	    ip.family && !(m->ndm_state & NUD_NOARP) ? list_room(n->neighbours, n->n_neighbours, sizeof *list) : NULL;
	if (!list)
		return MNL_CB_OK;
	n->neighbours = list;
	struct net_neighbour *e = &list[n->n_neighbours++];
	const void *mac = octets(&t, NDA_LLADDR, sizeof e->mac.b);
	e->index = (unsigned)m->ndm_ifindex;
	e->ip = ip;
	e->has_mac = mac != NULL;
	if (mac)
		memcpy(e->mac.b, mac, sizeof e->mac.b);
	e->router = (m->ndm_flags & NTF_ROUTER) != 0;
	e->state = m->ndm_state;
	return MNL_CB_OK;
}

static bool dump(struct mnl_socket *s, uint16_t type, int family, size_t header, mnl_cb_t take, struct netinfo *out)
{
	char buf[REQUEST_MAX];
	struct nlmsghdr *h = request(buf, type, NLM_F_DUMP);
	unsigned char *m = mnl_nlmsg_put_extra_header(h, header);
	*m = (unsigned char)family; /* the first octet of all four */
	return exchange(s, h, take, out);
}

enum err netinfo_load(struct netinfo *out)
{
	*out = (struct netinfo){0};
	struct mnl_socket *s = open_socket();
	if (!s)
		return ERR_NET;
	bool good = dump(s, RTM_GETLINK, AF_UNSPEC, sizeof(struct ifinfomsg), take_link, out) &&
	            dump(s, RTM_GETADDR, AF_UNSPEC, sizeof(struct ifaddrmsg), take_addr, out) &&
	            dump(s, RTM_GETROUTE, AF_INET, sizeof(struct rtmsg), take_route, out) &&
	            dump(s, RTM_GETROUTE, AF_INET6, sizeof(struct rtmsg), take_route, out) &&
	            dump(s, RTM_GETNEIGH, AF_UNSPEC, sizeof(struct ndmsg), take_neighbour, out);
	int keep = errno;
	mnl_socket_close(s);
	if (!good)
		netinfo_release(out);
	errno = keep;
	return good ? ERR_OK : ERR_NET;
}

void netinfo_release(struct netinfo *n)
{
	free(n->ifs);
	free(n->addrs);
	free(n->routes);
	free(n->neighbours);
	*n = (struct netinfo){0};
}

/* --- looking things up --------------------------------------------------------------------------------------------- */

const struct net_if *netinfo_if(const struct netinfo *n, unsigned index)
{
	for (size_t i = 0; i < n->n_ifs; i++)
		if (n->ifs[i].index == index)
			return &n->ifs[i];
	return NULL;
}

const struct net_if *netinfo_if_named(const struct netinfo *n, const char *name)
{
	for (size_t i = 0; i < n->n_ifs; i++)
		if (strcmp(n->ifs[i].name, name) == 0)
			return &n->ifs[i];
	return NULL;
}

const struct net_addr *netinfo_own(const struct netinfo *n, const struct ip *ip)
{
	for (size_t i = 0; i < n->n_addrs; i++)
		if (ip_equal(&n->addrs[i].ip, ip))
			return &n->addrs[i];
	return NULL;
}

const struct net_neighbour *netinfo_neighbour(const struct netinfo *n, const struct ip *ip)
{
	for (size_t i = 0; i < n->n_neighbours; i++)
		if (ip_equal(&n->neighbours[i].ip, ip))
			return &n->neighbours[i];
	return NULL;
}

const struct net_route *netinfo_default(const struct netinfo *n, uint8_t family)
{
	const struct net_route *best = NULL;
	for (size_t i = 0; i < n->n_routes; i++) {
		const struct net_route *r = &n->routes[i];
		if (r->prefix == 0 && r->to.family == family && r->type == RTN_UNICAST &&
		    (!best || r->metric < best->metric))
			best = r;
	}
	return best;
}

static int take_one_route(const struct nlmsghdr *h, void *ctx)
{
	return read_route(ctx, h) ? MNL_CB_STOP : MNL_CB_OK;
}

enum err netinfo_route(const struct ip *to, struct net_route *out)
{
	char buf[REQUEST_MAX];
	*out = (struct net_route){0};
	struct mnl_socket *s = open_socket();
	if (!s)
		return ERR_NET;
	struct nlmsghdr *h = request(buf, RTM_GETROUTE, 0);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	m->rtm_family = to->family == 4 ? AF_INET : AF_INET6;
	m->rtm_dst_len = to->family == 4 ? 32 : 128;
	mnl_attr_put(h, RTA_DST, to->family == 4 ? 4 : 16, to->b);
	bool good = exchange(s, h, take_one_route, out);
	mnl_socket_close(s);
	return good && out->type != RTN_UNREACHABLE && out->type != RTN_PROHIBIT && out->type != RTN_BLACKHOLE
	           ? ERR_OK
	           : ERR_UNREACHABLE;
}
