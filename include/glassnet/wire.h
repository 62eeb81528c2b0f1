/* Bytes on the wire: a bounded reader and a bounded writer, big endian, with a sticky error.
 *
 * A parser asks for as many fields as it likes and looks at r.bad once:
 *
 *     struct rd r = rd_init(pkt, len);
 *     uint16_t id = rd_u16(&r), flags = rd_u16(&r);
 *     if (r.bad)
 *             return ERR_TRUNCATED;
 *
 * After a read past the end every further read gives zero, and r.pos stays where the bad field began. */
#ifndef GLASSNET_WIRE_H
#define GLASSNET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

struct rd {
	const uint8_t *buf; /* borrowed */
	size_t len;         /* octets in buf */
	size_t pos;         /* next octet to read; on bad: where the unreadable field begins */
	bool bad;
};

/* Inline: a capture has millions of fields. */
static inline struct rd rd_init(const void *buf, size_t len)
{
	return (struct rd){.buf = (const uint8_t *)buf, .len = len};
}

/* Octets not read yet; 0 when bad. */
static inline size_t rd_left(const struct rd *r)
{
	return r->bad ? 0 : r->len - r->pos;
}

/* The next n octets, borrowed from the buffer; NULL (and bad) if there are not so many. n == 0 gives a non-NULL
 * pointer that must not be read. */
static inline const uint8_t *rd_bytes(struct rd *r, size_t n)
{
	static const uint8_t nothing[1];

	if (r->bad || n > r->len - r->pos) {
		r->bad = true;
		return NULL;
	}
	if (n == 0)
		return nothing;
	const uint8_t *p = r->buf + r->pos;
	r->pos += n;
	return p;
}

static inline void rd_skip(struct rd *r, size_t n)
{
	(void)rd_bytes(r, n);
}

static inline uint8_t rd_u8(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 1);
	return p ? p[0] : 0;
}

static inline uint16_t rd_u16(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 2);
	return (uint16_t)(p ? p[0] << 8 | p[1] : 0);
}

static inline uint32_t rd_u24(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 3);
	return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t rd_u32(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 4);
	return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint64_t rd_u64(struct rd *r)
{
	const uint8_t *p = rd_bytes(r, 8);
	uint64_t v = 0;

	for (int i = 0; p && i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

/* A reader over the next n octets, which r passes. Bad from the start if there are not so many. Positions in it
 * count from its own begin. */
struct rd rd_sub(struct rd *r, size_t n);

/* The writer. cap is the room in buf; a write that does not fit sets bad and writes nothing. */
struct wr {
	uint8_t *buf; /* borrowed */
	size_t cap;
	size_t pos;
	bool bad;
};

struct wr wr_init(void *buf, size_t cap);
void wr_u8(struct wr *w, uint8_t v);
void wr_u16(struct wr *w, uint16_t v);
void wr_u32(struct wr *w, uint32_t v);
void wr_bytes(struct wr *w, const void *p, size_t n);

/* The Internet checksum (RFC 1071) over two runs of bytes (a pseudo header and the rest; either may be empty).
 * Over data that carries its own right checksum the result is 0. */
uint16_t inet_checksum(const void *a, size_t alen, const void *b, size_t blen);

/* Text that any peer may have sent, made fit to show: printable ASCII and well-formed UTF-8 above U+00A0 stay,
 * all else (control characters, terminal escapes, bidirectional overrides, broken UTF-8) becomes \xNN. A backslash
 * stays, so that what is escaped already is not escaped again. Writes at most cap octets with the terminating NUL, cutting with "..." where it does not fit.
 * Returns out. */
char *escape_text(char *out, size_t cap, const void *text, size_t len);

/* Octets as lower-case hex, without separators ("0aff"), same rule for what does not fit. Returns out. */
char *hex_text(char *out, size_t cap, const void *bytes, size_t len);

#endif
