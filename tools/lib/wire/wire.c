/* The bounded reader and writer, and the Internet checksum. */
#include "glassnet/wire.h"

#include <string.h>

struct rd rd_sub(struct rd *r, size_t n)
{
	const uint8_t *p = rd_bytes(r, n);
	struct rd sub = rd_init(p, p ? n : 0);

	sub.bad = !p;
	return sub;
}

struct wr wr_init(void *buf, size_t cap)
{
	return (struct wr){.buf = buf, .cap = cap};
}

void wr_bytes(struct wr *w, const void *p, size_t n)
{
	if (w->bad || n > w->cap - w->pos) {
		w->bad = true;
		return;
	}
	if (n > 0)
		memcpy(w->buf + w->pos, p, n);
	w->pos += n;
}

void wr_u8(struct wr *w, uint8_t v)
{
	wr_bytes(w, &v, 1);
}

void wr_u16(struct wr *w, uint16_t v)
{
	uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};

	wr_bytes(w, b, sizeof(b));
}

void wr_u32(struct wr *w, uint32_t v)
{
	uint8_t b[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	wr_bytes(w, b, sizeof(b));
}

/* Adds octets to a running sum; odd tells whether the sum so far covers an odd number of them. */
static uint64_t sum_octets(uint64_t sum, const uint8_t *p, size_t len, bool odd)
{
	for (size_t i = 0; i < len; i++)
		sum += (i % 2 == 1) != odd ? p[i] : (uint64_t)p[i] << 8;
	return sum;
}

uint16_t inet_checksum(const void *a, size_t alen, const void *b, size_t blen)
{
	uint64_t sum = sum_octets(0, a, alen, false);

	sum = sum_octets(sum, b, blen, alen % 2 == 1);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
