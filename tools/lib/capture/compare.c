/* The same packets at two places. The first's stand in hash tables, by what routers and NATs leave alone and by what even
 * a changed payload leaves; each of the second's takes the oldest of its kind that nobody took. */
#include <stdlib.h>
#include <string.h>

#include "private.h"

#define MAX_OCTETS ((size_t)512 << 20)

struct kept {
	struct packet p; /* its bytes are owned */
	uint64_t key[2]; /* invariant, skeleton */
	size_t other;    /* index at the other place + 1; 0: none */
	size_t next[2];  /* with the same hash, younger: index + 1 */
};

struct place {
	struct kept *at;
	size_t n, cap;
};

struct comparison {
	struct place place[2];
	size_t octets;
};

enum err comparison_new(struct comparison **out)
{
	*out = calloc(1, sizeof **out);
	return *out ? ERR_OK : ERR_NOMEM;
}

void comparison_free(struct comparison *c)
{
	for (int i = 0; c && i < 2; i++) {
		for (size_t k = 0; k < c->place[i].n; k++)
			free((void *)(uintptr_t)c->place[i].at[k].p.bytes);
		free(c->place[i].at);
	}
	free(c);
}

enum err comparison_add(struct comparison *c, unsigned place, const struct capture_packet *cp)
{
	struct place *pl = &c->place[place != 0];
	struct traits t;
	c->octets += cp->packet.len + sizeof *pl->at;
	if (c->octets > MAX_OCTETS)
		return ERR_TOO_LONG;
	if (pl->n == pl->cap) {
		size_t cap = pl->cap ? 2 * pl->cap : 256;
		struct kept *grown = realloc(pl->at, cap * sizeof *grown);
		if (!grown)
			return ERR_NOMEM;
		pl->at = grown;
		pl->cap = cap;
	}
	uint8_t *copy = malloc(cp->packet.len ? cp->packet.len : 1);
	if (!copy)
		return ERR_NOMEM;
	if (cp->packet.len)
		memcpy(copy, cp->packet.bytes, cp->packet.len);
	struct kept *k = &pl->at[pl->n++];
	*k = (struct kept){.p = cp->packet};
	k->p.bytes = copy;
	packet_parse(&k->p);
	traits_of(&t, &k->p);
	k->key[0] = t.invariant;
	k->key[1] = traits_skeleton(&k->p);
	return ERR_OK;
}

/* Chains of the first place's packets by one of their keys, the oldest first; free(3) it. */
static size_t *chains(struct place *pl, int by, size_t buckets)
{
	size_t *head = calloc(buckets, sizeof *head);
	for (size_t i = pl->n; head && i-- > 0;) {
		size_t *h = &head[pl->at[i].key[by] % buckets];
		pl->at[i].next[by] = *h;
		*h = i + 1;
	}
	return head;
}

static enum err match(struct comparison *c, int by)
{
	struct place *a = &c->place[0], *b = &c->place[1];
	size_t buckets = 2 * a->n + 1, *head = chains(a, by, buckets);
	if (!head)
		return ERR_NOMEM;
	for (size_t i = 0; i < b->n; i++) {
		struct kept *y = &b->at[i];
		if (y->other || !y->key[by])
			continue;
		size_t *at = &head[y->key[by] % buckets];
		while (*at && (a->at[*at - 1].other || a->at[*at - 1].key[by] != y->key[by])) {
			if (a->at[*at - 1].other) /* taken: nobody needs to pass it again */
				*at = a->at[*at - 1].next[by];
			else
				at = &a->at[*at - 1].next[by];
		}
		if (*at) {
			y->other = *at;
			a->at[*at - 1].other = i + 1;
		}
	}
	free(head);
	return ERR_OK;
}

enum err comparison_run(
    struct comparison *c, enum err (*found)(void *ctx, const struct packet *a, const struct packet *b), void *ctx)
{
	struct place *a = &c->place[0], *b = &c->place[1];
	enum err e = match(c, 0);
	if (!e)
		e = match(c, 1);
	for (size_t i = 0; i < a->n && !e; i++)
		e = found(ctx, &a->at[i].p, a->at[i].other ? &b->at[a->at[i].other - 1].p : NULL);
	for (size_t i = 0; i < b->n && !e; i++)
		e = b->at[i].other ? ERR_OK : found(ctx, NULL, &b->at[i].p);
	return e;
}
