/* Headers that captures have in place of Ethernet's (the LINKTYPE_ pages of tcpdump.org).
 *
 *     DLT_NULL         family 4 octets, in the byte order of the machine that captured
 *     DLT_LOOP         the same, big endian
 *     DLT_LINUX_SLL    packet type 2 | ARPHRD 2 | address length 2 | address 8 | protocol 2
 *     DLT_LINUX_SLL2   protocol 2 | zero 2 | interface 4 | ARPHRD 2 | packet type 1 | address length 1 |
 * address 8
 */
#include <pcap/dlt.h>
#include <string.h>

#include "fields.h"
#include "glassnet/proto/ether.h"
#include "glassnet/wire.h"

static uint32_t swap32(uint32_t v)
{
	return v >> 24 | (v >> 8 & 0xff00) | (v << 8 & 0xff0000) | v << 24;
}

static void parse_null(struct link_header *h, struct rd *r)
{
	h->family = rd_u32(r);
	if (h->family > 0xffff) /* written by a little-endian machine */
		h->family = swap32(h->family);
	/* AF_INET is 2 everywhere; AF_INET6 is 10 on Linux, 24 on NetBSD, 28 on FreeBSD, 30 on macOS */
	h->type = h->family == 2                                                             ? ETHER_IPV4
	          : h->family == 10 || h->family == 24 || h->family == 28 || h->family == 30 ? ETHER_IPV6
	                                                                                     : 0;
}

static void take_address(struct link_header *h, const uint8_t *address, unsigned len)
{
	h->has_mac = address && len == 6;
	if (h->has_mac)
		memcpy(h->src.b, address, 6);
}

static void parse_sll(struct link_header *h, struct rd *r)
{
	h->packet_type = (uint8_t)rd_u16(r);
	rd_skip(r, 2);
	unsigned len = rd_u16(r);
	take_address(h, rd_bytes(r, 8), len);
	h->type = rd_u16(r);
}

static void parse_sll2(struct link_header *h, struct rd *r)
{
	h->type = rd_u16(r);
	rd_skip(r, 2);
	h->ifindex = rd_u32(r);
	rd_skip(r, 2);
	h->packet_type = rd_u8(r);
	unsigned len = rd_u8(r);
	take_address(h, rd_bytes(r, 8), len);
}

enum err link_parse(struct link_header *out, int linktype, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	*out = (struct link_header){.linktype = linktype};
	*at = 0;
	if (linktype == DLT_NULL || linktype == DLT_LOOP)
		parse_null(out, &r);
	else if (linktype == DLT_LINUX_SLL)
		parse_sll(out, &r);
	else if (linktype == DLT_LINUX_SLL2)
		parse_sll2(out, &r);
	else
		return ERR_VERSION;
	*at = out->header_len = r.pos;
	return r.bad ? ERR_TRUNCATED : ERR_OK;
}

static const char *packet_type_text(uint8_t type)
{
	static const char *const texts[] = {
	    "sent to this machine", "broadcast", "multicast", "for another machine", "sent by this machine"};

	return type < sizeof(texts) / sizeof(texts[0]) ? texts[type] : "of an unknown kind";
}

void link_summary(const struct link_header *h, struct text *out)
{
	const char *name = ethertype_name(h->type);

	bool loopback = h->linktype == DLT_NULL || h->linktype == DLT_LOOP;

	text_str(out, loopback ? "loopback" : "Linux cooked capture, ");
	if (!loopback)
		text_str(out, packet_type_text(h->packet_type));
	text_str(out, ", ");
	if (name) {
		text_str(out, name);
	} else {
		text_str(out, "type 0x");
		text_hex(out, h->type, 4);
	}
}

static void describe_type(const struct fields *f, size_t off, uint16_t type)
{
	const char *name = ethertype_name(type);

	field_fmt(f, off, 2, "type", "what the payload is", "LINKTYPE_LINUX_SLL", "0x%04x%s%s%s", type,
	    name ? " (" : "", name ? name : "", name ? ")" : "");
}

void link_describe(const struct link_header *h, const uint8_t *p, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "link header", .base = base, .p = p, .depth = 1};
	bool sll2 = h->linktype == DLT_LINUX_SLL2;
	char text[MAC_TEXT];

	if (h->linktype == DLT_NULL || h->linktype == DLT_LOOP) {
		field_num(&f, 0, 4, "address family", h->family, "loopback has no Ethernet header, only this", NULL);
		return;
	}
	if (sll2) {
		describe_type(&f, 0, h->type);
		field_num(&f, 4, 4, "interface", h->ifindex, "its number on the capturing machine", NULL);
	}
	field_text(&f, sll2 ? 10 : 0, sll2 ? 1 : 2, "packet", packet_type_text(h->packet_type),
	    "a capture on all interfaces keeps this in place of the Ethernet header", NULL);
	if (h->has_mac)
		field_text(&f, sll2 ? 12 : 6, 6, "source MAC", mac_text(text, &h->src), NULL, NULL);
	if (!sll2)
		describe_type(&f, 14, h->type);
}
