/* SHA3-256 as FIPS 202 writes it, saying what it does. */
#include <inttypes.h>
#include <string.h>

#include "glassnet/wire.h"
#include "step.h"

#define RATE   136 /* octets of the state that take in the text; the other 64 are the capacity */
#define ROUNDS 24

/* The constants of iota come from a shift register (FIPS 202, algorithm 5). */
static uint64_t round_constant(unsigned round)
{
	uint64_t rc = 0;

	for (unsigned j = 0; j <= 6; j++) {
		uint8_t r = 1;
		for (unsigned i = 0; i < (j + 7 * round) % 255; i++)
			r = (uint8_t)(r << 1 ^ (r & 0x80 ? 0x71 : 0));
		if (r & 1)
			rc |= UINT64_C(1) << ((1U << j) - 1);
	}
	return rc;
}

static uint64_t rotl(uint64_t x, unsigned n)
{
	return n ? x << n | x >> (64 - n) : x;
}

/* Lane (x, y) is a[x + 5 * y]. */
static void theta(uint64_t a[static 25])
{
	uint64_t c[5];

	for (unsigned x = 0; x < 5; x++)
		c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	for (unsigned i = 0; i < 25; i++)
		a[i] ^= c[(i + 4) % 5] ^ rotl(c[(i + 1) % 5], 1);
}

static void rho(uint64_t a[static 25])
{
	for (unsigned t = 0, x = 1, y = 0; t < 24; t++) {
		a[x + 5 * y] = rotl(a[x + 5 * y], (t + 1) * (t + 2) / 2 % 64);
		unsigned next = (2 * x + 3 * y) % 5;
		x = y;
		y = next;
	}
}

static void pi(uint64_t a[static 25])
{
	uint64_t b[25];

	memcpy(b, a, sizeof(b));
	for (unsigned x = 0; x < 5; x++)
		for (unsigned y = 0; y < 5; y++)
			a[x + 5 * y] = b[(x + 3 * y) % 5 + 5 * x];
}

static void chi(uint64_t a[static 25])
{
	uint64_t b[25];

	memcpy(b, a, sizeof(b));
	for (unsigned i = 0; i < 25; i++) {
		unsigned y = i / 5 * 5;
		a[i] = b[i] ^ (~b[y + (i + 1) % 5] & b[y + (i + 2) % 5]);
	}
}

static void say_row(struct trace *t, const char *table, const char *key, const uint64_t a[static 25], const char *why)
{
	char text[128];

	snprintf(text, sizeof(text), "%016" PRIx64 " %016" PRIx64 " %016" PRIx64 " ...", a[0], a[1], a[2]);
	ev_state(t, table, key, NULL, text, "%s", why);
}

static void permute(uint64_t a[static 25], struct trace *t)
{
	char table[24], why[96];

	for (unsigned round = 0; round < ROUNDS; round++) {
		uint64_t rc = round_constant(round);
		snprintf(table, sizeof(table), "round %u", round);
		theta(a);
		say_row(t, table, "theta", a, "to each bit the parities of two columns beside it are added");
		rho(a);
		say_row(t, table, "rho", a, "each lane is rotated by a number of its own");
		pi(a);
		say_row(t, table, "pi", a, "the lanes change places");
		chi(a);
		say_row(
		    t, table, "chi", a, "each bit is flipped where the next is 0 and the one after it 1: not linear");
		a[0] ^= rc;
		snprintf(why, sizeof(why), "%016" PRIx64 " is added to the first lane: no two rounds are alike", rc);
		say_row(t, table, "iota", a, why);
	}
}

void step_sha3_256(const uint8_t *text, size_t len, struct trace *t, uint8_t out[static 32])
{
	uint64_t a[25] = {0};
	uint8_t padded[STEP_TEXT_MAX + 2 * RATE] = {0};
	size_t blocks = len / RATE + 1;

	memcpy(padded, text, len);
	padded[len] = 0x06; /* 01 for SHA-3, then 10*1 */
	padded[blocks * RATE - 1] |= 0x80;
	ev_explain(t,
	    "The state is 5 x 5 lanes of 64 bits, 1,600 in all. Of each block %d octets are added to it (the "
	    "rate); the "
	    "other 64 octets (the capacity) no text ever touches, and nobody ever sees. Then 24 rounds of "
	    "five steps "
	    "stir it. That is the sponge: it soaks up the text block by block, and is pressed once for the "
	    "fingerprint.",
	    RATE);
	for (size_t b = 0; b < blocks; b++) {
		char hex[121];
		ev_heading(t, "Block %zu of %zu", b + 1, blocks);
		ev_state(t, "block", "octets", NULL, hex_text(hex, sizeof(hex), padded + RATE * b, RATE), "%s",
		    b + 1 == blocks ? "padded with 06 ... 80" : "");
		for (size_t i = 0; i < RATE; i++)
			a[i / 8] ^= (uint64_t)padded[RATE * b + i] << 8 * (i % 8);
		say_row(
		    t, "sponge", "absorb", a, "the block is added to the first 17 lanes, bit by bit, without carry");
		permute(a, t);
	}
	for (size_t i = 0; i < 32; i++)
		out[i] = (uint8_t)(a[i / 8] >> 8 * (i % 8));
}
