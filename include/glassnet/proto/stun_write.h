/* Writing STUN messages (RFC 8489), and the keyed hash that proves who wrote one.
 *
 *     uint8_t buf[STUN_WRITE_MAX];
 *     struct wr w = wr_init(buf, sizeof buf);
 *     stun_begin(&w, STUN_BINDING, STUN_REQUEST, id);
 *     stun_put_u32(&w, STUN_CHANGE_REQUEST, STUN_CHANGE_PORT);
 *     size_t len = stun_end(&w);
 */
#ifndef GLASSNET_PROTO_STUN_WRITE_H
#define GLASSNET_PROTO_STUN_WRITE_H

#include "glassnet/proto/stun.h"
#include "glassnet/wire.h"

#define STUN_ID        16  /* octets of the magic cookie and the transaction ID; in RFC 3489 all of them are the ID */
#define STUN_WRITE_MAX 548 /* octets that fit into every IPv4 packet with its headers (RFC 8489 6.1) */

/* A new ID: the cookie and 96 bits by chance (an attacker off the path has to guess them). */
void stun_new_id(uint8_t id[static STUN_ID]);

/* The header. The length in it is kept right by every stun_put. */
void stun_begin(struct wr *w, uint16_t method, enum stun_class class, const uint8_t id[static STUN_ID]);

/* One attribute, padded with zeros. In a message without the cookie an address goes out unmasked, whatever its type. */
void stun_put(struct wr *w, uint16_t type, const void *data, size_t len);
void stun_put_u32(struct wr *w, uint16_t type, uint32_t v);
void stun_put_address(struct wr *w, uint16_t type, const struct endpoint *e);
void stun_put_error(struct wr *w, unsigned code, const char *reason);

/* HMAC-SHA1 over all that stands before it (14.5); key is the password (short-term credential) or the MD5 of
 * "user:realm:password" (long-term). False where the library cannot. */
bool stun_put_integrity(struct wr *w, const void *key, size_t len) MUST_USE;
void stun_put_fingerprint(struct wr *w); /* the last attribute (14.7) */

/* The message's octets; 0: it did not fit. */
size_t stun_end(const struct wr *w);

/* Does p, which stun_parse() accepted, carry a MESSAGE-INTEGRITY that this key made? Compared in constant time. */
bool stun_integrity_right(const uint8_t *p, size_t len, const void *key, size_t key_len);

#endif
