/* The connections: a hash table of their ends, and a list by their last packet, of which the oldest goes where there is
 * no room for a new one. */
#include <stdlib.h>
#include <string.h>

#include "glassnet/proto/ip.h"
#include "opener.h"
#include "private.h"
#include "ssh_opener.h"

#define BUCKETS 16384

const struct flows_limits flows_limits = {.connections = 32768, .stream = 1u << 18, .octets = 8u << 20};

struct flows {
	struct entry *buckets[BUCKETS];
	struct flow *oldest, *newest;
	size_t n;
	uint64_t number; /* of the last connection */
	struct account account;
	struct keys keys;
	struct ssh_keys ssh_keys;
	struct segment segment; /* what was given out last */
	struct flow *given;     /* … and its connection; NULL: none */
	unsigned given_side;
};

enum err flows_new(struct flows **out, const struct flows_limits *limits)
{
	struct flows *f = calloc(1, sizeof *f);
	*out = f;
	if (!f)
		return ERR_NOMEM;
	f->account.limits = *limits;
	return ERR_OK;
}

/* --- the table */

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t hash_end(const struct endpoint *e)
{
	uint64_t w[2];
	memcpy(w, e->ip.b, sizeof w);
	return mix(mix(mix(e->port, w[0]), w[1]), e->ip.family);
}

/* The same whichever end comes first. */
static uint64_t hash_ends(const struct endpoint *a, const struct endpoint *b, size_t place)
{
	return mix(hash_end(a) + hash_end(b), place);
}

static bool same_end(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && a->ip.family == b->ip.family && memcmp(a->ip.b, b->ip.b, sizeof a->ip.b) == 0;
}

/* *side: on which side src is. */
static struct flow *find(
    struct flows *f, const struct endpoint *src, const struct endpoint *dst, size_t place, unsigned *side)
{
	uint64_t h = hash_ends(src, dst, place);
	for (struct entry *e = f->buckets[h % BUCKETS]; e; e = e->next) {
		if (e->hash != h || e->key.place != place)
			continue;
		*side = !same_end(&e->key.end[0], src);
		if (same_end(&e->key.end[*side], src) && same_end(&e->key.end[1 - *side], dst))
			return e->flow;
	}
	return NULL;
}

static void enter(
    struct flows *f, struct flow *flow, const struct endpoint *first, const struct endpoint *second, size_t place)
{
	struct entry *e = &flow->entries[flow->n_entries++];
	e->flow = flow;
	e->key = (struct key){.end = {*first, *second}, .place = place};
	e->hash = hash_ends(first, second, place);
	e->next = f->buckets[e->hash % BUCKETS];
	f->buckets[e->hash % BUCKETS] = e;
}

static void unlink_flow(struct flows *f, struct flow *flow)
{
	*(flow->older ? &flow->older->newer : &f->oldest) = flow->newer;
	*(flow->newer ? &flow->newer->older : &f->newest) = flow->older;
}

static void link_newest(struct flows *f, struct flow *flow)
{
	flow->older = f->newest;
	flow->newer = NULL;
	*(f->newest ? &f->newest->newer : &f->oldest) = flow;
	f->newest = flow;
}

/* What it knew of its streams and keys. */
static void forget(struct flows *f, struct flow *flow)
{
	for (int i = 0; i < 2; i++) {
		stream_release(&flow->half[i].stream, &f->account);
		flow->half[i] = (struct half){0};
	}
	opener_free(flow->opener, &f->account);
	ssh_opener_free(flow->ssh, &f->account);
	flow->opener = NULL;
	flow->ssh = NULL;
	flow->proto = PROTO_NONE;
	flow->reset = flow->head_asked = false;
}

static void remove_flow(struct flows *f, struct flow *flow)
{
	for (unsigned i = 0; i < flow->n_entries; i++) {
		struct entry **e = &f->buckets[flow->entries[i].hash % BUCKETS];
		while (*e != &flow->entries[i])
			e = &(*e)->next;
		*e = (*e)->next;
	}
	unlink_flow(f, flow);
	forget(f, flow);
	free(flow);
	f->n--;
}

void flows_free(struct flows *f)
{
	if (!f)
		return;
	while (f->oldest)
		remove_flow(f, f->oldest);
	keys_release(&f->keys);
	ssh_keys_release(&f->ssh_keys);
	free(f);
}

