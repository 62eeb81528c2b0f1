/* A verdict follows from what was observed, and from nothing else. */
#include "torture.h"

#include <jansson.h>
#include <string.h>

#include "glasslab/matrix.h"

static void attack_that_did_not_run_is_undecided(void **state)
{
	struct outcome o = {0};
	(void)state;

	assert_int_equal(cell_judge(&o), CELL_UNDECIDED);
	cell_tried(&o, false, "a certificate");
	cell_decided(&o, "name", 7, "another name");
	assert_int_equal(cell_judge(&o), CELL_UNDECIDED); /* whatever a check said */
	cell_got(&o, true, "the password");
	assert_int_equal(cell_judge(&o), CELL_UNDECIDED); /* from elsewhere, then */
}

static void attack_that_failed_for_no_known_reason_is_undecided(void **state)
{
	struct outcome o = {0};
	(void)state;

	cell_tried(&o, true, "a certificate");
	cell_not_got(&o, "the password");
	assert_int_equal(cell_judge(&o), CELL_UNDECIDED);
	cell_decided(&o, "name", 7, "another name");
	assert_int_equal(cell_judge(&o), CELL_STOPPED);
	assert_string_equal(o.check, "name");
	assert_int_equal(o.packet, 7);
}

static void attack_that_reached_its_aim_is_not_stopped_whatever_a_check_said(void **state)
{
	struct outcome o = {0};
	(void)state;

	cell_tried(&o, true, "a certificate");
	cell_decided(&o, "name", 7, "another name");
	cell_got(&o, false, "the name %s", "bank.example");
	assert_int_equal(cell_judge(&o), CELL_STOPPED);
	cell_got(&o, true, "the password");
	assert_int_equal(cell_judge(&o), CELL_NOT_STOPPED);
	cell_got(&o, false, "a page");
	assert_int_equal(cell_judge(&o), CELL_NOT_STOPPED);
	assert_string_equal(o.got, "the name bank.example; the password; a page");
}

static void check_that_decided_is_the_first_that_failed(void **state)
{
	struct outcome o = {0};
	struct demo_process p = {0};
	(void)state;

	assert_false(cell_decided_by(&o, &p, NULL, 1)); /* a program without events */
	p.events = json_pack("[{s:s,s:s,s:s,s:s},{s:s,s:s,s:s,s:s},{s:s,s:s,s:s,s:s}]", "kind", "check", "id",
	    "dates", "verdict", "pass", "text", "within", "kind", "decision", "id", "name", "verdict", "fail", "text",
	    "no check", "kind", "check", "id", "name", "verdict", "fail", "text", "another name");
	assert_non_null(p.events);
	assert_true(cell_decided_by(&o, &p, NULL, 5));
	assert_string_equal(o.check, "name");
	assert_string_equal(o.decided, "another name");
	assert_true(cell_decided_by(&o, &p, "dates", 6));
	assert_string_equal(o.decided, "within");
	assert_false(cell_decided_by(&o, &p, "purpose", 8));
	assert_int_equal(o.packet, 6);
	json_decref(p.events);
}

static void report_longer_than_its_place_is_cut(void **state)
{
	struct outcome o = {0};
	(void)state;

	for (int i = 0; i < 100; i++)
		cell_got(&o, false, "%s", "something that takes its place");
	assert_true(strlen(o.got) < CELL_TEXT);
	cell_decided(
	    &o, "a name of a check that is much longer than any that there is, and than its place", 1, "%600d", 1);
	assert_true(strlen(o.check) < sizeof(o.check) && strlen(o.decided) < CELL_TEXT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(attack_that_did_not_run_is_undecided),
	    cmocka_unit_test(attack_that_failed_for_no_known_reason_is_undecided),
	    cmocka_unit_test(attack_that_reached_its_aim_is_not_stopped_whatever_a_check_said),
	    cmocka_unit_test(check_that_decided_is_the_first_that_failed),
	    cmocka_unit_test(report_longer_than_its_place_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
