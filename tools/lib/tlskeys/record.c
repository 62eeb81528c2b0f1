/* Opening and sealing records. RFC 8446 5.2, 5.3; RFC 5246 6.2.3.3, RFC 5288 3, RFC 6655 3, RFC 7905 2.
 *
 *     TLS 1.3   | 23 | 0303 | length |  text · type · zeros, encrypted  | tag |
 *     TLS 1.2   | type | 0303 | length | 8 octets of nonce | text, encrypted | tag |   (not with ChaCha20)
 */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "glassnet/proto/tls.h"
#include "glassnet/wire.h"
#include "private.h"

#define EXPLICIT 8

/* What goes into the cipher beside the text. */
struct envelope {
	uint8_t nonce[TLS_IV_LEN];
	uint8_t extra[13]; /* additional data */
	size_t extra_len;
};

/* The number of the record in the nonce: no nonce is used twice under one key. */
static void nonce_of(const struct tls_keys *k, uint64_t number, const uint8_t *explicit, struct envelope *e)
{
	memcpy(e->nonce, k->iv, TLS_IV_LEN);
	if (explicit) {
		memcpy(e->nonce + 4, explicit, EXPLICIT);
		return;
	}
	for (unsigned i = 0; i < 8; i++)
		e->nonce[TLS_IV_LEN - 1 - i] ^= (uint8_t)(number >> 8 * i);
}

static void extra_of(
    const struct tls_keys *k, uint64_t number, const uint8_t *header, size_t text, struct envelope *e)
{
	struct wr w = wr_init(e->extra, sizeof(e->extra));

	if (k->suite->tls13) {
		wr_bytes(&w, header, TLS_HEADER_LEN);
	} else {
		wr_u32(&w, (uint32_t)(number >> 32));
		wr_u32(&w, (uint32_t)number);
		wr_bytes(&w, header, 3);
		wr_u16(&w, (uint16_t)text);
	}
	e->extra_len = w.pos;
}

/* Lengths are below 2^15 here: they fit OpenSSL's int. tag: read when opening, written when sealing. */
static enum err run(const struct tls_keys *k, bool seal, const struct envelope *env, const uint8_t *in, size_t n,
    uint8_t *out, uint8_t *tag)
{
	const struct tls_cipher *c = tls_cipher_of(k->suite);
	EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, c->name, NULL);
	EVP_CIPHER_CTX *ctx = cipher ? EVP_CIPHER_CTX_new() : NULL;
	int dir = seal ? 1 : 0, len = 0, fin = 0;
	bool ready = ctx && EVP_CipherInit_ex2(ctx, cipher, NULL, NULL, dir, NULL) == 1 &&
	             EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, TLS_IV_LEN, NULL) == 1 &&
	             (seal && !c->ccm ? true
	                              : EVP_CIPHER_CTX_ctrl(
	                                    ctx, EVP_CTRL_AEAD_SET_TAG, (int)c->tag_len, seal ? NULL : tag) == 1) &&
	             EVP_CipherInit_ex2(ctx, NULL, k->key, env->nonce, dir, NULL) == 1 &&
	             (!c->ccm || EVP_CipherUpdate(ctx, NULL, &len, NULL, (int)n) == 1) &&
	             EVP_CipherUpdate(ctx, NULL, &len, env->extra, (int)env->extra_len) == 1;
	/* CCM tells at once whether the tag fits, the others at the end. */
	bool fits = ready && EVP_CipherUpdate(ctx, out, &len, in, (int)n) == 1 &&
	            (c->ccm || EVP_CipherFinal_ex(ctx, out + len, &fin) == 1);
	if (fits && seal)
		fits = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, (int)c->tag_len, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	EVP_CIPHER_free(cipher);
	return !ready ? ERR_INTERNAL : fits ? ERR_OK : ERR_NEGATIVE;
}

/* TLS 1.3: the last octet that is not zero is the type, what stands before it the text (RFC 8446 5.4). */
static enum err unwrap(const uint8_t *text, size_t n, struct tls_opened *what)
{
	size_t i = n;

	while (i > 0 && text[i - 1] == 0)
		i--;
	if (i == 0)
		return ERR_FORMAT;
	*what = (struct tls_opened){.type = text[i - 1], .len = i - 1, .padding = n - i};
	return ERR_OK;
}

enum err tls_record_open(const struct tls_keys *k, uint64_t number, const uint8_t *record, size_t len, uint8_t *out,
    size_t cap, struct tls_opened *what)
{
	const struct tls_cipher *c = tls_cipher_of(k->suite);
	size_t prefix = !k->suite->tls13 && c->explicit ? EXPLICIT : 0;
	struct rd r = rd_init(record, len);
	struct envelope env;
	uint8_t tag[16];

	*what = (struct tls_opened){.type = rd_u8(&r)};
	rd_skip(&r, 2);
	size_t body = rd_u16(&r);
	if (r.bad || rd_left(&r) < body || body < prefix + c->tag_len)
		return ERR_TRUNCATED;
	if (body > TLS_RECORD_MAX - TLS_HEADER_LEN || body > cap)
		return ERR_TOO_LONG;
	const uint8_t *explicit = rd_bytes(&r, prefix);
	size_t n = body - prefix - c->tag_len;
	const uint8_t *text = rd_bytes(&r, n);
	memcpy(tag, rd_bytes(&r, c->tag_len), c->tag_len);
	nonce_of(k, number, prefix ? explicit : NULL, &env);
	extra_of(k, number, record, n, &env);
	enum err e = run(k, false, &env, text, n, out, tag);
	if (e == ERR_OK && k->suite->tls13)
		e = unwrap(out, n, what);
	else if (e == ERR_OK)
		what->len = n;
	if (e != ERR_OK && n)
		sodium_memzero(out, n); /* what did not prove itself is not looked at */
	return e;
}

enum err tls_record_seal(const struct tls_keys *k, uint64_t number, uint8_t type, const uint8_t *text, size_t len,
    uint8_t *out, size_t cap, size_t *n)
{
	const struct tls_cipher *c = tls_cipher_of(k->suite);
	size_t prefix = !k->suite->tls13 && c->explicit ? EXPLICIT : 0, inner_len = len + (k->suite->tls13 ? 1 : 0);
	struct wr w = wr_init(out, cap);
	struct envelope env;
	uint8_t inner[TLS_INNER_MAX], counter[EXPLICIT];
	struct wr number_of = wr_init(counter, sizeof(counter));

	*n = 0;
	if (len > 16384 || cap < TLS_HEADER_LEN + prefix + inner_len + c->tag_len)
		return ERR_TOO_LONG;
	if (len)
		memcpy(inner, text, len);
	inner[len] = type;
	wr_u8(&w, k->suite->tls13 ? TLS_APPLICATION_DATA : type);
	wr_u16(&w, 0x0303);
	wr_u16(&w, (uint16_t)(prefix + inner_len + c->tag_len));
	/* TLS 1.2: any nonce that does not come again; the number of the record does not. */
	wr_u32(&number_of, (uint32_t)(number >> 32));
	wr_u32(&number_of, (uint32_t)number);
	if (prefix)
		wr_bytes(&w, counter, prefix);
	nonce_of(k, number, prefix ? counter : NULL, &env);
	extra_of(k, number, out, len, &env);
	enum err e = run(k, true, &env, inner, inner_len, out + w.pos, out + w.pos + inner_len);
	sodium_memzero(inner, sizeof(inner));
	if (e == ERR_OK)
		*n = w.pos + inner_len + c->tag_len;
	return e;
}
