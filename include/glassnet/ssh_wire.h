/* SSH's data types on the wire (RFC 4251 section 5): a buffer that grows and is wiped, and readers for strings.
 *
 * Reading goes through the bounded reader of wire.h; here is what SSH adds to it. */
#ifndef GLASSNET_SSH_WIRE_H
#define GLASSNET_SSH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/wire.h"

#define SBUF_MAX ((size_t)16 << 20) /* octets; nobody needs a longer one */

/* Octets that belong to the buffer. What leaves it is wiped first: it may be a secret. bad is sticky: out of memory, or
 * longer than SBUF_MAX; a write that fails writes nothing. */
struct sbuf {
	uint8_t *p;
	size_t len, cap;
	bool bad;
};

void sbuf_release(struct sbuf *b);
void sbuf_clear(struct sbuf *b); /* empty, wiped, not freed */
/* Room for n more octets; NULL (and bad) if there is none. sbuf_grow() also counts them as written. */
uint8_t *sbuf_room(struct sbuf *b, size_t n);
uint8_t *sbuf_grow(struct sbuf *b, size_t n);
void sbuf_drop(struct sbuf *b, size_t n); /* the first n octets go */

void sbuf_u8(struct sbuf *b, uint8_t v);
void sbuf_u32(struct sbuf *b, uint32_t v);
void sbuf_u64(struct sbuf *b, uint64_t v);
void sbuf_bool(struct sbuf *b, bool v);
void sbuf_bytes(struct sbuf *b, const void *p, size_t n);
void sbuf_string(struct sbuf *b, const void *p, size_t n); /* with its length before it */
void sbuf_text(struct sbuf *b, const char *s);             /* the same, of a C string */
/* A positive number, big endian in n octets, as an mpint: no leading zeros but the one that keeps it positive. */
void sbuf_mpint(struct sbuf *b, const uint8_t *p, size_t n);

/* A string: its octets, borrowed from the buffer, and their number. NULL (and bad) if it is not whole. */
const uint8_t *rd_string(struct rd *r, size_t *len);
/* The same as a text that must be printable ASCII without a NUL: copied, cut to cap. False: it is no such text. */
bool rd_text(struct rd *r, char *out, size_t cap);
/* A positive mpint: its octets without the leading zero. Negative ones and ones with needless zeros are bad. */
const uint8_t *rd_mpint(struct rd *r, size_t *len);

/* Base64 (RFC 4648 section 4). sbuf_base64() appends what the text holds, blanks in it are skipped; false: it is not
 * Base64. base64_text() gives an allocated text, which the caller frees; NULL: out of memory. */
bool sbuf_base64(struct sbuf *b, const char *text, size_t len);
char *base64_text(const uint8_t *p, size_t len, bool padding);

/* Is name one of the comma-separated names in list (len octets)? */
bool name_in_list(const char *name, const char *list, size_t len);

#endif
