/* The running hash over the handshake's messages. RFC 8446 4.4.1. */
#include <openssl/evp.h>

#include "glassnet/proto/tls.h"
#include "private.h"

static enum err start(struct tls_transcript *t)
{
	EVP_MD *md = EVP_MD_fetch(NULL, tls_suite_hash(t->suite), NULL);
	bool ok = md && t->md && EVP_DigestInit_ex2(t->md, md, NULL) == 1;

	EVP_MD_free(md);
	return ok ? ERR_OK : ERR_INTERNAL;
}

enum err tls_transcript_init(struct tls_transcript *t, const struct tls_suite *s)
{
	*t = (struct tls_transcript){.suite = s, .md = EVP_MD_CTX_new()};
	return start(t);
}

enum err tls_transcript_add(struct tls_transcript *t, const uint8_t *msg, size_t len)
{
	return EVP_DigestUpdate(t->md, msg, len) == 1 ? ERR_OK : ERR_INTERNAL;
}

enum err tls_transcript_hash(const struct tls_transcript *t, uint8_t out[static TLS_HASH_MAX])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new();
	bool ok = copy && EVP_MD_CTX_copy_ex(copy, t->md) == 1 && EVP_DigestFinal_ex(copy, out, NULL) == 1;

	EVP_MD_CTX_free(copy);
	return ok ? ERR_OK : ERR_INTERNAL;
}

enum err tls_transcript_retry(struct tls_transcript *t)
{
	const uint8_t header[4] = {TLS_MESSAGE_HASH, 0, 0, (uint8_t)t->suite->hash_len};
	uint8_t hash[TLS_HASH_MAX];
	enum err e = tls_transcript_hash(t, hash);

	if (e == ERR_OK)
		e = start(t);
	if (e == ERR_OK)
		e = tls_transcript_add(t, header, sizeof(header));
	return e == ERR_OK ? tls_transcript_add(t, hash, t->suite->hash_len) : e;
}

void tls_transcript_release(struct tls_transcript *t)
{
	EVP_MD_CTX_free(t->md);
	t->md = NULL;
}
