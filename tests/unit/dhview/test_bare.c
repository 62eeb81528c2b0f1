/* X25519 bare, and the paint story. */
#include "torture.h"

#include <sodium.h>
#include <string.h>

#include "dhview/bare.h"
#include "dhview/paint.h"
#include "events.h"
#include "glassnet/dh.h"

static void self_test_passes_and_says_each_vector(void **state)
{
	(void)state;
	struct recorder r;
	struct trace t;
	trace_init(&t, &clock_real, "test");
	recorder_attach(&r, &t);
	assert_int_equal(bare_self_test(&t, 1000, NULL, NULL), ERR_OK);
	assert_int_equal(recorder_count(&r, EV_CHECK, "vector"), 8);
	assert_non_null(recorder_find(&r, 0, EV_CHECK, "small-order", "14 of 14"));
	assert_int_equal(trace_release(&t), ERR_OK);
	recorder_release(&r);
}

static void parse_takes_64_digits_and_nothing_else(void **state)
{
	(void)state;
	uint8_t key[X25519_LEN];
	char hex[80];
	size_t at;
	memset(hex, 'a', sizeof(hex));
	assert_int_equal(bare_parse(key, hex, 64, &at), ERR_OK);
	assert_int_equal(key[31], 0xaa);
	assert_int_equal(bare_parse(key, hex, 63, &at), ERR_FORMAT);
	assert_int_equal(at, 63);
	assert_int_equal(bare_parse(key, hex, 65, &at), ERR_FORMAT);
	assert_int_equal(at, 64);
	assert_int_equal(bare_parse(key, "", 0, &at), ERR_FORMAT);
	hex[64] = '\n';
	assert_int_equal(bare_parse(key, hex, 65, &at), ERR_OK);
	hex[7] = 'g';
	assert_int_equal(bare_parse(key, hex, 64, &at), ERR_FORMAT);
	assert_int_equal(at, 7);
}

/* Any other point is not called small, and whatever is called small gives zero, for many private numbers. */
static void small_order_is_just_what_gives_zero(void **state)
{
	(void)state;
	uint8_t k[32], u[32] = {9}, out[32];
	assert_int_equal(dh_x25519_small_order(u), 0);
	u[0] = 1;
	assert_int_equal(dh_x25519_small_order(u), 4);
	for (int i = 0; i < 50; i++) {
		memset(k, i + 1, sizeof(k));
		assert_int_equal(dh_x25519(out, k, u), ERR_NEGATIVE);
		assert_true(sodium_is_zero(out, sizeof(out)));
	}
	for (uint8_t i = 2; i < 255; i++) {
		u[0] = i;
		assert_int_equal(dh_x25519_small_order(u), 0);
		assert_int_equal(dh_x25519(out, k, u), ERR_OK);
	}
}

static void run_small_order_point_is_refused(void **state)
{
	(void)state;
	uint8_t k[32] = {1}, u[32] = {0}, out[32] = {1};
	assert_int_equal(bare_run(k, u, NULL, out), ERR_NEGATIVE);
	assert_true(sodium_is_zero(out, sizeof(out)));
	assert_int_equal(bare_run(k, NULL, NULL, out), ERR_OK);
}

/* Every paint: both end alike, Eve with another colour unless all is of one, and subtraction gives Alice's
 * away. */
static void paint_both_end_alike_for_any_paints(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 4096; i += 7) {
		struct paint_story s = {.common = {(uint8_t)(i * 3), (uint8_t)(i * 5), (uint8_t)(i * 7)},
		    .alice = {(uint8_t)(i * 11), (uint8_t)(i * 13), (uint8_t)(i * 17)},
		    .bob = {(uint8_t)(i * 19), (uint8_t)(i * 23), (uint8_t)(i * 29)}};
		paint_mix(&s);
		assert_memory_equal(&s.alice_end, &s.bob_end, sizeof(s.alice_end));
		assert_in_range(s.unmixed.r + 1, s.alice.r, s.alice.r + 2);
	}
}

static void paint_names_what_it_names(void **state)
{
	(void)state;
	assert_string_equal(paint_name((struct rgb){255, 255, 255}), "white");
	assert_string_equal(paint_name((struct rgb){1, 2, 0}), "black");
	assert_string_equal(paint_name((struct rgb){30, 80, 210}), "blue");
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(self_test_passes_and_says_each_vector),
	    cmocka_unit_test(parse_takes_64_digits_and_nothing_else),
	    cmocka_unit_test(small_order_is_just_what_gives_zero),
	    cmocka_unit_test(run_small_order_point_is_refused),
	    cmocka_unit_test(paint_both_end_alike_for_any_paints),
	    cmocka_unit_test(paint_names_what_it_names),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
