/* Certificates made on the spot: P-256, as RFC 5280 and the baseline requirements want them. */
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdbool.h>

#include "selfmade.h"

#define HOUR 3600
#define DAY  86400

static bool extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = x && X509_add_ext(cert, x, -1) == 1;
	X509_EXTENSION_free(x);
	return ok;
}

/* Positive, of full length, and not to be guessed (BR 7.1). */
static bool set_serial(X509 *cert)
{
	unsigned char bytes[16];
	BIGNUM *n = RAND_bytes(bytes, sizeof(bytes)) == 1 ? BN_new() : NULL;

	bytes[0] = (unsigned char)((bytes[0] & 0x3f) | 0x40);
	bool ok = n && BN_bin2bn(bytes, sizeof(bytes), n) && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return ok;
}

static X509 *blank(const char *cn, EVP_PKEY *key, X509 *issuer, int64_t now, int days)
{
	X509 *c = X509_new();

	if (c && X509_set_version(c, 2) && set_serial(c) &&
	    ASN1_TIME_set(X509_getm_notBefore(c), (time_t)(now - HOUR)) &&
	    ASN1_TIME_set(X509_getm_notAfter(c), (time_t)(now + (int64_t)days * DAY)) && X509_set_pubkey(c, key) &&
	    X509_NAME_add_entry_by_txt(
	        X509_get_subject_name(c), "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) &&
	    X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c)))
		return c;
	X509_free(c);
	return NULL;
}

static X509 *make_root(EVP_PKEY *key, int64_t now, int days)
{
	X509 *c = blank("tlsview throwaway root", key, NULL, now, days);

	if (c && extend(c, c, NID_basic_constraints, "critical,CA:TRUE") &&
	    extend(c, c, NID_key_usage, "critical,keyCertSign,cRLSign") &&
	    extend(c, c, NID_subject_key_identifier, "hash") && X509_sign(c, key, EVP_sha256()) > 0)
		return c;
	X509_free(c);
	return NULL;
}

static X509 *make_leaf(
    const char *cn, const char *names, EVP_PKEY *key, X509 *root, EVP_PKEY *root_key, int64_t now, int days)
{
	X509 *c = blank(cn, key, root, now, days);

	if (c && extend(c, root, NID_basic_constraints, "critical,CA:FALSE") &&
	    extend(c, root, NID_key_usage, "critical,digitalSignature") &&
	    extend(c, root, NID_ext_key_usage, "serverAuth") && extend(c, root, NID_subject_alt_name, names) &&
	    extend(c, root, NID_subject_key_identifier, "hash") &&
	    extend(c, root, NID_authority_key_identifier, "keyid:always") && X509_sign(c, root_key, EVP_sha256()) > 0)
		return c;
	X509_free(c);
	return NULL;
}

enum err selfmade_make(struct selfmade *out, const char *cn, const char *names, int64_t now, int days)
{
	EVP_PKEY *root_key = EVP_EC_gen("P-256");

	*out = (struct selfmade){.key = EVP_EC_gen("P-256")};
	if (root_key && out->key)
		out->root = make_root(root_key, now, days);
	if (out->root)
		out->leaf = make_leaf(cn, names, out->key, out->root, root_key, now, days);
	EVP_PKEY_free(root_key);
	if (out->leaf)
		return ERR_OK;
	selfmade_release(out);
	return ERR_INTERNAL;
}

void selfmade_release(struct selfmade *s)
{
	X509_free(s->root);
	X509_free(s->leaf);
	EVP_PKEY_free(s->key);
	*s = (struct selfmade){0};
}
