/* Does the server's signature fit what we saw? Told as a check; whether the connection goes on is OpenSSL's affair. */
#ifndef TLSVIEW_SIGNATURE_H
#define TLSVIEW_SIGNATURE_H

#include "keywatch.h"

/* A CertificateVerify, before it is in the transcript. */
void signature_check(struct keywatch *k, const uint8_t *msg, size_t len);
/* TLS 1.2: a ServerKeyExchange. */
void signature_check_server_key(struct keywatch *k, const uint8_t *msg, size_t len);

#endif
