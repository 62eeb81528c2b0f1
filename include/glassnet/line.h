/* A text that is put together piece by piece in a buffer of the caller's, and cut where it does not fit. */
#ifndef GLASSNET_LINE_H
#define GLASSNET_LINE_H

#include <stddef.h>

#include "glassnet/err.h"

struct line {
	char *buf;
	size_t cap, len;
};

/* An empty line in buf, which ends with a NUL from now on. */
struct line line_on(char *buf, size_t cap);
void line_add(struct line *l, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif
