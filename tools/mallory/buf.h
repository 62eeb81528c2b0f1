/* A byte buffer that grows up to a limit and no further, and is wiped when it goes: what passes through
 * mallory may be a password. */
#ifndef MALLORY_BUF_H
#define MALLORY_BUF_H

#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

struct buf {
	uint8_t *data;
	size_t len;
	size_t cap; /* octets allocated */
	size_t max; /* len never exceeds this */
};

void buf_init(struct buf *b, size_t max); /* allocates nothing */
void buf_release(struct buf *b);          /* wipes */

/* How many more octets fit. */
size_t buf_room(const struct buf *b);

/* ERR_TOO_LONG when n octets do not fit any more (b is unchanged), ERR_NOMEM. */
enum err buf_append(struct buf *b, const void *bytes, size_t n) MUST_USE;
enum err buf_text(struct buf *b, const char *text) MUST_USE;

/* Puts n octets in place of the len octets at off (all within b). */
enum err buf_replace(struct buf *b, size_t off, size_t len, const void *bytes, size_t n) MUST_USE;

/* Takes the first n octets away (n at most b->len) and wipes the room that they leave. */
void buf_consume(struct buf *b, size_t n);

#endif
