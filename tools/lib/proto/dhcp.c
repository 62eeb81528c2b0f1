/* DHCP for IPv4 (RFC 2131 2), on UDP ports 67 (server) and 68 (client).
 *
 *      0     1     2     3     4          8          12
 *     +-----+-----+-----+-----+----------+----+-----+----------+----------+----------+----------+
 *     | op  |htype|hlen |hops | xid      |secs|flags| ciaddr   | yiaddr   | siaddr   | giaddr   |
 *     +-----+-----+-----+-----+----------+----+-----+----------+----------+----------+----------+
 *      28: chaddr 16 | 44: sname 64 | 108: file 128 | 236: 63 82 53 63 | 240: options: code, length, data ...
 * 255
 */
#include "glassnet/proto/dhcp.h"

#include <string.h>

#include "fields.h"
#include "glassnet/wire.h"

#define COOKIE_OFF  236
#define OPTIONS_OFF 240
#define COOKIE      0x63825363

/* The option at the reader. False at the end marker, at the end of the data and (r->bad) when it is cut. */
static bool read_option(struct rd *r, struct dhcp_option *o)
{
	do {
		o->off = r->pos;
		if (rd_left(r) == 0)
			return false;
		o->code = rd_u8(r);
	} while (o->code == DHCP_OPT_PAD);
	if (o->code == DHCP_OPT_END)
		return false;
	o->len = rd_u8(r);
	o->data_off = r->pos;
	rd_skip(r, o->len);
	return !r->bad;
}

bool dhcp_option_next(const uint8_t *p, size_t len, size_t *pos, struct dhcp_option *out)
{
	struct rd r = rd_init(p, len);

	rd_skip(&r, OPTIONS_OFF + *pos);
	if (!read_option(&r, out))
		return false;
	*pos = r.pos - OPTIONS_OFF;
	return true;
}

/* The first address of an option that is a list of them. */
static void take_ip(struct ip *out, const uint8_t *data, size_t len)
{
	if (len >= 4)
		*out = ip_from(4, data);
}

/* The options that say what happens. False when one has a length that it must not have. */
static bool take_option(struct dhcp *h, const struct dhcp_option *o, const uint8_t *data)
{
	struct rd r = rd_init(data, o->len);

	switch (o->code) {
	case DHCP_OPT_TYPE:
		h->type = rd_u8(&r);
		return o->len == 1;
	case DHCP_OPT_LEASE:
		h->lease = rd_u32(&r);
		h->has_lease = o->len == 4;
		return o->len == 4;
	case DHCP_OPT_MASK:
		take_ip(&h->mask, data, o->len);
		return o->len == 4;
	case DHCP_OPT_SERVER:
		take_ip(&h->server_id, data, o->len);
		return o->len == 4;
	case DHCP_OPT_REQUESTED_IP:
		take_ip(&h->requested, data, o->len);
		return o->len == 4;
	case DHCP_OPT_ROUTER:
		take_ip(&h->router, data, o->len);
		return o->len >= 4 && o->len % 4 == 0;
	case DHCP_OPT_DNS:
		take_ip(&h->dns, data, o->len);
		return o->len >= 4 && o->len % 4 == 0;
	default:
		return true;
	}
}

static void read_fixed(struct dhcp *h, struct rd *r)
{
	h->op = rd_u8(r);
	uint8_t hardware = rd_u8(r), hlen = rd_u8(r);
	rd_skip(r, 1);
	h->xid = rd_u32(r);
	h->secs = rd_u16(r);
	h->flags = rd_u16(r);
	const uint8_t *addresses = rd_bytes(r, 16), *mac = rd_bytes(r, 16);
	if (!mac)
		return;
	h->client = ip_from(4, addresses);
	h->yours = ip_from(4, addresses + 4);
	h->server = ip_from(4, addresses + 8);
	h->relay = ip_from(4, addresses + 12);
	h->has_mac = hardware == 1 && hlen == 6;
	memcpy(h->client_mac.b, mac, 6);
	rd_skip(r, 64 + 128);
}

enum err dhcp_parse(struct dhcp *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);
	struct dhcp_option o;

	*out = (struct dhcp){0};
	read_fixed(out, &r);
	uint32_t cookie = rd_u32(&r);
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	if (out->op != 1 && out->op != 2) {
		*at = 0;
		return ERR_FORMAT;
	}
	if (cookie != COOKIE) {
		*at = COOKIE_OFF;
		return ERR_FORMAT;
	}
	while (read_option(&r, &o))
		if (!take_option(out, &o, p + o.data_off)) {
			*at = o.off;
			return ERR_FORMAT;
		}
	*at = r.pos;
	return r.bad ? ERR_TRUNCATED : ERR_OK;
}

