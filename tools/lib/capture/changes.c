/* What routers and NATs did to a packet between two places. */
#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"
#include "journey.h"

static const struct layer *layer_of(const struct packet *p, enum proto a, enum proto b)
{
	for (unsigned i = 0; i < p->n_layers; i++)
		if (p->layers[i].proto == a || p->layers[i].proto == b)
			return &p->layers[i];
	return NULL;
}

static bool u16_at(const struct packet *p, const struct layer *l, size_t off, uint16_t *out)
{
	if (!l || l->off + l->len > p->len)
		return false;
	struct rd r = rd_init(p->bytes + l->off, l->len);
	rd_skip(&r, off);
	*out = rd_u16(&r);
	return !r.bad;
}

bool ipv4_checksum(const struct packet *p, uint16_t *out)
{
	return u16_at(p, layer_of(p, PROTO_IPV4, PROTO_IPV4), 10, out);
}

bool transport_checksum(const struct packet *p, uint16_t *out)
{
	if (p->fragment)
		return false;
	return u16_at(p, layer_of(p, PROTO_UDP, PROTO_UDP), 6, out) ||
	       u16_at(p, layer_of(p, PROTO_TCP, PROTO_TCP), 16, out) ||
	       u16_at(p, layer_of(p, PROTO_ICMP, PROTO_ICMPV6), 2, out);
}

static bool differ(bool (*get)(const struct packet *p, uint16_t *out), const struct packet *a, const struct packet *b)
{
	uint16_t x, y;
	return get(a, &x) && get(b, &y) && x != y;
}

unsigned sighting_changes(const struct packet *before, const struct packet *after)
{
	const struct packet *a = before, *b = after;
	unsigned mask = 0;
	if (!ip_equal(&a->src.ip, &b->src.ip))
		mask |= CHANGE_SRC;
	if (!ip_equal(&a->dst.ip, &b->dst.ip))
		mask |= CHANGE_DST;
	if (a->src.port != b->src.port)
		mask |= CHANGE_SPORT;
	if (a->dst.port != b->dst.port)
		mask |= CHANGE_DPORT;
	if (a->ttl != b->ttl)
		mask |= CHANGE_TTL;
	if (differ(ipv4_checksum, a, b) || differ(transport_checksum, a, b))
		mask |= CHANGE_CHECKSUM;
	if (a->payload_len != b->payload_len || a->payload_off + a->payload_len > a->len ||
	    b->payload_off + b->payload_len > b->len ||
	    (a->payload_len && memcmp(a->bytes + a->payload_off, b->bytes + b->payload_off, a->payload_len) != 0))
		mask |= CHANGE_PAYLOAD;
	if (a->has_mac && b->has_mac &&
	    (memcmp(&a->src_mac, &b->src_mac, sizeof a->src_mac) != 0 ||
	        memcmp(&a->dst_mac, &b->dst_mac, sizeof a->dst_mac) != 0))
		mask |= CHANGE_MAC;
	return mask;
}

char *end_text(char out[static ENDPOINT_TEXT], const struct endpoint *e)
{
	return e->port ? endpoint_text(out, e) : ip_text(out, &e->ip);
}

char *nat_text(char *out, size_t cap, const struct packet *before, const struct packet *after, unsigned changes)
{
	char a[ENDPOINT_TEXT], b[ENDPOINT_TEXT];
	int n = 0;
	out[0] = '\0';
	if (changes & (CHANGE_SRC | CHANGE_SPORT))
		n = snprintf(out, cap, "source %s → %s", end_text(a, &before->src), end_text(b, &after->src));
	if ((changes & (CHANGE_DST | CHANGE_DPORT)) && n >= 0 && (size_t)n < cap)
		snprintf(out + n, cap - (size_t)n, "%sdestination %s → %s", n ? ", " : "", end_text(a, &before->dst),
		    end_text(b, &after->dst));
	return out;
}
