/* The octets of a packet, as pktview show prints them. */
#include "torture.h"

#include <stdio.h>

#include "pktview/view.h"

static void assert_octets(const char *p, size_t len, const char *want)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	assert_non_null(out);
	assert_int_equal(octets_write(out, (const uint8_t *)p, len), ERR_OK);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static void octets_line_has_offset_hex_and_letters(void **state)
{
	(void)state;
	assert_octets("0123456789abcdef", 16,
	    "    @0     30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n");
}

static void octets_last_line_keeps_the_columns(void **state)
{
	(void)state;
	assert_octets("0123456789abcdefg", 17,
	    "    @0     30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef\n"
	    "    @16    67                                                g\n");
	assert_octets("", 0, "");
}

static void octets_that_are_no_letters_are_points(void **state)
{
	(void)state;
	assert_octets(
	    "\x1b[\x7f\xff\n ~", 7, "    @0     1b 5b 7f ff 0a 20 7e                              .[... ~\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(octets_line_has_offset_hex_and_letters),
	    cmocka_unit_test(octets_last_line_keeps_the_columns),
	    cmocka_unit_test(octets_that_are_no_letters_are_points),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
