/* watch: both legs of a NAT at once. Each packet once, with what the router changed on it, and the router's table
 * beside it as it grows and expires. Packets come from the router's interfaces, the table from its kernel: neither is
 * computed from the other. */
#include <errno.h>
#include <jansson.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conntrack.h"
#include "glassnet/capture.h"
#include "glassnet/lab.h"
#include "glassnet/net.h"
#include "glassnet/proto/ip.h"
#include "glassnet/proto/transport.h"
#include "glassnet/wire.h"
#include "list.h"
#include "natview.h"

#define FILTER_MAX 4096
#define TURN_NS    (20 * NS_PER_MS)
#define WINDOW_NS  (20 * NS_PER_MS)  /* a packet needs far less from one side of a router to the other */
#define OPEN_MAX   1024              /* packets whose other side has not been seen yet */
#define ALONE_NS   (200 * NS_PER_MS) /* how long a change of the table waits for its packet */
#define LIST_NS    NS_PER_S
#define SETTLE_NS  (60 * NS_PER_MS) /* at the end: what is on its way is still shown */

struct kept_entry {
	uint32_t id;
	struct ct_entry e;
};

/* A change of the table whose packet has not been told yet. */
struct waiting {
	int64_t since;
	enum ct_change change;
	struct ct_entry e;
};

struct watch {
	struct cli *c;
	struct trace *t;
	const char *router;
	struct capture *cap;
	struct conntrack ct;
	struct pairing *pairing;
	struct pcapng *out;
	enum err out_failed;
	size_t n;
	struct kept_entry *table;
	size_t n_waiting;
	struct waiting *waiting;
	unsigned explained, header_explained;
	int64_t listed; /* when the whole table was last asked for */
	uint64_t packets, translated, grown, gone;
	long max_packets; /* 0: no end */
};

/* --- the table -------------------------------------------------------------------------------------------------------- */

static struct kept_entry *find(struct watch *w, uint32_t id)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->table[i].id == id)
			return &w->table[i];
	return NULL;
}

static void tell(struct watch *w, const char *key, const char *before, const char *after, const char *reason)
{
	emit(w->t,
	    (struct event){.kind = EV_STATE,
	        .actor = w->router,
	        .u.state = {.table = "NAT table", .key = key, .before = before, .after = after, .reason = reason}});
}

static bool is_waiting(const struct watch *w, uint32_t id)
{
	for (size_t i = 0; i < w->n_waiting; i++)
		if (w->waiting[i].e.id == id)
			return true;
	return false;
}

static void add(struct watch *w, const struct ct_entry *e)
{
	struct kept_entry *list = list_room(w->table, w->n, sizeof *list);
	if (!list)
		return;
	w->table = list;
	list[w->n++] = (struct kept_entry){e->id, *e};
}

static const char *why_gone(const struct ct_entry *e)
{
	return e->there.protocol == IPPROTO_TCP && e->tcp_state ? "the connection is over, or its time is up"
	                                                        : "nothing came in time: forgotten";
}

static void tell_gone(struct watch *w, struct kept_entry *k, const struct ct_entry *e)
{
	char key[CT_TEXT], before[CT_TEXT];
	struct ct_entry last = k ? k->e : *e;
	last.has_timeout = false;
	tell(w, ct_key(key, e), ct_value(before, &last), NULL, why_gone(&last));
	w->gone++;
	if (k)
		*k = w->table[--w->n];
}

static void apply(struct watch *w, enum ct_change change, const struct ct_entry *e)
{
	struct kept_entry *k = find(w, e->id);
	char key[CT_TEXT], before[CT_TEXT], after[CT_TEXT];
	ct_key(key, e);
	if (change == CT_GONE) {
		tell_gone(w, k, e);
	} else if (k && change == CT_LISTED) {
		k->e = *e; /* only its time runs */
	} else if (k) {
		struct ct_entry old = k->e;
		old.has_timeout = false;
		tell(w, key, ct_status(before, &old), ct_status(after, e), NULL);
		k->e = *e;
	} else {
		add(w, e);
		w->grown += change == CT_NEW;
		tell(w, key, NULL, ct_value(after, e), change == CT_LISTED ? "it was there before" : NULL);
	}
}

