/* The same packet seen at several places: links, routers, NATs, LANs, and what must not be taken for the
 * same. */
#include "torture.h"

#include "craft.h"
#include "events.h"
#include "glassnet/clock.h"

/* laptop - home-router (NAT) - isp - server; one vantage for each interface */
enum { LAPTOP, ROUTER_LAN, ROUTER_WAN, ISP_CUST, ISP_CORE, SERVER, TV, N_PLACES };

#define INSIDE  "192.168.1.100"
#define OUTSIDE "203.0.113.10"
#define FAR     "192.0.2.2"
#define MS      NS_PER_MS

struct world {
	struct capture *c;
	struct pairing *p;
	struct {
		struct journey j;
		uint8_t bytes[JOURNEY_MAX_SIGHTINGS][256];
	} got[16];
	size_t n;
	uint64_t number;
};

static void keep(void *ctx, const struct journey *j)
{
	struct world *w = ctx;
	assert_true(w->n < 16);
	w->got[w->n].j = *j;
	for (size_t i = 0; i < j->n; i++) { /* the bytes are borrowed */
		memcpy(w->got[w->n].bytes[i], j->at[i].packet.bytes, j->at[i].packet.len);
		w->got[w->n].j.at[i].packet.bytes = w->got[w->n].bytes[i];
	}
	w->n++;
}

static int make_world(void **state)
{
	static const char *const names[N_PLACES][2] = {{"laptop", "eth0"}, {"home-router", "lan"},
	    {"home-router", "wan"}, {"isp", "cust"}, {"isp", "core"}, {"server", "eth0"}, {"tv", "eth0"}};
	struct world *w = calloc(1, sizeof *w);
	w->c = craft_capture();
	for (size_t i = 0; i < N_PLACES; i++)
		craft_vantage(w->c, names[i][0], names[i][1]);
	struct ip far = craft_ip(FAR), in = craft_ip(INSIDE), out = craft_ip(OUTSIDE);
	capture_add_name(w->c, &far, "server", 6);
	capture_add_name(w->c, &in, "laptop", 6);
	capture_add_name(w->c, &out, "home-router", 11);
	*state = w;
	return (int)pairing_new(&w->p, 100 * MS, 8, keep, w);
}

static int end_world(void **state)
{
	struct world *w = *state;
	pairing_free(w->p);
	capture_close(w->c);
	free(w);
	return 0;
}

static void see_bytes(struct world *w, int64_t time, size_t place, bool outgoing, const struct crafted *p)
{
	struct capture_packet cp = {.packet = {.time = time,
	                                .number = ++w->number,
	                                .bytes = p->b,
	                                .len = p->len,
	                                .wire_len = p->len,
	                                .linktype = DLT_EN10MB},
	    .vantage = place,
	    .outgoing = outgoing,
	    .has_direction = true};
	assert_int_equal(pairing_add(w->p, w->c, &cp), ERR_OK);
}

static void see(struct world *w, int64_t time, size_t place, bool outgoing, struct craft c)
{
	struct crafted p = craft_packet(&c);
	see_bytes(w, time, place, outgoing, &p);
}

/* From the laptop to the server over the NAT, which may change the port. */
static void see_all_the_way(struct world *w, int64_t t, struct craft c, uint16_t natted)
{
	c.smac = 1, c.dmac = 2, c.src = INSIDE, c.dst = FAR, c.ttl = 64;
	see(w, t, LAPTOP, true, c);
	see(w, t + 1, ROUTER_LAN, false, c);
	c.smac = 3, c.dmac = 4, c.src = OUTSIDE, c.sport = natted, c.ttl = 63;
	see(w, t + 2, ROUTER_WAN, true, c);
	see(w, t + 3, ISP_CUST, false, c);
	c.smac = 5, c.dmac = 6, c.ttl = 62;
	see(w, t + 4, ISP_CORE, true, c);
	see(w, t + 5, SERVER, false, c);
}

static const struct craft query = {.sport = 40000, .dport = 53, .proto = 17, .payload = "query"};

static void link_both_ends_are_one_journey(void **state)
{
	struct world *w = *state;
	struct craft c = query;
	c.smac = 1, c.dmac = 2, c.src = INSIDE, c.dst = FAR, c.ttl = 64;
	see(w, 100, LAPTOP, true, c);
	see(w, 200, ROUTER_LAN, false, c);
	pairing_flush(w->p);
	assert_int_equal(w->n, 1);
	assert_int_equal(w->got[0].j.n, 2);
	assert_int_equal(sighting_changes(&w->got[0].j.at[0].packet, &w->got[0].j.at[1].packet), 0);
}

