/* DNS messages (RFC 1035 4.1).
 *
 *      0  1  2  3  4  5  6  7  8  9  0  1  2  3  4  5
 *     +-----------------------------------------------+
 *     |                       ID                      |
 *     +--+-----------+--+--+--+--+--+--+--+-----------+
 *     |QR|  opcode   |AA|TC|RD|RA| 0|AD|CD|   rcode   |
 *     +--+-----------+--+--+--+--+--+--+--+-----------+
 *     |  counts: question, answer, authority, additional, 16 bits each
 *     +-----------------------------------------------+
 *     |  question: name, type 16, class 16
 *     +-----------------------------------------------+
 *     |  record: name, type 16, class 16, TTL 32, data length 16, data
 *
 *     name: labels (length 1 to 63, octets), then 0, or a pointer: 11 and 14 bits of offset (RFC 1035 4.1.4)
 */
#include "glassnet/proto/dns.h"

#include "glassnet/wire.h"

#define HEADER   12
#define MAX_NAME 255

#define CLASS_NONE 254

static enum err bad_at(size_t *at, size_t where, enum err e)
{
	*at = where;
	return e;
}

/* A walk over the labels of a name. */
struct labels {
	const uint8_t *p;
	size_t len, pos;
	size_t run;    /* where this run of labels began: pointers must go before it */
	size_t total;  /* octets of the name so far */
	size_t behind; /* where the name ends at its own place; 0: no pointer was followed yet */
};

/* The next label: its octets at *label, *n of them; 0 at the root. */
static enum err next_label(struct labels *l, size_t *label, size_t *n, size_t *at)
{
	for (;;) {
		if (l->pos >= l->len)
			return bad_at(at, l->len, ERR_TRUNCATED);
		uint8_t b = l->p[l->pos];
		if (b >= 0xc0) {
			if (l->pos + 1 >= l->len)
				return bad_at(at, l->len, ERR_TRUNCATED);
			size_t target = (size_t)(b & 0x3f) << 8 | l->p[l->pos + 1];
			if (target >= l->run)
				return bad_at(at, l->pos, ERR_LOOP);
			if (target < HEADER)
				return bad_at(at, l->pos, ERR_FORMAT);
			if (l->behind == 0)
				l->behind = l->pos + 2;
			l->pos = l->run = target;
			continue;
		}
		if (b > 63)
			return bad_at(at, l->pos, ERR_FORMAT);
		if (l->pos + 1 + b > l->len)
			return bad_at(at, l->len, ERR_TRUNCATED);
		l->total += 1U + b;
		if (l->total > MAX_NAME)
			return bad_at(at, l->pos, ERR_TOO_LONG);
		*label = l->pos + 1;
		*n = b;
		l->pos += 1U + b;
		if (b == 0 && l->behind == 0)
			l->behind = l->pos;
		return ERR_OK;
	}
}

enum err dns_name_skip(const uint8_t *p, size_t len, size_t *pos, size_t *at)
{
	struct labels l = {.p = p, .len = len, .pos = *pos, .run = *pos};
	size_t label = 0, n = 0;
	enum err e;

	do
		if ((e = next_label(&l, &label, &n, at)) != ERR_OK)
			return e;
	while (n > 0);
	*pos = l.behind;
	return ERR_OK;
}

static void label_text(struct text *out, const uint8_t *p, size_t n)
{
	char tmp[4 * 63 + 2];
	size_t k = 0;

	for (size_t i = 0; i < n && i < 63; i++) {
		uint8_t c = p[i];
		if (c > 0x20 && c < 0x7f && c != '.' && c != '\\') {
			tmp[k++] = (char)c;
		} else if (c == '.' || c == '\\') {
			tmp[k++] = '\\';
			tmp[k++] = (char)c;
		} else {
			tmp[k++] = '\\';
			tmp[k++] = (char)('0' + c / 100);
			tmp[k++] = (char)('0' + c / 10 % 10);
			tmp[k++] = (char)('0' + c % 10);
		}
	}
	tmp[k++] = '.';
	tmp[k] = '\0';
	text_str(out, tmp);
}

void dns_name_text(struct text *out, const uint8_t *p, size_t len, size_t pos)
{
	struct labels l = {.p = p, .len = len, .pos = pos, .run = pos};
	size_t label = 0, n = 0, at = 0;
	bool root = true;

	while (next_label(&l, &label, &n, &at) == ERR_OK && n > 0) {
		label_text(out, p + label, n);
		root = false;
	}
	if (root && at == 0)
		text_str(out, ".");
}

struct dns_cursor dns_records(const struct dns *m, const uint8_t *p, size_t len)
{
	struct dns_cursor c = {.p = p, .len = len, .pos = HEADER};

	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		c.left[i] = len >= HEADER ? m->count[i] : 0;
	return c;
}

