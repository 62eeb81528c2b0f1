/* IPv4 (RFC 791 3.1).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+-------+---------------+-------------------------------+
 *     |   4   |  IHL  |   DSCP    |ECN|         total length          |
 *     +-------+-------+---------------+-----+-------------------------+
 *     |        identification         |0 D M|     fragment offset     |
 *     +---------------+---------------+-----+-------------------------+
 *     |      TTL      |   protocol    |        header checksum        |
 *     +---------------+---------------+-------------------------------+
 *     |                         source address                        |
 *     +---------------------------------------------------------------+
 *     |                       destination address                     |
 *     +---------------------------------------------------------------+
 *     |                    options (IHL - 5 words)                     |
 */
#include "glassnet/proto/ip.h"

#include "fields.h"
#include "glassnet/wire.h"

#define FIXED 20

static const struct {
	uint8_t protocol;
	const char *name;
} protocols[] = {{IPPROTO_IS_ICMP, "ICMP"}, {2, "IGMP"}, {4, "IPv4 in IP"}, {IPPROTO_IS_TCP, "TCP"},
    {IPPROTO_IS_UDP, "UDP"}, {41, "IPv6 in IP"}, {47, "GRE"}, {50, "ESP"}, {51, "AH"}, {IPPROTO_IS_ICMPV6, "ICMPv6"},
    {59, "nothing"}, {89, "OSPF"}, {103, "PIM"}, {112, "VRRP"}, {132, "SCTP"}};

const char *ip_protocol_name(uint8_t protocol)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (protocols[i].protocol == protocol)
			return protocols[i].name;
	return NULL;
}

static enum err bad_at(size_t *at, size_t where, enum err e)
{
	*at = where;
	return e;
}

static enum err check_options(const uint8_t *p, size_t end, size_t *at)
{
	size_t i = FIXED, n = 0;
	bool bad = false;

	while (next_option(p, end, &i, &n, &bad))
		continue;
	return bad ? bad_at(at, i, ERR_FORMAT) : ERR_OK;
}

enum err ipv4_parse(struct ipv4 *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	*out = (struct ipv4){0};
	uint8_t first = rd_u8(&r);
	if (!r.bad && first >> 4 != 4)
		return bad_at(at, 0, ERR_VERSION);
	out->header_len = (uint8_t)((first & 15) * 4);
	if (!r.bad && out->header_len < FIXED)
		return bad_at(at, 0, ERR_FORMAT);
	out->tos = rd_u8(&r);
	out->total_len = rd_u16(&r);
	out->id = rd_u16(&r);
	uint16_t frag = rd_u16(&r);
	out->df = frag & 0x4000;
	out->mf = frag & 0x2000;
	out->frag_off = (uint16_t)((frag & 0x1fff) * 8);
	out->ttl = rd_u8(&r);
	out->protocol = rd_u8(&r);
	out->checksum = rd_u16(&r);
	const uint8_t *addresses = rd_bytes(&r, 8);
	if (!addresses)
		return bad_at(at, r.pos, ERR_TRUNCATED);
	out->src = ip_from(4, addresses);
	out->dst = ip_from(4, addresses + 4);
	if (out->header_len > len)
		return bad_at(at, len, ERR_TRUNCATED);
	if (out->total_len != 0 && out->total_len < out->header_len)
		return bad_at(at, 2, ERR_FORMAT);
	out->cut = out->total_len > len;
	size_t end = out->total_len == 0 || out->cut ? len : out->total_len;
	out->payload_len = end - out->header_len;
	return check_options(p, out->header_len, at);
}

void ipv4_summary(const struct ipv4 *h, struct text *out)
{
	const char *name = ip_protocol_name(h->protocol);

	text_str(out, "IPv4 ");
	text_ip(out, &h->src);
	text_str(out, "→");
	text_ip(out, &h->dst);
	text_str(out, ", ");
	text_str(out, name ? name : "protocol ");
	if (!name)
		text_num(out, h->protocol);
	if (h->mf || h->frag_off > 0) {
		text_str(out, ", fragment of packet 0x");
		text_hex(out, h->id, 4);
		text_str(out, ": octets ");
		text_num(out, h->frag_off);
		text_str(out, " to ");
		text_num(out, h->frag_off + (h->payload_len > 0 ? h->payload_len - 1 : 0));
		text_str(out, h->mf ? "" : ", the last");
	} else {
		text_str(out, ", ");
		text_count(out, h->payload_len, "byte");
	}
}

