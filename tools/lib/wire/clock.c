#include "glassnet/clock.h"

#include <stddef.h>
#include <time.h>

static int64_t real_now(void *ctx)
{
	struct timespec ts;

	(void)ctx;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

const struct clock clock_real = {.now = real_now, .ctx = NULL};
