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

/* Tells ctx what to trust, and to judge by v, which must outlive it. ERR_IO or ERR_FORMAT: the file with the
 * trusted certificates cannot be read, or has none in it. */
enum err verify_setup(SSL_CTX *ctx, struct verifier *v) MUST_USE;

/* Tells ssl which name the certificate must prove, and the date. */
enum err verify_name(SSL *ssl, struct verifier *v) MUST_USE;

/* Is the name that is to be proved an address? Then there is no SNI for it (RFC 6066 3). */
bool verify_is_address(const char *name);

#endif
