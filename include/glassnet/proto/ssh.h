/* SSH-2 as far as it can be read without keys (RFC 4253, RFC 5656): the version lines and the packets of the
 * first key exchange. p is the data of one TCP segment.
 *
 * What is encrypted looks like chance. So a packet counts as readable only when its whole form is that of a
 * message that is sent before the keys are in use; all else is taken for encrypted, or for the rest of what
 * began before. */
#ifndef GLASSNET_PROTO_SSH_H
#define GLASSNET_PROTO_SSH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum ssh_message {
	SSH_DISCONNECT = 1,
	SSH_IGNORE = 2,
	SSH_UNIMPLEMENTED = 3,
	SSH_DEBUG = 4,
	SSH_KEXINIT = 20,
	SSH_NEWKEYS = 21,
	SSH_KEX_INIT = 30,  /* KEX_ECDH_INIT, KEXDH_INIT (RFC 5656 4, RFC 4253 8) */
	SSH_KEX_REPLY = 31, /* KEX_ECDH_REPLY, KEXDH_REPLY; of RFC 4419 the group */
	SSH_GEX_INIT = 32,  /* RFC 4419 3 */
	SSH_GEX_REPLY = 33,
	SSH_GEX_REQUEST = 34
};

enum ssh_kind {
	SSH_ITEM_VERSION,   /* a version line */
	SSH_ITEM_PACKET,    /* a readable packet */
	SSH_ITEM_ENCRYPTED, /* the rest of the segment: encrypted, or the rest of what began before */
};

/* A version line or a packet; offsets in the segment's data. */
struct ssh_item {
	enum ssh_kind kind;
	size_t off, len; /* what of it is here */
	bool partial;    /* the rest is in later segments */
	/* of a packet */
	uint8_t type;                    /* enum ssh_message */
	uint8_t padding;                 /* octets of padding at the end */
	uint32_t length;                 /* as written: without these four octets */
	size_t payload_off, payload_len; /* of the payload from its type on, what is here */
};

struct ssh_cursor {
	const uint8_t *p;
	size_t len, pos;
	bool secret;  /* NEWKEYS was seen: the rest is encrypted */
	enum err err; /* why ssh_next() ended */
	size_t err_off;
};

struct ssh_cursor ssh_items(const uint8_t *p, size_t len);
bool ssh_next(struct ssh_cursor *c, struct ssh_item *out);

#define SSH_LISTS 10

/* The name-lists of KEXINIT in the order of RFC 4253 7.1: key exchange, host key, then encryption, MAC,
 * compression and languages, each client to server, then server to client. Offsets in the segment's data. */
struct ssh_kexinit {
	unsigned n; /* lists that are whole */
	struct {
		size_t off, len; /* of the names, without the four octets of length */
	} lists[SSH_LISTS];
	bool guessed; /* first_kex_packet_follows */
};

void ssh_kexinit_read(struct ssh_kexinit *out, const uint8_t *p, const struct ssh_item *item);

/* The whole segment. */
struct ssh {
	bool encrypted; /* something in it cannot be read by a listener */
	bool newkeys;   /* what this side sends from now on is encrypted */
	bool keyed;     /* … and was so before the data */
};

/* Does the data begin with an SSH version line? */
bool ssh_looks_like(const uint8_t *p, size_t len);

/* What goes on in the next segment is no error. */
enum err ssh_parse(struct ssh *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;

/* The same where what came before is known: with keyed all is encrypted. */
enum err ssh_parse_on(struct ssh *out, bool keyed, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void ssh_summary(const struct ssh *h, const uint8_t *p, size_t len, struct text *out);
void ssh_describe(const struct ssh *h, const uint8_t *p, size_t len, size_t base, struct trace *t);

/* "KEXINIT"; NULL when not known here. */
const char *ssh_message_name(uint8_t type);

#endif
