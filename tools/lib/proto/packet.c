/* A packet taken apart: which decoder comes next is decided by one table, and by the content of TCP payloads.
 *
 * Each take_X() below reads one layer with its protocol's own parser, notes what the packet's summary fields
 * need and says what follows. packet_parse() is the loop around them. */
#include "glassnet/packet.h"

#include <pcap/dlt.h>

#include "glassnet/flow.h"
#include "glassnet/proto/arp.h"
#include "glassnet/proto/dh_frame.h"
#include "glassnet/proto/dhcp.h"
#include "glassnet/proto/dns.h"
#include "glassnet/proto/ether.h"
#include "glassnet/proto/http.h"
#include "glassnet/proto/icmp.h"
#include "glassnet/proto/ip.h"
#include "glassnet/proto/ntp.h"
#include "glassnet/proto/ssh.h"
#include "glassnet/proto/stun.h"
#include "glassnet/proto/tls.h"
#include "glassnet/proto/transport.h"
#include "glassnet/wire.h"

enum key { BY_LINKTYPE, BY_ETHERTYPE, BY_IP_PROTOCOL, BY_UDP_PORT, BY_TCP_PORT };

/* What carries what. A TCP port only says what to try first: content decides (see take_stream()). */
static const struct {
	enum key key;
	unsigned value;
	enum proto proto;
} dispatch[] = {
    {BY_LINKTYPE, DLT_EN10MB, PROTO_ETHER},
    {BY_LINKTYPE, DLT_NULL, PROTO_LINK},
    {BY_LINKTYPE, DLT_LOOP, PROTO_LINK},
    {BY_LINKTYPE, DLT_LINUX_SLL, PROTO_LINK},
    {BY_LINKTYPE, DLT_LINUX_SLL2, PROTO_LINK},
    {BY_LINKTYPE, DLT_IPV4, PROTO_IPV4},
    {BY_LINKTYPE, DLT_IPV6, PROTO_IPV6},
    {BY_ETHERTYPE, ETHER_IPV4, PROTO_IPV4},
    {BY_ETHERTYPE, ETHER_IPV6, PROTO_IPV6},
    {BY_ETHERTYPE, ETHER_ARP, PROTO_ARP},
    {BY_IP_PROTOCOL, IPPROTO_IS_TCP, PROTO_TCP},
    {BY_IP_PROTOCOL, IPPROTO_IS_UDP, PROTO_UDP},
    {BY_IP_PROTOCOL, IPPROTO_IS_ICMP, PROTO_ICMP},
    {BY_IP_PROTOCOL, IPPROTO_IS_ICMPV6, PROTO_ICMPV6},
    {BY_UDP_PORT, 53, PROTO_DNS},
    {BY_UDP_PORT, 67, PROTO_DHCP},
    {BY_UDP_PORT, 68, PROTO_DHCP},
    {BY_UDP_PORT, 123, PROTO_NTP},
    {BY_UDP_PORT, 3478, PROTO_STUN},
    {BY_UDP_PORT, 3479, PROTO_STUN},
    {BY_TCP_PORT, 22, PROTO_SSH},
    {BY_TCP_PORT, 53, PROTO_DNS},
    {BY_TCP_PORT, 80, PROTO_HTTP},
    {BY_TCP_PORT, 8080, PROTO_HTTP},
    {BY_TCP_PORT, 443, PROTO_TLS},
    {BY_TCP_PORT, 8443, PROTO_TLS},
};

static enum proto lookup(enum key key, unsigned value)
{
	for (size_t i = 0; i < sizeof(dispatch) / sizeof(dispatch[0]); i++)
		if (dispatch[i].key == key && dispatch[i].value == value)
			return dispatch[i].proto;
	return PROTO_DATA;
}

static enum proto lookup_port(enum key key, uint16_t sport, uint16_t dport)
{
	enum proto proto = lookup(key, dport);

	return proto != PROTO_DATA ? proto : lookup(key, sport);
}

/* What the next decoder works on, and what it has to know of those before it. */
struct step {
	enum proto proto; /* PROTO_NONE: nothing follows */
	size_t off, len;
	bool cut;     /* fewer octets than were sent, through no fault of theirs: a snap length, a first fragment */
	bool go_on;   /* what follows can be read in spite of the error */
	bool headers; /* only headers are wanted: what TCP carries is left alone */
};

static void follow(struct step *s, enum proto proto, size_t header)
{
	s->proto = header < s->len ? proto : PROTO_NONE;
	s->off += header;
	s->len -= header;
}

