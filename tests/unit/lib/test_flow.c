/* Connections: numbers, marks, and messages put together from segments. The segments are crafted octet by octet. */
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/clock.h"
#include "glassnet/flow.h"
#include "glassnet/wire.h"
#include "torture.h"

#define ISN_C 0xfffffff0u /* the numbers go over their end */
#define ISN_S 5000u

enum { CLIENT, SERVER };
enum { F = 1, S = 2, R = 4, A = 16 };

struct talk {
	struct flows *f;
	struct packet p;
	uint8_t bytes[2000];
	uint64_t n;
	uint16_t port;
	uint16_t window;
	size_t cut; /* octets that the capture leaves out */
	int64_t now;
	char line[400];
};

static void begin(struct talk *t, uint16_t port, const struct flows_limits *limits)
{
	*t = (struct talk){.port = port, .window = 1000};
	assert_int_equal(flows_new(&t->f, limits ? limits : &flows_limits), ERR_OK);
}

/* seq and ack are relative to the SYNs. */
static const struct segment *say(
    struct talk *t, int who, uint8_t flags, uint32_t seq, uint32_t ack, const void *data, size_t len)
{
	struct wr w = wr_init(t->bytes, sizeof t->bytes);
	wr_u32(&w, 0x45000000u | (uint32_t)(40 + len));
	wr_u32(&w, 0);
	wr_u32(&w, 0x40060000);
	wr_u32(&w, who == CLIENT ? 0xc0a80164 : 0xc0000242);
	wr_u32(&w, who == CLIENT ? 0xc0000242 : 0xc0a80164);
	wr_u16(&w, who == CLIENT ? 40000 : t->port);
	wr_u16(&w, who == CLIENT ? t->port : 40000);
	wr_u32(&w, seq + (who == CLIENT ? ISN_C : ISN_S));
	wr_u32(&w, flags & A ? ack + (who == CLIENT ? ISN_S : ISN_C) : 0);
	wr_u16(&w, (uint16_t)(0x5000 | flags));
	wr_u16(&w, t->window);
	wr_u32(&w, 0);
	if (len)
		wr_bytes(&w, data, len);
	assert_false(w.bad);
	t->now += NS_PER_MS;
	t->p = (struct packet){.bytes = t->bytes,
	    .len = w.pos - t->cut,
	    .wire_len = w.pos,
	    .number = ++t->n,
	    .time = t->now,
	    .linktype = DLT_RAW};
	assert_int_equal(flows_take(t->f, &t->p, NULL, 0), ERR_OK);
	packet_summary(&t->p, t->line, sizeof t->line);
	return t->p.segment;
}

static void handshake(struct talk *t)
{
	say(t, CLIENT, S, 0, 0, NULL, 0);
	say(t, SERVER, S | A, 0, 1, NULL, 0);
	say(t, CLIENT, A, 1, 1, NULL, 0);
}

static void numbers_count_from_the_syn_also_over_their_end(void **state)
{
	(void)state;
	struct talk t;
	begin(&t, 7, NULL);
	handshake(&t);
	for (uint32_t i = 0; i < 6; i++) {
		const struct segment *s = say(&t, CLIENT, A, 1 + 5 * i, 1, "hello", 5);
		assert_int_equal(s->seq, 1 + 5 * i);
		assert_int_equal(s->marks, 0);
		assert_int_equal(s->connection, 1);
	}
	const struct segment *s = say(&t, SERVER, A, 1, 31, NULL, 0);
	assert_int_equal(s->ack, 31);
	assert_int_equal(s->side, 1);
	assert_true(s->syn_seen);
	s = say(&t, SERVER, F | A, 1, 31, NULL, 0);
	assert_int_equal(s->marks, 0);
	s = say(&t, CLIENT, F | A, 31, 2, NULL, 0);
	assert_int_equal(s->marks, 0);
	s = say(&t, SERVER, A, 2, 32, NULL, 0);
	assert_int_equal(s->marks, 0);
	flows_free(t.f);
}

static void without_a_syn_the_first_octet_seen_counts_as_one(void **state)
{
	(void)state;
	struct talk t;
	begin(&t, 7, NULL);
	const struct segment *s = say(&t, CLIENT, A, 100, 77, "x", 1);
	assert_int_equal(s->seq, 1);
	assert_int_equal(s->ack, 1);
	assert_false(s->syn_seen);
	flows_free(t.f);
}

