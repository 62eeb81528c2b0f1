/* c-ares and our sockets under it, against a server that the test plays on loopback. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dnsview/exchange.h"
#include "glassnet/clock.h"
#include "torture.h"

struct peer {
	int fd, client;
	struct dns_query q;
	struct exchange_cares *x;
	struct exchange ex;
	struct endpoint local;
	struct dns_reply reply;
	struct sockaddr_in from;
	uint8_t got[600];
	size_t got_len;
};

static void set_up(struct peer *p, int type)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	struct timeval tv = {.tv_sec = 5};
	memset(p, 0, sizeof(*p));
	p->client = -1;
	p->fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	assert_true(p->fd >= 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&sa, len), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(setsockopt(p->fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)), 0);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(p->fd, 4), 0);
	p->q.to = (struct endpoint){.ip = {.family = 4, .b = {127, 0, 0, 1}}, .port = ntohs(sa.sin_port)};
	p->q.tcp = type == SOCK_STREAM;
	p->q.timeout_ns = 2 * NS_PER_S;
	p->q.question =
	    (struct question){.id = 0x1234, .qtype = 1, .edns = true, .qname = {.len = 13, .b = "\3wWw\7eXample"}};
	p->q.len = query_write(p->q.bytes, &p->q.question);
	assert_int_equal(exchange_cares_new(&p->x, -1), ERR_OK);
	p->ex = exchange_cares(p->x);
}

static void tear_down(struct peer *p)
{
	exchange_cares_free(p->x);
	close(p->fd);
	if (p->client >= 0)
		close(p->client);
}

/* Sends, and takes the query as the server. */
static void ask(struct peer *p)
{
	socklen_t len = sizeof(p->from);
	assert_int_equal(p->ex.send(p->ex.ctx, &p->q, &p->local), ERR_OK);
	ssize_t n = recvfrom(p->fd, p->got, sizeof(p->got), 0, (struct sockaddr *)&p->from, &len);
	assert_true(n > 12);
	p->got_len = (size_t)n;
}

/* Answers with the query, some octet changed. */
static void answer(struct peer *p, size_t at, uint8_t value)
{
	uint8_t m[600];
	memcpy(m, p->got, p->got_len);
	m[2] |= 0x84;
	m[at] = value;
	assert_int_equal(sendto(p->fd, m, p->got_len, 0, (struct sockaddr *)&p->from, sizeof(p->from)), p->got_len);
}

static void udp_query_arrives_to_the_letter_and_its_answer_is_taken(void **state)
{
	struct peer p;
	(void)state;
	set_up(&p, SOCK_DGRAM);
	ask(&p);
	assert_int_equal(p.got_len, p.q.len);
	assert_memory_equal(p.got, p.q.bytes, p.q.len);
	assert_int_equal(p.local.port, ntohs(p.from.sin_port));
	answer(&p, 3, 0);
	assert_int_equal(p.ex.wait(p.ex.ctx, &p.reply), ERR_OK);
	assert_int_equal(p.reply.len, p.q.len);
	assert_true(ip_equal(&p.reply.from.ip, &p.q.to.ip));
	assert_int_equal(p.reply.n_strays, 0);
	tear_down(&p);
}

static void udp_forgeries_are_dropped_and_the_answer_waited_for(void **state)
{
	struct peer p;
	(void)state;
	set_up(&p, SOCK_DGRAM);
	ask(&p);
	answer(&p, 2, 0);    /* QR=0 */
	answer(&p, 0, 0x99); /* another id */
	answer(&p, 13, 'x'); /* another question */
	answer(&p, 3, 0);
	assert_int_equal(p.ex.wait(p.ex.ctx, &p.reply), ERR_OK);
	assert_int_equal(p.reply.n_strays, 3);
	assert_int_equal(p.reply.stray[0].why, MATCH_QR);
	assert_int_equal(p.reply.stray[1].why, MATCH_ID);
	assert_int_equal(p.reply.stray[2].why, MATCH_QUESTION);
	tear_down(&p);
}

static void udp_each_query_has_a_port_of_its_own(void **state)
{
	struct peer p;
	uint16_t ports[6];
	unsigned different = 0;
	(void)state;
	set_up(&p, SOCK_DGRAM);
	for (unsigned i = 0; i < 6; i++) {
		ask(&p);
		answer(&p, 3, 0);
		assert_int_equal(p.ex.wait(p.ex.ctx, &p.reply), ERR_OK);
		ports[i] = p.local.port;
		different += i && ports[i] != ports[i - 1];
	}
	assert_true(different >= 4);
	tear_down(&p);
}

/* What c-ares would handle by itself, unseen: REFUSED, SERVFAIL, TC, FORMERR without OPT. */
static void udp_complaints_and_cut_answers_reach_us_and_nothing_is_repeated_unseen(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} cases[] = {{3, 5}, {3, 2}, {3, 1}, {3, 4}, {2, 0x86}};
	struct peer p;
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_up(&p, SOCK_DGRAM);
		ask(&p);
		p.got[11] = 0; /* no OPT */
		p.got_len -= 11;
		answer(&p, cases[i].at, cases[i].value);
		assert_int_equal(p.ex.wait(p.ex.ctx, &p.reply), ERR_OK);
		assert_int_equal(p.reply.bytes[cases[i].at], cases[i].value);
		assert_int_equal(recv(p.fd, p.got, sizeof(p.got), MSG_DONTWAIT), -1);
		tear_down(&p);
	}
}

