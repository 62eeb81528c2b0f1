/* TLS on the wire: records (RFC 8446 5), handshake messages as far as they are readable without keys (RFC
 * 8446 4, RFC 5246 7.4), alerts. p is the data of one TCP segment, which begins with a record. */
#ifndef GLASSNET_PROTO_TLS_H
#define GLASSNET_PROTO_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum tls_content {
	TLS_CHANGE_CIPHER_SPEC = 20,
	TLS_ALERT = 21,
	TLS_HANDSHAKE = 22,
	TLS_APPLICATION_DATA = 23,
	TLS_HEARTBEAT = 24
};

enum tls_handshake {
	TLS_HELLO_REQUEST = 0,
	TLS_CLIENT_HELLO = 1,
	TLS_SERVER_HELLO = 2,
	TLS_NEW_SESSION_TICKET = 4,
	TLS_END_OF_EARLY_DATA = 5, /* this and the next are always encrypted */
	TLS_ENCRYPTED_EXTENSIONS = 8,
	TLS_CERTIFICATE = 11,
	TLS_SERVER_KEY_EXCHANGE = 12,
	TLS_CERTIFICATE_REQUEST = 13,
	TLS_SERVER_HELLO_DONE = 14,
	TLS_CERTIFICATE_VERIFY = 15,
	TLS_CLIENT_KEY_EXCHANGE = 16,
	TLS_FINISHED = 20,
	TLS_CERTIFICATE_STATUS = 22,
	TLS_KEY_UPDATE = 24, /* always encrypted */
	TLS_MESSAGE_HASH = 254 /* never sent: stands for the first ClientHello in the transcript */
};

enum tls_extension {
	TLS_EXT_SERVER_NAME = 0,
	TLS_EXT_GROUPS = 10,
	TLS_EXT_SIGNATURES = 13,
	TLS_EXT_ALPN = 16,
	TLS_EXT_VERSIONS = 43,
	TLS_EXT_KEY_SHARE = 51
};

/* A run of octets; offsets in the segment's data. */
struct tls_span {
	size_t off, len;
};

struct tls_record {
	uint8_t type; /* enum tls_content */
	uint16_t version;
	uint16_t length;      /* as written */
	size_t off;           /* of the 5 octets of header */
	struct tls_span body; /* what of it is here */
	bool encrypted;       /* a listener cannot read the body */
	bool continued;       /* a handshake message that began in the record before goes on */
};

struct tls_cursor {
	const uint8_t *p;
	size_t len, pos;
	bool secret;    /* a change cipher spec was seen: the rest is encrypted */
	size_t pending; /* octets that the last handshake message still lacks */
	enum err err;   /* why tls_next_record() ended */
	size_t err_off;
};

struct tls_cursor tls_records(const uint8_t *p, size_t len);
bool tls_next_record(struct tls_cursor *c, struct tls_record *out);

struct tls_message {
	uint8_t type;         /* enum tls_handshake */
	uint32_t length;      /* of the body, as written */
	size_t off;           /* of the 4 octets of header */
	struct tls_span body; /* what of it is in this record */
};

/* The handshake messages of a readable record: *pos starts at 0. */
bool tls_next_message(const uint8_t *p, const struct tls_record *r, size_t *pos, struct tls_message *out);

struct tls_hello {
	bool server;
	bool retry;       /* a ServerHello that is a HelloRetryRequest (RFC 8446 4.1.4) */
	bool partial;     /* the rest is in later segments */
	uint16_t version; /* the field of that name: never above TLS 1.2 */
	uint16_t best;    /* of a ClientHello: the highest offered; of a ServerHello: the chosen */
	struct tls_span random, session, ciphers; /* ciphers of a ServerHello: the chosen one */
	struct tls_span extensions;
	struct tls_span server_name; /* len 0: none */
	struct tls_span alpn;        /* the list: length octet and name, again and again */
	struct tls_span versions;    /* two octets each */
	struct tls_span groups;      /* two octets each */
	struct tls_span key_shares;  /* group 2, length 2, key; of a HelloRetryRequest only the group */
};

/* Reads a ClientHello or ServerHello. On an error *at is the bad octet's offset in p. */
enum err tls_hello_parse(struct tls_hello *out, const uint8_t *p, const struct tls_message *m, size_t *at) MUST_USE;

/* Its fields as events, places counted from p plus base. Nothing for one that cannot be read. */
void tls_hello_describe(const uint8_t *p, const struct tls_message *m, size_t base, struct trace *t);

struct tls_ext {
	uint16_t type;
	size_t off;           /* of the 4 octets of header */
	struct tls_span data; /* whole */
};

/* The extensions in order: *pos starts at 0. False at the end and at one that is not whole. */
bool tls_next_extension(const uint8_t *p, const struct tls_hello *h, size_t *pos, struct tls_ext *out);

/* The whole segment. */
struct tls {
	unsigned n_records;
	bool encrypted; /* some record of it cannot be read by a listener */
	bool keyed;     /* this side's keys were in use before the data */
};

/* Does the data begin with a record? */
bool tls_looks_like(const uint8_t *p, size_t len);

/* Is this whole record a hello in the clear? After a HelloRetryRequest one comes behind a change cipher spec
 * (RFC 8446 D.4). */
bool tls_is_hello(const uint8_t *record, size_t len);

/* Walks all records and hello messages. A record or message that goes on in the next segment is no error. */
enum err tls_parse(struct tls *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;

/* The same where what came before is known: with keyed all is encrypted. */
enum err tls_parse_on(struct tls *out, bool keyed, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void tls_summary(const struct tls *h, const uint8_t *p, size_t len, struct text *out);
void tls_describe(const struct tls *h, const uint8_t *p, size_t len, size_t base, struct trace *t);

/* Names as IANA's registries write them; NULL when not known here. */
const char *tls_version_name(uint16_t version);
const char *tls_cipher_name(uint16_t cipher);
const char *tls_group_name(uint16_t group);
const char *tls_signature_name(uint16_t scheme);
const char *tls_extension_name(uint16_t type);
const char *tls_handshake_name(uint8_t type);
const char *tls_alert_name(uint8_t description);
const char *tls_alert_text(uint8_t description); /* what it means, in plain words */

/* Is the value one of those that clients send only to keep servers tolerant (GREASE, RFC 8701)? */
bool tls_is_grease(uint16_t v);

#endif
