#include "behaviour.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define YES_NS        (3 * NS_PER_S)    /* how long an answer that must come may take */
#define NO_MIN_NS     (500 * NS_PER_MS) /* how long one is waited for that may be filtered away: at least, */
#define NO_MAX_NS     (3 * NS_PER_S)    /* at most, */
#define NO_RTTS       10                /* and else this many round trips */
#define RTO_MIN_NS    (100 * NS_PER_MS)
#define RTO_MAX_NS    (500 * NS_PER_MS)
#define IDLE_NS       NS_PER_S /* the shortest silence that says something about a lifetime */
#define LIFETIMES_MAX 32       /* bindings that wait for their end at the same time */

struct tests {
	struct study *s;
	struct trace *t;
	struct behaviour *b;
	int64_t no_ns;
	struct endpoint idle_mapped; /* a binding that is left alone while the other tests run */
	int idle, mapping;           /* sockets */
	int64_t idle_since;
};

const char *dependence_name(enum dependence d)
{
	switch (d) {
	case DEPENDS_UNKNOWN:
		return "unknown";
	case DEPENDS_ON_NOTHING:
		return "endpoint-independent";
	case DEPENDS_ON_ADDRESS:
		return "address-dependent";
	case DEPENDS_ON_PORT:
		return "address-and-port-dependent";
	}
	return "";
}

const char *classic_name(const struct behaviour *b)
{
	if (!b->nat || b->mapping == DEPENDS_UNKNOWN)
		return NULL;
	if (b->mapping != DEPENDS_ON_NOTHING)
		return "symmetric";
	switch (b->filtering) {
	case DEPENDS_ON_NOTHING:
		return "full cone";
	case DEPENDS_ON_ADDRESS:
		return "restricted cone";
	case DEPENDS_ON_PORT:
		return "port-restricted cone";
	case DEPENDS_UNKNOWN:
		return NULL;
	}
	return NULL;
}

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

static int64_t clamp(int64_t v, int64_t min, int64_t max)
{
	return v < min ? min : v > max ? max : v;
}

/* Was the end asked for? Then no further test is begun. */
static bool stopped(const struct tests *x)
{
	struct pollfd p = {.fd = x->s->asker.end.cancel_fd, .events = POLLIN};
	return (p.fd >= 0 && poll(&p, 1, 0) > 0) || deadline_left(x->s->asker.end) == 0;
}

static void cannot(struct tests *x, const char *why)
{
	if (!*x->b->why)
		snprintf(x->b->why, sizeof x->b->why, "%s", why);
}

/* A new socket, and its first question to the server: that makes the NAT give it a binding. */
static enum err open_binding(struct tests *x, const char *why, int *fd, struct reply *r)
{
	struct endpoint local;
	struct question q = {.why = why, .to = x->s->server, .answer_fd = -1, .wait_ns = YES_NS};
	*r = (struct reply){.sent = 0};
	enum err e = ask_socket(&x->s->server, fd, &local);
	if (e != ERR_OK)
		return e;
	e = ask(&x->s->asker, *fd, &q, r);
	if (e == ERR_OK && !same(&local, &r->head.mapped)) {
		x->b->sockets++;
		x->b->kept += local.port == r->head.mapped.port;
	}
	if (e == ERR_OK)
		x->b->rewritten = x->b->rewritten || r->rewritten;
	if (e == ERR_OK && !x->b->local.ip.family)
		x->b->local = local;
	return e;
}

static enum err ask_at(struct tests *x, int fd, const char *why, const struct endpoint *to, struct reply *r)
{
	struct question q = {.why = why, .to = *to, .answer_fd = -1, .wait_ns = YES_NS};
	return ask(&x->s->asker, fd, &q, r);
}

static void shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* --- mapping (RFC 5780 4.3) ------------------------------------------------------------------------------------ */