static enum err take_ether(struct packet *p, struct step *s, size_t *at)
{
	struct ether h;
	enum err e = ether_parse(&h, p->bytes + s->off, s->len, at);

	if (e != ERR_OK)
		return e;
	p->has_mac = true;
	p->src_mac = h.src;
	p->dst_mac = h.dst;
	follow(s, lookup(BY_ETHERTYPE, h.type), h.header_len);
	return ERR_OK;
}

static enum err take_link(struct packet *p, struct step *s, size_t *at)
{
	struct link_header h;
	enum err e = link_parse(&h, p->linktype, p->bytes + s->off, s->len, at);

	if (e == ERR_OK)
		follow(s, lookup(BY_ETHERTYPE, h.type), h.header_len);
	return e;
}

static enum err take_arp(struct packet *p, struct step *s, size_t *at)
{
	struct arp h;
	enum err e = arp_parse(&h, p->bytes + s->off, s->len, at);

	s->proto = PROTO_NONE; /* what follows is the padding of a short frame */
	if (e != ERR_OK)
		return e;
	p->src.ip = h.sender;
	p->dst.ip = h.target;
	return ERR_OK;
}

/* The end of what IP carries: the frame may be longer (padding), or shorter than IP says. */
static enum err follow_ip(struct packet *p, struct step *s, size_t *at, size_t header, size_t payload, bool cut)
{
	enum err e = cut && p->len >= p->wire_len ? ERR_TRUNCATED : ERR_OK;

	if (e)
		*at = s->len;
	s->go_on = true;
	s->cut |= cut;
	s->len = header + payload;
	p->layers[p->n_layers - 1].len = s->len;
	follow(s, p->fragment ? PROTO_DATA : lookup(BY_IP_PROTOCOL, p->ip_proto), header);
	return e;
}

static enum err take_ipv4(struct packet *p, struct step *s, size_t *at)
{
	struct ipv4 h;
	enum err e = ipv4_parse(&h, p->bytes + s->off, s->len, at), cut;
	size_t where = *at;

	if (e != ERR_OK && h.payload_len == 0)
		return e; /* else only its options are wrong */
	p->src.ip = h.src;
	p->dst.ip = h.dst;
	p->ip_proto = h.protocol;
	p->ttl = h.ttl;
	p->fragment = h.frag_off > 0;
	p->missing = h.cut ? h.total_len - s->len : 0;
	s->cut |= h.mf;
	cut = follow_ip(p, s, at, h.header_len, h.payload_len, h.cut);
	if (e == ERR_OK)
		return cut;
	*at = where;
	return e;
}

static enum err take_ipv6(struct packet *p, struct step *s, size_t *at)
{
	struct ipv6 h;
	enum err e = ipv6_parse(&h, p->bytes + s->off, s->len, at);

	if (e != ERR_OK)
		return e;
	p->src.ip = h.src;
	p->dst.ip = h.dst;
	p->ip_proto = h.protocol;
	p->ttl = h.hop_limit;
	p->fragment = h.frag_off > 0;
	p->missing = h.cut ? 40U + h.length - s->len : 0;
	s->cut |= h.mf;
	return follow_ip(p, s, at, h.header_len, h.payload_len, h.cut);
}

static enum err take_icmp(struct packet *p, struct step *s, size_t *at)
{
	struct icmp h;
	bool v6 = p->layers[p->n_layers - 1].proto == PROTO_ICMPV6;
	enum err e =
	    v6 ? icmpv6_parse(&h, p->bytes + s->off, s->len, at) : icmp_parse(&h, p->bytes + s->off, s->len, at);

	s->proto = PROTO_NONE;
	if (s->len >= 8) {
		p->payload_off = s->off + 8;
		p->payload_len = s->len - 8;
	}
	return s->cut && e == ERR_TRUNCATED && s->len >= 8 ? ERR_OK : e;
}

/* STUN is spoken on any port; and on its own ones TURN's data is not STUN (RFC 8656 12). */
static enum proto take_datagram(const struct udp *h, const uint8_t *p, size_t len)
{
	enum proto proto = lookup_port(BY_UDP_PORT, h->sport, h->dport);

	if (proto == PROTO_DATA && stun_looks_like(p, len))
		return PROTO_STUN;
	return proto == PROTO_STUN && len > 0 && p[0] >> 6 != 0 ? PROTO_DATA : proto;
}

