/* ICMP and ICMPv6 in words. */
#include "fields.h"
#include "glassnet/proto/icmp.h"
#include "glassnet/proto/ip.h"
#include "glassnet/wire.h"

#define ANY 0xff /* every code */

static const struct {
	bool v6;
	uint8_t type, code;
	const char *text;
} texts[] = {
    {false, ICMP4_ECHO_REPLY, ANY, "echo reply"},
    {false, ICMP4_ECHO, ANY, "echo request"},
    {false, ICMP4_UNREACHABLE, 0, "network unreachable"},
    {false, ICMP4_UNREACHABLE, 1, "host unreachable"},
    {false, ICMP4_UNREACHABLE, 2, "protocol unreachable"},
    {false, ICMP4_UNREACHABLE, 3, "port unreachable"},
    {false, ICMP4_UNREACHABLE, 4, "too big, and it must not be fragmented"},
    {false, ICMP4_UNREACHABLE, 9, "network administratively prohibited"},
    {false, ICMP4_UNREACHABLE, 10, "host administratively prohibited"},
    {false, ICMP4_UNREACHABLE, 13, "administratively prohibited"},
    {false, ICMP4_UNREACHABLE, ANY, "destination unreachable"},
    {false, ICMP4_QUENCH, ANY, "source quench"},
    {false, ICMP4_REDIRECT, ANY, "redirect"},
    {false, 9, ANY, "router advertisement"},
    {false, 10, ANY, "router solicitation"},
    {false, ICMP4_TIME_EXCEEDED, 0, "time exceeded: the TTL ran out"},
    {false, ICMP4_TIME_EXCEEDED, ANY, "time exceeded: fragments are missing"},
    {false, ICMP4_PARAMETER, ANY, "parameter problem"},
    {false, 13, ANY, "timestamp request"},
    {false, 14, ANY, "timestamp reply"},
    {true, ICMP6_UNREACHABLE, 0, "no route to the destination"},
    {true, ICMP6_UNREACHABLE, 1, "administratively prohibited"},
    {true, ICMP6_UNREACHABLE, 3, "address unreachable"},
    {true, ICMP6_UNREACHABLE, 4, "port unreachable"},
    {true, ICMP6_UNREACHABLE, ANY, "destination unreachable"},
    {true, ICMP6_TOO_BIG, ANY, "packet too big"},
    {true, ICMP6_EXPIRED, 0, "time exceeded: the hop limit ran out"},
    {true, ICMP6_EXPIRED, ANY, "time exceeded: fragments are missing"},
    {true, ICMP6_PARAMETER, ANY, "parameter problem"},
    {true, ICMP6_ECHO, ANY, "echo request"},
    {true, ICMP6_ECHO_BACK, ANY, "echo reply"},
    {true, 130, ANY, "multicast listener query"},
    {true, 131, ANY, "multicast listener report"},
    {true, 132, ANY, "multicast listener done"},
    {true, ICMP6_ROUTER_SOLICIT, ANY, "router solicitation"},
    {true, ICMP6_ROUTER_ADVERT, ANY, "router advertisement"},
    {true, ICMP6_NEIGHBOR_SOLICIT, ANY, "neighbour solicitation"},
    {true, ICMP6_NEIGHBOR_ADVERT, ANY, "neighbour advertisement"},
    {true, ICMP6_REDIRECT, ANY, "redirect"},
    {true, 143, ANY, "multicast listener report, version 2"},
};

const char *icmp_type_text(bool v6, uint8_t type, uint8_t code)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].v6 == v6 && texts[i].type == type && (texts[i].code == ANY || texts[i].code == code))
			return texts[i].text;
	return NULL;
}

static bool is_echo(const struct icmp *h)
{
	return h->v6 ? h->type == ICMP6_ECHO || h->type == ICMP6_ECHO_BACK
	             : h->type == ICMP4_ECHO || h->type == ICMP4_ECHO_REPLY;
}

static void add_quote(const struct icmp *h, struct text *out)
{
	const char *name = ip_protocol_name(h->quote_protocol);

	text_str(out, ", about ");
	text_str(out, name ? name : "a packet");
	text_str(out, " ");
	if (h->quote_src.port || h->quote_dst.port) {
		text_endpoint(out, &h->quote_src);
		text_str(out, "→");
		text_endpoint(out, &h->quote_dst);
	} else {
		text_ip(out, &h->quote_src.ip);
		text_str(out, "→");
		text_ip(out, &h->quote_dst.ip);
	}
}

static void add_neighbour(const struct icmp *h, struct text *out)
{
	if (h->type == ICMP6_NEIGHBOR_SOLICIT) {
		text_str(out, "who has ");
		text_ip(out, &h->target);
		text_str(out, "? (neighbour solicitation)");
		return;
	}
	text_ip(out, &h->target);
	text_str(out, h->has_link_address ? " is at " : " is here");
	if (h->has_link_address)
		text_mac(out, &h->link_address);
	text_str(out, " (neighbour advertisement)");
}

