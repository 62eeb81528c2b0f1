/* STUN (RFC 8489 5 and 14).
 *
 *      0                  2        4              8                  20
 *     +------------------+--------+--------------+------------------+--------------------------------
 *     | 00, method+class | length | cookie       | transaction ID   | attributes: type 2, length 2,
 *     |                  |        | 21 12 a4 42  |                  | value, padded to 4 octets
 *     +------------------+--------+--------------+------------------+--------------------------------
 *
 *     an address:  0 | family 1 (1 IPv4, 2 IPv6) | port 2 | address 4 or 16, in the XOR- form: ^ cookie, ID
 */
#include "glassnet/proto/stun.h"

#include <string.h>

#include "glassnet/wire.h"

#define HEADER 20

bool stun_looks_like(const uint8_t *p, size_t len)
{
	struct rd r = rd_init(p, len);
	uint16_t type = rd_u16(&r), length = rd_u16(&r);
	uint32_t cookie = rd_u32(&r);

	return len >= HEADER && type >> 14 == 0 && length % 4 == 0 && cookie == STUN_COOKIE &&
	       HEADER + (size_t)length == len;
}

bool stun_attribute_next(const uint8_t *p, size_t len, size_t *pos, struct stun_attribute *out)
{
	struct rd r = rd_init(p, len);

	rd_skip(&r, HEADER + *pos);
	out->off = r.pos;
	if (rd_left(&r) == 0)
		return false;
	out->type = rd_u16(&r);
	out->len = rd_u16(&r);
	out->data_off = r.pos;
	rd_skip(&r, out->len);
	if (r.bad)
		return false;
	/* RFC 3489 had no padding: its attributes are all of a multiple of 4 */
	size_t padding = (4 - out->len % 4) % 4;
	*pos = r.pos - HEADER + (padding < rd_left(&r) ? padding : rd_left(&r));
	return true;
}

bool stun_address(struct endpoint *out, const uint8_t *p, const struct stun_attribute *a)
{
	struct rd r = rd_init(p + a->data_off, a->len);

	rd_skip(&r, 1);
	uint8_t family = rd_u8(&r);
	size_t n = family == 1 ? 4 : 16;
	uint16_t port = rd_u16(&r);
	const uint8_t *address = rd_bytes(&r, n);
	if (r.bad || (family != 1 && family != 2) || rd_left(&r) > 0)
		return false;
	out->port = port;
	out->ip = ip_from(family == 1 ? 4 : 6, address);
	if (a->type == STUN_XOR_MAPPED_ADDRESS) {
		out->port = (uint16_t)(port ^ STUN_COOKIE >> 16);
		for (size_t i = 0; i < n; i++) /* the cookie and the transaction ID stand in a row */
			out->ip.b[i] = (uint8_t)(out->ip.b[i] ^ p[4 + i]);
	}
	return true;
}

/* ISO 3309, as in zlib; bit by bit will do for one message. */
static uint32_t crc32(const uint8_t *p, size_t len)
{
	uint32_t crc = 0xffffffff;

	for (size_t i = 0; i < len; i++) {
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
	}
	return ~crc;
}

/* RFC 8489 14.7: over all that stands before it; 0x5354554e are the letters STUN. */
uint32_t stun_fingerprint(const uint8_t *p, size_t len)
{
	return crc32(p, len) ^ 0x5354554e;
}

static bool fingerprint_matches(const uint8_t *p, const struct stun_attribute *a)
{
	struct rd r = rd_init(p + a->data_off, a->len);

	return rd_u32(&r) == stun_fingerprint(p, a->off);
}

static bool take_error(struct stun *h, const uint8_t *p, const struct stun_attribute *a)
{
	struct rd r = rd_init(p + a->data_off, a->len);

	rd_skip(&r, 2);
	unsigned hundreds = rd_u8(&r) & 7, rest = rd_u8(&r);
	if (r.bad || hundreds < 3 || hundreds > 6 || rest > 99)
		return false;
	h->error_code = (uint16_t)(hundreds * 100 + rest);
	h->reason_off = a->data_off + 4;
	h->reason_len = a->len - 4;
	return true;
}

/* The lengths that are fixed (RFC 8489 14, RFC 5780 7, RFC 8445 16.1); 0 where any will do. */
static size_t fixed_length(uint16_t type)
{
	switch (type) {
	case STUN_CHANGE_REQUEST:
	case STUN_PRIORITY:
	case STUN_RESPONSE_PORT:
	case STUN_FINGERPRINT:
		return 4;
	case STUN_ICE_CONTROLLED:
	case STUN_ICE_CONTROLLING:
		return 8;
	case STUN_MESSAGE_INTEGRITY:
		return 20;
	case STUN_USERHASH:
		return 32;
	default:
		return 0;
	}
}

