/* The line builder. */
#include "proto_support.h"

static void text_that_fits_is_whole(void **state)
{
	char line[64];
	struct text t = text_init(line, sizeof(line));
	struct ip v4 = ip_from(4, "\xc0\x00\x02\x01"), v6 = ip_from(6, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01");
	struct endpoint e = {v6, 443};

	(void)state;
	text_str(&t, "a ");
	text_num(&t, 0);
	text_num(&t, UINT64_MAX);
	text_str(&t, " ");
	text_hex(&t, 0xbeef, 6);
	text_str(&t, " ");
	text_ip(&t, &v4);
	text_str(&t, " ");
	text_endpoint(&t, &e);
	assert_string_equal(line, "a 018446744073709551615 00beef 192.0.2.1 [2001:db8::1]:443");
	assert_false(t.cut);
}

static void text_too_long_is_cut_between_characters(void **state)
{
	(void)state;
	for (size_t cap = 0; cap < 16; cap++) {
		char *line = malloc(cap ? cap : 1);
		struct text t = text_init(line, cap);
		assert_non_null(line);
		text_str(&t, "ab→→→→");
		text_str(&t, "more");
		if (cap > 0) {
			assert_true(strlen(line) < cap);
			const char *dots = strstr(line, "...");
			assert_true(cap < 4 ? line[0] == '\0' : dots != NULL && dots[3] == '\0');
			size_t kept = cap < 4 ? 0 : (size_t)(dots - line);
			assert_true(kept <= 2 || (kept - 2) % 3 == 0); /* whole arrows, three octets each */
			assert_memory_equal(line, "ab→→→→", kept);
		}
		free(line);
	}
}

static void text_exactly_as_long_as_room_is_not_cut(void **state)
{
	char line[6];
	struct text t = text_init(line, sizeof(line));

	(void)state;
	text_str(&t, "12345");
	assert_string_equal(line, "12345");
	text_str(&t, "");
	assert_false(t.cut);
	text_str(&t, "6");
	assert_string_equal(line, "12...");
}

static void peer_octets_are_escaped(void **state)
{
	char line[64];
	struct text t = text_init(line, sizeof(line));

	(void)state;
	text_peer(&t, "ok\033[2J\\\xff caf\xc3\xa9", 14);
	assert_string_equal(line, "ok\\x1b[2J\\\\xff caf\xc3\xa9");
}

static void peer_character_across_a_piece_border_stays_whole(void **state)
{
	char in[140], line[700];
	struct text t = text_init(line, sizeof(line));

	(void)state;
	in[0] = '\t';
	memset(in + 1, 'x', sizeof(in) - 1);
	memcpy(in + 63, "\xc3\xa9", 2); /* octets 63 and 64 of the rest: the border of the first piece */
	text_peer(&t, in, sizeof(in));
	assert_non_null(strstr(line, "x\xc3\xa9x"));
	assert_null(strstr(line, "\\xc3"));
}

static void seconds_use_the_largest_whole_unit(void **state)
{
	(void)state;
	ASSERT_LINE("2 d", text_seconds(&out, 172800));
	ASSERT_LINE("1 h", text_seconds(&out, 3600));
	ASSERT_LINE("61 s", text_seconds(&out, 61));
	ASSERT_LINE("0 s", text_seconds(&out, 0));
	ASSERT_LINE("1 byte", text_count(&out, 1, "byte"));
	ASSERT_LINE("0 bytes", text_count(&out, 0, "byte"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(text_that_fits_is_whole),
	    cmocka_unit_test(text_too_long_is_cut_between_characters),
	    cmocka_unit_test(text_exactly_as_long_as_room_is_not_cut),
	    cmocka_unit_test(peer_octets_are_escaped),
	    cmocka_unit_test(peer_character_across_a_piece_border_stays_whole),
	    cmocka_unit_test(seconds_use_the_largest_whole_unit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
