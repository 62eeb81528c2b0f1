/* Every field of a DNS message. */
#include <stdio.h>

#include "dns_rdata.h"
#include "fields.h"
#include "glassnet/wire.h"

static void describe_flags(const struct dns *m, const struct fields *f)
{
	const char *rcode = dns_rcode_name(m->rcode & 15);
	struct fields d = fields_deeper(f);

	field_text(f, 2, 1, "QR", m->response ? "response" : "query",
	    m->response ? "it answers the question with the same ID" : "it asks", "RFC 1035 4.1.1");
	field_fmt(f, 2, 1, "opcode", "what is wanted; nearly always a look-up", "RFC 1035 4.1.1", "%u%s", m->opcode,
	    m->opcode == 0 ? " (standard query)" : "");
	if (m->response)
		field_flag(&d, 2, 1, "AA", m->aa, "the server itself has the zone: this is not from a cache",
		    "RFC 1035 4.1.1");
	field_flag(&d, 2, 1, "TC", m->tc, "it did not fit: ask again over TCP", "RFC 1035 4.1.1");
	field_flag(
	    &d, 2, 1, "RD", m->rd, "find the answer for me: do not only refer me to somebody else", "RFC 1035 4.1.1");
	if (m->response) {
		field_flag(&d, 3, 1, "RA", m->ra, "this server finds answers for others", "RFC 1035 4.1.1");
		field_flag(
		    &d, 3, 1, "AD", m->ad, "the server says that it has checked the signatures", "RFC 4035 3.2.3");
	}
	field_flag(&d, 3, 1, "CD", m->cd, "do not check signatures for me", "RFC 4035 3.2.2");
	if (m->response)
		field_fmt(f, 3, 1, "rcode",
		    m->rcode == DNS_NXDOMAIN   ? "the name does not exist, whatever type is asked for"
		    : m->rcode == DNS_REFUSED  ? "the server does not want to answer this"
		    : m->rcode == DNS_SERVFAIL ? "the server could not find out"
		    : m->rcode == DNS_NOERROR  ? "all is well; whether there is an answer is another matter"
		    : m->rcode == DNS_FORMERR  ? "the server does not understand the query"
		                               : NULL,
		    "RFC 1035 4.1.1", "%u%s%s%s", m->rcode & 15, rcode ? " (" : "", rcode ? rcode : "",
		    rcode ? ")" : "");
}

static void describe_header(const struct dns *m, const struct fields *f)
{
	static const char *const names[] = {"questions", "answer records", "authority records", "additional records"};
	static const char *const meanings[] = {"how many; only one is ever sent", "what was asked for",
	    "who is in charge: a referral's name servers, or a SOA", "what helps, such as those servers' addresses"};
	struct fields h = *f;

	h.layer = "DNS header";
	field_fmt(&h, 0, 2, "ID", "the answer must bring the same: a guess at it is what a forger needs",
	    "RFC 1035 4.1.1", "0x%04x", m->id);
	describe_flags(m, &h);
	for (size_t i = 0; i < DNS_SECTIONS; i++)
		field_num(&h, 4 + 2 * i, 2, names[i], m->count[i], meanings[i], "RFC 1035 4.1.1");
}

static const char *option_name(uint16_t code)
{
	switch (code) {
	case 3:
		return "NSID: which of the server's machines answers";
	case 8:
		return "client subnet: where the asking user is";
	case 10:
		return "cookie: makes forged answers harder";
	case 12:
		return "padding: hides the length";
	case 15:
		return "extended error";
	default:
		return "an option that is not known here";
	}
}

static const char *dns_type_meaning(uint16_t type)
{
	switch (type) {
	case DNS_A:
		return "an IPv4 address";
	case DNS_AAAA:
		return "an IPv6 address";
	case DNS_NS:
		return "a name server of a zone";
	case DNS_CNAME:
		return "an alias";
	case DNS_SOA:
		return "where a zone begins, and its times";
	case DNS_PTR:
		return "from an address to a name";
	case DNS_MX:
		return "who takes mail";
	case DNS_TXT:
		return "text";
	case DNS_SRV:
		return "where a service is";
	case DNS_OPT:
		return "no data of a zone: what the sender can do (EDNS)";
	case DNS_DS:
		return "the parent's word for a child's key";
	case DNS_RRSIG:
		return "a signature";
	case DNS_NSEC:
		return "what there is not, signed";
	case DNS_DNSKEY:
		return "a zone's public key";
	default:
		return "a kind of record that is not explained here";
	}
}

