/* Who one is, and whom one knows: Ed25519 keys in files.
 *
 *     KEYFILE   glassnet-ed25519-secret HEX      the seed; for its owner only (0600)
 *     peers     NAME ed25519 HEX                 one known peer a line; # begins a comment */
#ifndef DHVIEW_KEYS_H
#define DHVIEW_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

#define PEERS_MAX 256
#define PEER_NAME 64

struct peer {
	char name[PEER_NAME];
	uint8_t key[32];
};

struct peers {
	struct peer at[PEERS_MAX];
	size_t n;
};

/* What is in a key file: libsodium's secret key (seed and public key). ERR_FORMAT: *at is the offset of what
 * is wrong. */
enum err key_parse(uint8_t secret_key[static 64], const char *text, size_t len, size_t *at) MUST_USE;

/* ERR_FORMAT: *at is the offset; ERR_TOO_LONG: more than PEERS_MAX. A key that stands there twice, a name
 * twice: refused, since it could not be said who is meant. */
enum err peers_parse(struct peers *out, const char *text, size_t len, size_t *at) MUST_USE;

/* The peer with that key; NULL: unknown. */
const struct peer *peers_find(const struct peers *p, const uint8_t key[static 32]);

/* Reads a file. why (256 octets) says what is wrong: that others can read the key (ERR_PERM), too. */
enum err key_read(uint8_t secret_key[static 64], const char *path, char why[static 256]) MUST_USE;
enum err peers_read(struct peers *out, const char *path, char why[static 256]) MUST_USE;

/* Makes a new key in a new file (an existing one is never replaced), and the line for the peers' file. */
#define PEER_LINE (PEER_NAME + 80)
enum err key_make(const char *path, const char *name, char line[static PEER_LINE], char why[static 256]) MUST_USE;

#endif
