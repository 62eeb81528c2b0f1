/* A certification authority and a server's certificate for the moment: for tlsview serve without one, and for tlsview
 * inside. */
#ifndef TLSVIEW_SELFMADE_H
#define TLSVIEW_SELFMADE_H

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdint.h>

#include "glassnet/err.h"

struct selfmade {
	X509 *root, *leaf;
	EVP_PKEY *key; /* the leaf's; the root's is thrown away */
};

/* names as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1"; the first is cn. Valid from an hour before now (seconds
 * since 1970) for days. */
enum err selfmade_make(struct selfmade *out, const char *cn, const char *names, int64_t now, int days) MUST_USE;
void selfmade_release(struct selfmade *s);

#endif