static void say_mapped(
    struct tests *x, const char *id, const struct endpoint *to, const struct endpoint *mapped, bool as_before)
{
	char where[ENDPOINT_TEXT], port[ENDPOINT_TEXT];
	ev_decision(x->t, id, "RFC 5780 4.3", "Towards %s this socket is %s: %s.", endpoint_text(where, to),
	    endpoint_text(port, mapped), as_before ? "the same as before" : "another than before");
}

static void test_mapping(struct tests *x)
{
	struct behaviour *b = x->b;
	struct reply r;
	struct endpoint second = {b->other.ip, x->s->server.port};
	enum err e =
	    ask_at(x, x->mapping, "Mapping, test II: the same socket, the server's other address.", &second, &r);
	if (e != ERR_OK) {
		cannot(x, "the server's other address does not answer");
		return;
	}
	struct endpoint mapped = r.head.mapped;
	say_mapped(x, "mapped-to-other-address", &second, &mapped, same(&mapped, &b->mapped));
	if (same(&mapped, &b->mapped)) {
		b->mapping = DEPENDS_ON_NOTHING;
		return;
	}
	e = ask_at(x, x->mapping, "Mapping, test III: the same socket, the other address and the other port.",
	    &b->other, &r);
	if (e != ERR_OK) {
		cannot(x, "the server's other port does not answer");
		return;
	}
	say_mapped(x, "mapped-to-other-port", &b->other, &r.head.mapped, same(&r.head.mapped, &mapped));
	b->mapping = same(&r.head.mapped, &mapped) ? DEPENDS_ON_ADDRESS : DEPENDS_ON_PORT;
}

/* --- filtering (4.4) ------------------------------------------------------------------------------------------------ */

/* Asks for an answer from elsewhere. FINDING_YES: it came through; NO: it did not; UNKNOWN: the server does not do it. */
static enum finding elsewhere(struct tests *x, int fd, uint32_t change, const struct endpoint *from, const char *why)
{
	struct question q = {
	    .why = why, .to = x->s->server, .change = change, .from = *from, .answer_fd = -1, .wait_ns = x->no_ns};
	struct reply r;
	char at[ENDPOINT_TEXT];
	enum err e = ask(&x->s->asker, fd, &q, &r);
	if (e == ERR_OK && !r.ignored) {
		x->b->change = CHANGE_HONOURED;
		ev_decision(
		    x->t, "let-through", "RFC 5780 4.4", "The answer from %s came through.", endpoint_text(at, from));
		return FINDING_YES;
	}
	if (e == ERR_OK) {
		x->b->change = CHANGE_IGNORED;
		ev_warning(x->t,
		    "The server was asked to answer from %s, and answered from where it was asked: it ignores "
		    "CHANGE-REQUEST. That this answer came through says nothing about the NAT.",
		    endpoint_text(at, from));
		cannot(x, "the server ignores CHANGE-REQUEST");
		return FINDING_UNKNOWN;
	}
	if (e == ERR_NEGATIVE) {
		x->b->change = CHANGE_REFUSED;
		ev_warning(x->t, "The server does not answer from elsewhere: error %u.", r.head.error_code);
		cannot(x, "the server refuses CHANGE-REQUEST");
		return FINDING_UNKNOWN;
	}
	if (e != ERR_TIMEOUT && e != ERR_FORMAT) {
		cannot(x, "the network failed during the test");
		return FINDING_UNKNOWN;
	}
	ev_decision(x->t, "not-let-through", "RFC 5780 4.4", "No answer from %s came within %.1f s.",
	    endpoint_text(at, from), (double)x->no_ns / 1e9);
	return FINDING_NO;
}

/* A fresh socket with a binding, then one question from it. */
static enum finding filter_test(
    struct tests *x, uint32_t change, const struct endpoint *from, const char *open_why, const char *why)
{
	struct reply r;
	int fd;
	enum finding f = FINDING_UNKNOWN;
	if (open_binding(x, open_why, &fd, &r) == ERR_OK)
		f = elsewhere(x, fd, change, from, why);
	else
		cannot(x, "the server stopped answering");
	shut(&fd);
	return f;
}

