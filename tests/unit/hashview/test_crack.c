/* Guessing, and a rainbow table. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "events.h"
#include "hashview/crack.h"
#include "hashview/rainbow.h"
#include "torture.h"

/* Every look at the clock is a tenth of a second later. */
static int64_t tick(void *ctx)
{
	return *(int64_t *)ctx += 100 * NS_PER_MS;
}

static bool never(void)
{
	return false;
}

static void crack_finds_what_is_in_the_list(void **state)
{
	int64_t time = 0;
	struct clock clock = {tick, &time};
	struct crack_options o = {.clock = &clock,
	    .memory_kib = 8,
	    .passes = 1,
	    .argon_ns = NS_PER_S,
	    .random = randombytes_uniform,
	    .interrupted = never};
	struct words w = {0};
	struct crack_result res;
	struct recorder r;
	struct trace t;

	(void)state;
	trace_init(&t, &clock_real, "test");
	recorder_attach(&r, &t);
	assert_int_equal(words_builtin(&w), ERR_OK);
	assert_true(w.n > 1000);
	assert_int_equal(crack_run(&w, &o, &t, &res), ERR_OK);
	assert_int_equal(res.users, 5);
	assert_int_equal(res.found_plain, 4);
	assert_int_equal(res.found_salted, 4);
	assert_true(res.argon_guesses >= 2);
	const struct recorded *alice = recorder_find(&r, 0, EV_STATE, "loot", "alice");
	const struct recorded *bob = recorder_find(&r, 0, EV_STATE, "loot", "bob");
	assert_string_equal(strchr(alice->text, ':'), strchr(bob->text, ':'));
	const struct recorded *erin = recorder_find(&r, 0, EV_STATE, "loot", "erin");
	assert_non_null(strstr(erin->text, "(not found)"));
	words_release(&w);
	(void)!trace_release(&t);
	recorder_release(&r);
}

static void words_too_long_and_empty_are_left_out(void **state)
{
	struct words w = {0};
	FILE *in = tmpfile();

	(void)state;
	fputs("one\n\ntwo\r\n", in);
	for (int i = 0; i < 300; i++)
		putc('x', in);
	fputs("\nthree", in);
	rewind(in);
	assert_int_equal(words_read(&w, in), ERR_OK);
	assert_int_equal(w.n, 3);
	assert_string_equal(w.word[0], "one");
	assert_string_equal(w.word[1], "two");
	assert_string_equal(w.word[2], "three");
	words_release(&w);
	fclose(in);
}

static void rainbow_finds_most_words(void **state)
{
	struct rainbow r;
	uint8_t hash[32];
	uint32_t found;
	uint64_t work = 0;
	size_t hits = 0;

	(void)state;
	assert_int_equal(rainbow_make(&r, 2000, 60), ERR_OK);
	for (uint32_t word = 0; word < RAINBOW_SPACE; word += RAINBOW_SPACE / 97) {
		rainbow_hash(hash, word);
		if (rainbow_find(&r, hash, &found, &work)) {
			assert_int_equal(found, word);
			hits++;
		}
	}
	assert_in_range(hits, 10, 60); /* 120,000 hashes of 456,976 words: about a quarter */
	/* A word that starts a chain is always found. */
	rainbow_hash(hash, r.chains[5].first);
	assert_true(rainbow_find(&r, hash, &found, &work));
	rainbow_release(&r);
}

static void rainbow_words_are_numbered_in_order(void **state)
{
	rainbow_word text;

	(void)state;
	rainbow_text(text, 0);
	assert_string_equal(text, "aaaa");
	rainbow_text(text, RAINBOW_SPACE - 1);
	assert_string_equal(text, "zzzz");
	rainbow_text(text, 27);
	assert_string_equal(text, "aabb");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(crack_finds_what_is_in_the_list),
	    cmocka_unit_test(words_too_long_and_empty_are_left_out),
	    cmocka_unit_test(rainbow_finds_most_words),
	    cmocka_unit_test(rainbow_words_are_numbered_in_order),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
