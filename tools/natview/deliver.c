/* deliver: one packet's way, from here to a process, or to who refuses it.
 *
 * What this machine knows itself (route, next hop) is asked of its kernel. Then a packet is really sent. In the lab it is
 * watched at every host on the way, and the process is looked up where it arrived; elsewhere the answer alone tells. */
#include <errno.h>
#include <jansson.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/capture.h"
#include "glassnet/net.h"
#include "glassnet/proto/transport.h"
#include "natview.h"
#include "netinfo.h"
#include "recorder.h"
#include "sockets.h"

#define TIMEOUT_NS (3 * NS_PER_S)
#define UDP_NS     (300 * NS_PER_MS) /* nobody answers a datagram but with "no": so long a "no" is waited for */
#define SETTLE_NS  (30 * NS_PER_MS)  /* until the last packets on the way have arrived */
#define WINDOW_NS  (50 * NS_PER_MS)
#define OPEN_MAX   4096
#define ANSWERS    8

enum outcome { OUTCOME_SILENCE, OUTCOME_ACCEPTED, OUTCOME_REFUSED, OUTCOME_UNREACHABLE, OUTCOME_FAILED };

struct parcel {
	struct cli *c;
	struct trace *t;
	const char *me;
	uint8_t protocol;
	struct endpoint to, from;
	struct deadline end;
	struct netinfo net;
	struct lab *lab; /* NULL: not in one */
	struct capture *cap;
	bool local; /* to is one of our own addresses */
	enum outcome outcome;
	int why; /* errno of the outcome */
	/* what was seen on the way */
	bool seen, answered;
	char last[LAB_HOST_MAX]; /* the host that it was seen at last */
	bool last_in;            /* it went in there, and not out again */
	struct endpoint arrived; /* whom it was for when it was seen last */
	char refuser[LAB_HOST_MAX], refusal[160];
};

/* --- what this machine knows ------------------------------------------------------------------------------------------ */

static int say_route(struct parcel *p)
{
	struct net_route r;
	char to[IP_TEXT], via[IP_TEXT], from[IP_TEXT], mac[MAC_TEXT];
	ip_text(to, &p->to.ip);
	if (netinfo_own(&p->net, &p->to.ip)) {
		const struct net_if *f = netinfo_if(&p->net, netinfo_own(&p->net, &p->to.ip)->index);
		p->local = true;
		ev_decision(p->t, "local", "RFC 1122 3.3.1",
		    "%s is this machine's own (interface %s): the packet stays here.", to, f ? f->name : "-");
		return EXIT_YES;
	}
	enum err e = netinfo_route(&p->to.ip, &r);
	if (e != ERR_OK) {
		ev_decision(p->t, "no-route", "RFC 1122 3.3.1",
		    "This machine knows no way to %s: the packet is not even sent.", to);
		p->outcome = OUTCOME_UNREACHABLE;
		p->why = ENETUNREACH;
		snprintf(p->refuser, sizeof p->refuser, "%s", p->me);
		snprintf(p->refusal, sizeof p->refusal, "it has no route there");
		return EXIT_NO;
	}
	p->local = r.type == RTN_LOCAL;
	const struct net_if *f = netinfo_if(&p->net, r.index);
	const struct ip *next = r.via.family ? &r.via : &p->to.ip;
	const struct net_neighbour *n = netinfo_neighbour(&p->net, next);
	ip_text(via, next);
	ip_text(from, &r.source);
	if (p->local)
		ev_decision(p->t, "local", "RFC 1122 3.3.1", "%s is this machine itself: the packet stays here.", to);
	else if (r.via.family)
		ev_decision(p->t, "route", "RFC 1122 3.3.1",
		    "%s is not on a link of ours: to the router %s by %s, from %s.", to, via, f ? f->name : "-",
		    from);
	else
		ev_decision(p->t, "route", "RFC 1122 3.3.1", "%s is on our own link: straight to it by %s, from %s.",
		    to, f ? f->name : "-", from);
	if (!p->local && n && n->has_mac)
		ev_decision(p->t, "next-hop", next->family == 4 ? "RFC 826" : "RFC 4861",
		    "On the link %s is %s: that is where the frame goes.", via, mac_text(mac, &n->mac));
	return EXIT_YES;
}

/* --- sending ---------------------------------------------------------------------------------------------------------------- */

static void judge(struct parcel *p, int why)
{
	p->why = why;
	p->outcome = why == 0              ? OUTCOME_ACCEPTED
	             : why == ECONNREFUSED ? OUTCOME_REFUSED
	             : why == EHOSTUNREACH || why == ENETUNREACH || why == EACCES || why == EPERM
	                 ? OUTCOME_UNREACHABLE
	             : why == ETIMEDOUT || why == EAGAIN ? OUTCOME_SILENCE
	                                                 : OUTCOME_FAILED;
}

