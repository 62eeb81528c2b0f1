#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glasslab/template.h"

static const char network[] =
    "format = 1; hosts = ( { name = \"ns\"; title = \"a name server\"; zones = [ \".\", \"edu\" ];"
    " interfaces = ( { name = \"eth0\"; to = \"b\"; addresses = [ \"192.0.2.1/24\", \"2001:db8::1/64\" ]; } "
    "); },"
    " { name = \"b\"; title = \"b\"; interfaces = ( { name = \"eth0\"; to = \"ns\"; addresses = [ "
    "\"192.0.2.2/24\" ]; } ); } );";

struct fixture {
	struct topology t;
	struct seed seed;
	struct template_ctx ctx;
	struct why w;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	assert_int_equal(topology_parse(&f->t, network, "network", &f->w), ERR_OK);
	seed_from_name(&f->seed, "alpha");
	f->ctx = (struct template_ctx){&f->t, &f->t.host[0], &f->seed};
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	topology_release(&f->t);
	free(f);
	return 0;
}

static void expect_text(struct fixture *f, const char *text, const char *expected)
{
	char out[256];
	assert_int_equal(template_text(out, sizeof out, text, "t", &f->ctx, &f->w), ERR_OK);
	assert_string_equal(out, expected);
}

static void template_without_spots_stays(void **state)
{
	expect_text(*state, "", "");
	expect_text(*state, "a $b {c} @d } @@", "a $b {c} @d } @@");
}

static void template_spots_are_filled_in(void **state)
{
	expect_text(*state, "@{run}/x @{host}: @{title}", "/run/glassnet/x ns: a name server");
	expect_text(*state, "@{ip4} @{ip6} @{ip4 b}", "192.0.2.1 2001:db8::1 192.0.2.2");
	expect_text(*state, "@{mac ns} @{mac b}", "02:6c:61:62:01:01 02:6c:61:62:02:01");
	expect_text(*state, "@{zones}",
	    "  - domain: \".\"\n    file: \"root.zone\"\n  - domain: \"edu\"\n    file: \"edu.zone\"\n");
	expect_text(*state, "@{ host }", "ns");
}

/* By the derivation that seed.h gives, computed with Python's hashlib.blake2b. */
static void template_draws_what_the_seed_says(void **state)
{
	expect_text(*state, "@{word password/alice}", "n5mnttcfjmi2mmm7");
	expect_text(*state, "@{number ttl/x 300 3600}", "3226");
	expect_text(*state, "@{number ttl/x 7 7}", "7");
}

static void template_with_an_unknown_spot_is_refused_with_its_line(void **state)
{
	struct fixture *f = *state;
	static const char *const bad[] = {"@{}", "@{nothing}", "@{run x}", "@{ip4 nobody}", "@{ip6 b}", "@{word}",
	    "@{number x}", "@{number x 5 1}", "@{number x -1 5}", "@{number x a b}", "@{number x 1 99999999999}",
	    "@{run", "@{run\n}", "@{a b c d e}"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		char text[64], out[64];
		snprintf(text, sizeof text, "1\n2\n%s", bad[i]);
		if (template_text(out, sizeof out, text, "file", &f->ctx, &f->w) != ERR_FORMAT)
			fail_msg("%s was filled in as %s", bad[i], out);
		assert_non_null(strstr(f->w.text, "file:3:"));
	}
}

static void template_longer_than_its_buffer_is_refused(void **state)
{
	struct fixture *f = *state;
	char out[8];
	assert_int_equal(template_text(out, sizeof out, "12345678", "t", &f->ctx, &f->w), ERR_TOO_LONG);
	assert_int_equal(template_text(out, sizeof out, "1234567", "t", &f->ctx, &f->w), ERR_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(template_without_spots_stays, setup, teardown),
	    cmocka_unit_test_setup_teardown(template_spots_are_filled_in, setup, teardown),
	    cmocka_unit_test_setup_teardown(template_draws_what_the_seed_says, setup, teardown),
	    cmocka_unit_test_setup_teardown(template_with_an_unknown_spot_is_refused_with_its_line, setup, teardown),
	    cmocka_unit_test_setup_teardown(template_longer_than_its_buffer_is_refused, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
