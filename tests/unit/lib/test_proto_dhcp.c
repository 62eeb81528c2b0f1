/* DHCP messages. Hand-made after RFC 2131 2. */
#include "glassnet/proto/dhcp.h"
#include "proto_support.h"

static struct bytes message(uint8_t op, const char *yours, const char *options)
{
	struct bytes b = {.n = 240};

	memset(b.b, 0, 240);
	b.b[0] = op;
	b.b[1] = 1;
	b.b[2] = 6;
	memcpy(b.b + 4, "\xde\xad\xbe\xef", 4);
	struct bytes y = from_hex(yours);
	memcpy(b.b + 16, y.b, y.n);
	memcpy(b.b + 28, "\x02\0\0\0\0\x64", 6);
	memcpy(b.b + 236, "\x63\x82\x53\x63", 4);
	add_hex(&b, options);
	return b;
}

static const char offer_options[] =
    "00 350102 3604c0a80101 330400000e10 0104ffffff00 0304c0a80101 0608cb007135 08080808"
    "0f0768 6f6d652e6578 ff 000000";

static void offer_summary_says_what_is_given(void **state)
{
	struct bytes b = message(2, "c0a80164", offer_options);
	struct dhcp h;
	size_t at;

	(void)state;
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.type, DHCP_OFFER);
	assert_int_equal(h.xid, 0xdeadbeef);
	assert_int_equal(h.lease, 3600);
	assert_true(h.has_mac);
	ASSERT_LINE(
	    "DHCP offer 192.168.1.100 for 3600 s, router 192.168.1.1, DNS 203.0.113.53", dhcp_summary(&h, &out));
}

static void client_summaries_say_what_is_wanted(void **state)
{
	struct bytes b = message(1, "", "350101 ff");
	struct dhcp h;
	size_t at;

	(void)state;
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("DHCP discover: who gives me an address?", dhcp_summary(&h, &out));
	b = message(1, "", "350103 3204c0a80164 3604c0a80101 ff");
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("DHCP request 192.168.1.100, from 192.168.1.1", dhcp_summary(&h, &out));
	b = message(2, "", "350106 ff");
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("DHCP nak: you cannot have that address", dhcp_summary(&h, &out));
}

static void options_are_described_where_they_stand(void **state)
{
	struct bytes b = message(2, "c0a80164", offer_options);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct dhcp h;
	size_t at;

	(void)state;
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_OK);
	dhcp_describe(&h, b.b, b.n, 42, &t);
	assert_field(&k, "your address", "192.168.1.100", 58, 4);
	assert_field(&k, "client MAC", "02:00:00:00:00:64", 70, 6);
	assert_field(&k, "message type", "2 (offer)", 42 + 241, 3);
	assert_field(&k, "lease time", "1 h", 42 + 250, 6);
	assert_field(&k, "DNS server", "203.0.113.53, 8.8.8.8", 42 + 268, 10);
	assert_field(&k, "domain", "home.ex", 42 + 278, 9);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void peer_text_in_options_is_escaped(void **state)
{
	struct bytes b = message(1, "", "350101 0c04 1b5b324a ff");
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct dhcp h;
	size_t at;

	(void)state;
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_OK);
	dhcp_describe(&h, b.b, b.n, 0, &t);
	assert_field(&k, "host name", "\\x1b[2J", 243, 6);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void options_without_end_are_accepted(void **state)
{
	struct bytes b = message(1, "", "350101");
	struct dhcp h;
	size_t at;

	(void)state;
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.type, DHCP_DISCOVER);
}

static void message_cut_in_a_field_is_truncated(void **state)
{
	struct bytes b = message(1, "", "350103 3204c0a80164");
	struct dhcp h;
	size_t at;

	(void)state;
	ASSERT_TRUNCATED_BELOW(b, 240, dhcp_parse(&h, p, len, &where));
	for (size_t len = 240; len < b.n; len++) {
		uint8_t *p = exact(b.b, len);
		/* between two options the data may end */
		assert_int_equal(dhcp_parse(&h, p, len, &at), len == 240 || len == 243 ? ERR_OK : ERR_TRUNCATED);
		free(p);
	}
}

static void malformed_is_rejected_at_the_octet(void **state)
{
	static const struct {
		const char *options;
		size_t at;
	} bad[] = {{"350201 01ff", 240}, {"350101 3303000001ff", 243}, {"0303c0a801ff", 240}, {"0600ff", 240},
	    {"010500000000 00ff", 240}};
	struct dhcp h;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes b = message(1, "", bad[i].options);
		assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_FORMAT);
		assert_int_equal(at, bad[i].at);
	}
	struct bytes b = message(1, "", "ff");
	b.b[236] = 0;
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 236);
	b.b[0] = 3;
	assert_int_equal(dhcp_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(offer_summary_says_what_is_given),
	    cmocka_unit_test(client_summaries_say_what_is_wanted),
	    cmocka_unit_test(options_are_described_where_they_stand),
	    cmocka_unit_test(peer_text_in_options_is_escaped),
	    cmocka_unit_test(options_without_end_are_accepted),
	    cmocka_unit_test(message_cut_in_a_field_is_truncated),
	    cmocka_unit_test(malformed_is_rejected_at_the_octet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
