#include "torture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "natview/behaviour.h"
#include "natview/stun_site.h"

/* --- the peer ------------------------------------------------------------------------------------------------- */

/* A STUN server that behaves as a test wants: it runs in a process of its own, at two addresses and two ports of
 * loopback. */
enum peer_answer {
	PEER_RIGHT,
	PEER_SILENT,
	PEER_WRONG_ID,       /* and nothing else */
	PEER_WRONG_ID_FIRST, /* then the right answer */
	PEER_WRONG_SOURCE,   /* from the other port, unasked */
	PEER_CUT,            /* the first 20 octets of 40 */
	PEER_CUT_ATTRIBUTE,
	PEER_ECHO, /* the question comes back */
	PEER_WRONG_FINGERPRINT,
	PEER_NO_ADDRESS,
	PEER_ERROR_500,
	PEER_NOISE, /* octets that are no STUN */
	PEER_FLOOD  /* noise without end */
};

/* What the peer says our address is: as if there were a NAT that maps so. */
enum peer_nat { NAT_NONE, NAT_ENDPOINT, NAT_ADDRESS, NAT_PORT };

enum peer_change { DO_CHANGE, IGNORE_CHANGE, REFUSE_CHANGE, DROP_CHANGE };

struct peer_script {
	enum peer_answer answer;
	enum peer_nat nat;
	enum peer_change change;
	bool one_address; /* no OTHER-ADDRESS */
	bool other_is_same;
};

struct peer {
	pid_t pid;
	struct endpoint at[2][2]; /* by address, by port */
};

static int bound(const char *ip, uint16_t port, struct endpoint *at)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	socklen_t n = sizeof sa;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	inet_pton(AF_INET, ip, &sa.sin_addr);
	if (bind(fd, (struct sockaddr *)&sa, n) < 0 || getsockname(fd, (struct sockaddr *)&sa, &n) < 0 ||
	    endpoint_from_sockaddr(at, (struct sockaddr *)&sa, n) != ERR_OK) {
		close(fd);
		return -1;
	}
	return fd;
}

static void send_to(int fd, const struct sockaddr_in *to, const void *p, size_t len)
{
	(void)!sendto(fd, p, len, 0, (const struct sockaddr *)to, sizeof *to);
}

/* Puts the address of a NAT that maps so into the answer. */
static struct endpoint outside(enum peer_nat nat, const struct endpoint *from, unsigned ip, unsigned port)
{
	struct endpoint e = *from;
	if (nat == NAT_NONE)
		return e;
	(void)!ip_parse(&e.ip, "203.0.113.10");
	if (nat == NAT_ADDRESS)
		e.port = (uint16_t)(e.port ^ (ip ? 0x40 : 0));
	if (nat == NAT_PORT)
		e.port = (uint16_t)(e.port ^ (ip ? 0x40 : 0) ^ (port ? 0x80 : 0));
	return e;
}

static size_t compose(const struct peer *p, const struct peer_script *s, const struct stun *h, const uint8_t *request,
    const struct endpoint *from, unsigned ip, unsigned port, uint8_t out[STUN_WRITE_MAX])
{
	struct wr w = wr_init(out, STUN_WRITE_MAX);
	struct endpoint mapped = outside(s->nat, from, ip, port);
	bool no = s->answer == PEER_ERROR_500 || (h->has_change && s->change == REFUSE_CHANGE);
	stun_begin(&w, STUN_BINDING, no ? STUN_ERROR : STUN_SUCCESS, request + 4);
	if (no)
		stun_put_error(&w, h->has_change ? 420 : 500, "no");
	else if (s->answer != PEER_NO_ADDRESS)
		stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &mapped);
	if (!s->one_address)
		stun_put_address(
		    &w, STUN_OTHER_ADDRESS, &p->at[s->other_is_same ? ip : !ip][s->other_is_same ? port : !port]);
	if (s->answer == PEER_WRONG_FINGERPRINT) {
		stun_put_fingerprint(&w);
		out[w.pos - 1] ^= 1;
	}
	return stun_end(&w);
}

