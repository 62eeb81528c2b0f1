#include "warm.h"

#include <string.h>

#include "glassnet/clock.h"

#define HEADER    12
#define STALE_TTL 30u /* RFC 8767 4 */

/* --- what the answer consists of ----------------------------------------------------------------- */

static const struct cache_entry *usable(
    struct cache *c, enum cache_kind kind, const struct dname *name, uint16_t type, const struct warm *how)
{
	const struct cache_entry *e;
	switch (cache_find(c, kind, name, type, how->now, &e)) {
	case CACHE_FRESH:
		return e;
	case CACHE_EXPIRED:
		if ((how->lookup && e->lookup == how->lookup) ||
		    (how->stale && how->now - e->expires < how->stale * NS_PER_S))
			return e;
		break;
	case CACHE_ABSENT:
		break;
	}
	return NULL;
}

static const struct cache_entry *usable_no(
    struct cache *c, const struct dname *name, uint16_t type, const struct warm *how)
{
	const struct cache_entry *e = usable(c, CACHE_NODATA, name, type, how);
	for (struct dname n = *name; !e && !dname_is_root(&n); n = dname_parent(&n))
		e = usable(c, CACHE_NXDOMAIN, &n, 0, how);
	return e;
}

static const struct cache_entry *usable_alias(
    struct cache *c, const struct dname *name, uint16_t type, const struct warm *how)
{
	const struct cache_entry *e =
	    type == LDNS_RR_TYPE_CNAME ? NULL : usable(c, CACHE_ANSWER, name, LDNS_RR_TYPE_CNAME, how);
	for (struct dname n = dname_parent(name); !e && !dname_is_root(&n); n = dname_parent(&n))
		e = usable(c, CACHE_ANSWER, &n, LDNS_RR_TYPE_DNAME, how);
	return e;
}

bool warm_follow(struct dname *at, const struct cache_entry *alias)
{
	struct cache_record r = {0};
	struct dname from = *at, owner = cache_name(alias);
	if (alias->kind != CACHE_ANSWER || (alias->type != LDNS_RR_TYPE_CNAME && alias->type != LDNS_RR_TYPE_DNAME) ||
	    !cache_record_next(alias, &r))
		return false;
	struct dname to = cache_target(&r);
	if (alias->type == LDNS_RR_TYPE_DNAME)
		return dname_move(at, &from, &owner, &to) == ERR_OK;
	*at = to;
	return true;
}

/* A "no" without the SOA that says how long it holds is of no use to anybody. */
static bool has_soa(const struct cache_entry *e)
{
	for (struct cache_record r = {0}; cache_record_next(e, &r);)
		if (r.type == LDNS_RR_TYPE_SOA)
			return true;
	return false;
}

size_t warm_entries(const struct cache_entry *out[static WARM_MAX], struct cache *c, const struct dname *name,
    uint16_t type, const struct warm *how)
{
	struct dname at = *name;
	for (size_t n = 0; n < WARM_MAX; n++) {
		out[n] = usable(c, CACHE_ANSWER, &at, type, how);
		if (out[n])
			return n + 1;
		const struct cache_entry *failed = usable(c, CACHE_FAILURE, &at, type, how);
		if (failed && failed->expires > how->now)
			return 0;
		out[n] = usable_no(c, &at, type, how);
		if (out[n])
			return has_soa(out[n]) ? n + 1 : 0;
		out[n] = usable_alias(c, &at, type, how);
		if (!out[n] || !warm_follow(&at, out[n]))
			return 0;
	}
	return 0;
}

/* --- writing: names are compressed (RFC 1035 4.1.4) ------------------------------------------------ */

#define PLACES 48

struct writer {
	struct wr w;
	unsigned n; /* places in the message where a name, or the rest of one, is written */
	uint16_t place[PLACES];
};