static void udp_closed_port_is_known_at_once(void **state)
{
	struct peer p;
	(void)state;
	set_up(&p, SOCK_DGRAM);
	close(p.fd);
	p.fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(p.ex.send(p.ex.ctx, &p.q, &p.local), ERR_OK);
	assert_int_equal(p.ex.wait(p.ex.ctx, &p.reply), ERR_REFUSED);
	assert_true(p.reply.rtt_ns < NS_PER_S);
	assert_true(ip_equal(&p.reply.reporter, &p.q.to.ip));
	tear_down(&p);
}

static void udp_silence_ends_with_the_timeout(void **state)
{
	struct peer p;
	(void)state;
	set_up(&p, SOCK_DGRAM);
	p.q.timeout_ns = 50 * NS_PER_MS;
	ask(&p);
	assert_int_equal(p.ex.wait(p.ex.ctx, &p.reply), ERR_TIMEOUT);
	assert_true(p.reply.rtt_ns >= 50 * NS_PER_MS && p.reply.rtt_ns < 2 * NS_PER_S);
	assert_int_equal(recv(p.fd, p.got, sizeof(p.got), MSG_DONTWAIT), -1);
	tear_down(&p);
}

static void wait_ends_when_the_stop_descriptor_is_readable(void **state)
{
	struct peer p;
	int fds[2];
	(void)state;
	set_up(&p, SOCK_DGRAM);
	exchange_cares_free(p.x);
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(exchange_cares_new(&p.x, fds[0]), ERR_OK);
	p.ex = exchange_cares(p.x);
	ask(&p);
	assert_int_equal(write(fds[1], "", 1), 1);
	assert_int_equal(p.ex.wait(p.ex.ctx, &p.reply), ERR_INTERNAL);
	close(fds[0]);
	close(fds[1]);
	tear_down(&p);
}

/* The server's side of a TCP exchange runs in a child: c-ares writes only once it waits. */
static void serve_tcp(struct peer *p, size_t send_only)
{
	uint8_t m[700];
	size_t n = 0;
	int c = accept(p->fd, NULL, NULL);
	while (n < 2 + p->q.len) {
		ssize_t got = recv(c, m + n, sizeof(m) - n, 0);
		if (got <= 0)
			_exit(1);
		n += (size_t)got;
	}
	m[4] |= 0x84;
	size_t len = send_only < n ? send_only : n;
	for (size_t i = 0; i < len; i++) /* an octet at a time */
		if (send(c, m + i, 1, MSG_NOSIGNAL) != 1)
			_exit(1);
	close(c);
	_exit(0);
}

static enum err tcp_exchange(struct peer *p, size_t send_only)
{
	set_up(p, SOCK_STREAM);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0)
		serve_tcp(p, send_only);
	assert_int_equal(p->ex.send(p->ex.ctx, &p->q, &p->local), ERR_OK);
	return p->ex.wait(p->ex.ctx, &p->reply);
}

static void tcp_answer_in_pieces_is_put_together(void **state)
{
	struct peer p;
	(void)state;
	assert_int_equal(tcp_exchange(&p, 10000), ERR_OK);
	assert_int_equal(p.reply.len, p.q.len);
	assert_memory_equal(p.reply.bytes + 12, p.q.bytes + 12, p.q.len - 12);
	tear_down(&p);
}

static void tcp_connection_closed_in_mid_answer_is_said_so(void **state)
{
	struct peer p;
	(void)state;
	assert_int_equal(tcp_exchange(&p, 20), ERR_CLOSED);
	tear_down(&p);
	assert_int_equal(tcp_exchange(&p, 0), ERR_CLOSED);
	tear_down(&p);
}

static void tcp_closed_port_is_refused(void **state)
{
	struct peer p;
	(void)state;
	set_up(&p, SOCK_STREAM);
	close(p.fd);
	p.fd = socket(AF_INET, SOCK_STREAM, 0);
	enum err e = p.ex.send(p.ex.ctx, &p.q, &p.local);
	if (e == ERR_OK)
		e = p.ex.wait(p.ex.ctx, &p.reply);
	assert_int_equal(e, ERR_REFUSED);
	tear_down(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(udp_query_arrives_to_the_letter_and_its_answer_is_taken),
	    cmocka_unit_test(udp_forgeries_are_dropped_and_the_answer_waited_for),
	    cmocka_unit_test(udp_each_query_has_a_port_of_its_own),
	    cmocka_unit_test(udp_complaints_and_cut_answers_reach_us_and_nothing_is_repeated_unseen),
	    cmocka_unit_test(udp_closed_port_is_known_at_once),
	    cmocka_unit_test(udp_silence_ends_with_the_timeout),
	    cmocka_unit_test(wait_ends_when_the_stop_descriptor_is_readable),
	    cmocka_unit_test(tcp_answer_in_pieces_is_put_together),
	    cmocka_unit_test(tcp_connection_closed_in_mid_answer_is_said_so),
	    cmocka_unit_test(tcp_closed_port_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