/* A change waits for the packet that caused it, so that both stand together; when none comes, it is told alone. */
static void on_change(void *ctx, enum ct_change change, const struct ct_entry *e)
{
	struct watch *w = ctx;
	struct waiting *list = change == CT_LISTED ? NULL : list_room(w->waiting, w->n_waiting, sizeof *list);
	if (!list) {
		if (change != CT_LISTED || !is_waiting(w, e->id))
			apply(w, change, e);
		return;
	}
	w->waiting = list;
	list[w->n_waiting++] = (struct waiting){net_now(), change, *e};
}

static void take_out(struct watch *w, size_t i)
{
	struct waiting x = w->waiting[i];
	memmove(&w->waiting[i], &w->waiting[i + 1], (w->n_waiting - i - 1) * sizeof x);
	w->n_waiting--;
	apply(w, x.change, &x.e);
}

static void tell_older(struct watch *w, int64_t ns)
{
	while (w->n_waiting && net_now() - w->waiting[0].since >= ns)
		take_out(w, 0);
}

static bool is_of(const struct ct_tuple *t, const struct packet *p)
{
	bool ports = t->protocol == IPPROTO_TCP || t->protocol == IPPROTO_UDP;
	return t->protocol == p->ip_proto && ip_equal(&t->src.ip, &p->src.ip) && ip_equal(&t->dst.ip, &p->dst.ip) &&
	       (!ports || (t->src.port == p->src.port && t->dst.port == p->dst.port));
}

/* The flags of a TCP header (RFC 9293 3.1); 0 where there is none. */
static unsigned tcp_flags(const struct packet *p)
{
	for (unsigned i = 0; i < p->n_layers; i++) {
		struct rd r = rd_init(p->bytes + p->layers[i].off, p->layers[i].len);
		rd_skip(&r, 13);
		unsigned flags = rd_u8(&r);
		if (p->layers[i].proto == PROTO_TCP && !r.bad)
			return flags;
	}
	return 0;
}

/* Can this packet have led a TCP connection into that state? */
static bool can_cause(const struct ct_entry *e, const struct packet *p)
{
	unsigned flags = tcp_flags(p);
	switch (e->there.protocol == IPPROTO_TCP ? e->tcp_state : TCP_CONNTRACK_NONE) {
	case TCP_CONNTRACK_SYN_SENT:
	case TCP_CONNTRACK_SYN_RECV:
		return flags & TCP_SYN;
	case TCP_CONNTRACK_FIN_WAIT:
	case TCP_CONNTRACK_LAST_ACK:
		return flags & TCP_FIN;
	case TCP_CONNTRACK_CLOSE:
		return flags & TCP_RST;
	default:
		return true;
	}
}

/* What this packet did to the table: one packet makes at most one change, and an entry's changes come in order. */
static void tell_cause(struct watch *w, const struct packet *p)
{
	for (size_t i = 0; i < w->n_waiting; i++) {
		const struct waiting *x = &w->waiting[i];
		if (x->change == CT_GONE || !(is_of(&x->e.there, p) || is_of(&x->e.back, p)))
			continue;
		if (can_cause(&x->e, p))
			take_out(w, i);
		return;
	}
}

static void look_at_table(struct watch *w)
{
	bool lost;
	enum err e = conntrack_changes(&w->ct, on_change, w, &lost);
	if (lost || e != ERR_OK)
		ev_warning(w->t, "The table changed faster than it could be read: some changes are missing.");
	/* The kernel throws an entry away whose time is up when it comes across it: looking makes it do so. */
	if (net_now() - w->listed >= LIST_NS) {
		w->listed = net_now();
		(void)!conntrack_list(&w->ct, on_change, w);
	}
	tell_older(w, ALONE_NS);
}

