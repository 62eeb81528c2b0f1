/* Sources of packets: pcap files, filters, the queue that puts packets in order, and live capture at the
 * loopback interface (skipped where listening is not permitted). */
#include "torture.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "craft.h"
#include "glassnet/clock.h"
#include "lib/capture/queue.h"

static void queue_gives_the_oldest_first(void **state)
{
	struct queue q = {0};
	uint64_t random = 12345;
	(void)state;
	for (uint64_t i = 0; i < 2000; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		struct held h = {.time = (int64_t)(random >> 54), .seq = i};
		assert_int_equal(queue_push(&q, &h), ERR_OK);
	}
	struct held last = {.time = -1};
	while (q.n) {
		struct held h = queue_pop(&q);
		assert_true(h.time > last.time || (h.time == last.time && h.seq > last.seq));
		last = h;
	}
	queue_release(&q);
}

static void filter_that_is_none_is_refused_with_its_text(void **state)
{
	struct filter f;
	char msg[256] = "";
	(void)state;
	assert_int_equal(filter_init(&f, "tcp and and", msg), ERR_USAGE);
	assert_non_null(strstr(msg, "tcp and and"));
	filter_release(&f);
}

static void filter_of_blanks_lets_everything_pass(void **state)
{
	struct filter f;
	char msg[256];
	(void)state;
	assert_int_equal(filter_init(&f, "  ", msg), ERR_OK);
	assert_true(filter_pass(&f, DLT_RAW, (const uint8_t *)"x", 1, 1));
	filter_release(&f);
}

/* A pcap file with microseconds, as tcpdump writes, of n packets of 4 octets. */
static size_t make_pcap(uint8_t *out, size_t cap, uint32_t n, uint32_t caplen)
{
	struct wr w = wr_init(out, cap);
	wr_bytes(&w, "\xa1\xb2\xc3\xd4\0\2\0\4\0\0\0\0\0\0\0\0\0\4\0\0\0\0\0\1", 24);
	for (uint32_t i = 0; i < n; i++) {
		wr_u32(&w, 1000);
		wr_u32(&w, i);
		wr_u32(&w, caplen);
		wr_u32(&w, 60);
		wr_bytes(&w, "abcd", 4);
	}
	return w.pos;
}

static void open_bytes(struct capture **c, const void *bytes, size_t n, enum err want, char msg[static 256])
{
	char path[] = "/tmp/test_capture.XXXXXX";
	int fd = mkstemp(path);
	assert_true(fd >= 0 && write(fd, bytes, n) == (ssize_t)n);
	close(fd);
	enum err e = capture_open_file(c, path, NULL, msg);
	unlink(path);
	assert_int_equal(e, want);
}

static void pcap_file_is_read(void **state)
{
	uint8_t b[256];
	struct capture *c;
	struct capture_packet cp;
	char msg[256];
	(void)state;
	open_bytes(&c, b, make_pcap(b, sizeof b, 2, 4), ERR_OK, msg);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
	assert_int_equal(cp.packet.number, 2);
	assert_int_equal(cp.packet.time, 1000 * NS_PER_S + 1000);
	assert_int_equal(cp.packet.len, 4);
	assert_int_equal(cp.packet.wire_len, 60);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_CLOSED);
	assert_int_equal(capture_n_vantages(c), 1);
	capture_close(c);
}

static void pcap_file_cut_names_the_offset(void **state)
{
	uint8_t b[256];
	struct capture *c;
	struct capture_packet cp;
	char msg[256];
	(void)state;
	open_bytes(&c, b, make_pcap(b, sizeof b, 2, 4) - 3, ERR_OK, msg);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_TRUNCATED);
	assert_non_null(strstr(capture_error(c), "packet 2, at offset 44"));
	capture_close(c);
}

static void pcap_file_with_a_huge_length_is_malformed(void **state)
{
	uint8_t b[256];
	struct capture *c;
	struct capture_packet cp;
	char msg[256];
	(void)state;
	open_bytes(&c, b, make_pcap(b, sizeof b, 1, 0x7fffffff), ERR_OK, msg);
	assert_int_equal(capture_next(c, &cp, 0, -1), ERR_FORMAT);
	assert_non_null(strstr(capture_error(c), "offset 24"));
	capture_close(c);
}

