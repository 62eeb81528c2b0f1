/* The toy's arithmetic, its searches, its judgement of parameters, and the line through measured points. */
#include "torture.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dhview/curve.h"
#include "dhview/toy.h"
#include "events.h"

static const struct crack_bounds unbounded = {0};

static void is_prime_pseudoprimes_are_refused(void **state)
{
	(void)state;
	/* Carmichael numbers, strong pseudoprimes to base 2, a square, the ends */
	static const uint64_t no[] = {
	    0, 1, 4, 561, 1729, 2047, 3215031751, 3825123056546413051, 1018081, (UINT64_C(1) << 61) + 1};
	static const uint64_t yes[] = {2, 3, 37, 41, 65537, 2147483579, 2305843009213693951};
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(is_prime(no[i]));
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(is_prime(yes[i]));
}

static void safe_prime_is_the_next_one(void **state)
{
	(void)state;
	static const uint64_t known[] = {5, 7, 11, 23, 47, 59, 83, 107, 167, 179, 227}; /* OEIS A005385 */
	uint64_t n = 0;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		n = safe_prime_from(n);
		assert_int_equal(n, known[i]);
		n++;
	}
}

static void factorize_gives_back_the_number(void **state)
{
	(void)state;
	static const uint64_t numbers[] = {
	    1, 2, 97, 1024, 1000003ull * 1000003ull, 2305843009213693950, 4611686018427387847ull, 600851475143};
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct factors f;
		uint64_t product = 1;
		factorize(&f, numbers[i]);
		for (size_t k = 0; k < f.n; k++) {
			assert_true(is_prime(f.prime[k]));
			for (unsigned e = 0; e < f.power[k]; e++)
				product *= f.prime[k];
		}
		assert_int_equal(product, numbers[i]);
	}
}

/* Against counting, for every g modulo every small p, prime or not. */
static void order_equals_what_counting_gives(void **state)
{
	(void)state;
	for (uint64_t p = 2; p < 80; p++)
		for (uint64_t g = 0; g < p; g++) {
			uint64_t n = 0, power = 1 % p;
			if (gcd(g, p) == 1)
				do {
					power = power * g % p;
					n++;
				} while (power != 1 % p);
			assert_int_equal(order_of(g, p), n);
		}
}

static void join_remainders_agrees_with_counting(void **state)
{
	(void)state;
	for (uint64_t m = 1; m < 16; m++)
		for (uint64_t n = 1; n < 16; n++)
			for (uint64_t v = 0; v < m * n; v++) {
				uint64_t x = v % m, modulus = m;
				assert_true(join_remainders(&x, &modulus, v % n, n));
				assert_int_equal(modulus, m / gcd(m, n) * n);
				assert_int_equal(x, v % modulus);
			}
	uint64_t x = 1, m = 4;
	assert_false(join_remainders(&x, &m, 2, 6));
	assert_int_equal(x, 1);
}

static void crack_every_method_finds_every_exponent(void **state)
{
	(void)state;
	static const uint64_t groups[][2] = {{23, 5}, {23, 2}, {1019, 2}, {7919, 7}, {7919, 4}, {997, 7}};
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct puzzle z = {groups[i][0], groups[i][1], 0, order_of(groups[i][1], groups[i][0])};
		for (uint64_t x = 0; x < z.order; x += 1 + z.order / 50) {
			z.target = mod_pow(z.g, x, z.p);
			for (enum crack_method m = 0; m < CRACK_METHODS; m++) {
				struct cracked c;
				enum err e = crack(m, &z, &unbounded, &c);
				if (m == CRACK_RHO && e == ERR_NEGATIVE && z.order < 64)
					continue; /* its walk may be too short */
				assert_int_equal(e, ERR_OK);
				assert_int_equal(c.x, x);
			}
		}
	}
}

static void crack_large_group_takes_about_the_root_in_steps(void **state)
{
	(void)state;
	struct puzzle z = {.p = 2147483579, .g = 4, .order = 1073741789};
	struct cracked c;
	z.target = mod_pow(4, 123456789, z.p);
	assert_int_equal(crack(CRACK_BSGS, &z, &unbounded, &c), ERR_OK);
	assert_int_equal(c.x, 123456789);
	assert_in_range(c.steps, 1 << 15, 1 << 17);
	assert_int_equal(crack(CRACK_RHO, &z, &unbounded, &c), ERR_OK);
	assert_int_equal(c.x, 123456789);
	assert_in_range(c.steps, 1 << 12, 1 << 19);
}

