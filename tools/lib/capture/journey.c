/* A packet's journey as people see it: who sent it, whom it reached, over whom, and what they changed. */
#include "journey.h"

#include "private.h"

#include <stdio.h>
#include <string.h>

#include "private.h"

#include "glassnet/proto/arp.h"

#define TEXT 512

/* --- names of the places */

/* "" where the host of the vantage is not known. */
static const char *host_at(const struct journey *j, const struct capture *c, size_t i)
{
	const struct vantage *v = capture_vantage(c, j->at[i].vantage);
	return v ? v->host : "";
}

static bool same_place(const struct journey *j, const struct capture *c, size_t a, size_t b)
{
	const char *x = host_at(j, c, a), *y = host_at(j, c, b);
	return x[0] || y[0] ? strcmp(x, y) == 0 : j->at[a].vantage == j->at[b].vantage;
}

static bool to_a_group(const struct packet *p)
{
	return p->has_mac && (p->dst_mac.b[0] & 1);
}

static void name_of(
    char out[static LAB_HOST_MAX], const struct capture *c, const struct ip *ip, bool has_mac, const struct mac *mac)
{
	char text[IP_TEXT];
	const char *name = ip->family ? capture_name(c, ip) : NULL;
	if (name || ip->family)
		snprintf(out, LAB_HOST_MAX, "%s", name ? name : ip_text(text, ip));
	else if (has_mac)
		mac_text(out, mac);
	else
		snprintf(out, LAB_HOST_MAX, "?");
}

static void sender_name(char out[static LAB_HOST_MAX], const struct capture *c, const struct packet *p)
{
	name_of(out, c, &p->src.ip, p->has_mac, &p->src_mac);
}

static void receiver_name(char out[static LAB_HOST_MAX], const struct capture *c, const struct packet *p)
{
	bool arp = p->n_layers && packet_top(p)->proto == PROTO_ARP;
	if (to_a_group(p) && (arp || !p->dst.ip.family))
		snprintf(out, LAB_HOST_MAX, "everyone");
	else
		name_of(out, c, &p->dst.ip, p->has_mac, &p->dst_mac);
}

/* Was it seen on its way out of (into) a host whose name is known? Where directions are not known, a journey
 * with more than one sighting begins and ends at hosts. */
static bool left_host(const struct journey *j, const struct capture *c, size_t i)
{
	const struct sighting *s = &j->at[i];
	return host_at(j, c, i)[0] && (s->has_direction ? s->outgoing : j->n > 1);
}

static bool entered_host(const struct journey *j, const struct capture *c, size_t i)
{
	const struct sighting *s = &j->at[i];
	return host_at(j, c, i)[0] && (s->has_direction ? !s->outgoing : j->n > 1);
}

void journey_ends(
    const struct journey *j, const struct capture *c, char from[static LAB_HOST_MAX], char to[static LAB_HOST_MAX])
{
	size_t last = j->n - 1, receivers = 0;
	if (c->numeric) { /* the ends as who sent it named them */
		sender_name(from, c, &j->at[0].packet);
		receiver_name(to, c, &j->at[0].packet);
		return;
	}
	if (left_host(j, c, 0))
		snprintf(from, LAB_HOST_MAX, "%s", host_at(j, c, 0));
	else
		sender_name(from, c, &j->at[0].packet);
	for (size_t i = 1; i < j->n; i++)
		receivers += !same_place(j, c, i, 0) && !same_place(j, c, i, i - 1);
	if (to_a_group(&j->at[0].packet) && receivers > 1)
		snprintf(to, LAB_HOST_MAX, "everyone");
	else if (entered_host(j, c, last))
		snprintf(to, LAB_HOST_MAX, "%s", host_at(j, c, last));
	else
		receiver_name(to, c, &j->at[last].packet);
}

/* --- what happened between */

