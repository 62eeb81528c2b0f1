/* What a packet is known by on its way.
 *
 * A link changes nothing. A router changes the MAC addresses, the TTL and the IPv4 header's checksum. A NAT
 * changes addresses and ports (of an ICMP echo: the identifier) and the checksums that cover them, and the
 * same within the packet that an ICMP error quotes. All the rest stays, and is hashed here. */
#include <string.h>

#include "glassnet/wire.h"
#include "private.h"

/* FNV-1a over words; not against adversaries: a collision joins two packets in a picture, no more. */
static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15u;
	return h ^ h >> 29;
}

static uint64_t mix_bytes(uint64_t h, const uint8_t *p, size_t n)
{
	h = mix(h, n);
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t v;
		memcpy(&v, p, 8);
		h = mix(h, v);
	}
	uint64_t v = 0;
	if (n)
		memcpy(&v, p, n);
	return mix(h, v);
}

/* Mixes in the fields of a transport header that no NAT touches. The ports' place goes to ports, if asked
 * for. */
static uint64_t mix_transport(uint64_t h, uint8_t proto, struct rd *r, uint16_t ports[2])
{
	uint16_t scratch[2];
	uint16_t *pt = ports ? ports : scratch;
	switch (proto) {
	case 6:
		pt[0] = rd_u16(r);
		pt[1] = rd_u16(r);
		h = mix(h, rd_u64(r)); /* sequence and acknowledgement numbers */
		h = mix(h, rd_u32(r)); /* offset, flags, window */
		rd_skip(r, 2);         /* checksum */
		h = mix(h, rd_u16(r)); /* urgent pointer */
		break;
	case 17:
		pt[0] = rd_u16(r);
		pt[1] = rd_u16(r);
		h = mix(h, rd_u16(r)); /* length */
		rd_skip(r, 2);
		break;
	default:
		break;
	}
	size_t n = rd_left(r);
	return n ? mix_bytes(h, rd_bytes(r, n), n) : h;
}

/* The packet that an ICMP error quotes. It may be cut anywhere. */
static uint64_t mix_quoted(uint64_t h, struct rd *r)
{
	uint8_t first = rd_u8(r), proto;
	if (first >> 4 == 4) {
		rd_skip(r, 1);
		h = mix(h, rd_u32(r)); /* total length, identification */
		rd_skip(r, 3);
		proto = rd_u8(r);
		rd_skip(r, 10 + (first & 15u) * 4u - 20u);
	} else {
		h = mix(h, rd_u24(r)); /* flow label */
		h = mix(h, rd_u16(r));
		proto = rd_u8(r);
		rd_skip(r, 33);
	}
	if (r->bad)
		return h;
	if (proto == 6 || proto == 17)
		return mix_transport(mix(h, proto), proto, r, NULL);
	rd_skip(r, 2); /* ICMP: type and code stay, checksum and identifier may not */
	return mix(h, proto);
}

static uint64_t mix_icmp(uint64_t h, bool v6, struct rd *r, uint16_t ports[2])
{
	uint8_t type = rd_u8(r), code = rd_u8(r);
	rd_skip(r, 2);
	h = mix(h, (uint64_t)type << 8 | code);
	bool echo = v6 ? type == 128 || type == 129 : type == 0 || type == 8;
	bool error = v6 ? type < 128 : type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
	if (echo)
		ports[0] = ports[1] = rd_u16(r);
	else if (error) {
		rd_skip(r, 4);
		return mix_quoted(h, r);
	}
	size_t n = rd_left(r);
	return n ? mix_bytes(h, rd_bytes(r, n), n) : h;
}

static uint64_t mix_network(uint64_t h, const struct packet *p, const struct layer *l)
{
	struct rd r = rd_init(p->bytes + l->off, l->len);
	h = mix(h, p->ip_proto);
	if (l->proto == PROTO_IPV4) {
		rd_skip(&r, 2);
		h = mix(h, rd_u32(&r));             /* total length, identification */
		return mix(h, rd_u16(&r) & 0x3fff); /* more fragments, offset; DF may be cleared on the way */
	}
	h = mix(h, rd_u32(&r) & 0xfffff); /* flow label */
	return mix(h, rd_u16(&r));        /* payload length */
}

void traits_of(struct traits *t, const struct packet *p)
{
	const struct layer *net = NULL, *upper = NULL;
	*t = (struct traits){.src = p->src, .dst = p->dst, .ttl = p->ttl};
	for (unsigned i = 0; i < p->n_layers; i++) {
		const struct layer *l = &p->layers[i];
		if (!net && (l->proto == PROTO_IPV4 || l->proto == PROTO_IPV6))
			net = l;
		else if (net && !upper)
			upper = l;
	}
	/* Up to where IP says that it ends: short frames get padding on a real cable. */
	size_t end = net && !net->err && net->off + net->len <= p->len ? net->off + net->len : p->len;
	t->frame = mix_bytes(1, p->bytes, end);
	t->group = p->has_mac && (p->dst_mac.b[0] & 1);
	t->routable = net != NULL && net->err == ERR_OK;
	t->invariant = t->frame;
	if (!t->routable)
		return;
	uint64_t h = mix_network(2, p, net);
	size_t off = upper ? upper->off : net->off + net->len, len = upper ? upper->len : 0;
	struct rd r = rd_init(p->bytes + off, off + len <= p->len ? len : 0);
	uint16_t ports[2] = {0};
	if (p->fragment || !upper || upper->proto == PROTO_DATA)
		t->invariant = len ? mix_bytes(h, p->bytes + off, r.len) : h;
	else if (upper->proto == PROTO_ICMP || upper->proto == PROTO_ICMPV6)
		t->invariant = mix_icmp(h, upper->proto == PROTO_ICMPV6, &r, ports);
	else
		t->invariant = mix_transport(h, p->ip_proto, &r, ports);
	if (!p->fragment && ports[0]) {
		t->src.port = ports[0];
		t->dst.port = ports[1];
	}
}

uint64_t traits_skeleton(const struct packet *p)
{
	uint64_t h = mix(3, p->ip_proto);
	uint16_t id = 0;
	for (unsigned i = 0; i < p->n_layers; i++) {
		const struct layer *l = &p->layers[i];
		struct rd r = rd_init(p->bytes + l->off, l->err ? 0 : l->len);
		rd_skip(&r, 4);
		if (l->proto == PROTO_IPV4)
			id = rd_u16(&r);
		else if (l->proto == PROTO_TCP)
			return mix(mix(h, id), rd_u64(&r));
	}
	return id ? mix(h, id) : 0;
}
