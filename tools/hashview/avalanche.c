/* One bit changed. */
#include <stdlib.h>
#include <string.h>

#include "avalanche.h"
#include "glassnet/wire.h"

#define ROW       64   /* bits in a row of the picture */
#define FLIPS_MAX 2048 /* input bits that are tried for the statistics */

static size_t differing(const uint8_t *a, const uint8_t *b, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (size_t)__builtin_popcount(a[i] ^ b[i]);
	return n;
}

/* Rows of 64 bits: '#' where the two differ. */
static void picture(const uint8_t *a, const uint8_t *b, size_t len, struct trace *t)
{
	char row[ROW + 1], place[32], count[32];

	for (size_t at = 0; at < len * 8; at += ROW) {
		size_t n = 0;
		for (; n < ROW && at + n < len * 8; n++) {
			uint8_t bit = (uint8_t)(0x80 >> (at + n) % 8);
			row[n] = ((a[(at + n) / 8] ^ b[(at + n) / 8]) & bit) ? '#' : '.';
		}
		row[n] = '\0';
		snprintf(place, sizeof(place), "bits %3zu-%zu", at, at + n - 1);
		snprintf(count, sizeof(count), "%zu changed", differing(a + at / 8, b + at / 8, n / 8));
		ev_state(t, "difference", place, NULL, row, "%s", count);
	}
}

static void show(
    enum algo a, const char *which, const uint8_t *text, size_t len, const uint8_t *digest, struct trace *t)
{
	char hex[DIGEST_MAX * 2 + 1], shown[160], head[41];

	sodium_bin2hex(hex, sizeof(hex), digest, algo_info(a)->len);
	hex_text(head, sizeof(head), text, len);
	escape_text(shown, sizeof(shown), text, len);
	/* The escapes are part of what is said: the sink must not escape them again. */
	for (char *p = shown; *p; p++)
		if (*p == '\\')
			*p = '%';
	ev_state(t, which, shown, head, hex, "%zu octets in, %zu bits out", len, algo_info(a)->len * 8);
}

enum err avalanche_run(
    enum algo a, const uint8_t *text, size_t len, size_t bit, struct trace *t, struct avalanche_result *res)
{
	uint8_t first[DIGEST_MAX], second[DIGEST_MAX], *copy = malloc(len);
	size_t out = algo_info(a)->len, sum = 0;
	char json[256];
	enum err e = copy ? algo_hash(a, text, len, first) : ERR_NOMEM;

	*res = (struct avalanche_result){.bits = out * 8, .least = out * 8};
	if (e == ERR_OK)
		memcpy(copy, text, len);
	for (size_t i = 0; e == ERR_OK && i < len * 8 && i < FLIPS_MAX; i++) {
		copy[i / 8] ^= (uint8_t)(0x80 >> i % 8);
		e = algo_hash(a, copy, len, second);
		size_t n = differing(first, second, out);
		sum += n;
		res->flips++;
		res->least = n < res->least ? n : res->least;
		res->most = n > res->most ? n : res->most;
		copy[i / 8] ^= (uint8_t)(0x80 >> i % 8);
	}
	if (e == ERR_OK) {
		copy[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		e = algo_hash(a, copy, len, second);
	}
	if (e == ERR_OK) {
		res->changed = differing(first, second, out);
		res->mean = (double)sum / (double)res->flips;
		ev_heading(t, "%s, before and after one bit of the text is changed", algo_info(a)->name);
		show(a, "before", text, len, first, t);
		show(a, "after", copy, len, second, t);
		picture(first, second, out, t);
		ev_explain(t,
		    "A good hash function changes each bit of its output with a chance of one half, whatever "
		    "bit of the "
		    "input changes: %zu of %zu are expected, give or take. That is why a fingerprint tells "
		    "nothing of how "
		    "near two texts are, and why a text cannot be changed bit by bit until its fingerprint "
		    "fits.",
		    res->bits / 2, res->bits);
		ev_check(t, "half",
		    res->mean > 0.45 * (double)res->bits && res->mean < 0.55 * (double)res->bits ? VERDICT_PASS
		                                                                                 : VERDICT_FAIL,
		    NULL, "do about half of the bits change?",
		    "each of %zu input bits changed alone: %.1f of %zu output bits on average, at least %zu, "
		    "at most %zu",
		    res->flips, res->mean, res->bits, res->least, res->most);
		snprintf(json, sizeof(json),
		    "{\"bits\":%zu,\"changed\":%zu,\"mean\":%.2f,\"least\":%zu,\"most\":%zu,\"tried\":%zu}",
		    res->bits, res->changed, res->mean, res->least, res->most, res->flips);
		ev_result(t, ERR_OK, json, "1 bit in, %zu of %zu bits out (%.0f %%)", res->changed, res->bits,
		    100.0 * (double)res->changed / (double)res->bits);
	} else {
		ev_result(t, e, NULL, "%s", err_text(e));
	}
	free(copy);
	return e;
}