/* Is sighting i the first at a host between the two ends? */
static bool enters_middle(
    const struct journey *j, const struct capture *c, size_t i, const char *from, const char *to)
{
	const char *h = host_at(j, c, i);
	return h[0] && strcmp(h, from) != 0 && strcmp(h, to) != 0 && (i == 0 || !same_place(j, c, i - 1, i));
}

/* The sighting at which the stay at this host that i belongs to ends. */
static size_t stay_end(const struct journey *j, const struct capture *c, size_t i)
{
	while (i + 1 < j->n && same_place(j, c, i, i + 1))
		i++;
	return i;
}

char *journey_via(const struct journey *j, const struct capture *c, char *out, size_t cap)
{
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX], nat[256];
	journey_ends(j, c, from, to);
	size_t n = 0;
	out[0] = '\0';
	if (c->numeric || to_a_group(&j->at[0].packet))
		return out;
	for (size_t i = 0; i < j->n && n < cap; i++) {
		if (!enters_middle(j, c, i, from, to))
			continue;
		const struct packet *in = &j->at[i].packet, *gone = &j->at[stay_end(j, c, i)].packet;
		nat_text(nat, sizeof nat, in, gone, sighting_changes(in, gone));
		int w = snprintf(out + n, cap - n, "%s%s%s%s%s", n ? ", " : "", host_at(j, c, i),
		    nat[0] ? " (NAT: " : "", nat, nat[0] ? ")" : "");
		n += w > 0 ? (size_t)w : 0;
	}
	return out;
}

/* --- as events */

static void emit_state(struct trace *t, const struct sighting *s, const char *host, struct ev_state st)
{
	emit(t, (struct event){.kind = EV_STATE, .time = s->time, .actor = host, .u.state = st});
}

static bool is_private(const struct ip *a)
{
	if (a->family == 4)
		return a->b[0] == 10 || (a->b[0] == 172 && (a->b[1] & 0xf0) == 16) ||
		       (a->b[0] == 192 && a->b[1] == 168);
	return a->family == 6 && (a->b[0] & 0xfe) == 0xfc;
}

/* One entry of the translator's table, whichever way the packet goes: a place inside, and what stands for it outside. */
static void emit_nat(struct trace *t, const char *host, const struct packet *a, const struct sighting *out)
{
	const struct packet *b = &out->packet;
	unsigned changes = sighting_changes(a, b);
	char named[ENDPOINT_TEXT], became[ENDPOINT_TEXT];
	if (changes & (CHANGE_SRC | CHANGE_SPORT))
		emit_state(t, out, host,
		    (struct ev_state){.table = "NAT",
		        .key = end_text(named, &a->src),
		        .after = end_text(became, &b->src),
		        .reason = is_private(&a->src.ip) && !is_private(&b->src.ip)
		                      ? "a private address means nothing outside: an answer to it could not "
		                        "come back (RFC 3022)"
		                      : "the answer is to come back to the translator (RFC 3022)"});
	if (changes & (CHANGE_DST | CHANGE_DPORT)) {
		bool back = is_private(&b->dst.ip) && !is_private(&a->dst.ip);
		end_text(named, &a->dst);
		end_text(became, &b->dst);
		emit_state(t, out, host,
		    (struct ev_state){.table = "NAT",
		        .key = back ? became : named,
		        .after = back ? named : became,
		        .reason = back ? "its table says which host inside this belongs to (RFC 3022)"
		                       : "it is led to another place than its sender named (RFC 3022)"});
	}
}

static void emit_checksums(struct trace *t, const char *host, const struct packet *a, const struct sighting *out)
{
	uint16_t x, y;
	char before[8], after[8];
	static bool (*const get[])(const struct packet *p, uint16_t *v) = {ipv4_checksum, transport_checksum};
	static const char *const key[] = {"IPv4 header checksum", "transport checksum"};
	static const char *const why[] = {"the header changed", "it covers addresses and ports, too"};
	for (size_t i = 0; i < 2; i++) {
		if (!get[i](a, &x) || !get[i](&out->packet, &y) || x == y)
			continue;
		snprintf(before, sizeof before, "0x%04x", x);
		snprintf(after, sizeof after, "0x%04x", y);
		emit_state(t, out, host,
		    (struct ev_state){
		        .table = "packet", .key = key[i], .before = before, .after = after, .reason = why[i]});
	}
}

