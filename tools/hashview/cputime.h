/* The processor time that this process has had, as a clock: what else runs on the machine does not count. */
#ifndef HASHVIEW_CPUTIME_H
#define HASHVIEW_CPUTIME_H

#include "glassnet/clock.h"

extern const struct clock clock_cpu;

#endif