static void take_from(struct parcel *p, int fd)
{
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	if (getsockname(fd, (struct sockaddr *)&sa, &n) == 0)
		(void)!endpoint_from_sockaddr(&p->from, (struct sockaddr *)&sa, n);
}

static void wait_for_outcome(struct parcel *p, int fd)
{
	bool tcp = p->protocol == IPPROTO_TCP;
	int why = 0;
	socklen_t n = sizeof why;
	enum err e = net_wait(fd, tcp ? POLLOUT : POLLIN, tcp ? p->end : deadline_within(p->end, UDP_NS));
	if (e == ERR_TIMEOUT)
		judge(p, EAGAIN);
	else if (e != ERR_OK)
		judge(p, errno);
	else
		judge(p, getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &n) == 0 ? why : errno);
}

/* The first packet of a connection, or a datagram. The connection is broken off at once. */
static void send_it(struct parcel *p)
{
	struct sockaddr_storage sa;
	socklen_t n = endpoint_to_sockaddr(&sa, &p->to);
	struct linger off = {.l_onoff = 1};
	bool tcp = p->protocol == IPPROTO_TCP;
	int fd = socket(sa.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (connect(fd, (struct sockaddr *)&sa, n) < 0 && errno != EINPROGRESS)) {
		int why = errno;
		if (fd >= 0)
			take_from(p, fd);
		judge(p, why);
	} else {
		take_from(p, fd);
		if (!tcp && send(fd, "natview\n", 8, MSG_NOSIGNAL) < 0)
			judge(p, errno);
		else
			wait_for_outcome(p, fd);
	}
	if (tcp && fd >= 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &off, sizeof off);
	if (fd >= 0)
		close(fd);
}

/* --- watching it in the lab ----------------------------------------------------------------------------------------------- */

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

static const char *host_of(const struct parcel *p, const struct sighting *s)
{
	const struct vantage *v = capture_vantage(p->cap, s->vantage);
	return v && v->host[0] ? v->host : "-";
}

static void take_it(struct parcel *p, const struct journey *j)
{
	const struct sighting *last = &j->at[j->n - 1];
	if (p->seen)
		return; /* sent again because nobody answered */
	p->seen = true;
	journey_emit(j, p->cap, p->t, cli_has(p->c, "verbose") ? JOURNEY_HOPS | JOURNEY_FIELDS : 0);
	snprintf(p->last, sizeof p->last, "%s", host_of(p, last));
	p->last_in = last->has_direction && !last->outgoing;
	p->arrived = last->packet.dst;
}

/* ICMP quotes the packet that it is about; here it is enough that it came to us while we asked. */
static void take_answer(struct parcel *p, const struct journey *j)
{
	const struct packet *first = &j->at[0].packet;
	char to[LAB_HOST_MAX];
	bool icmp = packet_top(first)->proto == PROTO_ICMP || packet_top(first)->proto == PROTO_ICMPV6 ||
	            first->ip_proto == 1 || first->ip_proto == 58;
	const struct packet *end = &j->at[j->n - 1].packet;
	bool to_us = ip_equal(&end->dst.ip, &p->from.ip) && (icmp || end->dst.port == p->from.port);
	if (!to_us || p->answered || (icmp && p->outcome == OUTCOME_ACCEPTED))
		return;
	p->answered = true;
	journey_emit(j, p->cap, p->t, 0);
	journey_ends(j, p->cap, p->refuser, to);
	packet_summary(first, p->refusal, sizeof p->refusal);
}

static void on_journey(void *ctx, const struct journey *j)
{
	struct parcel *p = ctx;
	const struct packet *first = &j->at[0].packet;
	if (same(&first->src, &p->from) && same(&first->dst, &p->to) && strcmp(host_of(p, &j->at[0]), p->me) == 0)
		take_it(p, j);
	else if (p->seen)
		take_answer(p, j);
}

static enum err watch_it(struct parcel *p)
{
	struct capture_packet cp;
	struct pairing *pairing;
	enum err e = pairing_new(&pairing, WINDOW_NS, OPEN_MAX, on_journey, p);
	if (e != ERR_OK)
		return e;
	(void)!net_wait(-1, 0, deadline_in(SETTLE_NS, -1));
	while (e == ERR_OK && (e = capture_next(p->cap, &cp, 0, -1)) == ERR_OK)
		e = pairing_add(pairing, p->cap, &cp);
	pairing_flush(pairing);
	pairing_free(pairing);
	return e == ERR_TIMEOUT ? ERR_OK : e;
}

