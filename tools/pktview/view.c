/* From a capture to what is shown: packets or, paired, journeys; each form is a sink of the same stream. */
#include "view.h"

#include <stdlib.h>
#include <string.h>

#include "glassnet/clock.h"
#include "glassnet/wire.h"
#include "hosts.h"

#define WINDOW_NS (100 * NS_PER_MS) /* a journey through the lab takes a few ms; a retransmission waits for 200 */
#define MAX_OPEN  2048
#define MAX_PAIRS 100000

struct view {
	struct capture *c;
	const struct view_options *o;
	struct pcapng *w;
	size_t w_ifs; /* interfaces that w knows */
	struct trace trace;
	struct clock clock; /* the packets': events have the time of theirs */
	int64_t now;
	struct lines lines;
	struct hosts *hosts;
	struct follow *follow;
	size_t vantages; /* that were looked at */
	struct pairing *pairing;
	struct flows *flows;
	size_t keys_used;   /* octets of the capture's key log that flows has */
	struct journey one; /* a packet that is not paired */
	struct view_end end;
	FILE *out;
};

static bool done(const struct view *v)
{
	bool found = v->o->form == VIEW_FIND && v->o->talk->known;
	bool one = v->o->only && v->o->form != VIEW_FIND && v->end.shown;
	return v->end.err || found || one || (v->o->max && v->end.shown >= v->o->max);
}

static void fail(struct view *v, enum err e)
{
	if (!v->end.err)
		v->end.err = e;
}

/* --- showing */

/* "laptop eth0 out", in out; "" where it has no name. */
static const char *place_of(const struct view *v, const struct capture_packet *cp, char *out, size_t cap)
{
	const struct vantage *at = capture_vantage(v->c, cp->vantage);
	snprintf(out, cap, "%s%s%s%s", at->host, at->host[0] && at->ifname[0] ? " " : "", at->ifname,
	    !cp->has_direction ? ""
	    : cp->outgoing     ? " out"
	                       : " in");
	return out;
}

/* What left a host is a SEND of that host, what came in a RECV. */
static void emit_raw(
    struct view *v, struct trace *to_trace, bool fields, const struct journey *j, const struct capture_packet *cp)
{
	const struct packet *p = &j->at[0].packet;
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX], a[ENDPOINT_TEXT], b[ENDPOINT_TEXT], line[512];
	journey_ends(j, v->c, from, to);
	struct ev_message m = {.from = from,
	    .to = to,
	    .label = packet_summary(p, line, sizeof line),
	    .proto = proto_name(packet_top(p)->proto),
	    .bytes = p->bytes,
	    .len = p->len,
	    .packet = p->number,
	    .secrecy = packet_secrecy(p)};
	if (p->src.ip.family) {
		m.from_addr = endpoint_text(a, &p->src);
		m.to_addr = endpoint_text(b, &p->dst);
	}
	emit(to_trace, (struct event){.kind = cp->has_direction && !cp->outgoing ? EV_RECV : EV_SEND,
	                   .time = p->time,
	                   .actor = capture_vantage(v->c, cp->vantage)->host,
	                   .u.msg = m});
	if (fields) {
		packet_describe(p, to_trace);
		packet_emit_opened(p, to_trace, from, to);
	}
}

/* The page shows the fields of what is clicked: it gets them all. */
static void show_on_page(struct view *v, const struct journey *j, const struct capture_packet *raw)
{
	struct trace *page = v->o->page;

	if (!page)
		return;
	if (raw)
		emit_raw(v, page, true, j, raw);
	else
		journey_emit(j, v->c, page, JOURNEY_FIELDS | (v->o->hops ? (unsigned)JOURNEY_HOPS : 0));
}

static enum err count_hosts(struct view *v, const struct journey *j)
{
	const struct packet *p = &j->at[0].packet;
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX];
	journey_ends(j, v->c, from, to);
	return hosts_add(v->hosts, from, to, packet_top(p)->proto, p->wire_len);
}