/* Nothing came from elsewhere: did the NAT keep it out, or did the server never send it? A socket that has written to
 * the other place may be answered from there, whatever the NAT filters. */
static void control(struct tests *x)
{
	struct behaviour *b = x->b;
	struct reply r;
	int fd;
	if (b->nat && b->mapping != DEPENDS_ON_NOTHING) {
		b->change = CHANGE_UNSEEN;
		ev_explain(x->t,
		    "Whether the server really answers from elsewhere cannot be seen through this NAT: towards the "
		    "other place this socket would have another port.");
		return;
	}
	enum err e = open_binding(x, "Filtering, counter-check: a new socket asks the server,", &fd, &r);
	if (e == ERR_OK)
		e = ask_at(
		    x, fd, "and writes to its other place, too: now an answer from there is welcome.", &b->other, &r);
	enum finding f = e != ERR_OK
	                     ? FINDING_UNKNOWN
	                     : elsewhere(x, fd, STUN_CHANGE_IP | STUN_CHANGE_PORT, &b->other,
	                           "If it comes now, the server does send it, and it was the NAT that kept it out.");
	shut(&fd);
	if (f == FINDING_YES)
		return;
	b->filtering = DEPENDS_UNKNOWN;
	b->change = f == FINDING_NO ? CHANGE_IGNORED : b->change;
	cannot(x, "the server never answers from its other place");
}

static void test_filtering(struct tests *x)
{
	struct behaviour *b = x->b;
	struct endpoint port = {x->s->server.ip, b->other.port};
	enum finding f = filter_test(x, STUN_CHANGE_IP | STUN_CHANGE_PORT, &b->other,
	    "Filtering, test I: a new socket asks the server.",
	    "Filtering, test II: may a stranger answer? The other address and port shall.");
	if (f == FINDING_YES)
		b->filtering = DEPENDS_ON_NOTHING;
	if (f != FINDING_NO || stopped(x))
		return;
	f = filter_test(x, STUN_CHANGE_PORT, &port, "Filtering, test I again: a new socket asks the server.",
	    "Filtering, test III: may the server itself answer from another port?");
	if (f == FINDING_UNKNOWN)
		return;
	b->filtering = f == FINDING_YES ? DEPENDS_ON_ADDRESS : DEPENDS_ON_PORT;
	if (f == FINDING_NO && !stopped(x))
		control(x);
}

/* --- hairpin (RFC 5780 4.5, RFC 4787 6) --------------------------------------------------------------------------- */

/* The message with that ID at fd: who it seems to come from. False: it has not come. */
static bool arrived(struct tests *x, int fd, const uint8_t *id, struct endpoint *from)
{
	uint8_t buf[STUN_WRITE_MAX];
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	ssize_t len;
	while ((len = recvfrom(fd, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&sa, &n)) >= 0) {
		if (len < 20 || memcmp(buf + 4, id, STUN_ID) != 0 ||
		    endpoint_from_sockaddr(from, (struct sockaddr *)&sa, n) != ERR_OK)
			continue;
		tell_stun(x->t, EV_RECV,
		    (struct told){.from = x->s->asker.me,
		        .to = x->s->asker.me,
		        .from_at = from,
		        .to_at = &x->b->local,
		        .bytes = buf,
		        .len = (size_t)len});
		return true;
	}
	return false;
}

