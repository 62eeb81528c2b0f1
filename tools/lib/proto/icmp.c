/* ICMP (RFC 792), ICMPv6 (RFC 4443) and neighbour discovery (RFC 4861).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +---------------+---------------+-------------------------------+
 *     |     type      |     code      |           checksum            |
 *     +---------------+---------------+-------------------------------+
 *     |  rest: id and sequence (echo), MTU (too big), pointer, flags  |
 *     +---------------------------------------------------------------+
 *     |  errors: the begin of the packet that they are about          |
 *     |  neighbour discovery: target (16), options: type, length / 8  |
 */
#include "glassnet/proto/icmp.h"

#include <string.h>

#include "glassnet/proto/ip.h"
#include "glassnet/wire.h"

#define HEADER 8

static bool is_error(const struct icmp *h)
{
	if (h->v6)
		return h->type >= 1 && h->type <= 4;
	return h->type == ICMP4_UNREACHABLE || h->type == ICMP4_QUENCH || h->type == ICMP4_REDIRECT ||
	       h->type == ICMP4_TIME_EXCEEDED || h->type == ICMP4_PARAMETER;
}

/* The packet that an error is about: RFC 792 promises its header and 8 octets behind, so no length can be
 * held against it. What does not parse is simply not known. */
static void read_quote(struct icmp *h, const uint8_t *p, size_t len)
{
	size_t at, behind = 0;
	const uint8_t *q = p + HEADER;
	struct ipv4 v4;
	struct ipv6 v6;

	h->quote_off = HEADER;
	if (!h->v6 && ipv4_parse(&v4, q, len - HEADER, &at) == ERR_OK) {
		h->quote_src.ip = v4.src;
		h->quote_dst.ip = v4.dst;
		h->quote_protocol = v4.protocol;
		behind = v4.frag_off == 0 ? v4.header_len : 0;
		h->has_quote = true;
	} else if (h->v6 && ipv6_parse(&v6, q, len - HEADER, &at) == ERR_OK) {
		h->quote_src.ip = v6.src;
		h->quote_dst.ip = v6.dst;
		h->quote_protocol = v6.protocol;
		behind = v6.frag_off == 0 ? v6.header_len : 0;
		h->has_quote = true;
	}
	if (behind == 0 || (h->quote_protocol != IPPROTO_IS_TCP && h->quote_protocol != IPPROTO_IS_UDP))
		return;
	struct rd r = rd_init(q + behind, len - HEADER - behind);
	h->quote_src.port = rd_u16(&r);
	h->quote_dst.port = rd_u16(&r);
}

/* Options of neighbour discovery (RFC 4861 4.6): type, length in units of 8 octets, never 0. */
static enum err read_nd_options(struct icmp *h, struct rd *r, size_t *at)
{
	while (rd_left(r) > 0) {
		*at = r->pos;
		uint8_t type = rd_u8(r), units = rd_u8(r);
		if (!r->bad && units == 0)
			return ERR_FORMAT;
		const uint8_t *body = rd_bytes(r, units * 8U - 2U);
		if (!body)
			return ERR_TRUNCATED;
		if ((type == ND_OPT_SOURCE || type == ND_OPT_TARGET) && units == 1) {
			h->has_link_address = true;
			memcpy(h->link_address.b, body, 6);
		}
	}
	return ERR_OK;
}

static enum err read_nd(struct icmp *h, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	rd_skip(&r, HEADER);
	if (h->type == ICMP6_ROUTER_ADVERT)
		rd_skip(&r, 8);
	if (h->type >= ICMP6_NEIGHBOR_SOLICIT) {
		const uint8_t *target = rd_bytes(&r, 16);
		if (target)
			h->target = ip_from(6, target);
		if (h->type == ICMP6_REDIRECT)
			rd_skip(&r, 16);
	}
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	h->options_off = r.pos;
	return read_nd_options(h, &r, at);
}

static enum err parse(struct icmp *out, bool v6, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	*out = (struct icmp){.v6 = v6, .len = len};
	out->type = rd_u8(&r);
	out->code = rd_u8(&r);
	out->checksum = rd_u16(&r);
	out->rest = rd_u32(&r);
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	if (is_error(out))
		read_quote(out, p, len);
	if (v6 && out->type >= ICMP6_ROUTER_SOLICIT && out->type <= ICMP6_REDIRECT)
		return read_nd(out, p, len, at);
	return ERR_OK;
}

enum err icmp_parse(struct icmp *out, const uint8_t *p, size_t len, size_t *at)
{
	return parse(out, false, p, len, at);
}

enum err icmpv6_parse(struct icmp *out, const uint8_t *p, size_t len, size_t *at)
{
	return parse(out, true, p, len, at);
}
