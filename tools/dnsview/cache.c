#include "cache.h"

#include <stdlib.h>

#include "glassnet/clock.h"

#define BUCKETS 1024u

struct cache {
	size_t count, max;
	unsigned hand; /* where eviction looks next */
	struct cache_entry *bucket[BUCKETS];
};

struct cache *cache_new(size_t max)
{
	struct cache *c = calloc(1, sizeof(*c));
	if (c)
		c->max = max;
	return c;
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
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct cache_entry *e = c->bucket[i], *next; e; e = next) {
			next = e->next;
			entry_free(e);
		}
	}
	free(c);
}

static unsigned bucket_of(enum cache_kind kind, const struct dname *name, uint16_t type)
{
	return (dname_hash(name) ^ ((uint32_t)type * 2654435761u) ^ (uint32_t)kind * 40503u) % BUCKETS;
}

/* The link that points to the entry, or to the end of its chain. */
static struct cache_entry **find_link(
    struct cache *c, enum cache_kind kind, const struct dname *name, uint16_t type)
{
	struct cache_entry **link = &c->bucket[bucket_of(kind, name, type)];
	while (
	    *link && !((*link)->kind == kind && (*link)->type == type && dname_equal(&(*link)->name, name)))
		link = &(*link)->next;
	return link;
}

enum cache_state cache_find(const struct cache *c, enum cache_kind kind, const struct dname *name,
    uint16_t type, int64_t now, const struct cache_entry **out)
{
	const struct cache_entry *e = c->bucket[bucket_of(kind, name, type)];
	while (e && !(e->kind == kind && e->type == type && dname_equal(&e->name, name)))
		e = e->next;
	*out = e;
	if (!e)
		return CACHE_ABSENT;
	return e->expires > now ? CACHE_FRESH : CACHE_EXPIRED;
}

/* Makes room: of the next non-empty chain, the entry that ends soonest. */
static void evict_one(struct cache *c)
{
	for (unsigned tried = 0; tried < BUCKETS; tried++) {
		struct cache_entry **link = &c->bucket[c->hand++ % BUCKETS], **soonest = link;
		for (; *link; link = &(*link)->next)
			if ((*link)->expires < (*soonest)->expires)
				soonest = link;
		if (*soonest) {
			struct cache_entry *gone = *soonest;
			*soonest = gone->next;
			entry_free(gone);
			c->count--;
			return;
		}
	}
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
	struct cache_entry **link = find_link(c, p.kind, p.name, p.type);
	if (*link) {
		e->next = (*link)->next;
		entry_free(*link);
		*link = e;
		return ERR_OK;
	}
	if (c->count >= c->max) {
		evict_one(c);
		link = find_link(c, p.kind, p.name, p.type); /* the chain may have lost its end */
	}
	*link = e;
	c->count++;
	return ERR_OK;
}

size_t cache_count(const struct cache *c)
{
	return c->count;
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
