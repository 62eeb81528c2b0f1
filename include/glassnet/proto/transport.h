/* UDP (RFC 768) and TCP (RFC 9293). */
#ifndef GLASSNET_PROTO_TRANSPORT_H
#define GLASSNET_PROTO_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

/* What became of a checksum that runs over the addresses as well. */
enum checksum_state {
	CHECKSUM_UNCHECKED, /* not all octets are here */
	CHECKSUM_NONE,      /* the sender wrote none (UDP over IPv4) */
	CHECKSUM_RIGHT,
	CHECKSUM_BEGUN, /* only the pseudo header is summed: the network card does the rest after the capture
	                 */
	CHECKSUM_WRONG
};

struct udp {
	uint16_t sport, dport;
	uint16_t length; /* header and data, as written */
	uint16_t checksum;
	size_t data_len; /* octets of data that are here */
	bool cut;        /* length says more than is here */
};

/* On an error *at is the offset in p of the bad octet, and *out holds what was read before it. */
enum err udp_parse(struct udp *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void udp_summary(const struct udp *h, struct text *out);
void udp_describe(const struct udp *h, const uint8_t *p, size_t base, enum checksum_state sum, struct trace *t);

enum tcp_flag {
	TCP_FIN = 1,
	TCP_SYN = 2,
	TCP_RST = 4,
	TCP_PSH = 8,
	TCP_ACK = 16,
	TCP_URG = 32,
	TCP_ECE = 64,
	TCP_CWR = 128
};

struct tcp {
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t header_len; /* octets, options included */
	uint8_t flags;      /* enum tcp_flag */
	uint16_t window, checksum, urgent;
	size_t data_len; /* octets of data that are here */
	/* options */
	uint16_t mss; /* 0: not given */
	bool has_scale;
	uint8_t scale;
	bool sack_permitted;
	bool has_timestamps;
	uint32_t ts_value, ts_echo;
};

enum err tcp_parse(struct tcp *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void tcp_summary(const struct tcp *h, struct text *out);
void tcp_describe(const struct tcp *h, const uint8_t *p, size_t base, enum checksum_state sum, struct trace *t);

#endif
