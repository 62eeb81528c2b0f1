/* UDP (RFC 768).
 *
 *      0             2                  4          6           8
 *     +-------------+------------------+----------+-----------+-----------
 *     | source port | destination port | length   | checksum  | data ...
 *     +-------------+------------------+----------+-----------+-----------
 */
#include "fields.h"
#include "glassnet/proto/transport.h"
#include "glassnet/wire.h"

#define HEADER 8

enum err udp_parse(struct udp *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	*out = (struct udp){0};
	out->sport = rd_u16(&r);
	out->dport = rd_u16(&r);
	out->length = rd_u16(&r);
	out->checksum = rd_u16(&r);
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	if (out->length < HEADER) {
		*at = 4;
		return ERR_FORMAT;
	}
	out->cut = out->length > len;
	out->data_len = (out->cut ? len : out->length) - HEADER;
	return ERR_OK;
}

void udp_summary(const struct udp *h, struct text *out)
{
	text_str(out, "UDP ");
	text_num(out, h->sport);
	text_str(out, "→");
	text_num(out, h->dport);
	text_str(out, ", ");
	text_count(out, h->data_len, "byte");
}

static const char *const sum_texts[] = {[CHECKSUM_UNCHECKED] = "not checked: not all octets are here",
    [CHECKSUM_NONE] = "none: the sender left it out",
    [CHECKSUM_RIGHT] = "right",
    [CHECKSUM_BEGUN] = "only begun",
    [CHECKSUM_WRONG] = "does not match"};

void udp_describe(const struct udp *h, const uint8_t *p, size_t base, enum checksum_state sum, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "UDP", .base = base, .p = p, .depth = 1};

	field_num(&f, 0, 2, "source port", h->sport, "which program sent it: the answer goes back there", "RFC 768");
	field_num(&f, 2, 2, "destination port", h->dport, "which program it is for", "RFC 768");
	field_num(&f, 4, 2, "length", h->length, "octets, these eight included", "RFC 768");
	field_fmt(&f, 6, 2, "checksum",
	    sum == CHECKSUM_BEGUN
	        ? "the sending machine left the rest to its network card, which works after the capture"
	        : NULL,
	    "RFC 768", "0x%04x (%s)", h->checksum, sum_texts[sum]);
}
