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

struct pki {
	struct pki_pair root, intermediate;
	struct pki_pair leaf[TOPO_MAX_HOSTS][TOPO_MAX_CERTS]; /* as in the topology */
};

/* Makes everything; now is in seconds since 1970. On ERR_OK the caller releases *out. */
enum err pki_make(struct pki *out, const struct topology *t, int64_t now, struct why *w) MUST_USE;
void pki_release(struct pki *p);

/* Writes the files that host h may see into dir, its /run/glassnet/pki: root.pem and intermediate.pem; its
 * own certificates as NAME.key (0600) and NAME.chain.pem; on the CA the CA's keys. */
enum err pki_write(const struct pki *p, const struct topology *t, size_t h, int dir, struct why *w) MUST_USE;

/* The trust store of a host: dir/ca-certificates.crt and the hashed name that OpenSSL looks for. */
enum err pki_write_trust(const struct pki *p, int dir, struct why *w) MUST_USE;

char *pki_fingerprint(char out[static PKI_FINGERPRINT], const X509 *cert);

#endif