/* "192.0.2.1:53", or without the port where there is none. */
static char *place(char *out, const struct endpoint *e)
{
	if (e->port)
		return endpoint_text(out, e);
	return ip_text(out, &e->ip);
}

/* --- packets ------------------------------------------------------------------------------------------------------------- */

static void tell_change(struct watch *w, const char *key, const char *before, const char *after, const char *reason)
{
	emit(w->t,
	    (struct event){.kind = EV_STATE,
	        .actor = w->router,
	        .u.state = {.table = w->router, .key = key, .before = before, .after = after, .reason = reason}});
}

/* TTL and checksums, in one line: they change in every packet. */
static void header_text(char *out, size_t cap, const struct packet *p, unsigned changes)
{
	uint16_t sum;
	int n = changes & CHANGE_TTL ? snprintf(out, cap, "TTL %u", p->ttl) : 0;
	if (changes & CHANGE_CHECKSUM && ipv4_checksum(p, &sum) && n >= 0 && (size_t)n < cap)
		n += snprintf(out + n, cap - (size_t)n, "%sIP checksum 0x%04x", n ? ", " : "", sum);
	if (changes & CHANGE_CHECKSUM && transport_checksum(p, &sum) && n >= 0 && (size_t)n < cap)
		snprintf(out + n, cap - (size_t)n, "%s%s checksum 0x%04x", n ? ", " : "",
		    ip_protocol_name(p->ip_proto), sum);
}

static void tell_changes(struct watch *w, const struct packet *a, const struct packet *b)
{
	char before[160] = "", after[160] = "";
	unsigned changes = sighting_changes(a, b);
	if (changes & (CHANGE_SRC | CHANGE_SPORT))
		tell_change(w, "source", place(before, &a->src), place(after, &b->src),
		    w->explained++ ? NULL : "an answer to the inside address could not come back (RFC 3022)");
	if (changes & (CHANGE_DST | CHANGE_DPORT))
		tell_change(w, "destination", place(before, &a->dst), place(after, &b->dst), NULL);
	if (!(changes & (CHANGE_TTL | CHANGE_CHECKSUM)))
		return;
	header_text(before, sizeof before, a, changes);
	header_text(after, sizeof after, b, changes);
	tell_change(w, "header", before, after,
	    w->header_explained++ ? NULL : "each router takes one off the TTL; the checksums cover what changed");
}

static void on_journey(void *ctx, const struct journey *j)
{
	struct watch *w = ctx;
	const struct sighting *first = &j->at[0], *last = &j->at[j->n - 1];
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX], summary[512], label[640], a[ENDPOINT_TEXT], b[ENDPOINT_TEXT];
	if (w->max_packets && w->packets >= (uint64_t)w->max_packets)
		return;
	w->packets++;
	journey_ends(j, w->cap, from, to);
	bool passed = j->n > 1;
	bool own = strcmp(from, w->router) == 0 || strcmp(to, w->router) == 0;
	packet_summary(&first->packet, summary, sizeof summary);
	snprintf(label, sizeof label, "%s%s", summary,
	    passed || own || !first->packet.src.ip.family ? "" : " (not passed on)");
	emit(w->t, (struct event){.kind = EV_SEND,
	               .time = first->time,
	               .actor = from,
	               .u.msg = {.from = from,
	                   .to = to,
	                   .proto = proto_name(packet_top(&first->packet)->proto),
	                   .label = label,
	                   .bytes = first->packet.bytes,
	                   .len = first->packet.len,
	                   .packet = first->number,
	                   .secrecy = packet_secrecy(&first->packet),
	                   .from_addr = place(a, &first->packet.src),
	                   .to_addr = place(b, &first->packet.dst)}});
	packet_describe(&first->packet, w->t);
	if (passed) {
		tell_changes(w, &first->packet, &last->packet);
		w->translated += (sighting_changes(&first->packet, &last->packet) &
		                     (CHANGE_SRC | CHANGE_DST | CHANGE_SPORT | CHANGE_DPORT)) != 0;
	}
	tell_cause(w, &first->packet);
}

