/* The lab's public-key infrastructure, made anew for every lab: root CA, intermediate CA, leaf certificates
 * (RFC 5280; EC P-256 keys). Keys exist in memory and in the tmpfs of the host that they belong to. */
#ifndef GLASSLAB_PKI_H
#define GLASSLAB_PKI_H

#include <openssl/x509.h>
#include <stdint.h>

#include "topology.h"

#define PKI_FINGERPRINT 65 /* SHA-256 as hex, and a NUL */

struct pki_pair {
	EVP_PKEY *key;
	X509 *cert;
};

struct lab_pki {
	struct pki_pair root, intermediate;
	X509_CRL *root_crl, *intermediate_crl;                /* what each has taken back (RFC 5280 5) */
	struct pki_pair leaf[TOPO_MAX_HOSTS][TOPO_MAX_CERTS]; /* as in the topology */
};

/* Makes everything; now is in seconds since 1970. On ERR_OK the caller releases *out. */
enum err lab_pki_make(struct lab_pki *out, const struct topology *t, int64_t now, struct why *w) MUST_USE;
void lab_pki_release(struct lab_pki *p);

/* Writes the files that host h may see into dir, its /run/glassnet/pki: root.pem and intermediate.pem; its
 * own certificates as NAME.key (0600) and NAME.chain.pem; on the CA the CA's keys, its two lists of revoked
 * certificates as root.crl and intermediate.crl (DER), and both in crl.pem, and its book, issued.tsv. */
enum err lab_pki_write(const struct lab_pki *p, const struct topology *t, size_t h, int dir, struct why *w) MUST_USE;

/* The trust store of a host: dir/ca-certificates.crt and the hashed name that OpenSSL looks for. */
enum err lab_pki_write_trust(const struct lab_pki *p, int dir, struct why *w) MUST_USE;

char *lab_pki_fingerprint(char out[static PKI_FINGERPRINT], const X509 *cert);

#endif
