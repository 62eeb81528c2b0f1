#include "netlink.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define MESSAGE_MAX 1024    /* octets of a request of ours */
#define ANSWER_MAX  32768   /* octets of a datagram of the kernel's */
#define LOWER_UP    0x10000 /* IFF_LOWER_UP of <linux/if.h>, which does not go together with <net/if.h> */

enum err netlink_open(struct netlink *nl, struct why *w)
{
	*nl = (struct netlink){.sock = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC)};
	if (!nl->sock)
		return why_errno(w, ERR_UNSUPPORTED, "the kernel gives no netlink socket");
	if (mnl_socket_bind(nl->sock, 0, MNL_SOCKET_AUTOPID) < 0) {
		enum err e = why_errno(w, ERR_UNSUPPORTED, "the netlink socket cannot be bound");
		netlink_close(nl);
		return e;
	}
	return ERR_OK;
}

void netlink_close(struct netlink *nl)
{
	if (nl->sock)
		mnl_socket_close(nl->sock);
	nl->sock = NULL;
}

static struct nlmsghdr *request(struct netlink *nl, char buf[static MESSAGE_MAX], uint16_t type, uint16_t flags)
{
	struct nlmsghdr *h = mnl_nlmsg_put_header(buf);
	h->nlmsg_type = type;
	h->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	h->nlmsg_seq = ++nl->seq;
	return h;
}

/* Sends a request and hands every message of the answer to on_message, until the end or the acknowledgement.
 * False, with errno, where the kernel says no. */
static bool talk(struct netlink *nl, struct nlmsghdr *h, mnl_cb_t on_message, void *ctx)
{
	unsigned portid = mnl_socket_get_portid(nl->sock);
	if (mnl_socket_sendto(nl->sock, h, h->nlmsg_len) < 0)
		return false;
	char buf[ANSWER_MAX];
	for (;;) {
		ssize_t n = mnl_socket_recvfrom(nl->sock, buf, sizeof buf);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		int r = mnl_cb_run(buf, (size_t)n, nl->seq, portid, on_message, ctx);
		if (r <= 0)
			return r == 0;
	}
}

static bool command(struct netlink *nl, struct nlmsghdr *h)
{
	return talk(nl, h, NULL, NULL);
}

/* --- links --- */

static void put_end(struct nlmsghdr *h, const struct cable_end *end)
{
	mnl_attr_put_strz(h, IFLA_IFNAME, end->ifname);
	mnl_attr_put_u32(h, IFLA_NET_NS_FD, (uint32_t)end->netns);
	if (end->mac)
		mnl_attr_put(h, IFLA_ADDRESS, sizeof end->mac->b, end->mac->b);
}

enum err netlink_cable(struct netlink *nl, const struct cable_end *a, const struct cable_end *b, struct why *w)
{
	char buf[MESSAGE_MAX];
	struct nlmsghdr *h = request(nl, buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	put_end(h, a);
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "veth");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	struct nlattr *peer = mnl_attr_nest_start(h, VETH_INFO_PEER);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	put_end(h, b);
	mnl_attr_nest_end(h, peer);
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return command(nl, h)
	           ? ERR_OK
	           : why_errno(w, ERR_UNSUPPORTED, "a cable (veth) %s to %s cannot be made", a->ifname, b->ifname);
}

enum err netlink_bridge(struct netlink *nl, const char *name, struct why *w)
{
	char buf[MESSAGE_MAX];
	struct nlmsghdr *h = request(nl, buf, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL | NLM_F_ACK);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(h, IFLA_IFNAME, name);
	struct nlattr *info = mnl_attr_nest_start(h, IFLA_LINKINFO);
	mnl_attr_put_strz(h, IFLA_INFO_KIND, "bridge");
	struct nlattr *data = mnl_attr_nest_start(h, IFLA_INFO_DATA);
	mnl_attr_put_u8(h, IFLA_BR_MCAST_SNOOPING, 0); /* a plain switch: it says nothing of its own */
	mnl_attr_nest_end(h, data);
	mnl_attr_nest_end(h, info);
	return command(nl, h) ? ERR_OK : why_errno(w, ERR_UNSUPPORTED, "a switch (bridge) %s cannot be made", name);
}

