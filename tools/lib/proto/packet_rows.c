/* What each protocol's layer says of itself, in one table. */
#include "packet_rows.h"

#include "fields.h"
#include "glassnet/flow.h"
#include "glassnet/wire.h"
#include "segment_text.h"

struct view view_of(const struct packet *p, unsigned i)
{
	const struct layer *l = &p->layers[i];

	return (struct view){.packet = p,
	    .index = i,
	    .p = (l->stream ? p->segment->data : p->bytes) + l->off,
	    .len = l->len,
	    .base = l->off,
	    .tcp = p->ip_proto == IPPROTO_IS_TCP,
	    .keyed = p->segment && p->segment->keyed};
}

/* A DNS message over TCP stands behind its length. */
static struct view dns_view(const struct view *v)
{
	struct view m = *v;

	if (v->tcp && v->len >= DNS_TCP_PREFIX) {
		m.p += DNS_TCP_PREFIX;
		m.base += DNS_TCP_PREFIX;
		m.len = dns_tcp_message_len(v->p, v->len);
	}
	return m;
}

/* Is not all here of what this transport layer's checksum covers? */
static bool incomplete(const struct packet *p)
{
	size_t at;

	for (unsigned i = 0; i < p->n_layers; i++) {
		struct view v = view_of(p, i);
		struct ipv4 v4;
		struct ipv6 v6;
		if (p->layers[i].proto == PROTO_IPV4 && ipv4_parse(&v4, v.p, v.len, &at) == ERR_OK)
			return v4.cut || v4.mf || p->fragment;
		if (p->layers[i].proto == PROTO_IPV6 && ipv6_parse(&v6, v.p, v.len, &at) == ERR_OK)
			return v6.cut || v6.mf || p->fragment;
	}
	return true;
}

/* UDP and TCP checksums run over a pseudo header, too (RFC 9293 3.1, RFC 8200 8.1). */
static enum checksum_state check_transport(const struct view *v, uint16_t written)
{
	const struct packet *p = v->packet;
	uint8_t pseudo[40];
	struct wr w = wr_init(pseudo, sizeof(pseudo));
	size_t n = p->src.ip.family == 4 ? 4 : 16;

	if (written == 0 && p->ip_proto == IPPROTO_IS_UDP)
		return CHECKSUM_NONE;
	if (incomplete(p))
		return CHECKSUM_UNCHECKED;
	wr_bytes(&w, p->src.ip.b, n);
	wr_bytes(&w, p->dst.ip.b, n);
	wr_u32(&w, (uint32_t)v->len);
	wr_u32(&w, p->ip_proto);
	if (inet_checksum(pseudo, w.pos, v->p, v->len) == 0)
		return CHECKSUM_RIGHT;
	/* the sum of the pseudo header alone, not complemented yet */
	return written + inet_checksum(pseudo, w.pos, NULL, 0) == 0xffff ? CHECKSUM_BEGUN : CHECKSUM_WRONG;
}

/* --- one row a protocol --- */

static enum err ether_read(union header *h, const struct view *v, size_t *at)
{
	return ether_parse(&h->ether, v->p, v->len, at);
}

static void ether_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	ether_summary(&h->ether, out);
}

static void ether_fields(const union header *h, const struct view *v, struct trace *t)
{
	ether_describe(&h->ether, v->p, v->base, t);
}

static enum err link_read(union header *h, const struct view *v, size_t *at)
{
	return link_parse(&h->link, v->packet->linktype, v->p, v->len, at);
}

static void link_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	link_summary(&h->link, out);
}

static void link_fields(const union header *h, const struct view *v, struct trace *t)
{
	link_describe(&h->link, v->p, v->base, t);
}

static enum err arp_read(union header *h, const struct view *v, size_t *at)
{
	return arp_parse(&h->arp, v->p, v->len, at);
}

static void arp_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	arp_summary(&h->arp, out);
}

static void arp_fields(const union header *h, const struct view *v, struct trace *t)
{
	arp_describe(&h->arp, v->p, v->base, t);
}