static void emit_router(struct trace *t, const char *host, const struct packet *a, const struct sighting *out)
{
	const struct packet *b = &out->packet;
	unsigned changes = sighting_changes(a, b);
	char before[48], after[48], m1[MAC_TEXT], m2[MAC_TEXT];
	if (changes & CHANGE_MAC) {
		snprintf(before, sizeof before, "%s to %s", mac_text(m1, &a->src_mac), mac_text(m2, &a->dst_mac));
		snprintf(after, sizeof after, "%s to %s", mac_text(m1, &b->src_mac), mac_text(m2, &b->dst_mac));
		emit_state(t, out, host,
		    (struct ev_state){.table = "packet",
		        .key = "MAC addresses",
		        .before = before,
		        .after = after,
		        .reason = "they are good for one link: the router sends a new frame on the next"});
	}
	if (changes & CHANGE_TTL) {
		snprintf(before, sizeof before, "%u", a->ttl);
		snprintf(after, sizeof after, "%u", b->ttl);
		emit_state(t, out, host,
		    (struct ev_state){.table = "packet",
		        .key = a->src.ip.family == 6 ? "hop limit" : "TTL",
		        .before = before,
		        .after = after,
		        .reason = "every router takes one off, so that no packet goes in circles for ever"});
	}
	emit_checksums(t, host, a, out);
}

static void emit_arrow(
    struct trace *t, const struct sighting *s, const char *from, const char *to, const char *extra, unsigned flags)
{
	const struct packet *p = &s->packet;
	char label[TEXT + TEXT], a[ENDPOINT_TEXT], b[ENDPOINT_TEXT], line[TEXT];
	snprintf(label, sizeof label, "%s%s", packet_summary(p, line, sizeof line), extra);
	struct ev_message m = {.from = from,
	    .to = to,
	    .label = label,
	    .bytes = p->bytes,
	    .len = p->len,
	    .packet = s->number,
	    .secrecy = packet_secrecy(p),
	    .proto = proto_name(packet_top(p)->proto)};
	if (p->src.ip.family) {
		m.from_addr = end_text(a, &p->src);
		m.to_addr = end_text(b, &p->dst);
	}
	emit(t, (struct event){.kind = EV_SEND, .time = s->time, .actor = from, .u.msg = m});
	if (flags & JOURNEY_FIELDS) {
		packet_describe(p, t);
		packet_emit_opened(p, t, from, to);
	}
}

/* Whoever gets the answer to an ARP question keeps it. */
static void emit_arp(const struct journey *j, const struct capture *c, struct trace *t)
{
	const struct sighting *s = &j->at[j->n - 1];
	const struct packet *p = &s->packet;
	const struct layer *top = p->n_layers ? packet_top(p) : NULL;
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX], ip[IP_TEXT], mac[MAC_TEXT];
	struct arp a;
	size_t at;
	if (!top || top->proto != PROTO_ARP || to_a_group(p) || top->off > p->len ||
	    arp_parse(&a, p->bytes + top->off, p->len - top->off, &at) != ERR_OK || a.operation != ARP_REPLY)
		return;
	journey_ends(j, c, from, to);
	emit_state(t, s, to,
	    (struct ev_state){.table = "ARP",
	        .key = ip_text(ip, &a.sender),
	        .after = mac_text(mac, &a.sender_mac),
	        .reason = "it was asked for, and is believed: nothing proves it (RFC 826)"});
}