static int open_lab_capture(struct parcel *p)
{
	char host[LAB_HOST_MAX], msg[256] = "";
	if (lab_self(host) != ERR_OK)
		return EXIT_YES;
	enum err e = lab_open(&p->lab, NULL);
	if (e == ERR_OK)
		e = capture_open_lab(&p->cap, p->lab, NULL, 0,
		    p->protocol == IPPROTO_TCP ? "tcp or icmp or icmp6" : "udp or icmp or icmp6", msg);
	return e == ERR_OK ? EXIT_YES : cli_fail(p->c, e, "the lab cannot be watched: %s", *msg ? msg : err_text(e));
}

/* --- the process ------------------------------------------------------------------------------------------------------------- */

/* Who takes it at the host whose network this process is in now. */
static bool find_process(struct parcel *p, const char *host, const struct endpoint *to, char who[static HOLDER_TEXT])
{
	struct sockets s;
	char at[ENDPOINT_TEXT];
	if (sockets_load(&s) != ERR_OK)
		return false;
	const struct open_socket *o = sockets_find(&s, p->protocol, to);
	endpoint_text(at, to);
	if (o) {
		char bound[ENDPOINT_TEXT];
		holder_text(who, &s, o);
		ev_decision(p->t, "process", NULL, "%s: port %u (%s) is held by %s, which listens at %s.", host,
		    to->port, protocol_name(p->protocol), who, endpoint_text(bound, &o->local));
	} else {
		ev_decision(p->t, "no-process", p->protocol == IPPROTO_TCP ? "RFC 9293 3.10.7.1" : "RFC 1122 4.1.3.1",
		    "%s: nobody listens at %s (%s).", host, at, protocol_name(p->protocol));
	}
	bool found = o != NULL;
	sockets_release(&s);
	return found;
}

/* At the host where the packet was seen last, if the address is one of its own. */
static bool find_process_there(struct parcel *p, char who[static HOLDER_TEXT], bool *own)
{
	struct netinfo n;
	int host = lab_find_host(p->lab, p->last), home = -1;
	*own = false;
	bool found = false;
	if (host < 0 || lab_enter_host(p->lab, (size_t)host, LAB_NET) != ERR_OK)
		return false;
	if (netinfo_load(&n) == ERR_OK) {
		*own = netinfo_own(&n, &p->arrived.ip) != NULL;
		netinfo_release(&n);
	}
	if (*own)
		found = find_process(p, p->last, &p->arrived, who);
	home = lab_find_host(p->lab, p->me);
	if (home >= 0)
		(void)!lab_enter_host(p->lab, (size_t)home, LAB_NET);
	return found;
}

/* --- the verdict --------------------------------------------------------------------------------------------------------------- */

static enum err finish(struct parcel *p, enum err e, const char *process, const char *text)
{
	char to[ENDPOINT_TEXT], arrived[ENDPOINT_TEXT];
	json_t *o = json_pack("{s:s,s:s,s:b,s:s}", "to", endpoint_text(to, &p->to), "protocol",
	    protocol_name(p->protocol), "delivered", e == ERR_OK, "outcome",
	    p->outcome == OUTCOME_ACCEPTED      ? "accepted"
	    : p->outcome == OUTCOME_REFUSED     ? "refused"
	    : p->outcome == OUTCOME_UNREACHABLE ? "unreachable"
	    : p->outcome == OUTCOME_SILENCE     ? "silence"
	                                        : "failed");
	if (p->seen) {
		json_object_set_new(o, "last_seen", json_string(p->last));
		json_object_set_new(o, "arrived_as", json_string(endpoint_text(arrived, &p->arrived)));
	}
	if (process)
		json_object_set_new(o, "process", json_string(process));
	if (*p->refuser && e != ERR_OK)
		json_object_set_new(o, "refused_by", json_string(p->refuser));
	char *json = json_dumps(o, JSON_COMPACT);
	ev_result(p->t, e, json, "%s", text);
	free(json);
	json_decref(o);
	return e;
}

static enum err refused(struct parcel *p, const char *where)
{
	char text[512], to[ENDPOINT_TEXT];
	endpoint_text(to, &p->to);
	if (*p->refuser)
		snprintf(text, sizeof text, "Not delivered: %s refuses %s (%s).", p->refuser, to, p->refusal);
	else
		snprintf(text, sizeof text, "Not delivered: %s is refused%s: %s.", to, where, strerror(p->why));
	return finish(p, ERR_NEGATIVE, NULL, text);
}

