/* Arithmetic modulo numbers of at most 62 bits: small enough to be checked by hand, or broken in a moment. */
#ifndef DHVIEW_MODULAR_H
#define DHVIEW_MODULAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODULUS_MAX (UINT64_C(1) << 62)
#define FACTORS_MAX 16

/* n = prime[0]^power[0] * … ; ascending. */
struct factors {
	uint64_t prime[FACTORS_MAX];
	unsigned power[FACTORS_MAX];
	size_t n;
};

uint64_t mod_mul(uint64_t a, uint64_t b, uint64_t m);
uint64_t mod_pow(uint64_t base, uint64_t exponent, uint64_t m);
uint64_t gcd(uint64_t a, uint64_t b);

/* x with a * x = 1 mod m; false when there is none. */
bool mod_inverse(uint64_t *x, uint64_t a, uint64_t m);

/* Miller and Rabin's test with the first twelve primes as bases: no number below 2^64 deceives it
 * (Sorenson and Webster, 2015). */
bool is_prime(uint64_t n);

/* The smallest safe prime (p = 2q + 1, q prime) at or above n. */
uint64_t safe_prime_from(uint64_t n);

/* n is at least 1 and below MODULUS_MAX. */
void factorize(struct factors *f, uint64_t n);

/* The smallest n > 0 with g^n = 1 mod p; 0 when there is none (g and p have a common factor). */
uint64_t order_of(uint64_t g, uint64_t p);

#endif
