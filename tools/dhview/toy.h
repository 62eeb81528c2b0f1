/* The exchange with small numbers: every step can be checked by hand, and Eve can win. */
#ifndef DHVIEW_TOY_H
#define DHVIEW_TOY_H

#include "glassnet/trace.h"
#include "curve.h"
#include "modular.h"

enum toy_flaw {
	TOY_SOUND,
	TOY_NOT_PRIME,    /* p is composite: the puzzle falls apart into one for each prime power in it */
	TOY_NO_GROUP,     /* g is 0 or shares a factor with p */
	TOY_SMALL_ORDER,  /* g is 1 or p - 1: one or two keys */
	TOY_TINY_GROUP,   /* the powers of g are so few that all can be tried */
	TOY_SMOOTH_ORDER, /* the number of powers is a product of small primes: each gives a part of the
	                     secret away */
	TOY_FLAWS
};

struct toy_options {
	uint64_t p, g; /* 3 <= p < MODULUS_MAX, g < p */
	uint64_t a, b; /* the secrets, 1 <= a, b < p */
	bool crack;    /* let Eve try, and measure */
	const struct curve_measure *measure;
};

struct toy {
	uint64_t A, B;  /* what was sent */
	uint64_t key;   /* what both have */
	uint64_t order; /* of g; 0: none */
	enum toy_flaw flaw;
	uint64_t eve, eve_modulus; /* Eve knows a modulo eve_modulus without a search worth the name */
	bool eve_has_key;
	struct curve curve; /* with crack */
};

const char *toy_flaw_name(enum toy_flaw f); /* "tiny-group" */
enum toy_flaw toy_judge(uint64_t p, uint64_t g, uint64_t *order);

/* What went out of the exchange with these numbers. ERR_OK; ERR_NEGATIVE: the parameters are unsafe, and how
 * they leak has been shown; ERR_TIMEOUT: measuring was interrupted. */
enum err toy_run(const struct toy_options *opt, struct trace *t, struct toy *out) MUST_USE;

#endif
