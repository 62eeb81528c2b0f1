/* Ethernet II (IEEE 802.3 3.2), with VLAN tags (IEEE 802.1Q 9.6).
 *
 *      0                   6                   12    14
 *     +-------------------+-------------------+-----+--------------
 *     | destination MAC   | source MAC        |type | payload ...
 *     +-------------------+-------------------+-----+--------------
 *     with a tag:                    | 0x8100 | PCP 3, DEI 1, VLAN 12 | type | payload ...
 */
#include "glassnet/proto/ether.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "glassnet/wire.h"

#define TAG_CUSTOMER 0x8100
#define TAG_SERVICE  0x88a8
#define LEAST_TYPE   0x0600 /* smaller values are a length (802.3 3.2.6) */

static const struct {
	uint16_t type;
	const char *name;
} ethertypes[] = {{ETHER_IPV4, "IPv4"}, {ETHER_ARP, "ARP"}, {ETHER_IPV6, "IPv6"}, {TAG_CUSTOMER, "VLAN tag"},
    {TAG_SERVICE, "service VLAN tag"}, {0x88cc, "LLDP"}, {0x888e, "802.1X"}, {0x8863, "PPPoE discovery"},
    {0x8864, "PPPoE"}, {0x8847, "MPLS"}, {0x88e5, "MACsec"}};

const char *ethertype_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(ethertypes) / sizeof(ethertypes[0]); i++)
		if (ethertypes[i].type == type)
			return ethertypes[i].name;
	return NULL;
}

enum err ether_parse(struct ether *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	*out = (struct ether){0};
	const uint8_t *dst = rd_bytes(&r, 6), *src = rd_bytes(&r, 6);
	if (src) {
		memcpy(out->dst.b, dst, 6);
		memcpy(out->src.b, src, 6);
	}
	out->type = rd_u16(&r);
	while ((out->type == TAG_CUSTOMER || out->type == TAG_SERVICE) && out->n_tags < ETHER_MAX_TAGS) {
		out->tag_type[out->n_tags] = out->type;
		out->tag[out->n_tags++] = rd_u16(&r);
		out->type = rd_u16(&r);
	}
	out->header_len = r.pos;
	*at = r.pos;
	return r.bad ? ERR_TRUNCATED : ERR_OK;
}

static void add_type(struct text *out, uint16_t type)
{
	const char *name = ethertype_name(type);

	if (name) {
		text_str(out, name);
		return;
	}
	text_str(out, type < LEAST_TYPE ? "802.3 frame with LLC, length " : "type 0x");
	if (type < LEAST_TYPE)
		text_num(out, type);
	else
		text_hex(out, type, 4);
}

void ether_summary(const struct ether *h, struct text *out)
{
	text_str(out, "Ethernet ");
	text_mac(out, &h->src);
	text_str(out, "→");
	text_mac(out, &h->dst);
	for (unsigned i = 0; i < h->n_tags; i++) {
		text_str(out, ", VLAN ");
		text_num(out, h->tag[i] & 0xfff);
	}
	text_str(out, ", ");
	add_type(out, h->type);
}

static const char *mac_meaning(const struct mac *m)
{
	static const struct mac broadcast = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

	if (memcmp(m, &broadcast, sizeof(*m)) == 0)
		return "every machine on this link (broadcast)";
	if (m->b[0] & 1)
		return "a group of machines on this link (multicast)";
	return m->b[0] & 2 ? "a locally made-up address, as virtual and privacy-minded machines use" : NULL;
}

void ether_describe(const struct ether *h, const uint8_t *p, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "Ethernet", .base = base, .p = p, .depth = 1};
	const char *name = ethertype_name(h->type);
	char text[MAC_TEXT];
	size_t off = 12;

	field_text(&f, 0, 6, "destination MAC", mac_text(text, &h->dst), mac_meaning(&h->dst), "IEEE 802.3 3.2.4");
	field_text(&f, 6, 6, "source MAC", mac_text(text, &h->src), mac_meaning(&h->src), "IEEE 802.3 3.2.5");
	for (unsigned i = 0; i < h->n_tags; i++, off += 4)
		field_fmt(&f, off, 4, "VLAN tag", "one cable, several separate networks: this frame is of that one",
		    "IEEE 802.1Q 9.6", "VLAN %d, priority %d", h->tag[i] & 0xfff, h->tag[i] >> 13);
	if (h->type < LEAST_TYPE)
		field_num(&f, off, 2, "length", h->type, "an old 802.3 frame: octets of payload", "IEEE 802.3 3.2.6");
	else
		field_fmt(&f, off, 2, "type", "what the payload is", "IEEE 802.3 3.2.6", "0x%04x%s%s%s", h->type,
		    name ? " (" : "", name ? name : "", name ? ")" : "");
}
