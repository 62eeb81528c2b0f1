/* What is shown of hash functions: step by step, one bit changed, measured. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "hashview/avalanche.h"
#include "hashview/compare.h"
#include "hashview/step.h"
#include "torture.h"

/* Every length around the ends of blocks (64 and 136 octets), with contents that differ. */
static void step_any_length_is_what_the_library_says(void **state)
{
	uint8_t text[STEP_TEXT_MAX], ours[32], theirs[DIGEST_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 131 + 7);
	for (size_t len = 0; len <= sizeof(text); len += len < 300 ? 1 : 181) {
		step_sha256(text, len, NULL, ours);
		assert_int_equal(algo_hash(ALGO_SHA256, text, len, theirs), ERR_OK);
		assert_memory_equal(ours, theirs, 32);
		step_sha3_256(text, len, NULL, ours);
		assert_int_equal(algo_hash(ALGO_SHA3_256, text, len, theirs), ERR_OK);
		assert_memory_equal(ours, theirs, 32);
	}
}

/* FIPS 180-4's example "abc" as NIST publishes its intermediate values: a after rounds 0 and 63. */
static void step_rounds_are_nists(void **state)
{
	struct recorder r;
	struct trace t;

	(void)state;
	trace_init(&t, &clock_real, "test");
	recorder_attach(&r, &t);
	assert_int_equal(step_run(false, (const uint8_t *)"abc", 3, &t), ERR_OK);
	const struct recorded *first = recorder_find(&r, 0, EV_STATE, "a-h", "round 0:");
	const struct recorded *last = recorder_find(&r, 0, EV_STATE, "a-h", "round 63:");
	assert_non_null(
	    strstr(first->text, "5d6aebcd 6a09e667 bb67ae85 3c6ef372 fa2a4622 510e527f 9b05688c 1f83d9ab"));
	assert_non_null(
	    strstr(last->text, "506e3058 d39a2165 04d24d6c b85e2ce9 5ef50f24 fb121210 948d25b6 961f4894"));
	assert_int_equal(recorder_count(&r, EV_STATE, "a-h"), 67);
	(void)!trace_release(&t);
	recorder_release(&r);
}

static void step_too_long_is_refused(void **state)
{
	uint8_t text[STEP_TEXT_MAX + 1] = {0};

	(void)state;
	assert_int_equal(step_run(true, text, sizeof(text), NULL), ERR_USAGE);
}

static void avalanche_changes_about_half(void **state)
{
	struct avalanche_result res;

	(void)state;
	for (enum algo a = 0; a < ALGO_COUNT; a++) {
		assert_int_equal(avalanche_run(a, (const uint8_t *)"Attack at dawn", 14, 111, NULL, &res), ERR_OK);
		assert_int_equal(res.bits, algo_info(a)->len * 8);
		assert_int_equal(res.flips, 112);
		assert_true(res.mean > 0.45 * (double)res.bits && res.mean < 0.55 * (double)res.bits);
		assert_true(res.least <= res.changed && res.changed <= res.most);
		assert_true(res.least > 0 && res.most < res.bits);
	}
}

static void avalanche_draws_what_changed(void **state)
{
	struct avalanche_result res;
	struct recorder r;
	struct trace t;
	size_t drawn = 0;

	(void)state;
	trace_init(&t, &clock_real, "test");
	recorder_attach(&r, &t);
	assert_int_equal(avalanche_run(ALGO_SHA256, (const uint8_t *)"a", 1, 7, &t, &res), ERR_OK);
	for (size_t i = 0; i < r.n; i++)
		for (const char *p = strcmp(r.ev[i].id, "difference") == 0 ? r.ev[i].text : ""; *p; p++)
			drawn += *p == '#';
	assert_int_equal(drawn, res.changed);
	assert_int_equal(recorder_count(&r, EV_STATE, "difference"), 4);
	(void)!trace_release(&t);
	recorder_release(&r);
}

static int64_t tick(void *ctx)
{
	return *(int64_t *)ctx += NS_PER_MS;
}

static bool never(void)
{
	return false;
}

static bool at_once(void)
{
	return true;
}

static void compare_has_a_row_for_each(void **state)
{
	static const char *const names[] = {"AES-256-GCM", "ChaCha20-Poly1305", "X25519 exchange", "Ed25519 sign",
	    "Ed25519 verify", "RSA-2048 public", "RSA-2048 private", "SHA256", "SHA512", "SHA3-256", "SHA3-512",
	    "BLAKE2b"};
	int64_t time = 0;
	struct clock clock = {tick, &time};
	struct compare_options o = {.clock = &clock, .each_ns = 1, .rsa_bits = 2048, .interrupted = never};
	struct compare_result res;

	(void)state;
	assert_int_equal(compare_run(&o, NULL, &res), ERR_OK);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct compare_row *row = compare_find(&res, names[i], 0);
		if (!row || row->octets == 0 || !(row->ns > 0))
			fail_msg("no row for %s", names[i]);
	}
	assert_null(compare_find(&res, "AES-256-GCM", 17));
}

/* Two nanoseconds from one look at it to the next; a thousand every fourth time. */
static int64_t stumble(void *ctx)
{
	int64_t *looks = ctx;

	++*looks;
	return *looks * 2 + *looks / 4 * 1000;
}

static void compare_goes_by_the_fastest(void **state)
{
	int64_t looks = 0;
	struct clock clock = {stumble, &looks};
	struct compare_options o = {.clock = &clock, .each_ns = 16, .rsa_bits = 2048, .interrupted = never};
	struct compare_result res;

	(void)state;
	assert_int_equal(compare_run(&o, NULL, &res), ERR_OK);
	for (size_t i = 0; i < res.n; i++)
		assert_true(res.row[i].ns > 0 && res.row[i].ns <= 2);
}

static void compare_can_be_interrupted(void **state)
{
	struct compare_options o = {.clock = &clock_real, .each_ns = NS_PER_S, .interrupted = at_once};
	struct compare_result res;

	(void)state;
	assert_int_equal(compare_run(&o, NULL, &res), ERR_CLOSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(step_any_length_is_what_the_library_says),
	    cmocka_unit_test(step_rounds_are_nists),
	    cmocka_unit_test(step_too_long_is_refused),
	    cmocka_unit_test(avalanche_changes_about_half),
	    cmocka_unit_test(avalanche_draws_what_changed),
	    cmocka_unit_test(compare_has_a_row_for_each),
	    cmocka_unit_test(compare_goes_by_the_fastest),
	    cmocka_unit_test(compare_can_be_interrupted),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
