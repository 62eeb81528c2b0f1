/* What this machine must be able to do for the lab, tried in order by doing it. */
#ifndef GLASSLAB_DOCTOR_H
#define GLASSLAB_DOCTOR_H

#include <stdbool.h>

#include "topology.h"
#include "why.h"

struct finding {
	char what[64]; /* "make a user namespace" */
	bool good;
	bool skipped;      /* it could not be tried, because of what failed before */
	char text[512];    /* what happened, when it is not good */
	char remedy[1024]; /* what to do then: lines of commands or of words */
};

/* Tries everything, and hands out each finding as soon as it is known. t may be NULL: then what the
 * topology needs is left out. True when all is good. */
bool doctor_examine(const struct topology *t, void (*on_finding)(void *ctx, const struct finding *f), void *ctx);

/* The first thing that is wrong, for `up` to tell when it failed; false: nothing found. */
bool doctor_first_failure(const struct topology *t, struct finding *out);

#endif
