/* Judges the chain that a server shows: OpenSSL's verification, with every fault kept instead of only the
 * first. */
#ifndef TLSVIEW_VERIFY_H
#define TLSVIEW_VERIFY_H

#include <openssl/ssl.h>

#include "tlsview.h"

#define FAULTS_MAX 32

struct verifier {
	const struct connect_options *opt;
	struct trace *t;
	struct result *res;
	struct fault {
		int code, depth;
	} faults[FAULTS_MAX];
	size_t n_faults;
};

/* Tells ctx what to trust: the certificates in the file, or without one the system's. ERR_IO or ERR_FORMAT:
 * the file cannot be read, or has none in it; res says so. */
enum err verify_trust(SSL_CTX *ctx, const char *cafile, struct result *res) MUST_USE;

/* Lets v, which must outlive the connections of ctx, judge what servers show. */
void verify_by(SSL_CTX *ctx, struct verifier *v);

/* Tells ssl which name the certificate must prove, and the date. */
enum err verify_name(SSL *ssl, struct verifier *v) MUST_USE;

/* Is the name that is to be proved an address? Then there is no SNI for it (RFC 6066 3). */
bool verify_is_address(const char *name);

#endif
