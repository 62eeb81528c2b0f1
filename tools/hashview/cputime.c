/* Processor time. */
#include <stddef.h>
#include <time.h>

#include "cputime.h"

static int64_t now(void *ctx)
{
	struct timespec ts = {0};

	(void)ctx;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

const struct clock clock_cpu = {now, NULL};
