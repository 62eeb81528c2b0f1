/* Servers that do not play by the rules: silence, garbage, other protocols, slow octets, floods. Each ends in
 * time, with the right kind of error and no data sent. */
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "events.h"
#include "tls_peer.h"
#include "glassnet/resolve.h"
#include "tlsview/tlsview.h"
#include "torture.h"

struct run {
	struct tls_peer peer;
	struct connect_options opt;
	struct result res;
	struct recorder rec;
	int64_t took; /* ns */
};

static void connect_to(struct run *r, void (*raw)(int fd, void *arg), int64_t timeout)
{
	struct trace t;
	struct setup setup;

	*r = (struct run){.opt = {.host = "bank.example",
	                      .port = 443,
	                      .cafile = NULL,
	                      .timeout_ns = timeout,
	                      .keylog_fd = -1,
	                      .cancel_fd = -1,
	                      .actor = "laptop",
	                      .clock = &clock_real,
	                      .ask = ASK_GIVEN,
	                      .send = (const uint8_t *)"secret",
	                      .send_len = 6},
	    .peer = {.raw = raw}};
	trace_init(&t, &clock_real, "laptop");
	recorder_attach(&r->rec, &t);
	result_init(&r->res);
	tls_peer_start(&r->peer);
	assert_int_equal(session_prepare(&r->opt, &setup, &r->res), ERR_OK);
	int64_t start = net_now();
	session_run(&r->opt, &setup, r->peer.fd, timeout, &t, &r->res);
	r->took = net_now() - start;
	setup_release(&setup);
	tls_peer_join(&r->peer);
	assert_int_equal(trace_release(&t), ERR_OK);
	assert_false(r->res.accepted);
	assert_int_equal(r->res.data_out, 0);
	assert_true(r->res.text[0]);
}

static void finish(struct run *r)
{
	recorder_release(&r->rec);
	result_release(&r->res);
}

static void ends_with(void (*raw)(int fd, void *arg), enum err err, const char *text)
{
	struct run r;

	connect_to(&r, raw, 300 * NS_PER_MS);
	if (r.res.err != err || !strstr(r.res.text, text))
		fail_msg("got %s: %s", err_name(r.res.err), r.res.text);
	assert_true(r.took < 2 * NS_PER_S);
	finish(&r);
}

static void say(int fd, const void *p, size_t n)
{
	(void)!write(fd, p, n);
}

/* Reads the ClientHello, or whatever comes. */
static void hear(int fd)
{
	char buf[2048];

	(void)!read(fd, buf, sizeof(buf));
}

/* Until the client goes away. */
static void wait_for_end(int fd)
{
	char buf[2048];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

static void raw_silence(int fd, void *arg)
{
	(void)arg;
	wait_for_end(fd);
}

static void raw_closes_at_once(int fd, void *arg)
{
	(void)fd;
	(void)arg;
}

static void raw_closes_after_hello(int fd, void *arg)
{
	(void)arg;
	hear(fd);
}

static void raw_http(int fd, void *arg)
{
	static const char text[] = "HTTP/1.1 400 Bad Request\r\nServer: nginx\r\n\r\n";

	(void)arg;
	hear(fd);
	say(fd, text, sizeof(text) - 1);
}

static void raw_ssh(int fd, void *arg)
{
	(void)arg;
	say(fd, "SSH-2.0-OpenSSH_9.2p1\r\n", 23);
	wait_for_end(fd);
}

static void raw_escapes(int fd, void *arg)
{
	(void)arg;
	say(fd, "\033[2J\033]0;owned\007\n\n\n", 18);
	wait_for_end(fd);
}

static void raw_one_octet(int fd, void *arg)
{
	(void)arg;
	hear(fd);
	say(fd, "\x16", 1);
}

static void raw_slow(int fd, void *arg)
{
	/* a handshake record that says it has 16,000 octets */
	static const unsigned char head[] = {22, 3, 3, 0x3e, 0x80, 2, 0, 0x3e, 0x7c};
	struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};

	(void)arg;
	hear(fd);
	say(fd, head, sizeof(head));
	for (int i = 0; i < 500 && write(fd, "\x03", 1) == 1; i++)
		nanosleep(&pause, NULL);
}

/* A handshake message that says it has 16 MiB, and then sends as much as anybody takes. */
static void raw_endless(int fd, void *arg)
{
	unsigned char record[5 + 16384] = {22, 3, 3, 0x40, 0, 2, 0xff, 0xff, 0xff};

	(void)arg;
	hear(fd);
	for (int i = 0; i < 2000 && write(fd, record, sizeof(record)) > 0; i++)
		memset(record + 5, 0, 4);
}

static void raw_random(int fd, void *arg)
{
	unsigned char junk[4096];
	unsigned v = *(unsigned *)arg;

	for (size_t i = 0; i < sizeof(junk); i++) {
		v = v * 1103515245u + 12345u;
		junk[i] = (unsigned char)(v >> 16);
	}
	junk[0] = 22;
	junk[1] = junk[2] = 3;
	junk[3] = 0x01; /* a record of 256 octets and then whatever */
	junk[4] = 0x00;
	hear(fd);
	say(fd, junk, sizeof(junk));
	wait_for_end(fd);
}

static void raw_alert(int fd, void *arg)
{
	(void)arg;
	hear(fd);
	say(fd, "\x15\x03\x03\x00\x02\x02\x70", 7); /* fatal, unrecognized_name */
	wait_for_end(fd);
}