static void router_two_sides_are_one_packet(void **state)
{
	struct world *w = *state;
	struct craft c = query;
	c.smac = 3, c.dmac = 4, c.src = OUTSIDE, c.dst = FAR, c.ttl = 63;
	see(w, 100, ISP_CUST, false, c);
	c.smac = 5, c.dmac = 6, c.ttl = 62;
	see(w, 101, ISP_CORE, true, c);
	pairing_flush(w->p);
	assert_int_equal(w->n, 1);
	assert_int_equal(sighting_changes(&w->got[0].j.at[0].packet, &w->got[0].j.at[1].packet),
	    CHANGE_TTL | CHANGE_CHECKSUM | CHANGE_MAC);
}

static void router_of_ipv6_two_sides_are_one_packet(void **state)
{
	struct world *w = *state;
	struct craft c = query;
	c.smac = 3, c.dmac = 4, c.src = "2001:db8::1", c.dst = "2001:db8:1::2", c.ttl = 63;
	see(w, 100, ISP_CUST, false, c);
	c.smac = 5, c.dmac = 6, c.ttl = 62;
	see(w, 101, ISP_CORE, true, c);
	pairing_flush(w->p);
	assert_int_equal(w->n, 1);
	assert_int_equal(
	    sighting_changes(&w->got[0].j.at[0].packet, &w->got[0].j.at[1].packet), CHANGE_TTL | CHANGE_MAC);
}

static void nat_all_the_way_is_one_packet(void **state)
{
	struct world *w = *state;
	see_all_the_way(w, 0, query, 61000);
	pairing_flush(w->p);
	assert_int_equal(w->n, 1);
	assert_int_equal(w->got[0].j.n, 6);
	const struct sighting *at = w->got[0].j.at;
	assert_int_equal(sighting_changes(&at[1].packet, &at[2].packet),
	    CHANGE_SRC | CHANGE_SPORT | CHANGE_TTL | CHANGE_CHECKSUM | CHANGE_MAC);
	char via[256];
	assert_string_equal(journey_via(&w->got[0].j, w->c, via, sizeof via),
	    "home-router (NAT: source 192.168.1.100:40000 → 203.0.113.10:61000), isp");
}

static void nat_of_tcp_is_known_by_what_stays(void **state)
{
	struct world *w = *state;
	struct craft c = {.sport = 40000, .dport = 80, .proto = 6, .seq = 77, .payload = "GET"};
	see_all_the_way(w, 0, c, 40000);
	c.seq = 80;
	see_all_the_way(w, 10, c, 40000);
	pairing_flush(w->p);
	assert_int_equal(w->n, 2);
	assert_int_equal(w->got[0].j.n, 6);
	assert_int_equal(w->got[1].j.n, 6);
}

static void nat_of_echo_may_change_its_identifier(void **state)
{
	struct world *w = *state;
	see_all_the_way(w, 0, (struct craft){.sport = 7, .proto = 1, .seq = 1, .payload = "ping"}, 4711);
	pairing_flush(w->p);
	assert_int_equal(w->n, 1);
	assert_int_equal(w->got[0].j.n, 6);
}

static void nat_of_icmp_error_changes_what_it_quotes(void **state)
{
	struct world *w = *state;
	struct craft err = {.smac = 4, .dmac = 3, .src = FAR, .dst = OUTSIDE, .ttl = 62, .id = 9};
	struct craft quoted = query;
	quoted.src = OUTSIDE, quoted.dst = FAR, quoted.sport = 61000, quoted.ttl = 61;
	struct crafted p = craft_icmp_error(&err, &quoted);
	see_bytes(w, 0, ROUTER_WAN, false, &p);
	err.smac = 2, err.dmac = 1, err.dst = INSIDE, err.ttl = 61;
	quoted.src = INSIDE, quoted.sport = 40000;
	p = craft_icmp_error(&err, &quoted);
	see_bytes(w, 1, ROUTER_LAN, true, &p);
	see_bytes(w, 2, LAPTOP, false, &p);
	pairing_flush(w->p);
	assert_int_equal(w->n, 1);
	assert_int_equal(w->got[0].j.n, 3);
}

