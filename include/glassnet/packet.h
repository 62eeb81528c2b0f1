/* One captured packet, taken apart into layers.
 *
 * packet_parse() finds the layers (link, network, transport, application) with one static dispatch table;
 * packet_summary() makes one line of it; packet_describe() emits every field with its place, its value and
 * what it means. Each protocol's own parser stands in glassnet/proto/NAME.h as x_parse() (bytes to a typed
 * struct) and x_describe() (fields as events). Nothing here prints, allocates on a packet's word, or trusts a
 * length. */
#ifndef GLASSNET_PACKET_H
#define GLASSNET_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/trace.h"

enum proto {
	PROTO_NONE,
	PROTO_ETHER,
	PROTO_ARP,
	PROTO_IPV4,
	PROTO_IPV6,
	PROTO_ICMP,
	PROTO_ICMPV6,
	PROTO_UDP,
	PROTO_TCP,
	PROTO_DNS,
	PROTO_DHCP,
	PROTO_HTTP,
	PROTO_TLS,
	PROTO_SSH,
	PROTO_STUN,
	PROTO_NTP,
	PROTO_DH,   /* dhview's own messages */
	PROTO_LINK, /* what a capture has in Ethernet's place: loopback, Linux "cooked" */
	PROTO_DATA, /* bytes that no decoder claims */
	PROTO_COUNT
};

/* The name people know it by: "IPv4"; never NULL. */
const char *proto_name(enum proto p);

struct layer {
	enum proto proto;
	bool stream;    /* it is in segment->data: earlier packets brought a part of it */
	size_t off;     /* octets from the start of the packet (of segment->data) */
	size_t len;     /* of header and payload as far as this layer's own lengths say, within the packet */
	enum err err;   /* ERR_OK, or what is wrong in this layer */
	size_t err_off; /* where, in octets from the start of the packet (of segment->data) */
};

struct segment; /* glassnet/flow.h */

#define PACKET_MAX_LAYERS 10

struct packet {
	int64_t time;         /* ns since 1970 */
	uint64_t number;      /* in the capture, from 1 */
	const uint8_t *bytes; /* borrowed */
	size_t len;           /* octets captured */
	size_t wire_len;      /* octets it had on the wire (larger when cut by a snap length) */
	int linktype;         /* pcap's DLT_ value */

	/* set by packet_parse() */
	unsigned n_layers;
	struct layer layers[PACKET_MAX_LAYERS];
	bool has_mac;
	struct mac src_mac, dst_mac;
	struct endpoint src, dst;        /* family 0 where there is no IP (ARP: the protocol addresses) */
	uint8_t ip_proto;                /* 6 TCP, 17 UDP …; 0 none */
	uint8_t ttl;                     /* or hop limit */
	bool fragment;                   /* not the first fragment: no transport layer */
	size_t payload_off, payload_len; /* of the transport layer's payload, in octets */
	size_t missing;                  /* octets that IP says are there, and are not */
	const struct segment
	    *segment; /* what its connection's history says: set by flows_take(); NULL: nobody asked */
};

/* Takes p apart; p->bytes, len, wire_len, linktype are given. Always leaves a usable p: decoding stops at the
 * layer whose err says why. */
void packet_parse(struct packet *p);

/* The same, but what TCP carries is left alone: for who knows more of it than one packet tells. */
void packet_parse_headers(struct packet *p);

/* What a TCP payload is by its content and its ports; PROTO_DATA: not known. */
enum proto packet_stream_proto(const struct packet *p, const uint8_t *data, size_t len);

/* Adds the layer of that protocol over len octets: of the packet from payload_off on, or of segment->data. */
void packet_add_layer(struct packet *p, enum proto proto, bool stream, size_t len);

/* The innermost layer. */
const struct layer *packet_top(const struct packet *p);

/* One line that says what the packet is ("query A www.example"), cut to cap; peers' bytes escaped. Returns
 * out. */
char *packet_summary(const struct packet *p, char *out, size_t cap);

/* What a listener on the path can read of it. */
enum secrecy packet_secrecy(const struct packet *p);

/* What was opened of its records (glassnet/flow.h), each as an EV_RECV at its receiver with its own octets and fields:
 * what it was, beside what a listener saw. */
void packet_emit_opened(const struct packet *p, struct trace *t, const char *from, const char *to);

/* Emits every field of every layer as EV_FIELD. */
void packet_describe(const struct packet *p, struct trace *t);

#endif