/* The record at the cursor, with the checks that stop the walk. */
static enum err read_record(struct dns_cursor *c, struct dns_rr *rr)
{
	struct rd r = rd_init(c->p, c->len);
	enum err e = dns_name_skip(c->p, c->len, &c->pos, &c->err_off);

	if (e != ERR_OK)
		return e;
	rr->name_len = c->pos - rr->name_off;
	r.pos = c->pos;
	rr->type = rd_u16(&r);
	rr->klass = rd_u16(&r);
	if (rr->section != DNS_QUESTION) {
		rr->ttl = rd_u32(&r);
		rr->rdata_len = rd_u16(&r);
		rr->rdata_off = r.pos;
		rd_skip(&r, rr->rdata_len);
	}
	if (r.bad)
		return bad_at(&c->err_off, r.pos, ERR_TRUNCATED);
	c->pos = r.pos;
	rr->len = c->pos - rr->off;
	/* questions have no data; records in an UPDATE that only name what to delete have none (RFC 2136 2.5)
	 */
	if (rr->section == DNS_QUESTION || (rr->rdata_len == 0 && rr->klass >= CLASS_NONE))
		return ERR_OK;
	return dns_rdata_check(c->p, c->len, rr, &c->err_off);
}

bool dns_next(struct dns_cursor *c, struct dns_rr *out)
{
	while (c->section < DNS_SECTIONS && c->left[c->section] == 0)
		c->section++;
	if (c->section == DNS_SECTIONS || c->err != ERR_OK)
		return false;
	c->left[c->section]--;
	*out = (struct dns_rr){.section = (enum dns_section)c->section, .off = c->pos, .name_off = c->pos};
	c->err = read_record(c, out);
	return c->err == ERR_OK;
}

static void read_flags(struct dns *m, uint16_t flags)
{
	m->response = flags & 0x8000;
	m->opcode = flags >> 11 & 15;
	m->aa = flags & 0x0400;
	m->tc = flags & 0x0200;
	m->rd = flags & 0x0100;
	m->ra = flags & 0x0080;
	m->ad = flags & 0x0020;
	m->cd = flags & 0x0010;
	m->rcode = flags & 15;
}

/* The OPT record (RFC 6891 6.1.2) keeps other things where a record has its class and TTL. */
static void read_opt(struct dns *m, const struct dns_rr *rr)
{
	m->has_edns = true;
	m->udp_size = rr->klass;
	m->rcode = (uint16_t)(m->rcode | (rr->ttl >> 24) << 4);
	m->dnssec_ok = rr->ttl & 0x8000;
}

enum err dns_parse(struct dns *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);
	struct dns_rr rr;

	*out = (struct dns){0};
	out->id = rd_u16(&r);
	read_flags(out, rd_u16(&r));
	for (unsigned i = 0; i < DNS_SECTIONS; i++)
		out->count[i] = rd_u16(&r);
	if (r.bad)
		return bad_at(at, r.pos, ERR_TRUNCATED);
	struct dns_cursor c = dns_records(out, p, len);
	while (dns_next(&c, &rr)) {
		if (rr.section == DNS_QUESTION && !out->has_question) {
			out->has_question = true;
			out->question = rr;
		}
		if (rr.section == DNS_ADDITIONAL && rr.type == DNS_OPT && !out->has_edns)
			read_opt(out, &rr);
	}
	out->end = c.pos;
	*at = c.err == ERR_OK ? c.pos : c.err_off;
	return c.err;
}

size_t dns_tcp_message_len(const uint8_t *p, size_t len)
{
	if (len < DNS_TCP_PREFIX)
		return 0;
	size_t whole = (size_t)p[0] << 8 | p[1], here = len - DNS_TCP_PREFIX;

	return whole < here ? whole : here;
}

enum err dns_tcp_parse(struct dns *out, const uint8_t *p, size_t len, size_t *at)
{
	size_t n = dns_tcp_message_len(p, len);

	if (len < DNS_TCP_PREFIX) {
		*out = (struct dns){.partial = true};
		return ERR_OK;
	}
	enum err e = dns_parse(out, p + DNS_TCP_PREFIX, n, at);
	*at += DNS_TCP_PREFIX;
	out->partial = n < ((size_t)p[0] << 8 | p[1]);
	return out->partial && e == ERR_TRUNCATED ? ERR_OK : e;
}

bool dns_tcp_looks_like(const uint8_t *p, size_t len)
{
	struct dns m;
	size_t at;

	/* RFC 7766 8: the length may come alone. Else at least the question must make sense */
	if (len <= DNS_TCP_PREFIX)
		return len == DNS_TCP_PREFIX && ((size_t)p[0] << 8 | p[1]) >= HEADER;
	size_t whole = (size_t)p[0] << 8 | p[1];
	if (whole < HEADER || dns_tcp_message_len(p, len) < HEADER)
		return false;
	if (dns_tcp_parse(&m, p, len, &at) == ERR_OK)
		return !m.partial || (m.has_question && m.count[DNS_QUESTION] == 1);
	return whole == len - DNS_TCP_PREFIX;
}
