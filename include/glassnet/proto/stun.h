/* STUN (RFC 8489), with the attributes of NAT behaviour discovery (RFC 5780) and ICE (RFC 8445), over UDP. */
#ifndef GLASSNET_PROTO_STUN_H
#define GLASSNET_PROTO_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

#define STUN_COOKIE  0x2112a442
#define STUN_BINDING 1

enum stun_class { STUN_REQUEST, STUN_INDICATION, STUN_SUCCESS, STUN_ERROR };

enum stun_attribute_type {
	STUN_MAPPED_ADDRESS = 0x0001,
	STUN_CHANGE_REQUEST = 0x0003,
	STUN_SOURCE_ADDRESS = 0x0004,  /* RFC 3489 */
	STUN_CHANGED_ADDRESS = 0x0005, /* RFC 3489 */
	STUN_USERNAME = 0x0006,
	STUN_MESSAGE_INTEGRITY = 0x0008,
	STUN_ERROR_CODE = 0x0009,
	STUN_UNKNOWN_ATTRIBUTES = 0x000a,
	STUN_REALM = 0x0014,
	STUN_NONCE = 0x0015,
	STUN_MESSAGE_INTEGRITY_SHA256 = 0x001c,
	STUN_PASSWORD_ALGORITHM = 0x001d,
	STUN_USERHASH = 0x001e,
	STUN_XOR_MAPPED_ADDRESS = 0x0020,
	STUN_PRIORITY = 0x0024,
	STUN_USE_CANDIDATE = 0x0025,
	STUN_PADDING = 0x0026,
	STUN_RESPONSE_PORT = 0x0027,
	STUN_PASSWORD_ALGORITHMS = 0x8002,
	STUN_ALTERNATE_DOMAIN = 0x8003,
	STUN_SOFTWARE = 0x8022,
	STUN_ALTERNATE_SERVER = 0x8023,
	STUN_FINGERPRINT = 0x8028,
	STUN_ICE_CONTROLLED = 0x8029,
	STUN_ICE_CONTROLLING = 0x802a,
	STUN_RESPONSE_ORIGIN = 0x802b,
	STUN_OTHER_ADDRESS = 0x802c
};

enum stun_change { STUN_CHANGE_PORT = 2, STUN_CHANGE_IP = 4 };

struct stun {
	uint16_t method; /* STUN_BINDING, or one of another RFC */
	enum stun_class class;
	uint16_t length; /* octets behind the 20 of the header, as written */
	bool cookie;     /* false: the older protocol of RFC 3489 */
	/* from the attributes; family 0 where there is none. mapped: from XOR-MAPPED-ADDRESS, else
	 * MAPPED-ADDRESS */
	struct endpoint mapped, other, origin;
	bool has_change;
	uint32_t change;     /* enum stun_change */
	uint16_t error_code; /* 0: none */
	size_t reason_off, reason_len;
	bool has_fingerprint, fingerprint_right;
};

/* Does the data begin with a STUN header with its magic cookie, and is it as long as that says? */
bool stun_looks_like(const uint8_t *p, size_t len);

/* On an error *at is the offset in p of the bad octet, and *out holds what was read before it. */
enum err stun_parse(struct stun *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;

struct stun_attribute {
	uint16_t type;
	size_t off;           /* of the type */
	size_t data_off, len; /* without the padding */
};

/* The attributes in order: *pos starts at 0. False at the end and at one that is not whole. */
bool stun_attribute_next(const uint8_t *p, size_t len, size_t *pos, struct stun_attribute *out);

/* The address that an attribute holds. False when it has a form that it must not have. */
bool stun_address(struct endpoint *out, const uint8_t *p, const struct stun_attribute *a);

/* What a FINGERPRINT over these octets (all of the message before it) must be (RFC 8489 14.7). */
uint32_t stun_fingerprint(const uint8_t *p, size_t len);

void stun_summary(const struct stun *h, const uint8_t *p, size_t len, struct text *out);
void stun_describe(const struct stun *h, const uint8_t *p, size_t len, size_t base, struct trace *t);

#endif
