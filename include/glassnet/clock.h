/* The clock as a parameter: real ones outside, a fake one in tests. */
#ifndef GLASSNET_CLOCK_H
#define GLASSNET_CLOCK_H

#include <stdint.h>

#define NS_PER_S  INT64_C(1000000000)
#define NS_PER_MS INT64_C(1000000)

struct clock {
	int64_t (*now)(void *ctx); /* nanoseconds since 1970-01-01 00:00 UTC */
	void *ctx;
};

extern const struct clock clock_real;

static inline int64_t clock_now(const struct clock *c)
{
	return c->now(c->ctx);
}

#endif