static void test_hairpin(struct tests *x)
{
	struct behaviour *b = x->b;
	struct endpoint local, from;
	uint8_t id[STUN_ID], buf[STUN_WRITE_MAX];
	struct sockaddr_storage sa;
	struct wr w = wr_init(buf, sizeof buf);
	socklen_t n = endpoint_to_sockaddr(&sa, &b->mapped);
	int fd;
	char at[ENDPOINT_TEXT];
	if (ask_socket(&b->mapped, &fd, &local) != ERR_OK)
		return;
	ev_decision(x->t, "probe", NULL, "Hairpin: a new socket writes to the first one by its outside address, %s.",
	    endpoint_text(at, &b->mapped));
	stun_new_id(id);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, id);
	struct deadline end = deadline_within(x->s->asker.end, x->no_ns);
	for (bool first = true; b->hairpin != FINDING_YES && deadline_left(end) && !stopped(x); first = false) {
		(void)!sendto(fd, buf, stun_end(&w), 0, (struct sockaddr *)&sa, n);
		if (first)
			tell_stun(x->t, EV_SEND,
			    (struct told){.from = x->s->asker.me,
			        .to = x->s->asker.me,
			        .from_at = &local,
			        .to_at = &b->mapped,
			        .bytes = buf,
			        .len = stun_end(&w)});
		(void)!net_wait(x->mapping, POLLIN, deadline_within(end, x->s->asker.rto_ns));
		b->hairpin = arrived(x, x->mapping, id, &from) ? FINDING_YES : FINDING_NO;
	}
	b->hairpin_outside = b->hairpin == FINDING_YES && !same(&from, &local);
	shut(&fd);
}

/* --- how long a binding lives (4.6) ---------------------------------------------------------------------------------- */

/* From another socket the server is asked to answer to the first one's binding: is that still there? */
static enum finding still_bound(struct tests *x, int fd, const struct endpoint *mapped)
{
	struct question q = {.to = x->s->server, .response_port = mapped->port, .answer_fd = fd, .wait_ns = x->no_ns};
	struct endpoint local;
	struct reply r;
	int asking;
	if (ask_socket(&x->s->server, &asking, &local) != ERR_OK)
		return FINDING_UNKNOWN;
	enum err e = ask(&x->s->asker, asking, &q, &r);
	shut(&asking);
	if ((e == ERR_OK && r.here) || e == ERR_NEGATIVE) {
		ev_explain(x->t,
		    "The server does not send its answer to another port (RESPONSE-PORT), so the lifetime cannot be "
		    "tested with it.");
		return FINDING_UNKNOWN;
	}
	return e == ERR_OK ? FINDING_YES : e == ERR_TIMEOUT || e == ERR_FORMAT ? FINDING_NO : FINDING_UNKNOWN;
}

static void note_bound(struct tests *x, enum finding f, int64_t age)
{
	struct behaviour *b = x->b;
	if (f == FINDING_UNKNOWN)
		return;
	b->lifetime = FINDING_YES;
	if (f == FINDING_YES)
		b->alive_ns = age;
	else
		b->dead_ns = age;
	ev_timer(x->t, "binding", age, "A binding that nobody used for %.1f s is %s.", (double)age / 1e9,
	    f == FINDING_YES ? "still there" : "gone");
}

/* Bindings of growing age, all made at the same time: it takes no longer than the oldest of them. */
static void look_for_end(struct tests *x)
{
	int fds[LIFETIMES_MAX];
	struct endpoint mapped[LIFETIMES_MAX];
	int64_t age[LIFETIMES_MAX], max = x->s->lifetime_ns;
	size_t n = 0;
	struct reply r;
	for (int64_t a = max; n < LIFETIMES_MAX && a >= NS_PER_S / 2; a = a * 4 / 5)
		age[n++] = a; /* a fifth apart */
	size_t made = 0;
	ev_decision(x->t, "probe", NULL, "Lifetime: %zu new sockets get a binding each, and leave it alone.", n);
	for (; made < n; made++) {
		if (open_binding(x, NULL, &fds[made], &r) != ERR_OK)
			break;
		mapped[made] = r.head.mapped;
	}
	int64_t start = net_now();
	for (size_t i = made; i-- > 0 && x->b->dead_ns == 0 && !stopped(x);) {
		struct deadline until = {.at = start + age[i], .cancel_fd = x->s->asker.end.cancel_fd};
		cli_progress("waiting for bindings to age: %.0f s of at most %.0f", (double)(net_now() - start) / 1e9,
		    (double)max / 1e9);
		(void)!net_wait(-1, 0, until);
		int64_t now = net_now();
		if (!stopped(x))
			note_bound(x, still_bound(x, fds[i], &mapped[i]), now - start);
	}
	cli_progress_end();
	for (size_t i = 0; i < made; i++)
		shut(&fds[i]);
	if (made < n && made < LIFETIMES_MAX)
		shut(&fds[made]);
}

