/* Making a rainbow table, and looking up in it. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "rainbow.h"

void rainbow_text(rainbow_word out, uint32_t number)
{
	for (int i = RAINBOW_LETTERS - 1; i >= 0; i--) {
		out[i] = (char)('a' + number % 26);
		number /= 26;
	}
	out[RAINBOW_LETTERS] = '\0';
}

void rainbow_hash(uint8_t out[static 32], uint32_t number)
{
	rainbow_word text;

	rainbow_text(text, number);
	crypto_hash_sha256(out, (const uint8_t *)text, RAINBOW_LETTERS);
}

uint32_t rainbow_reduce(const uint8_t hash[static 32], uint32_t column)
{
	uint64_t v = 0;

	for (int i = 0; i < 7; i++)
		v = v << 8 | hash[i];
	return (uint32_t)((v + column) % RAINBOW_SPACE);
}

/* Follows a chain from the word in column `from` to the word behind column `to`. */
static uint32_t follow(uint32_t word, uint32_t from, uint32_t to)
{
	uint8_t hash[32];

	for (uint32_t c = from; c < to; c++) {
		rainbow_hash(hash, word);
		word = rainbow_reduce(hash, c);
	}
	return word;
}

static int by_last(const void *a, const void *b)
{
	const struct rainbow_chain *x = a, *y = b;

	return x->last < y->last ? -1 : x->last > y->last;
}

enum err rainbow_make(struct rainbow *r, size_t chains, uint32_t length)
{
	*r = (struct rainbow){.n = chains, .length = length};
	r->chains = calloc(chains, sizeof(*r->chains));
	if (!r->chains)
		return ERR_NOMEM;
	for (size_t i = 0; i < chains; i++) {
		/* First words spread over the space: 7919 is prime to its size. */
		uint32_t first = (uint32_t)(i * 7919 % RAINBOW_SPACE);
		r->chains[i] = (struct rainbow_chain){first, follow(first, 0, length)};
		r->hashes += length;
	}
	qsort(r->chains, chains, sizeof(*r->chains), by_last);
	return ERR_OK;
}

void rainbow_release(struct rainbow *r)
{
	free(r->chains);
	*r = (struct rainbow){0};
}

/* The first of the chains that end in this word; n where there is none. */
static size_t first_with(const struct rainbow *r, uint32_t last)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (r->chains[mid].last < last)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool rainbow_find(const struct rainbow *r, const uint8_t hash[static 32], uint32_t *out, uint64_t *work)
{
	uint8_t again[32];

	for (uint32_t column = r->length; column-- > 0;) {
		uint32_t last = follow(rainbow_reduce(hash, column), column + 1, r->length);
		*work += r->length - column - 1;
		for (size_t i = first_with(r, last); i < r->n && r->chains[i].last == last; i++) {
			uint32_t word = follow(r->chains[i].first, 0, column);
			rainbow_hash(again, word);
			*work += column + 1;
			if (memcmp(again, hash, sizeof(again)) == 0) {
				*out = word;
				return true;
			}
		}
	}
	return false;
}
