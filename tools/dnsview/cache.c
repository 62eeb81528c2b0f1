#include "cache.h"

#include <stdlib.h>

#include "glassnet/clock.h"

#define BUCKETS_MIN 1024u
#define BYTES_MAX   ((size_t)64 << 20)
#define RR_OVERHEAD 250u /* what ldns takes for a record beside its data */

/* A hash table for finding, a list in order of use for making room. */
struct cache {
	size_t count, max, bytes, max_bytes;
	size_t n_buckets; /* a power of two */
	struct cache_entry **bucket;
	struct cache_entry *newest, *oldest;
};

struct cache *cache_new(size_t max)
{
	struct cache *c = calloc(1, sizeof(*c));
	if (!c)
		return NULL;
	*c = (struct cache){.max = max, .max_bytes = BYTES_MAX, .n_buckets = BUCKETS_MIN};
	while (c->n_buckets < max)
		c->n_buckets *= 2;
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

static void entry_free(struct cache_entry *e)
{
	ldns_rr_list_deep_free(e->rrs);
	free(e);
}

void cache_free(struct cache *c)
{
	if (!c)
		return;
	for (struct cache_entry *e = c->newest, *older; e; e = older) {
		older = e->older;
		entry_free(e);
	}
	free(c->bucket);
	free(c);
}

/* The link that points to the entry, or to the end of its chain. */
static struct cache_entry **find_link(struct cache *c, enum cache_kind kind, const struct dname *name, uint16_t type)
{
	uint32_t hash = dname_hash(name) ^ ((uint32_t)type * 2654435761u) ^ (uint32_t)kind * 40503u;
	struct cache_entry **link = &c->bucket[hash & (c->n_buckets - 1)];
	while (*link && !((*link)->kind == kind && (*link)->type == type && dname_equal(&(*link)->name, name)))
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
	struct cache_entry *e = *find_link(c, kind, name, type);
	*out = e;
	if (!e)
		return CACHE_ABSENT;
	if (e != c->newest) {
		unlist(c, e);
		list_newest(c, e);
	}
	return e->expires > now ? CACHE_FRESH : CACHE_EXPIRED;
}

/* Takes the entry out that link points to. */
static void drop(struct cache *c, struct cache_entry **link)
{
	struct cache_entry *e = *link;
	*link = e->next;
	unlist(c, e);
	c->count--;
	c->bytes -= e->size;
	entry_free(e);
}

void cache_remove(struct cache *c, const struct cache_entry *e)
{
	drop(c, find_link(c, e->kind, &e->name, e->type));
}

static size_t size_of(const struct cache_entry *e)
{
	size_t size = sizeof(*e);
	for (size_t i = 0; i < ldns_rr_list_rr_count(e->rrs); i++)
		size += RR_OVERHEAD + ldns_rr_uncompressed_size(ldns_rr_list_rr(e->rrs, i));
	return size;
}

enum err cache_put(struct cache *c, struct cache_put p)
{
	struct cache_entry *e = calloc(1, sizeof(*e));
	if (!e) {
		ldns_rr_list_deep_free(p.rrs);
		return ERR_NOMEM;
	}
	*e = (struct cache_entry){.kind = p.kind,
	    .name = *p.name,
	    .type = p.type,
	    .stored = p.now,
	    .expires = p.now + (int64_t)p.ttl * NS_PER_S,
	    .rrs = p.rrs,
	    .err = p.err,
	    .from = *p.from,
	    .lookup = p.lookup};
	if (p.from_ip)
		e->from_ip = *p.from_ip;
	e->size = size_of(e);
	struct cache_entry **link = find_link(c, p.kind, &e->name, p.type);
	if (*link)
		drop(c, link);
	while (c->count && (c->count >= c->max || c->bytes + e->size > c->max_bytes))
		cache_remove(c, c->oldest);
	link = find_link(c, p.kind, &e->name, p.type); /* the chain may have lost its end */
	*link = e;
	list_newest(c, e);
	c->count++;
	c->bytes += e->size;
	return ERR_OK;
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
