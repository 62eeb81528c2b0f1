/* Three ways to find a from g, p and A = g^a mod p, and the way that needs g's order to be a product of small
 * numbers. Each counts its multiplications. */
#ifndef DHVIEW_CRACK_H
#define DHVIEW_CRACK_H

#include "glassnet/err.h"
#include "modular.h"

enum crack_method { CRACK_EXHAUSTIVE, CRACK_BSGS, CRACK_RHO, CRACK_METHODS };

struct puzzle {
	uint64_t p, g, target; /* target = g^x mod p; x is looked for */
	uint64_t order;        /* of g */
};

struct cracked {
	uint64_t x;      /* below order */
	uint64_t steps;  /* multiplications modulo p */
	uint64_t memory; /* octets */
};

/* "exhaustive search"; never NULL. */
const char *crack_name(enum crack_method m);

/* Looks for x. stop, if not NULL, is asked now and then: true ends the search with ERR_TIMEOUT. ERR_NEGATIVE:
 * there is no x, or (rho alone, in small groups) it was not found; ERR_BUDGET: more than max_steps;
 * ERR_NOMEM. */
struct crack_bounds {
	uint64_t max_steps;
	bool (*stop)(void *ctx);
	void *ctx;
};
enum err crack(
    enum crack_method m, const struct puzzle *z, const struct crack_bounds *b, struct cracked *out) MUST_USE;

/* Pohlig and Hellman's observation: for each prime power r^e that divides the order, x mod r^e can be found
 * in a group of that size alone. Fills *modulus with the product of all r^e with r at most largest, and *x
 * with x modulo that. */
enum err crack_smooth(
    const struct puzzle *z, uint64_t largest, const struct crack_bounds *b, uint64_t *x, uint64_t *modulus) MUST_USE;

/* x modulo *m, and b modulo n: becomes x modulo the least common multiple (which must be below 2^63). False,
 * and nothing is changed, when no number leaves both remainders. */
bool join_remainders(uint64_t *x, uint64_t *m, uint64_t b, uint64_t n) MUST_USE;

#endif