static int take_index(const struct nlmsghdr *h, void *ctx)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
	*(unsigned *)ctx = (unsigned)info->ifi_index;
	return MNL_CB_OK;
}

unsigned netlink_index(struct netlink *nl, const char *ifname)
{
	char buf[MESSAGE_MAX];
	unsigned index = 0;
	struct nlmsghdr *h = request(nl, buf, RTM_GETLINK, NLM_F_ACK);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(h, IFLA_IFNAME, ifname);
	return talk(nl, h, take_index, &index) ? index : 0;
}

static int take_flags(const struct nlmsghdr *h, void *ctx)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(h);
	*(unsigned *)ctx = info->ifi_flags;
	return MNL_CB_OK;
}

bool netlink_running(struct netlink *nl, unsigned index)
{
	char buf[MESSAGE_MAX];
	unsigned flags = 0;
	struct nlmsghdr *h = request(nl, buf, RTM_GETLINK, NLM_F_ACK);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof *info);
	info->ifi_index = (int)index;
	return talk(nl, h, take_flags, &flags) && (flags & IFF_UP) && (flags & LOWER_UP);
}

/* The state of a port is in the link's IFLA_LINKINFO, there in IFLA_INFO_SLAVE_DATA, there in
 * IFLA_BRPORT_STATE. */
static int in_slave_data(const struct nlattr *a, void *ctx)
{
	if (mnl_attr_get_type(a) == IFLA_BRPORT_STATE && mnl_attr_get_payload_len(a) == sizeof(uint8_t))
		*(uint8_t *)ctx = mnl_attr_get_u8(a);
	return MNL_CB_OK;
}

static int in_link_info(const struct nlattr *a, void *ctx)
{
	return mnl_attr_get_type(a) == IFLA_INFO_SLAVE_DATA ? mnl_attr_parse_nested(a, in_slave_data, ctx)
	                                                    : MNL_CB_OK;
}

static int in_link(const struct nlattr *a, void *ctx)
{
	return mnl_attr_get_type(a) == IFLA_LINKINFO ? mnl_attr_parse_nested(a, in_link_info, ctx) : MNL_CB_OK;
}

static int take_port_state(const struct nlmsghdr *h, void *ctx)
{
	return mnl_attr_parse(h, sizeof(struct ifinfomsg), in_link, ctx);
}

bool netlink_forwarding(struct netlink *nl, unsigned index)
{
	char buf[MESSAGE_MAX];
	uint8_t state = BR_STATE_DISABLED;
	struct nlmsghdr *h = request(nl, buf, RTM_GETLINK, NLM_F_ACK);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof *info);
	info->ifi_index = (int)index;
	return talk(nl, h, take_port_state, &state) && state == BR_STATE_FORWARDING;
}

enum err netlink_up(struct netlink *nl, unsigned index, bool up, struct why *w)
{
	char buf[MESSAGE_MAX];
	struct nlmsghdr *h = request(nl, buf, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof *info);
	info->ifi_index = (int)index;
	info->ifi_change = IFF_UP;
	info->ifi_flags = up ? IFF_UP : 0;
	return command(nl, h) ? ERR_OK
	                      : why_errno(w, ERR_NET, "interface %u cannot be set %s", index, up ? "up" : "down");
}

enum err netlink_plug(struct netlink *nl, unsigned index, unsigned bridge, struct why *w)
{
	char buf[MESSAGE_MAX];
	struct nlmsghdr *h = request(nl, buf, RTM_NEWLINK, NLM_F_ACK);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(h, sizeof *info);
	info->ifi_index = (int)index;
	mnl_attr_put_u32(h, IFLA_MASTER, bridge);
	return command(nl, h) ? ERR_OK : why_errno(w, ERR_NET, "a cable cannot be plugged into its switch");
}

