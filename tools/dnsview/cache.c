#include "cache.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/clock.h"

#define BUCKETS_MIN   1024u
#define BYTES_MAX     ((size_t)64 << 20)
#define MALLOC_COST   16u /* beside what is asked for */
#define BOGUS_NS      (60 * NS_PER_S)
#define SOURCES       256u
#define ENTRY_HEADER  offsetof(struct cache_entry, data)
#define RECORD_HEADER 6u /* type, section, length of the owner (0: the entry's name), length of the data */

struct cache_source {
	struct cache_source *next;
	size_t used; /* by so many entries */
	uint8_t len;
	uint8_t name[];
};

/* A hash table for finding, a list in order of use for making room. */
struct cache {
	size_t count, max, bytes, max_bytes;
	size_t n_buckets; /* a power of two */
	struct cache_entry **bucket;
	struct cache_entry *newest, *oldest;
	size_t of_kind[CACHE_FAILURE + 1], dnames; /* what there is none of is not looked for */
	struct cache_source *source[SOURCES];
};

struct cache *cache_new(size_t max)
{
	struct cache *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct cache){.max = max, .max_bytes = BYTES_MAX, .n_buckets = BUCKETS_MIN};
	c->bucket = calloc(c->n_buckets, sizeof(struct cache_entry *));
	if (!c->bucket) {
		free(c);
		return NULL;
	}
	return c;
}

void cache_limit_bytes(struct cache *c, size_t max)
{
	c->max_bytes = max;
}

void cache_limit_entries(struct cache *c, size_t max)
{
	c->max = max;
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	for (struct cache_entry *e = c->newest, *older; e; e = older) {
		older = e->older;
		free(e);
	}
	for (unsigned i = 0; i < SOURCES; i++) {
		for (struct cache_source *s = c->source[i], *next; s; s = next) {
			next = s->next;
			free(s);
		}
	}
	free(c->bucket);
	free(c);
}

/* --- servers' names ----------------------------------------------------------------------------- */

static struct cache_source *source_get(struct cache *c, const struct dname *name)
{
	struct cache_source **head = &c->source[dname_hash(name) % SOURCES], *s = *head;
	while (s && !(s->len == name->len && memcmp(s->name, name->b, name->len) == 0))
		s = s->next;
	if (!s) {
		s = malloc(sizeof(*s) + name->len);
		if (!s)
			return NULL;
		*s = (struct cache_source){.next = *head, .len = name->len};
		memcpy(s->name, name->b, name->len);
		*head = s;
	}
	s->used++;
	return s;
}

static void source_put(struct cache *c, struct cache_source *s)
{
	if (--s->used)
		return;
	struct dname name = {.len = s->len};
	memcpy(name.b, s->name, s->len);
	struct cache_source **link = &c->source[dname_hash(&name) % SOURCES];
	while (*link != s)
		link = &(*link)->next;
	*link = s->next;
	free(s);
}

/* --- an entry ------------------------------------------------------------------------------------ */

static struct dname name_of(const uint8_t *b, size_t len)
{
	struct dname n = {.len = (uint8_t)len};
	memcpy(n.b, b, len);
	return n;
}

struct dname cache_name(const struct cache_entry *e)
{
	return name_of(e->data, e->name_len);
}

struct dname cache_from(const struct cache_entry *e)
{
	return name_of(e->source->name, e->source->len);
}

static uint16_t get_u16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

bool cache_record_next(const struct cache_entry *e, struct cache_record *r)
{
	const uint8_t *p = e->data + e->name_len + r->at, *end = (const uint8_t *)e + e->size;
	if (p >= end)
		return false;
	r->type = get_u16(p);
	r->authority = p[2];
	r->owner_len = p[3];
	r->len = get_u16(p + 4);
	r->owner = p + RECORD_HEADER;
	r->rdata = r->owner + r->owner_len;
	r->at += (size_t)RECORD_HEADER + r->owner_len + r->len;
	if (!r->owner_len) {
		r->owner = e->data;
		r->owner_len = e->name_len;
	}
	return true;
}

