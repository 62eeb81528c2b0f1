/* Signatures in minisign's format (https://jedisct1.github.io/minisign/): Ed25519 by libsodium.
 *
 * public key    a comment line; base64 of "Ed", 8 octets of key id, 32 of key
 * signature     a comment line; base64 of "ED" (of the file's BLAKE2b-512) or "Ed" (of the file itself, old),
 * key id, 64 octets of signature; "trusted comment: " line; base64 of 64 octets that sign the signature and
 * that line */
#ifndef HASHVIEW_MINISIGN_H
#define HASHVIEW_MINISIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

#define MINISIGN_TEXT_MAX ((size_t)8192)

struct minisign_key {
	uint8_t id[8], key[32];
};

struct minisign_signature {
	bool hashed; /* "ED" */
	uint8_t id[8], signature[64], global[64];
	char comment[1025]; /* the trusted one, as it was signed */
};

/* ERR_FORMAT: it is none. The key may also be the base64 alone. */
enum err minisign_key_parse(struct minisign_key *k, const char *text, size_t len) MUST_USE;
enum err minisign_signature_parse(struct minisign_signature *s, const char *text, size_t len) MUST_USE;

/* ERR_NEGATIVE, and *why: which check failed. */
enum err minisign_verify(const struct minisign_key *k, const struct minisign_signature *s, const uint8_t *data,
    size_t len, const char **why) MUST_USE;

#endif
