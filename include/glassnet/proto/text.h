/* One line of text, put together piece by piece in the caller's buffer: fast (no formats), bounded, and never
 * cut inside a character. What does not fit is replaced by "..." at the end. */
#ifndef GLASSNET_PROTO_TEXT_H
#define GLASSNET_PROTO_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"

struct text {
	char *buf; /* borrowed; always ends with a NUL when cap > 0 */
	size_t cap;
	size_t pos;
	bool cut; /* something did not fit: all that is added later is dropped */
};

struct text text_init(char *buf, size_t cap);

/* Our own words; s is valid UTF-8. */
void text_str(struct text *t, const char *s);
void text_num(struct text *t, uint64_t v);
void text_hex(struct text *t, uint64_t v, unsigned digits); /* with that many digits, without "0x" */
void text_ip(struct text *t, const struct ip *a);
void text_endpoint(struct text *t, const struct endpoint *e);
void text_mac(struct text *t, const struct mac *m);

/* A peer's bytes, escaped as escape_text() does. */
void text_peer(struct text *t, const void *p, size_t len);

/* "1 byte", "23 bytes": unit is the singular, which takes an s. */
void text_count(struct text *t, uint64_t n, const char *unit);

/* Seconds as people say them: "90 s", "2 h", "1 d". Exact multiples only; else seconds. */
void text_seconds(struct text *t, uint64_t s);

#endif
