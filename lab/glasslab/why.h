/* Why something failed: one sentence for the learner, which names the place and the remedy. */
#ifndef GLASSLAB_WHY_H
#define GLASSLAB_WHY_H

#include "glassnet/err.h"

struct why {
	char text[768];
};

/* Sets the sentence and returns e, so that a failing function ends with `return why(w, ERR_…, "…");`. */
enum err why(struct why *w, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* The same, with ": " and what errno says at the end. */
enum err why_errno(struct why *w, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