const char *dhcp_type_name(uint8_t type)
{
	static const char *const names[] = {
	    NULL, "discover", "offer", "request", "decline", "ack", "nak", "release", "inform"};

	return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

static bool is_set(const struct ip *a)
{
	return a->b[0] || a->b[1] || a->b[2] || a->b[3];
}

static void add_lease(const struct dhcp *h, struct text *out)
{
	text_str(out, " ");
	text_ip(out, &h->yours);
	if (h->has_lease) {
		text_str(out, " for ");
		text_num(out, h->lease);
		text_str(out, " s");
	}
	if (h->router.family) {
		text_str(out, ", router ");
		text_ip(out, &h->router);
	}
	if (h->dns.family) {
		text_str(out, ", DNS ");
		text_ip(out, &h->dns);
	}
}

void dhcp_summary(const struct dhcp *h, struct text *out)
{
	const char *name = dhcp_type_name(h->type);

	text_str(out, "DHCP ");
	text_str(out, name ? name : h->op == 1 ? "BOOTP request" : "BOOTP reply");
	switch (h->type) {
	case DHCP_DISCOVER:
		text_str(out, ": who gives me an address?");
		break;
	case DHCP_OFFER:
	case DHCP_ACK:
		add_lease(h, out);
		break;
	case DHCP_REQUEST:
	case DHCP_DECLINE:
		text_str(out, " ");
		text_ip(out, h->requested.family ? &h->requested : &h->client);
		break;
	case DHCP_RELEASE:
		text_str(out, " ");
		text_ip(out, &h->client);
		break;
	case DHCP_NAK:
		text_str(out, ": you cannot have that address");
		break;
	default:
		break;
	}
	if (h->server_id.family && h->op == 1) {
		text_str(out, ", from ");
		text_ip(out, &h->server_id);
	}
}

/* --- description -------------------------------------------------------------------------------------------
 */

enum option_kind { KIND_HEX, KIND_IPS, KIND_SECONDS, KIND_TEXT, KIND_NUMBER, KIND_TYPE, KIND_CODES };

static const struct option_info {
	uint8_t code;
	enum option_kind kind;
	const char *name, *meaning, *ref;
} infos[] = {
    {DHCP_OPT_MASK, KIND_IPS, "subnet mask", "which addresses are on this very link", "RFC 2132 3.3"},
    {DHCP_OPT_ROUTER, KIND_IPS, "router", "the way out: all traffic to elsewhere goes through it", "RFC 2132 3.5"},
    {DHCP_OPT_DNS, KIND_IPS, "DNS server", "whoever this is decides where names lead", "RFC 2132 3.8"},
    {DHCP_OPT_HOSTNAME, KIND_TEXT, "host name", NULL, "RFC 2132 3.14"},
    {DHCP_OPT_DOMAIN, KIND_TEXT, "domain", NULL, "RFC 2132 3.17"},
    {26, KIND_NUMBER, "MTU", NULL, "RFC 2132 5.1"},
    {DHCP_OPT_BROADCAST, KIND_IPS, "broadcast address", NULL, "RFC 2132 5.3"},
    {DHCP_OPT_REQUESTED_IP, KIND_IPS, "requested address", NULL, "RFC 2132 9.1"},
    {DHCP_OPT_LEASE, KIND_SECONDS, "lease time", "how long the address may be used", "RFC 2132 9.2"},
    {DHCP_OPT_OVERLOAD, KIND_NUMBER, "option overload", NULL, "RFC 2132 9.3"},
    {DHCP_OPT_TYPE, KIND_TYPE, "message type", NULL, "RFC 2132 9.6"},
    {DHCP_OPT_SERVER, KIND_IPS, "server", "which server's offer this is about", "RFC 2132 9.7"},
    {DHCP_OPT_WANTED, KIND_CODES, "wanted options", "what the client would like to be told", "RFC 2132 9.8"},
    {DHCP_OPT_MESSAGE, KIND_TEXT, "message", NULL, "RFC 2132 9.9"},
    {DHCP_OPT_MAX_SIZE, KIND_NUMBER, "maximum message size", NULL, "RFC 2132 9.10"},
    {DHCP_OPT_RENEW, KIND_SECONDS, "renewal time", "then the client asks the same server again", "RFC 2132 9.11"},
    {DHCP_OPT_REBIND, KIND_SECONDS, "rebinding time", "then it asks any server", "RFC 2132 9.12"},
    {DHCP_OPT_VENDOR, KIND_TEXT, "vendor class", "what program or device asks", "RFC 2132 9.13"},
    {DHCP_OPT_CLIENT_ID, KIND_HEX, "client identifier", NULL, "RFC 2132 9.14"},
};

static const struct option_info *info_of(uint8_t code)
{
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++)
		if (infos[i].code == code)
			return &infos[i];
	return NULL;
}

