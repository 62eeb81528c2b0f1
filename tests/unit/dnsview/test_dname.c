#include <string.h>

#include "dnsview/dname.h"
#include "torture.h"

static struct dname name(const char *text)
{
	struct dname n;
	const char *why;
	if (dname_parse(&n, text, &why))
		fail_msg("%s: %s", text, why);
	return n;
}

static enum err error_of(const char *text)
{
	struct dname n;
	const char *why;
	return dname_parse(&n, text, &why);
}

static void parse_with_or_without_last_dot_is_the_same(void **state)
{
	struct dname a = name("www.example"), b = name("www.example.");
	(void)state;
	assert_int_equal(a.len, 13);
	assert_true(dname_equal(&a, &b));
	assert_memory_equal(a.b, "\3www\7example\0", 13);
}

static void parse_limits_are_63_octets_a_label_and_255_a_name(void **state)
{
	char label[66], whole[260];
	(void)state;
	memset(label, 'a', sizeof(label));
	label[63] = '\0';
	assert_int_equal(error_of(label), ERR_OK);
	label[63] = 'a';
	label[64] = '\0';
	assert_int_equal(error_of(label), ERR_TOO_LONG);
	for (size_t i = 0; i < sizeof(whole); i++)
		whole[i] = i % 2 ? '.' : 'a';
	whole[253] = '\0'; /* 127 labels of one octet: 255 octets with lengths and the root */
	assert_int_equal(error_of(whole), ERR_OK);
	whole[253] = '.';
	whole[255] = '\0';
	assert_int_equal(error_of(whole), ERR_TOO_LONG);
}

static void parse_bad_names_are_refused(void **state)
{
	(void)state;
	assert_int_equal(error_of(""), ERR_FORMAT);
	assert_int_equal(error_of("a..b"), ERR_FORMAT);
	assert_int_equal(error_of(".a"), ERR_FORMAT);
	assert_int_equal(error_of(".."), ERR_FORMAT);
	assert_int_equal(error_of("a\\"), ERR_FORMAT);
	assert_int_equal(error_of("a\\25"), ERR_FORMAT);
	assert_int_equal(error_of("a\\256"), ERR_FORMAT);
	assert_int_equal(error_of("m\xc3\xbcller.example"), ERR_FORMAT);
}

static void text_escapes_what_is_not_printable(void **state)
{
	char text[DNAME_TEXT];
	struct dname n = name("a\\.b\\000\\027[2J.c");
	(void)state;
	assert_string_equal(dname_text(text, &n), "a\\.b\\000\\027[2J.c.");
	n = name(text);
	assert_string_equal(dname_text(text, &n), "a\\.b\\000\\027[2J.c.");
	n = dname_root();
	assert_string_equal(dname_text(text, &n), ".");
}

static void text_of_the_longest_name_fits(void **state)
{
	struct dname n = {.len = 255};
	char text[DNAME_TEXT];
	(void)state;
	for (unsigned i = 0; i < 254; i += 64)
		n.b[i] = i < 192 ? 63 : 61;
	assert_true(strlen(dname_text(text, &n)) < DNAME_TEXT);
}

static void relations_ignore_case_and_respect_labels(void **state)
{
	struct dname zone = name("CMU.edu"), below = name("www.cmu.EDU"), lookalike = name("wwwcmu.edu"),
	             other = name("xcmu.edu");
	struct dname root = dname_root();
	(void)state;
	assert_true(dname_at_or_below(&below, &zone));
	assert_true(dname_below(&below, &zone));
	assert_true(dname_at_or_below(&zone, &zone));
	assert_false(dname_below(&zone, &zone));
	assert_false(dname_at_or_below(&lookalike, &zone));
	assert_false(dname_at_or_below(&other, &zone));
	assert_false(dname_at_or_below(&zone, &below));
	assert_true(dname_below(&zone, &root));
	assert_int_equal(dname_labels(&below), 3);
	assert_int_equal(dname_hash(&zone), dname_hash(&(struct dname){.len = 9, .b = "\3cmu\3edu"}));
	struct dname parent = dname_parent(&below);
	assert_true(dname_equal(&parent, &zone));
}

static void move_keeps_what_is_before_the_owner(void **state)
{
	struct dname out, n = name("a.b.old.example"), owner = name("old.example"), target = name("new.test"),
	                  want = name("a.b.new.test");
	(void)state;
	assert_int_equal(dname_move(&out, &n, &owner, &target), ERR_OK);
	assert_true(dname_equal(&out, &want));
}

static enum err read_from(const void *bytes, size_t len, size_t pos, struct dname *out, size_t *end)
{
	struct rd r = rd_init(bytes, len);
	r.pos = pos;
	enum err e = dname_read(out, &r);
	*end = r.pos;
	return e;
}

static void read_pointers_backwards_are_followed(void **state)
{
	static const uint8_t m[] = "\3cmu\3edu\0\3www\xc0\0";
	struct dname n, want = name("www.cmu.edu");
	size_t end;
	(void)state;
	assert_int_equal(read_from(m, sizeof(m) - 1, 9, &n, &end), ERR_OK);
	assert_true(dname_equal(&n, &want));
	assert_int_equal(end, 15);
}

static void read_pointer_loops_are_refused(void **state)
{
	static const uint8_t itself[] = "\xc0\0", forward[] = "\xc0\2\0", circle[] = "\1a\xc0\4\xc0\0",
	                     again[] = "\1a\xc0\0";
	struct dname n;
	size_t end;
	(void)state;
	assert_int_equal(read_from(itself, 2, 0, &n, &end), ERR_LOOP);
	assert_int_equal(read_from(forward, 3, 0, &n, &end), ERR_LOOP);
	assert_int_equal(read_from(circle, 6, 0, &n, &end), ERR_LOOP);
	assert_int_equal(read_from(again, 4, 0, &n, &end), ERR_LOOP);
}

static void read_too_long_or_cut_names_are_refused(void **state)
{
	uint8_t m[600];
	struct dname n;
	size_t end;
	(void)state;
	for (unsigned i = 0; i < sizeof(m); i++)
		m[i] = i % 2 ? 'a' : 1;
	assert_int_equal(read_from(m, sizeof(m), 0, &n, &end), ERR_TOO_LONG);
	assert_int_equal(read_from("\3ww", 3, 0, &n, &end), ERR_TRUNCATED);
	assert_int_equal(read_from("\3www", 4, 0, &n, &end), ERR_TRUNCATED);
	assert_int_equal(read_from("\x41"
	                           "a",
	                     2, 0, &n, &end),
	    ERR_FORMAT);
	assert_int_equal(read_from("\xc0", 1, 0, &n, &end), ERR_TRUNCATED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parse_with_or_without_last_dot_is_the_same),
	    cmocka_unit_test(parse_limits_are_63_octets_a_label_and_255_a_name),
	    cmocka_unit_test(parse_bad_names_are_refused),
	    cmocka_unit_test(text_escapes_what_is_not_printable),
	    cmocka_unit_test(text_of_the_longest_name_fits),
	    cmocka_unit_test(relations_ignore_case_and_respect_labels),
	    cmocka_unit_test(move_keeps_what_is_before_the_owner),
	    cmocka_unit_test(read_pointers_backwards_are_followed),
	    cmocka_unit_test(read_pointer_loops_are_refused),
	    cmocka_unit_test(read_too_long_or_cut_names_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
