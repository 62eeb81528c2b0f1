#include "pki.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "pki: %s\n", what);
	abort();
}

static void extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;

	if (!value)
		return;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(ext && X509_add_ext(cert, ext, -1), value);
	X509_EXTENSION_free(ext);
}

void pki_make(struct pki_cert *out, const struct pki_spec *spec)
{
	static long serial = 1000;
	X509 *c = X509_new();
	EVP_PKEY *key = spec->rsa_bits ? EVP_RSA_gen((unsigned)spec->rsa_bits) : EVP_EC_gen("P-256");

	must(c && key, "a key");
	X509 *issuer = spec->issuer ? spec->issuer->cert : c;
	must(X509_set_version(c, 2) && ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial) &&
	         ASN1_TIME_set(X509_getm_notBefore(c), spec->from) &&
	         ASN1_TIME_set(X509_getm_notAfter(c), spec->to) && X509_set_pubkey(c, key) &&
	         X509_NAME_add_entry_by_txt(
	             X509_get_subject_name(c), "CN", MBSTRING_UTF8, (const uint8_t *)spec->cn, -1, -1, 0) &&
	         X509_set_issuer_name(c, X509_get_subject_name(issuer)),
	    "the fields");
	extend(c, issuer, NID_basic_constraints,
	    spec->basic ? spec->basic
	    : spec->ca  ? "critical,CA:TRUE"
	                : "CA:FALSE");
	extend(c, issuer, NID_key_usage, spec->key_usage);
	extend(c, issuer, NID_ext_key_usage, spec->purpose);
	extend(c, issuer, NID_subject_alt_name, spec->names);
	if (!spec->no_ids) {
		extend(c, issuer, NID_subject_key_identifier, "hash");
		extend(c, issuer, NID_authority_key_identifier, spec->issuer ? "keyid" : NULL);
	}
	must(X509_sign(c, spec->issuer ? spec->issuer->key : key, EVP_sha256()) > 0, "the signature");
	*out = (struct pki_cert){c, key};
}

void pki_release(struct pki_cert *c)
{
	X509_free(c->cert);
	EVP_PKEY_free(c->key);
	*c = (struct pki_cert){0};
}

EVP_PKEY *pki_hollow_key(const struct pki_cert *cert)
{
	EVP_PKEY *other = EVP_EC_gen("P-256"), *out = NULL;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	BIGNUM *secret = NULL;
	unsigned char pub[133];
	size_t n = 0;

	must(other && ctx && bld && EVP_PKEY_get_bn_param(other, OSSL_PKEY_PARAM_PRIV_KEY, &secret) &&
	         EVP_PKEY_get_octet_string_param(
	             cert->key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, pub, sizeof(pub), &n) &&
	         OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	         OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, pub, n) &&
	         OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, secret),
	    "the parts of a key");
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	must(params && EVP_PKEY_fromdata_init(ctx) > 0 && EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_KEYPAIR, params) > 0,
	    "a hollow key");
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	BN_clear_free(secret);
	EVP_PKEY_free(other);
	return out;
}

void pki_write(char *path, const struct pki_cert *const *certs, size_t n)
{
	strcpy(path, "/tmp/glassnet-pki.XXXXXX");
	int fd = mkstemp(path);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");

	must(f != NULL, path);
	for (size_t i = 0; i < n; i++)
		must(PEM_write_X509(f, certs[i]->cert), path);
	must(fclose(f) == 0, path);
}
