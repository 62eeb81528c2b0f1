/* What mallory reads in dnsmasq's log, and in a ClientHello. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "torture.h"

#include "mallory/accesspoint.h"
#include "mallory/hello.h"

struct fixture {
	struct trace trace;
	struct recorder rec;
	struct accesspoint ap;
	int changes;
};

static void count(void *ctx)
{
	((struct fixture *)ctx)->changes++;
}

static int setup(void **state)
{
	static struct fixture f;
	f = (struct fixture){.changes = 0};
	trace_init(&f.trace, &clock_real, "mallory");
	recorder_attach(&f.rec, &f.trace);
	f.ap.trace = &f.trace;
	f.ap.bank_name = "bank.example";
	f.ap.on_change = count;
	f.ap.ctx = &f;
	*state = &f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(trace_release(&f->trace), ERR_OK);
	recorder_release(&f->rec);
	return 0;
}

static void line(struct fixture *f, const char *text)
{
	accesspoint_log_line(&f->ap, text, strlen(text));
}

static void log_ack_is_a_lease(void **state)
{
	struct fixture *f = *state;
	char name[64];
	line(f, "dnsmasq-dhcp[8730]: DHCPACK(lan) 10.66.0.187 4a:03:33:7b:78:76 laptop");
	assert_int_equal(f->ap.n_leases, 1);
	accesspoint_name(&f->ap, "10.66.0.187", name, sizeof name);
	assert_string_equal(name, "laptop");
	accesspoint_name(&f->ap, "10.66.0.1", name, sizeof name);
	assert_string_equal(name, "10.66.0.1");
	assert_non_null(recorder_find(&f->rec, 0, EV_STATE, "lease", "10.66.0.187"));
	line(f, "dnsmasq-dhcp[8730]: DHCPACK(lan) 10.66.0.187 4a:03:33:7b:78:76 laptop");
	assert_int_equal(f->ap.n_leases, 1);
}

static void log_lie_is_counted(void **state)
{
	struct fixture *f = *state;
	line(f, "dnsmasq[8730]: config bank.example is 10.66.0.1");
	assert_int_equal(f->ap.lies, 1);
	line(f, "dnsmasq[8730]: config bank.example is NODATA-IPv6");
	line(f, "dnsmasq[8730]: reply bank.example is 198.51.100.34");
	line(f, "dnsmasq[8730]: config else.example is 10.66.0.1");
	assert_int_equal(f->ap.lies, 1);
}

static void log_start_makes_ready_once(void **state)
{
	struct fixture *f = *state;
	line(f, "dnsmasq[1]: started, version 2.90 cachesize 150");
	line(f, "dnsmasq[1]: started, version 2.90 cachesize 150");
	assert_true(f->ap.ready);
	assert_int_equal(f->changes, 1);
}

static void log_garbage_is_passed_over(void **state)
{
	struct fixture *f = *state;
	static const char *const lines[] = {"", " ", "dnsmasq-dhcp[1]: DHCPACK(lan)", "dnsmasq-dhcp[1]: DHCPACK( 1",
	    "a b c d e f g h i j k l m n o p", "\x1b[2J\xff\xfe"};
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		line(f, lines[i]);
	assert_int_equal(f->ap.n_leases, 0);
	assert_int_equal(f->rec.n, 0);
}

static void log_leases_are_bounded(void **state)
{
	struct fixture *f = *state;
	for (int i = 0; i < 100; i++) {
		char text[100];
		snprintf(text, sizeof text, "dnsmasq-dhcp[1]: DHCPACK(lan) 10.66.0.%d 00:00:00:00:00:01", i);
		line(f, text);
	}
	assert_int_equal(f->ap.n_leases, ACCESSPOINT_MAX_LEASES);
}

static void lease_file_of_an_earlier_run_is_read(void **state)
{
	struct fixture *f = *state;
	char path[] = "/tmp/glassnet-leases.XXXXXX", name[64];
	int fd = mkstemp(path);
	static const char text[] = "1795367000 4a:03:33:7b:78:76 10.66.0.187 laptop 01:4a\n\nx y\n"
	                           "1795367000 4a:03:33:7b:78:77 10.66.0.188 * *\n";
	assert_int_equal(write(fd, text, sizeof text - 1), sizeof text - 1);
	close(fd);
	f->ap.lease_file = path;
	accesspoint_read_leases(&f->ap);
	unlink(path);
	assert_int_equal(f->ap.n_leases, 2);
	accesspoint_name(&f->ap, "10.66.0.187", name, sizeof name);
	assert_string_equal(name, "laptop");
	accesspoint_name(&f->ap, "10.66.0.188", name, sizeof name);
	assert_string_equal(name, "10.66.0.188");
	f->ap.lease_file = "/nonexistent/leases";
	accesspoint_read_leases(&f->ap);
	assert_int_equal(f->ap.n_leases, 2);
}

/* A ClientHello with nothing but a server name, written by RFC 8446 4.1.2. */
static const uint8_t client_hello[] = {22, 3, 1, 0, 68, 1, 0, 0, 64, 3, 3, /* record, handshake, version */
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 0, 0,
    2, 0x13, 1, 1, 0, /* session, suites, compression */
    0, 21, 0, 0, 0, 17, 0, 15, 0, 0, 12, 'b', 'a', 'n', 'k', '.', 'e', 'x', 'a', 'm', 'p', 'l', 'e'};

static void hello_with_a_name_gives_it(void **state)
{
	(void)state;
	char name[40];
	assert_true(hello_server_name(name, sizeof name, client_hello, sizeof client_hello));
	assert_string_equal(name, "bank.example");
}

static void hello_cut_anywhere_gives_none(void **state)
{
	(void)state;
	char name[40];
	for (size_t n = 0; n < sizeof client_hello; n++) {
		assert_false(hello_server_name(name, sizeof name, client_hello, n));
		assert_string_equal(name, "");
	}
}

static void hello_other_bytes_give_none(void **state)
{
	(void)state;
	char name[40];
	uint8_t bytes[sizeof client_hello];
	static const struct {
		size_t at;
		uint8_t value;
	} wrong[] = {{0, 23}, {5, 2}, {53, 9}, {58, 1}, {60, 200}};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		memcpy(bytes, client_hello, sizeof bytes);
		bytes[wrong[i].at] = wrong[i].value;
		assert_false(hello_server_name(name, sizeof name, bytes, sizeof bytes));
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(log_ack_is_a_lease),
	    T(log_lie_is_counted),
	    T(log_start_makes_ready_once),
	    T(log_garbage_is_passed_over),
	    T(log_leases_are_bounded),
	    T(lease_file_of_an_earlier_run_is_read),
	    T(hello_with_a_name_gives_it),
	    T(hello_cut_anywhere_gives_none),
	    T(hello_other_bytes_give_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
