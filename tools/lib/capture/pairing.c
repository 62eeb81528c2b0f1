/* The same packet seen at several places, known as one.
 *
 * Theory. A sighting X belongs to an open journey J by one of three relations:
 *
 *   link     Some sighting in J is the same frame to the octet, at another host or another interface of a bridge.
 *   router   The last sighting in J at X's host came in there, X goes out, the TTL is one less, and all that routers
 *            and NATs leave alone is the same (traits.c). Addresses or ports that differ were changed by a NAT: there
 *            is no other way for such a pair to come about at one host within milliseconds.
 *   gap      The hosts between were not watched: addresses and ports are the same, the TTL is less.
 *
 * Never where J was already seen at that interface in that direction with that TTL: what is sent again is another
 * packet, however equal.
 *
 * Of several journeys that fit wins, in this order: the one with the surest relation; with unchanged ports; the oldest
 * of those that moved a moment ago (links keep the order); else the youngest (the older ones were lost). */
#include <stdlib.h>
#include <string.h>

#include "glassnet/clock.h"
#include "private.h"

#define BUCKETS   4096
#define MOMENT_NS (20 * NS_PER_MS) /* longer than any hop in a lab takes */

struct open_journey {
	struct journey j;
	struct traits traits[JOURNEY_MAX_SIGHTINGS];
	const char *hosts[JOURNEY_MAX_SIGHTINGS];
	struct open_journey *newer;          /* by first sighting */
	struct open_journey *next_in_bucket; /* same hash of the invariant, older */
};

struct pairing {
	int64_t window;
	size_t max_open, n_open;
	void (*on_journey)(void *ctx, const struct journey *j);
	void *ctx;
	struct flows *flows; /* borrowed; or NULL */
	struct open_journey *oldest, *newest;
	struct open_journey *spare; /* to be used again, by newer */
	struct open_journey *buckets[BUCKETS];
};

enum err pairing_new(struct pairing **out, int64_t window_ns, size_t max_open,
    void (*on_journey)(void *ctx, const struct journey *j), void *ctx)
{
	struct pairing *p = calloc(1, sizeof *p);
	*out = p;
	if (!p)
		return ERR_NOMEM;
	p->window = window_ns;
	p->max_open = max_open ? max_open : 1;
	p->on_journey = on_journey;
	p->ctx = ctx;
	return ERR_OK;
}

void pairing_follow(struct pairing *p, struct flows *flows)
{
	p->flows = flows;
}

/* --- which journey a sighting belongs to */

enum relation { NO_RELATION, GAP, NAT_NEW_PORTS, NAT_SAME_PORTS, ROUTER, LINK };

struct seen {
	const struct traits *t;
	const char *host;
	size_t vantage;
	bool outgoing, has_direction;
	int64_t time;
};

static bool same_ports(const struct traits *a, const struct traits *b)
{
	return a->src.port == b->src.port && a->dst.port == b->dst.port;
}

static bool same_ends(const struct traits *a, const struct traits *b)
{
	return ip_equal(&a->src.ip, &b->src.ip) && ip_equal(&a->dst.ip, &b->dst.ip) && same_ports(a, b);
}

/* A vantage whose host nobody named is a host of its own. */
static bool same_host(const struct sighting *s, const char *host, const struct seen *x)
{
	return s->vantage == x->vantage || (host[0] && strcmp(host, x->host) == 0);
}

static bool was_here(const struct open_journey *o, const struct seen *x)
{
	for (size_t i = 0; i < o->j.n; i++)
		if (o->j.at[i].vantage == x->vantage && (!x->has_direction || o->j.at[i].outgoing == x->outgoing) &&
		    x->t->ttl >= o->traits[i].ttl)
			return true;
	return false;
}

static enum relation relation_to(const struct open_journey *o, const struct seen *x)
{
	if (o->j.n == JOURNEY_MAX_SIGHTINGS || o->traits[0].invariant != x->t->invariant || was_here(o, x))
		return NO_RELATION;
	for (size_t i = 0; i < o->j.n; i++)
		if (o->traits[i].frame == x->t->frame)
			return LINK;
	if (!x->t->routable)
		return NO_RELATION;
	for (size_t i = o->j.n; i-- > 0;) {
		if (!same_host(&o->j.at[i], o->hosts[i], x))
			continue;
		bool in_then_out = !x->has_direction || (x->outgoing && !o->j.at[i].outgoing);
		if (!in_then_out || x->t->ttl + 1 != o->traits[i].ttl)
			return NO_RELATION;
		if (same_ends(&o->traits[i], x->t))
			return ROUTER;
		return same_ports(&o->traits[i], x->t) ? NAT_SAME_PORTS : NAT_NEW_PORTS;
	}
	const struct traits *last = &o->traits[o->j.n - 1];
	return same_ends(last, x->t) && x->t->ttl < last->ttl ? GAP : NO_RELATION;
}