enum err netlink_no_offload(const char *ifname, struct why *w)
{
	static const uint32_t features[] = {ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO};
	int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s < 0)
		return why_errno(w, ERR_UNSUPPORTED, "no socket for the settings of %s", ifname);
	enum err e = ERR_OK;
	for (size_t i = 0; i < sizeof features / sizeof *features && e == ERR_OK; i++) {
		struct ethtool_value off = {.cmd = features[i], .data = 0};
		struct ifreq req = {0};
		strncpy(req.ifr_name, ifname, sizeof req.ifr_name - 1);
		req.ifr_data = (char *)&off;
		if (ioctl(s, SIOCETHTOOL, &req) < 0 && errno != EOPNOTSUPP)
			e = why_errno(w, ERR_UNSUPPORTED, "the offloads of %s cannot be switched off", ifname);
	}
	close(s);
	return e;
}

/* --- addresses and routes --- */

static size_t ip_len(const struct ip *a)
{
	return a->family == 4 ? 4 : 16;
}

static uint8_t ip_af(const struct ip *a)
{
	return a->family == 4 ? AF_INET : AF_INET6;
}

/* The broadcast address of an IPv4 prefix of which some host bits are left. */
static void put_broadcast(struct nlmsghdr *h, const struct topo_addr *a)
{
	uint32_t v = (uint32_t)a->ip.b[0] << 24 | (uint32_t)a->ip.b[1] << 16 | (uint32_t)a->ip.b[2] << 8 | a->ip.b[3];
	v |= a->prefix == 0 ? UINT32_MAX : UINT32_MAX >> a->prefix;
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
	mnl_attr_put(h, IFA_BROADCAST, sizeof b, b);
}

enum err netlink_add_addr(struct netlink *nl, unsigned index, const struct topo_addr *a, struct why *w)
{
	char buf[MESSAGE_MAX], text[IP_TEXT];
	struct nlmsghdr *h = request(nl, buf, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK);
	struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	m->ifa_family = ip_af(&a->ip);
	m->ifa_prefixlen = a->prefix;
	m->ifa_index = index;
	if (a->ip.family == 6)
		m->ifa_flags = IFA_F_NODAD; /* nobody else can have it: it is usable at once */
	mnl_attr_put(h, IFA_LOCAL, ip_len(&a->ip), a->ip.b);
	mnl_attr_put(h, IFA_ADDRESS, ip_len(&a->ip), a->ip.b);
	if (a->ip.family == 4 && a->prefix < 31)
		put_broadcast(h, a);
	return command(nl, h) ? ERR_OK : why_errno(w, ERR_NET, "the address %s cannot be set", ip_text(text, &a->ip));
}

