/* A rainbow table (Oechslin 2003) for words of four small letters under SHA-256: hashes are computed once,
 * and of a chain
 *
 *     word -> hash -> another word -> hash -> ... -> last word
 *
 * only the first and the last word are kept. A hash that is to be undone is followed to the end of its chain;
 * the chain's first word then leads back to it. The step from hash to word differs from column to column, so
 * that two chains that meet in different columns part again. */
#ifndef HASHVIEW_RAINBOW_H
#define HASHVIEW_RAINBOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

#define RAINBOW_LETTERS 4
#define RAINBOW_SPACE   UINT32_C(456976) /* 26 to the 4th */

typedef char rainbow_word[RAINBOW_LETTERS + 1];

struct rainbow_chain {
	uint32_t first, last; /* words, as numbers */
};

struct rainbow {
	struct rainbow_chain *chains; /* sorted by last */
	size_t n;
	uint32_t length; /* hashes in a chain */
	uint64_t hashes; /* computed to make it */
};

enum err rainbow_make(struct rainbow *r, size_t chains, uint32_t length) MUST_USE;
void rainbow_release(struct rainbow *r);

void rainbow_text(rainbow_word out, uint32_t number);
void rainbow_hash(uint8_t out[static 32], uint32_t number);
uint32_t rainbow_reduce(const uint8_t hash[static 32], uint32_t column);

/* The word with this hash; false: the table does not have it. *work grows by the hashes that were computed.
 */
bool rainbow_find(const struct rainbow *r, const uint8_t hash[static 32], uint32_t *out, uint64_t *work);

#endif