static enum err take_udp(struct packet *p, struct step *s, size_t *at)
{
	struct udp h;
	enum err e = udp_parse(&h, p->bytes + s->off, s->len, at);

	if (e != ERR_OK)
		return e;
	p->src.port = h.sport;
	p->dst.port = h.dport;
	p->payload_off = s->off + 8;
	p->payload_len = h.data_len;
	e = h.cut && !s->cut ? ERR_TRUNCATED : ERR_OK;
	if (e)
		*at = s->len;
	s->go_on = true;
	s->cut |= h.cut;
	s->len = 8 + h.data_len;
	p->layers[p->n_layers - 1].len = s->len;
	follow(s, take_datagram(&h, p->bytes + p->payload_off, h.data_len), 8);
	return e;
}

/* TCP is a stream: a segment may begin in the middle of a message. So the content decides. */
static bool claims(enum proto proto, const uint8_t *p, size_t len)
{
	switch (proto) {
	case PROTO_HTTP:
		return http_looks_like(p, len);
	case PROTO_TLS:
		return tls_looks_like(p, len);
	case PROTO_DNS:
		return dns_tcp_looks_like(p, len);
	case PROTO_SSH:
		return ssh_looks_like(p, len);
	case PROTO_DH:
		return dh_frame_looks_like(p, len);
	default:
		return false;
	}
}

enum proto packet_stream_proto(const struct packet *p, const uint8_t *data, size_t len)
{
	static const enum proto anywhere[] = {PROTO_HTTP, PROTO_TLS, PROTO_SSH, PROTO_DH};
	enum proto first = lookup_port(BY_TCP_PORT, p->src.port, p->dst.port);

	if (len == 0)
		return PROTO_DATA;
	if (claims(first, data, len))
		return first;
	for (size_t i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++)
		if (claims(anywhere[i], data, len))
			return anywhere[i];
	return first == PROTO_SSH ? PROTO_SSH : PROTO_DATA; /* the most of SSH looks like nothing */
}

static enum err take_tcp(struct packet *p, struct step *s, size_t *at)
{
	struct tcp h;
	enum err e = tcp_parse(&h, p->bytes + s->off, s->len, at);

	if (h.header_len < 20 || h.header_len > s->len)
		return e;
	p->src.port = h.sport;
	p->dst.port = h.dport;
	p->payload_off = s->off + h.header_len;
	p->payload_len = h.data_len;
	s->go_on = true;
	if (s->headers)
		s->proto = PROTO_NONE;
	else
		follow(s, packet_stream_proto(p, p->bytes + p->payload_off, h.data_len), h.header_len);
	return e;
}

static enum err take_dns(struct packet *p, struct step *s, size_t *at)
{
	struct dns h;
	bool stream = p->ip_proto == IPPROTO_IS_TCP;

	s->proto = PROTO_NONE;
	return stream ? dns_tcp_parse(&h, p->bytes + s->off, s->len, at)
	              : dns_parse(&h, p->bytes + s->off, s->len, at);
}

static enum err take_dhcp(struct packet *p, struct step *s, size_t *at)
{
	struct dhcp h;

	s->proto = PROTO_NONE;
	return dhcp_parse(&h, p->bytes + s->off, s->len, at);
}

/* A message of a stream that goes on in the next segment is no error. */
static enum err take_http(struct packet *p, struct step *s, size_t *at)
{
	struct http h;
	enum err e = http_parse(&h, p->bytes + s->off, s->len, at);

	s->proto = PROTO_NONE;
	return e == ERR_TRUNCATED ? ERR_OK : e;
}

static enum err take_tls(struct packet *p, struct step *s, size_t *at)
{
	struct tls h;

	s->proto = PROTO_NONE;
	return tls_parse_on(&h, p->segment && p->segment->keyed, p->bytes + s->off, s->len, at);
}

static enum err take_ssh(struct packet *p, struct step *s, size_t *at)
{
	struct ssh h;

	s->proto = PROTO_NONE;
	return ssh_parse_on(&h, p->segment && p->segment->keyed, p->bytes + s->off, s->len, at);
}

static enum err take_stun(struct packet *p, struct step *s, size_t *at)
{
	struct stun h;

	s->proto = PROTO_NONE;
	return stun_parse(&h, p->bytes + s->off, s->len, at);
}

static enum err take_dh(struct packet *p, struct step *s, size_t *at)
{
	struct dh_frames h;

	s->proto = PROTO_NONE;
	return dh_frames_parse(&h, p->bytes + s->off, s->len, at);
}

