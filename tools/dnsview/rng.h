/* Randomness as a parameter: a CSPRNG outside, a fixed sequence in tests. */
#ifndef DNSVIEW_RNG_H
#define DNSVIEW_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	void (*fill)(void *ctx, void *buf, size_t len);
	void *ctx;
};

static inline uint32_t rng_u32(struct rng r)
{
	uint32_t v;
	r.fill(r.ctx, &v, sizeof(v));
	return v;
}

/* 0 .. n-1, n small: the bias is below n in 2^32. */
static inline uint32_t rng_below(struct rng r, uint32_t n)
{
	return (uint32_t)((uint64_t)rng_u32(r) * n >> 32);
}

#endif