static void what_is_sent_again_is_told_with_the_packet_that_had_it(void **state)
{
	(void)state;
	struct talk t;
	begin(&t, 7, NULL);
	say(&t, CLIENT, S, 0, 0, NULL, 0);
	assert_int_equal(say(&t, CLIENT, S, 0, 0, NULL, 0)->marks, SEGMENT_RETRANSMISSION);
	say(&t, SERVER, S | A, 0, 1, NULL, 0);
	say(&t, CLIENT, A, 1, 1, "hello", 5);
	const struct segment *s = say(&t, CLIENT, A, 1, 1, "hello", 5);
	assert_int_equal(s->marks, SEGMENT_RETRANSMISSION);
	assert_int_equal(s->first, 4);
	assert_string_equal(t.line, "TCP 40000→7, 5 bytes of data, seq 1 (retransmission of #4)");
	/* half of it is new */
	s = say(&t, CLIENT, A, 4, 1, "loXY", 4);
	assert_int_equal(s->marks, SEGMENT_RETRANSMISSION);
	assert_int_equal(s->len, 2);
	assert_memory_equal(s->data, "XY", 2);
	flows_free(t.f);
}

static void what_is_overtaken_is_out_of_order_and_what_comes_late_sent_again(void **state)
{
	(void)state;
	struct talk t;
	begin(&t, 7, NULL);
	handshake(&t);
	say(&t, CLIENT, A, 1, 1, "aa", 2);
	const struct segment *s = say(&t, CLIENT, A, 5, 1, "cc", 2);
	assert_int_equal(s->marks, SEGMENT_GAP);
	assert_int_equal(s->missing, 2);
	assert_int_equal(s->len, 0);
	s = say(&t, CLIENT, A, 3, 1, "bb", 2);
	assert_int_equal(s->marks, SEGMENT_OUT_OF_ORDER);
	assert_int_equal(s->len, 4);
	assert_memory_equal(s->data, "bbcc", 4);
	/* and with three acknowledgments of the same between */
	say(&t, CLIENT, A, 9, 1, "ee", 2);
	say(&t, SERVER, A, 1, 7, NULL, 0);
	for (unsigned i = 1; i <= 3; i++) {
		s = say(&t, SERVER, A, 1, 7, NULL, 0);
		assert_int_equal(s->marks, SEGMENT_DUPLICATE_ACK);
		assert_int_equal(s->nth, i);
	}
	s = say(&t, CLIENT, A, 7, 1, "dd", 2);
	assert_int_equal(s->marks, SEGMENT_RETRANSMISSION);
	assert_memory_equal(s->data, "ddee", 4);
	/* or after a long time */
	say(&t, CLIENT, A, 13, 1, "gg", 2);
	t.now += NS_PER_S;
	assert_int_equal(say(&t, CLIENT, A, 11, 1, "ff", 2)->marks, SEGMENT_RETRANSMISSION);
	flows_free(t.f);
}

static void windows_keep_alives_and_resets_are_told(void **state)
{
	(void)state;
	struct talk t;
	begin(&t, 7, NULL);
	handshake(&t);
	say(&t, CLIENT, A, 1, 1, "hello", 5);
	t.window = 0;
	assert_int_equal(say(&t, SERVER, A, 1, 6, NULL, 0)->marks, SEGMENT_ZERO_WINDOW);
	t.window = 1000;
	assert_int_equal(say(&t, SERVER, A, 1, 6, NULL, 0)->marks, SEGMENT_WINDOW_UPDATE);
	assert_int_equal(say(&t, CLIENT, A, 5, 1, "", 0)->marks, SEGMENT_KEEP_ALIVE);
	assert_int_equal(say(&t, CLIENT, A, 5, 1, "o", 1)->marks, SEGMENT_KEEP_ALIVE);
	assert_int_equal(say(&t, CLIENT, R, 6, 0, NULL, 0)->marks, SEGMENT_RESET);
	flows_free(t.f);
	begin(&t, 9, NULL);
	say(&t, CLIENT, S, 0, 0, NULL, 0);
	assert_int_equal(say(&t, SERVER, R | A, 0 - ISN_S, 1, NULL, 0)->marks, SEGMENT_RESET | SEGMENT_REFUSED);
	flows_free(t.f);
}

