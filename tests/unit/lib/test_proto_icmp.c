/* ICMP and ICMPv6. Hand-made vectors. */
#include "glassnet/proto/icmp.h"
#include "proto_support.h"

/* port unreachable, with the begin of a UDP packet from 192.168.1.100:40000 to 192.0.2.1:53 */
static const char unreachable[] = "0303 0000 00000000"
                                  "4500002c 00004000 40110000 c0a80164 c0000201 9c40 0035 0018 0000";
static const char advert[] = "8800 0000 60000000 20010db8000000000000000000000001 0201 02000000000a";

static void icmp_echo_gives_id_and_sequence(void **state)
{
	struct bytes b = from_hex("0800 f7f6 0005 0003 616263");
	struct icmp h;
	size_t at;

	(void)state;
	assert_int_equal(icmp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ICMP echo request id 5 seq 3", icmp_summary(&h, &out));
	b.b[0] = 0;
	assert_int_equal(icmp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ICMP echo reply id 5 seq 3", icmp_summary(&h, &out));
	ASSERT_TRUNCATED_BELOW(b, 8, icmp_parse(&h, p, len, &where));
}

static void icmp_error_names_the_packet_it_is_about(void **state)
{
	struct bytes b = from_hex(unreachable);
	struct icmp h;
	size_t at;

	(void)state;
	assert_int_equal(icmp_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_true(h.has_quote);
	ASSERT_LINE("ICMP port unreachable, about UDP 192.168.1.100:40000→192.0.2.1:53", icmp_summary(&h, &out));
	b.b[0] = 11;
	b.b[1] = 0;
	assert_int_equal(icmp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ICMP time exceeded: the TTL ran out, about UDP 192.168.1.100:40000→192.0.2.1:53",
	    icmp_summary(&h, &out));
}

static void icmp_error_with_short_quote_is_accepted(void **state)
{
	struct bytes b = from_hex(unreachable);

	(void)state;
	for (size_t len = 8; len < b.n; len++) {
		uint8_t *p = exact(b.b, len);
		struct icmp h;
		size_t at;
		assert_int_equal(icmp_parse(&h, p, len, &at), ERR_OK);
		assert_int_equal(h.has_quote, len >= 28);
		free(p);
	}
}

static void icmpv6_neighbours_ask_and_answer(void **state)
{
	struct bytes b = from_hex(advert);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct icmp h;
	size_t at;

	(void)state;
	assert_int_equal(icmpv6_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ICMPv6 2001:db8::1 is at 02:00:00:00:00:0a (neighbour advertisement)", icmp_summary(&h, &out));
	icmp_describe(&h, b.b, 54, &t);
	assert_field(&k, "target", "2001:db8::1", 62, 16);
	assert_field(&k, "target MAC", "02:00:00:00:00:0a", 78, 8);
	assert_field(&k, "router", "not set", 58, 1);
	assert_field(&k, "solicited", "set", 58, 1);
	assert_int_equal(trace_release(&t), ERR_OK);
	b.b[0] = 135;
	assert_int_equal(icmpv6_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ICMPv6 who has 2001:db8::1? (neighbour solicitation)", icmp_summary(&h, &out));
	for (size_t len = 0; len < b.n; len++) {
		uint8_t *p = exact(b.b, len);
		/* the option is not obliged to be there: 24 octets are a whole solicitation */
		assert_int_equal(icmpv6_parse(&h, p, len, &at), len == 24 ? ERR_OK : ERR_TRUNCATED);
		free(p);
	}
}

static void icmpv6_option_of_no_length_is_rejected(void **state)
{
	struct bytes b = from_hex(advert);
	struct icmp h;
	size_t at;

	(void)state;
	b.b[25] = 0;
	assert_int_equal(icmpv6_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 24);
}

static void icmpv6_router_advertisement_gives_prefix(void **state)
{
	struct bytes b = from_hex("8600 0000 40 00 0708 00000000 00000000"
	                          "0304 40c0 00015180 00003840 00000000 20010db8000100000000000000000000");
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct icmp h;
	size_t at;

	(void)state;
	assert_int_equal(icmpv6_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ICMPv6 router advertisement", icmp_summary(&h, &out));
	icmp_describe(&h, b.b, 0, &t);
	assert_field(&k, "prefix", "2001:db8:1::", 32, 16);
	assert_field(&k, "prefix length", "64", 18, 1);
	assert_field(&k, "router lifetime", "1800", 6, 2);
	assert_int_equal(trace_release(&t), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(icmp_echo_gives_id_and_sequence),
	    cmocka_unit_test(icmp_error_names_the_packet_it_is_about),
	    cmocka_unit_test(icmp_error_with_short_quote_is_accepted),
	    cmocka_unit_test(icmpv6_neighbours_ask_and_answer),
	    cmocka_unit_test(icmpv6_option_of_no_length_is_rejected),
	    cmocka_unit_test(icmpv6_router_advertisement_gives_prefix),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
