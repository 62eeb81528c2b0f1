/* HKDF as TLS 1.3 uses it (RFC 5869; RFC 8446 7.1, 7.3), and TLS 1.2's PRF (RFC 5246 5). The HMACs are OpenSSL's. */
#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"
#include "private.h"

/* Runs one of OpenSSL's key derivation functions. params end with OSSL_PARAM_END. */
static enum err kdf(const char *name, const OSSL_PARAM params[], uint8_t *out, size_t n)
{
	EVP_KDF *how = EVP_KDF_fetch(NULL, name, NULL);
	EVP_KDF_CTX *ctx = how ? EVP_KDF_CTX_new(how) : NULL;
	bool ok = ctx && EVP_KDF_derive(ctx, out, n, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(how);
	return ok ? ERR_OK : ERR_INTERNAL;
}

/* OSSL_PARAM has no const; nothing is written through these. */
static OSSL_PARAM octets(const char *key, const uint8_t *p, size_t n)
{
	return OSSL_PARAM_construct_octet_string(key, (void *)(uintptr_t)p, n);
}

static OSSL_PARAM digest_of(const struct tls_suite *s)
{
	return OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)(uintptr_t)tls_suite_hash(s), 0);
}

enum err tls_extract(const struct tls_suite *s, const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
    size_t ikm_len, uint8_t out[static TLS_HASH_MAX])
{
	int mode = EVP_KDF_HKDF_MODE_EXTRACT_ONLY;
	OSSL_PARAM params[] = {digest_of(s), OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
	    octets(OSSL_KDF_PARAM_KEY, ikm, ikm_len), octets(OSSL_KDF_PARAM_SALT, salt, salt_len), OSSL_PARAM_END};

	return kdf("HKDF", params, out, s->hash_len);
}

enum err tls_expand_label(const struct tls_suite *s, const uint8_t *secret, const char *label, const uint8_t *context,
    size_t context_len, uint8_t *out, size_t n)
{
	/* struct HkdfLabel { uint16 length; opaque label<7..255>; opaque context<0..255> } */
	uint8_t info[2 + 1 + 255 + 1 + 255];
	struct wr w = wr_init(info, sizeof(info));
	char full[256];
	int len = snprintf(full, sizeof(full), "tls13 %s", label), mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;

	if (len < 7 || len > 255 || context_len > 255 || n > UINT16_MAX)
		return ERR_TOO_LONG;
	wr_u16(&w, (uint16_t)n);
	wr_u8(&w, (uint8_t)len);
	wr_bytes(&w, full, (size_t)len);
	wr_u8(&w, (uint8_t)context_len);
	if (context_len)
		wr_bytes(&w, context, context_len);

	OSSL_PARAM params[] = {digest_of(s), OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode),
	    octets(OSSL_KDF_PARAM_KEY, secret, s->hash_len), octets(OSSL_KDF_PARAM_INFO, info, w.pos),
	    OSSL_PARAM_END};

	return kdf("HKDF", params, out, n);
}

enum err tls_derive_secret(const struct tls_suite *s, const uint8_t *secret, const char *label, const uint8_t *hash,
    uint8_t out[static TLS_HASH_MAX])
{
	return tls_expand_label(s, secret, label, hash, s->hash_len, out, s->hash_len);
}

enum err tls12_prf(const struct tls_suite *s, const uint8_t *secret, size_t secret_len, const char *label,
    const uint8_t *seed, size_t seed_len, uint8_t *out, size_t n)
{
	/* The seed may come in pieces: they are joined in order. */
	OSSL_PARAM params[] = {digest_of(s), octets(OSSL_KDF_PARAM_SECRET, secret, secret_len),
	    octets(OSSL_KDF_PARAM_SEED, (const uint8_t *)label, strlen(label)),
	    octets(OSSL_KDF_PARAM_SEED, seed, seed_len), OSSL_PARAM_END};

	return kdf("TLS1-PRF", params, out, n);
}
