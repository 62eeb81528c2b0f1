/* The channel between the holder of a lab and its clients, and a client that finds nobody. */
#include "torture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/lab.h"
#include "glassnet/lab_channel.h"

struct pair {
	int a, b;
};

static int setup(void **state)
{
	static struct pair p;
	int fds[2];
	struct timeval limit = {.tv_usec = 50000};
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(setsockopt(fds[1], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
	p = (struct pair){fds[0], fds[1]};
	*state = &p;
	return 0;
}

static int teardown(void **state)
{
	struct pair *p = *state;
	if (p->a >= 0)
		close(p->a);
	close(p->b);
	return 0;
}

static void channel_message_and_descriptors_arrive(void **state)
{
	struct pair *p = *state;
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC), zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	json_t *sent = json_pack("{s:s,s:i}", "do", "host", "n", 7), *got;
	int fds[CHANNEL_MAX_FDS], send_fds[] = {null, zero};
	size_t n;
	assert_int_equal(channel_send(p->a, sent, send_fds, 2), ERR_OK);
	assert_int_equal(channel_receive(p->b, &got, fds, &n), ERR_OK);
	assert_true(json_equal(sent, got));
	assert_int_equal(n, 2);
	struct stat x, y;
	assert_int_equal(fstat(zero, &x), 0);
	assert_int_equal(fstat(fds[1], &y), 0);
	assert_int_equal(x.st_rdev, y.st_rdev);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	json_decref(sent);
	json_decref(got);
	close(fds[0]);
	close(fds[1]);
	close(null);
	close(zero);
}

static void channel_long_message_arrives_whole(void **state)
{
	struct pair *p = *state;
	size_t n;
	int fds[CHANNEL_MAX_FDS];
	static char text[100001];
	memset(text, 'x', sizeof text - 1);
	json_t *sent = json_pack("{s:s}", "long", text), *got;
	assert_int_equal(channel_send(p->a, sent, NULL, 0), ERR_OK);
	assert_int_equal(channel_receive(p->b, &got, fds, &n), ERR_OK);
	assert_true(json_equal(sent, got));
	json_decref(sent);
	json_decref(got);
}

static void channel_what_is_no_object_is_refused(void **state)
{
	struct pair *p = *state;
	static const char *const bad[] = {"{", "[]", "5", "\xff\xfe", "{\"a\":1} trailing"};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		json_t *got;
		size_t n;
		int fds[CHANNEL_MAX_FDS];
		assert_int_equal(send(p->a, bad[i], strlen(bad[i]), 0), strlen(bad[i]));
		assert_int_equal(channel_receive(p->b, &got, fds, &n), ERR_FORMAT);
		assert_null(got);
		assert_int_equal(n, 0);
	}
}

static void channel_silence_is_a_timeout_and_the_end_is_the_end(void **state)
{
	struct pair *p = *state;
	json_t *got;
	size_t n;
	int fds[CHANNEL_MAX_FDS];
	assert_int_equal(channel_receive(p->b, &got, fds, &n), ERR_TIMEOUT);
	close(p->a);
	p->a = -1;
	assert_int_equal(channel_receive(p->b, &got, fds, &n), ERR_CLOSED);
}

static void channel_address_is_abstract_and_the_users_own(void **state)
{
	(void)state;
	struct sockaddr_un a, b;
	socklen_t n = channel_address(&a, 1000, "x"), m = channel_address(&b, 1001, "x");
	assert_int_equal(a.sun_path[0], '\0');
	assert_string_equal(a.sun_path + 1, "glassnet-lab/1000/x");
	assert_int_equal(n, m);
	assert_memory_not_equal(&a, &b, n);
}

static void lab_open_without_a_lab_is_closed(void **state)
{
	(void)state;
	struct lab *lab;
	char name[LAB_NAME_MAX];
	snprintf(name, sizeof name, "no-such-lab-%d", (int)getpid());
	assert_int_equal(lab_open(&lab, name), ERR_CLOSED);
	assert_null(lab);
	assert_int_equal(lab_open(&lab, ""), ERR_USAGE);
	assert_int_equal(lab_open(&lab, "a-name-that-is-much-too-long-for-any-lab"), ERR_USAGE);
	lab_close(lab);
}

static void lab_self_outside_is_negative(void **state)
{
	(void)state;
	char host[LAB_HOST_MAX] = "x";
	assert_int_equal(lab_self(host), ERR_NEGATIVE);
	assert_string_equal(host, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(channel_message_and_descriptors_arrive, setup, teardown),
	    cmocka_unit_test_setup_teardown(channel_long_message_arrives_whole, setup, teardown),
	    cmocka_unit_test_setup_teardown(channel_what_is_no_object_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(channel_silence_is_a_timeout_and_the_end_is_the_end, setup, teardown),
	    cmocka_unit_test(channel_address_is_abstract_and_the_users_own),
	    cmocka_unit_test(lab_open_without_a_lab_is_closed),
	    cmocka_unit_test(lab_self_outside_is_negative),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
