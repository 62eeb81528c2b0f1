/* The handshake that RFC 8448 publishes, octet by octet: "Simple 1-RTT Handshake", section 3. Hex, to be read
 * with rfc8448_octets(). What is given are the inputs (both private keys, the messages that hold a choice or a
 * random number) and, to compare with, what the RFC says must come out. */
#ifndef TLSVIEW_RFC8448_H
#define TLSVIEW_RFC8448_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/tls_keys.h"

/* Under which keys a record goes. */
enum epoch { EPOCH_CLEAR, EPOCH_HANDSHAKE, EPOCH_APPLICATION };

struct rfc8448_record {
	bool client; /* the client sends it */
	enum epoch epoch;
	uint8_t type;
	/* The text; a Finished that has to be computed first stands at its end when finished is set. */
	const char *text;
	bool finished;
	const char *record; /* whole, as published */
};

struct rfc8448 {
	const char *client_private, *server_private; /* X25519 */
	const char *client_public, *server_public, *shared;
	uint16_t suite;
	const char *secret[TLS_SECRET_COUNT]; /* NULL: the section does not have it */
	const char *client_key[3], *client_iv[3], *server_key[3], *server_iv[3]; /* by enum epoch */
	const char *server_finished, *client_finished;                           /* verify_data */
	const char *ticket_nonce, *ticket_psk;
	size_t n_records;
	const struct rfc8448_record *records;
};

extern const struct rfc8448 rfc8448_simple;

/* Decodes hex; the number of octets. What does not fit in cap is cut. */
size_t rfc8448_octets(const char *hex, uint8_t *out, size_t cap);

#endif