static bool at_once(void *ctx)
{
	(void)ctx;
	return true;
}

static void crack_ends_when_told_or_when_it_is_too_much(void **state)
{
	(void)state;
	struct puzzle z = {
	    .p = 2147483579, .g = 4, .target = 2147483578, .order = 1073741789}; /* no square, so no power of 4 */
	const struct crack_bounds stop = {.stop = at_once}, few = {.max_steps = 1000};
	struct cracked c;
	assert_int_equal(crack(CRACK_EXHAUSTIVE, &z, &stop, &c), ERR_TIMEOUT);
	for (enum crack_method m = 0; m < CRACK_METHODS; m++)
		assert_int_equal(crack(m, &z, &few, &c), ERR_BUDGET);
	assert_int_equal(crack(CRACK_BSGS, &z, &unbounded, &c), ERR_NEGATIVE);
}

static void judge_knows_each_flaw(void **state)
{
	(void)state;
	static const struct {
		uint64_t p, g;
		enum toy_flaw flaw;
	} cases[] = {{23, 5, TOY_SOUND}, {23, 2, TOY_SOUND}, {2147483579, 4, TOY_SOUND}, {21, 5, TOY_NOT_PRIME},
	    {561, 2, TOY_NOT_PRIME}, {15, 3, TOY_NO_GROUP}, {23, 0, TOY_NO_GROUP}, {23, 1, TOY_SMALL_ORDER},
	    {23, 22, TOY_SMALL_ORDER}, {31, 2, TOY_TINY_GROUP}, {31, 3, TOY_SMOOTH_ORDER},
	    {2305843009213693951, 3, TOY_SMOOTH_ORDER}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t order;
		assert_string_equal(
		    toy_flaw_name(toy_judge(cases[i].p, cases[i].g, &order)), toy_flaw_name(cases[i].flaw));
	}
}

/* Whatever is called unsafe must be shown to leak: Eve has the key, not only a verdict. */
static void toy_unsafe_parameters_give_eve_the_key(void **state)
{
	(void)state;
	static const uint64_t unsafe[][2] = {{21, 5}, {561, 2}, {1000, 3}, {23, 1}, {23, 22}, {31, 2}, {31, 3},
	    {2305843009213693951, 3}, {1000003ull * 1000033ull, 5}, {49, 3}, {23, 0}, {15, 3}, {9, 3}, {12, 6},
	    {1024, 2}, {1000, 10}, {4611686018427387904 - 1, 3}};
	for (size_t i = 0; i < sizeof(unsafe) / sizeof(unsafe[0]); i++)
		for (uint64_t a = 1; a < 20; a++) {
			struct toy_options o = {.p = unsafe[i][0], .g = unsafe[i][1], .a = a, .b = 7};
			struct toy toy;
			assert_int_equal(toy_run(&o, NULL, &toy), ERR_NEGATIVE);
			assert_true(toy.eve_has_key);
		}
}

static void toy_textbook_numbers(void **state)
{
	(void)state;
	struct toy_options o = {.p = 23, .g = 5, .a = 6, .b = 15};
	struct recorder r;
	struct toy toy;
	struct trace t;
	trace_init(&t, &clock_real, "test");
	recorder_attach(&r, &t);
	assert_int_equal(toy_run(&o, &t, &toy), ERR_OK);
	assert_int_equal(toy.A, 8);
	assert_int_equal(toy.B, 19);
	assert_int_equal(toy.key, 2);
	assert_int_equal(toy.eve_modulus, 2); /* 5 is no square: one bit leaks, and that is said */
	assert_int_equal(toy.eve, 0);
	assert_false(toy.eve_has_key);
	assert_non_null(recorder_find(&r, 0, EV_DECISION, "power", "5^6 = 5^2 × 5^4 = 8 (mod 23)"));
	assert_non_null(recorder_find(&r, 0, EV_CHECK, "same-key", "Alice has B^a = 2, Bob has A^b = 2"));
	assert_int_equal(recorder_count(&r, EV_SEND, "DH"), 2);
	assert_int_equal(trace_release(&t), ERR_OK);
	recorder_release(&r);
}

