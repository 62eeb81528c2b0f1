/* The octets of one direction, put in order. What is in order and makes whole messages is given out at once, from the
 * packet itself where nothing waited; the rest waits in a buffer. What came too early waits in a list. */
#include <stdlib.h>
#include <string.h>

#include "private.h"

#define SMALL 4096 /* a buffer that is no larger is kept for the next message */

static void drop_early(struct stream *s, struct account *a)
{
	while (s->early) {
		struct early *e = s->early;
		s->early = e->next;
		a->octets -= e->len;
		free(e);
	}
	s->n_early = s->early_octets = 0;
}

static void empty(struct stream *s, struct account *a)
{
	a->octets -= s->len;
	s->len = s->used = s->wanted = 0;
	s->n_packets = 0;
	if (s->cap > SMALL) {
		free(s->buf);
		s->buf = NULL;
		s->cap = 0;
	}
}

void stream_release(struct stream *s, struct account *a)
{
	drop_early(s, a);
	empty(s, a);
	free(s->buf);
	*s = (struct stream){0};
}

void stream_settle(struct stream *s, struct account *a)
{
	if (s->used == 0)
		return;
	if (s->used == s->len) {
		empty(s, a);
		return;
	}
	memmove(s->buf, s->buf + s->used, s->len - s->used);
	a->octets -= s->used;
	s->len -= s->used;
	s->used = 0;
}

/* Puts octets behind those that wait. */
static enum err append(struct stream *s, struct account *a, const uint8_t *p, size_t len, uint64_t packet)
{
	if (len == 0)
		return ERR_OK;
	if (s->len + len > s->cap) {
		size_t cap = (s->len + len) * 2;
		uint8_t *grown = realloc(s->buf, cap);
		if (!grown)
			return ERR_NOMEM;
		s->buf = grown;
		s->cap = cap;
	}
	if (s->len == 0)
		s->begin = (uint32_t)packet;
	memcpy(s->buf + s->len, p, len);
	s->len += len;
	s->n_packets++;
	a->octets += len;
	return ERR_OK;
}

/* Keeps what came too early, in order. What does not fit is lost, as with a gap. */
static enum err keep_early(
    struct stream *s, struct account *a, const uint8_t *p, size_t len, uint32_t seq, uint64_t packet)
{
	struct early **at = &s->early;

	if (s->n_early == MAX_EARLY || s->early_octets + len > a->limits.stream || a->octets + len > a->limits.octets)
		return ERR_OK;
	while (*at && seq_diff((*at)->seq, seq) < 0)
		at = &(*at)->next;
	struct early *e = malloc(sizeof *e + len);
	if (!e)
		return ERR_NOMEM;
	*e = (struct early){.next = *at, .seq = seq, .packet = (uint32_t)packet, .len = len};
	memcpy(e->bytes, p, len);
	*at = e;
	s->n_early++;
	s->early_octets += len;
	a->octets += len;
	return ERR_OK;
}

/* Moves the early octets that are due now behind those that wait. */
static enum err take_early(struct half *h, struct account *a)
{
	struct stream *s = &h->stream;
	enum err err = ERR_OK;

	while (s->early && seq_diff(s->early->seq, h->next) <= 0 && !err) {
		struct early *e = s->early;
		size_t known = h->next - e->seq;
		if (known < e->len) {
			err = append(s, a, e->bytes + known, e->len - known, e->packet);
			h->next = e->seq + (uint32_t)e->len;
		}
		s->early = e->next;
		s->n_early--;
		s->early_octets -= e->len;
		a->octets -= e->len;
		free(e);
	}
	return err;
}

void stream_skip_gap(struct half *h, struct account *a)
{
	struct stream *s = &h->stream;

	empty(s, a);
	if (!s->early) {
		h->next = h->top;
		return;
	}
	h->next = s->early->seq;
	(void)!take_early(h, a); /* out of memory: then it is not told */
}

/* Gives out what is whole of data, of which the first `before` octets came with earlier packets. */
static void give(struct flow *f, unsigned side, const struct account *a, const struct packet *p, const uint8_t *data,
    size_t len, struct segment *s)
{
	struct stream *st = &f->half[side].stream;

	s->keyed = f->half[side].keyed;
	struct framing fr = messages_find(f, side, p, data, len);
	/* More than a stream may hold: what is there is shown, and the message goes on. */
	if (fr.whole < len && (len - fr.whole > a->limits.stream || a->octets + len > a->limits.octets)) {
		fr.whole = len;
		fr.wanted = 0;
	}
	st->wanted = fr.whole == 0 ? fr.wanted : 0;
	s->data = data;
	s->len = fr.whole;
	s->proto = fr.whole ? fr.proto : PROTO_NONE;
	s->waiting = len - fr.whole;
	s->wanted = fr.wanted;
	s->waits = fr.proto;
}

/* Nothing waits, so the packet's own octets are given out. */
static enum err take_alone(struct flow *f, unsigned side, struct account *a, const struct packet *p,
    const uint8_t *data, size_t len, struct segment *s)
{
	struct stream *st = &f->half[side].stream;

	give(f, side, a, p, data, len, s);
	return append(st, a, data + s->len, len - s->len, p->number);
}

static enum err take_behind(struct flow *f, unsigned side, struct account *a, const struct packet *p,
    const uint8_t *data, size_t len, struct segment *s)
{
	struct half *me = &f->half[side];
	struct stream *st = &me->stream;
	size_t before = st->len;
	enum err e = append(st, a, data, len, p->number);

	if (!e)
		e = take_early(me, a);
	if (e)
		return e;
	s->before = before;
	s->begin = st->begin;
	s->n_packets = st->n_packets;
	if (st->len < st->wanted && st->len <= a->limits.stream) {
		s->waiting = st->len;
		s->wanted = st->wanted;
		s->waits = f->proto;
		return ERR_OK;
	}
	give(f, side, a, p, st->buf, st->len, s);
	st->used = s->len;
	if (s->len > 0) {
		st->begin = (uint32_t)p->number; /* of what stays */
		st->n_packets = s->waiting > 0;
	}
	return ERR_OK;
}

enum err stream_take(struct flow *f, unsigned side, struct account *a, const struct packet *p,
    const struct numbers *n, struct segment *s)
{
	struct half *me = &f->half[side];
	const uint8_t *data = p->bytes + p->payload_off + n->skip;
	size_t len = p->payload_len > n->skip ? p->payload_len - n->skip : 0;
	uint32_t seq = n->seq + n->skip;
	enum err e = ERR_OK;

	if (len == 0)
		return ERR_OK;
	if (seq != me->next)
		return keep_early(&me->stream, a, data, len, seq, p->number);
	s->n_packets = 1;
	s->begin = p->number;
	me->next = seq + n->len - n->skip;
	if (n->skip == 0 && me->stream.len == 0 && !me->stream.early)
		e = take_alone(f, side, a, p, data, len, s);
	else
		e = take_behind(f, side, a, p, data, len, s);
	if (p->missing > 0) /* the capture cut it: a message that goes on over the cut cannot be read */
		empty(&me->stream, a);
	return e;
}
