#include <string.h>

#include "glassnet/addr.h"
#include "glassnet/wire.h"
#include "torture.h"

static void read_within_bounds_gives_big_endian(void **state)
{
	(void)state;
	const uint8_t b[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18};
	struct rd r = rd_init(b, sizeof(b));

	assert_int_equal(rd_u8(&r), 0x01);
	assert_int_equal(rd_u16(&r), 0x0203);
	assert_int_equal(rd_u24(&r), 0x040506);
	assert_int_equal(rd_u32(&r), 0x0708090a);
	assert_true(rd_u64(&r) == UINT64_C(0x0b0c0d0e0f101112));
	assert_false(r.bad);
	assert_int_equal(rd_left(&r), 0);
}

static void read_past_end_is_sticky(void **state)
{
	(void)state;
	const uint8_t b[] = {1, 2, 3};
	struct rd r = rd_init(b, sizeof(b));

	assert_int_equal(rd_u16(&r), 0x0102);
	assert_int_equal(rd_u16(&r), 0);
	assert_true(r.bad);
	assert_int_equal(r.pos, 2); /* where the field that can't be read begins */
	assert_int_equal(rd_u8(&r), 0);
	assert_null(rd_bytes(&r, 0));
	assert_int_equal(rd_left(&r), 0);
}

static void read_with_huge_length_does_not_wrap(void **state)
{
	(void)state;
	const uint8_t b[4] = {0};
	struct rd r = rd_init(b, sizeof(b));

	rd_skip(&r, 2);
	assert_null(rd_bytes(&r, SIZE_MAX));
	assert_true(r.bad);
}

static void sub_reader_is_confined(void **state)
{
	(void)state;
	const uint8_t b[] = {1, 2, 3, 4};
	struct rd r = rd_init(b, sizeof(b)), sub = rd_sub(&r, 2), bad;

	assert_int_equal(rd_u16(&sub), 0x0102);
	assert_int_equal(rd_u8(&sub), 0);
	assert_true(sub.bad);
	assert_false(r.bad);
	assert_int_equal(rd_u8(&r), 3);
	bad = rd_sub(&r, 2);
	assert_true(bad.bad);
	assert_true(r.bad);
}

static void write_past_end_writes_nothing(void **state)
{
	(void)state;
	uint8_t b[4] = {9, 9, 9, 9};
	struct wr w = wr_init(b, 3);

	wr_u16(&w, 0x0102);
	wr_u32(&w, 0xffffffff);
	assert_true(w.bad);
	wr_u8(&w, 7);
	assert_int_equal(w.pos, 2);
	assert_int_equal(b[2], 9);
	assert_int_equal(b[3], 9);
}

/* RFC 1071 3: the sum of these eight octets is ddf2 before the complement. */
static void checksum_of_rfc1071_example(void **state)
{
	(void)state;
	const uint8_t b[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};

	assert_int_equal(inet_checksum(b, 8, NULL, 0), (uint16_t)~0xddf2);
	assert_int_equal(inet_checksum(b, 3, b + 3, 5), (uint16_t)~0xddf2);
	assert_int_equal(inet_checksum(b, 7, NULL, 0), (uint16_t)~0xdcfb);
}

static void escape_control_and_direction_is_hex(void **state)
{
	(void)state;
	char out[128];

	assert_string_equal(escape_text(out, sizeof(out), "a\033[31m\\b\n", 9), "a\\x1b[31m\\b\\x0a");
	/* U+202E turns the reading direction round */
	assert_string_equal(escape_text(out, sizeof(out), "x\xe2\x80\xaey", 5), "x\\xe2\\x80\\xaey");
	assert_string_equal(escape_text(out, sizeof(out), "\0z", 2), "\\x00z");
	/* C1 control as UTF-8 */
	assert_string_equal(escape_text(out, sizeof(out), "\xc2\x9b", 2), "\\xc2\\x9b");
}

static void escape_utf8_stays_and_broken_utf8_is_hex(void **state)
{
	(void)state;
	char out[128];

	assert_string_equal(escape_text(out, sizeof(out), "Zürich → ✓", 15), "Zürich → ✓");
	assert_string_equal(escape_text(out, sizeof(out), "\xc3", 1), "\\xc3");
	assert_string_equal(escape_text(out, sizeof(out), "\xc0\xaf", 2), "\\xc0\\xaf");          /* overlong */
	assert_string_equal(escape_text(out, sizeof(out), "\xed\xa0\x80", 3), "\\xed\\xa0\\x80"); /* surrogate */
}

static void escape_cuts_with_dots_in_any_room(void **state)
{
	(void)state;
	char out[64];

	assert_string_equal(escape_text(out, 9, "abcdefghijk", 11), "abcde...");
	for (size_t cap = 1; cap < sizeof(out); cap++) {
		memset(out, 'X', sizeof(out));
		escape_text(out, cap, "\1\2\3abc\xe2\x9c\x93\4\5\6", 12);
		assert_non_null(memchr(out, 0, cap));
		for (size_t i = cap; i < sizeof(out); i++)
			assert_int_equal(out[i], 'X');
	}
}