static enum err ipv4_read(union header *h, const struct view *v, size_t *at)
{
	return ipv4_parse(&h->ipv4, v->p, v->len, at);
}

static void ipv4_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	ipv4_summary(&h->ipv4, out);
}

static void ipv4_fields(const union header *h, const struct view *v, struct trace *t)
{
	ipv4_describe(&h->ipv4, v->p, v->base, t);
}

static enum err ipv6_read(union header *h, const struct view *v, size_t *at)
{
	return ipv6_parse(&h->ipv6, v->p, v->len, at);
}

static void ipv6_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	ipv6_summary(&h->ipv6, out);
}

static void ipv6_fields(const union header *h, const struct view *v, struct trace *t)
{
	ipv6_describe(&h->ipv6, v->p, v->base, t);
}

static enum err icmp_read(union header *h, const struct view *v, size_t *at)
{
	return icmp_parse(&h->icmp, v->p, v->len, at);
}

static enum err icmpv6_read(union header *h, const struct view *v, size_t *at)
{
	return icmpv6_parse(&h->icmp, v->p, v->len, at);
}

static void icmp_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	icmp_summary(&h->icmp, out);
}

static void icmp_fields(const union header *h, const struct view *v, struct trace *t)
{
	icmp_describe(&h->icmp, v->p, v->base, t);
}

static enum err udp_read(union header *h, const struct view *v, size_t *at)
{
	return udp_parse(&h->udp, v->p, v->len, at);
}

static void udp_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	udp_summary(&h->udp, out);
}

static void udp_fields(const union header *h, const struct view *v, struct trace *t)
{
	udp_describe(&h->udp, v->p, v->base, check_transport(v, h->udp.checksum), t);
}

static enum err tcp_read(union header *h, const struct view *v, size_t *at)
{
	return tcp_parse(&h->tcp, v->p, v->len, at);
}

static void tcp_line(const union header *h, const struct view *v, struct text *out)
{
	tcp_summary(&h->tcp, out);
	if (v->packet->segment)
		segment_line(v->packet->segment, &h->tcp, out);
}

static void tcp_fields(const union header *h, const struct view *v, struct trace *t)
{
	tcp_describe(&h->tcp, v->p, v->base, check_transport(v, h->tcp.checksum), t);
	if (v->packet->segment)
		segment_describe(v->packet->segment, &h->tcp, v->p, v->base, t);
}

static enum err dns_read(union header *h, const struct view *v, size_t *at)
{
	return v->tcp ? dns_tcp_parse(&h->dns, v->p, v->len, at) : dns_parse(&h->dns, v->p, v->len, at);
}

static void dns_line(const union header *h, const struct view *v, struct text *out)
{
	struct view m = dns_view(v);

	if (m.len < 12)
		text_str(out, "DNS, the begin of a message");
	else
		dns_summary(&h->dns, m.p, m.len, out);
	text_str(out, v->tcp ? ", over TCP" : "");
	if (h->dns.partial)
		text_str(out, " (goes on in the next segment)");
}

static void dns_fields(const union header *h, const struct view *v, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "DNS", .base = v->base, .p = v->p, .depth = 1};
	struct view m = dns_view(v);

	if (v->tcp && v->len >= DNS_TCP_PREFIX)
		field_num(&f, 0, DNS_TCP_PREFIX, "message length", (uint64_t)v->p[0] << 8 | v->p[1],
		    "TCP is a stream without borders: the length says where the message ends", "RFC 1035 4.2.2");
	dns_describe(&h->dns, m.p, m.len, m.base, t);
}

static enum err dhcp_read(union header *h, const struct view *v, size_t *at)
{
	return dhcp_parse(&h->dhcp, v->p, v->len, at);
}

static void dhcp_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	dhcp_summary(&h->dhcp, out);
}

static void dhcp_fields(const union header *h, const struct view *v, struct trace *t)
{
	dhcp_describe(&h->dhcp, v->p, v->len, v->base, t);
}

static enum err http_read(union header *h, const struct view *v, size_t *at)
{
	return http_parse(&h->http, v->p, v->len, at);
}

