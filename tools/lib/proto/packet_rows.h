/* One row a protocol: how its layer is read once more, its line, its fields. Private to packet_text.c. */
#ifndef PROTO_PACKET_ROWS_H
#define PROTO_PACKET_ROWS_H

#include "glassnet/packet.h"
#include "glassnet/proto/arp.h"
#include "glassnet/proto/dh_frame.h"
#include "glassnet/proto/dhcp.h"
#include "glassnet/proto/dns.h"
#include "glassnet/proto/ether.h"
#include "glassnet/proto/http.h"
#include "glassnet/proto/icmp.h"
#include "glassnet/proto/ip.h"
#include "glassnet/proto/ntp.h"
#include "glassnet/proto/ssh.h"
#include "glassnet/proto/stun.h"
#include "glassnet/proto/tls.h"
#include "glassnet/proto/transport.h"

/* Any one layer, parsed. */
union header {
	struct ether ether;
	struct link_header link;
	struct arp arp;
	struct ipv4 ipv4;
	struct ipv6 ipv6;
	struct icmp icmp;
	struct udp udp;
	struct tcp tcp;
	struct dns dns;
	struct dhcp dhcp;
	struct http http;
	struct tls tls;
	struct ssh ssh;
	struct stun stun;
	struct ntp ntp;
	struct dh_frames dh;
};

struct view {
	const struct packet *packet;
	unsigned index; /* of the layer */
	const uint8_t *p;
	size_t len, base;
	bool tcp;
	bool keyed; /* keys were in use before: all is encrypted */
};

/* Layer i of the packet. */
struct view view_of(const struct packet *p, unsigned i);

struct row {
	enum err (*read)(union header *h, const struct view *v, size_t *at);
	void (*line)(const union header *h, const struct view *v, struct text *out);
	void (*fields)(const union header *h, const struct view *v, struct trace *t);
};

/* Of a protocol without a row all members are NULL. */
extern const struct row packet_rows[PROTO_COUNT];

#endif