static void hex_cuts_with_dots(void **state)
{
	(void)state;
	char out[16];
	const uint8_t b[] = {0xde, 0xad, 0xbe, 0xef, 0x01};

	assert_string_equal(hex_text(out, sizeof(out), b, 5), "deadbeef01");
	assert_string_equal(hex_text(out, 10, b, 5), "deadbe...");
}

static void address_texts_go_both_ways(void **state)
{
	(void)state;
	static const char *const texts[] = {"198.41.0.4", "2001:503:ba3e::2:30", "::", "255.255.255.255"};
	char out[IP_TEXT];
	struct ip a;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(ip_parse(&a, texts[i]), ERR_OK);
		assert_string_equal(ip_text(out, &a), texts[i]);
	}
	assert_int_equal(ip_parse(&a, "1.2.3"), ERR_FORMAT);
	assert_int_equal(ip_parse(&a, "1.2.3.4 "), ERR_FORMAT);
	assert_int_equal(ip_parse(&a, ""), ERR_FORMAT);
	assert_int_equal(a.family, 0);
}

static void endpoint_texts_are_read_strictly(void **state)
{
	(void)state;
	static const struct {
		const char *text, *out;
	} good[] = {{"192.0.2.1", "192.0.2.1:53"}, {"192.0.2.1:5353", "192.0.2.1:5353"},
	    {"2001:db8::1", "[2001:db8::1]:53"}, {"[2001:db8::1]", "[2001:db8::1]:53"},
	    {"[2001:db8::1]:0", "[2001:db8::1]:0"}, {"192.0.2.1:65535", "192.0.2.1:65535"}};
	static const char *const bad[] = {"", ":", "192.0.2.1:", "192.0.2.1:65536", "192.0.2.1:+1", "192.0.2.1: 1",
	    "[2001:db8::1", "[2001:db8::1]x", "[]:53", "[192.0.2.1", "192.0.2.1:100000000000000000000",
	    "1111111111111111111111111111111111111111111111111111111111"};
	char out[ENDPOINT_TEXT];
	struct endpoint e;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(endpoint_parse(&e, good[i].text, 53), ERR_OK);
		assert_string_equal(endpoint_text(out, &e), good[i].out);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(endpoint_parse(&e, bad[i], 53), ERR_FORMAT);
}

static void endpoint_survives_sockaddr(void **state)
{
	(void)state;
	struct sockaddr_storage ss;
	struct endpoint a, b;

	assert_int_equal(endpoint_parse(&a, "[2001:db8::7]:443", 0), ERR_OK);
	socklen_t len = endpoint_to_sockaddr(&ss, &a);
	assert_int_equal(endpoint_from_sockaddr(&b, (struct sockaddr *)&ss, len), ERR_OK);
	assert_true(ip_equal(&a.ip, &b.ip));
	assert_int_equal(b.port, 443);
	assert_int_equal(endpoint_from_sockaddr(&b, (struct sockaddr *)&ss, 4), ERR_FORMAT);
	a.ip.family = 0;
	assert_int_equal(endpoint_to_sockaddr(&ss, &a), 0);
}

static void every_error_has_words_and_a_status(void **state)
{
	(void)state;
	for (int e = 0; e < ERR_COUNT; e++) {
		assert_true(strlen(err_name((enum err)e)) > 1);
		assert_true(strlen(err_text((enum err)e)) > 8);
		assert_non_null(err_ref((enum err)e));
		if (e != ERR_INTERNAL)
			assert_string_not_equal(err_name((enum err)e), err_name(ERR_INTERNAL));
	}
	assert_int_equal(err_exit(ERR_OK), 0);
	assert_int_equal(err_exit(ERR_NEGATIVE), 1);
	assert_int_equal(err_exit(ERR_USAGE), 2);
	assert_int_equal(err_exit(ERR_TIMEOUT), 3);
	assert_int_equal(err_exit(ERR_LOOP), 4);
	assert_int_equal(err_exit(ERR_IO), 5);
	assert_int_equal(err_exit((enum err)9999), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(read_within_bounds_gives_big_endian),
	    cmocka_unit_test(read_past_end_is_sticky),
	    cmocka_unit_test(read_with_huge_length_does_not_wrap),
	    cmocka_unit_test(sub_reader_is_confined),
	    cmocka_unit_test(write_past_end_writes_nothing),
	    cmocka_unit_test(checksum_of_rfc1071_example),
	    cmocka_unit_test(escape_control_and_direction_is_hex),
	    cmocka_unit_test(escape_utf8_stays_and_broken_utf8_is_hex),
	    cmocka_unit_test(escape_cuts_with_dots_in_any_room),
	    cmocka_unit_test(hex_cuts_with_dots),
	    cmocka_unit_test(address_texts_go_both_ways),
	    cmocka_unit_test(endpoint_texts_are_read_strictly),
	    cmocka_unit_test(endpoint_survives_sockaddr),
	    cmocka_unit_test(every_error_has_words_and_a_status),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