static void answer(const struct peer *p, const struct peer_script *s, int fds[2][2], unsigned ip, unsigned port)
{
	uint8_t q[STUN_WRITE_MAX], a[STUN_WRITE_MAX], wrong[STUN_WRITE_MAX];
	struct sockaddr_in from;
	socklen_t n = sizeof from;
	struct endpoint client;
	struct stun h;
	size_t at;
	ssize_t len = recvfrom(fds[ip][port], q, sizeof q, 0, (struct sockaddr *)&from, &n);
	if (len < 20 || stun_parse(&h, q, (size_t)len, &at) != ERR_OK ||
	    endpoint_from_sockaddr(&client, (struct sockaddr *)&from, n) != ERR_OK || s->answer == PEER_SILENT)
		return;
	size_t alen = compose(p, s, &h, q, &client, ip, port, a);
	unsigned oip = ip, oport = port;
	if (h.has_change && s->change == DROP_CHANGE)
		return;
	if (h.has_change && s->change == DO_CHANGE) {
		oip ^= (h.change & STUN_CHANGE_IP) != 0;
		oport ^= (h.change & STUN_CHANGE_PORT) != 0;
	}
	memcpy(wrong, a, alen);
	wrong[12] ^= 0xff;
	switch (s->answer) {
	case PEER_WRONG_ID:
		send_to(fds[ip][port], &from, wrong, alen);
		return;
	case PEER_WRONG_ID_FIRST:
		send_to(fds[ip][port], &from, wrong, alen);
		break;
	case PEER_WRONG_SOURCE:
		oport = !port;
		break;
	case PEER_CUT:
		alen = 20;
		break;
	case PEER_CUT_ATTRIBUTE:
		a[3] = (uint8_t)(a[3] - 4);
		alen -= 4;
		break;
	case PEER_ECHO:
		memcpy(a, q, (size_t)len);
		alen = (size_t)len;
		break;
	case PEER_NOISE:
		memset(a, 0xff, alen);
		break;
	case PEER_FLOOD:
		for (int i = 0; i < 3000; i++)
			send_to(fds[ip][port], &from, "x", 1);
		return;
	default:
		break;
	}
	send_to(fds[oip][oport], &from, a, alen);
}

static void serve_for_ever(const struct peer *p, const struct peer_script *s, int fds[2][2])
{
	for (;;) {
		struct pollfd f[4];
		for (unsigned i = 0; i < 4; i++)
			f[i] = (struct pollfd){.fd = fds[i / 2][i % 2], .events = POLLIN};
		if (poll(f, 4, -1) < 0)
			_exit(0);
		for (unsigned i = 0; i < 4; i++)
			if (f[i].revents)
				answer(p, s, fds, i / 2, i % 2);
	}
}

static void peer_start(struct peer *p, const struct peer_script *script)
{
	static const char *const ips[] = {"127.0.0.1", "127.0.0.2"};
	int fds[2][2];
	for (unsigned port = 0; port < 2; port++) { /* one port number at both addresses */
		do {
			fds[0][port] = bound(ips[0], 0, &p->at[0][port]);
			assert_true(fds[0][port] >= 0);
			fds[1][port] = bound(ips[1], p->at[0][port].port, &p->at[1][port]);
			if (fds[1][port] < 0)
				close(fds[0][port]);
		} while (fds[1][port] < 0);
	}
	p->pid = fork();
	if (p->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		serve_for_ever(p, script, fds);
	}
	for (unsigned i = 0; i < 4; i++)
		close(fds[i / 2][i % 2]);
}

static void peer_stop(struct peer *p)
{
	kill(p->pid, SIGKILL);
	waitpid(p->pid, NULL, 0);
}

/* --- one question ------------------------------------------------------------------------------------------------- */

struct asked {
	enum err err;
	struct reply reply;
	struct recorder events;
};

static struct asker asker(struct trace *t)
{
	return (struct asker){
	    .t = t, .me = "me", .server = "server", .end = deadline_in(10 * NS_PER_S, -1), .rto_ns = 50 * NS_PER_MS};
}

