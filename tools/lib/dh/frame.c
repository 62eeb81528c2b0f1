/* Frames and HELLO. */
#include <string.h>

#include "glassnet/dh.h"
#include "glassnet/wire.h"

static const uint8_t magic[4] = {'G', 'N', 'D', 'H'};

enum { FLAG_AUTH = 1 };

enum err dh_frame(const uint8_t *buf, size_t len, size_t *whole)
{
	struct rd r = rd_init(buf, len);

	*whole = (size_t)rd_u16(&r) + 2;
	if (r.bad)
		return ERR_TRUNCATED;
	if (*whole > DH_FRAME_MAX)
		return ERR_TOO_LONG;
	if (*whole < 3)
		return ERR_FORMAT;
	return len < *whole ? ERR_TRUNCATED : ERR_OK;
}

size_t dh_hello_write(uint8_t *out, size_t cap, const struct dh_hello *h)
{
	struct wr w = wr_init(out, cap);
	size_t body = 1 + sizeof(magic) + 1 + 1 + 2 + DH_NONCE + 2 + h->len;

	wr_u16(&w, (uint16_t)body);
	wr_u8(&w, DH_HELLO);
	wr_bytes(&w, magic, sizeof(magic));
	wr_u8(&w, DH_VERSION);
	wr_u8(&w, h->auth ? FLAG_AUTH : 0);
	wr_u16(&w, h->group);
	wr_bytes(&w, h->nonce, DH_NONCE);
	wr_u16(&w, (uint16_t)h->len);
	wr_bytes(&w, h->public_key, h->len);
	return w.bad ? 0 : w.pos;
}

static enum err wrong(size_t *at, size_t where, enum err e)
{
	*at = where;
	return e;
}

enum err dh_hello_parse(struct dh_hello *out, const uint8_t *frame, size_t len, size_t *at)
{
	struct rd r = rd_init(frame, len);
	size_t whole = (size_t)rd_u16(&r) + 2;
	uint8_t type = rd_u8(&r);
	const uint8_t *word = rd_bytes(&r, sizeof(magic));
	uint8_t version = rd_u8(&r), flags = rd_u8(&r);
	const uint8_t *nonce;

	out->group = rd_u16(&r);
	nonce = rd_bytes(&r, DH_NONCE);
	out->len = rd_u16(&r);
	out->public_key = rd_bytes(&r, out->len);
	/* What can be told is told first: another protocol, another version, before "too short". */
	if (type != DH_HELLO)
		return len > 2 ? wrong(at, 2, ERR_FORMAT) : wrong(at, len, ERR_TRUNCATED);
	if (word && memcmp(word, magic, sizeof(magic)) != 0)
		return wrong(at, 3, ERR_FORMAT);
	if (r.bad)
		return wrong(at, r.pos, ERR_TRUNCATED);
	if (whole != len || rd_left(&r) != 0)
		return wrong(at, r.pos, ERR_FORMAT);
	if (version != DH_VERSION)
		return wrong(at, 7, ERR_VERSION);
	if (flags & ~FLAG_AUTH)
		return wrong(at, 8, ERR_FORMAT);
	if (dh_group_len(out->group) == 0)
		return wrong(at, 9, ERR_VERSION);
	if (out->len != dh_group_len(out->group))
		return wrong(at, 43, ERR_FORMAT);
	out->auth = (flags & FLAG_AUTH) != 0;
	memcpy(out->nonce, nonce, DH_NONCE);
	return ERR_OK;
}
