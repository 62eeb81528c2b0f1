/* IPv4 and IPv6 headers. Hand-made vectors. */
#include "glassnet/proto/ip.h"
#include "proto_support.h"

/* 192.168.0.1 to 192.168.0.199, UDP, DF, TTL 64, 8 octets of payload */
static const char v4[] = "45000020 00004000 4011b8b4 c0a80001 c0a800c7 0001020304050607";

/* header of 8 words: router alert (RFC 2113), no operation, record route with room for one, end, padding */
static const char v4_options[] = "48000024 00010000 01010000 0a000001 0a000002 94040000 01070704 00000000 00000000";

static const char v6_fixed[] =
    "60012345 0008 11 40 20010db8000000000000000000000001 20010db8000000000000000000000002";

static void ipv4_header_gives_all_fields(void **state)
{
	struct bytes b = from_hex(v4);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct ipv4 h;
	size_t at;

	(void)state;
	assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.header_len, 20);
	assert_int_equal(h.ttl, 64);
	assert_true(h.df);
	assert_false(h.mf);
	assert_int_equal(h.protocol, IPPROTO_IS_UDP);
	assert_int_equal(h.payload_len, 8);
	assert_true(h.cut); /* it says 32 octets, and 28 are here */
	add_hex(&b, "00000000 ffff");
	assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_false(h.cut);
	assert_int_equal(h.payload_len, 12); /* the padding does not belong to it */
	ASSERT_LINE("IPv4 192.168.0.1→192.168.0.199, UDP, 12 bytes", ipv4_summary(&h, &out));
	ipv4_describe(&h, b.b, 14, &t);
	assert_field(&k, "header checksum", "0xb8b4 (right)", 24, 2);
	assert_field(&k, "don't fragment", "set", 20, 1);
	assert_field(&k, "source", "192.168.0.1", 26, 4);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void ipv4_wrong_checksum_is_told(void **state)
{
	struct bytes b = from_hex(v4);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct ipv4 h;
	size_t at;

	(void)state;
	b.b[8]--; /* a router took one off the TTL and forgot the checksum */
	assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), ERR_OK);
	ipv4_describe(&h, b.b, 0, &t);
	assert_field(&k, "header checksum", "0xb8b4 (does not match)", 10, 2);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void ipv4_options_are_named(void **state)
{
	struct bytes b = from_hex(v4_options);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct ipv4 h;
	size_t at;

	(void)state;
	assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.header_len, 32);
	ipv4_describe(&h, b.b, 0, &t);
	assert_field(&k, "option", "148 (router alert), 4 octets", 20, 4);
	assert_field(&k, "option", "7 (record route), 7 octets", 25, 7);
	assert_int_equal(trace_release(&t), ERR_OK);
	b.b[26] = 8; /* one octet longer than the header */
	assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 25);
	b.b[26] = 0; /* a length that would never advance */
	assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), ERR_FORMAT);
}

static void ipv4_fragment_summary_says_which_part(void **state)
{
	struct bytes b = from_hex("4500001c abcd2010 40060000 0a000001 0a000002 0102030405060708");
	struct ipv4 h;
	size_t at;

	(void)state;
	assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_true(h.mf);
	assert_int_equal(h.frag_off, 128);
	ASSERT_LINE(
	    "IPv4 10.0.0.1→10.0.0.2, TCP, fragment of packet 0xabcd: octets 128 to 135", ipv4_summary(&h, &out));
}

static void ipv4_malformed_is_rejected_at_the_octet(void **state)
{
	static const struct {
		size_t octet;
		uint8_t value;
		enum err e;
		size_t at;
	} bad[] = {{0, 0x65, ERR_VERSION, 0}, {0, 0x44, ERR_FORMAT, 0}, {3, 19, ERR_FORMAT, 2},
	    {0, 0x4f, ERR_TRUNCATED, 28}};
	struct ipv4 h;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes b = from_hex(v4);
		b.b[bad[i].octet] = bad[i].value;
		assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), bad[i].e);
		assert_int_equal(at, bad[i].at);
	}
	struct bytes b = from_hex(v4);
	ASSERT_TRUNCATED_BELOW(b, 20, ipv4_parse(&h, p, len, &where));
}

