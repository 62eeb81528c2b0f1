/* Queries over UDP, many at a time, against a server that the test plays on loopback; and lookups over them. */
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dnsview/jobs.h"
#include "dnsview/sending.h"
#include "dnsview/sockets.h"
#include "glassnet/clock.h"
#include "net.h"

#define MANY 150 /* so many fit into the server's buffer */

static uv_loop_t loop;
static struct senders *senders;
static int server;
static struct sockaddr_in address;
static struct dns_query query[MANY];
static struct sending sending[MANY];
static unsigned n_done;
static struct dns_reply last;
static uint8_t last_bytes[512];

static int set_up(void **state)
{
	socklen_t len = sizeof(address);
	(void)state;
	n_done = 0;
	memset(sending, 0, sizeof(sending));
	address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	server = socket(AF_INET, SOCK_DGRAM, 0);
	if (bind(server, (struct sockaddr *)&address, len) != 0 ||
	    getsockname(server, (struct sockaddr *)&address, &len) != 0)
		return -1;
	uv_loop_init(&loop);
	senders = senders_new(&loop);
	return senders ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		sending_drop(&sending[i]);
	senders_free(senders);
	while (uv_run(&loop, UV_RUN_NOWAIT))
		;
	close(server);
	return uv_loop_close(&loop);
}

static void on_done(void *ctx, struct dns_reply *reply)
{
	(void)ctx;
	n_done++;
	last = *reply;
	if (reply->bytes)
		memcpy(last_bytes, reply->bytes, reply->len < sizeof(last_bytes) ? reply->len : sizeof(last_bytes));
}

static void ask(unsigned i, struct endpoint *local)
{
	struct dns_query *q = &query[i];
	const char *why;
	*q = (struct dns_query){.to = {.port = ntohs(address.sin_port)}, .timeout_ns = NS_PER_S};
	q->to.ip = ip_from(4, &address.sin_addr);
	q->question = (struct question){.id = (uint16_t)(1000 + i), .qtype = 1};
	assert_int_equal(dname_parse(&q->question.qname, "wWw.example", &why), ERR_OK);
	q->len = query_write(q->bytes, &q->question);
	sending[i] = (struct sending){.query = q, .done = on_done};
	assert_int_equal(sending_start(senders, &sending[i], local), ERR_OK);
}

/* Reads one query; answers it, with the octet at changed to value. */
static void answer_one(size_t at, int value)
{
	uint8_t m[512];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(server, m, sizeof(m), 0, (struct sockaddr *)&from, &len);
	assert_true(n > 12);
	m[2] |= 0x80;
	if (value >= 0)
		m[at] = (uint8_t)value;
	assert_int_equal(sendto(server, m, (size_t)n, 0, (struct sockaddr *)&from, len), n);
}

static void run(void)
{
	for (int i = 0; i < 50; i++) {
		uv_run(&loop, UV_RUN_NOWAIT);
		if (n_done)
			break;
		usleep(1000);
	}
}

