/* A segment's place in its connection, in words (RFC 9293, RFC 5681). */
#include "segment_text.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "glassnet/wire.h"

static const struct {
	enum segment_mark mark;
	const char *name, *meaning, *ref;
} marks[] = {
    {SEGMENT_REUSED, "a new connection", "the same ends had one before: its numbers are over", "RFC 9293 3.4.1"},
    {SEGMENT_RETRANSMISSION, "retransmission", "sent before, but no acknowledgment came in time: so it is sent again",
        "RFC 9293 3.8.1"},
    {SEGMENT_OUT_OF_ORDER, "out of order", "it was overtaken on the way by what was sent after it",
        "RFC 9293 3.10.7.4"},
    {SEGMENT_GAP, "octets before it are missing",
        "lost, late, or not in this capture: the receiver must wait for them", "RFC 9293 3.10.7.4"},
    {SEGMENT_DUPLICATE_ACK, "duplicate acknowledgment",
        "something came, but not what is due next: three of them make the sender send again", "RFC 5681 3.2"},
    {SEGMENT_KEEP_ALIVE, "keep-alive", "an octet that was acknowledged long ago: is anybody still there?",
        "RFC 9293 3.8.4"},
    {SEGMENT_ZERO_WINDOW, "zero window", "no room: the other side must wait", "RFC 9293 3.8.6.1"},
    {SEGMENT_WINDOW_UPDATE, "window update", "there is more room than was said before", "RFC 9293 3.8.6.2"},
    {SEGMENT_ACK_UNSEEN, "acknowledges what the capture lacks", "the receiver got octets that were not captured",
        NULL},
    {SEGMENT_REFUSED, "refused", "nobody listens at that port", "RFC 9293 3.10.7.1"},
    {SEGMENT_RESET, "reset", "the connection ends at once; what was on its way is lost", "RFC 9293 3.5.2"},
};

#define N_MARKS (sizeof(marks) / sizeof(marks[0]))

/* A reset says so in its line already. */
static bool told(const struct segment *s, size_t i)
{
	return !(s->marks & marks[i].mark) || marks[i].mark == SEGMENT_RESET;
}

static void add_mark(const struct segment *s, size_t i, struct text *out)
{
	if (marks[i].mark == SEGMENT_GAP) {
		text_count(out, s->missing, "byte");
		text_str(out, s->missing == 1 ? " before it is missing" : " before it are missing");
		return;
	}
	text_str(out, marks[i].name);
	if (marks[i].mark == SEGMENT_RETRANSMISSION && s->first) {
		text_str(out, " of #");
		text_num(out, s->first);
	}
	if (marks[i].mark == SEGMENT_DUPLICATE_ACK) {
		text_str(out, " ");
		text_num(out, s->nth);
	}
}

static void add_marks(const struct segment *s, struct text *out)
{
	bool any = false;

	for (size_t i = 0; i < N_MARKS; i++) {
		if (told(s, i))
			continue;
		text_str(out, any ? ", " : "");
		add_mark(s, i, out);
		any = true;
	}
}

char *segment_marks_text(const struct segment *s, char *out, size_t cap)
{
	struct text t = text_init(out, cap);

	add_marks(s, &t);
	return out;
}

static void add_marks_in_brackets(const struct segment *s, struct text *out)
{
	if (!(s->marks & ~(unsigned)SEGMENT_RESET))
		return;
	text_str(out, " (");
	add_marks(s, out);
	text_str(out, ")");
}

void segment_line(const struct segment *s, const struct tcp *h, struct text *out)
{
	if (h->data_len > 0 || h->flags & TCP_FIN) {
		text_str(out, ", seq ");
		text_num(out, s->seq);
	} else if ((h->flags & (TCP_ACK | TCP_SYN | TCP_RST)) == TCP_ACK) {
		text_str(out, ", ack ");
		text_num(out, s->ack);
	}
	if (s->waiting > 0) {
		text_str(out, ": part of a message");
		if (s->waits != PROTO_DATA && s->waits != PROTO_NONE) {
			text_str(out, " of ");
			text_str(out, proto_name(s->waits));
		}
		text_str(out, ", ");
		text_num(out, s->waiting);
		if (s->wanted) {
			text_str(out, " of ");
			text_num(out, s->wanted);
		}
		text_str(out, " bytes so far");
	}
	add_marks_in_brackets(s, out);
}

void segment_message_line(const struct segment *s, struct text *out)
{
	if (s->n_opened > 0) {
		text_str(out, " | opened: ");
		opened_line(s, out);
	} else if (s->not_opened) {
		text_str(out, " | not opened");
	}
	if (s->before > 0) {
		text_str(out, " [");
		text_num(out, s->n_packets);
		text_str(out, " segments, from #");
		text_num(out, s->begin);
		text_str(out, " on]");
	}
	if (s->waiting > 0)
		text_str(out, ", and the begin of the next message");
	add_marks_in_brackets(s, out);
}

static void describe_numbers(const struct segment *s, const struct tcp *h, const struct fields *f)
{
	static const char *const from_syn = "counted from the connection's begin: the first octet of data is 1",
	                         *const from_here =
	                             "the connection began before the capture: the first octet seen is 1";

	field_fmt(f, 0, 4, "connection", "both ends' addresses and ports tell connections apart", "RFC 9293 3.3.1",
	    "number %llu, this is from %s", (unsigned long long)s->connection,
	    s->side == 0 ? "who spoke first" : "who answered");
	field_num(f, 4, 4, "relative sequence number", s->seq, s->syn_seen ? from_syn : from_here, "RFC 9293 3.4");
	if (h->flags & TCP_ACK)
		field_num(f, 8, 4, "relative acknowledgment", s->ack,
		    "the next octet that is due, counted in the same way", "RFC 9293 3.4");
}

void segment_describe(const struct segment *s, const struct tcp *h, const uint8_t *p, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "TCP", .base = base, .p = p, .depth = 1};
	struct fields d = fields_deeper(&f);

	describe_numbers(s, h, &f);
	for (size_t i = 0; i < N_MARKS; i++) {
		char line[96];
		struct text text = text_init(line, sizeof(line));
		if (!(s->marks & marks[i].mark))
			continue;
		add_mark(s, i, &text);
		field_text(&d, 4, 4, "mark", line, marks[i].meaning, marks[i].ref);
	}
	if (s->before > 0)
		field_fmt(&d, h->header_len, h->data_len, "message",
		    "TCP is a stream: where segments end means nothing", "RFC 9293 3.4",
		    "whole with this segment, the last of %u from packet %llu on", s->n_packets,
		    (unsigned long long)s->begin);
	if (s->waiting > 0)
		field_fmt(&d, h->header_len, h->data_len, "waiting", "a message that goes on in later segments", NULL,
		    "%zu octets", s->waiting);
}
