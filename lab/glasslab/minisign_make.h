/* A publisher's key and signatures in minisign's format, for the scene "download": made anew for each scene. */
#ifndef GLASSLAB_MINISIGN_MAKE_H
#define GLASSLAB_MINISIGN_MAKE_H

#include <stddef.h>
#include <stdint.h>

enum { MINISIGN_KEY_TEXT = 160, MINISIGN_SIGNATURE_TEXT = 512 };

struct minisign_publisher {
	uint8_t id[8], public_key[32], secret_key[64];
};

/* A new key. libsodium has to be set up. Wipe it with sodium_memzero(). */
void minisign_publisher_make(struct minisign_publisher *p);

/* The public key as minisign writes it: a comment, and a line of base64. */
void minisign_key_text(const struct minisign_publisher *p, char out[static MINISIGN_KEY_TEXT]);

/* The signature of data, by its BLAKE2b-512 hash ("ED"), with that trusted comment (up to 64 characters). */
void minisign_signature_text(const struct minisign_publisher *p, const void *data, size_t len, const char *comment,
    char out[static MINISIGN_SIGNATURE_TEXT]);

#endif