static void retransmission_is_another_packet(void **state)
{
	struct world *w = *state;
	struct craft c = query;
	c.smac = 1, c.dmac = 2, c.src = INSIDE, c.dst = FAR, c.ttl = 64;
	/* The first is lost on the link; all of it is equal to the second. */
	see(w, 0, LAPTOP, true, c);
	see(w, 50 * MS, LAPTOP, true, c);
	see(w, 50 * MS + 1, ROUTER_LAN, false, c);
	pairing_flush(w->p);
	assert_int_equal(w->n, 2);
	assert_int_equal(w->got[0].j.n, 1);
	assert_int_equal(w->got[1].j.n, 2);
	assert_int_equal(w->got[1].j.at[0].number, 2);
}

static void retransmission_dropped_at_the_router_is_another_packet(void **state)
{
	struct world *w = *state;
	struct craft c = query;
	c.smac = 1, c.dmac = 2, c.src = INSIDE, c.dst = FAR, c.ttl = 64;
	see(w, 0, LAPTOP, true, c);
	see(w, 1, ROUTER_LAN, false, c); /* and no further */
	see_all_the_way(w, 40 * MS, query, 40000);
	pairing_flush(w->p);
	assert_int_equal(w->n, 2);
	assert_int_equal(w->got[0].j.n, 2);
	assert_int_equal(w->got[1].j.n, 6);
}

static void two_identical_queries_at_once_stay_apart(void **state)
{
	struct world *w = *state;
	struct craft a = query, b = query;
	b.sport = 40001;
	a.smac = b.smac = 1, a.dmac = b.dmac = 2, a.src = b.src = INSIDE, a.dst = b.dst = FAR, a.ttl = b.ttl = 64;
	see(w, 0, LAPTOP, true, a);
	see(w, 1, LAPTOP, true, b);
	see(w, 2, ROUTER_LAN, false, a);
	see(w, 3, ROUTER_LAN, false, b);
	a.smac = b.smac = 3, a.dmac = b.dmac = 4, a.src = b.src = OUTSIDE, a.ttl = b.ttl = 63;
	see(w, 4, ROUTER_WAN, true, b); /* the second overtakes the first in the router */
	see(w, 5, ROUTER_WAN, true, a);
	pairing_flush(w->p);
	assert_int_equal(w->n, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(w->got[i].j.n, 3);
		for (size_t k = 0; k < 3; k++)
			assert_int_equal(w->got[i].j.at[k].packet.src.port, 40000 + i);
	}
}

static void two_identical_queries_with_new_ports_keep_their_order(void **state)
{
	struct world *w = *state;
	struct craft a = query, b = query;
	b.sport = 40001;
	a.smac = b.smac = 1, a.dmac = b.dmac = 2, a.src = b.src = INSIDE, a.dst = b.dst = FAR, a.ttl = b.ttl = 64;
	see(w, 0, LAPTOP, true, a);
	see(w, 1, LAPTOP, true, b);
	see(w, 2, ROUTER_LAN, false, a);
	see(w, 3, ROUTER_LAN, false, b);
	a.smac = b.smac = 3, a.dmac = b.dmac = 4, a.src = b.src = OUTSIDE, a.ttl = b.ttl = 63;
	a.sport = 61000, b.sport = 61001;
	see(w, 4, ROUTER_WAN, true, a);
	see(w, 5, ROUTER_WAN, true, b);
	pairing_flush(w->p);
	assert_int_equal(w->n, 2);
	for (uint16_t i = 0; i < 2; i++) {
		assert_int_equal(w->got[i].j.n, 3);
		assert_int_equal(w->got[i].j.at[0].packet.src.port, 40000 + i);
		assert_int_equal(w->got[i].j.at[2].packet.src.port, 61000 + i);
	}
}

static void echoed_payload_is_not_the_same_packet(void **state)
{
	struct world *w = *state;
	struct craft c = query;
	c.smac = 5, c.dmac = 6, c.src = OUTSIDE, c.dst = FAR, c.ttl = 62;
	see(w, 0, SERVER, false, c);
	struct craft back = query;
	back.smac = 6, back.dmac = 5, back.src = FAR, back.dst = OUTSIDE, back.ttl = 64;
	back.sport = 53, back.dport = 40000;
	see(w, 1, SERVER, true, back);
	pairing_flush(w->p);
	assert_int_equal(w->n, 2);
}