/* False when it has a form that it must not have. */
static bool take_attribute(struct stun *h, const uint8_t *p, const struct stun_attribute *a)
{
	struct rd r = rd_init(p + a->data_off, a->len);
	struct endpoint unused;

	if (fixed_length(a->type) && a->len != fixed_length(a->type))
		return false;
	switch (a->type) {
	case STUN_XOR_MAPPED_ADDRESS:
		return stun_address(&h->mapped, p, a);
	case STUN_MAPPED_ADDRESS:
		return stun_address(h->mapped.ip.family ? &unused : &h->mapped, p, a);
	case STUN_OTHER_ADDRESS:
	case STUN_CHANGED_ADDRESS:
		return stun_address(&h->other, p, a);
	case STUN_RESPONSE_ORIGIN:
	case STUN_SOURCE_ADDRESS:
		return stun_address(&h->origin, p, a);
	case STUN_ALTERNATE_SERVER:
		return stun_address(&unused, p, a);
	case STUN_CHANGE_REQUEST:
		h->has_change = true;
		h->change = rd_u32(&r);
		return true;
	case STUN_ERROR_CODE:
		return take_error(h, p, a);
	case STUN_FINGERPRINT:
		h->has_fingerprint = true;
		h->fingerprint_right = fingerprint_matches(p, a);
		return true;
	default:
		return true;
	}
}

static void read_type(struct stun *h, uint16_t type)
{
	/* the two bits of the class stand among those of the method (RFC 8489 5, figure 3) */
	h->class = (enum stun_class)((type >> 7 & 2) | (type >> 4 & 1));
	h->method = (uint16_t)((type & 0x000f) | (type & 0x00e0) >> 1 | (type & 0x3e00) >> 2);
}

enum err stun_parse(struct stun *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);
	struct stun_attribute a;
	size_t pos = 0;

	*out = (struct stun){0};
	uint16_t type = rd_u16(&r);
	out->length = rd_u16(&r);
	out->cookie = rd_u32(&r) == STUN_COOKIE;
	rd_skip(&r, 12);
	read_type(out, type);
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	if (type >> 14 != 0 || out->length % 4 != 0) {
		*at = type >> 14 != 0 ? 0 : 2;
		return ERR_FORMAT;
	}
	size_t whole = HEADER + (size_t)out->length, here = whole < len ? whole : len;
	while (stun_attribute_next(p, here, &pos, &a))
		if (!take_attribute(out, p, &a)) {
			*at = a.off;
			return ERR_FORMAT;
		}
	*at = whole > len ? len : HEADER + pos;
	if (whole > len)
		return ERR_TRUNCATED;
	return HEADER + pos < whole ? ERR_FORMAT : ERR_OK; /* an attribute longer than the message */
}

static const char *change_text(uint32_t change)
{
	bool ip = change & STUN_CHANGE_IP, port = change & STUN_CHANGE_PORT;

	return ip && port ? ", answer from another address and port"
	       : ip       ? ", answer from another address"
	       : port     ? ", answer from another port"
	                  : "";
}

void stun_summary(const struct stun *h, const uint8_t *p, size_t len, struct text *out)
{
	static const char *const classes[] = {" request", " indication", " response", " error"};

	text_str(out, h->method == STUN_BINDING ? "STUN binding" : "STUN method 0x");
	if (h->method != STUN_BINDING)
		text_hex(out, h->method, 3);
	text_str(out, classes[h->class]);
	if (h->class == STUN_REQUEST && h->method == STUN_BINDING)
		text_str(out, ": what is my address?");
	text_str(out, change_text(h->change));
	if (h->mapped.ip.family) {
		text_str(out, ": you are ");
		text_endpoint(out, &h->mapped);
	}
	if (h->error_code) {
		text_str(out, " ");
		text_num(out, h->error_code);
		text_str(out, " ");
		if (h->reason_off + h->reason_len <= len)
			text_peer(out, p + h->reason_off, h->reason_len);
	}
	if (h->other.ip.family) {
		text_str(out, ", other address ");
		text_endpoint(out, &h->other);
	}
	text_str(out, h->has_fingerprint && !h->fingerprint_right ? ", fingerprint wrong" : "");
}
