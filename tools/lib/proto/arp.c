/* ARP, the address resolution protocol (RFC 826), for IPv4 on Ethernet.
 *
 *      0         2         4    5    6         8                14          18               24
 *     +---------+---------+----+----+---------+----------------+-----------+----------------+-----------+
 *     | hw type | proto   | 6  | 4  | operat. | sender MAC     | sender IP | target MAC     | target IP |
 *     +---------+---------+----+----+---------+----------------+-----------+----------------+-----------+
 */
#include "glassnet/proto/arp.h"

#include <string.h>

#include "fields.h"
#include "glassnet/wire.h"

enum err arp_parse(struct arp *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	*out = (struct arp){0};
	*at = 0;
	uint16_t hardware = rd_u16(&r), protocol = rd_u16(&r);
	uint8_t hlen = rd_u8(&r), plen = rd_u8(&r);
	if (!r.bad && (hardware != 1 || protocol != 0x0800)) {
		*at = hardware != 1 ? 0 : 2;
		return ERR_VERSION;
	}
	if (!r.bad && (hlen != 6 || plen != 4)) {
		*at = hlen != 6 ? 4 : 5;
		return ERR_FORMAT;
	}
	out->operation = rd_u16(&r);
	const uint8_t *body = rd_bytes(&r, 20);
	*at = r.pos;
	if (!body)
		return ERR_TRUNCATED;
	memcpy(out->sender_mac.b, body, 6);
	out->sender = ip_from(4, body + 6);
	memcpy(out->target_mac.b, body + 10, 6);
	out->target = ip_from(4, body + 16);
	return ERR_OK;
}

static bool unspecified(const struct ip *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, sizeof(zero)) == 0;
}

void arp_summary(const struct arp *h, struct text *out)
{
	text_str(out, "ARP ");
	if (h->operation == ARP_REQUEST && ip_equal(&h->sender, &h->target)) {
		text_str(out, "announcement: ");
		text_ip(out, &h->sender);
		text_str(out, " is at ");
		text_mac(out, &h->sender_mac);
	} else if (h->operation == ARP_REQUEST) {
		text_str(out, "who has ");
		text_ip(out, &h->target);
		text_str(out, unspecified(&h->sender) ? "? (probe: is it free?)" : "? tell ");
		if (!unspecified(&h->sender))
			text_ip(out, &h->sender);
	} else if (h->operation == ARP_REPLY) {
		text_ip(out, &h->sender);
		text_str(out, " is at ");
		text_mac(out, &h->sender_mac);
	} else {
		text_str(out, "operation ");
		text_num(out, h->operation);
	}
}

void arp_describe(const struct arp *h, const uint8_t *p, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "ARP", .base = base, .p = p, .depth = 1};
	bool ask = h->operation == ARP_REQUEST;
	char text[MAC_TEXT];

	field_fmt(&f, 0, 2, "hardware type", NULL, "RFC 826", "1 (Ethernet)");
	field_fmt(&f, 2, 2, "protocol type", NULL, "RFC 826", "0x0800 (IPv4)");
	field_fmt(&f, 4, 2, "address lengths", NULL, "RFC 826", "6 and 4");
	field_fmt(&f, 6, 2, "operation",
	    ask ? "asks all machines on the link who has the target address"
	        : "answers; nothing proves it, whoever answers is believed",
	    "RFC 826", "%u%s", h->operation,
	    ask                         ? " (request)"
	    : h->operation == ARP_REPLY ? " (reply)"
	                                : "");
	field_text(
	    &f, 8, 6, "sender MAC", mac_text(text, &h->sender_mac), "everyone who hears this may note it", "RFC 826");
	field_ip(&f, 14, "sender IP", &h->sender, unspecified(&h->sender) ? "none yet: the sender only probes" : NULL,
	    "RFC 826");
	field_text(&f, 18, 6, "target MAC", mac_text(text, &h->target_mac),
	    ask ? "not known: that is the question" : NULL, "RFC 826");
	field_ip(&f, 24, "target IP", &h->target, NULL, "RFC 826");
}
