/* NTP. Hand-made after RFC 5905 7.3; the era's border from RFC 4330 3. */
#include "glassnet/proto/ntp.h"
#include "proto_support.h"

#define CLIENT   "23 00 06 ec 00000000 00000000 00000000" NONE NONE NONE NEW_YEAR
#define SERVER   "24 02 06 ec 00008000 00000123 c000024d" NEW_YEAR NEW_YEAR NEW_YEAR "ed003780 80000000"
#define NONE     "00000000 00000000"
#define NEW_YEAR "ed003780 00000000"

static struct ntp parsed(const char *hex)
{
	struct bytes b = from_hex(hex);
	struct ntp h;
	size_t at;

	assert_int_equal(ntp_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(at, b.n < 48 ? at : 48 + (h.auth_off > 48 ? h.auth_off - 48 : 0));
	return h;
}

static void summaries_say_who_asks_and_what_time_it_is(void **state)
{
	struct ntp h = parsed(CLIENT);

	(void)state;
	ASSERT_LINE("NTP client: what time is it?", ntp_summary(&h, &out));
	h = parsed(SERVER);
	ASSERT_LINE("NTP server: 2026-01-01 00:00:00.500000 UTC, stratum 2", ntp_summary(&h, &out));
	h = parsed("e4 00 06 ec 00000000 00000000 52415445" NONE NONE NONE NONE);
	ASSERT_LINE("NTP kiss-o'-death RATE: you ask too often", ntp_summary(&h, &out));
	h = parsed("e5 10 06 ec 00000000 00000000 00000000" NONE NONE NONE NONE);
	ASSERT_LINE("NTP broadcast: no time, stratum 16, clock not set", ntp_summary(&h, &out));
	h = parsed("16 02 0001 0000 0000 0000 0000");
	ASSERT_LINE("NTP control message", ntp_summary(&h, &out));
}

static void times_are_right_at_the_calendars_edges(void **state)
{
	(void)state;
	ASSERT_LINE("1970-01-01 00:00:00.000000", ntp_time((uint64_t)2208988800u << 32, &out));
	ASSERT_LINE("2000-02-29 23:59:59.999999", ntp_time((uint64_t)3160857599u << 32 | 0xffffffff, &out));
	ASSERT_LINE("2036-02-07 06:28:15.000000", ntp_time((uint64_t)0xffffffff << 32, &out));
	ASSERT_LINE("2036-02-07 06:28:16.000000", ntp_time(0, &out));
	ASSERT_LINE(
	    "2100-03-01 00:00:00.000000", ntp_time((uint64_t)(4107542400u + 2208988800u - 0x100000000) << 32, &out));
}

static void fields_stand_where_they_are(void **state)
{
	struct bytes b = from_hex(SERVER);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct ntp h = parsed(SERVER);

	(void)state;
	ntp_describe(&h, b.b, b.n, 42, &t);
	assert_field(&k, "mode", "4 (server)", 42, 1);
	assert_field(&k, "precision", "2^-20 s", 45, 1);
	assert_field(&k, "root delay", "0.500000 s", 46, 4);
	assert_field(&k, "reference ID", "192.0.2.77", 54, 4);
	assert_field(&k, "origin time", "2026-01-01 00:00:00.000000 UTC", 66, 8);
	assert_field(&k, "transmit time", "2026-01-01 00:00:00.500000 UTC", 82, 8);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void extension_and_authenticator_are_told_apart(void **state)
{
	struct bytes b = from_hex(CLIENT "0104 0010 000102030405060708090a0b"
	                                 "00000001");
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct ntp h;
	size_t at;

	(void)state;
	/* 20 octets: too short for an extension field before anything else */
	assert_int_equal(ntp_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.auth_len, 20);
	add_hex(&b, "0102030405060708090a0b0c0d0e0f10");
	assert_int_equal(ntp_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.auth_off, 64);
	assert_int_equal(h.auth_len, 20);
	ntp_describe(&h, b.b, b.n, 0, &t);
	assert_field(&k, "extension", "type 0x0104, 16 bytes", 48, 16);
	assert_field(&k, "authenticator", "000000010102030405060708090a0b0c0d0e0f10", 64, 20);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void message_cut_in_a_field_is_truncated(void **state)
{
	struct bytes b = from_hex(SERVER), c = from_hex("16 02 0001 0000 0000 0000 0000");
	struct ntp h;

	(void)state;
	ASSERT_TRUNCATED_BELOW(b, 48, ntp_parse(&h, p, len, &where));
	ASSERT_TRUNCATED_BELOW(c, 12, ntp_parse(&h, p, len, &where));
}

static void malformed_is_rejected_at_the_octet(void **state)
{
	struct bytes b = from_hex(CLIENT "0104 0012 000102030405060708090a0b000102030405060708090a0b");
	struct ntp h;
	size_t at;

	(void)state;
	assert_int_equal(ntp_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 50);
	b.b[51] = 0x40;
	assert_int_equal(ntp_parse(&h, b.b, b.n, &at), ERR_TRUNCATED);
	assert_int_equal(at, 52);
	b.b[0] = 0x2b;
	assert_int_equal(ntp_parse(&h, b.b, b.n, &at), ERR_VERSION);
	assert_int_equal(at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(summaries_say_who_asks_and_what_time_it_is),
	    cmocka_unit_test(times_are_right_at_the_calendars_edges),
	    cmocka_unit_test(fields_stand_where_they_are),
	    cmocka_unit_test(extension_and_authenticator_are_told_apart),
	    cmocka_unit_test(message_cut_in_a_field_is_truncated),
	    cmocka_unit_test(malformed_is_rejected_at_the_octet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
