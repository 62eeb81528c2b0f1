/* What the server signs, put together again and checked with its certificate's key. RFC 8446 4.4.3, RFC 8422 5.4. */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"
#include "hs.h"
#include "signature.h"

/* 64 spaces, a text, a zero, the hash (RFC 8446 4.4.3): the text keeps signatures of one kind from being used as
 * another. */
static size_t signed_content(const struct keywatch *k, uint8_t *out, const uint8_t *hash)
{
	static const char text[] = "TLS 1.3, server CertificateVerify";

	memset(out, ' ', 64);
	memcpy(out + 64, text, sizeof(text)); /* with its zero */
	memcpy(out + 64 + sizeof(text), hash, k->suite->hash_len);
	return 64 + sizeof(text) + k->suite->hash_len;
}

/* How OpenSSL calls the hash of a signature scheme; NULL: the scheme has its own (Ed25519). */
static const char *scheme_hash(uint16_t scheme)
{
	static const char *const rsa_pss[] = {"SHA256", "SHA384", "SHA512", NULL, NULL, "SHA256", "SHA384", "SHA512"};
	uint8_t high = (uint8_t)(scheme >> 8), low = (uint8_t)scheme;

	if (high == 8)
		return low >= 4 && low <= 11 ? rsa_pss[low - 4] : NULL;
	return high == 2 ? "SHA1" : high == 4 ? "SHA256" : high == 5 ? "SHA384" : high == 6 ? "SHA512" : NULL;
}

static bool signature_fits(
    EVP_PKEY *key, uint16_t scheme, const uint8_t *content, size_t n, const uint8_t *sig, size_t n_sig)
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();
	EVP_PKEY_CTX *ctx = NULL;
	bool ok = md && EVP_DigestVerifyInit_ex(md, &ctx, scheme_hash(scheme), NULL, NULL, key, NULL) == 1;

	if (ok && scheme >> 8 == 8 && (scheme & 0xff) != 7 && (scheme & 0xff) != 8) /* RSASSA-PSS */
		ok = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		     EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	ok = ok && EVP_DigestVerify(md, sig, n_sig, content, n) == 1;
	EVP_MD_CTX_free(md);
	return ok;
}

static void tell_signature(
    struct keywatch *k, const char *what, uint16_t scheme, const uint8_t *content, size_t n, struct span sig)
{
	X509 *leaf = SSL_get0_peer_certificate(k->ssl);
	EVP_PKEY *key = leaf ? X509_get0_pubkey(leaf) : NULL;

	if (!key)
		return;
	bool fits = signature_fits(key, scheme, content, n, sig.p, sig.len);
	ev_check(k->t, "signature-computed", fits ? VERDICT_PASS : VERDICT_FAIL,
	    k->suite->tls13 ? "RFC 8446 4.4.3" : "RFC 8422 5.4", "does the signature fit what we saw, too?",
	    "what is signed: %s; checked here with the certificate's key (%s, %d bits) by %s: %s", what,
	    EVP_PKEY_get0_type_name(key), EVP_PKEY_get_bits(key),
	    tls_signature_name(scheme) ? tls_signature_name(scheme) : "an unknown scheme",
	    fits ? "it fits" : "it does NOT fit");
}

void signature_check(struct keywatch *k, const uint8_t *msg, size_t len)
{
	uint8_t content[256], hash[TLS_HASH_MAX];
	struct rd r = rd_init(msg, len);
	char hex[2 * TLS_HASH_MAX + 1], what[256];

	rd_skip(&r, 4);
	uint16_t scheme = rd_u16(&r), n = rd_u16(&r);
	const uint8_t *sig = rd_bytes(&r, n);
	if (!sig || tls_transcript_hash(&k->transcript, hash) != ERR_OK)
		return;
	snprintf(what, sizeof(what),
	    "64 spaces, \"TLS 1.3, server CertificateVerify\", a zero, and the hash of all messages so far, %s",
	    hex_text(hex, sizeof(hex), hash, k->suite->hash_len));
	tell_signature(k, what, scheme, content, signed_content(k, content, hash), (struct span){sig, n});
}

/* TLS 1.2 signs both randoms and the server's half of the key agreement (RFC 8422 5.4). */
void signature_check_server_key(struct keywatch *k, const uint8_t *msg, size_t len)
{
	uint8_t content[2 * TLS_RANDOM_LEN + 4 + 255];
	struct hs_server_key key;
	size_t at, n;

	if (hs_server_key_parse(&key, msg + 4, len - 4, &at) != ERR_OK || !key.named_curve || !key.signature.len)
		return;
	n = 4 + key.point.len; /* kind of curve, group, length, point */
	memcpy(content, k->random[1], TLS_RANDOM_LEN);
	memcpy(content + TLS_RANDOM_LEN, k->random[0], TLS_RANDOM_LEN);
	memcpy(content + (size_t)2 * TLS_RANDOM_LEN, msg + 4, n);
	tell_signature(k, "both randoms, and the group with the server's half of the key agreement", key.scheme,
	    content, (size_t)2 * TLS_RANDOM_LEN + n, key.signature);
}