struct dname cache_target(const struct cache_record *r)
{
	struct rd rd = rd_init(r->rdata, r->len);
	struct dname n;
	return dname_read(&n, &rd) ? dname_root() : n;
}

static ldns_rr *to_ldns(const struct cache_record *r, uint32_t ttl)
{
	uint8_t *wire = malloc((size_t)r->owner_len + 10 + r->len);
	ldns_rr *rr = NULL;
	size_t pos = 0;
	if (!wire)
		return NULL;
	struct wr w = wr_init(wire, (size_t)r->owner_len + 10 + r->len);
	wr_bytes(&w, r->owner, r->owner_len);
	wr_u16(&w, r->type);
	wr_u16(&w, LDNS_RR_CLASS_IN);
	wr_u32(&w, ttl);
	wr_u16(&w, r->len);
	wr_bytes(&w, r->rdata, r->len);
	if (ldns_wire2rr(&rr, wire, w.pos, &pos, LDNS_SECTION_ANSWER) != LDNS_STATUS_OK)
		rr = NULL;
	free(wire);
	return rr;
}

static bool is_part(const struct cache_entry *e, const struct cache_record *r, enum cache_part part)
{
	switch (part) {
	case CACHE_DATA:
		return !r->authority && r->type == e->type;
	case CACHE_IN:
		return !r->authority;
	case CACHE_SOA:
		return r->authority && r->type == LDNS_RR_TYPE_SOA;
	case CACHE_BESIDE:
		return r->authority;
	}
	return false;
}

ldns_rr_list *cache_rrs(const struct cache_entry *e, enum cache_part part, uint32_t ttl)
{
	ldns_rr_list *list = NULL;
	for (struct cache_record r = {0}; cache_record_next(e, &r);) {
		ldns_rr *rr = is_part(e, &r, part) ? to_ldns(&r, ttl) : NULL;
		if (rr && !list)
			list = ldns_rr_list_new();
		if (rr && (!list || !ldns_rr_list_push_rr(list, rr)))
			ldns_rr_free(rr);
	}
	return list;
}

/* --- finding ------------------------------------------------------------------------------------- */

static uint32_t hash_of(enum cache_kind kind, const struct dname *name, uint16_t type)
{
	uint32_t h = dname_hash(name) ^ type * 2654435761u ^ (uint32_t)kind * 40503u;
	return h ^ h >> 15;
}

static bool is_it(
    const struct cache_entry *e, uint32_t hash, enum cache_kind kind, const struct dname *name, uint16_t type)
{
	return e->hash == hash && e->kind == kind && e->type == type && e->name_len == name->len &&
	       dname_octets_equal(e->data, name->b, name->len);
}

/* The link that points to the entry, or to the end of its chain. */
static struct cache_entry **find_link(struct cache *c, enum cache_kind kind, const struct dname *name, uint16_t type)
{
	uint32_t hash = hash_of(kind, name, type);
	struct cache_entry **link = &c->bucket[hash & (c->n_buckets - 1)];
	while (*link && !is_it(*link, hash, kind, name, type))
		link = &(*link)->next;
	return link;
}

static void unlist(struct cache *c, struct cache_entry *e)
{
	*(e->newer ? &e->newer->older : &c->newest) = e->older;
	*(e->older ? &e->older->newer : &c->oldest) = e->newer;
}

static void list_newest(struct cache *c, struct cache_entry *e)
{
	e->newer = NULL;
	e->older = c->newest;
	*(c->newest ? &c->newest->newer : &c->oldest) = e;
	c->newest = e;
}

enum cache_state cache_find(struct cache *c, enum cache_kind kind, const struct dname *name, uint16_t type,
    int64_t now, const struct cache_entry **out)
{
	bool none = !c->of_kind[kind] || (type == LDNS_RR_TYPE_DNAME && !c->dnames);
	struct cache_entry *e = none ? NULL : *find_link(c, kind, name, type);
	*out = e;
	if (!e)
		return CACHE_ABSENT;
	if (e != c->newest) {
		unlist(c, e);
		list_newest(c, e);
	}
	return e->expires > now ? CACHE_FRESH : CACHE_EXPIRED;
}