static void a_message_in_pieces_is_read_where_it_is_whole(void **state)
{
	(void)state;
	static const char get[] = "GET /a/long/path HTTP/1.1\r\nHost: bank.example\r\n\r\n";
	struct talk t;
	begin(&t, 80, NULL);
	handshake(&t);
	const struct segment *s = say(&t, CLIENT, A, 1, 1, get, 20);
	assert_int_equal(s->proto, PROTO_NONE);
	assert_int_equal(s->waiting, 20);
	assert_int_equal(packet_top(&t.p)->proto, PROTO_TCP);
	s = say(&t, CLIENT, A, 21, 1, get + 20, sizeof get - 1 - 20);
	assert_int_equal(s->proto, PROTO_HTTP);
	assert_int_equal(s->before, 20);
	assert_int_equal(s->n_packets, 2);
	assert_int_equal(s->begin, 4);
	assert_int_equal(s->len, sizeof get - 1);
	assert_string_equal(t.line, "HTTP GET /a/long/path [2 segments, from #4 on]");
	assert_true(packet_top(&t.p)->stream);
	/* a response whose body comes in two, the second half first */
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789";
	size_t n = sizeof ok - 1;
	say(&t, SERVER, A, 1, 50, ok, n - 6);
	assert_int_equal(say(&t, SERVER, A, (uint32_t)(1 + n - 3), 50, ok + n - 3, 3)->marks, SEGMENT_GAP);
	s = say(&t, SERVER, A, (uint32_t)(1 + n - 6), 50, ok + n - 6, 3);
	assert_int_equal(s->proto, PROTO_HTTP);
	assert_int_equal(s->len, n);
	assert_memory_equal(s->data, ok, n);
	/* one in chunks, one that must not have a body, and then another */
	static const char more[] =
	    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
	    "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTT";
	s = say(&t, SERVER, A, (uint32_t)(1 + n), 50, more, sizeof more - 1);
	assert_int_equal(s->waiting, 3); /* "HTT" */
	assert_int_equal(s->len, sizeof more - 1 - 3);
	flows_free(t.f);
}

struct place {
	const char *name;
	size_t off, len;
};

static enum err note_places(void *ctx, const struct event *ev)
{
	struct place *pl = ctx;
	for (size_t i = 0; i < 3; i++)
		if (ev->kind == EV_FIELD && strcmp(ev->u.field.name, pl[i].name) == 0) {
			pl[i].off = ev->u.field.off;
			pl[i].len = ev->u.field.len;
		}
	return ERR_OK;
}

static void nothing(void *ctx)
{
	(void)ctx;
}

static void fields_of_a_message_in_pieces_stand_where_this_packet_has_them(void **state)
{
	(void)state;
	static const char query[] = "\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\3www\7example\0\0\1\0\1";
	struct talk t;
	begin(&t, 53, NULL);
	handshake(&t);
	say(&t, CLIENT, A, 1, 1, query, 8);
	const struct segment *s = say(&t, CLIENT, A, 9, 1, query + 8, 23);
	assert_int_equal(s->proto, PROTO_DNS);
	assert_string_equal(t.line, "DNS query A www.example., recursion desired, over TCP [2 segments, from #4 on]");
	struct place pl[] = {{"ID", 9, 9}, {"question", 9, 9}, {"class", 9, 9}};
	struct trace tr;
	trace_init(&tr, &clock_real, "test");
	assert_int_equal(
	    trace_add(&tr, (struct trace_sink){.on_event = note_places, .release = nothing, .ctx = pl}), ERR_OK);
	packet_describe(&t.p, &tr);
	assert_int_equal(trace_release(&tr), ERR_OK);
	assert_int_equal(pl[0].len, 0); /* it was in the first segment */
	assert_int_equal(pl[1].off, 40 + 6);
	assert_int_equal(pl[1].len, 17);
	assert_int_equal(pl[2].off, 40 + 23 - 2);
	assert_int_equal(pl[2].len, 2);
	flows_free(t.f);
}

