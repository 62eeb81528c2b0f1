/* Certificates made in memory, good and bad ones, for tests. All functions abort when they cannot do their
 * work. */
#ifndef GLASSNET_TEST_PKI_H
#define GLASSNET_TEST_PKI_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <time.h>

struct pki_cert {
	X509 *cert;
	EVP_PKEY *key;
};

struct pki_spec {
	const char *cn;
	const char *names; /* subjectAltName as OpenSSL writes it: "DNS:bank.example,IP:192.0.2.1"; NULL: none */
	const struct pki_cert *issuer; /* NULL: it signs itself */
	bool ca;
	const char *basic;     /* basicConstraints in full ("critical,CA:TRUE,pathlen:0"); NULL: as ca says */
	const char *key_usage; /* NULL: no such extension */
	const char *purpose;   /* extendedKeyUsage; NULL: no such extension */
	time_t from, to;
	int rsa_bits; /* 0: an elliptic curve key (P-256) */
	bool no_ids;  /* without subject and authority key identifiers */
};

void pki_make(struct pki_cert *out, const struct pki_spec *spec);
void pki_release(struct pki_cert *c);

/* A key that fits cert when one compares them, but whose secret half is another's: what a thief of a
 * certificate has. */
EVP_PKEY *pki_hollow_key(const struct pki_cert *cert);

/* Writes certificates to a new temporary file, PEM; path takes at least 64 octets. */
void pki_write(char *path, const struct pki_cert *const *certs, size_t n);

#endif
