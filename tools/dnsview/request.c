#include "request.h"

#include <stdlib.h>
#include <string.h>

#define HEADER        12
#define RCODE_BADVERS 16
#define TYPE_IXFR     251
#define TYPE_AXFR     252
#define TYPE_ANY      255

/* --- reading ----------------------------------------------------------------------------------- */

/* Walks over a record; an OPT record is noted. */
static bool skip_record(struct request *q, struct rd *r, bool additional)
{
	struct dname owner;
	if (dname_read(&owner, r))
		return false;
	uint16_t type = rd_u16(r), class = rd_u16(r);
	uint32_t ttl = rd_u32(r);
	rd_skip(r, rd_u16(r));
	if (r->bad)
		return false;
	if (type == LDNS_RR_TYPE_OPT && additional) {
		if (q->edns || !dname_is_root(&owner))
			return false; /* RFC 6891 6.1.1: one, and at the root */
		q->edns = true;
		q->dnssec_ok = ttl & 0x8000;
		q->size = class < 512 ? 512 : class < DNS_EDNS_SIZE ? class : DNS_EDNS_SIZE;
		if (ttl >> 16 & 0xff)
			q->rcode = RCODE_BADVERS;
	}
	return true;
}

static bool parse_body(struct request *q, struct rd *r, unsigned questions, unsigned records, unsigned additional)
{
	if (questions != 1 || dname_read(&q->qname, r))
		return false;
	q->qtype = rd_u16(r);
	q->qclass = rd_u16(r);
	if (r->bad || r->pos != HEADER + (size_t)q->qname.len + 4)
		return false;
	q->has_question = true;
	for (unsigned i = 0; i < records + additional; i++)
		if (!skip_record(q, r, i >= records))
			return false;
	return true;
}

/* What is not done for anybody: other classes, zone transfers, types that ask for no data. */
static uint16_t not_resolved(const struct request *q)
{
	if (q->qclass != LDNS_RR_CLASS_IN || q->qtype == TYPE_AXFR || q->qtype == TYPE_IXFR)
		return LDNS_RCODE_REFUSED;
	if (q->qtype == LDNS_RR_TYPE_OPT || q->qtype == 0)
		return LDNS_RCODE_FORMERR;
	if (q->qtype >= 128 && q->qtype < TYPE_ANY)
		return LDNS_RCODE_NOTIMPL; /* RFC 6895 3.1: meta types */
	return 0;
}

bool request_parse(struct request *q, const uint8_t *pkt, size_t len)
{
	struct rd r = rd_init(pkt, len);
	*q = (struct request){.size = 512};
	q->id = rd_u16(&r);
	uint16_t flags = rd_u16(&r);
	unsigned questions = rd_u16(&r), records = rd_u16(&r);
	records += rd_u16(&r);
	unsigned additional = rd_u16(&r);
	if (r.bad || flags & 0x8000)
		return false;
	q->opcode = flags >> 11 & 15;
	q->rd = flags & 0x0100;
	q->ad = flags & 0x0020;
	q->cd = flags & 0x0010;
	if (q->opcode != 0) {
		q->rcode = LDNS_RCODE_NOTIMPL;
		return true;
	}
	if (!parse_body(q, &r, questions, records, additional))
		q->rcode = LDNS_RCODE_FORMERR;
	else if (!q->rcode)
		q->rcode = not_resolved(q);
	return true;
}

/* --- making ------------------------------------------------------------------------------------ */

static void push_synthesised(ldns_pkt *p, const struct dname *owner, const struct dname *target, uint32_t ttl)
{
	ldns_rr *rr = ldns_rr_new();
	ldns_rr_set_owner(rr, ldns_dname_new_frm_data(owner->len, owner->b));
	ldns_rr_set_type(rr, LDNS_RR_TYPE_CNAME);
	ldns_rr_set_class(rr, LDNS_RR_CLASS_IN);
	ldns_rr_set_ttl(rr, ttl);
	ldns_rr_push_rdf(rr, ldns_dname_new_frm_data(target->len, target->b));
	ldns_pkt_push_rr(p, LDNS_SECTION_ANSWER, rr);
}

/* One of the first n records that is a DNAME above the name: it moves the name. */
static const ldns_rr *dname_above(const ldns_rr_list *list, size_t n, const struct dname *name)
{
	for (size_t i = 0; i < n; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		struct dname owner = dname_from_rdf(ldns_rr_owner(rr));
		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNAME && dname_below(name, &owner))
			return rr;
	}
	return NULL;
}

