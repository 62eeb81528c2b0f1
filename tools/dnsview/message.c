#include "message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "glassnet/wire.h"

/* --- names within record data ------------------------------------------------------------------ */

/* Where types keep names in their data: after skip octets, names of them. ldns would follow a compression
 * pointer to anywhere, so each is read once by dname_read(), which insists on backwards. */
static const struct {
	uint16_t type;
	uint8_t skip, names;
} named_data[] = {
    {LDNS_RR_TYPE_NS, 0, 1},
    {LDNS_RR_TYPE_CNAME, 0, 1},
    {LDNS_RR_TYPE_DNAME, 0, 1},
    {LDNS_RR_TYPE_PTR, 0, 1},
    {LDNS_RR_TYPE_SOA, 0, 2},
    {LDNS_RR_TYPE_MX, 2, 1},
    {LDNS_RR_TYPE_SRV, 6, 1},
    {LDNS_RR_TYPE_RP, 0, 2},
    {LDNS_RR_TYPE_AFSDB, 2, 1},
    {LDNS_RR_TYPE_RT, 2, 1},
    {LDNS_RR_TYPE_KX, 2, 1},
    {LDNS_RR_TYPE_LP, 2, 1},
    {LDNS_RR_TYPE_PX, 2, 2},
    {LDNS_RR_TYPE_MB, 0, 1},
    {LDNS_RR_TYPE_MD, 0, 1},
    {LDNS_RR_TYPE_MF, 0, 1},
    {LDNS_RR_TYPE_MG, 0, 1},
    {LDNS_RR_TYPE_MR, 0, 1},
    {LDNS_RR_TYPE_MINFO, 0, 2},
    {LDNS_RR_TYPE_NSEC, 0, 1},
    {LDNS_RR_TYPE_NXT, 0, 1},
    {LDNS_RR_TYPE_RRSIG, 18, 1},
    {LDNS_RR_TYPE_SIG, 18, 1},
    {LDNS_RR_TYPE_TALINK, 0, 2},
};

/* NAPTR (RFC 3403 4.1): two numbers and three strings, each with its length, come before the name. */
static void skip_naptr(struct rd *r)
{
	rd_skip(r, 4);
	for (int i = 0; i < 3; i++)
		rd_skip(r, rd_u8(r));
}

/* Types whose names ldns expands that have no place here: they are kept out of its hands and shown as bytes.
 */
static bool kept_from_ldns(uint16_t type)
{
	return type == LDNS_RR_TYPE_OPT || type == LDNS_RR_TYPE_HIP || type == LDNS_RR_TYPE_TSIG ||
	       type == LDNS_RR_TYPE_TKEY;
}

static enum err check_data(struct record *rec, const uint8_t *pkt)
{
	struct rd r = rd_init(pkt, rec->rdata_off + rec->rdata_len);
	struct dname name;
	r.pos = rec->rdata_off;
	if (rec->type == LDNS_RR_TYPE_NAPTR) {
		skip_naptr(&r);
		return dname_read(&name, &r);
	}
	for (size_t i = 0; i < sizeof(named_data) / sizeof(named_data[0]); i++) {
		if (named_data[i].type != rec->type)
			continue;
		rd_skip(&r, named_data[i].skip);
		for (unsigned n = 0; n < named_data[i].names; n++) {
			enum err e = dname_read(&name, &r);
			if (e)
				return e;
		}
		bool whole = rec->type == LDNS_RR_TYPE_NS || rec->type == LDNS_RR_TYPE_CNAME ||
		             rec->type == LDNS_RR_TYPE_DNAME;
		if (whole && r.pos != rec->rdata_off + rec->rdata_len)
			return ERR_FORMAT;
		if (whole)
			rec->target = name;
		break;
	}
	return ERR_OK;
}

/* --- parsing ----------------------------------------------------------------------------------- */

