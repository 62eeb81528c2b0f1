#include "buf.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAP = 1024 };

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void buf_release(struct buf *b)
{
	if (b->data) {
		sodium_memzero(b->data, b->cap);
		free(b->data);
	}
	*b = (struct buf){.max = b->max};
}

size_t buf_room(const struct buf *b)
{
	return b->max - b->len;
}

/* Not realloc(): it may leave a copy behind that nobody wipes. */
static enum err grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : FIRST_CAP;
	while (cap < need)
		cap *= 2;
	uint8_t *data = malloc(cap);
	if (!data)
		return ERR_NOMEM;
	if (b->data) {
		memcpy(data, b->data, b->len);
		sodium_memzero(b->data, b->cap);
		free(b->data);
	}
	b->data = data;
	b->cap = cap;
	return ERR_OK;
}

enum err buf_append(struct buf *b, const void *bytes, size_t n)
{
	return buf_replace(b, b->len, 0, bytes, n);
}

enum err buf_text(struct buf *b, const char *text)
{
	return buf_append(b, text, strlen(text));
}

enum err buf_replace(struct buf *b, size_t off, size_t len, const void *bytes, size_t n)
{
	if (off > b->len || len > b->len - off)
		return ERR_INTERNAL;
	if (n > len && n - len > buf_room(b))
		return ERR_TOO_LONG;
	size_t now = b->len - len + n;
	if (now > b->cap) {
		enum err e = grow(b, now);
		if (e)
			return e;
	}
	if (now == 0) {
		b->len = 0;
		return ERR_OK;
	}
	memmove(b->data + off + n, b->data + off + len, b->len - off - len);
	if (n)
		memcpy(b->data + off, bytes, n);
	if (now < b->len)
		sodium_memzero(b->data + now, b->len - now);
	b->len = now;
	return ERR_OK;
}

void buf_consume(struct buf *b, size_t n)
{
	if (n == 0)
		return;
	memmove(b->data, b->data + n, b->len - n);
	sodium_memzero(b->data + b->len - n, n);
	b->len -= n;
}