/* A DNAME brings the CNAMEs that it means, for those who do not know DNAME (RFC 6672 3.1). */
static void push_moves(ldns_pkt *p, const ldns_rr_list *list, size_t n, struct dname *at)
{
	const ldns_rr *rr;
	for (unsigned i = 0; i < ALIASES_MAX && (rr = dname_above(list, n, at)); i++) {
		struct dname owner = dname_from_rdf(ldns_rr_owner(rr)), target = rr_target(rr), next;
		if (dname_move(&next, at, &owner, &target))
			return;
		push_synthesised(p, at, &next, ldns_rr_ttl(rr));
		*at = next;
	}
}

static void push_answers(ldns_pkt *p, const struct lookup_result *res)
{
	struct dname at = res->name;
	for (size_t i = 0; i < ldns_rr_list_rr_count(res->answer); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(res->answer, i);
		struct dname owner = dname_from_rdf(ldns_rr_owner(rr));
		ldns_pkt_push_rr(p, LDNS_SECTION_ANSWER, ldns_rr_clone(rr));
		if (ldns_rr_get_type(rr) == LDNS_RR_TYPE_CNAME && dname_equal(&owner, &at))
			at = rr_target(rr);
		push_moves(p, res->answer, i + 1, &at);
	}
}

static ldns_pkt *make_packet(const struct lookup_result *res)
{
	ldns_pkt *p = ldns_pkt_new();
	ldns_rr *question = ldns_rr_new();
	if (!p || !question) {
		ldns_pkt_free(p);
		ldns_rr_free(question);
		return NULL;
	}
	ldns_rr_set_question(question, true);
	ldns_rr_set_owner(question, ldns_dname_new_frm_data(res->name.len, res->name.b));
	ldns_rr_set_type(question, (ldns_rr_type)res->type);
	ldns_rr_set_class(question, LDNS_RR_CLASS_IN);
	ldns_pkt_set_qr(p, true);
	ldns_pkt_set_ra(p, true);
	ldns_pkt_set_rcode(p, res->outcome == OUTCOME_FAILURE    ? LDNS_RCODE_SERVFAIL
	                      : res->outcome == OUTCOME_NXDOMAIN ? LDNS_RCODE_NXDOMAIN
	                      : res->outcome == OUTCOME_YXDOMAIN ? LDNS_RCODE_YXDOMAIN
	                                                         : LDNS_RCODE_NOERROR);
	ldns_pkt_push_rr(p, LDNS_SECTION_QUESTION, question);
	if (res->outcome == OUTCOME_FAILURE)
		return p;
	push_answers(p, res);
	for (size_t i = 0; i < ldns_rr_list_rr_count(res->authority); i++)
		ldns_pkt_push_rr(p, LDNS_SECTION_AUTHORITY, ldns_rr_clone(ldns_rr_list_rr(res->authority, i)));
	return p;
}

/* Finds where the TTLs are. */
static enum err note_ttls(struct stored *s)
{
	struct rd r = rd_init(s->wire, s->len);
	struct dname name;
	rd_skip(&r, 6);
	unsigned n = rd_u16(&r);
	n += rd_u16(&r);
	rd_skip(&r, 2);
	s->ttl_at = calloc(n ? n : 1, sizeof(*s->ttl_at));
	s->ttl_min = n ? UINT32_MAX : 0;
	if (!s->ttl_at || dname_read(&name, &r))
		return ERR_NOMEM;
	for (rd_skip(&r, 4); s->n_ttl < n && !r.bad && dname_read(&name, &r) == ERR_OK; s->n_ttl++) {
		rd_skip(&r, 4);
		s->ttl_at[s->n_ttl] = (uint16_t)r.pos;
		uint32_t ttl = rd_u32(&r);
		s->ttl_min = ttl < s->ttl_min ? ttl : s->ttl_min;
		rd_skip(&r, rd_u16(&r));
	}
	return s->n_ttl == n && !r.bad ? ERR_OK : ERR_TOO_LONG;
}

enum err stored_make(struct stored *s, const struct lookup_result *res)
{
	*s = (struct stored){0};
	ldns_pkt *p = make_packet(res);
	if (!p)
		return ERR_NOMEM;
	ldns_status st = ldns_pkt2wire(&s->wire, p, &s->len);
	ldns_pkt_free(p);
	if (st != LDNS_STATUS_OK)
		s->wire = NULL;
	enum err e = st == LDNS_STATUS_OK && s->len <= DNS_MESSAGE_MAX - OPT_LEN ? note_ttls(s) : ERR_TOO_LONG;
	if (e)
		stored_release(s);
	return e;
}

