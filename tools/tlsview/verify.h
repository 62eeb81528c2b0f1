/* Judges the chain that a server shows, with the engine of glassnet/x509.h in the place of OpenSSL's own verification:
 * every fault is found, not only the first. */
#ifndef TLSVIEW_VERIFY_H
#define TLSVIEW_VERIFY_H

#include <openssl/ssl.h>

#include "tlsview.h"

struct verifier {
	const struct connect_options *opt;
	struct trace *t;
	struct result *res;
	struct path_store *store; /* borrowed: what is trusted */
	X509 *leaf;               /* owned: what was judged */
	bool stapled;             /* a statement of revocation was looked at */
};

/* What is trusted: the certificates in the file, or without one the system's. The caller frees it (path_store_free).
 * ERR_IO or ERR_FORMAT: the file cannot be read, or has none in it; res says so. */
enum err verify_trust(struct path_store **out, const char *cafile, struct result *res) MUST_USE;

/* Lets v, which must outlive the connections of ctx, judge what servers show. */
void verify_by(SSL_CTX *ctx, struct verifier *v);

/* Tells ssl which name the certificate must prove, and asks for a statement of revocation. */
enum err verify_name(SSL *ssl, struct verifier *v) MUST_USE;

/* After the handshake: a statement of revocation that came late (TLS 1.2). */
void verify_staple(SSL *ssl, struct verifier *v);

void verify_release(struct verifier *v);

#endif