/* Is the name written at a place in the message? */
static bool is_at(const struct writer *m, size_t at, const uint8_t *name, size_t len)
{
	const uint8_t *b = m->w.buf;
	for (size_t i = 0; i < len;) {
		for (unsigned hops = 0; b[at] >= 0xc0 && hops < PLACES; hops++)
			at = (size_t)(b[at] & 0x3f) << 8 | b[at + 1];
		size_t label = (size_t)name[i] + 1;
		if (b[at] != name[i] || !dname_octets_equal(b + at, name + i, label))
			return false;
		at += label;
		i += label;
	}
	return true;
}

static void note_place(struct writer *m, size_t at)
{
	if (m->n < PLACES && at < 0x4000)
		m->place[m->n++] = (uint16_t)at;
}

static void put_name(struct writer *m, const uint8_t *name, size_t len)
{
	unsigned before = m->n; /* what is being written must not refer to itself */
	for (size_t i = 0; i < len && name[i]; i += (size_t)name[i] + 1) {
		for (unsigned k = 0; k < before; k++) {
			if (is_at(m, m->place[k], name + i, len - i)) {
				wr_u16(&m->w, (uint16_t)(0xc000 | m->place[k]));
				return;
			}
		}
		note_place(m, m->w.pos);
		wr_bytes(&m->w, name + i, (size_t)name[i] + 1);
		if (m->w.bad)
			return;
	}
	wr_u8(&m->w, 0);
}

/* The types of RFC 1035, whose names may be compressed (RFC 3597 4): octets before the names, and how many. */
static bool compressible(uint16_t type, size_t *skip, unsigned *names)
{
	*skip = type == LDNS_RR_TYPE_MX ? 2 : 0;
	*names = type == LDNS_RR_TYPE_SOA ? 2 : 1;
	return type == LDNS_RR_TYPE_NS || type == LDNS_RR_TYPE_CNAME || type == LDNS_RR_TYPE_PTR ||
	       type == LDNS_RR_TYPE_MX || type == LDNS_RR_TYPE_SOA;
}

static void put_data(struct writer *m, const struct cache_record *r)
{
	size_t at, skip;
	unsigned names;
	if (!compressible(r->type, &skip, &names)) {
		wr_bytes(&m->w, r->rdata, r->len);
		return;
	}
	struct rd rd = rd_init(r->rdata, r->len);
	for (size_t i = 0; i < skip; i++)
		wr_u8(&m->w, rd_u8(&rd));
	for (unsigned i = 0; i < names && !rd.bad; i++) {
		at = rd.pos;
		struct dname name;
		if (dname_read(&name, &rd) == ERR_OK)
			put_name(m, r->rdata + at, rd.pos - at);
	}
	size_t left = rd_left(&rd);
	if (left)
		wr_bytes(&m->w, rd_bytes(&rd, left), left);
}

static void put_record(struct writer *m, const struct cache_record *r, uint32_t ttl)
{
	put_name(m, r->owner, r->owner_len);
	wr_u16(&m->w, r->type);
	wr_u16(&m->w, LDNS_RR_CLASS_IN);
	wr_u32(&m->w, ttl);
	size_t at = m->w.pos;
	wr_u16(&m->w, 0);
	put_data(m, r);
	if (m->w.bad)
		return;
	size_t len = m->w.pos - at - 2;
	m->w.buf[at] = (uint8_t)(len >> 8);
	m->w.buf[at + 1] = (uint8_t)len;
}

/* Signatures and proofs go to whom they concern (RFC 4035 3.2.1), unless they are what was asked for. */
static bool wanted(const struct cache_record *r, const struct request *q)
{
	bool dnssec = r->type == LDNS_RR_TYPE_RRSIG || r->type == LDNS_RR_TYPE_NSEC || r->type == LDNS_RR_TYPE_NSEC3;
	return q->dnssec_ok || !dnssec || (r->type == q->qtype && !r->authority);
}

