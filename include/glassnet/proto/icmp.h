/* ICMP (RFC 792) and ICMPv6 (RFC 4443), with neighbour discovery (RFC 4861). */
#ifndef GLASSNET_PROTO_ICMP_H
#define GLASSNET_PROTO_ICMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum icmp4_type {
	ICMP4_ECHO_REPLY = 0,
	ICMP4_UNREACHABLE = 3,
	ICMP4_QUENCH = 4,
	ICMP4_REDIRECT = 5,
	ICMP4_ECHO = 8,
	ICMP4_TIME_EXCEEDED = 11,
	ICMP4_PARAMETER = 12
};

enum icmp6_type {
	ICMP6_UNREACHABLE = 1,
	ICMP6_TOO_BIG = 2,
	ICMP6_EXPIRED = 3,
	ICMP6_PARAMETER = 4,
	ICMP6_ECHO = 128,
	ICMP6_ECHO_BACK = 129,
	ICMP6_ROUTER_SOLICIT = 133,
	ICMP6_ROUTER_ADVERT = 134,
	ICMP6_NEIGHBOR_SOLICIT = 135,
	ICMP6_NEIGHBOR_ADVERT = 136,
	ICMP6_REDIRECT = 137
};

enum nd_option { ND_OPT_SOURCE = 1, ND_OPT_TARGET = 2, ND_OPT_PREFIX = 3, ND_OPT_MTU = 5, ND_OPT_DNS = 25 };

struct icmp {
	bool v6;
	uint8_t type, code;
	uint16_t checksum;
	uint32_t rest; /* the second word: id and sequence, MTU, pointer, flags */

	/* the packet that an error quotes */
	bool has_quote;
	uint8_t quote_protocol;
	size_t quote_off;
	struct endpoint quote_src, quote_dst; /* port 0 where the protocol has none */

	/* neighbour discovery */
	struct ip target;      /* family 0: none */
	bool has_link_address; /* source or target link-layer address option */
	struct mac link_address;
	size_t options_off; /* 0: none */
	size_t len;         /* octets in all */
};

/* On an error *at is the offset in p of the bad octet, and *out holds what was read before it. */
enum err icmp_parse(struct icmp *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
enum err icmpv6_parse(struct icmp *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void icmp_summary(const struct icmp *h, struct text *out);
void icmp_describe(const struct icmp *h, const uint8_t *p, size_t base, struct trace *t);

/* "time exceeded: the TTL ran out on the way"; NULL when it is not known here. */
const char *icmp_type_text(bool v6, uint8_t type, uint8_t code);

#endif
