/* The link layer: Ethernet with VLAN tags (IEEE 802.3, 802.1Q), and the headers that captures have in its
 * place: BSD loopback (DLT_NULL), Linux "cooked" (DLT_LINUX_SLL, DLT_LINUX_SLL2). */
#ifndef GLASSNET_PROTO_ETHER_H
#define GLASSNET_PROTO_ETHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum ethertype { ETHER_IPV4 = 0x0800, ETHER_ARP = 0x0806, ETHER_IPV6 = 0x86dd };

#define ETHER_MAX_TAGS 2

struct ether {
	struct mac dst, src;
	unsigned n_tags;
	uint16_t tag_type[ETHER_MAX_TAGS]; /* 0x8100 or 0x88a8 */
	uint16_t tag[ETHER_MAX_TAGS];      /* priority 3 bits, drop 1 bit, VLAN 12 bits */
	uint16_t type;                     /* ethertype; below 1536 a length (802.3 with LLC) */
	size_t header_len;
};

/* Each parse function of these headers: fills *out from the len octets at p. On an error *at is the offset in
 * p of the bad octet, and *out holds what was read before it. */
enum err ether_parse(struct ether *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void ether_summary(const struct ether *h, struct text *out);
/* base: p's offset in the packet. */
void ether_describe(const struct ether *h, const uint8_t *p, size_t base, struct trace *t);

/* "IPv4", or NULL when it is not known here. */
const char *ethertype_name(uint16_t type);

/* A header that stands in for the link layer. */
struct link_header {
	int linktype;        /* DLT_NULL, DLT_LINUX_SLL or DLT_LINUX_SLL2 */
	uint16_t type;       /* as an ethertype; DLT_NULL's address family is translated, 0 when it is not known */
	uint8_t packet_type; /* cooked: 0 to us, 1 broadcast, 2 multicast, 3 to somebody else, 4 sent by us */
	uint32_t family;     /* DLT_NULL */
	uint32_t ifindex;    /* SLL2 */
	bool has_mac;
	struct mac src;
	size_t header_len;
};

enum err link_parse(struct link_header *out, int linktype, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void link_summary(const struct link_header *h, struct text *out);
void link_describe(const struct link_header *h, const uint8_t *p, size_t base, struct trace *t);

#endif
