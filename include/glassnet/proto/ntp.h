/* NTP, the Network Time Protocol (version 4: RFC 5905; extension fields: RFC 7822). */
#ifndef GLASSNET_PROTO_NTP_H
#define GLASSNET_PROTO_NTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum ntp_mode {
	NTP_ACTIVE = 1,
	NTP_PASSIVE = 2,
	NTP_CLIENT = 3,
	NTP_SERVER = 4,
	NTP_BROADCAST = 5,
	NTP_CONTROL = 6, /* RFC 9327 */
	NTP_PRIVATE = 7
};

struct ntp {
	uint8_t leap, version, mode; /* enum ntp_mode */
	/* of all but NTP_CONTROL and NTP_PRIVATE, which are laid out in another way */
	uint8_t stratum;
	int8_t poll, precision;                  /* powers of two, in seconds */
	uint32_t delay, dispersion;              /* in 2^-16 s */
	uint8_t reference[4];                    /* a name, an address or a hash, by stratum and version */
	uint64_t set, origin, receive, transmit; /* seconds since 1900 and 2^-32 s; 0: none */
	size_t extensions_len;                   /* octets behind the 48 of the header */
	size_t auth_off, auth_len;               /* the authenticator at the end; len 0: none */
};

/* On an error *at is the offset in p of the bad octet, and *out holds what was read before it. */
enum err ntp_parse(struct ntp *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void ntp_summary(const struct ntp *h, struct text *out);
void ntp_describe(const struct ntp *h, const uint8_t *p, size_t len, size_t base, struct trace *t);

/* A timestamp as UTC, "2026-01-01 00:00:00.000000". One whose first bit is not set is taken to be of the
 * second era, which begins in 2036 (RFC 4330 3). */
void ntp_time(uint64_t timestamp, struct text *out);

#endif
