/* SSH's data types (RFC 4251 section 5). */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/ssh_wire.h"

void sbuf_clear(struct sbuf *b)
{
	if (b->p)
		sodium_memzero(b->p, b->len);
	b->len = 0;
	b->bad = false;
}

void sbuf_release(struct sbuf *b)
{
	if (b->p)
		sodium_memzero(b->p, b->cap);
	free(b->p);
	*b = (struct sbuf){0};
}

uint8_t *sbuf_room(struct sbuf *b, size_t n)
{
	if (b->bad || n > SBUF_MAX || b->len > SBUF_MAX - n) {
		b->bad = true;
		return NULL;
	}
	if (b->cap - b->len >= n && b->p)
		return b->p + b->len;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < b->len + n)
		cap *= 2;
	uint8_t *p = malloc(cap); /* not realloc(): the old place is to be wiped */
	if (!p) {
		b->bad = true;
		return NULL;
	}
	if (b->p) {
		memcpy(p, b->p, b->len);
		sodium_memzero(b->p, b->cap);
		free(b->p);
	}
	b->p = p;
	b->cap = cap;
	return b->p + b->len;
}

uint8_t *sbuf_grow(struct sbuf *b, size_t n)
{
	uint8_t *p = sbuf_room(b, n);

	if (p)
		b->len += n;
	return p;
}

void sbuf_drop(struct sbuf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->p, b->p + n, b->len - n);
	b->len -= n;
}

void sbuf_bytes(struct sbuf *b, const void *p, size_t n)
{
	uint8_t *to = sbuf_grow(b, n);

	if (to && n)
		memcpy(to, p, n);
}

void sbuf_u8(struct sbuf *b, uint8_t v)
{
	sbuf_bytes(b, &v, 1);
}

void sbuf_bool(struct sbuf *b, bool v)
{
	sbuf_u8(b, v);
}

void sbuf_u32(struct sbuf *b, uint32_t v)
{
	const uint8_t o[4] = {(uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};

	sbuf_bytes(b, o, sizeof(o));
}

void sbuf_u64(struct sbuf *b, uint64_t v)
{
	sbuf_u32(b, (uint32_t)(v >> 32));
	sbuf_u32(b, (uint32_t)v);
}

void sbuf_string(struct sbuf *b, const void *p, size_t n)
{
	sbuf_u32(b, (uint32_t)n);
	sbuf_bytes(b, p, n);
}

void sbuf_text(struct sbuf *b, const char *s)
{
	sbuf_string(b, s, strlen(s));
}

void sbuf_mpint(struct sbuf *b, const uint8_t *p, size_t n)
{
	while (n && *p == 0) {
		p++;
		n--;
	}
	bool high = n && (*p & 0x80);
	sbuf_u32(b, (uint32_t)(n + high));
	if (high)
		sbuf_u8(b, 0);
	sbuf_bytes(b, p, n);
}

/* --- reading --- */

const uint8_t *rd_string(struct rd *r, size_t *len)
{
	size_t at = r->pos;

	*len = rd_u32(r);
	const uint8_t *p = rd_bytes(r, *len);
	if (!p || r->bad) {
		*len = 0;
		r->bad = true;
		r->pos = at;
		return NULL;
	}
	return p;
}

bool rd_text(struct rd *r, char *out, size_t cap)
{
	size_t len;
	const uint8_t *p = rd_string(r, &len);

	out[0] = '\0';
	for (size_t i = 0; p && i < len; i++)
		if (p[i] < 0x20 || p[i] > 0x7e)
			return false;
	if (!p || len >= cap)
		return false;
	memcpy(out, p, len);
	out[len] = '\0';
	return true;
}

const uint8_t *rd_mpint(struct rd *r, size_t *len)
{
	size_t at = r->pos;
	const uint8_t *p = rd_string(r, len);

	if (!p)
		return NULL;
	bool negative = *len && (p[0] & 0x80), padded = *len && p[0] == 0 && (*len == 1 || !(p[1] & 0x80));
	if (negative || padded) {
		r->bad = true;
		r->pos = at;
		*len = 0;
		return NULL;
	}
	if (*len && p[0] == 0) {
		p++;
		(*len)--;
	}
	return p;
}

/* --- Base64 --- */

bool sbuf_base64(struct sbuf *b, const char *text, size_t len)
{
	size_t before = b->len, cap = len / 4 * 3 + 3, n = 0;
	const char *end = NULL;
	uint8_t *to = sbuf_room(b, cap);

	if (!to)
		return false;
	/* like the strict decoder of OpenSSH, this one wants the padding, and lets blanks be */
	bool ok = sodium_base642bin(to, cap, text, len, " \t\r\n", &n, &end, sodium_base64_VARIANT_ORIGINAL) == 0 &&
	          end == text + len;
	if (ok)
		b->len = before + n;
	return ok;
}

char *base64_text(const uint8_t *p, size_t len, bool padding)
{
	int variant = padding ? sodium_base64_VARIANT_ORIGINAL : sodium_base64_VARIANT_ORIGINAL_NO_PADDING;
	size_t cap = sodium_base64_encoded_len(len, variant);
	char *out = malloc(cap);

	return out ? sodium_bin2base64(out, cap, p, len, variant) : NULL;
}

bool name_in_list(const char *name, const char *list, size_t len)
{
	size_t want = strlen(name);

	for (size_t at = 0; at <= len;) {
		const char *comma = memchr(list + at, ',', len - at);
		size_t n = comma ? (size_t)(comma - list) - at : len - at;
		if (n == want && memcmp(list + at, name, n) == 0)
			return true;
		at += n + 1;
	}
	return false;
}
