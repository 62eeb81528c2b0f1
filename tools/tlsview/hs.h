/* TLS handshake messages, decrypted: taken apart, named, explained. RFC 8446 4 (TLS 1.3), RFC 5246 7.4
 * (TLS 1.2).
 *
 *      0      1      2      3      4
 *     +------+------+------+------+----------------- - - -
 *     | type |   length of body   | body
 *     +------+------+------+------+----------------- - - -
 *
 * The hello messages and the names of numbers are read by glassnet/proto/tls.h, as on the wire. hs_parse.c
 * reads what only the two ends of a connection see; hs_label.c makes a line of a message, hs_fields.c fields,
 * hs_lesson.c a sentence. Parsing borrows from the message and allocates nothing. */
#ifndef TLSVIEW_HS_H
#define TLSVIEW_HS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/tls.h"
#include "glassnet/trace.h"
#include "glassnet/wire.h"
#include "glassnet/line.h"

#define TLS1_2 0x0303
#define TLS1_3 0x0304

/* A run of octets within the message. */
struct span {
	const uint8_t *p;
	size_t len;
};

/* What must be known of the connection. */
struct hs_context {
	uint16_t version; /* agreed; 0: not yet */
	bool from_server;
};

/* A hello message: msg is the whole message. */
enum err hs_hello_parse(struct tls_hello *out, const uint8_t *msg, size_t len, size_t *at) MUST_USE;

/* A Certificate message: certificates, each with extensions of its own in TLS 1.3 (RFC 8446 4.4.2). body is
 * the message without its 4 octets of header; on an error *at is the offset in body of the bad octet. */
struct hs_certificates {
	struct rd list;
	bool tls13;
};
enum err hs_certificates_parse(
    struct hs_certificates *out, uint16_t version, const uint8_t *body, size_t len, size_t *at) MUST_USE;
/* The next one. False at the end, or when the list is cut short (c->list.bad). */
bool hs_next_certificate(struct hs_certificates *c, struct span *der);

/* ServerKeyExchange with an elliptic curve (RFC 8422 5.4): the server's half of the key agreement, signed. */
struct hs_server_key {
	bool named_curve; /* else it is another kind, and nothing below is set */
	uint16_t group, scheme;
	struct span point, signature;
};
enum err hs_server_key_parse(struct hs_server_key *out, const uint8_t *body, size_t len, size_t *at) MUST_USE;

/* EncryptedExtensions (RFC 8446 4.3.1) in the shape of a hello, for tls_next_extension(); offsets in msg. */
enum err hs_extensions_parse(struct tls_hello *out, const uint8_t *msg, size_t len, size_t *at) MUST_USE;

#define HS_LABEL 160

/* One line that says what the message is: "ServerHello: TLS 1.3, TLS_AES_256_GCM_SHA384, x25519". Returns
 * out. */
char *hs_label(char out[static HS_LABEL], const struct hs_context *ctx, const uint8_t *msg, size_t len);

/* Its fields as events, offsets counted from its first octet. */
void hs_fields(struct trace *t, const struct hs_context *ctx, const uint8_t *msg, size_t len);

/* A sentence or two: what it is for, and what a listener sees of it. NULL for unknown types. */
const char *hs_lesson(const struct hs_context *ctx, const uint8_t *msg, size_t len);

/* A name, or the number where there is none. */
void hs_add_named(struct line *x, const char *name, uint16_t v);

#endif