static void many_are_under_way_at_once_each_from_its_own_port(void **state)
{
	static bool seen[65536];
	(void)state;
	memset(seen, 0, sizeof(seen));
	for (unsigned i = 0; i < MANY; i++) {
		struct endpoint local;
		ask(i, &local);
		assert_false(seen[local.port]);
		seen[local.port] = true;
	}
	for (unsigned i = 0; i < MANY; i++)
		answer_one(0, -1);
	for (int i = 0; i < 100 && n_done < MANY; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(n_done, MANY);
	assert_int_equal(last.err, ERR_OK);
}

static void forgery_is_dropped_counted_and_the_answer_waited_for(void **state)
{
	static const struct {
		size_t at;
		int value;
		enum match why;
	} forged[] = {{2, 0x00, MATCH_QR}, {0, 0xff, MATCH_ID}, {2, 0x90, MATCH_OPCODE}, {13, 'x', MATCH_QUESTION},
	    {26, 28, MATCH_QUESTION}};
	(void)state;
	ask(0, NULL);
	uint8_t m[512];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	ssize_t n = recvfrom(server, m, sizeof(m), 0, (struct sockaddr *)&from, &len);
	m[2] |= 0x80;
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		uint8_t f[512];
		memcpy(f, m, (size_t)n);
		f[forged[i].at] = (uint8_t)forged[i].value;
		assert_int_equal(sendto(server, f, (size_t)n, 0, (struct sockaddr *)&from, len), n);
	}
	for (int i = 0; i < 5; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(n_done, 0);
	assert_int_equal(sendto(server, m, (size_t)n, 0, (struct sockaddr *)&from, len), n);
	run();
	assert_int_equal(n_done, 1);
	assert_int_equal(last.err, ERR_OK);
	assert_int_equal(last.n_strays, 5);
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(last.stray[i].why, forged[i].why);
	assert_memory_equal(last_bytes, m, (size_t)n);
}

static void another_source_is_not_heard(void **state)
{
	uint8_t m[512];
	struct sockaddr_in from;
	socklen_t len = sizeof(from);
	(void)state;
	ask(0, NULL);
	ssize_t n = recvfrom(server, m, sizeof(m), 0, (struct sockaddr *)&from, &len);
	m[2] |= 0x80;
	int other = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(sendto(other, m, (size_t)n, 0, (struct sockaddr *)&from, len), n);
	for (int i = 0; i < 5; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(n_done, 0);
	close(other);
}

static void other_case_of_letters_is_handed_on(void **state)
{
	(void)state;
	ask(0, NULL);
	answer_one(13, 'W');
	run();
	assert_int_equal(n_done, 1);
	assert_int_equal(response_match(&query[0].question, last_bytes, last.len), MATCH_CASE);
}

static void closed_port_is_known_at_once_and_who_says_so(void **state)
{
	(void)state;
	close(server);
	ask(0, NULL);
	run();
	assert_int_equal(n_done, 1);
	assert_int_equal(last.err, ERR_REFUSED);
	assert_true(ip_equal(&last.reporter, &query[0].to.ip));
	server = socket(AF_INET, SOCK_DGRAM, 0);
}

static void what_timed_out_is_not_heard_any_more(void **state)
{
	struct dns_reply reply;
	(void)state;
	ask(0, NULL);
	sending_time_out(&sending[0], &reply);
	assert_int_equal(reply.err, ERR_TIMEOUT);
	answer_one(0, -1);
	for (int i = 0; i < 5; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(n_done, 0);
}

/* --- lookups over them ----------------------------------------------------------------------------- */

static struct {
	unsigned answers, busy;
} got;

static void on_job(void *ctx, const struct lookup_result *res, enum err err)
{
	(void)ctx;
	(void)res;
	got.answers += !err;
	got.busy += err == ERR_BUDGET;
}

static struct dname numbered(unsigned i)
{
	struct dname n;
	const char *why;
	char text[32];
	snprintf(text, sizeof(text), "n%u.example", i);
	assert_int_equal(dname_parse(&n, text, &why), ERR_OK);
	return n;
}

/* A root server at 127.0.0.1 and the test's port, which says REFUSED. */
static void jobs_up(struct net *n, struct jobs **j, size_t max)
{
	struct resolver_config config = net_default;
	config.port = ntohs(address.sin_port);
	config.use_v6 = false;
	net_config(n, NULL, ". 3600000 NS a.root. \na.root. 3600000 A 127.0.0.1\n", config);
	*j = jobs_new(&loop, &n->r, max);
	assert_non_null(*j);
	memset(&got, 0, sizeof(got));
}

static void identical_questions_are_one_lookup(void **state)
{
	static struct net n;
	struct jobs *j;
	struct dname name = numbered(0);
	(void)state;
	jobs_up(&n, &j, 10);
	for (unsigned i = 0; i < 50; i++)
		jobs_ask(j, &name, 1, on_job, NULL);
	assert_int_equal(jobs_running(j), 1);
	assert_int_equal(jobs_joined(j), 49);
	assert_int_equal(jobs_queries(j), 1);
	answer_one(3, LDNS_RCODE_REFUSED);
	for (int i = 0; i < 20 && got.answers < 50; i++)
		uv_run(&loop, UV_RUN_NOWAIT);
	assert_int_equal(got.answers, 50);
	assert_int_equal(jobs_running(j), 0);
	jobs_free(j);
	net_down(&n);
}

static void more_lookups_than_allowed_are_refused_at_once(void **state)
{
	static struct net n;
	struct jobs *j;
	(void)state;
	jobs_up(&n, &j, 10);
	for (unsigned i = 0; i < 25; i++) {
		struct dname name = numbered(i);
		jobs_ask(j, &name, 1, on_job, NULL);
	}
	assert_int_equal(jobs_running(j), 10);
	assert_int_equal(got.busy, 15);
	jobs_free(j); /* what is under way is given up: nobody waits for ever */
	net_down(&n);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(many_are_under_way_at_once_each_from_its_own_port),
	    TEST(forgery_is_dropped_counted_and_the_answer_waited_for),
	    TEST(another_source_is_not_heard),
	    TEST(other_case_of_letters_is_handed_on),
	    TEST(closed_port_is_known_at_once_and_who_says_so),
	    TEST(what_timed_out_is_not_heard_any_more),
	    TEST(identical_questions_are_one_lookup),
	    TEST(more_lookups_than_allowed_are_refused_at_once),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
