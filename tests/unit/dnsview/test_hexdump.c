/* Octets written as text, in the forms that people paste. */
#include <stdio.h>
#include <string.h>

#include "dnsview/hexdump.h"
#include "torture.h"

/* What a text means: pieces as hex digits with a bar between, or "line:column". */
static const char *read_text(const char *text)
{
	static char out[512];
	struct hexdump h;
	struct hexdump_error where;
	size_t at = 0;
	enum err e = hexdump_parse(&h, text, strlen(text), &where);
	if (e) {
		snprintf(out, sizeof(out), "%u:%u", where.line, where.column);
		return out;
	}
	out[0] = '\0';
	for (size_t i = 0; i < h.n; i++) {
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s", i ? "|" : "");
		for (size_t k = 0; k < h.piece[i].len; k++)
			at += (size_t)snprintf(out + at, sizeof(out) - at, "%02x", h.bytes[h.piece[i].off + k]);
	}
	hexdump_release(&h);
	return out;
}

static void plain_digits_in_all_their_dress(void **state)
{
	(void)state;
	assert_string_equal(read_text("12340100"), "12340100");
	assert_string_equal(read_text("12 34\n01 00\n"), "12340100");
	assert_string_equal(read_text("12:34:AB:cd"), "1234abcd");
	assert_string_equal(read_text("{ 0x12, 0x34,\r\n 0xAB };"), "1234ab");
	assert_string_equal(read_text("\"\\x12\\x34\""), "1234");
	assert_string_equal(read_text("# a query\n1234\n\n; another\n5678\n"), "1234|5678");
	assert_string_equal(read_text(""), "");
}

static void dumps_with_offsets_and_characters(void **state)
{
	(void)state;
	assert_string_equal(read_text("00000000: 1234 0100 0001 61  .4.....a\n"), "12340100000161");
	assert_string_equal(read_text("00000000: 12 34 01 00              .4..\n"), "12340100");
	assert_string_equal(
	    read_text("00000000  00 01 02 03 04 05 06 07  08 09 0a 0b 0c 0d 0e 0f  |................|\n"
	              "00000010  61 62 63                                          |abc|\n00000013\n"),
	    "000102030405060708090a0b0c0d0e0f616263");
	assert_string_equal(
	    read_text("0000000 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f\n0000020 ff\n0000021\n"),
	    "000102030405060708090a0b0c0d0e0fff");
	assert_string_equal(read_text("0000   12 34 01 00   .4..\n"), "12340100");
}

static void tcpdumps_lines_part_the_packets(void **state)
{
	(void)state;
	assert_string_equal(read_text("12:00:00.1 IP 192.0.2.1.40000 > 192.0.2.2.53: 1+ A? a. (20)\n"
	                              "\t0x0000:  4500 0030 abcd                           E..0..\n"
	                              "12:00:00.2 IP 192.0.2.2.53 > 192.0.2.1.40000: 1 1/0/0 (36)\n"
	                              "\t0x0000:  4500 0040  E..@\n"),
	    "45000030abcd|45000040");
}

static void offset_that_begins_anew_begins_another_message(void **state)
{
	(void)state;
	assert_string_equal(read_text("00000000: 1234\n00000000: 5678\n"), "1234|5678");
}

static void what_is_no_dump_is_refused_with_its_place(void **state)
{
	(void)state;
	assert_string_equal(read_text("hello"), "1:1");
	assert_string_equal(read_text("12 3"), "1:4");
	assert_string_equal(read_text("12\n34 zz"), "2:4");
	assert_string_equal(read_text("0x"), "1:3");
	assert_string_equal(read_text("00000000: 1234\n00000010: 5678\n"), "2:1");
	assert_string_equal(read_text("00000000  12 34\n*\n00000020\n"), "2:1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(plain_digits_in_all_their_dress),
	    cmocka_unit_test(dumps_with_offsets_and_characters),
	    cmocka_unit_test(tcpdumps_lines_part_the_packets),
	    cmocka_unit_test(offset_that_begins_anew_begins_another_message),
	    cmocka_unit_test(what_is_no_dump_is_refused_with_its_place),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