static void arp_broadcast_reaches_everyone_on_the_lan(void **state)
{
	struct world *w = *state;
	struct crafted p = craft_arp(1, 255, 1, INSIDE, "192.168.1.1");
	see_bytes(w, 0, LAPTOP, true, &p);
	see_bytes(w, 1, ROUTER_LAN, false, &p);
	see_bytes(w, 2, TV, false, &p);
	see_bytes(w, 1000 * MS, LAPTOP, true, &p); /* asked again */
	pairing_flush(w->p);
	assert_int_equal(w->n, 2);
	assert_int_equal(w->got[0].j.n, 3);
	assert_int_equal(w->got[1].j.n, 1);
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX];
	journey_ends(&w->got[0].j, w->c, from, to);
	assert_string_equal(from, "laptop");
	assert_string_equal(to, "everyone");
}

static void bridge_passes_the_same_frame(void **state)
{
	struct world *w = *state;
	size_t bridge = craft_vantage(w->c, "home-router", "br0");
	struct crafted p = craft_arp(1, 2, 2, INSIDE, "192.168.1.1");
	see_bytes(w, 0, LAPTOP, true, &p);
	see_bytes(w, 1, ROUTER_LAN, false, &p);
	see_bytes(w, 2, bridge, false, &p);
	pairing_flush(w->p);
	assert_int_equal(w->n, 1);
	assert_int_equal(w->got[0].j.n, 3);
}

static void unwatched_router_leaves_a_gap(void **state)
{
	struct world *w = *state;
	struct craft c = query;
	c.smac = 3, c.dmac = 4, c.src = OUTSIDE, c.dst = FAR, c.ttl = 63;
	see(w, 0, ROUTER_WAN, true, c);
	c.smac = 5, c.dmac = 6, c.ttl = 62;
	see(w, 1, SERVER, false, c);
	pairing_flush(w->p);
	assert_int_equal(w->n, 1);
}

static void full_table_gives_out_the_oldest(void **state)
{
	struct world *w = *state;
	struct craft c = query;
	c.smac = 1, c.dmac = 2, c.src = INSIDE, c.dst = FAR, c.ttl = 64;
	for (uint16_t i = 0; i < 10; i++) {
		c.id = i;
		see(w, i, LAPTOP, true, c);
	}
	assert_int_equal(w->n, 2);
	assert_int_equal(w->got[0].j.at[0].number, 1);
	pairing_flush(w->p);
	assert_int_equal(w->n, 10);
}

static void window_gives_out_what_is_complete(void **state)
{
	struct world *w = *state;
	see_all_the_way(w, 0, query, 40000);
	pairing_advance(w->p, 100 * MS);
	assert_int_equal(w->n, 0);
	pairing_advance(w->p, 100 * MS + 6);
	assert_int_equal(w->n, 1);
}

static void journeys_come_in_order_of_their_begin(void **state)
{
	struct world *w = *state;
	struct craft slow = query, quick = query;
	slow.smac = quick.smac = 1, slow.dmac = quick.dmac = 2, slow.src = quick.src = INSIDE,
	slow.dst = quick.dst = FAR;
	slow.ttl = quick.ttl = 64, slow.id = 1, quick.id = 2;
	see(w, 0, LAPTOP, true, slow);
	see(w, 1, LAPTOP, true, quick);
	see(w, 90 * MS, ROUTER_LAN, false, slow);
	pairing_advance(w->p, 150 * MS); /* the quick one is complete, the slow one may not be */
	assert_int_equal(w->n, 0);
	pairing_flush(w->p);
	assert_int_equal(w->got[0].j.at[0].number, 1);
}

/* --- as events */

static void record(struct world *w, struct trace *t, struct recorder *r, unsigned flags)
{
	*r = (struct recorder){0};
	trace_init(t, &clock_real, "test");
	recorder_attach(r, t);
	pairing_flush(w->p);
	for (size_t i = 0; i < w->n; i++)
		journey_emit(&w->got[i].j, w->c, t, flags);
}

static void emit_end_to_end_is_one_arrow_and_the_nat(void **state)
{
	struct world *w = *state;
	struct trace t;
	struct recorder r;
	see_all_the_way(w, 1000, query, 61000);
	record(w, &t, &r, 0);
	assert_int_equal(recorder_count(&r, EV_SEND, NULL), 1);
	assert_string_equal(r.ev[0].from, "laptop");
	assert_string_equal(r.ev[0].to, "server");
	assert_int_equal(r.ev[0].time, 1000);
	assert_non_null(strstr(r.ev[0].text, " via home-router (NAT: "));
	const struct recorded *nat = recorder_find(&r, 0, EV_STATE, "NAT", "192.168.1.100:40000");
	assert_non_null(nat);
	assert_string_equal(nat->actor, "home-router");
	assert_int_equal(trace_release(&t), ERR_OK);
	recorder_release(&r);
}