static void ipv4_without_total_length_takes_the_rest(void **state)
{
	struct bytes b = from_hex(v4);
	struct ipv4 h;
	size_t at;

	(void)state;
	b.b[2] = b.b[3] = 0;
	assert_int_equal(ipv4_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.payload_len, 8);
	assert_false(h.cut);
}

static void ipv6_header_gives_all_fields(void **state)
{
	struct bytes b = from_hex(v6_fixed);
	struct ipv6 h;
	size_t at;

	(void)state;
	add_hex(&b, "0102030405060708 ff");
	assert_int_equal(ipv6_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.flow_label, 0x12345);
	assert_int_equal(h.hop_limit, 64);
	assert_int_equal(h.protocol, IPPROTO_IS_UDP);
	assert_int_equal(h.header_len, 40);
	assert_int_equal(h.payload_len, 8);
	ASSERT_LINE("IPv6 2001:db8::1→2001:db8::2, UDP, 8 bytes", ipv6_summary(&h, &out));
	ASSERT_TRUNCATED_BELOW(b, 40, ipv6_parse(&h, p, len, &where));
	b.b[0] = 0x45;
	assert_int_equal(ipv6_parse(&h, b.b, b.n, &at), ERR_VERSION);
}

static void ipv6_extension_headers_are_passed(void **state)
{
	struct bytes b = from_hex(v6_fixed);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct ipv6 h;
	size_t at;

	(void)state;
	b.b[6] = 0; /* hop-by-hop, then routing, then fragment, then UDP */
	b.b[5] = 32;
	add_hex(&b, "2b00 010400000000 2c00 000000000000 1100 0001 00000009 0035003500080000");
	assert_int_equal(ipv6_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.protocol, IPPROTO_IS_UDP);
	assert_int_equal(h.header_len, 64);
	assert_int_equal(h.payload_len, 8);
	assert_true(h.fragmented);
	assert_true(h.mf);
	assert_int_equal(h.frag_off, 0);
	assert_int_equal(h.frag_id, 9);
	ipv6_describe(&h, b.b, 0, &t);
	assert_field(&k, "extension header", "hop-by-hop options, 8 octets", 40, 8);
	assert_field(&k, "extension header", "routing, 8 octets", 48, 8);
	assert_field(&k, "extension header", "fragment, 8 octets", 56, 8);
	assert_int_equal(trace_release(&t), ERR_OK);
	ASSERT_TRUNCATED_BELOW(b, 64, ipv6_parse(&h, p, len, &where));
}

static void ipv6_extension_beyond_payload_length_is_truncated(void **state)
{
	struct bytes b = from_hex(v6_fixed);
	struct ipv6 h;
	size_t at;

	(void)state;
	b.b[6] = 60;
	add_hex(&b, "1101 000000000000 0000000000000000"); /* 16 octets long, the payload only 8 */
	assert_int_equal(ipv6_parse(&h, b.b, b.n, &at), ERR_TRUNCATED);
}

static void ipv6_endless_extensions_are_bounded(void **state)
{
	struct bytes b = from_hex(v6_fixed);
	struct ipv6 h;
	size_t at;

	(void)state;
	b.b[6] = 60;
	b.b[5] = 0xff;
	for (int i = 0; i < 30; i++)
		add_hex(&b, "3c00 010400000000");
	assert_int_equal(ipv6_parse(&h, b.b, b.n, &at), ERR_TOO_LONG);
	assert_int_equal(at, 40 + 8 * IPV6_MAX_EXTENSIONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ipv4_header_gives_all_fields),
	    cmocka_unit_test(ipv4_wrong_checksum_is_told),
	    cmocka_unit_test(ipv4_options_are_named),
	    cmocka_unit_test(ipv4_fragment_summary_says_which_part),
	    cmocka_unit_test(ipv4_malformed_is_rejected_at_the_octet),
	    cmocka_unit_test(ipv4_without_total_length_takes_the_rest),
	    cmocka_unit_test(ipv6_header_gives_all_fields),
	    cmocka_unit_test(ipv6_extension_headers_are_passed),
	    cmocka_unit_test(ipv6_extension_beyond_payload_length_is_truncated),
	    cmocka_unit_test(ipv6_endless_extensions_are_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