static enum err take_ntp(struct packet *p, struct step *s, size_t *at)
{
	struct ntp h;

	s->proto = PROTO_NONE;
	return ntp_parse(&h, p->bytes + s->off, s->len, at);
}

static enum err take_data(struct packet *p, struct step *s, size_t *at)
{
	(void)p;
	(void)at;
	s->proto = PROTO_NONE;
	return ERR_OK;
}

static const struct {
	const char *name;
	enum err (*take)(struct packet *p, struct step *s, size_t *at);
} decoders[PROTO_COUNT] = {
    [PROTO_NONE] = {"nothing", take_data},
    [PROTO_ETHER] = {"Ethernet", take_ether},
    [PROTO_ARP] = {"ARP", take_arp},
    [PROTO_IPV4] = {"IPv4", take_ipv4},
    [PROTO_IPV6] = {"IPv6", take_ipv6},
    [PROTO_ICMP] = {"ICMP", take_icmp},
    [PROTO_ICMPV6] = {"ICMPv6", take_icmp},
    [PROTO_UDP] = {"UDP", take_udp},
    [PROTO_TCP] = {"TCP", take_tcp},
    [PROTO_DNS] = {"DNS", take_dns},
    [PROTO_DHCP] = {"DHCP", take_dhcp},
    [PROTO_HTTP] = {"HTTP", take_http},
    [PROTO_TLS] = {"TLS", take_tls},
    [PROTO_SSH] = {"SSH", take_ssh},
    [PROTO_STUN] = {"STUN", take_stun},
    [PROTO_NTP] = {"NTP", take_ntp},
    [PROTO_DH] = {"DH", take_dh},
    [PROTO_LINK] = {"link header", take_link},
    [PROTO_DATA] = {"data", take_data},
};

const char *proto_name(enum proto p)
{
	return (unsigned)p < PROTO_COUNT ? decoders[p].name : "unknown";
}

/* Where decoding begins. A raw IP capture tells its version only in the packet's first four bits. */
static struct step first_step(const struct packet *p)
{
	struct step s = {.proto = lookup(BY_LINKTYPE, (unsigned)p->linktype), .len = p->len};

	if (p->linktype == DLT_RAW && p->len > 0 && p->bytes[0] >> 4 == 6)
		s.proto = PROTO_IPV6;
	else if (p->linktype == DLT_RAW)
		s.proto = PROTO_IPV4;
	s.cut = p->len < p->wire_len;
	return s;
}

/* Takes layer upon layer from the step on. One that is wrong may still tell what follows. */
static void take_layers(struct packet *p, struct step *s)
{
	while (s->proto != PROTO_NONE && p->n_layers < PACKET_MAX_LAYERS) {
		struct layer *l = &p->layers[p->n_layers++];
		size_t at = 0;
		*l = (struct layer){.proto = s->proto, .off = s->off, .len = s->len};
		s->go_on = false;
		l->err = decoders[l->proto].take(p, s, &at);
		if (l->err == ERR_OK)
			continue;
		l->err_off = l->off + at;
		if (!s->go_on)
			return;
	}
}

static void parse(struct packet *p, bool headers)
{
	struct step s = first_step(p);

	s.headers = headers;
	p->n_layers = 0;
	p->has_mac = p->fragment = false;
	p->src_mac = p->dst_mac = (struct mac){{0}};
	p->src = p->dst = (struct endpoint){0};
	p->ip_proto = p->ttl = 0;
	p->payload_off = p->payload_len = p->missing = 0;
	p->segment = NULL;
	take_layers(p, &s);
}

void packet_parse(struct packet *p)
{
	parse(p, false);
}

void packet_parse_headers(struct packet *p)
{
	parse(p, true);
}

void packet_add_layer(struct packet *p, enum proto proto, bool stream, size_t len)
{
	struct packet data = {.len = len, .wire_len = len, .ip_proto = p->ip_proto};
	struct step s = {.proto = proto, .len = len};

	if (p->n_layers == PACKET_MAX_LAYERS)
		return;
	if (!stream) {
		s.off = p->payload_off;
		take_layers(p, &s);
		return;
	}
	data.segment = p->segment;
	data.bytes = p->segment->data;
	take_layers(&data, &s);
	p->layers[p->n_layers] = data.layers[0];
	p->layers[p->n_layers++].stream = true;
}

const struct layer *packet_top(const struct packet *p)
{
	static const struct layer none = {.proto = PROTO_NONE};

	return p->n_layers > 0 ? &p->layers[p->n_layers - 1] : &none;
}
