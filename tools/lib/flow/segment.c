/* What the numbers of a segment mean in its connection (RFC 9293 3.4, 3.8, RFC 5681 2).
 *
 *     base      next          top
 *      |.........|      ======|          next: due; = came early; between them a gap
 */
#include "glassnet/clock.h"
#include "private.h"

#define LATE_NS (200 * NS_PER_MS) /* what fills a gap after so long was sent again; before, it was overtaken */

/* The first packet of a side, and the first acknowledgment of the other, say where numbers begin. */
static void begin(struct half *h, uint32_t seq, bool syn)
{
	h->known = true;
	h->syn_seen = syn;
	h->base = syn ? seq : seq - 1;
	h->next = h->top = seq;
}

static uint64_t first_sent_in(const struct half *me, uint32_t seq)
{
	for (unsigned i = 0; i < REMEMBERED && i < me->n_sent; i++)
		if (me->sent[i].seq == seq)
			return me->sent[i].packet;
	return 0;
}

static void remember(struct half *me, uint32_t seq, uint64_t packet)
{
	me->sent[me->n_sent % REMEMBERED].seq = seq;
	me->sent[me->n_sent % REMEMBERED].packet = (uint32_t)packet;
	me->n_sent++;
}

/* The octets (SYN and FIN are one each, RFC 9293 3.4) that a segment takes. */
static uint32_t judge_octets(struct half *me, const struct half *peer, const struct packet *p, const struct tcp *h,
    struct segment *s, struct numbers *n)
{
	uint32_t occupied = n->len + ((h->flags & TCP_SYN) != 0) + ((h->flags & TCP_FIN) != 0),
	         end = h->seq + occupied;
	int32_t ahead = seq_diff(h->seq, me->next);

	if (n->len <= 1 && ahead == -1 && !(h->flags & (TCP_SYN | TCP_FIN | TCP_RST)) && me->next != me->base + 1 &&
	    h->flags & TCP_ACK && seq_diff(end, me->next) <= 0) {
		s->marks |= SEGMENT_KEEP_ALIVE;
		n->skip = n->len;
		return end;
	}
	if (occupied == 0)
		return end;
	if (ahead < 0) {
		s->marks |= SEGMENT_RETRANSMISSION;
		s->first = first_sent_in(me, h->seq);
		uint32_t known = (uint32_t)-ahead - ((h->flags & TCP_SYN) != 0);
		n->skip = known < n->len ? known : n->len;
	} else if (ahead > 0 && seq_diff(h->seq, me->top) > 0) {
		s->marks |= SEGMENT_GAP;
		s->missing = h->seq - me->top;
		if (me->top == me->next)
			me->gap_since = (uint64_t)p->time;
	} else if (me->top != me->next && first_sent_in(me, h->seq)) {
		s->marks |= SEGMENT_RETRANSMISSION;
		s->first = first_sent_in(me, h->seq);
	} else if (me->top != me->next) {
		bool late = peer->repeated >= 3 || (uint64_t)p->time - me->gap_since > (uint64_t)LATE_NS;
		s->marks |= late ? SEGMENT_RETRANSMISSION : SEGMENT_OUT_OF_ORDER;
		n->fills = ahead == 0;
	}
	if (ahead >= 0)
		remember(me, h->seq, p->number);
	return end;
}

static void judge_ack(
    struct half *me, struct half *peer, const struct tcp *h, struct segment *s, const struct numbers *n)
{
	bool bare = n->len == 0 && !(h->flags & (TCP_SYN | TCP_FIN | TCP_RST));
	bool again = me->acked && h->ack == me->ack;

	if (seq_diff(h->ack, peer->top) > 0) {
		s->marks |= SEGMENT_ACK_UNSEEN;
		peer->top = h->ack;
	}
	if (bare && again && !(s->marks & SEGMENT_KEEP_ALIVE)) {
		if (h->window != me->window && h->window > 0)
			s->marks |= me->window < h->window ? (unsigned)SEGMENT_WINDOW_UPDATE : 0;
		else if (seq_diff(peer->top, h->ack) > 0 && h->window > 0) {
			s->marks |= SEGMENT_DUPLICATE_ACK;
			s->nth = ++me->repeated;
		}
	} else if (!again) {
		me->repeated = 0;
	}
	me->ack = h->ack;
	me->acked = true;
}

void segment_judge(
    struct flow *f, unsigned side, const struct packet *p, const struct tcp *h, struct segment *s, struct numbers *n)
{
	struct half *me = &f->half[side], *peer = &f->half[1 - side];
	bool syn = h->flags & TCP_SYN, rst = h->flags & TCP_RST;

	*n = (struct numbers){.seq = h->seq + syn, .len = (uint32_t)(h->data_len + p->missing)};
	if (rst) {
		s->marks |= SEGMENT_RESET;
		if (peer->syn_seen && !me->known && h->flags & TCP_ACK && h->ack == peer->base + 1)
			s->marks |= SEGMENT_REFUSED;
		f->reset = true;
	}
	if (!me->known && !(rst && h->seq == 0))
		begin(me, h->seq, syn);
	if (h->flags & TCP_ACK && !peer->known)
		begin(peer, h->ack, false);
	uint32_t end = rst ? h->seq : judge_octets(me, peer, p, h, s, n);
	if (h->flags & TCP_ACK && peer->known)
		judge_ack(me, peer, h, s, n);
	if (h->window == 0 && !syn && !rst && !(h->flags & TCP_FIN))
		s->marks |= SEGMENT_ZERO_WINDOW;
	me->window = h->window;
	me->fin |= (h->flags & TCP_FIN) != 0;
	if (me->known && seq_diff(end, me->top) > 0)
		me->top = end;
	/* of SYN and FIN, which the stream does not see */
	if (syn && me->next == h->seq)
		me->next++;
	s->syn_seen = me->syn_seen;
	s->seq = me->known ? h->seq - me->base : 0;
	s->ack = h->flags & TCP_ACK && peer->known ? h->ack - peer->base : 0;
}