static enum err parse_record(struct record *rec, struct rd *r)
{
	rec->off = r->pos;
	enum err e = dname_read(&rec->owner, r);
	if (e)
		return e;
	rec->type = rd_u16(r);
	rec->class = rd_u16(r);
	rec->ttl = rd_u32(r);
	rec->rdata_len = rd_u16(r);
	rec->rdata_off = r->pos;
	rd_skip(r, rec->rdata_len);
	if (r->bad)
		return ERR_TRUNCATED;
	rec->len = r->pos - rec->off;
	e = check_data(rec, r->buf);
	if (e)
		return e;
	if (kept_from_ldns(rec->type))
		return ERR_OK;
	size_t pos = rec->off;
	if (ldns_wire2rr(&rec->rr, r->buf, r->pos, &pos, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK) {
		rec->rr = NULL;
		return ERR_FORMAT;
	}
	/* ldns takes a record without data, as in dynamic updates (RFC 2136 2.4); in a response there is none
	 * such. */
	bool empty = ldns_rr_rd_count(rec->rr) < ldns_rr_descriptor_minimum(ldns_rr_descript(rec->type));
	return pos == r->pos && !empty ? ERR_OK : ERR_FORMAT;
}

/* RFC 6891 6.1.3: an OPT record's TTL field has the upper octet of the response code, the version and the
 * flags. */
static void note_edns(struct message *m, const struct record *rec)
{
	m->edns = true;
	m->edns_size = rec->class;
	m->rcode = (uint16_t)(m->rcode | (rec->ttl >> 24) << 4);
}

static enum err parse_sections(struct message *m, struct rd *r, const uint16_t counts[static 3])
{
	size_t total = (size_t)counts[0] + counts[1] + counts[2];
	if (total > rd_left(r) / 11) /* a record has at least 11 octets: do not believe the counts */
		return ERR_TRUNCATED;
	m->records = calloc(total ? total : 1, sizeof(*m->records));
	if (!m->records)
		return ERR_NOMEM;
	for (unsigned s = 0; s < 3; s++) {
		for (unsigned i = 0; i < counts[s]; i++) {
			struct record *rec = &m->records[m->n_records++];
			rec->section = (enum section)(SECTION_ANSWER + s);
			enum err e = parse_record(rec, r);
			if (e)
				return e;
			if (rec->type == LDNS_RR_TYPE_OPT && s == 2 && !m->edns)
				note_edns(m, rec);
		}
	}
	return ERR_OK;
}

static enum err parse_body(struct message *m, struct rd *r)
{
	m->id = rd_u16(r);
	uint16_t flags = rd_u16(r);
	m->qr = flags & 0x8000;
	m->opcode = flags >> 11 & 15;
	m->aa = flags & 0x0400;
	m->tc = flags & 0x0200;
	m->rd = flags & 0x0100;
	m->ra = flags & 0x0080;
	m->rcode = flags & 15;
	m->n_questions = rd_u16(r);
	uint16_t counts[3];
	for (unsigned i = 0; i < 3; i++)
		counts[i] = rd_u16(r);
	if (r->bad)
		return ERR_TRUNCATED;
	if (m->n_questions > 1)
		return ERR_FORMAT;
	if (m->n_questions == 1) {
		enum err e = dname_read(&m->qname, r);
		if (e)
			return e;
		m->qtype = rd_u16(r);
		m->qclass = rd_u16(r);
		if (r->bad)
			return ERR_TRUNCATED;
		m->question_len = r->pos - 12;
	}
	return parse_sections(m, r, counts);
}

enum err message_parse(struct message *m, const uint8_t *pkt, size_t len, size_t *at)
{
	struct rd r = rd_init(pkt, len);
	*m = (struct message){0};
	enum err e = len > DNS_MESSAGE_MAX ? ERR_TOO_LONG : parse_body(m, &r);
	*at = r.pos;
	if (e)
		message_release(m);
	return e;
}

void message_release(struct message *m)
{
	for (size_t i = 0; i < m->n_records; i++)
		ldns_rr_free(m->records[i].rr);
	free(m->records);
	*m = (struct message){0};
}

/* --- queries ----------------------------------------------------------------------------------- */

size_t query_write(uint8_t out[static DNS_QUERY_MAX], const struct question *q)
{
	struct wr w = wr_init(out, DNS_QUERY_MAX);
	wr_u16(&w, q->id);
	wr_u16(&w, q->recursion ? 0x0100 : 0); /* a standard query */
	wr_u16(&w, 1);
	wr_u16(&w, 0);
	wr_u16(&w, 0);
	wr_u16(&w, q->edns ? 1 : 0);
	wr_bytes(&w, q->qname.b, q->qname.len);
	wr_u16(&w, q->qtype);
	wr_u16(&w, LDNS_RR_CLASS_IN);
	if (q->edns) { /* RFC 6891 6.1.2: root, OPT, our size, the flag DO, no options */
		wr_u8(&w, 0);
		wr_u16(&w, LDNS_RR_TYPE_OPT);
		wr_u16(&w, DNS_EDNS_SIZE);
		wr_u32(&w, q->dnssec ? DNS_EDNS_DO : 0);
		wr_u16(&w, 0);
	}
	return w.pos;
}

enum match response_match(const struct question *q, const uint8_t *pkt, size_t len)
{
	struct rd r = rd_init(pkt, len);
	uint16_t id = rd_u16(&r), flags = rd_u16(&r), questions = rd_u16(&r);
	rd_skip(&r, 6);
	if (r.bad)
		return MATCH_SHORT;
	if (!(flags & 0x8000))
		return MATCH_QR;
	if (id != q->id)
		return MATCH_ID;
	if (flags >> 11 & 15)
		return MATCH_OPCODE;
	if (questions == 0 && (flags & 15) != LDNS_RCODE_NOERROR && (flags & 15) != LDNS_RCODE_NXDOMAIN)
		return MATCH_YES; /* some servers repeat no question when they complain */
	struct dname name;
	if (questions != 1)
		return MATCH_QUESTION;
	if (dname_read(&name, &r))
		return MATCH_SHORT;
	uint16_t type = rd_u16(&r), class = rd_u16(&r);
	if (r.bad)
		return MATCH_SHORT;
	if (type != q->qtype || class != LDNS_RR_CLASS_IN || !dname_equal(&name, &q->qname))
		return MATCH_QUESTION;
	return dname_same_case(&name, &q->qname) ? MATCH_YES : MATCH_CASE;
}

enum err response_parse(
    struct message *m, const struct question *q, const struct dname *name, const uint8_t *pkt, size_t len, size_t *at)
{
	struct rd r = rd_init(pkt, len);
	struct dname sent;
	r.pos = 12;
	bool plain = len > 12 && pkt[4] << 8 | pkt[5] && !dname_read(&sent, &r) && r.pos == 12 + (size_t)sent.len &&
	             dname_equal(&sent, &q->qname) && dname_equal(&sent, name);
	if (!plain)
		return message_parse(m, pkt, len, at);
	uint8_t *copy = malloc(len);
	*at = 0;
	*m = (struct message){0};
	if (!copy)
		return ERR_NOMEM;
	memcpy(copy, pkt, len);
	memcpy(copy + 12, name->b, name->len);
	enum err e = message_parse(m, copy, len, at);
	if (!e)
		m->qname = sent;
	free(copy);
	return e;
}

const char *match_text(enum match m)
{
	switch (m) {
	case MATCH_YES:
		return "it answers the question";
	case MATCH_SHORT:
		return "it is too short for a header and a question";
	case MATCH_QR:
		return "it is marked as a query, not as a response";
	case MATCH_ID:
		return "its identifier is not the query's";
	case MATCH_OPCODE:
		return "it belongs to another kind of operation";
	case MATCH_QUESTION:
		return "it repeats another question";
	case MATCH_CASE:
		return "it repeats the question in another case of letters";
	}
	return "";
}
