/* The sealed format: octets in, octets out. */
#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/wire.h"
#include "seal.h"

static const char magic[] = "GNSEAL1\n";

enum {
	TAG_LEN = crypto_secretstream_xchacha20poly1305_ABYTES,
	KEY_LEN = crypto_secretstream_xchacha20poly1305_KEYBYTES
};
_Static_assert(crypto_secretstream_xchacha20poly1305_HEADERBYTES == 24, "the header's size is part of the format");

enum err seal_header_parse(struct seal_header *h, const uint8_t *data, size_t len)
{
	struct rd r = rd_init(data, len);
	const uint8_t *m = rd_bytes(&r, 8);

	*h = (struct seal_header){0};
	if (!m || memcmp(m, magic, 6) != 0)
		return ERR_FORMAT;
	if (memcmp(m, magic, 8) != 0)
		return ERR_VERSION;
	h->passes = rd_u32(&r);
	h->memory_kib = rd_u32(&r);
	const uint8_t *salt = rd_bytes(&r, sizeof(h->salt)), *stream = rd_bytes(&r, sizeof(h->stream));
	if (r.bad)
		return ERR_TRUNCATED;
	memcpy(h->salt, salt, sizeof(h->salt));
	memcpy(h->stream, stream, sizeof(h->stream));
	if (h->passes < 1 || h->memory_kib < 8)
		return ERR_FORMAT;
	return h->passes > SEAL_PASSES_MAX || h->memory_kib > SEAL_MEMORY_MAX_KIB ? ERR_BUDGET : ERR_OK;
}

void seal_header_write(const struct seal_header *h, uint8_t out[static SEAL_HEADER])
{
	struct wr w = wr_init(out, SEAL_HEADER);

	wr_bytes(&w, magic, 8);
	wr_u32(&w, h->passes);
	wr_u32(&w, h->memory_kib);
	wr_bytes(&w, h->salt, sizeof(h->salt));
	wr_bytes(&w, h->stream, sizeof(h->stream));
}

static enum err make_key(uint8_t key[static KEY_LEN], const struct seal_header *h, const struct seal_request *q)
{
	return crypto_pwhash(key, KEY_LEN, q->passphrase, q->len, h->salt, h->passes, (size_t)h->memory_kib * 1024,
	           crypto_pwhash_ALG_ARGON2ID13) == 0
	           ? ERR_OK
	           : ERR_NOMEM;
}

/* As much as there is, up to n. */
static enum err read_full(int fd, uint8_t *buf, size_t n, size_t *got)
{
	for (*got = 0; *got < n;) {
		ssize_t r = read(fd, buf + *got, n - *got);
		if (r == 0)
			break;
		if (r > 0)
			*got += (size_t)r;
		else if (errno != EINTR)
			return ERR_IO;
	}
	return ERR_OK;
}

static enum err write_full(int fd, const uint8_t *buf, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, buf, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return ERR_IO;
		buf += w;
		n -= (size_t)w;
	}
	return ERR_OK;
}

struct work {
	crypto_secretstream_xchacha20poly1305_state state;
	uint8_t key[KEY_LEN];
	uint8_t plain[SEAL_CHUNK + 1]; /* one octet more: is there another chunk? */
	uint8_t sealed[SEAL_CHUNK + TAG_LEN + 1];
};

enum err seal_stream(int in, int out, const struct seal_request *q, uint64_t all)
{
	struct work *w = sodium_malloc(sizeof(*w));
	struct seal_header h = {.passes = q->passes, .memory_kib = q->memory_kib};
	uint8_t header[SEAL_HEADER];
	size_t have = 0, got;
	uint64_t done = 0;
	bool first = true, last = false;

	if (!w)
		return ERR_NOMEM;
	randombytes_buf(h.salt, sizeof(h.salt));
	enum err e = make_key(w->key, &h, q);
	if (e == ERR_OK) {
		crypto_secretstream_xchacha20poly1305_init_push(&w->state, h.stream, w->key);
		seal_header_write(&h, header);
		e = write_full(out, header, sizeof(header));
	}
	while (e == ERR_OK && !last) {
		e = read_full(in, w->plain + have, sizeof(w->plain) - have, &got);
		if (e != ERR_OK)
			break;
		have += got;
		last = have <= SEAL_CHUNK;
		size_t n = last ? have : SEAL_CHUNK;
		crypto_secretstream_xchacha20poly1305_push(&w->state, w->sealed, NULL, w->plain, n,
		    first ? header : NULL, first ? sizeof(header) : 0,
		    last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL
		         : crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
		e = write_full(out, w->sealed, n + TAG_LEN);
		w->plain[0] = w->plain[SEAL_CHUNK];
		have -= n;
		first = false;
		done += n;
		if (q->progress)
			q->progress(done, all);
	}
	sodium_free(w);
	return e;
}

/* One chunk. *last is set when it is the last, and nothing follows it. */
static enum err open_chunk(struct work *w, size_t have, const uint8_t *ad, size_t ad_len, size_t *n, bool *last)
{
	unsigned long long len = 0;
	unsigned char tag = 0;
	bool more = have > SEAL_CHUNK + TAG_LEN;
	size_t size = more ? SEAL_CHUNK + TAG_LEN : have;

	if (size < TAG_LEN || crypto_secretstream_xchacha20poly1305_pull(
	                          &w->state, w->plain, &len, &tag, w->sealed, size, ad, ad_len) != 0)
		return ERR_NEGATIVE;
	*n = (size_t)len;
	*last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
	return *last == more ? ERR_NEGATIVE : ERR_OK; /* the end is where the last chunk is, and nowhere else */
}

enum err open_stream(int in, int out, const struct seal_request *q, uint64_t all)
{
	struct work *w = sodium_malloc(sizeof(*w));
	struct seal_header h;
	uint8_t header[SEAL_HEADER];
	size_t have = 0, got, n = 0;
	uint64_t done = 0;
	bool first = true, last = false;

	if (!w)
		return ERR_NOMEM;
	enum err e = read_full(in, header, sizeof(header), &got);
	if (e == ERR_OK)
		e = seal_header_parse(&h, header, got);
	if (e == ERR_OK)
		e = make_key(w->key, &h, q);
	if (e == ERR_OK && crypto_secretstream_xchacha20poly1305_init_pull(&w->state, h.stream, w->key) != 0)
		e = ERR_NEGATIVE;
	while (e == ERR_OK && !last) {
		e = read_full(in, w->sealed + have, sizeof(w->sealed) - have, &got);
		have += got;
		if (e == ERR_OK)
			e = open_chunk(w, have, first ? header : NULL, first ? sizeof(header) : 0, &n, &last);
		if (e == ERR_OK)
			e = write_full(out, w->plain, n);
		w->sealed[0] = w->sealed[SEAL_CHUNK + TAG_LEN];
		have -= e == ERR_OK ? n + TAG_LEN : have;
		first = false;
		done += n;
		if (q->progress)
			q->progress(done, all);
	}
	sodium_free(w);
	return e;
}
