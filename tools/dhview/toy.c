#include "toy.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 400, STEPS_SHOWN = 8, LONG_SHOWN = 3 };

const char *toy_flaw_name(enum toy_flaw f)
{
	static const char *const names[] = {
	    "sound", "not-prime", "no-group", "small-order", "tiny-group", "smooth-order"};

	return names[f];
}

/* a * a < b, also where a * a is over 64 bits. */
static bool square_below(uint64_t a, uint64_t b)
{
	return a < (UINT64_C(1) << 32) && a * a < b;
}

enum toy_flaw toy_judge(uint64_t p, uint64_t g, uint64_t *order)
{
	struct factors f;

	*order = order_of(g, p);
	if (*order == 0)
		return TOY_NO_GROUP;
	if (!is_prime(p))
		return TOY_NOT_PRIME;
	if (*order <= 2)
		return TOY_SMALL_ORDER;
	if (square_below(*order, p))
		return TOY_TINY_GROUP;
	factorize(&f, *order);
	return square_below(f.prime[f.n - 1], p) ? TOY_SMOOTH_ORDER : TOY_SOUND;
}

/* "2^3 × 5" */
static char *factors_text(char out[static TEXT], uint64_t n)
{
	struct factors f;
	size_t at = 0;

	factorize(&f, n);
	snprintf(out, TEXT, "%" PRIu64, n);
	for (size_t i = 0; i < f.n; i++) {
		at += (size_t)snprintf(out + at, TEXT - at, "%s%" PRIu64, i ? " × " : "", f.prime[i]);
		if (f.power[i] > 1)
			at += (size_t)snprintf(out + at, TEXT - at, "^%u", f.power[i]);
	}
	return out;
}

/* --- the parameters --- */

static void check_order(const struct toy_options *o, struct trace *t, const struct toy *toy)
{
	char parts[TEXT];
	bool bad = toy->flaw != TOY_SOUND && toy->flaw != TOY_NOT_PRIME;

	if (toy->order == 0) {
		ev_check(t, "order", VERDICT_FAIL, NULL, "does g make a group?",
		    "no: g = %" PRIu64 " and p = %" PRIu64 " have a common factor, and no power of g is 1", o->g,
		    o->p);
		return;
	}
	factors_text(parts, toy->order);
	ev_check(t, "order", bad ? VERDICT_FAIL : VERDICT_PASS, "RFC 2631 2.2", "has g enough different powers?",
	    "%" PRIu64 " of them (%s)%s", toy->order, parts,
	    toy->flaw == TOY_SMALL_ORDER  ? ": whatever the secrets are, Eve can name the key"
	    : toy->flaw == TOY_TINY_GROUP ? ": so few that Eve can try them all, however large p is"
	    : toy->flaw == TOY_SMOOTH_ORDER
	        ? ": a product of small primes, and each prime gives its part of the secret away"
	        : "");
}

static void check_parameters(const struct toy_options *o, struct trace *t, struct toy *toy)
{
	char parts[TEXT];
	bool prime = is_prime(o->p);

	toy->flaw = toy_judge(o->p, o->g, &toy->order);
	ev_heading(t, "In the open, Alice and Bob agree on p = %" PRIu64 " and g = %" PRIu64, o->p, o->g);
	ev_explain(t, "\"mod p\" means: the remainder when divided by p. Powers of g are easy to make; from "
	              "a power back "
	              "to the exponent no quick way is known, if p and g are well chosen and large.");
	ev_check(t, "prime", prime ? VERDICT_PASS : VERDICT_FAIL, "RFC 2631 2.2", "is p prime?", "%s%s",
	    prime ? "yes" : "no: ", prime ? "" : factors_text(parts, o->p));
	check_order(o, t, toy);
}

/* --- the exchange --- */