/* The connection of the packet, a new one where there is none; NULL: out of memory. */
static struct flow *flow_of(
    struct flows *f, const struct packet *p, const struct packet *far, size_t place, unsigned *side)
{
	bool changed = far && (!same_end(&far->src, &p->src) || !same_end(&far->dst, &p->dst));
	struct flow *flow = find(f, &p->src, &p->dst, place, side);
	if (!flow && changed)
		flow = find(f, &far->src, &far->dst, place, side);
	if (flow) {
		if (f->newest != flow) {
			unlink_flow(f, flow);
			link_newest(f, flow);
		}
		return flow;
	}
	while (f->n >= f->account.limits.connections)
		remove_flow(f, f->oldest);
	flow = calloc(1, sizeof *flow);
	if (!flow)
		return NULL;
	flow->number = ++f->number;
	enter(f, flow, &p->src, &p->dst, place);
	if (changed)
		enter(f, flow, &far->src, &far->dst, place);
	link_newest(f, flow);
	f->n++;
	*side = 0;
	return flow;
}

/* --- a packet */

/* A SYN with another number than the connection's own begins a new one between the same ends. */
static void begin_again(struct flows *f, struct flow *flow, unsigned side, const struct tcp *h, struct segment *s)
{
	struct half *me = &flow->half[side];
	if ((h->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN || !me->known || h->seq == me->base)
		return;
	forget(f, flow);
	if (side == 1) { /* who speaks first is another now */
		for (unsigned i = 0; i < flow->n_entries; i++) {
			struct key *k = &flow->entries[i].key;
			struct endpoint first = k->end[0];
			k->end[0] = k->end[1];
			k->end[1] = first;
		}
	}
	flow->number = ++f->number;
	s->marks |= SEGMENT_REUSED;
}

static enum err take(struct flows *f, struct flow *flow, unsigned side, struct packet *p, const struct tcp *h)
{
	struct segment *s = &f->segment;
	struct half *peer = &flow->half[1 - side];
	struct numbers n;
	enum err e = ERR_OK;

	*s = (struct segment){0};
	begin_again(f, flow, side, h, s);
	if (s->marks & SEGMENT_REUSED) {
		side = 0;
		peer = &flow->half[1];
	}
	s->connection = flow->number;
	s->side = side;
	segment_judge(flow, side, p, h, s, &n);
	/* The receiver has what the capture lacks: waiting for it is of no use. */
	if (h->flags & TCP_ACK && peer->known && peer->next != peer->top && seq_diff(h->ack, peer->next) > 0)
		stream_skip_gap(peer, &f->account);
	p->segment = s;
	if (n.len > 0 && !(s->marks & SEGMENT_RESET))
		e = stream_take(flow, side, &f->account, p, &n, s);
	f->given = flow;
	f->given_side = side;
	if (s->proto == PROTO_TLS && !e)
		e = opener_take(flow, side, &f->keys, &f->account, s);
	if (s->proto == PROTO_SSH && !e)
		e = ssh_opener_take(flow, side, &f->ssh_keys, &f->account, s);
	if (s->proto != PROTO_NONE && s->len > 0) {
		bool alone = s->before == 0 && s->data == p->bytes + p->payload_off;
		packet_add_layer(p, s->proto, !alone, s->len);
	}
	return e;
}

static const struct layer *tcp_layer(const struct packet *p)
{
	const struct layer *l = packet_top(p);
	return l->proto == PROTO_TCP && p->payload_off > 0 && !p->fragment ? l : NULL;
}

enum err flows_take(struct flows *f, struct packet *p, const struct packet *far, size_t place)
{
	struct tcp h;
	size_t at;
	unsigned side;

	if (f->given) {
		stream_settle(&f->given->half[f->given_side].stream, &f->account);
		opener_settle(f->given, f->given_side, &f->account);
		ssh_opener_settle(f->given);
	}
	f->given = NULL;
	packet_parse_headers(p);
	const struct layer *l = tcp_layer(p);
	if (!l)
		return ERR_OK;
	(void)!tcp_parse(&h, p->bytes + l->off, l->len, &at); /* bad options do not matter here */
	struct flow *flow = flow_of(f, p, far, place, &side);
	return flow ? take(f, flow, side, p, &h) : ERR_NOMEM;
}

enum err flows_add_keys(struct flows *f, const char *keylog, size_t len, size_t *used)
{
	size_t tls = 0, ssh = 0;
	enum err e = keys_add(&f->keys, keylog, len, &tls);

	if (!e)
		e = ssh_keys_add(&f->ssh_keys, keylog, len, &ssh);
	if (used)
		*used = tls + ssh;
	return e;
}

bool flows_has_keys(const struct flows *f)
{
	return f->keys.n > 0 || f->ssh_keys.n > 0;
}

bool flows_has_tls_keys(const struct flows *f)
{
	return f->keys.n > 0;
}
