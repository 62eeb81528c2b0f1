/* Text in columns: what the terminal sinks share. */
#ifndef GLASSNET_TRACE_TEXT_H
#define GLASSNET_TRACE_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "glassnet/trace.h"

#define TIME_TEXT 24

/* Columns that one UTF-8 character takes; *len gets its octets (at least 1). s must not be at its NUL. */
unsigned char_columns(const char *s, size_t *len);
unsigned text_columns(const char *s);

/* A span of time as people read it, with three digits or so: "0.4 ms", "12.3 ms", "1.20 s". */
char *span_text(char out[static TIME_TEXT], int64_t ns);

/* A moment as ISO 8601 in UTC with microseconds. */
char *moment_text(char out[static TIME_TEXT + 8], int64_t ns);

/* text escaped, in memory that the caller frees; NULL when there is none. A NULL text gives "". */
char *escaped(const char *text);

#endif
