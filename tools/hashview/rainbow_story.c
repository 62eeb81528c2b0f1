/* A rainbow table, explained by one. */
#include <sodium.h>
#include <string.h>

#include "crack.h"
#include "rainbow.h"

#define CHAINS 12000
#define LENGTH 150
#define TRIES  200

/* The beginning of the first chain, link by link. */
static void show_chain(const struct rainbow *r, struct trace *t)
{
	uint8_t hash[32];
	rainbow_word from, to;
	char hex[17];
	uint32_t word = r->chains[0].first;

	for (uint32_t column = 0; column < 3; column++) {
		rainbow_hash(hash, word);
		uint32_t next = rainbow_reduce(hash, column);
		rainbow_text(from, word);
		rainbow_text(to, next);
		ev_state(t, "chain", from, sodium_bin2hex(hex, sizeof(hex), hash, 8), to,
		    "SHA-256 begins so; it is turned into the next word, column %u", column);
		word = next;
	}
	rainbow_text(from, r->chains[0].first);
	rainbow_text(to, r->chains[0].last);
	ev_decision(t, "kept", "Oechslin 2003",
	    "after %u links the chain ends in '%s': of all its words only '%s' and '%s' are kept", r->length, to,
	    from, to);
}

/* Words at random, their hashes undone: with the table as it is, and where a salt was hashed, too. */
static uint64_t try_table(const struct rainbow *r, const struct crack_options *o, struct crack_result *res)
{
	uint8_t hash[32], salted[RAINBOW_LETTERS + 1];
	uint64_t work = 0, salted_work = 0;
	uint32_t found;
	rainbow_word text;

	for (res->table_tries = 0; res->table_tries < TRIES && !o->interrupted(); res->table_tries++) {
		uint32_t word = o->random(RAINBOW_SPACE);
		rainbow_hash(hash, word);
		res->table_hits += rainbow_find(r, hash, &found, &work) && found == word;
		if (res->table_tries >= TRIES / 10)
			continue;
		rainbow_text(text, word);
		salted[0] = (uint8_t)o->random(256);
		memcpy(salted + 1, text, RAINBOW_LETTERS);
		crypto_hash_sha256(hash, salted, sizeof(salted));
		res->table_salted_hits += rainbow_find(r, hash, &found, &salted_work) && found == word;
	}
	return work;
}

enum err crack_rainbow(const struct crack_options *o, struct trace *t, struct crack_result *res)
{
	struct rainbow r;
	int64_t begin = clock_now(o->clock);

	ev_heading(t, "A rainbow table, for words of four small letters");
	enum err e = rainbow_make(&r, CHAINS, LENGTH);
	if (e != ERR_OK)
		return e;
	int64_t made = clock_now(o->clock);
	show_chain(&r, t);
	ev_timer(t, "table", made - begin,
	    "%d chains of %d links: %llu hashes once, in %.2f s; %zu KB are kept. All %u words "
	    "with their hashes would be %u KB",
	    CHAINS, LENGTH, (unsigned long long)r.hashes, (double)(made - begin) / 1e9,
	    CHAINS * sizeof(*r.chains) / 1000, RAINBOW_SPACE, RAINBOW_SPACE / 1000 * 36);
	uint64_t work = try_table(&r, o, res);
	rainbow_release(&r);
	if (o->interrupted())
		return ERR_CLOSED;
	ev_check(t, "table-plain", res->table_hits ? VERDICT_FAIL : VERDICT_PASS, NULL,
	    "are plain hashes safe from it?",
	    "no: %zu of %zu undone, with %llu hashes for each on average, instead of %u", res->table_hits,
	    res->table_tries, (unsigned long long)(work / (res->table_tries ? res->table_tries : 1)),
	    RAINBOW_SPACE / 2);
	ev_check(t, "table-salted", res->table_salted_hits ? VERDICT_FAIL : VERDICT_PASS, NULL,
	    "are hashes with a single octet of salt?", "%zu of %d undone: a table would be needed for each salt",
	    res->table_salted_hits, TRIES / 10);
	return ERR_OK;
}
