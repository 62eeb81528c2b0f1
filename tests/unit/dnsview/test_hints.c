#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnsview/hints.h"
#include "torture.h"

static struct hints h;
static struct hints_error where;

static enum err parse(const char *text)
{
	return hints_parse(&h, text, strlen(text), &where);
}

static void built_in_hints_are_the_thirteen_with_both_families(void **state)
{
	char text[IP_TEXT];
	(void)state;
	assert_int_equal(parse(root_hints_text), ERR_OK);
	assert_int_equal(h.n, 13);
	for (unsigned i = 0; i < 13; i++) {
		assert_int_equal(h.server[i].n_ip, 2);
		assert_int_equal(h.server[i].name.b[1], 'a' + i);
		assert_int_equal(h.server[i].ip[0].family, 4);
		assert_int_equal(h.server[i].ip[1].family, 6);
	}
	assert_string_equal(ip_text(text, &h.server[1].ip[0]), "170.247.170.2");
	assert_string_equal(ip_text(text, &h.server[1].ip[1]), "2801:1b8:10::b");
}

static void comments_class_and_missing_last_newline_are_taken(void **state)
{
	(void)state;
	assert_int_equal(parse("; a comment\n\n.\t1 IN NS\ta.root.\r\na.root. 1 in a 192.0.2.1 ; yes"), ERR_OK);
	assert_int_equal(h.n, 1);
	assert_int_equal(h.server[0].n_ip, 1);
}

static void expect(const char *text, enum err e, unsigned line)
{
	assert_int_equal(parse(text), e);
	assert_int_equal(where.line, line);
	assert_true(strlen(where.why) > 5);
}

static void bad_lines_are_refused_by_number(void **state)
{
	(void)state;
	expect("", ERR_TRUNCATED, 1);
	expect("\n;\n", ERR_TRUNCATED, 2);
	expect(". 1 NS a.\n", ERR_TRUNCATED, 1);
	expect(". 1 NS a.\na. 1 A 192.0.2.", ERR_FORMAT, 2);
	expect(". 1 NS a.\na. 1 A 2001:db8::1\n", ERR_FORMAT, 2);
	expect(". 1 NS a.\nb. 1 A 192.0.2.1\n", ERR_FORMAT, 2);
	expect("com. 1 NS a.\n", ERR_FORMAT, 1);
	expect(". x NS a.\n", ERR_FORMAT, 1);
	expect(". 1 NS a..b\n", ERR_FORMAT, 1);
	expect(". 1 TXT x\n", ERR_FORMAT, 1);
	expect("\n\n. 1 NS\n", ERR_FORMAT, 3);
	expect("\x7f"
	       "ELF\x01\x02\n",
	    ERR_FORMAT, 1);
	assert_int_equal(hints_parse(&h, ".\0", 2, &where), ERR_FORMAT);
}

static void too_much_is_refused(void **state)
{
	char text[8192] = "";
	(void)state;
	for (unsigned i = 0; i < 17; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), ". 1 NS r%u.\n", i);
	expect(text, ERR_TOO_LONG, 17);
	strcpy(text, ". 1 NS a.\n");
	for (unsigned i = 0; i < 5; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "a. 1 A 192.0.2.%u\n", i);
	expect(text, ERR_TOO_LONG, 6);
	memset(text, ' ', 2000);
	text[2000] = '\0';
	expect(text, ERR_TOO_LONG, 1);
}

static void missing_file_is_an_io_error_and_endless_one_too_long(void **state)
{
	(void)state;
	assert_int_equal(hints_load(&h, "/nonexistent/hints", &where), ERR_IO);
	assert_int_equal(hints_load(&h, "/", &where), ERR_IO);
	assert_int_equal(hints_load(&h, "/dev/zero", &where), ERR_TOO_LONG);
	assert_int_equal(hints_load(&h, "/dev/null", &where), ERR_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(built_in_hints_are_the_thirteen_with_both_families),
	    cmocka_unit_test(comments_class_and_missing_last_newline_are_taken),
	    cmocka_unit_test(bad_lines_are_refused_by_number),
	    cmocka_unit_test(too_much_is_refused),
	    cmocka_unit_test(missing_file_is_an_io_error_and_endless_one_too_long),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
