#include "crack.h"

#include <stdlib.h>
#include <string.h>

const char *crack_name(enum crack_method m)
{
	static const char *const names[] = {"exhaustive search", "baby-step giant-step", "Pollard's rho"};

	return names[m];
}

static enum err spend(const struct crack_bounds *b, struct cracked *out, uint64_t steps)
{
	uint64_t before = out->steps >> 16;

	out->steps += steps;
	if (b->max_steps && out->steps > b->max_steps)
		return ERR_BUDGET;
	return b->stop && out->steps >> 16 != before && b->stop(b->ctx) ? ERR_TIMEOUT : ERR_OK;
}

static enum err exhaustive(const struct puzzle *z, const struct crack_bounds *b, struct cracked *out)
{
	uint64_t power = 1 % z->p;
	enum err e = ERR_OK;

	for (out->x = 0; out->x < z->order; out->x++) {
		if (power == z->target)
			return ERR_OK;
		power = mod_mul(power, z->g, z->p);
		if ((e = spend(b, out, 1)) != ERR_OK)
			return e;
	}
	return ERR_NEGATIVE;
}

/* --- baby-step giant-step (Shanks): x = i * m + j, g^j from a table of m, m giant steps back from the target
 * --- */

struct baby {
	uint64_t power, exponent;
};

struct table {
	struct baby *at;
	uint64_t mask;
};

/* Where this power stands, or the free place for it. An exponent of UINT64_MAX marks a free place. */
static struct baby *place(const struct table *t, uint64_t power)
{
	uint64_t i = power * UINT64_C(0x9E3779B97F4A7C15) >> 20;

	while (t->at[i & t->mask].exponent != UINT64_MAX && t->at[i & t->mask].power != power)
		i++;
	return &t->at[i & t->mask];
}

