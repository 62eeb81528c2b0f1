/* SHA-256 as FIPS 180-4 writes it, saying what it does. */
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "step.h"

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes (4.2.2). */
static const uint32_t K[64] = {0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
    0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152,
    0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138,
    0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70,
    0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5,
    0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa,
    0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotr(uint32_t x, unsigned n)
{
	return x >> n | x << (32 - n);
}

static void make_schedule(uint32_t w[static 64], const uint8_t block[static 64], struct trace *t)
{
	for (size_t i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
		       (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
	for (size_t i = 16; i < 64; i++) {
		uint32_t s0 = rotr(w[i - 15], 7) ^ rotr(w[i - 15], 18) ^ w[i - 15] >> 3;
		uint32_t s1 = rotr(w[i - 2], 17) ^ rotr(w[i - 2], 19) ^ w[i - 2] >> 10;
		w[i] = w[i - 16] + s0 + w[i - 7] + s1;
	}
	for (size_t i = 0; i < 64; i += 8) {
		char words[80], name[16];
		snprintf(name, sizeof(name), "W%zu-W%zu", i, i + 7);
		snprintf(words, sizeof(words), "%08x %08x %08x %08x %08x %08x %08x %08x", w[i], w[i + 1], w[i + 2],
		    w[i + 3], w[i + 4], w[i + 5], w[i + 6], w[i + 7]);
		ev_state(t, "words", name, NULL, words, "%s",
		    i < 16 ? "the block itself" : "each made of four earlier ones, rotated, shifted and added");
	}
}

static void say_state(struct trace *t, const char *key, const uint32_t s[static 8], const char *why)
{
	char text[80];

	snprintf(text, sizeof(text), "%08x %08x %08x %08x %08x %08x %08x %08x", s[0], s[1], s[2], s[3], s[4], s[5],
	    s[6], s[7]);
	ev_state(t, "a-h", key, NULL, text, "%s", why);
}

static void compress(uint32_t h[static 8], const uint8_t block[static 64], struct trace *t)
{
	uint32_t w[64], s[8];
	char key[16], why[96];

	make_schedule(w, block, t);
	memcpy(s, h, sizeof(s));
	say_state(t, "start", s, "eight working words, from the hash so far");
	for (unsigned i = 0; i < 64; i++) {
		uint32_t ch = (s[4] & s[5]) ^ (~s[4] & s[6]), maj = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
		uint32_t t1 = s[7] + (rotr(s[4], 6) ^ rotr(s[4], 11) ^ rotr(s[4], 25)) + ch + K[i] + w[i];
		uint32_t t2 = (rotr(s[0], 2) ^ rotr(s[0], 13) ^ rotr(s[0], 22)) + maj;
		memmove(s + 1, s, 7 * sizeof(*s));
		s[4] += t1;
		s[0] = t1 + t2;
		snprintf(key, sizeof(key), "round %u", i);
		snprintf(
		    why, sizeof(why), "T1=%08x goes into e, T1+T2=%08x into a, all others move on by one", t1, s[0]);
		say_state(t, key, s, why);
	}
	for (size_t i = 0; i < 8; i++)
		h[i] += s[i];
	say_state(t, "hash", h, "what came out is added to what went in: that is why it can't be run backwards");
}

void step_sha256(const uint8_t *text, size_t len, struct trace *t, uint8_t out[static 32])
{
	uint32_t h[8] = {
	    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
	uint8_t padded[STEP_TEXT_MAX + 128] = {0};
	size_t blocks = (len + 9 + 63) / 64;
	uint64_t bits = (uint64_t)len * 8;

	memcpy(padded, text, len);
	padded[len] = 0x80;
	for (size_t i = 0; i < 8; i++)
		padded[blocks * 64 - 1 - i] = (uint8_t)(bits >> 8 * i);
	ev_explain(t,
	    "The text of %zu octets gets one bit 1, zeros, and its length in bits (%llu), so that it fills "
	    "%zu block%s "
	    "of 64 octets. Each block stirs eight words of 32 bits through 64 rounds of additions, "
	    "rotations, and "
	    "choices bit by bit.",
	    len, (unsigned long long)bits, blocks, blocks == 1 ? "" : "s");
	say_state(
	    t, "before", h, "the first 32 bits of the square roots of the first eight primes, behind the point");
	for (size_t b = 0; b < blocks; b++) {
		char hex[129];
		ev_heading(t, "Block %zu of %zu", b + 1, blocks);
		ev_state(t, "block", "octets", NULL, hex_text(hex, sizeof(hex), padded + 64 * b, 64), "%s",
		    b + 1 == blocks ? "with the padding and the length" : "");
		compress(h, padded + 64 * b, t);
	}
	struct wr w = wr_init(out, 32);
	for (size_t i = 0; i < 8; i++)
		wr_u32(&w, h[i]);
}