static void what_is_no_capture_is_refused(void **state)
{
	struct capture *c;
	char msg[256];
	(void)state;
	open_bytes(&c, "", 0, ERR_TRUNCATED, msg);
	assert_non_null(strstr(msg, "empty"));
	open_bytes(&c, "\xa1\xb2", 2, ERR_TRUNCATED, msg);
	open_bytes(&c, "GIF89a and so on, which is no capture", 37, ERR_FORMAT, msg);
	assert_non_null(strstr(msg, "offset 0"));
	assert_int_equal(capture_open_file(&c, "/nonexistent", NULL, msg), ERR_IO);
	assert_int_equal(capture_open_file(&c, "/tmp", NULL, msg), ERR_IO);
	assert_null(c);
}

/* --- live */

static struct capture *listen_at_lo(const char *filter)
{
	struct capture *c;
	char msg[256];
	enum err e = capture_open_live(&c, "lo", filter, msg);
	if (e == ERR_PERM) {
		print_message("skipped: %s\n", msg);
		skip();
	}
	if (e)
		fail_msg("%s", msg);
	return c;
}

/* A socket, and a free port that nobody listens at but itself. */
static int make_socket(struct sockaddr_in *self)
{
	socklen_t len = sizeof *self;
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	*self = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	assert_int_equal(bind(fd, (struct sockaddr *)self, sizeof *self), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)self, &len), 0);
	return fd;
}

static void live_without_waiting_gives_all_that_was_sent(void **state)
{
	struct sockaddr_in self;
	int fd = make_socket(&self);
	char filter[64];
	(void)state;
	snprintf(filter, sizeof filter, "udp and port %u", ntohs(self.sin_port));
	struct capture *c = listen_at_lo(filter);
	struct capture_packet cp;
	for (int round = 0; round < 20; round++) {
		for (char i = 0; i < 50; i++)
			assert_int_equal(sendto(fd, &i, 1, 0, (struct sockaddr *)&self, sizeof self), 1);
		int64_t last = 0;
		for (char i = 0; i < 50; i++) {
			assert_int_equal(capture_next(c, &cp, 0, -1), ERR_OK);
			assert_int_equal(cp.packet.bytes[cp.packet.len - 1], i);
			assert_true(cp.packet.time >= last);
			last = cp.packet.time;
		}
		assert_int_equal(capture_next(c, &cp, 0, -1), ERR_TIMEOUT);
	}
	assert_int_equal(capture_dropped(c), 0);
	capture_close(c);
	close(fd);
}

static void live_waits_no_longer_than_it_may(void **state)
{
	struct sockaddr_in self;
	int fd = make_socket(&self), pipes[2];
	char filter[64];
	(void)state;
	snprintf(filter, sizeof filter, "udp and port %u", ntohs(self.sin_port));
	struct capture *c = listen_at_lo(filter);
	struct capture_packet cp;
	int64_t start = clock_now(&clock_real);
	assert_int_equal(capture_next(c, &cp, 30 * NS_PER_MS, -1), ERR_TIMEOUT);
	assert_true(clock_now(&clock_real) - start >= 30 * NS_PER_MS);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(write(pipes[1], "", 1), 1);
	assert_int_equal(capture_next(c, &cp, 3600 * NS_PER_S, pipes[0]), ERR_TIMEOUT); /* told to stop */
	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&self, sizeof self), 1);
	assert_int_equal(capture_next(c, &cp, 3600 * NS_PER_S, -1), ERR_OK);
	capture_close(c);
	close(pipes[0]);
	close(pipes[1]);
	close(fd);
}

static void live_of_no_interface_names_those_there_are(void **state)
{
	struct capture *c;
	char msg[256];
	(void)state;
	assert_int_equal(capture_open_live(&c, "nosuch0", NULL, msg), ERR_USAGE);
	assert_non_null(strstr(msg, "nosuch0"));
	assert_non_null(strstr(msg, " lo"));
	assert_null(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(queue_gives_the_oldest_first),
	    cmocka_unit_test(filter_that_is_none_is_refused_with_its_text),
	    cmocka_unit_test(filter_of_blanks_lets_everything_pass),
	    cmocka_unit_test(pcap_file_is_read),
	    cmocka_unit_test(pcap_file_cut_names_the_offset),
	    cmocka_unit_test(pcap_file_with_a_huge_length_is_malformed),
	    cmocka_unit_test(what_is_no_capture_is_refused),
	    cmocka_unit_test(live_without_waiting_gives_all_that_was_sent),
	    cmocka_unit_test(live_waits_no_longer_than_it_may),
	    cmocka_unit_test(live_of_no_interface_names_those_there_are),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