static uint64_t root_up(uint64_t n)
{
	uint64_t low = 0, high = UINT64_C(1) << 31;

	while (low < high) {
		uint64_t mid = (low + high) / 2;
		if (mid * mid < n)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static enum err giant_steps(
    const struct puzzle *z, const struct crack_bounds *b, struct cracked *out, const struct table *t, uint64_t m)
{
	uint64_t back, at = z->target;
	enum err e;

	if (!mod_inverse(&back, mod_pow(z->g, m, z->p), z->p))
		return ERR_NEGATIVE;
	for (uint64_t i = 0; i < m; i++) {
		const struct baby *found = place(t, at);
		if (found->exponent != UINT64_MAX) {
			out->x = (i * m + found->exponent) % z->order;
			return ERR_OK;
		}
		at = mod_mul(at, back, z->p);
		if ((e = spend(b, out, 1)) != ERR_OK)
			return e;
	}
	return ERR_NEGATIVE;
}

static enum err bsgs(const struct puzzle *z, const struct crack_bounds *b, struct cracked *out)
{
	uint64_t m = root_up(z->order), size = 4, power = 1 % z->p;
	enum err e = ERR_OK;

	while (size < 2 * m)
		size *= 2;
	if (size > UINT64_C(1) << 27) /* 2 GiB of table */
		return ERR_BUDGET;
	struct table t = {.at = malloc(size * sizeof(*t.at)), .mask = size - 1};
	if (!t.at)
		return ERR_NOMEM;
	memset(t.at, 0xff, size * sizeof(*t.at));
	out->memory = size * sizeof(*t.at);
	for (uint64_t j = 0; j < m && e == ERR_OK; j++) {
		struct baby *free_place = place(&t, power);
		if (free_place->exponent == UINT64_MAX)
			*free_place = (struct baby){power, j};
		power = mod_mul(power, z->g, z->p);
		e = spend(b, out, 1);
	}
	if (e == ERR_OK)
		e = giant_steps(z, b, out, &t, m);
	free(t.at);
	return e;
}

/* --- Pollard's rho: a walk g^u * target^v that has to run into itself --- */

enum { WAYS = 16 };

struct walk {
	const struct puzzle *z;
	uint64_t factor[WAYS], du[WAYS], dv[WAYS];
};

struct place_on_walk {
	uint64_t value, u, v;
};

static uint64_t add_mod(uint64_t a, uint64_t b, uint64_t m)
{
	return (a + b) % m; /* both below 2^62 */
}

static void step(const struct walk *w, struct place_on_walk *p)
{
	size_t i = (p->value * UINT64_C(0x9E3779B97F4A7C15)) >> 60;

	p->value = mod_mul(p->value, w->factor[i], w->z->p);
	p->u = add_mod(p->u, w->du[i], w->z->order);
	p->v = add_mod(p->v, w->dv[i], w->z->order);
}

/* A small generator of our own (xorshift*): a search needs no secrets, and is to run the same way again. */
static uint64_t next_number(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * UINT64_C(0x2545F4914F6CDD1D);
}

static void lay_out(struct walk *w, const struct puzzle *z, uint64_t *seed)
{
	w->z = z;
	for (size_t i = 0; i < WAYS; i++) {
		w->du[i] = next_number(seed) % z->order;
		w->dv[i] = next_number(seed) % z->order;
		w->factor[i] = mod_mul(mod_pow(z->g, w->du[i], z->p), mod_pow(z->target, w->dv[i], z->p), z->p);
	}
}

/* g^u1 * target^v1 = g^u2 * target^v2, so x * (v1 - v2) = u2 - u1 modulo the order: one x for each of the
 * common divisor's values. */
static bool solve(const struct puzzle *z, const struct place_on_walk *a, const struct place_on_walk *b, uint64_t *x)
{
	uint64_t n = z->order, dv = add_mod(a->v, n - b->v, n), du = add_mod(b->u, n - a->u, n);
	uint64_t d = gcd(dv, n), inverse;

	if (dv == 0 || d > 4096 || du % d != 0 || !mod_inverse(&inverse, dv / d, n / d))
		return false;
	*x = mod_mul(du / d, inverse, n / d);
	for (uint64_t i = 0; i < d; i++, *x += n / d)
		if (mod_pow(z->g, *x, z->p) == z->target)
			return true;
	return false;
}

static enum err rho(const struct puzzle *z, const struct crack_bounds *b, struct cracked *out)
{
	uint64_t seed = UINT64_C(88172645463325252) ^ z->target;
	enum err e = ERR_OK;
	struct walk w;

	out->memory = sizeof(w);
	for (int attempt = 0; attempt < 32; attempt++) {
		lay_out(&w, z, &seed);
		uint64_t u = next_number(&seed) % z->order;
		struct place_on_walk slow = {mod_pow(z->g, u, z->p), u, 0}, fast = slow;
		do {
			step(&w, &slow);
			step(&w, &fast);
			step(&w, &fast);
			if ((e = spend(b, out, 3)) != ERR_OK)
				return e;
		} while (slow.value != fast.value);
		if (solve(z, &slow, &fast, &out->x))
			return ERR_OK;
	}
	return ERR_NEGATIVE;
}

enum err crack(enum crack_method m, const struct puzzle *z, const struct crack_bounds *b, struct cracked *out)
{
	*out = (struct cracked){0};
	switch (m) {
	case CRACK_EXHAUSTIVE:
		return exhaustive(z, b, out);
	case CRACK_BSGS:
		return bsgs(z, b, out);
	case CRACK_RHO:
		return rho(z, b, out);
	case CRACK_METHODS:
		break;
	}
	return ERR_INTERNAL;
}

bool join_remainders(uint64_t *x, uint64_t *m, uint64_t b, uint64_t n)
{
	uint64_t d = gcd(*m, n), inverse, rest = n / d, gap = (b % n + n - *x % n) % n;

	if (gap % d != 0 || !mod_inverse(&inverse, *m / d, rest))
		return false;
	*x += *m * (rest > 1 ? mod_mul(gap / d, inverse, rest) : 0);
	*m *= rest;
	return true;
}

/* x modulo r^e, digit by digit: each is a search in the group of r elements. */
static enum err digits(const struct puzzle *z, uint64_t r, unsigned e, const struct crack_bounds *b, uint64_t *x)
{
	struct puzzle small = {z->p, mod_pow(z->g, z->order / r, z->p), 0, r};
	uint64_t inverse, place_value = 1;

	*x = 0;
	if (!mod_inverse(&inverse, z->g, z->p))
		return ERR_NEGATIVE;
	for (unsigned i = 0; i < e; i++, place_value *= r) {
		uint64_t left = mod_mul(z->target, mod_pow(inverse, *x, z->p), z->p);
		struct cracked c;
		small.target = mod_pow(left, z->order / (place_value * r), z->p);
		enum err failed = crack(CRACK_BSGS, &small, b, &c);
		if (failed != ERR_OK)
			return failed;
		*x += c.x * place_value;
	}
	return ERR_OK;
}

enum err crack_smooth(
    const struct puzzle *z, uint64_t largest, const struct crack_bounds *b, uint64_t *x, uint64_t *modulus)
{
	struct factors f;

	*x = 0;
	*modulus = 1;
	factorize(&f, z->order);
	for (size_t i = 0; i < f.n && f.prime[i] <= largest; i++) {
		uint64_t part, size = 1;
		enum err e = digits(z, f.prime[i], f.power[i], b, &part);
		for (unsigned k = 0; k < f.power[i]; k++)
			size *= f.prime[i];
		if (e != ERR_OK)
			return e;
		if (!join_remainders(x, modulus, part, size))
			return ERR_NEGATIVE;
	}
	return ERR_OK;
}