/* The CNAME that a DNAME means, for those who do not know DNAME (RFC 6672 3.1). */
static unsigned put_move(struct writer *m, const struct cache_entry *e, struct dname *at, uint32_t ttl)
{
	struct dname from = *at;
	if (!warm_follow(at, e) || e->type == LDNS_RR_TYPE_CNAME)
		return 0;
	struct cache_record r = {
	    .type = LDNS_RR_TYPE_CNAME, .owner = from.b, .owner_len = from.len, .rdata = at->b, .len = at->len};
	put_record(m, &r, ttl);
	return 1;
}

/* One DNAME may move a name twice; its records are there once. */
static bool is_there(const struct cache_entry *const *e, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (e[k] == e[i])
			return true;
	return false;
}

static unsigned put_section(struct writer *m, const struct cache_entry *const *e, size_t n, bool authority,
    const struct request *q, const struct warm *how)
{
	unsigned count = 0;
	struct dname at = q->qname;
	for (size_t i = 0; i < n; i++) {
		uint32_t ttl = e[i]->expires > how->now ? cache_left(e[i], how->now) : how->stale ? STALE_TTL : 0;
		for (struct cache_record r = {0}; !m->w.bad && !is_there(e, i) && cache_record_next(e[i], &r);) {
			if (r.authority != authority || !wanted(&r, q))
				continue;
			put_record(m, &r, ttl);
			count++;
		}
		if (!authority && i + 1 < n)
			count += put_move(m, e[i], &at, ttl);
	}
	return count;
}

static void put_count(uint8_t *out, size_t at, unsigned n)
{
	out[at] = (uint8_t)(n >> 8);
	out[at + 1] = (uint8_t)n;
}

/* The header's own places are filled in by request_finish(). */
static size_t write_message(uint8_t *out, const struct cache_entry *const *e, size_t n, const struct request *q,
    const struct warm *how, bool ad)
{
	size_t limit = (size_t)(how->udp ? q->size : DNS_MESSAGE_MAX) - (q->edns ? OPT_LEN : 0u);
	struct writer m = {.w = wr_init(out, limit)};
	struct reply_flags flags = {.ad = ad};
	if (e[n - 1]->kind == CACHE_NXDOMAIN)
		flags.rcode = LDNS_RCODE_NXDOMAIN;
	memset(out, 0, HEADER);
	out[5] = 1;
	m.w.pos = HEADER;
	for (size_t i = 0; i + 1 < q->qname.len; i += (size_t)q->qname.b[i] + 1)
		note_place(&m, HEADER + i);
	wr_bytes(&m.w, q->qname.b, q->qname.len);
	wr_u16(&m.w, q->qtype);
	wr_u16(&m.w, LDNS_RR_CLASS_IN);
	size_t question = m.w.pos;
	unsigned answers = put_section(&m, e, n, false, q, how);
	unsigned authority = put_section(&m, e, n, true, q, how);
	if (m.w.bad) {
		flags.cut = true;
		flags.ad = false;
		return request_finish(out, question, q, flags);
	}
	put_count(out, 6, answers);
	put_count(out, 8, authority);
	return request_finish(out, m.w.pos, q, flags);
}

enum warm_state warm_answer(uint8_t out[static DNS_MESSAGE_MAX], struct cache *c, const struct request *q,
    const struct warm *how, size_t *len)
{
	const struct cache_entry *e[WARM_MAX];
	size_t n = warm_entries(e, c, &q->qname, q->qtype, how);
	bool secure = how->validate;
	if (!n)
		return WARM_MORE;
	for (size_t i = 0; i < n; i++) {
		secure = secure && e[i]->security == CACHE_SECURE;
		if (!how->validate || q->cd)
			continue;
		if (e[i]->security == CACHE_UNCHECKED)
			return WARM_MORE;
		if (e[i]->security == CACHE_BOGUS)
			return WARM_BOGUS;
	}
	*len = write_message(out, e, n, q, how, secure);
	return WARM_ANSWER;
}