static void test_lifetime(struct tests *x)
{
	(void)!net_wait(-1, 0, (struct deadline){x->idle_since + IDLE_NS, x->s->asker.end.cancel_fd});
	if (stopped(x))
		return;
	int64_t age = net_now() - x->idle_since;
	ev_decision(x->t, "probe", NULL,
	    "Lifetime: a socket that has been silent for %.1f s; another asks the server to answer to its port.",
	    (double)age / 1e9);
	enum finding f = still_bound(x, x->idle, &x->idle_mapped);
	note_bound(x, f, age);
	if (f != FINDING_UNKNOWN && x->s->lifetime_ns > 0 && !stopped(x)) {
		x->b->dead_ns = 0;
		look_for_end(x);
	}
}

/* --- all of it --------------------------------------------------------------------------------------------------------- */

static void begin_idle(struct tests *x)
{
	struct reply r;
	if (open_binding(x, "Another socket gets a binding, and then keeps silent for the time of the other tests.",
	        &x->idle, &r) == ERR_OK) {
		x->idle_since = net_now();
		x->idle_mapped = r.head.mapped;
	}
}

static void check_other(struct tests *x)
{
	struct behaviour *b = x->b;
	char at[ENDPOINT_TEXT];
	if (!b->other.ip.family)
		cannot(x, "the server has no other address (no OTHER-ADDRESS, RFC 5780)");
	else if (b->other.ip.family != x->s->server.ip.family || ip_equal(&b->other.ip, &x->s->server.ip) ||
	         b->other.port == x->s->server.port || b->other.port == 0) {
		char why[160];
		snprintf(why, sizeof why, "the other place that the server names, %s, is no other address and port",
		    endpoint_text(at, &b->other));
		cannot(x, why);
		b->other.ip.family = 0;
	}
	if (!b->other.ip.family)
		ev_warning(x->t, "How the NAT maps and filters cannot be found out with this server: %s.", b->why);
}

static void run_tests(struct tests *x)
{
	struct behaviour *b = x->b;
	check_other(x);
	if (b->nat)
		begin_idle(x);
	if (b->other.ip.family && b->nat && !stopped(x))
		test_mapping(x);
	if (b->other.ip.family && !stopped(x))
		test_filtering(x);
	if (b->nat && !stopped(x))
		test_hairpin(x);
	if (x->idle >= 0 && !stopped(x))
		test_lifetime(x);
}

enum err behaviour_study(struct study *s, struct behaviour *out, struct reply *r)
{
	struct tests x = {.s = s, .t = s->asker.t, .b = out, .idle = -1, .mapping = -1};
	*out = (struct behaviour){.nat = false};
	enum err e =
	    open_binding(&x, "Mapping, test I: a new socket asks the server where it comes from.", &x.mapping, r);
	if (e == ERR_OK) {
		char local[ENDPOINT_TEXT], mapped[ENDPOINT_TEXT];
		out->mapped = r->head.mapped;
		out->other = r->head.other;
		out->nat = !same(&out->local, &out->mapped);
		x.no_ns = clamp(r->rtt_ns * NO_RTTS, NO_MIN_NS, NO_MAX_NS);
		s->asker.rto_ns = clamp(r->rtt_ns * 2, RTO_MIN_NS, RTO_MAX_NS);
		ev_decision(x.t, out->nat ? "nat" : "no-nat", "RFC 5780 4.2", "Here it is %s, there %s: %s.",
		    endpoint_text(local, &out->local), endpoint_text(mapped, &out->mapped),
		    out->nat ? "there is a NAT between" : "there is no NAT between");
		run_tests(&x);
	}
	shut(&x.mapping);
	shut(&x.idle);
	return e;
}
