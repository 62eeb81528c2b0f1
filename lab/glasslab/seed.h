/* Where a lab's passwords, account numbers and TTLs come from: a name, or chance.
 *
 *     key       = BLAKE2b-256("glassnet lab seed 1: " NAME), or 32 random octets
 *     value(w)  = BLAKE2b-256(w, keyed with key)
 *     word      = the low 5 bits of each octet of value(w), as letters of SEED_ALPHABET
 *     number    = MIN + (the first 8 octets of value(w), big endian) mod (MAX - MIN + 1)
 *
 * So two students who start their labs with their own names get different answers, and each the same
 * tomorrow. */
#ifndef GLASSLAB_SEED_H
#define GLASSLAB_SEED_H

#include <stddef.h>
#include <stdint.h>

#define SEED_BYTES    32
#define SEED_ALPHABET "abcdefghijkmnpqrstuvwxyz23456789" /* 32 characters; without l and o, which look like 1 and 0 */

struct seed {
	uint8_t key[SEED_BYTES]; /* secret: sodium_memzero when done */
};

void seed_from_name(struct seed *s, const char *name);
void seed_random(struct seed *s);

/* value(what): a secret where it becomes a key. */
void seed_bytes(const struct seed *s, const char *what, uint8_t out[static SEED_BYTES]);

/* Writes letters characters (at most SEED_BYTES) and a NUL. */
void seed_word(const struct seed *s, const char *what, char *out, size_t letters);
uint64_t seed_number(const struct seed *s, const char *what, uint64_t min, uint64_t max);

#endif