static void record(struct watch *w, const struct capture_packet *cp)
{
	char comment[256];
	struct packet p = cp->packet;
	if (!w->out || w->out_failed != ERR_OK)
		return;
	packet_parse(&p);
	w->out_failed = pcapng_packet(w->out, cp, packet_summary(&p, comment, sizeof comment));
}

/* Until Ctrl-C, the end of the time or of the number of packets, or of the lab. */
static enum err look(struct watch *w, struct deadline end)
{
	struct capture_packet cp;
	for (;;) {
		enum err e = capture_next(w->cap, &cp, TURN_NS, end.cancel_fd);
		look_at_table(w);
		if (e == ERR_OK) {
			record(w, &cp);
			e = pairing_add(w->pairing, w->cap, &cp);
		} else if (e == ERR_TIMEOUT) {
			pairing_advance(w->pairing, clock_now(&clock_real) - TURN_NS);
			e = ERR_OK;
		}
		bool enough = w->max_packets && w->packets >= (uint64_t)w->max_packets;
		if (e != ERR_OK || enough || cli_interrupted() || deadline_left(end) == 0 ||
		    w->t->first_error != ERR_OK || nobody_reads(w->c))
			return e;
	}
}

static void settle(struct watch *w)
{
	struct capture_packet cp;
	int64_t until = net_now() + SETTLE_NS;
	while (net_now() < until && capture_next(w->cap, &cp, TURN_NS, -1) == ERR_OK) {
		record(w, &cp);
		if (pairing_add(w->pairing, w->cap, &cp) != ERR_OK)
			break;
	}
	pairing_flush(w->pairing);
	w->listed = 0;
	look_at_table(w);
	tell_older(w, 0);
}

/* --- beginning and end ------------------------------------------------------------------------------------------------------ */

static int open_pcap(struct watch *w)
{
	const char *path = cli_get(w->c, "pcap");
	if (!path)
		return EXIT_YES;
	enum err e = pcapng_create(&w->out, path);
	for (size_t i = 0; e == ERR_OK && i < capture_n_vantages(w->cap); i++)
		e = pcapng_interface(w->out, capture_vantage(w->cap, i));
	return e == ERR_OK ? EXIT_YES : cli_fail(w->c, e, "can't write %s: %s", path, strerror(errno));
}

static int close_pcap(struct watch *w, int status)
{
	if (!w->out)
		return status;
	enum err e = pcapng_close(w->out);
	if (e == ERR_OK && w->out_failed == ERR_OK)
		return status;
	return cli_fail(w->c, ERR_IO, "can't write %s: %s", cli_get(w->c, "pcap"), strerror(errno));
}

static json_t *table_json(const struct watch *w)
{
	json_t *list = json_array();
	for (size_t i = 0; i < w->n; i++) {
		char key[CT_TEXT], value[CT_TEXT];
		json_array_append_new(
		    list, json_pack("{s:s,s:s,s:b}", "flow", ct_key(key, &w->table[i].e), "state",
		              ct_value(value, &w->table[i].e), "translated",
		              ct_source_changed(&w->table[i].e) || ct_destination_changed(&w->table[i].e)));
	}
	return list;
}

static void conclude(struct watch *w)
{
	json_t *o = json_pack("{s:s,s:I,s:I,s:I,s:I,s:o}", "router", w->router, "packets", (json_int_t)w->packets,
	    "translated", (json_int_t)w->translated, "entries_new", (json_int_t)w->grown, "entries_gone",
	    (json_int_t)w->gone, "table", table_json(w));
	char *text = json_dumps(o, JSON_COMPACT);
	ev_heading(w->t, "The table of %s now", w->router);
	for (size_t i = 0; i < w->n; i++) {
		char key[CT_TEXT], value[CT_TEXT];
		ev_decision(w->t, "entry", "RFC 3022 2.2", "%s: %s", ct_key(key, &w->table[i].e),
		    ct_value(value, &w->table[i].e));
	}
	if (w->n == 0)
		ev_decision(w->t, "empty", NULL, "It is empty.");
	ev_result(w->t, ERR_OK, text,
	    "%llu packets at %s, %llu of them translated; %llu entries came into its table, %llu went.",
	    (unsigned long long)w->packets, w->router, (unsigned long long)w->translated,
	    (unsigned long long)w->grown, (unsigned long long)w->gone);
	free(text);
	json_decref(o);
}