/* base^exponent mod p by squaring, told line by line; of long ones the beginning. */
static uint64_t power_by_hand(struct trace *t, uint64_t base, uint64_t exponent, uint64_t p)
{
	char product[TEXT];
	uint64_t square = base % p, result = 1 % p;
	size_t at = 0, squarings = 0, factors = 0, show = exponent >> STEPS_SHOWN ? LONG_SHOWN : STEPS_SHOWN;

	for (uint64_t bit = 1; bit <= exponent; bit *= 2) {
		if (bit > 1) {
			uint64_t next = mod_mul(square, square, p);
			if (squarings++ < show)
				ev_decision(t, "step", NULL,
				    "%" PRIu64 "^%" PRIu64 " = %" PRIu64 " × %" PRIu64 " = %" PRIu64 " (mod %" PRIu64
				    ")",
				    base, bit, square, square, next, p);
			square = next;
		}
		if (!(exponent & bit))
			continue;
		result = mod_mul(result, square, p);
		if (factors++ < show)
			at += (size_t)snprintf(
			    product + at, TEXT - at, "%s%" PRIu64 "^%" PRIu64, at ? " × " : "", base, bit);
	}
	if (squarings > show)
		ev_decision(t, "step", NULL, "… and %zu squarings more", squarings - show);
	if (factors > 1 || squarings == 0)
		ev_decision(t, "power", NULL, "%" PRIu64 "^%" PRIu64 "%s%s%s = %" PRIu64 " (mod %" PRIu64 ")", base,
		    exponent, factors > 1 ? " = " : "", factors > 1 ? product : "", factors > show ? " × …" : "",
		    result, p);
	return result;
}

static void keep(struct trace *t, const char *who, const char *what, uint64_t n, const char *why)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu64, n);
	ev_state(t, who, what, NULL, text, "%s", why);
}

static void exchange(const struct toy_options *o, struct trace *t, struct toy *toy)
{
	char number[32];

	ev_heading(t, "Each thinks of a secret, and sends g to that power");
	keep(t, "Alice keeps", "a", o->a, "her secret, never sent");
	toy->A = power_by_hand(t, o->g, o->a, o->p);
	snprintf(number, sizeof(number), "%" PRIu64, toy->A);
	ev_send(t, "Alice", "Bob", "DH", number, strlen(number), "A = g^a mod p = %s", number);
	keep(t, "Bob keeps", "b", o->b, "his secret, never sent");
	toy->B = power_by_hand(t, o->g, o->b, o->p);
	snprintf(number, sizeof(number), "%" PRIu64, toy->B);
	ev_send(t, "Bob", "Alice", "DH", number, strlen(number), "B = g^b mod p = %s", number);

	ev_heading(t, "Each raises what came to the own secret");
	uint64_t alices = power_by_hand(t, toy->B, o->a, o->p), bobs = power_by_hand(t, toy->A, o->b, o->p);
	toy->key = alices;
	ev_check(t, "same-key", alices == bobs ? VERDICT_PASS : VERDICT_FAIL, NULL, "have they the same key?",
	    "Alice has B^a = %" PRIu64 ", Bob has A^b = %" PRIu64 ": both are g^(a × b)", alices, bobs);
	ev_explain(t,
	    "Eve saw p = %" PRIu64 ", g = %" PRIu64 ", A = %" PRIu64 ", B = %" PRIu64 ". A × B = g^(a + b) = %" PRIu64
	    " is easy to get, and of no use.",
	    o->p, o->g, toy->A, toy->B, mod_mul(toy->A, toy->B, o->p));
}

/* --- what leaks --- */

static uint64_t root_of(uint64_t n)
{
	uint64_t r = (uint64_t)sqrt((double)n);

	while (!square_below(r, n + 1))
		r--;
	return r;
}

/* What the small primes in g's order give away, modulo p or modulo one prime power of it. */
static void leak_in(const struct puzzle *z, uint64_t largest, struct trace *t, struct toy *toy)
{
	const struct crack_bounds b = {0};
	uint64_t x, m;
	char parts[TEXT];

	if (z->order == 0 || crack_smooth(z, largest, &b, &x, &m) != ERR_OK || m == 1)
		return;
	if (!join_remainders(&toy->eve, &toy->eve_modulus, x, m))
		return;
	ev_decision(t, "leak", "Pohlig and Hellman 1978",
	    "modulo %" PRIu64 " g has %" PRIu64 " powers; the part %" PRIu64
	    " (%s) of that number gives away a mod %" PRIu64 " = %" PRIu64,
	    z->p, z->order, m, factors_text(parts, m), m, x);
}

