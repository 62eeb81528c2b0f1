#include "torture.h"

#include <string.h>

#include "glasslab/seed.h"

static void seed_word_is_stable_and_of_the_alphabet(void **state)
{
	(void)state;
	struct seed a, b;
	char x[SEED_BYTES + 1], y[SEED_BYTES + 1];
	seed_from_name(&a, "anna");
	seed_from_name(&b, "anna");
	seed_word(&a, "w", x, 20);
	seed_word(&b, "w", y, 20);
	assert_string_equal(x, y);
	assert_int_equal(strlen(x), 20);
	assert_int_equal(strspn(x, SEED_ALPHABET), 20);
	seed_word(&a, "w", x, 1000); /* no more than there is */
	assert_int_equal(strlen(x), SEED_BYTES);
}

static void seed_differs_by_name_and_by_purpose(void **state)
{
	(void)state;
	struct seed a, b;
	char x[17], y[17], z[17];
	seed_from_name(&a, "anna");
	seed_from_name(&b, "bert");
	seed_word(&a, "w", x, 16);
	seed_word(&b, "w", y, 16);
	seed_word(&a, "v", z, 16);
	assert_string_not_equal(x, y);
	assert_string_not_equal(x, z);
}

static void seed_number_keeps_its_bounds_and_moves(void **state)
{
	(void)state;
	struct seed s;
	uint64_t seen = 0;
	for (int i = 0; i < 200; i++) {
		char name[2] = {(char)('A' + i % 50), 0};
		seed_from_name(&s, name);
		uint64_t n = seed_number(&s, "n", 10, 13);
		assert_in_range(n, 10, 13);
		seen |= UINT64_C(1) << (n - 10);
	}
	assert_int_equal(seen, 15); /* all four come */
	assert_int_equal(seed_number(&s, "n", 9, 9), 9);
	assert_int_equal(seed_number(&s, "n", 9, 1), 9);
}

static void seed_random_differs_each_time(void **state)
{
	(void)state;
	struct seed a, b;
	seed_random(&a);
	seed_random(&b);
	assert_memory_not_equal(a.key, b.key, sizeof a.key);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(seed_word_is_stable_and_of_the_alphabet),
	    cmocka_unit_test(seed_differs_by_name_and_by_purpose),
	    cmocka_unit_test(seed_number_keeps_its_bounds_and_moves),
	    cmocka_unit_test(seed_random_differs_each_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