/* --- keeping ------------------------------------------------------------------------------------- */

static void account(struct cache *c, const struct cache_entry *e, bool in)
{
	size_t one = in ? 1 : (size_t)-1, size = e->size + MALLOC_COST;
	c->count += one;
	c->of_kind[e->kind] += one;
	c->dnames += e->type == LDNS_RR_TYPE_DNAME ? one : 0;
	c->bytes += in ? size : -size;
}

/* Takes the entry out that link points to. */
static void drop(struct cache *c, struct cache_entry **link)
{
	struct cache_entry *e = *link;
	*link = e->next;
	unlist(c, e);
	account(c, e, false);
	source_put(c, e->source);
	free(e);
}

void cache_remove(struct cache *c, const struct cache_entry *e)
{
	struct cache_entry **link = &c->bucket[e->hash & (c->n_buckets - 1)];
	while (*link != e)
		link = &(*link)->next;
	drop(c, link);
}

static size_t rdata_len(const ldns_rr *rr)
{
	size_t len = 0;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++)
		len += ldns_rdf_size(ldns_rr_rdf(rr, i));
	return len;
}

static bool own_name(const struct cache_put *p, const ldns_rr *rr)
{
	const ldns_rdf *owner = ldns_rr_owner(rr);
	return ldns_rdf_size(owner) == p->name->len &&
	       dname_octets_equal(ldns_rdf_data(owner), p->name->b, p->name->len);
}

static size_t list_size(const struct cache_put *p, const ldns_rr_list *list)
{
	size_t size = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		size += RECORD_HEADER + rdata_len(rr) + (own_name(p, rr) ? 0 : ldns_rdf_size(ldns_rr_owner(rr)));
	}
	return size;
}

static void write_list(struct wr *w, const struct cache_put *p, const ldns_rr_list *list, bool authority)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *rr = ldns_rr_list_rr(list, i);
		const ldns_rdf *owner = ldns_rr_owner(rr);
		bool own = own_name(p, rr);
		wr_u16(w, (uint16_t)ldns_rr_get_type(rr));
		wr_u8(w, authority);
		wr_u8(w, own ? 0 : (uint8_t)ldns_rdf_size(owner));
		wr_u16(w, (uint16_t)rdata_len(rr));
		if (!own)
			wr_bytes(w, ldns_rdf_data(owner), ldns_rdf_size(owner));
		for (size_t k = 0; k < ldns_rr_rd_count(rr); k++)
			wr_bytes(w, ldns_rdf_data(ldns_rr_rdf(rr, k)), ldns_rdf_size(ldns_rr_rdf(rr, k)));
	}
}

static struct cache_entry *entry_new(struct cache *c, const struct cache_put *p)
{
	bool negative = p->kind == CACHE_NODATA || p->kind == CACHE_NXDOMAIN;
	size_t size = ENTRY_HEADER + p->name->len + list_size(p, p->rrs) + list_size(p, p->proof);
	struct cache_entry *e = size <= UINT32_MAX ? malloc(size < sizeof(*e) ? sizeof(*e) : size) : NULL;
	struct cache_source *source = e ? source_get(c, p->from) : NULL;
	if (!source) {
		free(e);
		return NULL;
	}
	*e = (struct cache_entry){.kind = (uint8_t)p->kind,
	    .security = (uint8_t)p->security,
	    .err = (uint8_t)p->err,
	    .type = p->type,
	    .hash = hash_of(p->kind, p->name, p->type),
	    .size = (uint32_t)size,
	    .name_len = p->name->len,
	    .stored = p->now,
	    .expires = p->now + (int64_t)p->ttl * NS_PER_S,
	    .source = source,
	    .lookup = p->lookup};
	if (p->from_ip)
		e->from_ip = *p->from_ip;
	struct wr w = wr_init(e->data, size - ENTRY_HEADER);
	wr_bytes(&w, p->name->b, p->name->len);
	write_list(&w, p, p->rrs, negative);
	write_list(&w, p, p->proof, true);
	return e;
}