static const char *extended_error(uint16_t code)
{
	static const char *const names[] = {"other", "unsupported DNSKEY algorithm", "unsupported DS digest",
	    "stale answer", "forged answer", "DNSSEC indeterminate", "DNSSEC bogus", "signature expired",
	    "signature not yet valid", "DNSKEY missing", "RRSIGs missing", "no zone key bit set", "NSEC missing",
	    "cached error", "not ready", "blocked", "censored", "filtered", "prohibited", "stale NXDOMAIN answer",
	    "not authoritative", "not supported", "no reachable authority", "network error", "invalid data"};

	return code < sizeof(names) / sizeof(names[0]) ? names[code] : "unknown";
}

static void describe_subnet(const struct fields *f, size_t off, size_t n)
{
	struct rd r = rd_init(f->p + off, n);
	uint16_t family = rd_u16(&r);
	uint8_t source = rd_u8(&r), scope = rd_u8(&r), address[16] = {0};
	size_t len = rd_left(&r);

	if (r.bad || (family != 1 && family != 2) || len > (family == 1 ? 4 : 16))
		return;
	for (size_t i = 0; i < len; i++)
		address[i] = rd_u8(&r);
	struct ip ip = ip_from(family == 1 ? 4 : 6, address);
	char text[IP_TEXT];
	field_fmt(f, off, n, "client subnet", "the answer may depend on where the user is", "RFC 7871 6",
	    "%s/%u, scope /%u", ip_text(text, &ip), source, scope);
}

/* What is in an option whose form is known here. */
static void describe_option(const struct fields *f, uint16_t code, size_t off, size_t n)
{
	struct fields d = fields_deeper(f);

	if (code == 3 && n > 0) {
		field_peer(&d, off, n, "server", NULL, "RFC 5001 2.3");
	} else if (code == 8) {
		describe_subnet(&d, off, n);
	} else if (code == 10 && n >= 8) {
		field_hex(&d, off, 8, "client cookie", "comes back in the answer: a forger does not know it",
		    "RFC 7873 4.1");
		if (n >= 16)
			field_hex(&d, off + 8, n - 8, "server cookie", "shows that the client's address is its own",
			    "RFC 7873 4.2");
	} else if (code == 15 && n >= 2) {
		uint16_t info = (uint16_t)(d.p[off] << 8 | d.p[off + 1]);
		field_fmt(
		    &d, off, 2, "info code", "why it failed", "RFC 8914 4", "%u (%s)", info, extended_error(info));
		if (n > 2)
			field_peer(&d, off + 2, n - 2, "text", NULL, "RFC 8914 2");
	}
}

static void describe_opt(const struct dns *m, const struct fields *f, const struct dns_rr *rr)
{
	struct fields d = fields_deeper(f);
	struct rd r = rd_init(f->p + rr->rdata_off, rr->rdata_len);
	size_t type = rr->name_off + rr->name_len;

	d.layer = "EDNS";
	field_num(&d, type + 2, 2, "UDP size", m->udp_size, "the largest answer that the sender takes over UDP",
	    "RFC 6891 6.2.3");
	field_num(&d, type + 4, 1, "extended rcode", rr->ttl >> 24, "the upper bits of rcode", "RFC 6891 6.1.3");
	field_num(&d, type + 5, 1, "version", rr->ttl >> 16 & 0xff, "of EDNS; there is only 0", "RFC 6891 6.1.3");
	field_flag(&d, type + 6, 1, "DO", (rr->ttl & 0x8000) != 0, "send the signatures, too", "RFC 3225 3");
	while (rd_left(&r) > 0) {
		size_t off = rr->rdata_off + r.pos;
		uint16_t code = rd_u16(&r), n = rd_u16(&r);
		rd_skip(&r, n);
		if (r.bad)
			return;
		field_fmt(&d, off, 4U + n, "option", option_name(code), "RFC 6891 6.1.2", "%u, %u octets", code, n);
		describe_option(&d, code, off + 4, n);
	}
}

