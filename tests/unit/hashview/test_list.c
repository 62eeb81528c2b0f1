/* Lists of checksums: what tests/interop/hashview-coreutils.test can't ask of coreutils. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hashview/list.h"
#include "torture.h"

#define ZEROS32 "0000000000000000000000000000000000000000000000000000000000000000"

static enum line_kind parse(struct list_format f, const char *text, struct list_entry *e, char room[512])
{
	snprintf(room, 512, "%s", text);
	return list_parse(&f, room, strlen(text), e);
}

static void list_openssl_names_are_read(void **state)
{
	struct list_format f = {.reversed = -1};
	struct list_entry e;
	char room[512];

	(void)state;
	assert_int_equal(parse(f, "SHA2-256(a b)= " ZEROS32, &e, room), LINE_ENTRY);
	assert_true(e.algos == ALGO_BIT(ALGO_SHA256));
	assert_string_equal(e.name, "a b");
	assert_int_equal(parse(f, "SHA3-256(x)= " ZEROS32, &e, room), LINE_ENTRY);
	assert_true(e.algos == ALGO_BIT(ALGO_SHA3_256));
	assert_int_equal(parse(f, "SHA512/256 (x) = " ZEROS32, &e, room), LINE_ENTRY);
	assert_true(e.algos == ALGO_BIT(ALGO_SHA512_256));
	assert_int_equal(parse(f, "SHA3-512(x)= " ZEROS32, &e, room), LINE_BAD);
}

static void list_line_without_name_of_function_may_be_any(void **state)
{
	struct list_format any = {.reversed = -1}, one = {.only = ALGO_BIT(ALGO_BLAKE2B_256), .reversed = -1};
	struct list_entry e;
	char room[512];

	(void)state;
	assert_int_equal(parse(any, ZEROS32 "  x", &e, room), LINE_ENTRY);
	assert_true(e.algos == algos_of_length(32));
	assert_int_equal(parse(one, ZEROS32 "  x", &e, room), LINE_ENTRY);
	assert_true(e.algos == one.only);
	assert_int_equal(parse(one, "SHA256 (x) = " ZEROS32, &e, room), LINE_BAD);
	assert_int_equal(parse(any, "00  x", &e, room), LINE_BAD);
}

static void list_zero_names_are_taken_as_they_are(void **state)
{
	struct list_format f = {.zero = true, .reversed = -1};
	struct list_entry e;
	char room[512];

	(void)state;
	assert_int_equal(parse(f, ZEROS32 "  a\\b\nc\r", &e, room), LINE_ENTRY);
	assert_string_equal(e.name, "a\\b\nc\r");
	assert_int_equal(parse(f, "\\" ZEROS32 "  x", &e, room), LINE_BAD);
}

static void list_line_over_the_limit_is_cut_and_said(void **state)
{
	char *line = NULL;
	size_t cap = 0, len;
	bool too_long;
	FILE *in = tmpfile();

	(void)state;
	for (size_t i = 0; i < LIST_LINE_MAX + 10; i++)
		putc('a', in);
	fputs("\nb\n\n", in);
	rewind(in);
	assert_true(list_read_line(in, false, &line, &cap, &len, &too_long));
	assert_true(too_long && len == LIST_LINE_MAX && cap <= 2 * LIST_LINE_MAX);
	assert_true(list_read_line(in, false, &line, &cap, &len, &too_long));
	assert_true(!too_long && len == 1 && line[0] == 'b');
	assert_true(list_read_line(in, false, &line, &cap, &len, &too_long));
	assert_int_equal(len, 0);
	assert_false(list_read_line(in, false, &line, &cap, &len, &too_long));
	free(line);
	fclose(in);
}

/* Whatever is written is read back, in every style. */
static void list_written_is_read_back(void **state)
{
	static const char *const names[] = {
	    "x", " x", "*x", "a\nb", "a\\nb", "\\", "a\r", "a) = b", "SHA256 (x) = y"};
	uint8_t digest[DIGEST_MAX] = {1, 2, 3, 0xff};

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (enum list_style s = LIST_TEXT; s <= LIST_TAG; s++)
			for (int zero = 0; zero < 2; zero++) {
				struct list_format f = {.zero = zero, .reversed = -1};
				struct list_entry e;
				size_t cap = 0, len;
				char *line = NULL;
				bool too_long;
				FILE *io = tmpfile();
				list_write(io, s, zero, ALGO_SHA3_512, digest, names[i]);
				rewind(io);
				assert_true(list_read_line(io, zero, &line, &cap, &len, &too_long));
				assert_int_equal(list_parse(&f, line, len, &e), LINE_ENTRY);
				assert_string_equal(e.name, names[i]);
				assert_int_equal(e.len, 64);
				assert_memory_equal(e.digest, digest, 64);
				assert_true(e.algos & ALGO_BIT(ALGO_SHA3_512));
				free(line);
				fclose(io);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(list_openssl_names_are_read),
	    cmocka_unit_test(list_line_without_name_of_function_may_be_any),
	    cmocka_unit_test(list_zero_names_are_taken_as_they_are),
	    cmocka_unit_test(list_line_over_the_limit_is_cut_and_said),
	    cmocka_unit_test(list_written_is_read_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
