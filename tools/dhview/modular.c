#include "modular.h"

#include <stdlib.h>

uint64_t mod_mul(uint64_t a, uint64_t b, uint64_t m)
{
	return (uint64_t)((unsigned __int128)a * b % m);
}

uint64_t mod_pow(uint64_t base, uint64_t exponent, uint64_t m)
{
	uint64_t result = 1 % m;

	for (base %= m; exponent > 0; exponent >>= 1) {
		if (exponent & 1)
			result = mod_mul(result, base, m);
		base = mod_mul(base, base, m);
	}
	return result;
}

uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b > 0) {
		uint64_t rest = a % b;
		a = b;
		b = rest;
	}
	return a;
}

/* Euclid's algorithm, extended. */
bool mod_inverse(uint64_t *x, uint64_t a, uint64_t m)
{
	__int128 s = 0, next_s = 1;
	uint64_t r = m, next_r = a % m;

	while (next_r > 0) {
		uint64_t q = r / next_r, rest = r % next_r;
		__int128 t = s - (__int128)q * next_s;
		r = next_r;
		next_r = rest;
		s = next_s;
		next_s = t;
	}
	if (r != 1)
		return false;
	*x = (uint64_t)(s < 0 ? s + m : s);
	return true;
}

static bool is_witness(uint64_t a, uint64_t n)
{
	uint64_t d = n - 1;
	int twos = 0;

	for (; (d & 1) == 0; d >>= 1)
		twos++;
	uint64_t x = mod_pow(a, d, n);
	if (x == 1 || x == n - 1)
		return false;
	while (--twos > 0) {
		x = mod_mul(x, x, n);
		if (x == n - 1)
			return false;
	}
	return true;
}

bool is_prime(uint64_t n)
{
	static const uint8_t bases[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37};

	if (n < 2)
		return false;
	for (size_t i = 0; i < sizeof(bases); i++)
		if (n % bases[i] == 0)
			return n == bases[i];
	for (size_t i = 0; i < sizeof(bases); i++)
		if (is_witness(bases[i], n))
			return false;
	return true;
}

uint64_t safe_prime_from(uint64_t n)
{
	if (n <= 5)
		return 5;
	if (n <= 7)
		return 7;
	/* above 7, q is odd and no multiple of 3, and nor is p: p leaves 11 when divided by 12 */
	for (n += (11 + 12 - n % 12) % 12; !is_prime(n / 2) || !is_prime(n); n += 12)
		;
	return n;
}

/* Pollard's rho for factors: a divisor of the odd composite n, neither 1 nor n. */
static uint64_t divisor_of(uint64_t n)
{
	for (uint64_t c = 1;; c++) {
		uint64_t slow = 2, fast = 2, d = 1;
		while (d == 1) {
			slow = (mod_mul(slow, slow, n) + c) % n;
			fast = (mod_mul(fast, fast, n) + c) % n;
			fast = (mod_mul(fast, fast, n) + c) % n;
			d = gcd(slow > fast ? slow - fast : fast - slow, n);
		}
		if (d != n)
			return d;
	}
}

static void add_factor(struct factors *f, uint64_t prime)
{
	size_t i = 0;

	while (i < f->n && f->prime[i] < prime)
		i++;
	if (i < f->n && f->prime[i] == prime) {
		f->power[i]++;
		return;
	}
	for (size_t k = f->n++; k > i; k--) {
		f->prime[k] = f->prime[k - 1];
		f->power[k] = f->power[k - 1];
	}
	f->prime[i] = prime;
	f->power[i] = 1;
}

static void split(struct factors *f, uint64_t n)
{
	if (n == 1)
		return;
	if (is_prime(n)) {
		add_factor(f, n);
		return;
	}
	uint64_t d = divisor_of(n);
	split(f, d);
	split(f, n / d);
}

void factorize(struct factors *f, uint64_t n)
{
	f->n = 0;
	for (uint64_t d = 2; d < 1000; d++)
		for (; n % d == 0; n /= d)
			add_factor(f, d);
	split(f, n);
}

uint64_t order_of(uint64_t g, uint64_t p)
{
	struct factors of_p, of_phi;
	uint64_t phi = p;

	if (p < 2 || gcd(g % p, p) != 1)
		return 0;
	factorize(&of_p, p);
	for (size_t i = 0; i < of_p.n; i++)
		phi = phi / of_p.prime[i] * (of_p.prime[i] - 1);
	factorize(&of_phi, phi);
	uint64_t order = phi;
	for (size_t i = 0; i < of_phi.n; i++)
		while (order % of_phi.prime[i] == 0 && mod_pow(g, order / of_phi.prime[i], p) == 1 % p)
			order /= of_phi.prime[i];
	return order;
}