void icmp_summary(const struct icmp *h, struct text *out)
{
	const char *text = icmp_type_text(h->v6, h->type, h->code);

	text_str(out, h->v6 ? "ICMPv6 " : "ICMP ");
	if (h->v6 && (h->type == ICMP6_NEIGHBOR_SOLICIT || h->type == ICMP6_NEIGHBOR_ADVERT)) {
		add_neighbour(h, out);
		return;
	}
	text_str(out, text ? text : "type ");
	if (!text) {
		text_num(out, h->type);
		text_str(out, " code ");
		text_num(out, h->code);
	}
	if (is_echo(h)) {
		text_str(out, " id ");
		text_num(out, h->rest >> 16);
		text_str(out, " seq ");
		text_num(out, h->rest & 0xffff);
	}
	if (h->has_quote)
		add_quote(h, out);
}

static void describe_rest(const struct icmp *h, const struct fields *f)
{
	const char *ref = h->v6 ? "RFC 4443" : "RFC 792";

	if (is_echo(h)) {
		field_num(f, 4, 2, "identifier", h->rest >> 16, "which ping asks", ref);
		field_num(
		    f, 6, 2, "sequence number", h->rest & 0xffff, "which of its questions this belongs to", ref);
		if (h->len > 8)
			field_hex(f, 8, h->len - 8, "data", "the answer must bring it back unchanged", ref);
	} else if (h->v6 && h->type == ICMP6_TOO_BIG) {
		field_num(f, 4, 4, "MTU", h->rest, "the largest packet that passes there", "RFC 4443 3.2");
	} else if (!h->v6 && h->type == ICMP4_UNREACHABLE && h->code == 4) {
		field_num(f, 6, 2, "MTU", h->rest & 0xffff, "the largest packet that passes there", "RFC 1191 4");
	} else if (h->v6 && h->type == ICMP6_NEIGHBOR_ADVERT) {
		field_flag(f, 4, 1, "router", h->rest >> 31 != 0, "the sender is a router", "RFC 4861 4.4");
		field_flag(f, 4, 1, "solicited", (h->rest >> 30 & 1) != 0, "somebody asked", "RFC 4861 4.4");
		field_flag(
		    f, 4, 1, "override", (h->rest >> 29 & 1) != 0, "replace what you have noted", "RFC 4861 4.4");
	} else if (h->v6 && h->type == ICMP6_ROUTER_ADVERT) {
		field_num(
		    f, 4, 1, "hop limit", h->rest >> 24, "what hosts shall put into their packets", "RFC 4861 4.2");
		field_num(f, 6, 2, "router lifetime", h->rest & 0xffff,
		    "seconds that this router may be used as the way out", "RFC 4861 4.2");
	}
}

static void describe_nd_options(const struct icmp *h, const struct fields *f)
{
	for (size_t i = h->options_off; i + 8 <= h->len && f->p[i + 1] > 0;) {
		size_t len = f->p[i + 1] * 8U;
		char mac[MAC_TEXT];
		struct mac m;
		struct ip ip;

		if (len > h->len - i)
			return;
		switch (f->p[i]) {
		case ND_OPT_SOURCE:
		case ND_OPT_TARGET:
			for (size_t k = 0; k < 6; k++)
				m.b[k] = f->p[i + 2 + k];
			field_text(f, i, len, f->p[i] == ND_OPT_SOURCE ? "source MAC" : "target MAC",
			    mac_text(mac, &m), "nothing proves it: whoever answers is believed", "RFC 4861 4.6.1");
			break;
		case ND_OPT_PREFIX:
			if (len != 32)
				return;
			ip = ip_from(6, f->p + i + 16);
			field_ip(f, i + 16, "prefix", &ip, "hosts make their own address from it", "RFC 4861 4.6.2");
			field_num(f, i + 2, 1, "prefix length", f->p[i + 2], NULL, "RFC 4861 4.6.2");
			break;
		default:
			field_num(f, i, len, "option", f->p[i], NULL, "RFC 4861 4.6");
		}
		i += len;
	}
}

static void describe_quote(const struct icmp *h, const struct fields *f)
{
	struct fields d = fields_deeper(f);
	const char *name = ip_protocol_name(h->quote_protocol);

	field_fmt(f, h->quote_off, h->len - h->quote_off, "quoted packet",
	    "the begin of the packet that this is about", h->v6 ? "RFC 4443 3" : "RFC 792", "%s",
	    name ? name : "unknown protocol");
	field_ip(&d, h->quote_off + (h->v6 ? 8 : 12), "source", &h->quote_src.ip, NULL, NULL);
	field_ip(&d, h->quote_off + (h->v6 ? 24 : 16), "destination", &h->quote_dst.ip, NULL, NULL);
}

void icmp_describe(const struct icmp *h, const uint8_t *p, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = h->v6 ? "ICMPv6" : "ICMP", .base = base, .p = p, .depth = 1};
	const char *text = icmp_type_text(h->v6, h->type, h->code), *ref = h->v6 ? "RFC 4443 2.1" : "RFC 792";

	field_num(&f, 0, 1, "type", h->type, text, ref);
	field_num(&f, 1, 1, "code", h->code, NULL, ref);
	if (h->v6)
		field_fmt(&f, 2, 2, "checksum", NULL, ref, "0x%04x", h->checksum);
	else
		field_fmt(&f, 2, 2, "checksum", NULL, ref, "0x%04x (%s)", h->checksum,
		    inet_checksum(p, h->len, NULL, 0) == 0 ? "right" : "does not match");
	describe_rest(h, &f);
	if (h->target.family)
		field_ip(&f, 8, "target", &h->target, "whose hardware address this is about", "RFC 4861 4.3");
	if (h->options_off)
		describe_nd_options(h, &f);
	if (h->has_quote)
		describe_quote(h, &f);
}