/* Does the packet that the user named belong to the journey? */
static bool has_number(const struct journey *j, uint64_t number)
{
	for (size_t i = 0; i < j->n; i++)
		if (j->at[i].number == number)
			return true;
	return number == 0;
}

/* The conversation of the packet that is looked for, or of the first that has one. */
static void find_conversation(struct view *v, const struct journey *j)
{
	const struct packet *p = &j->at[0].packet;
	struct conversation *t = v->o->talk;
	if (!has_number(j, v->o->only) || (!p->segment && (p->ip_proto != 17 || !p->src.port)))
		return;
	*t = (struct conversation){.known = true, .end = {p->src, p->dst}, .place = j->n > 1 ? 0 : j->at[0].vantage};
	if (p->segment)
		t->connection = p->segment->connection;
}

static bool same_endpoint(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

/* On which side of the conversation the packet was sent: 0 or 1; 2: it belongs to another. */
static unsigned side_of(const struct view *v, const struct journey *j)
{
	const struct packet *first = &j->at[0].packet, *last = &j->at[j->n - 1].packet;
	const struct conversation *t = v->o->talk;
	if (t->connection)
		return first->segment && first->segment->connection == t->connection ? first->segment->side : 2;
	if (first->ip_proto != 17)
		return 2;
	/* A NAT gave one end another name on the way. */
	if ((same_endpoint(&first->src, &t->end[0]) && same_endpoint(&first->dst, &t->end[1])))
		return 0;
	return same_endpoint(&last->dst, &t->end[0]) && same_endpoint(&last->src, &t->end[1]) ? 1 : 2;
}

static enum err follow_journey(struct view *v, const struct journey *j)
{
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX], a[4 * LAB_HOST_MAX], b[4 * LAB_HOST_MAX];
	unsigned side = side_of(v, j);
	if (side > 1)
		return ERR_OK;
	journey_ends(j, v->c, from, to);
	v->end.shown++;
	return follow_add(v->follow, &j->at[0].packet, side, escape_text(a, sizeof a, from, strlen(from)),
	    escape_text(b, sizeof b, to, strlen(to)));
}

/* raw: the one packet that the journey is made of, where its place is to be told; else NULL. */
static void show(struct view *v, const struct journey *j, const struct capture_packet *raw)
{
	char place[LAB_HOST_MAX + 48];
	unsigned flags =
	    (v->o->style.verbose ? (unsigned)JOURNEY_FIELDS : 0) | (v->o->hops ? (unsigned)JOURNEY_HOPS : 0);
	if (done(v))
		return;
	v->now = j->at[0].time;
	v->end.shown += v->o->form != VIEW_FIND && v->o->form != VIEW_FOLLOW;
	switch (v->o->form) {
	case VIEW_LINES:
		fail(v, line_write(&v->lines, j, v->c, raw ? place_of(v, raw, place, sizeof place) : NULL));
		break;
	case VIEW_FIELDS:
	case VIEW_LADDER:
	case VIEW_JSON:
		if (raw)
			emit_raw(v, &v->trace, v->o->style.verbose, j, raw);
		else
			journey_emit(j, v->c, &v->trace, flags);
		fail(v, v->trace.first_error);
		break;
	case VIEW_HOSTS:
		fail(v, count_hosts(v, j));
		break;
	case VIEW_FIND:
		find_conversation(v, j);
		break;
	case VIEW_FOLLOW:
		fail(v, follow_journey(v, j));
		break;
	case VIEW_NOTHING:
		break;
	}
	show_on_page(v, j, raw);
	if (v->o->live && fflush(v->out))
		fail(v, ERR_IO);
}

static void on_journey(void *ctx, const struct journey *j)
{
	show(ctx, j, NULL);
}

/* --- keeping */

