/* ARP (RFC 826): which hardware address has this IPv4 address? */
#ifndef GLASSNET_PROTO_ARP_H
#define GLASSNET_PROTO_ARP_H

#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum arp_operation { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct arp {
	uint16_t operation;
	struct mac sender_mac, target_mac;
	struct ip sender, target;
};

/* Only Ethernet and IPv4 (ERR_VERSION for others). On an error *at is the offset in p of the bad octet. */
enum err arp_parse(struct arp *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;
void arp_summary(const struct arp *h, struct text *out);
void arp_describe(const struct arp *h, const uint8_t *p, size_t base, struct trace *t);

#endif