void stored_release(struct stored *s)
{
	free(s->wire);
	free(s->ttl_at);
	*s = (struct stored){0};
}

/* --- writing ----------------------------------------------------------------------------------- */

size_t request_finish(uint8_t *out, size_t len, const struct request *q, struct reply_flags how)
{
	uint16_t rcode = how.rcode;
	bool ad = how.ad && (q->dnssec_ok || q->ad);
	out[0] = (uint8_t)(q->id >> 8);
	out[1] = (uint8_t)q->id;
	out[2] = (uint8_t)(0x80 | q->opcode << 3 | (how.cut ? 2 : 0) | (q->rd ? 1 : 0));
	out[3] = (uint8_t)(0x80 | (ad ? 0x20 : 0) | (q->cd ? 0x10 : 0) | (rcode & 15));
	out[10] = out[11] = 0;
	if (!q->edns)
		return len;
	out[11] = 1;
	struct wr w = wr_init(out + len, OPT_LEN);
	wr_u8(&w, 0);
	wr_u16(&w, LDNS_RR_TYPE_OPT);
	wr_u16(&w, DNS_EDNS_SIZE);
	wr_u8(&w, (uint8_t)(rcode >> 4));
	wr_u8(&w, 0);
	wr_u16(&w, q->dnssec_ok ? 0x8000 : 0); /* RFC 3225 3: DO is repeated */
	wr_u16(&w, 0);
	return len + OPT_LEN;
}

size_t request_refuse(uint8_t out[static DNS_MESSAGE_MAX], const struct request *q, uint16_t rcode)
{
	struct wr w = wr_init(out, DNS_MESSAGE_MAX);
	wr_u32(&w, 0);
	wr_u16(&w, q->has_question ? 1 : 0);
	wr_u16(&w, 0);
	wr_u32(&w, 0);
	if (q->has_question) {
		wr_bytes(&w, q->qname.b, q->qname.len);
		wr_u16(&w, q->qtype);
		wr_u16(&w, q->qclass);
	}
	return request_finish(out, w.pos, q, (struct reply_flags){.rcode = rcode});
}

/* Nobody gets everything: one small record instead, which says why (RFC 8482 4.2). */
size_t request_any(uint8_t out[static DNS_MESSAGE_MAX], const struct request *q)
{
	static const uint8_t hinfo[] = {
	    0xc0, 0x0c, 0, 13, 0, 1, 0, 0, 0x0e, 0xcd, 0, 9, 7, 'R', 'F', 'C', '8', '4', '8', '2', 0};
	struct request plain = *q;
	plain.edns = false;
	size_t len = request_refuse(out, &plain, LDNS_RCODE_NOERROR);
	out[7] = 1;
	memcpy(out + len, hinfo, sizeof(hinfo));
	return request_finish(out, len + sizeof(hinfo), q, (struct reply_flags){.rcode = LDNS_RCODE_NOERROR});
}

static void put_ttl(uint8_t *p, struct stored_use how)
{
	uint32_t ttl = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
	ttl = ttl > how.age ? ttl - how.age : 0;
	if (how.ttl_max)
		ttl = how.ttl_max;
	p[0] = (uint8_t)(ttl >> 24);
	p[1] = (uint8_t)(ttl >> 16);
	p[2] = (uint8_t)(ttl >> 8);
	p[3] = (uint8_t)ttl;
}

size_t stored_write(
    uint8_t out[static DNS_MESSAGE_MAX], const struct stored *s, const struct request *q, struct stored_use how)
{
	uint16_t rcode = s->wire[3] & 15;
	size_t limit = how.udp ? q->size : DNS_MESSAGE_MAX, question = HEADER + (size_t)q->qname.len + 4;
	bool cut = s->len + (q->edns ? OPT_LEN : 0) > limit;
	memcpy(out, s->wire, cut ? question : s->len);
	memcpy(out + HEADER, q->qname.b, q->qname.len);
	if (cut) {
		memset(out + 6, 0, 4);
		return request_finish(out, question, q, (struct reply_flags){.rcode = rcode, .cut = true});
	}
	for (unsigned i = 0; i < s->n_ttl; i++)
		put_ttl(out + s->ttl_at[i], how);
	return request_finish(out, s->len, q, (struct reply_flags){.rcode = rcode});
}
