/* Key agreement by Diffie and Hellman's idea, and a conversation under the key: what dhview speaks.
 *
 *     client                                     server
 *       HELLO   group, nonce, public key   ────▶
 *               ◀────   HELLO   the same group, a nonce, a public key
 *       both: the shared secret, from it by HKDF (RFC 5869) two keys and a fingerprint
 *       RECORD  number, ChaCha20-Poly1305 (RFC 8439)   ◀───▶   RECORD
 *
 * On the wire, big endian, over TCP:
 *
 *     frame   u16 length of what follows (at most DH_FRAME_MAX - 2) · u8 type · body
 *     HELLO   type 1: "GNDH" · u8 version (1) · u8 flags (1: I shall sign, and you have to) · u16 group, as
 * TLS numbers them (RFC 7919, RFC 8446 4.2.7) · 32 octets nonce · u16 length · public key RECORD  type 2: u64
 * number, from 0 in each direction · ciphertext · 16 octets tag. Inside: u8 kind · text. kind 1 AUTH: Ed25519
 * public key, signature (RFC 8032); 2 TEXT: one line; 3 END: nothing more will come
 *
 * The number and the header are authenticated, so a record that is repeated, left out or moved is refused;
 * END makes a cut connection differ from a finished one. A signature covers both HELLOs and the signer's side
 * and key, and travels encrypted: what somebody in the middle gets signed is of no use for another exchange.
 */
#ifndef GLASSNET_DH_H
#define GLASSNET_DH_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/net.h"

#define DH_X25519_LEN 32

/* The bare function of RFC 7748: scalar times the point with coordinate u (NULL: the base point).
 * ERR_NEGATIVE: the result is zero, as it is for the points of small order and for those alone; out is zero
 * then. sodium_init() must have been called. */
enum err dh_x25519(
    uint8_t out[static DH_X25519_LEN], const uint8_t scalar[static DH_X25519_LEN], const uint8_t *u) MUST_USE;

/* The order of that point if it is one of the few of small order (2, 4 or 8; also in the encodings above p,
 * and whatever the highest bit is: RFC 7748 5 ignores it); 0: it is not. */
unsigned dh_x25519_small_order(const uint8_t u[static DH_X25519_LEN]);

/* --- groups --- */

#define DH_GROUP_X25519 0x001d
#define DH_PUBLIC_MAX   1024 /* octets: ffdhe8192 */
#define DH_GROUPS       "x25519|ffdhe2048|ffdhe3072|ffdhe4096|ffdhe6144|ffdhe8192"

const char *dh_group_name(uint16_t group); /* NULL: no group that is known here */
enum err dh_group_parse(uint16_t *out, const char *name) MUST_USE;
size_t dh_group_len(uint16_t group); /* of a public key and of the secret, in octets; 0: unknown */

/* One side's keys for one exchange. */
struct dh_pair {
	uint16_t group;
	uint8_t public_key[DH_PUBLIC_MAX];
	size_t len;
	uint8_t x25519[DH_X25519_LEN]; /* private */
	EVP_PKEY *ffdhe;               /* owned */
};

enum err dh_pair_make(struct dh_pair *out, uint16_t group) MUST_USE;
void dh_pair_release(struct dh_pair *pair); /* wipes */

/* The shared secret: dh_group_len() octets in out, which the caller wipes. ERR_FORMAT: the peer's key has not
 * the group's length. ERR_NEGATIVE: it is refused, and *why says what is wrong with it (a point of small
 * order; a number that is out of range or outside of the group, RFC 7919 5.1). */
enum err dh_agree(const struct dh_pair *pair, const uint8_t *peer, size_t len, uint8_t out[static DH_PUBLIC_MAX],
    const char **why) MUST_USE;

/* --- frames --- */

#define DH_VERSION   1
#define DH_NONCE     32
#define DH_FRAME_MAX 2048 /* octets, with the length */
#define DH_TEXT_MAX  1024 /* octets of one line */

enum dh_type { DH_HELLO = 1, DH_RECORD = 2 };
enum dh_kind { DH_AUTH = 1, DH_TEXT = 2, DH_END = 3 };

struct dh_hello {
	bool auth;
	uint16_t group;
	uint8_t nonce[DH_NONCE];
	const uint8_t *public_key; /* borrowed */
	size_t len;
};