static void leak_by_prime_powers(const struct toy_options *o, struct trace *t, struct toy *toy)
{
	struct factors f;

	factorize(&f, o->p);
	for (size_t i = 0; i < f.n; i++) {
		uint64_t q = 1;
		for (unsigned k = 0; k < f.power[i]; k++)
			q *= f.prime[i];
		struct puzzle z = {q, o->g % q, toy->A % q, order_of(o->g, q)};
		leak_in(&z, UINT64_MAX, t, toy);
	}
}

/* Where g and p have a common factor, the powers of g become 0 modulo its part of p after at most 62 steps,
 * and stay so: either a is that small, or any exponent that is not will do. */
static void leak_without_group(const struct toy_options *o, struct trace *t, struct toy *toy)
{
	enum { SETTLED = 64 };

	for (uint64_t x = 0; x < SETTLED; x++)
		if (mod_pow(o->g, x, o->p) == toy->A) {
			toy->eve = x;
			ev_decision(
			    t, "leak", NULL, "g^%" PRIu64 " is A as well, and so B^%" PRIu64 " is the key", x, x);
			return;
		}
	toy->eve += (SETTLED + toy->eve_modulus) / toy->eve_modulus * toy->eve_modulus;
	ev_decision(t, "leak", NULL,
	    "modulo the common part of g and p the powers of g are 0 from some exponent on, so %" PRIu64
	    " does as well as a",
	    toy->eve);
}

static void show_leaks(const struct toy_options *o, struct trace *t, struct toy *toy)
{
	toy->eve = 0;
	toy->eve_modulus = 1;
	ev_heading(t, "What these numbers leak to Eve");
	if (toy->flaw == TOY_NOT_PRIME || toy->flaw == TOY_NO_GROUP) {
		leak_by_prime_powers(o, t, toy);
		if (toy->flaw == TOY_NO_GROUP)
			leak_without_group(o, t, toy);
	} else {
		struct puzzle z = {o->p, o->g, toy->A, toy->order};
		leak_in(
		    &z, toy->flaw == TOY_SOUND || toy->flaw == TOY_SMOOTH_ORDER ? root_of(o->p) : UINT64_MAX, t, toy);
	}
	uint64_t guess = mod_pow(toy->B, toy->eve, o->p);
	toy->eve_has_key = mod_pow(o->g, toy->eve, o->p) == toy->A && guess == toy->key;
	if (toy->eve_has_key)
		ev_warning(t,
		    "Eve has the key: B^%" PRIu64 " mod p = %" PRIu64 ". She needed no search worth the name.",
		    toy->eve, guess);
	else if (toy->eve_modulus > 1)
		ev_explain(t,
		    "So Eve knows a mod %" PRIu64 " = %" PRIu64
		    ", and has the rest still to search. With g of prime order (for a safe prime p = 2q + 1: "
		    "g = a square, as in RFC 7919) nothing leaks.",
		    toy->eve_modulus, toy->eve);
	else
		ev_explain(t, "Nothing but what a search finds: the number of powers of g has no small factor.");
}

/* --- Eve tries --- */

/* Steps to expect, as a power of two. */
static double expected_log2(enum crack_method m, uint64_t order)
{
	return log2((double)order) * (m == CRACK_EXHAUSTIVE ? 1 : 0.5);
}

static enum err try_method(const struct toy_options *o, struct trace *t, const struct toy *toy, enum crack_method m)
{
	const struct puzzle z = {o->p, o->g, toy->A, toy->order};
	const struct crack_bounds b = {.stop = o->measure->stop, .ctx = o->measure->ctx};
	double limit = m == CRACK_EXHAUSTIVE ? 28 : 22;
	struct cracked c;
	char time[48];