static void silence_times_out(void **state)
{
	(void)state;
	ends_with(raw_silence, ERR_TIMEOUT, "said nothing");
}

static void close_at_once_is_reported(void **state)
{
	(void)state;
	ends_with(raw_closes_at_once, ERR_CLOSED, "closed the connection");
}

static void close_after_hello_is_reported(void **state)
{
	(void)state;
	ends_with(raw_closes_after_hello, ERR_CLOSED, "closed the connection");
}

static void close_inside_a_record_is_reported(void **state)
{
	(void)state;
	ends_with(raw_one_octet, ERR_CLOSED, "after 1 octet");
}

static void http_is_recognised(void **state)
{
	(void)state;
	ends_with(raw_http, ERR_FORMAT, "speaks HTTP without TLS");
}

static void ssh_is_recognised(void **state)
{
	(void)state;
	ends_with(raw_ssh, ERR_FORMAT, "speaks SSH");
}

static void escapes_in_garbage_are_escaped(void **state)
{
	struct run r;

	(void)state;
	connect_to(&r, raw_escapes, 300 * NS_PER_MS);
	assert_int_equal(r.res.err, ERR_FORMAT);
	assert_null(strchr(r.res.text, '\033'));
	assert_null(strchr(r.res.text, '\n'));
	assert_non_null(strstr(r.res.text, "\\x1b"));
	finish(&r);
}

/* The time is for everything together: octets that trickle in do not prolong it. */
static void slow_octets_do_not_prolong_the_time(void **state)
{
	struct run r;

	(void)state;
	connect_to(&r, raw_slow, 300 * NS_PER_MS);
	assert_int_equal(r.res.err, ERR_TIMEOUT);
	assert_true(r.took >= 290 * NS_PER_MS);
	assert_true(r.took < 3 * NS_PER_S); /* all of them together would take ten */
	finish(&r);
}

static void message_of_sixteen_megabytes_is_not_read(void **state)
{
	struct run r;

	(void)state;
	connect_to(&r, raw_endless, 5 * NS_PER_S);
	assert_int_equal(r.res.err, ERR_FORMAT);
	assert_true(r.res.wire_in < 200000);
	finish(&r);
}

static void random_records_are_malformed(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 50; seed++) {
		struct run r = {0};
		static unsigned s;

		s = seed;
		r.peer.raw_arg = &s;
		struct trace t;
		struct setup setup;

		r.opt = (struct connect_options){.host = "bank.example",
		    .port = 443,
		    .timeout_ns = NS_PER_S / 2,
		    .keylog_fd = -1,
		    .cancel_fd = -1,
		    .actor = "laptop",
		    .clock = &clock_real};
		r.peer.raw = raw_random;
		trace_init(&t, &clock_real, "laptop");
		tls_peer_start(&r.peer);
		assert_int_equal(session_prepare(&r.opt, &setup, &r.res), ERR_OK);
		session_run(&r.opt, &setup, r.peer.fd, r.opt.timeout_ns, &t, &r.res);
		setup_release(&setup);
		tls_peer_join(&r.peer);
		assert_int_equal(err_exit(r.res.err), EXIT_MALFORMED);
		result_release(&r.res);
	}
}

static void alert_of_the_server_is_explained(void **state)
{
	struct run r;

	(void)state;
	connect_to(&r, raw_alert, NS_PER_S);
	assert_int_equal(r.res.err, ERR_REFUSED);
	assert_non_null(strstr(r.res.text, "unrecognized_name"));
	assert_non_null(strstr(r.res.text, "does not know the name"));
	finish(&r);
}

static void cancel_ends_the_wait_at_once(void **state)
{
	int fds[2];
	struct setup setup;
	struct result res;
	struct tls_peer peer = {.raw = raw_silence};

	(void)state;
	assert_int_equal(pipe(fds), 0);
	say(fds[1], "x", 1);
	struct connect_options opt = {.host = "bank.example",
	    .timeout_ns = 10 * NS_PER_S,
	    .keylog_fd = -1,
	    .cancel_fd = fds[0],
	    .actor = "laptop",
	    .clock = &clock_real};
	result_init(&res);
	tls_peer_start(&peer);
	assert_int_equal(session_prepare(&opt, &setup, &res), ERR_OK);
	int64_t start = net_now();
	session_run(&opt, &setup, peer.fd, opt.timeout_ns, NULL, &res);
	assert_true(net_now() - start < NS_PER_S);
	assert_int_equal(res.err, ERR_NET);
	assert_string_equal(res.text, "interrupted");
	setup_release(&setup);
	tls_peer_join(&peer);
	result_release(&res);
	close(fds[0]);
	close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(silence_times_out),
	    cmocka_unit_test(close_at_once_is_reported),
	    cmocka_unit_test(close_after_hello_is_reported),
	    cmocka_unit_test(close_inside_a_record_is_reported),
	    cmocka_unit_test(http_is_recognised),
	    cmocka_unit_test(ssh_is_recognised),
	    cmocka_unit_test(escapes_in_garbage_are_escaped),
	    cmocka_unit_test(slow_octets_do_not_prolong_the_time),
	    cmocka_unit_test(message_of_sixteen_megabytes_is_not_read),
	    cmocka_unit_test(random_records_are_malformed),
	    cmocka_unit_test(alert_of_the_server_is_explained),
	    cmocka_unit_test(cancel_ends_the_wait_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
