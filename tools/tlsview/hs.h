/* TLS handshake messages, decrypted: taken apart, named, explained. RFC 8446 4 (TLS 1.3), RFC 5246 7.4
 * (TLS 1.2).
 *
 *      0      1      2      3      4
 *     +------+------+------+------+----------------- - - -
 *     | type |   length of body   | body
 *     +------+------+------+------+----------------- - - -
 *
 * hs_parse.c fills structs from the bytes, hs_describe.c makes a label, fields and a sentence of them,
 * hs_names.c has the numbers' names. Parsing borrows from the message and allocates nothing. */
#ifndef TLSVIEW_HS_H
#define TLSVIEW_HS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"
#include "glassnet/wire.h"

enum hs_type {
	HS_HELLO_REQUEST = 0,
	HS_CLIENT_HELLO = 1,
	HS_SERVER_HELLO = 2,
	HS_NEW_SESSION_TICKET = 4,
	HS_END_OF_EARLY_DATA = 5,
	HS_ENCRYPTED_EXTENSIONS = 8,
	HS_CERTIFICATE = 11,
	HS_SERVER_KEY_EXCHANGE = 12,
	HS_CERTIFICATE_REQUEST = 13,
	HS_SERVER_HELLO_DONE = 14,
	HS_CERTIFICATE_VERIFY = 15,
	HS_CLIENT_KEY_EXCHANGE = 16,
	HS_FINISHED = 20,
	HS_CERTIFICATE_STATUS = 22,
	HS_KEY_UPDATE = 24,
};

#define TLS1_2 0x0303
#define TLS1_3 0x0304

/* A run of octets within the message. */
struct span {
	const uint8_t *p;
	size_t len;
};

/* ClientHello, ServerHello and HelloRetryRequest (RFC 8446 4.1). What is not there has len 0. */
struct hs_hello {
	uint16_t version; /* as the field says: 0x0303 for TLS 1.3, too */
	struct span version_field, random, session_id;
	struct span ciphers; /* ClientHello: 2 octets each; ServerHello: the one chosen */
	struct span extensions;
	/* from the extensions */
	struct span server_name, alpn, versions, groups, schemes;
	struct span
	    key_share;   /* ClientHello: entries of group, length, key; ServerHello: one; retry: a group */
	bool retry;      /* it is a HelloRetryRequest */
	uint16_t chosen; /* ServerHello: the version that is really meant */
};

/* body: the message without its 4 octets of header. On an error *at is the offset in body of the bad octet.
 */
enum err hs_hello_parse(
    struct hs_hello *out, bool server, const uint8_t *body, size_t len, size_t *at) MUST_USE;

/* The next extension of a list (2 octets type, 2 octets length, data). False at the end, or when cut short
 * (r->bad). */
bool hs_next_extension(struct rd *r, uint16_t *type, struct span *data);

/* A Certificate message: certificates, each with extensions of its own in TLS 1.3 (RFC 8446 4.4.2). */
struct hs_certificates {
	struct rd list;
	bool tls13;
};
enum err hs_certificates_parse(
    struct hs_certificates *out, uint16_t version, const uint8_t *body, size_t len, size_t *at) MUST_USE;
bool hs_next_certificate(struct hs_certificates *c, struct span *der);

/* ServerKeyExchange with an elliptic curve (RFC 8422 5.4): the server's half of the key agreement, signed. */
struct hs_server_key {
	bool named_curve; /* else it is another kind, and nothing below is set */
	uint16_t group, scheme;
	struct span point, signature;
};
enum err hs_server_key_parse(struct hs_server_key *out, const uint8_t *body, size_t len, size_t *at) MUST_USE;

/* Names of numbers; NULL for unknown ones. */
const char *hs_type_name(uint8_t type);
const char *tls_version_name(uint16_t v);
const char *tls_cipher_name(uint16_t v);
const char *tls_group_name(uint16_t v);
const char *tls_scheme_name(uint16_t v);
const char *tls_extension_name(uint16_t v, const char **meaning);
const char *tls_alert_name(uint8_t v, const char **meaning);
/* Values that are sent so that servers learn to ignore what they do not know (RFC 8701). */
bool tls_is_grease(uint16_t v);

/* What hs_describe.c must know of the connection. */
struct hs_context {
	uint16_t version; /* agreed; 0: not yet */
	bool from_server;
};

#define HS_LABEL 160

/* One line that says what the message is: "ServerHello: TLS 1.3, TLS_AES_256_GCM_SHA384, x25519". Returns
 * out. */
char *hs_label(char out[static HS_LABEL], const struct hs_context *ctx, const uint8_t *msg, size_t len);

/* Its fields as events, offsets counted from its first octet. */
void hs_fields(struct trace *t, const struct hs_context *ctx, const uint8_t *msg, size_t len);

/* A sentence or two: what it is for, and what a listener sees of it. NULL for unknown types. */
const char *hs_lesson(const struct hs_context *ctx, const uint8_t *msg, size_t len);

#endif
