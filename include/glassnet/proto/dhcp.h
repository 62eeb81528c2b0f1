/* DHCP for IPv4 (RFC 2131, options RFC 2132). */
#ifndef GLASSNET_PROTO_DHCP_H
#define GLASSNET_PROTO_DHCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum dhcp_type {
	DHCP_DISCOVER = 1,
	DHCP_OFFER = 2,
	DHCP_REQUEST = 3,
	DHCP_DECLINE = 4,
	DHCP_ACK = 5,
	DHCP_NAK = 6,
	DHCP_RELEASE = 7,
	DHCP_INFORM = 8
};

enum dhcp_option_code {
	DHCP_OPT_PAD = 0,
	DHCP_OPT_MASK = 1,
	DHCP_OPT_ROUTER = 3,
	DHCP_OPT_DNS = 6,
	DHCP_OPT_HOSTNAME = 12,
	DHCP_OPT_DOMAIN = 15,
	DHCP_OPT_BROADCAST = 28,
	DHCP_OPT_REQUESTED_IP = 50,
	DHCP_OPT_LEASE = 51,
	DHCP_OPT_OVERLOAD = 52,
	DHCP_OPT_TYPE = 53,
	DHCP_OPT_SERVER = 54,
	DHCP_OPT_WANTED = 55,
	DHCP_OPT_MESSAGE = 56,
	DHCP_OPT_MAX_SIZE = 57,
	DHCP_OPT_RENEW = 58,
	DHCP_OPT_REBIND = 59,
	DHCP_OPT_VENDOR = 60,
	DHCP_OPT_CLIENT_ID = 61,
	DHCP_OPT_END = 255
};

struct dhcp {
	uint8_t op; /* 1 request, 2 reply */
	uint32_t xid;
	uint16_t secs, flags;
	struct ip client, yours, server, relay; /* ciaddr, yiaddr, siaddr, giaddr */
	struct mac client_mac;                  /* when the hardware is Ethernet */
	bool has_mac;
	/* from the options; family 0 where there is none */
	uint8_t type; /* enum dhcp_type; 0: plain BOOTP */
	struct ip mask, router, dns, server_id, requested;
	bool has_lease;
	uint32_t lease; /* seconds */
};

enum err dhcp_parse(struct dhcp *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;

struct dhcp_option {
	uint8_t code;
	size_t off; /* of the code octet */
	size_t data_off, len;
};

/* The options in order, without pads and the end: *pos starts at 0. False at the end and at what is
 * malformed. */
bool dhcp_option_next(const uint8_t *p, size_t len, size_t *pos, struct dhcp_option *out);

/* "offer"; NULL when not known here. */
const char *dhcp_type_name(uint8_t type);

void dhcp_summary(const struct dhcp *h, struct text *out);
void dhcp_describe(const struct dhcp *h, const uint8_t *p, size_t len, size_t base, struct trace *t);

#endif
