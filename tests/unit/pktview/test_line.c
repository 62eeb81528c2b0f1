/* A line a packet: what fits on a terminal, what a file gets, and that nobody's bytes reach it raw. */
#include "torture.h"

#include <stdio.h>

#include "../lib/craft.h"
#include "pktview/view.h"

struct printed {
	struct capture *c;
	struct lines l;
	char *text;
	size_t len;
};

static int make(void **state)
{
	struct printed *p = calloc(1, sizeof *p);
	p->c = craft_capture();
	craft_vantage(p->c, "laptop", "eth0");
	craft_vantage(p->c, "home-router", "lan");
	craft_vantage(p->c, "home-router", "wan");
	craft_vantage(p->c, "server", "eth0");
	p->l = (struct lines){
	    .out = open_memstream(&p->text, &p->len), .style = {.utf8 = true}, .start = -1, .hosts = true};
	*state = p;
	return p->l.out == NULL;
}

static int end(void **state)
{
	struct printed *p = *state;
	fclose(p->l.out);
	free(p->text);
	capture_close(p->c);
	free(p);
	return 0;
}

/* A datagram from the laptop through the router's NAT to the server, as a journey of four sightings. */
static void print(struct printed *p, int64_t time, const char *place)
{
	struct craft c = {.smac = 1,
	    .dmac = 2,
	    .src = "192.168.1.100",
	    .dst = "192.0.2.2",
	    .sport = 40000,
	    .dport = 4000,
	    .proto = 17,
	    .ttl = 64,
	    .payload = "hello"};
	struct crafted b[4];
	struct journey j = {.n = 4};
	b[0] = b[1] = craft_packet(&c);
	c.src = "203.0.113.10", c.ttl = 63;
	b[2] = b[3] = craft_packet(&c);
	for (size_t i = 0; i < 4; i++) {
		j.at[i] = (struct sighting){.number = i + 1,
		    .vantage = i,
		    .time = time,
		    .outgoing = i % 2 == 0,
		    .has_direction = true,
		    .packet = {.bytes = b[i].b, .len = b[i].len, .wire_len = b[i].len, .linktype = DLT_EN10MB}};
		packet_parse(&j.at[i].packet);
	}
	assert_int_equal(line_write(&p->l, &j, p->c, place), ERR_OK);
	fflush(p->l.out);
}

#define VIA "via home-router (NAT: source 192.168.1.100:40000 → 203.0.113.10:40000)"

static void file_gets_everything_in_one_line(void **state)
{
	struct printed *p = *state;
	print(p, 1000000000, NULL);
	print(p, 2000001000, NULL);
	assert_string_equal(p->text, "    1    0.000000  laptop 192.168.1.100:40000 → server 192.0.2.2:4000  "
	                             "UDP 40000→4000, 5 bytes  " VIA "\n"
	                             "    1    1.000001  laptop 192.168.1.100:40000 → server 192.0.2.2:4000  "
	                             "UDP 40000→4000, 5 bytes  " VIA "\n");
}

static void narrow_terminal_gets_names_and_each_way_once(void **state)
{
	struct printed *p = *state;
	p->l.style.width = 80;
	print(p, 0, NULL);
	print(p, 0, NULL);
	assert_string_equal(p->text, "    1    0.000000  laptop → server  UDP 40000→4000, 5 bytes\n"
	                             "                  via home-router (NAT: source 192.168.1.100:40000 →\n"
	                             "                    203.0.113.10:40000)\n"
	                             "    1    0.000000  laptop → server  UDP 40000→4000, 5 bytes\n");
}

static void wide_terminal_gets_addresses_where_they_fit(void **state)
{
	struct printed *p = *state;
	p->l.style.width = 120;
	print(p, 0, NULL);
	assert_non_null(strstr(p->text, "  laptop 192.168.1.100:40000 → server 192.0.2.2:4000  UDP"));
	print(p, 0, "home-router wan out");
	assert_non_null(
	    strstr(p->text, "home-router wan out: laptop 192.168.1.100:40000 → server 192.0.2.2:4000  UDP"));
}

static void line_is_cut_at_the_width_by_characters(void **state)
{
	struct printed *p = *state;
	p->l.style.width = 80;
	print(p, 0, NULL);
	assert_null(strstr(p->text, "…"));
	p->l.style.width = 44;
	print(p, 0, NULL);
	assert_non_null(strstr(p->text, "    1    0.000000  laptop → server  UDP 400…\n"));
}

static void terminal_without_utf8_gets_ascii_from_us(void **state)
{
	struct printed *p = *state;
	p->l.style = (struct term_style){.width = 44};
	print(p, 0, NULL);
	assert_non_null(strstr(p->text, "laptop -> server  UDP ...\n"));
}

static void colours_take_no_columns(void **state)
{
	struct printed *p = *state;
	p->l.style = (struct term_style){.width = 44, .utf8 = true, .colour = true};
	print(p, 0, NULL);
	assert_non_null(strstr(p->text, "laptop → server  \033[36mUDP\033[0m 400…\033[0m"));
}

static void absolute_time_is_utc(void **state)
{
	struct printed *p = *state;
	p->l.time = TIME_ABSOLUTE;
	setenv("TZ", "America/New_York", 1);
	print(p, 1767225600123456789, NULL);
	assert_non_null(strstr(p->text, "    1 2026-01-01T00:00:00.123456Z  laptop"));
	print(p, 0, NULL);
	assert_non_null(strstr(p->text, "    1 1970-01-01T00:00:00.000000Z  laptop"));
}

static void time_before_the_first_packet_is_negative(void **state)
{
	struct printed *p = *state;
	print(p, 2000000000, NULL);
	print(p, 1500000000, NULL);
	assert_non_null(strstr(p->text, "-   0.500000"));
}

static void place_is_escaped(void **state)
{
	struct printed *p = *state;
	print(p, 0, "a\033[2Jb");
	assert_null(strchr(p->text, '\033'));
	assert_non_null(strstr(p->text, "a\\x1B[2Jb: ") ? p->text : strstr(p->text, "a\\x1b[2Jb: "));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make, end)
	const struct CMUnitTest tests[] = {
	    T(file_gets_everything_in_one_line),
	    T(narrow_terminal_gets_names_and_each_way_once),
	    T(wide_terminal_gets_addresses_where_they_fit),
	    T(line_is_cut_at_the_width_by_characters),
	    T(terminal_without_utf8_gets_ascii_from_us),
	    T(colours_take_no_columns),
	    T(absolute_time_is_utc),
	    T(time_before_the_first_packet_is_negative),
	    T(place_is_escaped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
