/* Key agreement by Diffie and Hellman's idea, over X25519 (RFC 7748) or a group of RFC 7919. */
#ifndef GLASSNET_DH_H
#define GLASSNET_DH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

#define DH_X25519_LEN 32

/* The bare function of RFC 7748: scalar times the point with coordinate u (NULL: the base point).
 * ERR_NEGATIVE: the result is zero, as it is for the points of small order and for those alone; out is zero
 * then. sodium_init() must have been called. */
enum err dh_x25519(
    uint8_t out[static DH_X25519_LEN], const uint8_t scalar[static DH_X25519_LEN], const uint8_t *u) MUST_USE;

/* The order of that point if it is one of the few of small order (2, 4 or 8; also in the encodings above p,
 * and whatever the highest bit is: RFC 7748 5 ignores it); 0: it is not. */
unsigned dh_x25519_small_order(const uint8_t u[static DH_X25519_LEN]);

#endif