static void what_the_capture_lacks_is_told_and_reading_goes_on(void **state)
{
	(void)state;
	static const uint8_t record[] = {23, 3, 3, 0, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
	struct talk t;
	begin(&t, 443, NULL);
	handshake(&t);
	assert_int_equal(say(&t, CLIENT, A, 1, 1, record, 15)->proto, PROTO_TLS);
	/* octets 16 to 30 are not captured, but acknowledged */
	assert_int_equal(say(&t, CLIENT, A, 31, 1, record, 15)->marks, SEGMENT_GAP);
	assert_int_equal(say(&t, SERVER, A, 1, 46, NULL, 0)->marks, 0);
	const struct segment *s = say(&t, CLIENT, A, 46, 1, record, 15);
	assert_int_equal(s->proto, PROTO_TLS);
	assert_int_equal(s->len, 30); /* with the one that waited */
	/* acknowledged, and none of it was seen */
	s = say(&t, SERVER, A, 1, 99, NULL, 0);
	assert_int_equal(s->marks, SEGMENT_ACK_UNSEEN);
	assert_int_equal(say(&t, CLIENT, A, 99, 1, record, 15)->proto, PROTO_TLS);
	/* a snap length cuts one; the next is whole again */
	t.cut = 6;
	say(&t, CLIENT, A, 114, 1, record, 15);
	t.cut = 0;
	s = say(&t, CLIENT, A, 129, 1, record, 15);
	assert_int_equal(s->marks, 0);
	assert_int_equal(s->proto, PROTO_TLS);
	assert_int_equal(s->before, 0);
	flows_free(t.f);
}

static void limits_hold_and_what_is_over_them_is_shown_as_far_as_it_is_there(void **state)
{
	(void)state;
	static const struct flows_limits small = {.connections = 2, .stream = 100, .octets = 150};
	uint8_t record[1000] = {23, 3, 3, 0x3f, 0};
	struct talk t;
	begin(&t, 443, &small);
	handshake(&t);
	const struct segment *s = say(&t, CLIENT, A, 1, 1, record, 80);
	assert_int_equal(s->waiting, 80);
	s = say(&t, CLIENT, A, 81, 1, record + 80, 80);
	assert_int_equal(s->proto, PROTO_TLS);
	assert_int_equal(s->len, 160);
	/* two connections more: the first is forgotten */
	for (t.port = 1000; t.port < 1002; t.port++)
		say(&t, CLIENT, S, 0, 0, NULL, 0);
	t.port = 443;
	assert_int_equal(say(&t, CLIENT, A, 161, 1, NULL, 0)->connection, 4);
	flows_free(t.f);
}

static void the_same_ends_may_begin_a_new_connection(void **state)
{
	(void)state;
	struct talk t;
	begin(&t, 7, NULL);
	handshake(&t);
	say(&t, CLIENT, A, 1, 1, "hello", 5);
	const struct segment *s = say(&t, CLIENT, S, 5000, 0, NULL, 0);
	assert_int_equal(s->marks, SEGMENT_REUSED);
	assert_int_equal(s->connection, 2);
	assert_int_equal(s->seq, 0);
	flows_free(t.f);
}

static void both_names_of_a_connection_lead_to_it(void **state)
{
	(void)state;
	struct talk t;
	begin(&t, 7, NULL);
	say(&t, CLIENT, S, 0, 0, NULL, 0);
	struct packet far;
	uint8_t copy[60];
	memcpy(copy, t.bytes, t.p.len);
	far = t.p;
	far.bytes = copy;
	packet_parse(&far);
	far.src.port = 61000; /* what a NAT made of it */
	far.src.ip.b[0] = 203;
	flows_free(t.f);
	assert_int_equal(flows_new(&t.f, &flows_limits), ERR_OK);
	assert_int_equal(flows_take(t.f, &t.p, &far, 0), ERR_OK);
	/* the answer is first seen outside of the NAT */
	struct packet back = {.bytes = copy, .len = 40, .wire_len = 40, .number = 2, .linktype = DLT_RAW};
	uint8_t tmp[4];
	memcpy(tmp, copy + 12, 4);
	memcpy(copy + 12, copy + 16, 4);
	memcpy(copy + 16, tmp, 4);
	copy[16] = 203;
	copy[20] = 0, copy[21] = 7;
	copy[22] = 61000 >> 8, copy[23] = 61000 & 255;
	copy[33] = S | A;
	assert_int_equal(flows_take(t.f, &back, NULL, 0), ERR_OK);
	assert_non_null(back.segment);
	assert_int_equal(back.segment->connection, 1);
	assert_int_equal(back.segment->side, 1);
	flows_free(t.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_count_from_the_syn_also_over_their_end),
	    cmocka_unit_test(without_a_syn_the_first_octet_seen_counts_as_one),
	    cmocka_unit_test(what_is_sent_again_is_told_with_the_packet_that_had_it),
	    cmocka_unit_test(what_is_overtaken_is_out_of_order_and_what_comes_late_sent_again),
	    cmocka_unit_test(windows_keep_alives_and_resets_are_told),
	    cmocka_unit_test(a_message_in_pieces_is_read_where_it_is_whole),
	    cmocka_unit_test(fields_of_a_message_in_pieces_stand_where_this_packet_has_them),
	    cmocka_unit_test(what_the_capture_lacks_is_told_and_reading_goes_on),
	    cmocka_unit_test(limits_hold_and_what_is_over_them_is_shown_as_far_as_it_is_there),
	    cmocka_unit_test(the_same_ends_may_begin_a_new_connection),
	    cmocka_unit_test(both_names_of_a_connection_lead_to_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