	if (expected_log2(m, toy->order) > limit) {
		ev_decision(t, "not-tried", NULL, "%s: about 2^%.0f steps, too many for a demonstration",
		    crack_name(m), expected_log2(m, toy->order));
		return ERR_OK;
	}
	if (o->measure->progress)
		o->measure->progress(o->measure->ctx, m, (unsigned)log2((double)toy->order) + 1);
	int64_t begin = o->measure->now_ns(o->measure->ctx);
	enum err e = crack(m, &z, &b, &c);
	int64_t ns = o->measure->now_ns(o->measure->ctx) - begin;
	curve_duration(time, sizeof(time), log2((double)(ns > 0 ? ns : 1) / 1e9));
	if (e == ERR_OK)
		ev_timer(t, crack_name(m), ns,
		    "%s: a = %" PRIu64 " (or that and a multiple of %" PRIu64 ") after %" PRIu64
		    " multiplications, %s, %" PRIu64 " octets of memory",
		    crack_name(m), c.x, toy->order, c.steps, time, c.memory);
	else if (e != ERR_TIMEOUT)
		ev_timer(t, crack_name(m), ns, "%s: not found in %" PRIu64 " multiplications (%s)", crack_name(m),
		    c.steps, e == ERR_NEGATIVE ? "the group is too small for its walk" : err_text(e));
	return e == ERR_TIMEOUT ? e : ERR_OK;
}

static enum err eve_tries(const struct toy_options *o, struct trace *t, struct toy *toy)
{
	enum err e = ERR_OK;

	ev_heading(t, "Eve tries");
	if (toy->order == 0)
		ev_decision(t, "not-tried", NULL, "the searches need a g that makes a group");
	for (enum crack_method m = 0; m < CRACK_METHODS && e == ERR_OK && toy->order > 0; m++)
		e = try_method(o, t, toy, m);
	if (e != ERR_OK)
		return e;
	ev_heading(t, "Bits against time, measured on this machine now");
	ev_explain(t, "Groups of growing size, %d secrets each, the mean of the times.", CURVE_TARGETS);
	e = curve_measure(&toy->curve, o->measure);
	if (e == ERR_OK)
		curve_tell(&toy->curve, t);
	return e;
}

/* --- the whole --- */

static void say_result(const struct toy_options *o, struct trace *t, const struct toy *toy)
{
	char data[512];

	snprintf(data, sizeof(data),
	    "{\"p\":%" PRIu64 ",\"g\":%" PRIu64 ",\"A\":%" PRIu64 ",\"B\":%" PRIu64 ",\"key\":%" PRIu64
	    ",\"order\":%" PRIu64 ",\"flaw\":\"%s\",\"eve_knows_a_mod\":%" PRIu64 ",\"eve_a\":%" PRIu64
	    ",\"eve_has_key\":%s,\"points\":%zu}",
	    o->p, o->g, toy->A, toy->B, toy->key, toy->order, toy_flaw_name(toy->flaw), toy->eve_modulus, toy->eve,
	    toy->eve_has_key ? "true" : "false", toy->curve.n);
	if (toy->flaw == TOY_SOUND)
		ev_result(t, ERR_OK, data, "both have the key %" PRIu64 "; %s", toy->key,
		    toy->order < 1000 ? "with numbers so small Eve has it in a moment: only large ones protect"
		                      : "what protects it is the size of the numbers alone");
	else
		ev_result(t, ERR_NEGATIVE, data, "unsafe parameters (%s): %s", toy_flaw_name(toy->flaw),
		    toy->eve_has_key ? "Eve has the key, too" : "Eve knows a part of the secret");
}

enum err toy_run(const struct toy_options *opt, struct trace *t, struct toy *out)
{
	enum err e = ERR_OK;

	memset(out, 0, sizeof(*out));
	check_parameters(opt, t, out);
	exchange(opt, t, out);
	show_leaks(opt, t, out);
	if (opt->crack)
		e = eve_tries(opt, t, out);
	if (e != ERR_OK) {
		ev_result(t, e, NULL, "interrupted while measuring");
		return e;
	}
	say_result(opt, t, out);
	return out->flaw == TOY_SOUND ? ERR_OK : ERR_NEGATIVE;
}