/* How long the frame at the start of buf is, with its length: *whole. ERR_TRUNCATED: not enough of it has
 * come to tell, or it is not whole; ERR_TOO_LONG: no frame is so long; ERR_FORMAT: it has no type. */
enum err dh_frame(const uint8_t *buf, size_t len, size_t *whole) MUST_USE;

/* Writes a whole frame; returns its length, 0 when it does not fit. */
size_t dh_hello_write(uint8_t *out, size_t cap, const struct dh_hello *h);

/* A whole frame. *at: the offset of what is wrong. ERR_VERSION: another version, or a group that is not known
 * here. */
enum err dh_hello_parse(struct dh_hello *out, const uint8_t *frame, size_t len, size_t *at) MUST_USE;

/* --- the conversation --- */

#define DH_FINGERPRINT      16
#define DH_FINGERPRINT_TEXT 48 /* eight numbers of five digits */
#define DH_AUTH_LEN         96 /* public key and signature */

enum dh_side { DH_CLIENT, DH_SERVER };

struct dh_channel {
	enum dh_side side;
	uint8_t key[2][32], iv[2][12]; /* by the sender's side */
	uint64_t next[2];              /* number of the next record */
	uint8_t transcript[32];        /* SHA-256 of both HELLOs */
	uint8_t fingerprint[DH_FINGERPRINT];
};

/* Why a record is refused. */
enum dh_refusal { DH_FINE, DH_MALFORMED, DH_FORGED, DH_REPLAYED, DH_OUT_OF_ORDER };
const char *dh_refusal_text(enum dh_refusal r); /* a sentence */

/* The two HELLO frames as they were on the wire. */
enum err dh_channel_init(struct dh_channel *ch, enum dh_side side, const uint8_t *secret, size_t n,
    const uint8_t *client_hello, size_t client_len, const uint8_t *server_hello, size_t server_len) MUST_USE;
void dh_channel_release(struct dh_channel *ch); /* wipes */

/* A record frame; returns its length, 0 when it does not fit. */
size_t dh_seal(
    struct dh_channel *ch, enum dh_kind kind, const void *text, size_t n, uint8_t out[static DH_FRAME_MAX]);

/* Opens a whole frame. Only DH_FINE fills text (DH_FRAME_MAX octets, which the caller wipes), and only then
 * the channel goes on. */
enum dh_refusal dh_open(struct dh_channel *ch, const uint8_t *frame, size_t len, enum dh_kind *kind,
    uint8_t text[static DH_FRAME_MAX], size_t *n) MUST_USE;

/* Signs the exchange as one side, with an Ed25519 key as libsodium keeps it (seed and public key). */
void dh_sign(const struct dh_channel *ch, enum dh_side side, const uint8_t secret_key[static 64],
    uint8_t out[static DH_AUTH_LEN]);

/* Is that the signature of the other side under this exchange? Whose key it is (auth's first 32 octets) is
 * another question. */
bool dh_verify(const struct dh_channel *ch, const uint8_t *auth, size_t len);

/* "01234 56789 …": eight numbers to be read aloud, from 128 bits. Returns out. */
char *dh_fingerprint_text(char out[static DH_FINGERPRINT_TEXT], const struct dh_channel *ch);

/* --- frames over a socket --- */

/* One end of a TCP connection, non-blocking; fd is borrowed. */
struct dh_link {
	int fd;
	size_t len;
	uint8_t buf[DH_FRAME_MAX]; /* octets that are no whole frame yet, or more than one */
};

/* Takes the next whole frame that is at hand. ERR_TRUNCATED: more must come first; else as dh_frame(). */
enum err dh_link_take(struct dh_link *l, uint8_t frame[static DH_FRAME_MAX], size_t *len) MUST_USE;

/* Reads what has come, once. ERR_CLOSED: the other side sends no more; ERR_NET. */
enum err dh_link_fill(struct dh_link *l) MUST_USE;

/* Waits for one whole frame. ERR_CLOSED also when the connection ends within one. */
enum err dh_link_receive(
    struct dh_link *l, struct deadline d, uint8_t frame[static DH_FRAME_MAX], size_t *len) MUST_USE;

enum err dh_link_send(const struct dh_link *l, struct deadline d, const uint8_t *frame, size_t len) MUST_USE;

#endif
