/* UDP and TCP headers. Hand-made vectors. */
#include "glassnet/proto/transport.h"
#include "proto_support.h"

static const char udp_hex[] = "c000 0035 000c 1234 61626364";

/* SYN 49152 to 443 as Linux sends it: MSS 1460, SACK permitted, timestamps, no operation, window scale 7 */
static const char syn[] =
    "c000 01bb 00000001 00000000 a0 02 faf0 0000 0000 020405b4 0402 080a 00000064 00000000 01 030307";

static void udp_header_gives_all_fields(void **state)
{
	struct bytes b = from_hex(udp_hex);
	struct udp h;
	size_t at;

	(void)state;
	assert_int_equal(udp_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.sport, 49152);
	assert_int_equal(h.dport, 53);
	assert_int_equal(h.data_len, 4);
	assert_false(h.cut);
	ASSERT_LINE("UDP 49152→53, 4 bytes", udp_summary(&h, &out));
	assert_int_equal(udp_parse(&h, b.b, b.n - 1, &at), ERR_OK);
	assert_true(h.cut);
	assert_int_equal(h.data_len, 3);
	ASSERT_TRUNCATED_BELOW(b, 8, udp_parse(&h, p, len, &where));
	b.b[5] = 7;
	assert_int_equal(udp_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 4);
}

static void tcp_syn_gives_options(void **state)
{
	struct bytes b = from_hex(syn);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct tcp h;
	size_t at;

	(void)state;
	assert_int_equal(b.n, 40);
	assert_int_equal(tcp_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.flags, TCP_SYN);
	assert_int_equal(h.header_len, 40);
	assert_int_equal(h.mss, 1460);
	assert_true(h.has_scale);
	assert_int_equal(h.scale, 7);
	assert_true(h.sack_permitted);
	assert_true(h.has_timestamps);
	assert_int_equal(h.ts_value, 100);
	assert_int_equal(h.data_len, 0);
	ASSERT_LINE("TCP SYN 49152→443", tcp_summary(&h, &out));
	tcp_describe(&h, b.b, 34, CHECKSUM_BEGUN, &t);
	assert_field(&k, "maximum segment size", "1460", 54, 4);
	assert_field(&k, "window scale", "7 (times 128)", 71, 3);
	assert_field(&k, "SYN", "set", 47, 1);
	assert_field(&k, "checksum", "0x0000 (only begun)", 50, 2);
	assert_int_equal(trace_release(&t), ERR_OK);
	ASSERT_TRUNCATED_BELOW(b, 40, tcp_parse(&h, p, len, &where));
}

static void tcp_summary_shows_what_begins_and_ends(void **state)
{
	static const struct {
		uint8_t flags;
		size_t data;
		const char *line;
	} cases[] = {
	    {TCP_SYN | TCP_ACK, 0, "TCP SYN+ACK 443→49152"},
	    {TCP_ACK, 0, "TCP ACK 443→49152"},
	    {TCP_ACK | TCP_PSH, 1, "TCP 443→49152, 1 byte of data"},
	    {TCP_FIN | TCP_ACK, 0, "TCP FIN 443→49152"},
	    {TCP_RST | TCP_ACK, 0, "TCP RST 443→49152"},
	    {0, 0, "TCP 443→49152"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tcp h = {.sport = 443, .dport = 49152, .flags = cases[i].flags, .data_len = cases[i].data};
		ASSERT_LINE(cases[i].line, tcp_summary(&h, &out));
	}
}

static void tcp_malformed_is_rejected_at_the_octet(void **state)
{
	static const struct {
		size_t octet;
		uint8_t value;
		enum err e;
		size_t at;
	} bad[] = {
	    {12, 0x40, ERR_FORMAT, 12},                       /* a header shorter than its fixed part */
	    {12, 0xf0, ERR_TRUNCATED, 40},                    /* longer than the segment */
	    {21, 0, ERR_FORMAT, 20},                          /* an option that would never advance */
	    {21, 1, ERR_FORMAT, 20}, {21, 3, ERR_FORMAT, 20}, /* too short for what it holds */
	    {38, 9, ERR_FORMAT, 37},                          /* longer than the header */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes b = from_hex(syn);
		struct tcp h;
		size_t at;
		b.b[bad[i].octet] = bad[i].value;
		assert_int_equal(tcp_parse(&h, b.b, b.n, &at), bad[i].e);
		assert_int_equal(at, bad[i].at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(udp_header_gives_all_fields),
	    cmocka_unit_test(tcp_syn_gives_options),
	    cmocka_unit_test(tcp_summary_shows_what_begins_and_ends),
	    cmocka_unit_test(tcp_malformed_is_rejected_at_the_octet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