static void describe_data(const struct fields *f, size_t len, const struct dns_rr *rr)
{
	const struct rdata_layout *layout = rdata_layout_of(rr->type);
	struct rdata_walk w = rdata_walk_begin(f->p, len, rr);
	const struct rdata_part *part;
	struct fields d = fields_deeper(f);
	size_t off, n;

	if (!layout) {
		if (rr->rdata_len > 0)
			field_hex(&d, rr->rdata_off, rr->rdata_len, "data", NULL, "RFC 3597 5");
		return;
	}
	while (rdata_walk_next(&w, &part, &off, &n)) {
		char value[1024];
		struct text v = text_init(value, sizeof(value));
		rdata_part_text(&v, part, f->p, len, off, n);
		field_text(&d, off, n, part->name, value, part->meaning, layout->ref);
	}
}

static void describe_class(const struct fields *f, size_t off, uint16_t klass)
{
	field_fmt(f, off, 2, "class", "which network's names; only IN is left of them", "RFC 1035 3.2.4", "%u%s",
	    klass,
	    klass == 1     ? " (IN, the Internet)"
	    : klass == 3   ? " (CH)"
	    : klass == 254 ? " (NONE)"
	    : klass == 255 ? " (ANY)"
	                   : "");
}

static void describe_record(const struct dns *m, const struct fields *f, size_t len, const struct dns_rr *rr)
{
	static const char *const names[] = {"question", "answer", "authority", "additional"};
	static const char *const layers[] = {"DNS question", "DNS answer", "DNS authority", "DNS additional"};
	size_t type = rr->name_off + rr->name_len;
	char name[1024], line[1024];
	struct text n = text_init(name, sizeof(name)), l = text_init(line, sizeof(line));
	struct fields h = *f, d;

	h.layer = layers[rr->section];
	d = fields_deeper(&h);
	dns_name_text(&n, f->p, len, rr->name_off);
	text_str(&l, name);
	text_str(&l, " ");
	dns_type_text(&l, rr->type);
	if (rr->section != DNS_QUESTION && rr->type != DNS_OPT) {
		text_str(&l, " ");
		dns_rdata_text(&l, f->p, len, rr);
	}
	field_text(&h, rr->off, rr->len, names[rr->section], line, NULL, "RFC 1035 4.1.3");
	field_text(&d, rr->name_off, rr->name_len, "name", name,
	    rr->name_len >= 2 && f->p[type - 2] >= 0xc0 ? "its end is a pointer to a name that came before"
	    : rr->type == DNS_OPT                       ? "always the root: the record is about the message"
	                                                : "whose record it is",
	    "RFC 1035 4.1.4");
	char type_name[16];
	struct text tn = text_init(type_name, sizeof(type_name));
	dns_type_text(&tn, rr->type);
	field_text(&d, type, 2, "type", type_name, dns_type_meaning(rr->type), "RFC 1035 3.2.2");
	if (rr->type == DNS_OPT && rr->section == DNS_ADDITIONAL) {
		describe_opt(m, &h, rr);
		return;
	}
	describe_class(&d, type + 2, rr->klass);
	if (rr->section == DNS_QUESTION)
		return;
	field_num(&d, type + 4, 4, "TTL", rr->ttl, "seconds that a resolver may keep it", "RFC 1035 3.2.1");
	field_num(&d, type + 8, 2, "data length", rr->rdata_len, "octets of data that follow", "RFC 1035 3.2.1");
	describe_data(&h, len, rr);
}

void dns_describe(const struct dns *m, const uint8_t *p, size_t len, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "DNS", .base = base, .p = p, .depth = 1};
	struct dns_cursor c = dns_records(m, p, len);
	struct dns_rr rr;

	if (len < 12)
		return;
	describe_header(m, &f);
	while (dns_next(&c, &rr))
		describe_record(m, &f, len, &rr);
	if (c.err == ERR_OK && c.pos < len)
		field_hex(&f, c.pos, len - c.pos, "more octets", "behind the message's end: nothing should be here",
		    "RFC 1035 4.1");
}
