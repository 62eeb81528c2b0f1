/* STUN messages, written (RFC 8489 5 and 14). */
#include "glassnet/proto/stun_write.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <string.h>

#define HEADER  20
#define HASH    20 /* octets of HMAC-SHA1 */
#define REASONS 128

void stun_new_id(uint8_t id[static STUN_ID])
{
	struct wr w = wr_init(id, STUN_ID);
	wr_u32(&w, STUN_COOKIE);
	randombytes_buf(id + w.pos, STUN_ID - w.pos);
}

/* The bits of the class stand among those of the method (RFC 8489 5, figure 3). */
static uint16_t type_of(uint16_t method, enum stun_class class)
{
	unsigned c = (unsigned)class, m = method;
	return (uint16_t)((m & 0x000f) | (m & 0x0070) << 1 | (m & 0x0f80) << 2 | (c & 1) << 4 | (c & 2) << 7);
}

void stun_begin(struct wr *w, uint16_t method, enum stun_class class, const uint8_t id[static STUN_ID])
{
	wr_u16(w, type_of(method, class));
	wr_u16(w, 0);
	wr_bytes(w, id, STUN_ID);
}

static void set_length(struct wr *w, size_t end)
{
	if (w->bad)
		return;
	struct wr at = wr_init(w->buf + 2, 2);
	wr_u16(&at, (uint16_t)(end - HEADER));
}

void stun_put(struct wr *w, uint16_t type, const void *data, size_t len)
{
	static const uint8_t zeros[3];
	wr_u16(w, type);
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, data, len);
	wr_bytes(w, zeros, (4 - len % 4) % 4);
	set_length(w, w->pos);
}

void stun_put_u32(struct wr *w, uint16_t type, uint32_t v)
{
	uint8_t b[4];
	struct wr value = wr_init(b, sizeof b);
	wr_u32(&value, v);
	stun_put(w, type, b, sizeof b);
}

void stun_put_address(struct wr *w, uint16_t type, const struct endpoint *e)
{
	uint8_t b[20];
	struct wr value = wr_init(b, sizeof b);
	size_t n = e->ip.family == 4 ? 4 : 16;
	bool masked = type == STUN_XOR_MAPPED_ADDRESS && w->pos >= HEADER && !w->bad;
	wr_u8(&value, 0);
	wr_u8(&value, e->ip.family == 4 ? 1 : 2);
	wr_u16(&value, masked ? (uint16_t)(e->port ^ STUN_COOKIE >> 16) : e->port);
	for (size_t i = 0; i < n; i++)
		wr_u8(&value, masked ? (uint8_t)(e->ip.b[i] ^ w->buf[4 + i]) : e->ip.b[i]);
	stun_put(w, type, b, value.pos);
}

void stun_put_error(struct wr *w, unsigned code, const char *reason)
{
	uint8_t b[4 + REASONS];
	struct wr value = wr_init(b, sizeof b);
	size_t n = strlen(reason);
	wr_u16(&value, 0);
	wr_u8(&value, (uint8_t)(code / 100));
	wr_u8(&value, (uint8_t)(code % 100));
	wr_bytes(&value, reason, n < REASONS ? n : REASONS);
	stun_put(w, STUN_ERROR_CODE, b, value.pos);
}

/* The hash covers a header whose length ends behind the hash itself, whatever follows it (14.5). */
static bool integrity(uint8_t out[static HASH], const uint8_t *p, size_t before, const void *key, size_t key_len)
{
	uint8_t header[HEADER];
	struct wr at = wr_init(header + 2, 2);
	unsigned n = 0;
	memcpy(header, p, HEADER);
	wr_u16(&at, (uint16_t)(before + 4 + HASH - HEADER));
	uint8_t text[STUN_WRITE_MAX];
	if (before > sizeof text || key_len > INT32_MAX)
		return false;
	memcpy(text, header, HEADER);
	memcpy(text + HEADER, p + HEADER, before - HEADER);
	return HMAC(EVP_sha1(), key, (int)key_len, text, before, out, &n) && n == HASH;
}

bool stun_put_integrity(struct wr *w, const void *key, size_t len)
{
	uint8_t sum[HASH];
	if (w->bad || w->pos < HEADER || !integrity(sum, w->buf, w->pos, key, len))
		return false;
	stun_put(w, STUN_MESSAGE_INTEGRITY, sum, sizeof sum);
	return !w->bad;
}

void stun_put_fingerprint(struct wr *w)
{
	if (w->bad || w->pos < HEADER)
		return;
	set_length(w, w->pos + 8); /* its own 8 octets count, but are not covered */
	stun_put_u32(w, STUN_FINGERPRINT, stun_fingerprint(w->buf, w->pos));
}

size_t stun_end(const struct wr *w)
{
	return w->bad ? 0 : w->pos;
}

bool stun_integrity_right(const uint8_t *p, size_t len, const void *key, size_t key_len)
{
	struct stun_attribute a;
	uint8_t sum[HASH];
	size_t pos = 0;
	while (stun_attribute_next(p, len, &pos, &a))
		if (a.type == STUN_MESSAGE_INTEGRITY)
			return a.len == HASH && integrity(sum, p, a.off, key, key_len) &&
			       sodium_memcmp(sum, p + a.data_off, HASH) == 0;
	return false;
}
