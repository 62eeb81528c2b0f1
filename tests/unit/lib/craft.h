/* Packets put together octet by octet, for the tests of pairing and of captures. */
#ifndef GLASSNET_TEST_CRAFT_H
#define GLASSNET_TEST_CRAFT_H

#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "lib/capture/private.h"

struct crafted {
	uint8_t b[256];
	size_t len;
};

/* What the tests vary. MAC addresses are given by their last octet. */
struct craft {
	uint8_t smac, dmac; /* dmac 255: broadcast */
	const char *src, *dst;
	uint16_t sport, dport, id; /* id: IP identification */
	uint8_t ttl, proto;        /* 6, 17, 1 */
	uint32_t seq;
	const char *payload;
};

static inline void craft_ether(struct wr *w, uint8_t smac, uint8_t dmac, uint16_t type)
{
	static const uint8_t prefix[5] = {2, 0, 0, 0, 0};
	if (dmac == 255)
		wr_bytes(w, "\xff\xff\xff\xff\xff", 5);
	else
		wr_bytes(w, prefix, 5);
	wr_u8(w, dmac);
	wr_bytes(w, prefix, 5);
	wr_u8(w, smac);
	wr_u16(w, type);
}

static inline struct ip craft_ip(const char *text)
{
	struct ip ip;
	if (ip_parse(&ip, text))
		abort();
	return ip;
}

static inline void craft_transport(struct wr *w, const struct craft *c, const struct ip *src, const struct ip *dst)
{
	size_t begin = w->pos, sum_at = 0, n = strlen(c->payload), alen = src->family == 4 ? 4 : 16;
	if (c->proto == 17) {
		wr_u16(w, c->sport);
		wr_u16(w, c->dport);
		wr_u16(w, (uint16_t)(8 + n));
		sum_at = w->pos;
		wr_u16(w, 0);
	} else if (c->proto == 6) {
		wr_u16(w, c->sport);
		wr_u16(w, c->dport);
		wr_u32(w, c->seq);
		wr_u32(w, 0);
		wr_u16(w, 0x5018);
		wr_u16(w, 1000);
		sum_at = w->pos;
		wr_u32(w, 0);
	} else { /* an ICMP echo request: sport is its identifier */
		wr_u16(w, c->proto == 58 ? 0x8000 : 0x0800);
		sum_at = w->pos;
		wr_u16(w, 0);
		wr_u16(w, c->sport);
		wr_u16(w, (uint16_t)c->seq);
	}
	wr_bytes(w, c->payload, n);
	uint8_t pseudo[40] = {0};
	size_t plen = 0;
	if (c->proto != 1) {
		memcpy(pseudo, src->b, alen);
		memcpy(pseudo + alen, dst->b, alen);
		pseudo[2 * alen + 1] = c->proto; /* the words of both pseudo headers, in any order */
		pseudo[2 * alen + 2] = (uint8_t)((w->pos - begin) >> 8);
		pseudo[2 * alen + 3] = (uint8_t)(w->pos - begin);
		plen = 2 * alen + 4;
	}
	uint16_t sum = inet_checksum(pseudo, plen, w->buf + begin, w->pos - begin);
	w->buf[sum_at] = (uint8_t)(sum >> 8);
	w->buf[sum_at + 1] = (uint8_t)sum;
}

static inline void craft_network(struct wr *w, const struct craft *c)
{
	struct ip src = craft_ip(c->src), dst = craft_ip(c->dst);
	size_t head = c->proto == 17 ? 8 : c->proto == 6 ? 20 : 8, n = strlen(c->payload), begin = w->pos;
	if (src.family == 4) {
		wr_u16(w, 0x4500);
		wr_u16(w, (uint16_t)(20 + head + n));
		wr_u16(w, c->id);
		wr_u16(w, 0x4000);
		wr_u8(w, c->ttl);
		wr_u8(w, c->proto);
		wr_u16(w, 0);
		wr_bytes(w, src.b, 4);
		wr_bytes(w, dst.b, 4);
		uint16_t sum = inet_checksum(w->buf + begin, 20, "", 0);
		w->buf[begin + 10] = (uint8_t)(sum >> 8);
		w->buf[begin + 11] = (uint8_t)sum;
	} else {
		wr_u32(w, 0x60000000);
		wr_u16(w, (uint16_t)(head + n));
		wr_u8(w, c->proto);
		wr_u8(w, c->ttl);
		wr_bytes(w, src.b, 16);
		wr_bytes(w, dst.b, 16);
	}
	craft_transport(w, c, &src, &dst);
}

static inline struct crafted craft_packet(const struct craft *c)
{
	struct crafted p = {0};
	struct wr w = wr_init(p.b, sizeof p.b);
	craft_ether(&w, c->smac, c->dmac, strchr(c->src, ':') ? 0x86dd : 0x0800);
	craft_network(&w, c);
	if (w.bad)
		abort();
	p.len = w.pos;
	return p;
}

/* An ICMP "port unreachable" from c's source, quoting a packet. */
static inline struct crafted craft_icmp_error(const struct craft *c, const struct craft *quoted)
{
	struct crafted p = {0};
	struct wr w = wr_init(p.b, sizeof p.b), inner;
	struct ip src = craft_ip(c->src), dst = craft_ip(c->dst);
	uint8_t buf[128];
	inner = wr_init(buf, sizeof buf);
	craft_network(&inner, quoted);
	craft_ether(&w, c->smac, c->dmac, 0x0800);
	wr_u16(&w, 0x45c0);
	wr_u16(&w, (uint16_t)(28 + inner.pos));
	wr_u16(&w, c->id);
	wr_u16(&w, 0);
	wr_u8(&w, c->ttl);
	wr_u8(&w, 1);
	wr_u16(&w, 0);
	wr_bytes(&w, src.b, 4);
	wr_bytes(&w, dst.b, 4);
	wr_u16(&w, 0x0303);
	wr_u16(&w, inet_checksum("\x03\x03\0\0\0\0\0\0", 8, buf, inner.pos));
	wr_u32(&w, 0);
	wr_bytes(&w, buf, inner.pos);
	if (w.bad)
		abort();
	p.len = w.pos;
	return p;
}

static inline struct crafted craft_arp(
    uint8_t smac, uint8_t dmac, uint16_t op, const char *sender, const char *target)
{
	struct crafted p = {0};
	struct wr w = wr_init(p.b, sizeof p.b);
	struct ip s = craft_ip(sender), t = craft_ip(target);
	craft_ether(&w, smac, dmac, 0x0806);
	wr_u16(&w, 1);
	wr_u16(&w, 0x0800);
	wr_u16(&w, 0x0604);
	wr_u16(&w, op);
	wr_bytes(&w, "\2\0\0\0\0", 5);
	wr_u8(&w, smac);
	wr_bytes(&w, s.b, 4);
	wr_bytes(&w, "\0\0\0\0\0\0", 6);
	wr_bytes(&w, t.b, 4);
	p.len = w.pos;
	return p;
}

/* A capture without a source, for what needs its vantages and names. */
static inline struct capture *craft_capture(void)
{
	static const struct capture_ops none = {0};
	struct capture *c;
	char msg[256];
	if (capture_new(&c, &none, NULL, msg))
		abort();
	return c;
}

static inline size_t craft_vantage(struct capture *c, const char *host, const char *ifname)
{
	if (capture_add_vantage(c, host, ifname, DLT_EN10MB))
		abort();
	return capture_n_vantages(c) - 1;
}

#endif
