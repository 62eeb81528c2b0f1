#include "why.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum err why(struct why *w, enum err e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(w->text, sizeof w->text, fmt, ap);
	va_end(ap);
	return e;
}

enum err why_errno(struct why *w, enum err e, const char *fmt, ...)
{
	int saved = errno;
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(w->text, sizeof w->text, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < sizeof w->text)
		snprintf(w->text + n, sizeof w->text - (size_t)n, ": %s", strerror(saved));
	errno = saved;
	return e;
}
