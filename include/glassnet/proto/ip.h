/* IPv4 (RFC 791) with options and fragments, IPv6 (RFC 8200) with its extension headers. */
#ifndef GLASSNET_PROTO_IP_H
#define GLASSNET_PROTO_IP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum ip_protocol { IPPROTO_IS_ICMP = 1, IPPROTO_IS_TCP = 6, IPPROTO_IS_UDP = 17, IPPROTO_IS_ICMPV6 = 58 };

/* "TCP", or NULL when it is not known here. */
const char *ip_protocol_name(uint8_t protocol);

struct ipv4 {
	uint8_t header_len; /* octets, options included */
	uint8_t tos;        /* DSCP and ECN */
	uint16_t total_len; /* as written; 0 when the sending machine left it to its network card */
	uint16_t id;
	bool df, mf;
	uint16_t frag_off; /* octets */
	uint8_t ttl, protocol;
	uint16_t checksum;
	struct ip src, dst;
	size_t payload_len; /* octets of payload that are here */
	bool cut;           /* total_len says more than is here */
};

/* On an error *at is the offset in p of the bad octet, and *out holds what was read before it. */
enum err ipv4_parse(struct ipv4 *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void ipv4_summary(const struct ipv4 *h, struct text *out);
void ipv4_describe(const struct ipv4 *h, const uint8_t *p, size_t base, struct trace *t);

struct ipv6 {
	uint8_t traffic_class;
	uint32_t flow_label;
	uint16_t length;     /* of all that follows the first 40 octets, as written */
	uint8_t next_header; /* of the fixed header */
	uint8_t hop_limit;
	struct ip src, dst;
	/* after the extension headers */
	uint8_t protocol;
	size_t header_len; /* octets, extension headers included */
	bool fragmented;
	bool mf;
	uint16_t frag_off; /* octets */
	uint32_t frag_id;
	size_t payload_len; /* octets of payload that are here */
	bool cut;
};

#define IPV6_MAX_EXTENSIONS 8

enum err ipv6_parse(struct ipv6 *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void ipv6_summary(const struct ipv6 *h, struct text *out);
void ipv6_describe(const struct ipv6 *h, const uint8_t *p, size_t base, struct trace *t);

#endif
