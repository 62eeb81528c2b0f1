/* Who talked to whom. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pktview/hosts.h"

static void assert_written(const struct hosts *h, const char *want)
{
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	assert_non_null(out);
	assert_int_equal(hosts_write(h, out, false), ERR_OK);
	fclose(out);
	assert_string_equal(text, want);
	free(text);
}

static struct hosts *made(size_t max)
{
	struct hosts *h;
	assert_int_equal(hosts_new(&h, max), ERR_OK);
	return h;
}

static void add(struct hosts *h, const char *from, const char *to, enum proto proto, uint64_t octets)
{
	assert_int_equal(hosts_add(h, from, to, proto, octets), ERR_OK);
}

static void hosts_both_ways_are_one_pair(void **state)
{
	struct hosts *h = made(10);
	(void)state;
	assert_written(h, "");
	add(h, "laptop", "server", PROTO_TCP, 60);
	add(h, "server", "laptop", PROTO_TCP, 100);
	add(h, "laptop", "server", PROTO_HTTP, 200);
	assert_written(h, "laptop -> server  2 packets, 260 bytes; back 1 packet, 100 bytes  (TCP, HTTP)\n");
	hosts_free(h);
}

static void hosts_with_the_most_octets_come_first(void **state)
{
	struct hosts *h = made(10);
	(void)state;
	add(h, "a", "b", PROTO_DNS, 10);
	add(h, "b", "c", PROTO_DNS, 10);
	add(h, "c", "\x1b[2J", PROTO_NTP, 90);
	assert_written(h, "c -> \\x1b[2J  1 packet, 90 bytes  (NTP)\na -> b  1 packet, 10 bytes  (DNS)\n"
	                  "b -> c  1 packet, 10 bytes  (DNS)\n");
	hosts_free(h);
}

static void hosts_beyond_the_bound_are_counted(void **state)
{
	struct hosts *h = made(200);
	char name[16];
	(void)state;
	for (int i = 0; i < 203; i++) {
		snprintf(name, sizeof name, "h%d", i);
		add(h, "a", name, PROTO_UDP, i == 7 ? 9 : 1);
		add(h, name, "a", PROTO_UDP, 1);
	}
	char *text = NULL;
	size_t n = 0;
	FILE *out = open_memstream(&text, &n);
	assert_int_equal(hosts_write(h, out, false), ERR_OK);
	fclose(out);
	assert_int_equal(strncmp(text, "a -> h7  1 packet, 9 bytes; back 1 packet, 1 byte  (UDP)\n", 57), 0);
	assert_non_null(strstr(text, "\n6 packets of further pairs: only the first 200 pairs are told apart\n"));
	free(text);
	hosts_free(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hosts_both_ways_are_one_pair),
	    cmocka_unit_test(hosts_with_the_most_octets_come_first),
	    cmocka_unit_test(hosts_beyond_the_bound_are_counted),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
