/* What the files of tlskeys share. */
#ifndef TLSKEYS_PRIVATE_H
#define TLSKEYS_PRIVATE_H

#include "glassnet/tls_keys.h"

struct tls_cipher {
	const char *name; /* for EVP_CIPHER_fetch(3) */
	size_t key_len, tag_len;
	bool ccm;      /* wants its lengths beforehand */
	bool explicit; /* TLS 1.2: 8 octets of the nonce travel in the record (RFC 5288 3, RFC 6655 3) */
};

const struct tls_cipher *tls_cipher_of(const struct tls_suite *s);

#endif
