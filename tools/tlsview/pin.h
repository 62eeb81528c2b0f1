/* Keys that are known beforehand. RFC 7469 2.4: the SHA-256 of a certificate's SubjectPublicKeyInfo; the fingerprint of
 * the whole certificate is taken, too. */
#ifndef TLSVIEW_PIN_H
#define TLSVIEW_PIN_H

#include <openssl/x509.h>

#include "tlsview.h"

/* 64 hex digits (colons between them are fine), or base64 as curl and HPKP write it ("sha256//...="). */
bool pin_parse(uint8_t out[static PIN_LEN], const char *text);

/* Does the server's certificate have one of the pinned keys? Told, and kept with the other checks. */
bool pin_check(const struct connect_options *opt, X509 *leaf, struct trace *t, struct result *res);

#endif
