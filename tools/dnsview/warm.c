#include "warm.h"

#include <stdlib.h>
#include <string.h>

#include "glassnet/clock.h"

struct entry {
	struct entry *next, *newer, *older;
	int64_t kept;
	struct stored s; /* its arrays are behind the name */
	uint32_t hash;
	size_t size;
	uint16_t type;
	uint8_t name_len;
	uint8_t name[]; /* in lower case */
};

struct warm {
	size_t count, max, bytes, max_bytes, n_buckets;
	struct entry **bucket, *newest, *oldest;
};

struct warm *warm_new(size_t max_entries, size_t max_bytes)
{
	struct warm *w = calloc(1, sizeof(*w));
	if (!w)
		return NULL;
	*w = (struct warm){.max = max_entries, .max_bytes = max_bytes, .n_buckets = 1024};
	while (w->n_buckets < max_entries)
		w->n_buckets *= 2;
	w->bucket = calloc(w->n_buckets, sizeof(struct entry *));
	if (w->bucket)
		return w;
	free(w);
	return NULL;
}

void warm_free(struct warm *w)
{
	if (!w)
		return;
	for (struct entry *e = w->newest, *older; e; e = older) {
		older = e->older;
		free(e);
	}
	free(w->bucket);
	free(w);
}

static void unlist(struct warm *w, struct entry *e)
{
	*(e->newer ? &e->newer->older : &w->newest) = e->older;
	*(e->older ? &e->older->newer : &w->oldest) = e->newer;
}

static void list_newest(struct warm *w, struct entry *e)
{
	e->newer = NULL;
	e->older = w->newest;
	*(w->newest ? &w->newest->newer : &w->oldest) = e;
	w->newest = e;
}

static struct entry **find_link(struct warm *w, const struct dname *low, uint16_t type, uint32_t hash)
{
	struct entry **link = &w->bucket[hash & (w->n_buckets - 1)];
	while (*link && !((*link)->hash == hash && (*link)->type == type && (*link)->name_len == low->len &&
	                    memcmp((*link)->name, low->b, low->len) == 0))
		link = &(*link)->next;
	return link;
}

static uint32_t hash_of(const struct dname *low, uint16_t type)
{
	return dname_hash(low) ^ (uint32_t)type * 2654435761u;
}

static void drop(struct warm *w, struct entry **link)
{
	struct entry *e = *link;
	*link = e->next;
	unlist(w, e);
	w->count--;
	w->bytes -= e->size;
	free(e);
}

const struct stored *warm_find(
    struct warm *w, const struct dname *name, uint16_t type, int64_t now, uint32_t expired, uint32_t *age)
{
	struct dname low = dname_lower(name);
	struct entry *e = *find_link(w, &low, type, hash_of(&low, type));
	if (!e || now < e->kept || now - e->kept >= ((int64_t)e->s.ttl_min + expired) * NS_PER_S)
		return NULL;
	*age = (uint32_t)((now - e->kept) / NS_PER_S);
	if (e != w->newest) {
		unlist(w, e);
		list_newest(w, e);
	}
	return &e->s;
}

static void make_room(struct warm *w, size_t size)
{
	while (w->count && (w->count >= w->max || w->bytes + size > w->max_bytes)) {
		struct entry *e = w->oldest, **link = &w->bucket[e->hash & (w->n_buckets - 1)];
		while (*link != e)
			link = &(*link)->next;
		drop(w, link);
	}
}

enum err warm_put(struct warm *w, const struct dname *name, uint16_t type, const struct stored *s, int64_t now)
{
	struct dname low = dname_lower(name);
	uint32_t hash = hash_of(&low, type);
	struct entry **link = find_link(w, &low, type, hash);
	size_t ttls = s->n_ttl * sizeof(*s->ttl_at), named = (low.len + 1u) & ~1u;
	size_t size = sizeof(struct entry) + named + ttls + s->len;
	if (*link)
		drop(w, link);
	if (size > w->max_bytes)
		return ERR_OK;
	make_room(w, size);
	struct entry *e = malloc(size);
	if (!e)
		return ERR_NOMEM;
	*e = (struct entry){.kept = now, .s = *s, .hash = hash, .size = size, .type = type, .name_len = low.len};
	memcpy(e->name, low.b, low.len);
	e->s.ttl_at = (uint16_t *)(void *)((uint8_t *)e + sizeof(*e) + named);
	e->s.wire = (uint8_t *)e->s.ttl_at + ttls;
	if (ttls)
		memcpy(e->s.ttl_at, s->ttl_at, ttls);
	memcpy(e->s.wire, s->wire, s->len);
	link = &w->bucket[hash & (w->n_buckets - 1)];
	e->next = *link;
	*link = e;
	list_newest(w, e);
	w->count++;
	w->bytes += size;
	return ERR_OK;
}

size_t warm_count(const struct warm *w)
{
	return w->count;
}