static const char *option_name(uint8_t type)
{
	return type == 7     ? "record route"
	       : type == 68  ? "timestamp"
	       : type == 130 ? "security"
	       : type == 131 ? "loose source route"
	       : type == 137 ? "strict source route"
	       : type == 148 ? "router alert"
	                     : "unknown option";
}

static void describe_options(const struct ipv4 *h, const struct fields *f)
{
	struct fields d = fields_deeper(f);

	size_t i = FIXED, n = 0;
	bool bad = false;

	while (next_option(f->p, h->header_len, &i, &n, &bad)) {
		uint8_t type = f->p[i];
		if (type <= 1)
			field_text(&d, i, 1, "option", type ? "1 (no operation)" : "0 (end of options)", NULL,
			    "RFC 791 3.1");
		else
			field_fmt(&d, i, n, "option", NULL, "RFC 791 3.1", "%u (%s), %zu octets", type,
			    option_name(type), n);
	}
	if (bad)
		field_fmt(&d, i, h->header_len - i, "option", "its length cannot be: nothing behind it can be read",
		    "RFC 791 3.1", "malformed");
}

static void describe_fragment(const struct ipv4 *h, const struct fields *f)
{
	field_fmt(f, 4, 2, "identification", "fragments of one packet carry the same number", "RFC 791 3.2", "0x%04x",
	    h->id);
	field_flag(f, 6, 1, "don't fragment", h->df, "a router that cannot pass it on whole must drop it and say so",
	    "RFC 791 3.1");
	field_flag(f, 6, 1, "more fragments", h->mf, "this is not the packet's last piece", "RFC 791 3.1");
	field_num(f, 6, 2, "fragment offset", h->frag_off,
	    h->frag_off > 0 ? "where this piece belongs in the packet, in octets" : NULL, "RFC 791 3.1");
}

void ipv4_describe(const struct ipv4 *h, const uint8_t *p, size_t base, struct trace *t)
{
	static const char *const ecn[] = {"not ECN-capable", "ECT(1)", "ECT(0)", "congestion experienced"};
	struct fields f = {.trace = t, .layer = "IPv4", .base = base, .p = p, .depth = 1};
	const char *name = ip_protocol_name(h->protocol);

	field_num(&f, 0, 1, "version", 4, NULL, "RFC 791 3.1");
	field_num(
	    &f, 0, 1, "header length", h->header_len, "octets; the options make it more than 20", "RFC 791 3.1");
	field_fmt(&f, 1, 1, "DSCP and ECN", "the class of service asked for", "RFC 2474 3, RFC 3168 5", "%d, %s",
	    h->tos >> 2, ecn[h->tos & 3]);
	field_num(&f, 2, 2, "total length", h->total_len,
	    h->total_len == 0 ? "0: the sending machine left it to its network card" : "octets, header included",
	    "RFC 791 3.1");
	describe_fragment(h, &f);
	field_num(&f, 8, 1, "TTL", h->ttl,
	    "each router takes one off; at 0 the packet is dropped, so none circles for ever", "RFC 791 3.2");
	field_fmt(&f, 9, 1, "protocol", "what the payload is", "RFC 791 3.1", "%u%s%s%s", h->protocol,
	    name ? " (" : "", name ? name : "", name ? ")" : "");
	field_fmt(&f, 10, 2, "header checksum", "over the header alone; every router computes it anew", "RFC 791 3.1",
	    "0x%04x (%s)", h->checksum, inet_checksum(p, h->header_len, NULL, 0) == 0 ? "right" : "does not match");
	field_ip(
	    &f, 12, "source", &h->src, "who sent it, as far as the packet says: nobody checks it", "RFC 791 3.1");
	field_ip(&f, 16, "destination", &h->dst, NULL, "RFC 791 3.1");
	if (h->header_len > FIXED) {
		field_fmt(&f, FIXED, h->header_len - (size_t)FIXED, "options", NULL, "RFC 791 3.1", "%d octets",
		    h->header_len - FIXED);
		describe_options(h, &f);
	}
}