static void emit_hops_is_an_arrow_a_link_and_what_routers_change(void **state)
{
	struct world *w = *state;
	struct trace t;
	struct recorder r;
	see_all_the_way(w, 1000, query, 61000);
	record(w, &t, &r, JOURNEY_HOPS);
	static const char *const hosts[] = {"laptop", "home-router", "isp", "server"};
	size_t n = 0;
	for (size_t i = 0; i < r.n; i++) {
		if (r.ev[i].kind != EV_SEND)
			continue;
		assert_true(n < 3);
		assert_string_equal(r.ev[i].from, hosts[n]);
		assert_string_equal(r.ev[i].to, hosts[++n]);
	}
	assert_int_equal(n, 3);
	assert_int_equal(recorder_count(&r, EV_STATE, "NAT"), 1);
	assert_non_null(recorder_find(&r, 0, EV_STATE, "packet", "TTL: 64 -> 63"));
	assert_non_null(recorder_find(&r, 0, EV_STATE, "packet", "TTL: 63 -> 62"));
	assert_int_equal(trace_release(&t), ERR_OK);
	recorder_release(&r);
}

static void emit_of_a_packet_that_stops_says_so(void **state)
{
	struct world *w = *state;
	struct trace t;
	struct recorder r;
	struct craft c = query;
	c.smac = 1, c.dmac = 2, c.src = INSIDE, c.dst = FAR, c.ttl = 64;
	see(w, 0, LAPTOP, true, c);
	see(w, 1, ROUTER_LAN, false, c);
	record(w, &t, &r, 0);
	assert_string_equal(r.ev[0].to, "home-router");
	assert_non_null(strstr(r.ev[0].text, "meant for server, seen no further"));
	assert_int_equal(trace_release(&t), ERR_OK);
	recorder_release(&r);
}

static void emit_of_a_single_router_names_the_ends_by_address(void **state)
{
	struct world *w = *state;
	struct trace t;
	struct recorder r;
	struct craft c = query;
	c.smac = 1, c.dmac = 2, c.src = INSIDE, c.dst = "198.41.0.4", c.ttl = 64;
	see(w, 0, ROUTER_LAN, false, c);
	c.smac = 3, c.dmac = 4, c.src = OUTSIDE, c.ttl = 63;
	see(w, 1, ROUTER_WAN, true, c);
	record(w, &t, &r, JOURNEY_HOPS);
	assert_int_equal(recorder_count(&r, EV_SEND, NULL), 2);
	assert_string_equal(r.ev[0].from, "laptop");
	assert_string_equal(r.ev[0].to, "home-router");
	assert_string_equal(r.ev[r.n - 1].from, "home-router");
	assert_string_equal(r.ev[r.n - 1].to, "198.41.0.4");
	assert_int_equal(trace_release(&t), ERR_OK);
	recorder_release(&r);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_world, end_world)
	const struct CMUnitTest tests[] = {
	    T(link_both_ends_are_one_journey),
	    T(router_two_sides_are_one_packet),
	    T(router_of_ipv6_two_sides_are_one_packet),
	    T(nat_all_the_way_is_one_packet),
	    T(nat_of_tcp_is_known_by_what_stays),
	    T(nat_of_echo_may_change_its_identifier),
	    T(nat_of_icmp_error_changes_what_it_quotes),
	    T(retransmission_is_another_packet),
	    T(retransmission_dropped_at_the_router_is_another_packet),
	    T(two_identical_queries_at_once_stay_apart),
	    T(two_identical_queries_with_new_ports_keep_their_order),
	    T(echoed_payload_is_not_the_same_packet),
	    T(arp_broadcast_reaches_everyone_on_the_lan),
	    T(bridge_passes_the_same_frame),
	    T(unwatched_router_leaves_a_gap),
	    T(full_table_gives_out_the_oldest),
	    T(window_gives_out_what_is_complete),
	    T(journeys_come_in_order_of_their_begin),
	    T(emit_end_to_end_is_one_arrow_and_the_nat),
	    T(emit_hops_is_an_arrow_a_link_and_what_routers_change),
	    T(emit_of_a_packet_that_stops_says_so),
	    T(emit_of_a_single_router_names_the_ends_by_address),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