/* Says so where a packet was seen no further than at a host that it is not meant for. */
static void stops_early(char *out, size_t cap, const struct journey *j, const struct capture *c, const char *to)
{
	const struct sighting *last = &j->at[j->n - 1];
	const char *meant = capture_name(c, &last->packet.dst.ip);
	out[0] = '\0';
	if (meant && entered_host(j, c, j->n - 1) && !capture_has_address(c, to, strlen(to), &last->packet.dst.ip) &&
	    !to_a_group(&last->packet))
		snprintf(out, cap, " (meant for %s, seen no further)", meant);
}

static void emit_end_to_end(const struct journey *j, const struct capture *c, struct trace *t, unsigned flags)
{
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX], via[TEXT / 2], stop[128], extra[TEXT];
	journey_ends(j, c, from, to);
	journey_via(j, c, via, sizeof via);
	stops_early(stop, sizeof stop, j, c, to);
	snprintf(extra, sizeof extra, "%s%s%s", stop, via[0] ? " via " : "", via);
	emit_arrow(t, &j->at[0], from, to, extra, flags);
	for (size_t i = 0; i < j->n; i++) {
		if (!enters_middle(j, c, i, from, to))
			continue;
		emit_nat(t, host_at(j, c, i), &j->at[i].packet, &j->at[stay_end(j, c, i)]);
		if (flags & JOURNEY_CHANGES)
			emit_router(t, host_at(j, c, i), &j->at[i].packet, &j->at[stay_end(j, c, i)]);
	}
}

/* The sighting from which i came, from another host; i itself where i is at a host that has the packet
 * already. */
static size_t came_from(const struct journey *j, const struct capture *c, size_t i)
{
	if (!to_a_group(&j->at[i].packet))
		return same_place(j, c, i - 1, i) ? i : i - 1;
	for (size_t k = 0; k < i; k++)
		if (same_place(j, c, k, i))
			return i;
	return 0;
}

static void emit_hops(const struct journey *j, const struct capture *c, struct trace *t, unsigned flags)
{
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX], stop[128];
	size_t last = j->n - 1, arrows = 0;
	if (entered_host(j, c, 0)) {
		sender_name(from, c, &j->at[0].packet);
		emit_arrow(t, &j->at[0], from, host_at(j, c, 0), "", flags);
		arrows++;
	}
	for (size_t i = 1; i < j->n; i++) {
		size_t k = came_from(j, c, i);
		if (k != i) {
			stops_early(stop, sizeof stop, j, c, host_at(j, c, i));
			emit_arrow(t, &j->at[k], host_at(j, c, k), host_at(j, c, i), i == last ? stop : "", flags);
			arrows++;
		} else if (stay_end(j, c, i) == i && !to_a_group(&j->at[i].packet)) {
			size_t begin = i;
			while (begin > 0 && same_place(j, c, begin - 1, i))
				begin--;
			if (begin == 0 && !entered_host(j, c, 0))
				continue; /* its sender, not a router */
			emit_nat(t, host_at(j, c, i), &j->at[begin].packet, &j->at[i]);
			emit_router(t, host_at(j, c, i), &j->at[begin].packet, &j->at[i]);
		}
	}
	if (arrows == 0 || (left_host(j, c, last) && !to_a_group(&j->at[last].packet))) {
		journey_ends(j, c, from, to);
		if (left_host(j, c, last))
			snprintf(from, sizeof from, "%s", host_at(j, c, last));
		receiver_name(to, c, &j->at[last].packet);
		emit_arrow(t, &j->at[last], from, to, "", flags);
	}
}

void journey_emit(const struct journey *j, const struct capture *c, struct trace *t, unsigned flags)
{
	if (j->n == 0)
		return;
	if (flags & JOURNEY_HOPS)
		emit_hops(j, c, t, flags);
	else
		emit_end_to_end(j, c, t, flags);
	emit_arp(j, c, t);
}