/* Twice as many buckets, so that chains stay short; without memory they get longer. */
static void grow(struct cache *c)
{
	size_t n = c->n_buckets * 2;
	struct cache_entry **bucket = calloc(n, sizeof(struct cache_entry *));
	if (!bucket)
		return;
	for (struct cache_entry *e = c->newest; e; e = e->older) {
		e->next = bucket[e->hash & (n - 1)];
		bucket[e->hash & (n - 1)] = e;
	}
	free(c->bucket);
	c->bucket = bucket;
	c->n_buckets = n;
}

enum err cache_put(struct cache *c, struct cache_put p)
{
	struct cache_entry *e = entry_new(c, &p), **link;
	ldns_rr_list_deep_free(p.rrs);
	ldns_rr_list_deep_free(p.proof);
	if (!e)
		return ERR_NOMEM;
	link = find_link(c, p.kind, p.name, p.type);
	if (*link)
		drop(c, link);
	while (c->count && (c->count >= c->max || c->bytes + e->size + MALLOC_COST > c->max_bytes))
		cache_remove(c, c->oldest);
	if (c->count >= c->n_buckets)
		grow(c);
	link = &c->bucket[e->hash & (c->n_buckets - 1)];
	e->next = *link;
	*link = e;
	list_newest(c, e);
	account(c, e, true);
	return ERR_OK;
}

static uint32_t get_u32(const uint8_t *p)
{
	return (uint32_t)get_u16(p) << 16 | get_u16(p + 2);
}

int64_t cache_signed_until(const struct cache_entry *e, int64_t now)
{
	int64_t until = e->expires;
	uint32_t now_s = (uint32_t)(now / NS_PER_S);
	for (struct cache_record r = {0}; cache_record_next(e, &r);) {
		if (r.type != LDNS_RR_TYPE_RRSIG || r.len < 18)
			continue;
		int32_t left = (int32_t)(get_u32(r.rdata + 8) - now_s); /* RFC 4034 3.1.5: modulo 2^32 */
		int64_t expires = now + left * NS_PER_S, made_for = e->stored + get_u32(r.rdata + 4) * NS_PER_S;
		until = expires < until ? expires : until;
		until = made_for < until ? made_for : until;
	}
	return until;
}

void cache_judge(struct cache *c, const struct cache_entry *e, enum cache_security security, int64_t now)
{
	struct cache_entry *own = c->bucket[e->hash & (c->n_buckets - 1)];
	while (own != e)
		own = own->next;
	own->security = (uint8_t)security;
	if (security == CACHE_SECURE)
		own->expires = cache_signed_until(e, now);
	if (security == CACHE_BOGUS && own->expires > now + BOGUS_NS)
		own->expires = now + BOGUS_NS;
}

size_t cache_count(const struct cache *c)
{
	return c->count;
}

size_t cache_bytes(const struct cache *c)
{
	return c->bytes;
}

const struct cache_entry *cache_first(const struct cache *c)
{
	return c->newest;
}

const struct cache_entry *cache_next(const struct cache_entry *e)
{
	return e->older;
}

size_t cache_forget(struct cache *c, const struct dname *name, int64_t now)
{
	size_t gone = 0;
	for (const struct cache_entry *e = c->newest, *next; e; e = next) {
		struct dname own = cache_name(e);
		next = e->older;
		if (name && !dname_at_or_below(&own, name))
			continue;
		gone += e->expires > now;
		cache_remove(c, e);
	}
	return gone;
}

uint32_t cache_original_ttl(const struct cache_entry *e)
{
	return (uint32_t)((e->expires - e->stored) / NS_PER_S);
}

uint32_t cache_left(const struct cache_entry *e, int64_t now)
{
	return e->expires > now ? (uint32_t)((e->expires - now) / NS_PER_S) : 0;
}

uint32_t ttl_bounded(uint32_t ttl, uint32_t max)
{
	if (ttl & 0x80000000u)
		return 0;
	return ttl < max ? ttl : max;
}