static int run(struct watch *w, int64_t ns)
{
	int status = open_pcap(w);
	enum err e = pairing_new(&w->pairing, WINDOW_NS, OPEN_MAX, on_journey, w);
	if (status == EXIT_YES && e != ERR_OK)
		status = cli_fail(w->c, e, "%s", err_text(e));
	if (status == EXIT_YES) {
		ev_heading(w->t, "At %s: every packet once, and what becomes of it", w->router);
		w->listed = net_now();
		e = conntrack_list(&w->ct, on_change, w);
		if (e == ERR_OK)
			e = look(w, deadline_in(ns ? ns : INT64_MAX / 4, cli_interrupt_fd()));
		settle(w);
		conclude(w);
		if (e != ERR_OK && e != ERR_CLOSED && !cli_interrupted())
			status =
			    cli_fail(w->c, e, "%s", *capture_error(w->cap) ? capture_error(w->cap) : err_text(e));
		if (capture_dropped(w->cap))
			cli_warn(w->c, "%llu packets came faster than they were read, and are missing",
			    (unsigned long long)capture_dropped(w->cap));
	}
	pairing_free(w->pairing);
	free(w->table);
	free(w->waiting);
	return close_pcap(w, status);
}

/* The capture enters the lab; from then on the router is one step away. */
static int open_router(struct watch *w, const char *lab_option)
{
	char filter[FILTER_MAX] = "", msg[256];
	struct lab *lab;
	for (int i = 0; i < w->c->argc; i++) {
		if (strlen(filter) + strlen(w->c->argv[i]) + 2 > sizeof filter)
			return cli_usage(w->c, "the filter is too long");
		strcat(strcat(filter, i ? " " : ""), w->c->argv[i]);
	}
	enum err e = lab_open(&lab, lab_option);
	if (e != ERR_OK)
		return cli_fail(
		    w->c, e, "%s: start it with: glasslab up", e == ERR_CLOSED ? "no lab runs" : err_text(e));
	int host = lab_find_host(lab, w->router), status = EXIT_YES;
	size_t number = (size_t)host;
	if (host < 0)
		status = cli_usage(w->c, "the lab has no host that is called %s", w->router);
	else if ((e = capture_open_lab(&w->cap, lab, &number, 1, filter, msg)) != ERR_OK)
		status = e == ERR_USAGE ? cli_usage(w->c, "%s", msg) : cli_fail(w->c, e, "%s", msg);
	else if ((e = lab_enter_host(lab, number, LAB_NET)) != ERR_OK || (e = conntrack_open(&w->ct)) != ERR_OK)
		status = cli_fail(w->c, e, "%s does not show its table: %s", w->router, strerror(errno));
	lab_close(lab);
	return status;
}

int verb_watch(struct cli *c)
{
	struct trace t;
	struct watch w = {.c = c, .t = &t, .router = cli_get(c, "router")};
	int64_t ns = 0;
	if (!w.router)
		return cli_usage(c, "which router? --router home-router");
	if (!cli_number(c, "count", 1, 1000000000, &w.max_packets) || !cli_seconds(c, "seconds", 1e6, &ns))
		return EXIT_USAGE;
	int status = open_router(&w, cli_get(c, "lab"));
	if (status == EXIT_YES) {
		cli_catch_interrupt();
		setvbuf(c->out, NULL, _IOLBF, 1 << 16);
		enum err e = cli_trace_open(c, &t, &clock_real, w.router);
		status = e == ERR_OK ? run(&w, ns) : (int)err_exit(e);
		status = cli_trace_close(c, &t, status);
	}
	conntrack_close(&w.ct);
	capture_close(w.cap);
	return status;
}
