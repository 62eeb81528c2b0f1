/* Putting texts together. */
#include <stdarg.h>
#include <stdio.h>

#include "glassnet/line.h"

struct line line_on(char *buf, size_t cap)
{
	buf[0] = '\0';
	return (struct line){.buf = buf, .cap = cap};
}

void line_add(struct line *l, const char *fmt, ...)
{
	size_t room = l->cap - l->len;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(l->buf + l->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n < room ? (size_t)n : room - 1;
}