static void ask_peer(struct asked *a, const struct peer_script *s)
{
	struct peer p;
	struct trace t;
	struct endpoint local;
	int fd;
	memset(a, 0, sizeof *a);
	trace_init(&t, &clock_real, "me");
	recorder_attach(&a->events, &t);
	peer_start(&p, s);
	struct question q = {.to = p.at[0][0], .answer_fd = -1, .wait_ns = 300 * NS_PER_MS};
	struct asker who = asker(&t);
	assert_int_equal(ask_socket(&q.to, &fd, &local), ERR_OK);
	a->err = ask(&who, fd, &q, &a->reply);
	close(fd);
	peer_stop(&p);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void answer_of_the_one_asked_is_taken(void **state)
{
	(void)state;
	struct asked a;
	ask_peer(&a, &(struct peer_script){.answer = PEER_RIGHT});
	assert_int_equal(a.err, ERR_OK);
	assert_int_equal(a.reply.refused, 0);
	assert_int_equal(a.reply.head.mapped.ip.family, 4);
	assert_int_equal(recorder_count(&a.events, EV_SEND, "STUN"), 1);
	assert_int_equal(recorder_count(&a.events, EV_RECV, "STUN"), 1);
	recorder_release(&a.events);
}

/* Hostile and broken answers: each is refused with its own reason, and what comes of it. */
static void what_is_no_answer_is_refused_and_said(void **state)
{
	(void)state;
	static const struct {
		enum peer_answer answer;
		enum err err;
		const char *id;
	} cases[] = {{PEER_WRONG_ID, ERR_TIMEOUT, "stun-transaction-id"},
	    {PEER_WRONG_SOURCE, ERR_TIMEOUT, "stun-source"}, {PEER_CUT, ERR_FORMAT, "stun-form"},
	    {PEER_CUT_ATTRIBUTE, ERR_FORMAT, "stun-form"}, {PEER_ECHO, ERR_TIMEOUT, "stun-class"},
	    {PEER_WRONG_FINGERPRINT, ERR_FORMAT, "stun-fingerprint"}, {PEER_NO_ADDRESS, ERR_FORMAT, "stun-address"},
	    {PEER_NOISE, ERR_FORMAT, "stun-form"}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct asked a;
		ask_peer(&a, &(struct peer_script){.answer = cases[i].answer});
		const struct recorded *r = recorder_find(&a.events, 0, EV_CHECK, cases[i].id, "refused: ");
		if (a.err != cases[i].err || !r || r->verdict != VERDICT_FAIL || a.reply.refused == 0)
			fail_msg("case %zu: %s, refused %u, said: %s", i, err_name(a.err), a.reply.refused,
			    r ? r->text : "nothing");
		recorder_release(&a.events);
	}
}

static void right_answer_behind_a_wrong_one_is_taken(void **state)
{
	(void)state;
	struct asked a;
	ask_peer(&a, &(struct peer_script){.answer = PEER_WRONG_ID_FIRST});
	assert_int_equal(a.err, ERR_OK);
	assert_int_equal(a.reply.refused, 1);
	recorder_release(&a.events);
}

static void silence_is_asked_again_and_given_up(void **state)
{
	(void)state;
	struct asked a;
	ask_peer(&a, &(struct peer_script){.answer = PEER_SILENT});
	assert_int_equal(a.err, ERR_TIMEOUT);
	assert_int_equal(a.reply.sent, 3); /* after 50 and 150 ms of 300 */
	assert_int_equal(recorder_count(&a.events, EV_TIMER, "retransmission"), 2);
	recorder_release(&a.events);
}

static void error_answer_is_a_valid_no(void **state)
{
	(void)state;
	struct asked a;
	ask_peer(&a, &(struct peer_script){.answer = PEER_ERROR_500});
	assert_int_equal(a.err, ERR_NEGATIVE);
	assert_int_equal(a.reply.head.error_code, 500);
	recorder_release(&a.events);
}

static void flood_of_wrong_answers_ends(void **state)
{
	(void)state;
	struct asked a;
	ask_peer(&a, &(struct peer_script){.answer = PEER_FLOOD});
	assert_true(a.err == ERR_BUDGET || a.err == ERR_FORMAT); /* the socket may not have had room for them all */
	recorder_release(&a.events);
}

static void port_without_a_server_is_refused(void **state)
{
	(void)state;
	struct trace t;
	struct endpoint to, local;
	struct reply r;
	int fd, gone = bound("127.0.0.1", 0, &to);
	close(gone);
	trace_init(&t, &clock_real, "me");
	struct question q = {.to = to, .answer_fd = -1, .wait_ns = NS_PER_S};
	struct asker who = asker(&t);
	assert_int_equal(ask_socket(&to, &fd, &local), ERR_OK);
	assert_int_equal(ask(&who, fd, &q, &r), ERR_REFUSED);
	assert_string_equal(r.who, "127.0.0.1");
	close(fd);
	assert_int_equal(trace_release(&t), ERR_OK);
}

/* --- the study --------------------------------------------------------------------------------------------------- */

static struct behaviour study(const struct peer_script *s, enum err want)
{
	struct peer p;
	struct trace t;
	struct behaviour b;
	struct reply r;
	trace_init(&t, &clock_real, "me");
	peer_start(&p, s);
	struct study st = {.asker = asker(&t), .server = p.at[0][0]};
	assert_int_equal(behaviour_study(&st, &b, &r), want);
	peer_stop(&p);
	assert_int_equal(trace_release(&t), ERR_OK);
	return b;
}

static void no_nat_is_said_as_such(void **state)
{
	(void)state;
	struct behaviour b = study(&(struct peer_script){.nat = NAT_NONE}, ERR_OK);
	assert_false(b.nat);
	assert_int_equal(b.mapping, DEPENDS_UNKNOWN);
	assert_int_equal(b.filtering, DEPENDS_ON_NOTHING);
	assert_int_equal(b.change, CHANGE_HONOURED);
	assert_null(classic_name(&b));
}

static void mapping_is_told_by_the_ports_seen(void **state)
{
	(void)state;
	struct behaviour b = study(&(struct peer_script){.nat = NAT_ENDPOINT}, ERR_OK);
	assert_true(b.nat && b.kept == b.sockets && b.sockets > 0);
	assert_int_equal(b.mapping, DEPENDS_ON_NOTHING);
	assert_string_equal(classic_name(&b), "full cone");
	b = study(&(struct peer_script){.nat = NAT_ADDRESS}, ERR_OK);
	assert_int_equal(b.mapping, DEPENDS_ON_ADDRESS);
	assert_string_equal(classic_name(&b), "symmetric");
	b = study(&(struct peer_script){.nat = NAT_PORT}, ERR_OK);
	assert_int_equal(b.mapping, DEPENDS_ON_PORT);
}

/* The trap: an answer does come, but from where the question went. */
static void server_that_ignores_change_is_no_full_cone(void **state)
{
	(void)state;
	struct behaviour b = study(&(struct peer_script){.nat = NAT_ENDPOINT, .change = IGNORE_CHANGE}, ERR_OK);
	assert_int_equal(b.filtering, DEPENDS_UNKNOWN);
	assert_int_equal(b.change, CHANGE_IGNORED);
	assert_string_equal(b.why, "the server ignores CHANGE-REQUEST");
	assert_null(classic_name(&b));
}

/* The other trap: silence that is the server's, not a filter's. */
static void server_that_drops_change_is_no_filter(void **state)
{
	(void)state;
	struct behaviour b = study(&(struct peer_script){.nat = NAT_NONE, .change = DROP_CHANGE}, ERR_OK);
	assert_int_equal(b.filtering, DEPENDS_UNKNOWN);
	assert_int_equal(b.change, CHANGE_IGNORED);
	assert_non_null(strstr(b.why, "never answers from its other place"));
}

static void server_that_refuses_change_is_said(void **state)
{
	(void)state;
	struct behaviour b = study(&(struct peer_script){.nat = NAT_ENDPOINT, .change = REFUSE_CHANGE}, ERR_OK);
	assert_int_equal(b.filtering, DEPENDS_UNKNOWN);
	assert_int_equal(b.change, CHANGE_REFUSED);
}

static void server_with_one_address_cannot_show_it(void **state)
{
	(void)state;
	struct behaviour b = study(&(struct peer_script){.nat = NAT_ENDPOINT, .one_address = true}, ERR_OK);
	assert_true(b.nat);
	assert_int_equal(b.mapping, DEPENDS_UNKNOWN);
	assert_int_equal(b.filtering, DEPENDS_UNKNOWN);
	assert_non_null(strstr(b.why, "OTHER-ADDRESS"));
	b = study(&(struct peer_script){.nat = NAT_ENDPOINT, .other_is_same = true}, ERR_OK);
	assert_int_equal(b.mapping, DEPENDS_UNKNOWN);
	assert_non_null(strstr(b.why, "no other address and port"));
}

static void study_of_a_silent_server_is_an_error(void **state)
{
	(void)state;
	(void)study(&(struct peer_script){.answer = PEER_NOISE}, ERR_FORMAT);
}

static int init(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answer_of_the_one_asked_is_taken),
	    cmocka_unit_test(what_is_no_answer_is_refused_and_said),
	    cmocka_unit_test(right_answer_behind_a_wrong_one_is_taken),
	    cmocka_unit_test(silence_is_asked_again_and_given_up),
	    cmocka_unit_test(error_answer_is_a_valid_no),
	    cmocka_unit_test(flood_of_wrong_answers_ends),
	    cmocka_unit_test(port_without_a_server_is_refused),
	    cmocka_unit_test(no_nat_is_said_as_such),
	    cmocka_unit_test(mapping_is_told_by_the_ports_seen),
	    cmocka_unit_test(server_that_ignores_change_is_no_full_cone),
	    cmocka_unit_test(server_that_drops_change_is_no_filter),
	    cmocka_unit_test(server_that_refuses_change_is_said),
	    cmocka_unit_test(server_with_one_address_cannot_show_it),
	    cmocka_unit_test(study_of_a_silent_server_is_an_error),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
