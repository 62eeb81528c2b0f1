/* Signatures: RFC 8709 6 (Ed25519), RFC 5656 3.1.2 (ECDSA), RFC 8332 3 (RSA with SHA-2). */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "private.h"

static const struct {
	const char *alg;
	enum sshkey_type type;
	const char *digest;
} algs[] = {
    {"ssh-ed25519", SSHKEY_ED25519, NULL},
    {"ecdsa-sha2-nistp256", SSHKEY_ECDSA256, "SHA256"},
    {"ecdsa-sha2-nistp384", SSHKEY_ECDSA384, "SHA384"},
    {"ecdsa-sha2-nistp521", SSHKEY_ECDSA521, "SHA512"},
    {"rsa-sha2-256", SSHKEY_RSA, "SHA256"},
    {"rsa-sha2-512", SSHKEY_RSA, "SHA512"},
};

#define N_ALGS (sizeof(algs) / sizeof(algs[0]))

static size_t find_alg(const char *alg)
{
	size_t i = 0;

	while (i < N_ALGS && strcmp(algs[i].alg, alg) != 0)
		i++;
	return i;
}

bool sshkey_fits(enum sshkey_type type, const char *alg)
{
	size_t i = find_alg(alg);

	return i < N_ALGS && algs[i].type == type;
}

void sshkey_plain_alg(char *out, size_t cap, const char *alg)
{
	const char *suffix = strstr(alg, "-cert-v01@openssh.com");

	snprintf(out, cap, "%.*s", suffix ? (int)(suffix - alg) : (int)strlen(alg), alg);
}

/* --- checking --- */

/* SSH sends r and s as mpints, OpenSSL wants them in DER. Returns its length, 0: they are none. */
static size_t ecdsa_der(const uint8_t *sig, size_t len, uint8_t **der)
{
	struct rd r = rd_init(sig, len);
	size_t nr, ns;
	const uint8_t *pr = rd_mpint(&r, &nr), *ps = rd_mpint(&r, &ns);

	*der = NULL;
	if (r.bad || rd_left(&r) || nr > 66 || ns > 66)
		return 0;
	ECDSA_SIG *s = ECDSA_SIG_new();
	BIGNUM *br = BN_bin2bn(pr, (int)nr, NULL), *bs = BN_bin2bn(ps, (int)ns, NULL);
	if (!s || !br || !bs || ECDSA_SIG_set0(s, br, bs) != 1) {
		BN_free(br);
		BN_free(bs);
		ECDSA_SIG_free(s);
		return 0;
	}
	int n = i2d_ECDSA_SIG(s, der);
	ECDSA_SIG_free(s);
	return n > 0 ? (size_t)n : 0;
}

