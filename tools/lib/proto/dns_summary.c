/* A DNS message in one line: what is asked, or what kind of answer came. */
#include "glassnet/proto/dns.h"

#define SHOWN 2 /* records of an answer that are written out */

static const struct {
	uint16_t type;
	const char *name;
} types[] = {{DNS_A, "A"}, {DNS_NS, "NS"}, {DNS_CNAME, "CNAME"}, {DNS_SOA, "SOA"}, {DNS_PTR, "PTR"}, {13, "HINFO"},
    {DNS_MX, "MX"}, {DNS_TXT, "TXT"}, {DNS_AAAA, "AAAA"}, {29, "LOC"}, {DNS_SRV, "SRV"}, {35, "NAPTR"}, {39, "DNAME"},
    {DNS_OPT, "OPT"}, {DNS_DS, "DS"}, {44, "SSHFP"}, {DNS_RRSIG, "RRSIG"}, {DNS_NSEC, "NSEC"}, {DNS_DNSKEY, "DNSKEY"},
    {50, "NSEC3"}, {51, "NSEC3PARAM"}, {52, "TLSA"}, {59, "CDS"}, {60, "CDNSKEY"}, {64, "SVCB"}, {65, "HTTPS"},
    {250, "TSIG"}, {251, "IXFR"}, {252, "AXFR"}, {255, "ANY"}, {256, "URI"}, {257, "CAA"}};

const char *dns_type_name(uint16_t type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

void dns_type_text(struct text *out, uint16_t type)
{
	const char *name = dns_type_name(type);

	text_str(out, name ? name : "TYPE");
	if (!name)
		text_num(out, type);
}

const char *dns_rcode_name(uint16_t rcode)
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	    "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};

	if (rcode < sizeof(names) / sizeof(names[0]))
		return names[rcode];
	return rcode == 16 ? "BADVERS" : rcode == 23 ? "BADCOOKIE" : NULL;
}

static void add_question(const struct dns *m, const uint8_t *p, size_t len, struct text *out)
{
	if (!m->has_question) {
		text_str(out, "without a question");
		return;
	}
	dns_type_text(out, m->question.type);
	text_str(out, " ");
	dns_name_text(out, p, len, m->question.name_off);
}

/* What the records of an answer amount to. */
struct tally {
	unsigned ns, glue, soa;
	size_t cut; /* the owner of the first NS record in the authority section, or of the SOA record */
};

static struct tally count_records(const struct dns *m, const uint8_t *p, size_t len)
{
	struct dns_cursor c = dns_records(m, p, len);
	struct tally n = {0};
	struct dns_rr rr;

	while (dns_next(&c, &rr)) {
		if (rr.section == DNS_AUTHORITY && (rr.type == DNS_NS || rr.type == DNS_SOA)) {
			if (n.ns + n.soa == 0)
				n.cut = rr.name_off;
			n.ns += rr.type == DNS_NS;
			n.soa += rr.type == DNS_SOA;
		}
		if (rr.section == DNS_ADDITIONAL && (rr.type == DNS_A || rr.type == DNS_AAAA))
			n.glue++;
	}
	return n;
}

static void add_answers(const struct dns *m, const uint8_t *p, size_t len, struct text *out)
{
	struct dns_cursor c = dns_records(m, p, len);
	unsigned shown = 0, more = 0;
	struct dns_rr rr;

	text_str(out, "answer ");
	while (dns_next(&c, &rr) && rr.section <= DNS_ANSWER && !out->cut) {
		if (rr.section != DNS_ANSWER || (rr.type == DNS_RRSIG && m->question.type != DNS_RRSIG))
			continue;
		if (shown == SHOWN) {
			more++;
			continue;
		}
		text_str(out, shown++ ? "; " : "");
		dns_name_text(out, p, len, rr.name_off);
		text_str(out, " ");
		dns_type_text(out, rr.type);
		text_str(out, " ");
		dns_rdata_text(out, p, len, &rr);
		text_str(out, " TTL ");
		text_num(out, rr.ttl);
	}
	if (more > 0) {
		text_str(out, " and ");
		text_num(out, more);
		text_str(out, " more");
	}
}

static void add_referral(const uint8_t *p, size_t len, const struct tally *n, struct text *out)
{
	text_str(out, "referral: ");
	dns_name_text(out, p, len, n->cut);
	text_str(out, " NS ");
	text_count(out, n->ns, "server");
	text_str(out, ", glue ");
	text_num(out, n->glue);
}

static void add_error(const struct dns *m, const uint8_t *p, size_t len, struct text *out)
{
	const char *name = dns_rcode_name(m->rcode);

	if (m->rcode == DNS_NXDOMAIN) {
		text_str(out, "answer no such name: ");
		if (m->has_question)
			dns_name_text(out, p, len, m->question.name_off);
		text_str(out, " (NXDOMAIN)");
		return;
	}
	text_str(out, m->rcode == DNS_REFUSED ? "answer refused: " : "answer error: ");
	add_question(m, p, len, out);
	text_str(out, " (");
	text_str(out, name ? name : "rcode ");
	if (!name)
		text_num(out, m->rcode);
	text_str(out, ")");
}

static void add_no_data(const struct dns *m, const uint8_t *p, size_t len, struct text *out)
{
	text_str(out, "answer no data: ");
	if (m->has_question) {
		dns_name_text(out, p, len, m->question.name_off);
		text_str(out, " has no ");
		dns_type_text(out, m->question.type);
	}
	text_str(out, " (NODATA)");
}

static const char *opcode_text(uint8_t opcode)
{
	static const char *const texts[] = {"query ", "inverse query ", "status ", "opcode 3 ", "notify ", "update "};

	return opcode < sizeof(texts) / sizeof(texts[0]) ? texts[opcode] : "unknown operation ";
}

void dns_summary(const struct dns *m, const uint8_t *p, size_t len, struct text *out)
{
	text_str(out, "DNS ");
	if (!m->response) {
		text_str(out, opcode_text(m->opcode));
		add_question(m, p, len, out);
		text_str(out, m->rd && m->opcode == 0 ? ", recursion desired" : "");
		return;
	}
	if (m->opcode != 0) {
		text_str(out, "answer to ");
		text_str(out, opcode_text(m->opcode));
		add_question(m, p, len, out);
		return;
	}
	if (m->tc)
		text_str(out, "truncated (ask again over TCP): ");
	struct tally n = {0};
	if (m->rcode == DNS_NOERROR && m->count[DNS_ANSWER] == 0)
		n = count_records(m, p, len);
	if (m->rcode != DNS_NOERROR)
		add_error(m, p, len, out);
	else if (m->count[DNS_ANSWER] > 0)
		add_answers(m, p, len, out);
	else if (n.ns > 0 && n.soa == 0 && !m->aa)
		add_referral(p, len, &n, out);
	else if (m->tc)
		add_question(m, p, len, out);
	else
		add_no_data(m, p, len, out);
}
