/* Something came that is not TLS: what is it? */
#ifndef TLSVIEW_GUESS_H
#define TLSVIEW_GUESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Can these octets be the begin of a TLS record? (type 20 to 24, version 3.x; fewer than 3 octets: as far as
 * they go) */
bool guess_is_tls(const uint8_t *p, size_t len);

/* What speaks so: "HTTP without TLS", "SSH"; NULL: nothing that is known here. */
const char *guess_protocol(const uint8_t *p, size_t len);

#endif