static void toy_prime_order_leaks_nothing(void **state)
{
	(void)state;
	struct toy_options o = {.p = 23, .g = 2, .a = 6, .b = 9};
	struct toy toy;
	assert_int_equal(toy_run(&o, NULL, &toy), ERR_OK);
	assert_int_equal(toy.eve_modulus, 1);
}

/* --- the curve --- */

static void curve_fit_finds_a_known_line(void **state)
{
	(void)state;
	struct curve c = {.n = 0};
	struct curve_line l;
	double margin;
	for (unsigned bits = 12; bits <= 40; bits += 4)
		c.at[c.n++] = (struct curve_point){CRACK_RHO, bits, exp2(0.5 * bits - 22), 1};
	assert_int_equal(curve_fit(&l, &c, CRACK_RHO), ERR_OK);
	assert_float_equal(l.slope, 0.5, 1e-9);
	assert_float_equal(curve_predict(&l, 252, &margin), 104, 1e-6);
	assert_float_equal(margin, 0, 1e-6);
	assert_int_equal(curve_fit(&l, &c, CRACK_BSGS), ERR_NEGATIVE);
	/* points that scatter leave room, and more of it farther out */
	for (size_t i = 0; i < c.n; i++)
		c.at[i].seconds *= i % 2 ? 1.2 : 0.8;
	double near, far;
	assert_int_equal(curve_fit(&l, &c, CRACK_RHO), ERR_OK);
	curve_predict(&l, 40, &near);
	curve_predict(&l, 2047, &far);
	assert_true(near > 0.2 && far > 10 * near);
}

static void curve_duration_chooses_the_unit(void **state)
{
	(void)state;
	char text[48];
	assert_string_equal(curve_duration(text, sizeof(text), log2(0.012)), "12 ms");
	assert_string_equal(curve_duration(text, sizeof(text), log2(90)), "1.5 minutes");
	assert_string_equal(curve_duration(text, sizeof(text), log2(31557600.0) + 1), "2 years");
	assert_string_equal(curve_duration(text, sizeof(text), 1000), "10^294 years");
}

/* A clock that goes on by a microsecond whenever it is asked. */
static int64_t tick(void *ctx)
{
	return *(int64_t *)ctx += 1000;
}

static void curve_measure_counts_steps_and_draws(void **state)
{
	(void)state;
	int64_t now = 0;
	const struct curve_measure m = {.now_ns = tick, .ctx = &now, .max_bits = {16, 20, 20}};
	struct curve c;
	char *text = NULL;
	size_t len = 0;
	assert_int_equal(curve_measure(&c, &m), ERR_OK);
	assert_int_equal(c.n, 2 + 3 + 3);
	assert_true(c.at[1].steps > 10 * c.at[0].steps); /* exhaustive: 16 times */
	assert_true(c.at[4].steps < 8 * c.at[3].steps);  /* the root of it: 4 times */
	c.at[0].seconds *= 2;                            /* equal times make no chart */
	FILE *f = open_memstream(&text, &len);
	curve_draw(&c, f, 60);
	fclose(f);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_in_range(strlen(line), 0, 66);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_prime_pseudoprimes_are_refused),
	    cmocka_unit_test(safe_prime_is_the_next_one),
	    cmocka_unit_test(factorize_gives_back_the_number),
	    cmocka_unit_test(order_equals_what_counting_gives),
	    cmocka_unit_test(join_remainders_agrees_with_counting),
	    cmocka_unit_test(crack_every_method_finds_every_exponent),
	    cmocka_unit_test(crack_large_group_takes_about_the_root_in_steps),
	    cmocka_unit_test(crack_ends_when_told_or_when_it_is_too_much),
	    cmocka_unit_test(judge_knows_each_flaw),
	    cmocka_unit_test(toy_unsafe_parameters_give_eve_the_key),
	    cmocka_unit_test(toy_textbook_numbers),
	    cmocka_unit_test(toy_prime_order_leaks_nothing),
	    cmocka_unit_test(curve_fit_finds_a_known_line),
	    cmocka_unit_test(curve_duration_chooses_the_unit),
	    cmocka_unit_test(curve_measure_counts_steps_and_draws),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
