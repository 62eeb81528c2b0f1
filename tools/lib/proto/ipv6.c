/* IPv6 (RFC 8200 3) and its extension headers (RFC 8200 4).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------+---------------+---------------------------------------+
 *     |   6   | traffic class |              flow label               |
 *     +-------+---------------+-------+---------------+---------------+
 *     |        payload length         |  next header  |   hop limit   |
 *     +-------------------------------+---------------+---------------+
 *     |                    source address, 16 octets                  |
 *     +---------------------------------------------------------------+
 *     |                  destination address, 16 octets               |
 *     +---------------+---------------+-------------------------------+
 *     |  next header  |  length / 8   |  extension header ...
 */
#include "glassnet/proto/ip.h"

#include "fields.h"
#include "glassnet/wire.h"

#define FIXED 40

enum extension { EXT_HOP_BY_HOP = 0, EXT_ROUTING = 43, EXT_FRAGMENT = 44, EXT_AUTH = 51, EXT_DESTINATION = 60 };

static const char *extension_name(uint8_t type)
{
	switch (type) {
	case EXT_HOP_BY_HOP:
		return "hop-by-hop options";
	case EXT_ROUTING:
		return "routing";
	case EXT_FRAGMENT:
		return "fragment";
	case EXT_AUTH:
		return "authentication";
	case EXT_DESTINATION:
		return "destination options";
	default:
		return NULL;
	}
}

static enum err bad_at(size_t *at, size_t where, enum err e)
{
	*at = where;
	return e;
}

/* The octets of the extension header of that type whose second octet is given. */
static size_t extension_len(uint8_t type, uint8_t second)
{
	return type == EXT_FRAGMENT ? 8 : type == EXT_AUTH ? (second + 2U) * 4 : (second + 1U) * 8;
}

/* One extension header at the reader's place. */
static void read_extension(struct ipv6 *h, struct rd *r)
{
	uint8_t type = h->protocol, next = rd_u8(r), second = rd_u8(r);
	size_t len = extension_len(type, second);

	if (type == EXT_FRAGMENT) {
		uint16_t frag = rd_u16(r);
		h->fragmented = !r->bad;
		h->frag_off = frag & 0xfff8;
		h->mf = frag & 1;
		h->frag_id = rd_u32(r);
	} else {
		rd_skip(r, len - 2);
	}
	h->protocol = next;
}

static enum err read_extensions(struct ipv6 *h, struct rd *r, size_t *at)
{
	for (int n = 0; extension_name(h->protocol); n++) {
		/* behind the header of a later fragment there is the middle of a payload */
		if (h->fragmented && h->frag_off > 0)
			break;
		if (n == IPV6_MAX_EXTENSIONS)
			return bad_at(at, r->pos, ERR_TOO_LONG);
		read_extension(h, r);
		if (r->bad)
			return bad_at(at, r->pos, ERR_TRUNCATED);
	}
	return ERR_OK;
}

enum err ipv6_parse(struct ipv6 *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	*out = (struct ipv6){0};
	uint32_t first = rd_u32(&r);
	if (!r.bad && first >> 28 != 6)
		return bad_at(at, 0, ERR_VERSION);
	out->traffic_class = (uint8_t)(first >> 20 & 0xff);
	out->flow_label = first & 0xfffff;
	out->length = rd_u16(&r);
	out->next_header = out->protocol = rd_u8(&r);
	out->hop_limit = rd_u8(&r);
	const uint8_t *addresses = rd_bytes(&r, 32);
	if (!addresses)
		return bad_at(at, r.pos, ERR_TRUNCATED);
	out->src = ip_from(6, addresses);
	out->dst = ip_from(6, addresses + 16);
	out->cut = out->length > len - FIXED;
	/* length 0: a jumbogram (RFC 2675) or a packet that the network card was to cut up */
	r.len = out->cut || out->length == 0 ? len : FIXED + (size_t)out->length;
	enum err e = read_extensions(out, &r, at);
	out->header_len = r.pos;
	out->payload_len = r.len - r.pos;
	return e;
}

void ipv6_summary(const struct ipv6 *h, struct text *out)
{
	const char *name = ip_protocol_name(h->protocol);

	text_str(out, "IPv6 ");
	text_ip(out, &h->src);
	text_str(out, "→");
	text_ip(out, &h->dst);
	text_str(out, ", ");
	text_str(out, name ? name : "protocol ");
	if (!name)
		text_num(out, h->protocol);
	if (h->fragmented) {
		text_str(out, ", fragment of packet 0x");
		text_hex(out, h->frag_id, 8);
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

static void describe_next(const struct fields *f, size_t off, uint8_t next)
{
	const char *name = extension_name(next) ? extension_name(next) : ip_protocol_name(next);

	field_fmt(f, off, 1, "next header", "what comes behind this header", "RFC 8200 3", "%u%s%s%s", next,
	    name ? " (" : "", name ? name : "", name ? ")" : "");
}

static void describe_extensions(const struct ipv6 *h, const struct fields *f)
{
	struct fields d = fields_deeper(f);
	uint8_t type = h->next_header;

	for (size_t i = FIXED; extension_name(type) && i + 2 <= h->header_len;) {
		size_t len = extension_len(type, f->p[i + 1]);
		if (len > h->header_len - i)
			return;
		field_fmt(
		    f, i, len, "extension header", NULL, "RFC 8200 4", "%s, %zu octets", extension_name(type), len);
		describe_next(&d, i, f->p[i]);
		if (type == EXT_FRAGMENT) {
			field_num(&d, i + 2, 2, "fragment offset", h->frag_off, "where this piece belongs, in octets",
			    "RFC 8200 4.5");
			field_flag(&d, i + 3, 1, "more fragments", h->mf, "this is not the packet's last piece",
			    "RFC 8200 4.5");
			field_fmt(&d, i + 4, 4, "identification", "fragments of one packet carry the same number",
			    "RFC 8200 4.5", "0x%08x", h->frag_id);
		}
		type = f->p[i];
		i += len;
	}
}

void ipv6_describe(const struct ipv6 *h, const uint8_t *p, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "IPv6", .base = base, .p = p, .depth = 1};

	field_num(&f, 0, 1, "version", 6, NULL, "RFC 8200 3");
	field_fmt(
	    &f, 0, 2, "traffic class", "the class of service asked for", "RFC 8200 7", "0x%02x", h->traffic_class);
	field_fmt(&f, 1, 3, "flow label", "packets of one conversation carry the same number", "RFC 6437", "0x%05x",
	    h->flow_label);
	field_num(&f, 4, 2, "payload length", h->length, "octets behind these first 40", "RFC 8200 3");
	describe_next(&f, 6, h->next_header);
	field_num(&f, 7, 1, "hop limit", h->hop_limit,
	    "each router takes one off; at 0 the packet is dropped, so none circles for ever", "RFC 8200 3");
	field_ip(&f, 8, "source", &h->src, "who sent it, as far as the packet says: nobody checks it", "RFC 8200 3");
	field_ip(&f, 24, "destination", &h->dst, NULL, "RFC 8200 3");
	describe_extensions(h, &f);
}
