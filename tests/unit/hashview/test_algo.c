/* The hash functions against published vectors (their sources head the files in vectors/). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hashview/algo.h"
#include "torture.h"

#define LINE_ROOM 8192

/* Reads "Name = value" into value. */
static bool read_value(FILE *in, const char *name, char value[LINE_ROOM])
{
	char line[LINE_ROOM], want[16];
	int n = snprintf(want, sizeof(want), "%s = ", name);

	while (fgets(line, sizeof(line), in))
		if (strncmp(line, want, (size_t)n) == 0) {
			snprintf(value, LINE_ROOM, "%.*s", (int)strcspn(line + n, "\r\n"), line + n);
			return true;
		}
	return false;
}

static size_t run_file(enum algo a)
{
	char path[128], len[LINE_ROOM], msg[LINE_ROOM], md[LINE_ROOM], hex[DIGEST_MAX * 2 + 1];
	uint8_t bytes[LINE_ROOM / 2], digest[DIGEST_MAX];
	size_t count = 0, n;

	snprintf(path, sizeof(path), "tests/unit/hashview/vectors/%s.txt", algo_info(a)->name);
	FILE *in = fopen(path, "re");
	if (!in)
		return 0;
	while (read_value(in, "Len", len) && read_value(in, "Msg", msg) && read_value(in, "MD", md)) {
		assert_int_equal(sodium_hex2bin(bytes, sizeof(bytes), msg, strlen(msg), NULL, &n, NULL), 0);
		n = (size_t)atol(len) / 8;
		assert_int_equal(algo_hash(a, bytes, n, digest), ERR_OK);
		sodium_bin2hex(hex, sizeof(hex), digest, algo_info(a)->len);
		if (strcmp(hex, md) != 0)
			fail_msg("%s of %zu octets: %s, not %s", algo_info(a)->name, n, hex, md);
		count++;
	}
	fclose(in);
	return count;
}

static void algo_published_vectors_come_out(void **state)
{
	size_t total = 0;

	(void)state;
	for (enum algo a = 0; a < ALGO_COUNT; a++) {
		size_t n = run_file(a);
		if (a != ALGO_BLAKE2B_256 && n < 5)
			fail_msg("%s: only %zu vectors", algo_info(a)->name, n);
		total += n;
	}
	assert_true(total > 400);
}

/* The one that no file has; computed with b2sum -l 256 of coreutils 9.1. */
static void algo_blake2b_256_of_abc_is_right(void **state)
{
	uint8_t digest[DIGEST_MAX];
	char hex[DIGEST_MAX * 2 + 1];

	(void)state;
	assert_int_equal(algo_hash(ALGO_BLAKE2B_256, "abc", 3, digest), ERR_OK);
	assert_string_equal(sodium_bin2hex(hex, sizeof(hex), digest, 32),
	    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void algo_hasher_can_be_used_again(void **state)
{
	uint8_t once[DIGEST_MAX], again[DIGEST_MAX];

	(void)state;
	for (enum algo a = 0; a < ALGO_COUNT; a++) {
		struct hasher h;
		assert_int_equal(hasher_init(&h, a), ERR_OK);
		assert_true(hasher_begin(&h) && hasher_update(&h, "something else", 14) && hasher_final(&h, again));
		assert_true(hasher_begin(&h) && hasher_update(&h, "a", 1) && hasher_update(&h, "bc", 2) &&
		            hasher_final(&h, again));
		hasher_release(&h);
		assert_int_equal(algo_hash(a, "abc", 3, once), ERR_OK);
		assert_memory_equal(once, again, algo_info(a)->len);
	}
}

static void algo_is_found_by_every_name(void **state)
{
	enum algo a;

	(void)state;
	assert_true(algo_by_name("SHA256", &a) && a == ALGO_SHA256);
	assert_true(algo_by_name("sha2-512", &a) && a == ALGO_SHA512);
	assert_true(algo_by_tag("BLAKE2b", 7, &a) && a == ALGO_BLAKE2B);
	assert_false(algo_by_tag("sha256", 6, &a));
	assert_false(algo_by_tag("SHA2567", 7, &a));
	assert_false(algo_by_name("", &a));
	assert_false(algo_by_name("sha", &a));
}

static void algo_length_prefers_what_is_not_broken(void **state)
{
	(void)state;
	assert_true(algos_of_length(16) == ALGO_BIT(ALGO_MD5));
	assert_true(algos_of_length(32) & ALGO_BIT(ALGO_SHA256));
	assert_true(algos_of_length(32) & ALGO_BIT(ALGO_SHA3_256));
	assert_true(algos_of_length(31) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(algo_published_vectors_come_out),
	    cmocka_unit_test(algo_blake2b_256_of_abc_is_right),
	    cmocka_unit_test(algo_hasher_can_be_used_again),
	    cmocka_unit_test(algo_is_found_by_every_name),
	    cmocka_unit_test(algo_length_prefers_what_is_not_broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