static void http_line(const union header *h, const struct view *v, struct text *out)
{
	http_summary(&h->http, v->p, v->len, out);
}

static void http_fields(const union header *h, const struct view *v, struct trace *t)
{
	http_describe(&h->http, v->p, v->len, v->base, t);
}

static enum err tls_read(union header *h, const struct view *v, size_t *at)
{
	return tls_parse_on(&h->tls, v->keyed, v->p, v->len, at);
}

static void tls_line(const union header *h, const struct view *v, struct text *out)
{
	tls_summary(&h->tls, v->p, v->len, out);
}

static void tls_fields(const union header *h, const struct view *v, struct trace *t)
{
	tls_describe(&h->tls, v->p, v->len, v->base, t);
}

static enum err ssh_read(union header *h, const struct view *v, size_t *at)
{
	return ssh_parse_on(&h->ssh, v->keyed, v->p, v->len, at);
}

static void ssh_line(const union header *h, const struct view *v, struct text *out)
{
	ssh_summary(&h->ssh, v->p, v->len, out);
}

static void ssh_fields(const union header *h, const struct view *v, struct trace *t)
{
	ssh_describe(&h->ssh, v->p, v->len, v->base, t);
}

static enum err stun_read(union header *h, const struct view *v, size_t *at)
{
	return stun_parse(&h->stun, v->p, v->len, at);
}

static void stun_line(const union header *h, const struct view *v, struct text *out)
{
	stun_summary(&h->stun, v->p, v->len, out);
}

static void stun_fields(const union header *h, const struct view *v, struct trace *t)
{
	stun_describe(&h->stun, v->p, v->len, v->base, t);
}

static enum err ntp_read(union header *h, const struct view *v, size_t *at)
{
	return ntp_parse(&h->ntp, v->p, v->len, at);
}

static void ntp_line(const union header *h, const struct view *v, struct text *out)
{
	(void)v;
	ntp_summary(&h->ntp, out);
}

static void ntp_fields(const union header *h, const struct view *v, struct trace *t)
{
	ntp_describe(&h->ntp, v->p, v->len, v->base, t);
}

static enum err dh_read(union header *h, const struct view *v, size_t *at)
{
	return dh_frames_parse(&h->dh, v->p, v->len, at);
}

static void dh_line(const union header *h, const struct view *v, struct text *out)
{
	dh_frames_summary(&h->dh, v->p, v->len, out);
}

static void dh_fields(const union header *h, const struct view *v, struct trace *t)
{
	dh_frames_describe(&h->dh, v->p, v->len, v->base, t);
}

const struct row packet_rows[PROTO_COUNT] = {
    [PROTO_ETHER] = {ether_read, ether_line, ether_fields},
    [PROTO_LINK] = {link_read, link_line, link_fields},
    [PROTO_ARP] = {arp_read, arp_line, arp_fields},
    [PROTO_IPV4] = {ipv4_read, ipv4_line, ipv4_fields},
    [PROTO_IPV6] = {ipv6_read, ipv6_line, ipv6_fields},
    [PROTO_ICMP] = {icmp_read, icmp_line, icmp_fields},
    [PROTO_ICMPV6] = {icmpv6_read, icmp_line, icmp_fields},
    [PROTO_UDP] = {udp_read, udp_line, udp_fields},
    [PROTO_TCP] = {tcp_read, tcp_line, tcp_fields},
    [PROTO_DNS] = {dns_read, dns_line, dns_fields},
    [PROTO_DHCP] = {dhcp_read, dhcp_line, dhcp_fields},
    [PROTO_HTTP] = {http_read, http_line, http_fields},
    [PROTO_TLS] = {tls_read, tls_line, tls_fields},
    [PROTO_SSH] = {ssh_read, ssh_line, ssh_fields},
    [PROTO_STUN] = {stun_read, stun_line, stun_fields},
    [PROTO_NTP] = {ntp_read, ntp_line, ntp_fields},
    [PROTO_DH] = {dh_read, dh_line, dh_fields},
};