static bool evp_verify(
    EVP_PKEY *key, const char *digest, const uint8_t *data, size_t len, const uint8_t *sig, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestVerifyInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1 &&
	          EVP_DigestVerify(ctx, sig, n, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

static enum err verify_ecdsa(
    const struct sshkey *k, size_t a, const uint8_t *data, size_t len, const uint8_t *sig, size_t n, const char **why)
{
	uint8_t *der;
	size_t der_len = ecdsa_der(sig, n, &der);

	*why = "the signature is not two positive numbers";
	if (!der_len)
		return ERR_FORMAT;
	bool ok = evp_verify(k->evp, algs[a].digest, data, len, der, der_len);
	OPENSSL_free(der);
	*why = "the signature is not this key's over these octets";
	return ok ? ERR_OK : ERR_NEGATIVE;
}

/* A signature may be shorter than the modulus where its first octets are zero. */
static enum err verify_rsa(
    const struct sshkey *k, size_t a, const uint8_t *data, size_t len, const uint8_t *sig, size_t n, const char **why)
{
	uint8_t whole[SSHKEY_RSA_MAX / 8] = {0};
	size_t size = (size_t)EVP_PKEY_get_size(k->evp);

	*why = "the signature is longer than the key";
	if (n > size || size > sizeof(whole))
		return ERR_FORMAT;
	memcpy(whole + size - n, sig, n);
	*why = "the signature is not this key's over these octets";
	return evp_verify(k->evp, algs[a].digest, data, len, whole, size) ? ERR_OK : ERR_NEGATIVE;
}

static enum err verify_ed25519(
    const struct sshkey *k, const uint8_t *data, size_t len, const uint8_t *sig, size_t n, const char **why)
{
	*why = "an Ed25519 signature has 64 octets";
	if (n != crypto_sign_BYTES)
		return ERR_FORMAT;
	*why = "the signature is not this key's over these octets";
	return crypto_sign_verify_detached(sig, data, len, k->ed25519) == 0 ? ERR_OK : ERR_NEGATIVE;
}

enum err sshkey_verify(const struct sshkey *k, const char *alg, const uint8_t *data, size_t len, const uint8_t *sig,
    size_t sig_len, const char **why)
{
	struct rd r = rd_init(sig, sig_len);
	size_t a = find_alg(alg), n;
	char name[64];

	*why = "the key cannot sign with that algorithm";
	if (a == N_ALGS || algs[a].type != k->type)
		return ERR_FORMAT;
	*why = "the signature is of another algorithm than was agreed on";
	if (!rd_text(&r, name, sizeof(name)) || strcmp(name, alg) != 0)
		return ERR_FORMAT;
	*why = "the signature is not whole, or something follows it";
	const uint8_t *p = rd_string(&r, &n);
	if (!p || rd_left(&r))
		return ERR_FORMAT;
	if (k->type == SSHKEY_ED25519)
		return verify_ed25519(k, data, len, p, n, why);
	return k->type == SSHKEY_RSA ? verify_rsa(k, a, data, len, p, n, why)
	                             : verify_ecdsa(k, a, data, len, p, n, why);
}

/* --- making --- */

static bool evp_sign(EVP_PKEY *key, const char *digest, const uint8_t *data, size_t len, uint8_t **sig, size_t *n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx && EVP_DigestSignInit_ex(ctx, NULL, digest, NULL, NULL, key, NULL) == 1 &&
	          EVP_DigestSign(ctx, NULL, n, data, len) == 1 && (*sig = malloc(*n)) != NULL &&
	          EVP_DigestSign(ctx, *sig, n, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	return ok;
}

/* From DER to two mpints. */
static bool put_ecdsa(struct sbuf *out, const uint8_t *der, size_t n)
{
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long)n);
	struct sbuf b = {0};
	uint8_t octets[66];

	if (!s)
		return false;
	sbuf_mpint(&b, octets, (size_t)BN_bn2bin(ECDSA_SIG_get0_r(s), octets));
	sbuf_mpint(&b, octets, (size_t)BN_bn2bin(ECDSA_SIG_get0_s(s), octets));
	sbuf_string(out, b.p, b.len);
	ECDSA_SIG_free(s);
	bool ok = !b.bad;
	sbuf_release(&b);
	return ok;
}

enum err sshkey_sign(
    const struct sshkey_private *k, const char *alg, const uint8_t *data, size_t len, struct sbuf *out)
{
	size_t a = find_alg(alg), n = 0;
	uint8_t *sig = NULL, ed[crypto_sign_BYTES];
	bool ok = true;

	if (a == N_ALGS || algs[a].type != k->public.type)
		return ERR_FORMAT;
	sbuf_text(out, alg);
	if (k->public.type == SSHKEY_ED25519) {
		crypto_sign_detached(ed, NULL, data, len, k->ed25519);
		sbuf_string(out, ed, sizeof(ed));
	} else {
		ok = k->evp && evp_sign(k->evp, algs[a].digest, data, len, &sig, &n);
		if (ok && k->public.type == SSHKEY_RSA)
			sbuf_string(out, sig, n);
		else if (ok)
			ok = put_ecdsa(out, sig, n);
	}
	free(sig);
	return ok && !out->bad ? ERR_OK : ERR_INTERNAL;
}

void sshkey_private_release(struct sshkey_private *k)
{
	sshkey_release(&k->public);
	EVP_PKEY_free(k->evp);
	sodium_memzero(k, sizeof(*k));
}

enum err sshkey_generate(struct sshkey_private *out, const uint8_t *seed, const char *comment)
{
	uint8_t public[crypto_sign_PUBLICKEYBYTES];
	struct sbuf b = {0};
	size_t at;

	*out = (struct sshkey_private){0};
	if (seed)
		crypto_sign_seed_keypair(public, out->ed25519, seed);
	else
		crypto_sign_keypair(public, out->ed25519);
	snprintf(out->comment, sizeof(out->comment), "%s", comment);
	sbuf_text(&b, "ssh-ed25519");
	sbuf_string(&b, public, sizeof(public));
	enum err e = b.bad ? ERR_NOMEM : sshkey_parse(&out->public, b.p, b.len, &at);
	sbuf_release(&b);
	return e;
}