static void add_ips(struct text *out, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i + 4 <= len; i += 4) {
		struct ip ip = ip_from(4, p + i);
		text_str(out, i > 0 ? ", " : "");
		text_ip(out, &ip);
	}
}

static void add_codes(struct text *out, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		const struct option_info *info = info_of(p[i]);
		text_str(out, i > 0 ? ", " : "");
		if (info)
			text_str(out, info->name);
		else
			text_num(out, p[i]);
	}
}

static uint64_t number(const uint8_t *p, size_t len)
{
	uint64_t v = 0;

	for (size_t i = 0; i < len && i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void option_value(struct text *out, const struct option_info *info, const uint8_t *p, size_t len)
{
	const char *name = len > 0 ? dhcp_type_name(p[0]) : NULL;
	char hex[80];

	switch (info->kind) {
	case KIND_IPS:
		add_ips(out, p, len);
		break;
	case KIND_SECONDS:
		text_seconds(out, number(p, len));
		break;
	case KIND_NUMBER:
		text_num(out, number(p, len));
		break;
	case KIND_TEXT:
		text_peer(out, p, len);
		break;
	case KIND_TYPE:
		text_num(out, number(p, len));
		text_str(out, name ? " (" : "");
		text_str(out, name ? name : "");
		text_str(out, name ? ")" : "");
		break;
	case KIND_CODES:
		add_codes(out, p, len);
		break;
	case KIND_HEX:
		text_str(out, hex_text(hex, sizeof(hex), p, len));
		break;
	}
}

static void describe_options(const struct fields *f, size_t len)
{
	struct dhcp_option o;

	for (size_t pos = 0; dhcp_option_next(f->p, len, &pos, &o);) {
		const struct option_info *info = info_of(o.code);
		char value[1024], name[24];
		struct text v = text_init(value, sizeof(value)), n = text_init(name, sizeof(name));

		if (info) {
			option_value(&v, info, f->p + o.data_off, o.len);
			field_text(f, o.off, 2 + o.len, info->name, value, info->meaning, info->ref);
			continue;
		}
		text_str(&n, "option ");
		text_num(&n, o.code);
		field_text(f, o.off, 2 + o.len, name, hex_text(value, sizeof(value), f->p + o.data_off, o.len), NULL,
		    "RFC 2132");
	}
}

void dhcp_describe(const struct dhcp *h, const uint8_t *p, size_t len, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "DHCP", .base = base, .p = p, .depth = 1};
	char mac[MAC_TEXT];

	if (len < OPTIONS_OFF)
		return;
	field_fmt(
	    &f, 0, 1, "op", NULL, "RFC 2131 2", "%u (%s)", h->op, h->op == 1 ? "from a client" : "from a server");
	field_fmt(
	    &f, 4, 4, "transaction ID", "answers carry the number of the question", "RFC 2131 2", "0x%08x", h->xid);
	field_num(&f, 8, 2, "seconds", h->secs, "since the client began to ask", "RFC 2131 2");
	field_flag(&f, 10, 2, "broadcast", (h->flags & 0x8000) != 0, "answer to everyone: I have no address yet",
	    "RFC 2131 2");
	if (is_set(&h->client))
		field_ip(&f, 12, "client address", &h->client, "the client has it already", "RFC 2131 2");
	if (is_set(&h->yours))
		field_ip(&f, 16, "your address", &h->yours, "what the client is given", "RFC 2131 2");
	if (is_set(&h->server))
		field_ip(&f, 20, "next server", &h->server, "where to boot from", "RFC 2131 2");
	if (is_set(&h->relay))
		field_ip(&f, 24, "relay", &h->relay, "passed the message on from another link", "RFC 2131 2");
	if (h->has_mac)
		field_text(
		    &f, 28, 6, "client MAC", mac_text(mac, &h->client_mac), "whom the address is for", "RFC 2131 2");
	describe_options(&f, len);
}
