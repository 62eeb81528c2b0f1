#include "seed.h"

#include <sodium.h>
#include <string.h>

static const char prefix[] = "glassnet lab seed 1: ";

void seed_from_name(struct seed *s, const char *name)
{
	crypto_generichash_state state;
	crypto_generichash_init(&state, NULL, 0, sizeof s->key);
	crypto_generichash_update(&state, (const unsigned char *)prefix, strlen(prefix));
	crypto_generichash_update(&state, (const unsigned char *)name, strlen(name));
	crypto_generichash_final(&state, s->key, sizeof s->key);
	sodium_memzero(&state, sizeof state);
}

void seed_random(struct seed *s)
{
	randombytes_buf(s->key, sizeof s->key);
}

void seed_bytes(const struct seed *s, const char *what, uint8_t out[static SEED_BYTES])
{
	crypto_generichash(out, SEED_BYTES, (const unsigned char *)what, strlen(what), s->key, sizeof s->key);
}

void seed_word(const struct seed *s, const char *what, char *out, size_t letters)
{
	uint8_t v[SEED_BYTES];
	seed_bytes(s, what, v);
	if (letters > sizeof v)
		letters = sizeof v;
	for (size_t i = 0; i < letters; i++)
		out[i] = SEED_ALPHABET[v[i] & 31];
	out[letters] = '\0';
	sodium_memzero(v, sizeof v);
}

uint64_t seed_number(const struct seed *s, const char *what, uint64_t min, uint64_t max)
{
	uint8_t v[SEED_BYTES];
	seed_bytes(s, what, v);
	uint64_t n = 0;
	for (size_t i = 0; i < 8; i++)
		n = n << 8 | v[i];
	sodium_memzero(v, sizeof v);
	return max <= min ? min : min + n % (max - min + 1);
}
