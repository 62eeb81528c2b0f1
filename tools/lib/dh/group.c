/* The groups: X25519 by libsodium, ffdhe by OpenSSL. */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/dh.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "glassnet/dh.h"

static const struct {
	uint16_t number;
	const char *name;
	size_t len;
} groups[] = {{DH_GROUP_X25519, "x25519", DH_X25519_LEN}, {0x0100, "ffdhe2048", 256}, {0x0101, "ffdhe3072", 384},
    {0x0102, "ffdhe4096", 512}, {0x0103, "ffdhe6144", 768}, {0x0104, "ffdhe8192", 1024}};

enum { GROUPS = sizeof(groups) / sizeof(groups[0]) };

const char *dh_group_name(uint16_t group)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i].number == group)
			return groups[i].name;
	return NULL;
}

enum err dh_group_parse(uint16_t *out, const char *name)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (strcmp(groups[i].name, name) == 0) {
			*out = groups[i].number;
			return ERR_OK;
		}
	return ERR_VERSION;
}

size_t dh_group_len(uint16_t group)
{
	for (size_t i = 0; i < GROUPS; i++)
		if (groups[i].number == group)
			return groups[i].len;
	return 0;
}

/* --- ffdhe --- */

static enum err make_ffdhe(struct dh_pair *p)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
	OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(
	                           OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)dh_group_name(p->group), 0),
	    OSSL_PARAM_END};
	BIGNUM *y = NULL;
	bool ok = ctx && EVP_PKEY_keygen_init(ctx) == 1 && EVP_PKEY_CTX_set_params(ctx, params) == 1 &&
	          EVP_PKEY_generate(ctx, &p->ffdhe) == 1 &&
	          EVP_PKEY_get_bn_param(p->ffdhe, OSSL_PKEY_PARAM_PUB_KEY, &y) == 1 &&
	          BN_bn2binpad(y, p->public_key, (int)p->len) == (int)p->len;

	BN_free(y);
	EVP_PKEY_CTX_free(ctx);
	return ok ? ERR_OK : ERR_INTERNAL;
}

enum err dh_pair_make(struct dh_pair *out, uint16_t group)
{
	memset(out, 0, sizeof(*out));
	out->group = group;
	out->len = dh_group_len(group);
	if (out->len == 0)
		return ERR_VERSION;
	if (group != DH_GROUP_X25519)
		return make_ffdhe(out);
	randombytes_buf(out->x25519, sizeof(out->x25519));
	return dh_x25519(out->public_key, out->x25519, NULL);
}

void dh_pair_release(struct dh_pair *pair)
{
	EVP_PKEY_free(pair->ffdhe); /* OpenSSL wipes private numbers */
	sodium_memzero(pair, sizeof(*pair));
}

/* RFC 7919 5.1: 1 < y < p - 1. p = 2q + 1 is a safe prime and the generator a square, so whoever is honest
 * sends a square: Jacobi's symbol tells, at a fraction of the price of y^q. */
static enum err check_ffdhe(const struct dh_pair *pair, const uint8_t *peer, size_t len, const char **why)
{
	BIGNUM *p = NULL, *y = BN_bin2bn(peer, (int)len, NULL), *top = NULL;
	BN_CTX *ctx = BN_CTX_new();
	enum err e = ERR_INTERNAL;

	if (y && ctx && EVP_PKEY_get_bn_param(pair->ffdhe, OSSL_PKEY_PARAM_FFC_P, &p) == 1 && (top = BN_dup(p)) &&
	    BN_sub_word(top, 1)) {
		bool in_range = BN_cmp(y, BN_value_one()) > 0 && BN_cmp(y, top) < 0;
		bool in_group = in_range && BN_kronecker(y, p, ctx) == 1;
		e = in_group ? ERR_OK : ERR_NEGATIVE;
		*why = in_range ? "it is outside of the group: no honest peer gets there, and it would give "
		                  "a bit of our "
		                  "secret away (RFC 7919 5.1)"
		                : "0, 1, p - 1 or more: whatever our secret is, the result would be known to "
		                  "everybody "
		                  "(RFC 7919 5.1)";
	}
	BN_free(p);
	BN_free(y);
	BN_free(top);
	BN_CTX_free(ctx);
	return e;
}

/* The peer's number as a key of our own key's group. */
static EVP_PKEY *peer_key(const struct dh_pair *pair, const uint8_t *peer, size_t len)
{
	EVP_PKEY *key = EVP_PKEY_new();

	if (key && EVP_PKEY_copy_parameters(key, pair->ffdhe) == 1 &&
	    EVP_PKEY_set1_encoded_public_key(key, peer, len) == 1)
		return key;
	EVP_PKEY_free(key);
	return NULL;
}

static enum err agree_ffdhe(
    const struct dh_pair *pair, const uint8_t *peer, size_t len, uint8_t out[static DH_PUBLIC_MAX], const char **why)
{
	enum err e = check_ffdhe(pair, peer, len, why);

	if (e != ERR_OK)
		return e;
	EVP_PKEY *other = peer_key(pair, peer, len);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pair->ffdhe, NULL);
	size_t n = len;
	/* padded: the secret has the length of p, leading zeros too (RFC 8446 7.4.1) */
	bool ok = other && ctx && EVP_PKEY_derive_init(ctx) == 1 && EVP_PKEY_CTX_set_dh_pad(ctx, 1) == 1 &&
	          EVP_PKEY_derive_set_peer(ctx, other) == 1 && EVP_PKEY_derive(ctx, out, &n) == 1 && n == len;
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(other);
	return ok ? ERR_OK : ERR_INTERNAL;
}

enum err dh_agree(
    const struct dh_pair *pair, const uint8_t *peer, size_t len, uint8_t out[static DH_PUBLIC_MAX], const char **why)
{
	*why = "";
	if (len != pair->len)
		return ERR_FORMAT;
	if (pair->group != DH_GROUP_X25519)
		return agree_ffdhe(pair, peer, len, out, why);
	*why = "a point of small order: whatever our secret is, the result would be zero (RFC 7748 6.1)";
	return dh_x25519_small_order(peer) ? ERR_NEGATIVE : dh_x25519(out, pair->x25519, peer);
}