/* The comment of a packet that has none yet is its line. */
static void write_packet(struct view *v, const struct capture_packet *cp, const struct packet *parsed)
{
	char summary[512];
	enum err e = capture_copy_meta(v->c, v->w);
	while (!e && v->w_ifs < capture_n_vantages(v->c))
		e = pcapng_interface(v->w, capture_vantage(v->c, v->w_ifs++));
	const char *comment = cp->comment ? cp->comment : packet_summary(parsed, summary, sizeof summary);
	if (!e)
		e = pcapng_packet(v->w, cp, comment);
	v->end.pcap_failed |= e != ERR_OK;
	fail(v, e);
}

/* Interfaces of a pcapng file turn up on the way. From the second host on packets are paired. */
static void look_at_vantages(struct view *v)
{
	const char *first = NULL;
	bool several = false;
	for (; v->vantages < capture_n_vantages(v->c); v->vantages++)
		v->lines.hosts |= capture_vantage(v->c, v->vantages)->host[0] != '\0';
	for (size_t i = 0; i < v->vantages && v->lines.hosts && !v->pairing; i++) {
		const char *host = capture_vantage(v->c, i)->host;
		several |= first && host[0] && strcmp(first, host) != 0;
		first = host[0] ? host : first;
	}
	if (several && !v->o->raw && !v->pairing)
		fail(v, pairing_new(&v->pairing, WINDOW_NS, MAX_OPEN, on_journey, v));
	if (v->pairing)
		pairing_follow(v->pairing, v->flows);
}

/* Secrets of a pcapng file turn up on the way, too. */
static void take_keys(struct view *v)
{
	size_t n;
	const char *keys = capture_keys(v->c, &n);
	if (n > v->keys_used)
		fail(v, flows_add_keys(v->flows, keys + v->keys_used, n - v->keys_used, NULL));
	v->keys_used = n;
}

/* A packet that was seen at several places is shown when the last of them has come. */
static void take_sighting(struct view *v, const struct capture_packet *cp)
{
	if (v->w) {
		struct packet p = cp->packet;
		packet_parse(&p);
		write_packet(v, cp, &p);
	}
	if (!done(v))
		fail(v, pairing_add(v->pairing, v->c, cp));
}

static void take_alone(struct view *v, const struct capture_packet *cp)
{
	bool raw = v->o->raw && v->lines.hosts;
	struct sighting *at = &v->one.at[0];
	v->one.n = 1;
	at->number = cp->packet.number;
	at->vantage = cp->vantage;
	at->time = cp->packet.time;
	at->outgoing = cp->outgoing;
	at->has_direction = cp->has_direction && !raw;
	at->packet = cp->packet;
	fail(v, flows_take(v->flows, &at->packet, NULL, cp->vantage));
	if (v->o->only && v->o->form != VIEW_FIND && cp->packet.number != v->o->only)
		return; /* it is a part of what comes later */
	if (v->w)
		write_packet(v, cp, &at->packet);
	show(v, &v->one, raw ? cp : NULL);
	if (cp->comment && v->o->form == VIEW_FIELDS)
		ev_explain(&v->trace, "comment in the file: %s", cp->comment);
	if (v->o->only && v->o->form == VIEW_FIELDS)
		fail(v, octets_write(v->out, cp->packet.bytes, cp->packet.len));
	if (cp->comment && v->o->page)
		ev_explain(v->o->page, "comment in the file: %s", cp->comment);
}

static void take(struct view *v, const struct capture_packet *cp)
{
	if (v->vantages < capture_n_vantages(v->c))
		look_at_vantages(v);
	v->end.seen++;
	take_keys(v);
	if (v->pairing)
		take_sighting(v, cp);
	else
		take_alone(v, cp);
}

/* --- the run */

static int64_t packets_time(void *ctx)
{
	return *(const int64_t *)ctx;
}

