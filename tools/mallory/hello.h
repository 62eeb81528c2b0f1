/* What a TLS client says in the clear before anything is encrypted: the name that it wants. */
#ifndef MALLORY_HELLO_H
#define MALLORY_HELLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Finds the server name (RFC 6066 3) in the ClientHello at the begin of a TLS connection's bytes. Writes it,
 * escaped, to out; false and "" while there is none (or not yet). */
bool hello_server_name(char *out, size_t cap, const uint8_t *bytes, size_t len);

#endif
