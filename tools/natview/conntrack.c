#include "conntrack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "glassnet/proto/ip.h"

#define ANSWER_MAX 65536
#define ATTRS      32
#define EVENT_ROOM (4 << 20) /* octets that may wait for us */

/* --- one message ------------------------------------------------------------------------------------------------- */

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

static struct attrs nested(const struct nlattr *a)
{
	struct attrs t = {0};
	if (a)
		mnl_attr_parse_nested(a, keep_attr, &t);
	return t;
}

static const void *octets(const struct attrs *t, unsigned type, size_t len)
{
	return t->a[type] && mnl_attr_get_payload_len(t->a[type]) >= len ? mnl_attr_get_payload(t->a[type]) : NULL;
}

static uint16_t u16_at(const struct attrs *t, unsigned type)
{
	uint16_t v = 0;
	const void *p = octets(t, type, sizeof v);
	if (p)
		memcpy(&v, p, sizeof v);
	return ntohs(v);
}

static bool u32_at(const struct attrs *t, unsigned type, uint32_t *out)
{
	const void *p = octets(t, type, sizeof *out);
	if (!p)
		return false;
	memcpy(out, p, sizeof *out);
	*out = ntohl(*out);
	return true;
}

static struct ip ip_at(const struct attrs *t, unsigned v4, unsigned v6)
{
	const void *p = octets(t, v4, 4);
	if (p)
		return ip_from(4, p);
	p = octets(t, v6, 16);
	return p ? ip_from(6, p) : (struct ip){0};
}

static bool read_tuple(struct ct_tuple *out, const struct nlattr *a)
{
	struct attrs t = nested(a), ip = nested(t.a[CTA_TUPLE_IP]), proto = nested(t.a[CTA_TUPLE_PROTO]);
	const uint8_t *number = octets(&proto, CTA_PROTO_NUM, 1);
	out->src.ip = ip_at(&ip, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
	out->dst.ip = ip_at(&ip, CTA_IP_V4_DST, CTA_IP_V6_DST);
	out->protocol = number ? *number : 0;
	out->src.port = u16_at(&proto, CTA_PROTO_SRC_PORT);
	out->dst.port = u16_at(&proto, CTA_PROTO_DST_PORT);
	if (out->protocol == IPPROTO_ICMP)
		out->src.port = out->dst.port = u16_at(&proto, CTA_PROTO_ICMP_ID);
	else if (out->protocol == IPPROTO_ICMPV6)
		out->src.port = out->dst.port = u16_at(&proto, CTA_PROTO_ICMPV6_ID);
	return out->src.ip.family && out->src.ip.family == out->dst.ip.family && number;
}

bool ct_parse(struct ct_entry *out, enum ct_change *change, const struct nlmsghdr *h)
{
	struct attrs t = {0};
	*out = (struct ct_entry){.id = 0};
	if (h->nlmsg_type >> 8 != NFNL_SUBSYS_CTNETLINK || mnl_nlmsg_get_payload_len(h) < sizeof(struct nfgenmsg))
		return false;
	switch (h->nlmsg_type & 0xff) {
	case IPCTNL_MSG_CT_NEW:
		*change = h->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL) ? CT_NEW : CT_UPDATE;
		break;
	case IPCTNL_MSG_CT_DELETE:
		*change = CT_GONE;
		break;
	default:
		return false;
	}
	if (mnl_attr_parse(h, sizeof(struct nfgenmsg), keep_attr, &t) < 0 ||
	    !read_tuple(&out->there, t.a[CTA_TUPLE_ORIG]) || !read_tuple(&out->back, t.a[CTA_TUPLE_REPLY]))
		return false;
	(void)u32_at(&t, CTA_ID, &out->id);
	(void)u32_at(&t, CTA_STATUS, &out->status);
	out->has_timeout = u32_at(&t, CTA_TIMEOUT, &out->timeout);
	struct attrs info = nested(t.a[CTA_PROTOINFO]), tcp = nested(info.a[CTA_PROTOINFO_TCP]);
	const uint8_t *state = octets(&tcp, CTA_PROTOINFO_TCP_STATE, 1);
	out->tcp_state = state ? *state : 0;
	return true;
}

/* --- the sockets ------------------------------------------------------------------------------------------------------ */

static struct mnl_socket *open_socket(unsigned groups)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (s && mnl_socket_bind(s, groups, MNL_SOCKET_AUTOPID) < 0) {
		int keep = errno;
		mnl_socket_close(s);
		errno = keep;
		return NULL;
	}
	return s;
}