enum err netlink_add_route(struct netlink *nl, const struct topo_route *r, struct why *w)
{
	char buf[MESSAGE_MAX], to[IP_TEXT], via[IP_TEXT];
	struct nlmsghdr *h = request(nl, buf, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
	m->rtm_family = ip_af(&r->via);
	m->rtm_dst_len = r->to.prefix;
	m->rtm_table = RT_TABLE_MAIN;
	m->rtm_protocol = RTPROT_STATIC;
	m->rtm_scope = RT_SCOPE_UNIVERSE;
	m->rtm_type = RTN_UNICAST;
	if (r->to.prefix)
		mnl_attr_put(h, RTA_DST, ip_len(&r->to.ip), r->to.ip.b);
	mnl_attr_put(h, RTA_GATEWAY, ip_len(&r->via), r->via.b);
	return command(nl, h) ? ERR_OK
	                      : why_errno(w, ERR_NET, "the route to %s/%u via %s cannot be set",
	                            ip_text(to, &r->to.ip), r->to.prefix, ip_text(via, &r->via));
}

struct addr_list {
	struct netlink_addr *out;
	size_t n, max;
};

/* The local address of a message: IFA_LOCAL, or where there is none (IPv6) IFA_ADDRESS. */
static int find_addr(const struct nlattr *a, void *ctx)
{
	const struct nlattr **found = ctx;
	uint16_t type = mnl_attr_get_type(a);
	if (type == IFA_LOCAL || (type == IFA_ADDRESS && !*found))
		*found = a;
	return MNL_CB_OK;
}

static int take_addr(const struct nlmsghdr *h, void *ctx)
{
	struct addr_list *l = ctx;
	const struct ifaddrmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *addr = NULL;
	size_t len = m->ifa_family == AF_INET ? 4 : 16;
	if ((m->ifa_family != AF_INET && m->ifa_family != AF_INET6) || l->n == l->max)
		return MNL_CB_OK;
	if (mnl_attr_parse(h, sizeof *m, find_addr, &addr) < 0 || !addr || mnl_attr_get_payload_len(addr) != len)
		return MNL_CB_OK;
	l->out[l->n++] = (struct netlink_addr){.index = m->ifa_index,
	    .addr = {ip_from(len == 4 ? 4 : 6, mnl_attr_get_payload(addr)), m->ifa_prefixlen},
	    .link_local = m->ifa_scope == RT_SCOPE_LINK};
	return MNL_CB_OK;
}

size_t netlink_addrs(struct netlink *nl, struct netlink_addr *out, size_t max)
{
	char buf[MESSAGE_MAX];
	struct addr_list list = {out, 0, max};
	struct nlmsghdr *h = request(nl, buf, RTM_GETADDR, NLM_F_DUMP);
	mnl_nlmsg_put_extra_header(h, sizeof(struct ifaddrmsg));
	return talk(nl, h, take_addr, &list) ? list.n : 0;
}

struct ip_list {
	struct ip *out;
	size_t n, max;
};

static int find_gateway(const struct nlattr *a, void *ctx)
{
	if (mnl_attr_get_type(a) == RTA_GATEWAY)
		*(const struct nlattr **)ctx = a;
	return MNL_CB_OK;
}

static int take_gateway(const struct nlmsghdr *h, void *ctx)
{
	struct ip_list *l = ctx;
	const struct rtmsg *m = mnl_nlmsg_get_payload(h);
	const struct nlattr *a = NULL;
	size_t len = m->rtm_family == AF_INET ? 4 : 16;
	if (m->rtm_dst_len != 0 || m->rtm_table != RT_TABLE_MAIN || m->rtm_type != RTN_UNICAST || l->n == l->max)
		return MNL_CB_OK;
	if (mnl_attr_parse(h, sizeof *m, find_gateway, &a) >= 0 && a && mnl_attr_get_payload_len(a) == len)
		l->out[l->n++] = ip_from(len == 4 ? 4 : 6, mnl_attr_get_payload(a));
	return MNL_CB_OK;
}

size_t netlink_gateways(struct netlink *nl, struct ip *out, size_t max)
{
	struct ip_list list = {out, 0, max};
	static const unsigned char families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < sizeof families; i++) {
		char buf[MESSAGE_MAX];
		struct nlmsghdr *h = request(nl, buf, RTM_GETROUTE, NLM_F_DUMP);
		struct rtmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
		m->rtm_family = families[i];
		if (!talk(nl, h, take_gateway, &list))
			break;
	}
	return list.n;
}

enum err netlink_flush(struct netlink *nl, unsigned index, struct why *w)
{
	struct netlink_addr list[32];
	size_t n = netlink_addrs(nl, list, sizeof list / sizeof *list);
	for (size_t i = 0; i < n; i++) {
		if (list[i].index != index || list[i].link_local)
			continue;
		char buf[MESSAGE_MAX], text[IP_TEXT];
		struct nlmsghdr *h = request(nl, buf, RTM_DELADDR, NLM_F_ACK);
		struct ifaddrmsg *m = mnl_nlmsg_put_extra_header(h, sizeof *m);
		m->ifa_family = ip_af(&list[i].addr.ip);
		m->ifa_prefixlen = list[i].addr.prefix;
		m->ifa_index = index;
		mnl_attr_put(h, IFA_LOCAL, ip_len(&list[i].addr.ip), list[i].addr.ip.b);
		if (!command(nl, h) && errno != EADDRNOTAVAIL)
			return why_errno(
			    w, ERR_NET, "the address %s cannot be taken away", ip_text(text, &list[i].addr.ip));
	}
	return ERR_OK;
}
