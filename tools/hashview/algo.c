/* SHA-2, SHA-3, SHA-1 and MD5 by OpenSSL, BLAKE2b by libsodium. */
#include <string.h>
#include <strings.h>

#include "algo.h"

static const struct algo_info infos[ALGO_COUNT] = {
    [ALGO_SHA3_256] = {"sha3-256", "SHA3-256", NULL, "SHA3-256", 32, NULL},
    [ALGO_SHA3_512] = {"sha3-512", "SHA3-512", NULL, "SHA3-512", 64, NULL},
    [ALGO_SHA256] = {"sha256", "SHA256", "SHA2-256", "SHA256", 32, NULL},
    [ALGO_SHA512] = {"sha512", "SHA512", "SHA2-512", "SHA512", 64, NULL},
    [ALGO_BLAKE2B] = {"blake2b", "BLAKE2b", "BLAKE2B-512", NULL, 64, NULL},
    [ALGO_SHA1] = {"sha1", "SHA1", NULL, "SHA1", 20,
        "two files with the same SHA-1 have been made (SHAttered, 2017); NIST retires it (SP 800-131A)"},
    [ALGO_MD5] = {"md5", "MD5", NULL, "MD5", 16,
        "two files with the same MD5 are made in seconds on a laptop (RFC 6151)"},
    [ALGO_SHA224] = {"sha224", "SHA224", "SHA2-224", "SHA224", 28, NULL},
    [ALGO_SHA384] = {"sha384", "SHA384", "SHA2-384", "SHA384", 48, NULL},
    [ALGO_SHA512_256] = {"sha512-256", "SHA512/256", "SHA2-512/256", "SHA512-256", 32, NULL},
    [ALGO_SHA3_224] = {"sha3-224", "SHA3-224", NULL, "SHA3-224", 28, NULL},
    [ALGO_SHA3_384] = {"sha3-384", "SHA3-384", NULL, "SHA3-384", 48, NULL},
    [ALGO_BLAKE2B_256] = {"blake2b-256", "BLAKE2b-256", "BLAKE2B-256", NULL, 32, NULL},
};

const struct algo_info *algo_info(enum algo a)
{
	return &infos[a];
}

bool algo_by_name(const char *name, enum algo *out)
{
	for (enum algo a = 0; a < ALGO_COUNT; a++)
		if (strcasecmp(infos[a].name, name) == 0 || strcasecmp(infos[a].tag, name) == 0 ||
		    (infos[a].alias && strcasecmp(infos[a].alias, name) == 0)) {
			*out = a;
			return true;
		}
	return false;
}

bool algo_by_tag(const char *tag, size_t len, enum algo *out)
{
	for (enum algo a = 0; a < ALGO_COUNT; a++) {
		const char *names[] = {infos[a].tag, infos[a].alias};
		for (size_t i = 0; i < 2; i++)
			if (names[i] && strlen(names[i]) == len && memcmp(names[i], tag, len) == 0) {
				*out = a;
				return true;
			}
	}
	return false;
}

algo_set algos_of_length(size_t len)
{
	algo_set good = 0, broken = 0;

	for (enum algo a = 0; a < ALGO_COUNT; a++)
		if (infos[a].len == len)
			*(infos[a].broken ? &broken : &good) |= ALGO_BIT(a);
	return good ? good : broken;
}

enum err hasher_init(struct hasher *h, enum algo a)
{
	*h = (struct hasher){.algo = a};
	if (!infos[a].openssl)
		return ERR_OK;
	h->md = EVP_MD_fetch(NULL, infos[a].openssl, NULL);
	h->ctx = EVP_MD_CTX_new();
	if (h->md && h->ctx)
		return ERR_OK;
	enum err e = h->md ? ERR_NOMEM : ERR_UNSUPPORTED;
	hasher_release(h);
	return e;
}

void hasher_release(struct hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
	EVP_MD_free(h->md);
	*h = (struct hasher){.algo = h->algo};
}

bool hasher_begin(struct hasher *h)
{
	if (h->ctx)
		return EVP_DigestInit_ex2(h->ctx, h->md, NULL) == 1;
	return crypto_generichash_blake2b_init(&h->blake2b, NULL, 0, infos[h->algo].len) == 0;
}

bool hasher_update(struct hasher *h, const void *data, size_t len)
{
	if (h->ctx)
		return EVP_DigestUpdate(h->ctx, data, len) == 1;
	return crypto_generichash_blake2b_update(&h->blake2b, data, len) == 0;
}

bool hasher_final(struct hasher *h, uint8_t out[static DIGEST_MAX])
{
	if (h->ctx)
		return EVP_DigestFinal_ex(h->ctx, out, NULL) == 1;
	return crypto_generichash_blake2b_final(&h->blake2b, out, infos[h->algo].len) == 0;
}

enum err algo_hash(enum algo a, const void *data, size_t len, uint8_t out[static DIGEST_MAX])
{
	struct hasher h;
	enum err e = hasher_init(&h, a);

	if (e != ERR_OK)
		return e;
	bool ok = hasher_begin(&h) && hasher_update(&h, data, len) && hasher_final(&h, out);
	hasher_release(&h);
	return ok ? ERR_OK : ERR_INTERNAL;
}