static enum err conclude_lab(struct parcel *p)
{
	char who[HOLDER_TEXT] = "", text[512], to[ENDPOINT_TEXT];
	bool own, found = find_process_there(p, who, &own);
	endpoint_text(to, &p->to);
	if (found && p->outcome != OUTCOME_REFUSED && p->outcome != OUTCOME_UNREACHABLE &&
	    (p->protocol == IPPROTO_UDP || p->outcome == OUTCOME_ACCEPTED)) {
		snprintf(text, sizeof text, "Delivered: a %s packet to %s goes to %s on %s.",
		    protocol_name(p->protocol), to, who, p->last);
		return finish(p, ERR_OK, who, text);
	}
	if (p->outcome == OUTCOME_REFUSED || p->outcome == OUTCOME_UNREACHABLE)
		return refused(p, "");
	if (own)
		snprintf(text, sizeof text,
		    "Lost: it came to %s, which has %s, and no answer came: a filter there threw it away.", p->last,
		    to);
	else
		snprintf(text, sizeof text,
		    "Lost: it was last seen %s %s, which did not pass it on and said nothing: that is what "
		    "a filter does.",
		    p->last_in ? "going into" : "leaving", p->last);
	return finish(p, ERR_NEGATIVE, NULL, text);
}

static enum err conclude_here(struct parcel *p)
{
	char who[HOLDER_TEXT] = "", text[512], to[ENDPOINT_TEXT];
	endpoint_text(to, &p->to);
	if (p->local) {
		bool found = find_process(p, p->me, &p->to, who);
		snprintf(p->refuser, sizeof p->refuser, "%s", p->me);
		snprintf(p->refusal, sizeof p->refusal, "nobody listens there");
		if (!found)
			return refused(p, "");
		snprintf(text, sizeof text, "Delivered: a %s packet to %s goes to %s, here.",
		    protocol_name(p->protocol), to, who);
		return finish(p, ERR_OK, who, text);
	}
	if (p->outcome == OUTCOME_ACCEPTED) {
		snprintf(
		    text, sizeof text, "Delivered: %s took it; which process that was cannot be seen from here.", to);
		return finish(p, ERR_OK, NULL, text);
	}
	if (p->outcome == OUTCOME_SILENCE && p->protocol == IPPROTO_UDP) {
		snprintf(text, sizeof text,
		    "Sent, and nobody refused it within %.1f s: whether %s took it cannot be seen from here.",
		    (double)UDP_NS / 1e9, to);
		return finish(p, ERR_OK, NULL, text);
	}
	if (p->outcome == OUTCOME_SILENCE) {
		snprintf(
		    text, sizeof text, "Lost: no answer from %s; where it was lost cannot be seen from here.", to);
		return finish(p, ERR_NEGATIVE, NULL, text);
	}
	return refused(p, "");
}

static enum err carry(struct parcel *p)
{
	if (say_route(p) != EXIT_YES)
		return refused(p, "");
	send_it(p);
	if (cli_interrupted())
		return ERR_NET;
	if (p->cap && !p->local) {
		enum err e = watch_it(p);
		if (e != ERR_OK)
			return e;
	}
	return p->seen ? conclude_lab(p) : conclude_here(p);
}

static int run(struct parcel *p)
{
	struct recorder record;
	char to[ENDPOINT_TEXT];
	int status = recorder_open_towards(p->c, &record, &p->to.ip, "tcp or udp or icmp or icmp6");
	if (status != EXIT_YES)
		return status;
	if (netinfo_load(&p->net) != ERR_OK)
		return recorder_close(
		    p->c, &record, cli_fail(p->c, ERR_NET, "the kernel does not tell: %s", strerror(errno)));
	ev_heading(p->t, "A %s packet from %s to %s", protocol_name(p->protocol), p->me, endpoint_text(to, &p->to));
	status = open_lab_capture(p);
	if (status == EXIT_YES) {
		enum err e = carry(p);
		status = cli_interrupted() ? 128 + SIGINT : (int)err_exit(e);
		if (e != ERR_OK && e != ERR_NEGATIVE && !cli_interrupted())
			status = cli_fail(p->c, e, "%s", err_text(e));
	}
	capture_close(p->cap);
	lab_close(p->lab);
	netinfo_release(&p->net);
	return recorder_close(p->c, &record, status);
}

int verb_deliver(struct cli *c)
{
	struct trace t;
	char me[NAME_TEXT];
	struct parcel p = {.c = c, .t = &t, .me = own_name(me)};
	int64_t timeout = TIMEOUT_NS;
	p.protocol = cli_has(c, "udp") ? IPPROTO_UDP : IPPROTO_TCP;
	if (endpoint_parse(&p.to, c->argv[0], 0) != ERR_OK || p.to.port == 0)
		return cli_usage(c, "'%s' is no ADDR:PORT, as in 192.0.2.82:80 or [2001:db8::1]:80", c->argv[0]);
	if (!cli_seconds(c, "timeout", 3600, &timeout))
		return EXIT_USAGE;
	cli_catch_interrupt();
	p.end = deadline_in(timeout, cli_interrupt_fd());
	enum err e = cli_trace_open(c, &t, &clock_real, p.me);
	int status = e == ERR_OK ? run(&p) : (int)err_exit(e);
	return cli_trace_close(c, &t, status);
}