static enum err set_up(struct view *v)
{
	struct trace_sink sink;
	enum err e = ERR_OK;
	struct ladder_options ladder = {.style = v->o->style};
	v->clock = (struct clock){.now = packets_time, .ctx = &v->now};
	trace_init(&v->trace, &v->clock, "capture");
	v->lines = (struct lines){.out = v->out, .style = v->o->style, .time = v->o->time, .start = -1};
	switch (v->o->form) {
	case VIEW_LINES:
	case VIEW_FIND:
	case VIEW_NOTHING:
		return ERR_OK;
	case VIEW_FOLLOW:
		return follow_new(&v->follow, v->out, &v->o->style, v->o->json);
	case VIEW_HOSTS:
		return hosts_new(&v->hosts, MAX_PAIRS);
	case VIEW_FIELDS:
		e = sink_fields(&sink, v->out, &v->o->style);
		break;
	case VIEW_LADDER:
		e = sink_ladder(&sink, v->out, &ladder);
		break;
	case VIEW_JSON:
		e = sink_jsonl(&sink, v->out);
		break;
	}
	if (!e)
		e = trace_add(&v->trace, sink);
	return e;
}

static void run_file(struct view *v)
{
	struct capture_packet cp;
	enum err e = ERR_OK;
	while (!done(v) && !v->o->stopped() && (e = capture_next(v->c, &cp, 0, -1)) == ERR_OK)
		take(v, &cp);
	if (e && e != ERR_CLOSED)
		fail(v, e);
}

static void run_live(struct view *v)
{
	struct capture_packet cp;
	int64_t end = v->o->seconds_ns ? clock_now(&clock_real) + v->o->seconds_ns : INT64_MAX;
	enum err e = ERR_OK;
	while (!done(v) && !v->o->stopped()) {
		int64_t now = clock_now(&clock_real), wait = end - now < WINDOW_NS ? end - now : WINDOW_NS;
		if (wait <= 0)
			break;
		e = capture_next(v->c, &cp, wait, v->o->stop_fd);
		if (e == ERR_OK)
			take(v, &cp);
		else if (e != ERR_TIMEOUT)
			break;
		else if (v->pairing)
			pairing_advance(v->pairing, clock_now(&clock_real));
	}
	/* What was sent before the end belongs to it. */
	while (!done(v) && (!e || e == ERR_TIMEOUT) && (e = capture_next(v->c, &cp, 0, -1)) == ERR_OK)
		take(v, &cp);
	if (e && e != ERR_TIMEOUT)
		fail(v, e);
}

struct view_end view_run(struct capture *c, const struct view_options *o, FILE *out, struct pcapng *w)
{
	struct view *v = calloc(1, sizeof *v);
	if (!v)
		return (struct view_end){.err = ERR_NOMEM};
	v->c = c;
	v->o = o;
	v->out = out;
	v->w = w;
	fail(v, flows_new(&v->flows, &flows_limits));
	if (!v->end.err && o->keylog)
		fail(v, flows_add_keys(v->flows, o->keylog, o->keylog_len, NULL));
	if (!v->end.err && w && flows_has_tls_keys(v->flows) && pcapng_tls_keys(w, o->keylog, o->keylog_len)) {
		v->end.pcap_failed = true;
		fail(v, ERR_IO);
	}
	fail(v, set_up(v));
	if (!v->end.err && o->live)
		run_live(v);
	else if (!v->end.err)
		run_file(v);
	/* What was understood before an error is shown all the same. */
	enum err e = v->end.err;
	if (e && e != ERR_IO)
		v->end.err = ERR_OK;
	if (v->pairing)
		pairing_flush(v->pairing);
	if (v->hosts && !v->end.err)
		fail(v, v->o->json ? hosts_write_json(v->hosts, v->out)
		                   : hosts_write(v->hosts, v->out, v->o->style.utf8));
	if (v->follow)
		fail(v, follow_end(v->follow));
	if (v->w && !v->end.pcap_failed && capture_copy_meta(v->c, v->w)) {
		v->end.pcap_failed = true;
		fail(v, ERR_IO);
	}
	fail(v, trace_release(&v->trace));
	struct view_end end = v->end;
	end.err = e ? e : end.err;
	pairing_free(v->pairing);
	flows_free(v->flows);
	hosts_free(v->hosts);
	free(v);
	return end;
}