enum err conntrack_open(struct conntrack *ct)
{
	int room = EVENT_ROOM;
	*ct = (struct conntrack){
	    open_socket(NF_NETLINK_CONNTRACK_NEW | NF_NETLINK_CONNTRACK_UPDATE | NF_NETLINK_CONNTRACK_DESTROY),
	    open_socket(0)};
	if (ct->events && ct->table) {
		if (setsockopt(conntrack_fd(ct), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
			(void)setsockopt(conntrack_fd(ct), SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
		return ERR_OK;
	}
	int why = errno;
	conntrack_close(ct);
	errno = why;
	return why == EPERM || why == EACCES ? ERR_PERM : ERR_NET;
}

void conntrack_close(struct conntrack *ct)
{
	if (ct->events)
		mnl_socket_close(ct->events);
	if (ct->table)
		mnl_socket_close(ct->table);
	*ct = (struct conntrack){0};
}

int conntrack_fd(const struct conntrack *ct)
{
	return mnl_socket_get_fd(ct->events);
}

struct taker {
	on_ct *on_entry;
	void *ctx;
	bool listing;
};

static int take(const struct nlmsghdr *h, void *ctx)
{
	struct taker *k = ctx;
	struct ct_entry e;
	enum ct_change change;
	if (ct_parse(&e, &change, h))
		k->on_entry(k->ctx, k->listing ? CT_LISTED : change, &e);
	return MNL_CB_OK;
}

enum err conntrack_changes(struct conntrack *ct, on_ct *on_entry, void *ctx, bool *lost)
{
	struct taker k = {on_entry, ctx, false};
	char *buf = malloc(ANSWER_MAX);
	enum err e = buf ? ERR_OK : ERR_NOMEM;
	*lost = false;
	while (e == ERR_OK) {
		ssize_t n = mnl_socket_recvfrom(ct->events, buf, ANSWER_MAX);
		if (n < 0 && errno == ENOBUFS) {
			*lost = true;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0 || mnl_cb_run(buf, (size_t)n, 0, 0, take, &k) < 0)
			e = ERR_NET;
	}
	free(buf);
	return e;
}

enum err conntrack_list(struct conntrack *ct, on_ct *on_entry, void *ctx)
{
	struct taker k = {on_entry, ctx, true};
	char request[256] = {0}, *buf = malloc(ANSWER_MAX);
	struct nlmsghdr *h = mnl_nlmsg_put_header(request);
	h->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	h->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	h->nlmsg_seq = 1;
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(h, sizeof *g);
	g->nfgen_family = AF_UNSPEC;
	bool good = buf && mnl_socket_sendto(ct->table, h, h->nlmsg_len) >= 0;
	for (int r = MNL_CB_OK; good && r > 0;) {
		ssize_t n =
		    mnl_socket_recvfrom(ct->table, buf, ANSWER_MAX); /* a dump is there when it is asked for */
		if (n < 0 && errno == EINTR)
			continue;
		r = n < 0 ? -1 : mnl_cb_run(buf, (size_t)n, 1, mnl_socket_get_portid(ct->table), take, &k);
		good = r >= 0;
	}
	free(buf);
	return good ? ERR_OK : ERR_NET;
}

/* --- in words ----------------------------------------------------------------------------------------------------------- */

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

bool ct_source_changed(const struct ct_entry *e)
{
	return !same(&e->there.src, &e->back.dst);
}

bool ct_destination_changed(const struct ct_entry *e)
{
	return !same(&e->there.dst, &e->back.src);
}

static const char *protocol(uint8_t p, char number[static 16])
{
	const char *name = ip_protocol_name(p);
	snprintf(number, 16, "protocol %u", p);
	return name ? name : number;
}

char *ct_key(char out[static CT_TEXT], const struct ct_entry *e)
{
	char a[ENDPOINT_TEXT], b[ENDPOINT_TEXT], n[16];
	bool icmp = e->there.protocol == IPPROTO_ICMP || e->there.protocol == IPPROTO_ICMPV6;
	if (icmp) {
		char from[IP_TEXT], to[IP_TEXT];
		snprintf(out, CT_TEXT, "%s %s to %s, identifier %u", protocol(e->there.protocol, n),
		    ip_text(from, &e->there.src.ip), ip_text(to, &e->there.dst.ip), e->there.src.port);
	} else {
		snprintf(out, CT_TEXT, "%s %s to %s", protocol(e->there.protocol, n), endpoint_text(a, &e->there.src),
		    endpoint_text(b, &e->there.dst));
	}
	return out;
}

static const char *tcp_name(uint8_t state)
{
	static const char *const names[] = {[TCP_CONNTRACK_SYN_SENT] = "SYN seen",
	    [TCP_CONNTRACK_SYN_RECV] = "SYN answered",
	    [TCP_CONNTRACK_ESTABLISHED] = "established",
	    [TCP_CONNTRACK_FIN_WAIT] = "one side is done",
	    [TCP_CONNTRACK_CLOSE_WAIT] = "one side is done",
	    [TCP_CONNTRACK_LAST_ACK] = "both sides are done",
	    [TCP_CONNTRACK_TIME_WAIT] = "over, kept for late packets",
	    [TCP_CONNTRACK_CLOSE] = "broken off"};
	return state < sizeof names / sizeof *names && names[state] ? names[state] : "open";
}

char *ct_status(char out[static CT_TEXT], const struct ct_entry *e)
{
	bool tcp = e->there.protocol == IPPROTO_TCP && e->tcp_state;
	int n = snprintf(out, CT_TEXT, "%s",
	    tcp                          ? tcp_name(e->tcp_state)
	    : e->status & IPS_SEEN_REPLY ? "answered"
	                                 : "no answer yet");
	if (n > 0 && e->has_timeout)
		snprintf(out + n, CT_TEXT - (size_t)n, ", forgotten in %u s", e->timeout);
	return out;
}

char *ct_value(char out[static CT_TEXT], const struct ct_entry *e)
{
	char a[ENDPOINT_TEXT], b[ENDPOINT_TEXT], status[CT_TEXT];
	ct_status(status, e);
	endpoint_text(a, &e->back.dst);
	endpoint_text(b, &e->back.src);
	if (ct_source_changed(e) && ct_destination_changed(e))
		snprintf(out, CT_TEXT, "outside it is %s, and it is led to %s; %.100s", a, b, status);
	else if (ct_source_changed(e))
		snprintf(out, CT_TEXT, "outside it is %s; %.100s", a, status);
	else if (ct_destination_changed(e))
		snprintf(out, CT_TEXT, "it is led to %s; %.100s", b, status);
	else
		snprintf(out, CT_TEXT, "not translated; %.100s", status);
	return out;
}
