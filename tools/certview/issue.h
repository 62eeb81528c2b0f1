/* Making certificates: good ones for the authority, bad ones for the zoo. */
#ifndef CERTVIEW_ISSUE_H
#define CERTVIEW_ISSUE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "certview.h"

struct pair {
	X509 *cert;
	EVP_PKEY *key;
};

#define ISSUE_EXTENSIONS 16

struct issue_spec {
	const char *subject;       /* "/O=Test/CN=Name", or a bare common name; "": empty */
	const struct pair *issuer; /* NULL: signs itself */
	const char *key;           /* "P-256" (default), "RSA-2048", "secp256k1", "ED25519"; unless given_key */
	EVP_PKEY *given_key;       /* certify this key; borrowed */
	const char *digest;        /* default "SHA256" */
	int64_t from, to;
	const char *serial; /* hex, with "-" in front if negative; NULL: 16 random octets */
	long version;       /* 1 to 3; 0: 3 */
	/* "name=value" as in OpenSSL's x509v3_config(5): "basicConstraints=critical,CA:TRUE", "1.2.3=DER:0500";
	 * "name=" adds nothing. Where a name comes twice, the later one counts. "+name=value" adds in any case. */
	const char *extension[ISSUE_EXTENSIONS];
	const char *sections; /* what the values refer to ("dirName:section"), as in openssl.cnf; or NULL */
};

/* On an error why says what OpenSSL said. The caller releases *out. */
enum err issue(struct pair *out, const struct issue_spec *spec, struct trouble *w) MUST_USE;
void pair_release(struct pair *p);

/* A new private key; NULL on an error. "P-256", "P-384", "RSA-3072", "ED25519". */
EVP_PKEY *issue_key(const char *kind);
/* 16 random octets, positive. */
bool issue_random_serial(ASN1_INTEGER *out);
bool issue_subject(X509_NAME *out, const char *text);

/* Files: a key is written with mode 0600, and is only read from a file that nobody else may read (ERR_PERM). Both
 * replace atomically. */
enum err issue_write_key(const char *path, EVP_PKEY *key, struct trouble *w) MUST_USE;
enum err issue_read_key(EVP_PKEY **out, const char *path, struct trouble *w) MUST_USE;
enum err issue_write_certs(const char *path, X509 *const *certs, size_t n, struct trouble *w) MUST_USE;
enum err issue_write_text(const char *path, const void *bytes, size_t len, struct trouble *w) MUST_USE;

/* A CRL: numbers of the revoked, and since when. */
struct revoked {
	const ASN1_INTEGER *serial;
	int64_t when;
	int reason; /* RFC 5280 5.3.1; 0: none given */
};
X509_CRL *issue_crl(
    const struct pair *by, long number, int64_t from, int64_t to, const struct revoked *list, size_t n);
enum err issue_write_crls(const char *path, X509_CRL *const *crls, size_t n, struct trouble *w) MUST_USE;
/* An OCSP response about cert, signed by its issuer, in DER; the caller frees it with OPENSSL_free. NULL on an error.
 * reason as above; revoked_at 0: it is good. */
unsigned char *issue_ocsp(X509 *cert, const struct pair *by, int64_t now, int64_t revoked_at, int reason, int *len);

/* The last error of OpenSSL's in words. */
enum err issue_failed(struct trouble *w, const char *what);

#endif