static bool moved_a_moment_ago(const struct open_journey *o, const struct seen *x)
{
	return x->time - o->j.at[o->j.n - 1].time <= MOMENT_NS;
}

static struct open_journey **bucket_of(struct pairing *p, uint64_t invariant)
{
	return &p->buckets[(invariant ^ invariant >> 32) % BUCKETS];
}

static struct open_journey *best_for(struct pairing *p, const struct seen *x)
{
	struct open_journey *best = NULL;
	enum relation best_relation = NO_RELATION;
	for (struct open_journey *o = *bucket_of(p, x->t->invariant); o; o = o->next_in_bucket) {
		enum relation r = relation_to(o, x); /* from the youngest to the oldest */
		if (r > best_relation || (r && r == best_relation && moved_a_moment_ago(o, x))) {
			best = o;
			best_relation = r;
		}
	}
	return best;
}

/* --- the open journeys */

static void give_out_oldest(struct pairing *p)
{
	struct open_journey *o = p->oldest;
	p->oldest = o->newer;
	if (!p->oldest)
		p->newest = NULL;
	struct open_journey **b = bucket_of(p, o->traits[0].invariant);
	while (*b != o)
		b = &(*b)->next_in_bucket;
	*b = o->next_in_bucket;
	p->n_open--;
	/* Without memory for its connection the packet is shown alone. */
	if (p->flows)
		(void)!flows_take(p->flows, &o->j.at[0].packet, &o->j.at[o->j.n - 1].packet, 0);
	p->on_journey(p->ctx, &o->j);
	for (size_t i = 0; i < o->j.n; i++)
		free((void *)(uintptr_t)o->j.at[i].packet.bytes);
	o->newer = p->spare;
	p->spare = o;
}

static struct open_journey *new_journey(struct pairing *p, uint64_t invariant)
{
	while (p->n_open >= p->max_open)
		give_out_oldest(p);
	struct open_journey *o = p->spare;
	if (o)
		p->spare = o->newer;
	else
		o = malloc(sizeof *o);
	if (!o)
		return NULL;
	struct open_journey **b = bucket_of(p, invariant);
	o->j.n = 0;
	o->newer = NULL;
	o->next_in_bucket = *b;
	*b = o;
	if (p->newest)
		p->newest->newer = o;
	else
		p->oldest = o;
	p->newest = o;
	p->n_open++;
	return o;
}

/* Puts the sighting where its time says; nearly always last. */
static void insert(struct open_journey *o, const struct sighting *s, const struct traits *t, const char *host)
{
	size_t i = o->j.n++;
	for (; i > 0 && o->j.at[i - 1].time > s->time; i--) {
		o->j.at[i] = o->j.at[i - 1];
		o->traits[i] = o->traits[i - 1];
		o->hosts[i] = o->hosts[i - 1];
	}
	o->j.at[i] = *s;
	o->traits[i] = *t;
	o->hosts[i] = host;
}

enum err pairing_add(struct pairing *p, const struct capture *c, const struct capture_packet *cp)
{
	struct traits t;
	struct sighting s = {.number = cp->packet.number,
	    .vantage = cp->vantage,
	    .time = cp->packet.time,
	    .outgoing = cp->outgoing,
	    .has_direction = cp->has_direction,
	    .packet = cp->packet};
	uint8_t *copy = malloc(cp->packet.len ? cp->packet.len : 1);
	if (!copy)
		return ERR_NOMEM;
	if (cp->packet.len)
		memcpy(copy, cp->packet.bytes, cp->packet.len);
	s.packet.bytes = copy;
	packet_parse(&s.packet);
	traits_of(&t, &s.packet);
	pairing_advance(p, s.time);

	const struct vantage *v = capture_vantage(c, cp->vantage);
	struct seen x = {.t = &t,
	    .host = v ? v->host : "",
	    .vantage = cp->vantage,
	    .outgoing = cp->outgoing,
	    .has_direction = cp->has_direction,
	    .time = s.time};
	struct open_journey *o = best_for(p, &x);
	if (!o && !(o = new_journey(p, t.invariant))) {
		free(copy);
		return ERR_NOMEM;
	}
	insert(o, &s, &t, x.host);
	return ERR_OK;
}

void pairing_advance(struct pairing *p, int64_t now)
{
	while (p->oldest && now - p->oldest->j.at[p->oldest->j.n - 1].time > p->window)
		give_out_oldest(p);
}

void pairing_flush(struct pairing *p)
{
	while (p->oldest)
		give_out_oldest(p);
}

void pairing_free(struct pairing *p)
{
	if (!p)
		return;
	p->on_journey = NULL;
	while (p->oldest || p->spare) {
		struct open_journey *o = p->oldest ? p->oldest : p->spare;
		if (p->oldest) {
			p->oldest = o->newer;
			for (size_t i = 0; i < o->j.n; i++)
				free((void *)(uintptr_t)o->j.at[i].packet.bytes);
		} else {
			p->spare = o->newer;
		}
		free(o);
	}
	free(p);
}
