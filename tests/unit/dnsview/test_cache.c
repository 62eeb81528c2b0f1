/* The cache, the memory of servers, the addresses that are never asked, the choice of a server. */
#include <stdio.h>
#include <string.h>

#include "dnsview/cache.h"
#include "dnsview/policy.h"
#include "dnsview/slist.h"
#include "glassnet/clock.h"
#include "torture.h"

static struct dname name(const char *text)
{
	struct dname n;
	const char *why;
	assert_int_equal(dname_parse(&n, text, &why), ERR_OK);
	return n;
}

static void put(struct cache *c, enum cache_kind kind, const char *text, uint32_t ttl, int64_t now)
{
	struct dname n = name(text);
	assert_int_equal(
	    cache_put(c, (struct cache_put){.kind = kind, .name = &n, .type = 1, .ttl = ttl, .from = &n, .now = now}),
	    ERR_OK);
}

static enum cache_state state_of(struct cache *c, enum cache_kind kind, const char *text, int64_t now)
{
	struct dname n = name(text);
	const struct cache_entry *e;
	return cache_find(c, kind, &n, 1, now, &e);
}

static void entry_lives_until_its_ttl_is_over_and_not_a_moment_longer(void **state)
{
	struct cache *c = cache_new(10);
	(void)state;
	put(c, CACHE_ANSWER, "a", 10, 0);
	assert_int_equal(state_of(c, CACHE_ANSWER, "A", 10 * NS_PER_S - 1), CACHE_FRESH);
	assert_int_equal(state_of(c, CACHE_ANSWER, "a", 10 * NS_PER_S), CACHE_EXPIRED);
	assert_int_equal(state_of(c, CACHE_ANSWER, "b", 0), CACHE_ABSENT);
	assert_int_equal(state_of(c, CACHE_GLUE, "a", 0), CACHE_ABSENT);
	cache_free(c);
}

static void entry_put_again_is_replaced(void **state)
{
	struct cache *c = cache_new(10);
	(void)state;
	put(c, CACHE_ANSWER, "a", 10, 0);
	put(c, CACHE_ANSWER, "a", 5, 0);
	assert_int_equal(cache_count(c), 1);
	assert_int_equal(state_of(c, CACHE_ANSWER, "a", 6 * NS_PER_S), CACHE_EXPIRED);
	cache_free(c);
}

static void cache_never_holds_more_than_its_bound(void **state)
{
	struct cache *c = cache_new(100);
	char text[16];
	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(text, sizeof(text), "n%u", i);
		put(c, CACHE_ANSWER, text, 10, i);
		assert_int_equal(state_of(c, CACHE_ANSWER, text, i), CACHE_FRESH);
		assert_true(cache_count(c) <= 100);
	}
	cache_free(c);
}

static void ttl_bounds(void **state)
{
	(void)state;
	assert_int_equal(ttl_bounded(10, 100), 10);
	assert_int_equal(ttl_bounded(1000, 100), 100);
	assert_int_equal(ttl_bounded(0x7fffffff, 100), 100);
	assert_int_equal(ttl_bounded(0x80000000u, 100), 0);
	assert_int_equal(ttl_bounded(0xffffffffu, 100), 0);
}

static const char *refused(const char *text, bool special)
{
	struct policy p = {.allow_special = special};
	struct ip ip;
	assert_int_equal(ip_parse(&ip, text), ERR_OK);
	return policy_refuses(&p, &ip);
}

static void addresses_that_mean_us_or_everybody_are_never_asked(void **state)
{
	static const char *const never[] = {"0.0.0.0", "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1",
	    "255.255.255.255", "::", "ff02::1", "::ffff:127.0.0.1"};
	static const char *const special[] = {"127.0.0.1", "127.255.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255",
	    "192.168.1.1", "169.254.1.1", "100.64.0.1", "192.0.2.1", "198.51.100.1", "203.0.113.1", "::1", "fd00::1",
	    "fe80::1", "2001:db8::1"};
	static const char *const fine[] = {"198.41.0.4", "172.32.0.1", "172.15.255.255", "100.128.0.1", "192.0.3.1",
	    "2001:503:ba3e::2:30", "2001:db9::1", "::2"};
	(void)state;
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		assert_true(refused(never[i], false) && refused(never[i], true));
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		assert_true(refused(special[i], false) && !refused(special[i], true));
	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
		assert_null(refused(fine[i], false));
}

static void fill(void *ctx, void *buf, size_t len)
{
	memset(buf, *(int *)ctx, len);
}

static void choice_prefers_the_fastest_then_the_unknown_then_the_doubtful(void **state)
{
	static struct servers known;
	struct slist s;
	struct dname zone = name("z"), ns = name("ns.z");
	struct ip a = ip_from(4, "\1\1\1\1"), b = ip_from(4, "\2\2\2\2"), c = ip_from(4, "\3\3\3\3");
	unsigned at, of;
	int dice = 0;
	struct rng rng = {.fill = fill, .ctx = &dice};
	(void)state;
	memset(&known, 0, sizeof(known));
	slist_init(&s, &zone);
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_NONE);
	assert_true(slist_add_ns(&s, &ns) && !slist_add_ns(&s, &ns));
	assert_true(slist_add_address(&s, 0, &a) && !slist_add_address(&s, 0, &a));
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_ONLY);
	assert_true(slist_add_address(&s, 0, &b) && slist_add_address(&s, 0, &c));
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_RANDOM);
	assert_true(at == 0 && of == 3);
	dice = 0xff;
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_RANDOM);
	assert_int_equal(at, 2);
	servers_note_answer(&known, &b, 5 * NS_PER_MS, 0);
	servers_note_answer(&known, &c, 3 * NS_PER_MS, 0);
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_FASTEST);
	assert_int_equal(at, 2);
	servers_note_dead(&known, &c, 0);
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_FASTEST);
	assert_int_equal(at, 1);
	s.address[0].dropped = s.address[1].dropped = true;
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_DOUBTFUL);
	assert_int_equal(slist_choose(&s, &known, SERVER_BAD_NS, rng, &at, &of), CHOICE_FASTEST);
	s.address[2].tries = 1;
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_AGAIN);
	s.address[2].tries = SLIST_TRIES;
	assert_int_equal(slist_choose(&s, &known, 0, rng, &at, &of), CHOICE_NONE);
}

static void memory_of_servers_is_bounded(void **state)
{
	static struct servers known;
	struct dname zone = name("z");
	(void)state;
	memset(&known, 0, sizeof(known));
	for (uint32_t i = 0; i < 3 * SERVERS_MAX; i++) {
		struct ip ip = ip_from(4, &i);
		servers_note_dead(&known, &ip, 0);
		servers_note_lame(&known, &ip, &zone, false, 0);
		assert_int_equal(servers_lameness(&known, &ip, &zone, 1), LAME);
	}
	assert_int_equal(known.n, SERVERS_MAX);
	assert_int_equal(known.n_lame, LAME_MAX);
}

static void server_that_fails_again_is_left_alone_twice_as_long(void **state)
{
	static struct servers known;
	struct ip a = ip_from(4, "\1\1\1\1");
	int64_t now = 0, wait = SERVER_BAD_NS;
	(void)state;
	memset(&known, 0, sizeof(known));
	for (unsigned i = 0; i < 20; i++) {
		servers_note_dead(&known, &a, now);
		assert_int_equal(servers_find(&known, &a)->bad_until, now + wait);
		now += wait;
		wait = wait * 2 < SERVER_BAD_MAX_NS ? wait * 2 : SERVER_BAD_MAX_NS;
	}
	servers_note_answer(&known, &a, NS_PER_MS, now);
	assert_int_equal(servers_find(&known, &a)->bad_until, 0);
	servers_note_dead(&known, &a, now);
	assert_int_equal(servers_find(&known, &a)->bad_until, now + SERVER_BAD_NS);
}

static void round_trip_is_smoothed_and_forgotten_in_the_end(void **state)
{
	static struct servers known;
	struct ip a = ip_from(4, "\1\1\1\1");
	(void)state;
	memset(&known, 0, sizeof(known));
	servers_note_answer(&known, &a, 80 * NS_PER_MS, 0);
	servers_note_answer(&known, &a, 160 * NS_PER_MS, 0);
	assert_int_equal(servers_srtt(servers_find(&known, &a), 0), 90 * NS_PER_MS);
	assert_int_equal(servers_srtt(servers_find(&known, &a), SERVER_RTT_NS - 1), 90 * NS_PER_MS);
	assert_int_equal(servers_srtt(servers_find(&known, &a), SERVER_RTT_NS), 0);
	servers_note_answer(&known, &a, 10 * NS_PER_MS, SERVER_RTT_NS);
	assert_int_equal(servers_srtt(servers_find(&known, &a), SERVER_RTT_NS), 10 * NS_PER_MS);
	assert_int_equal(servers_srtt(NULL, 0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(entry_lives_until_its_ttl_is_over_and_not_a_moment_longer),
	    cmocka_unit_test(entry_put_again_is_replaced),
	    cmocka_unit_test(cache_never_holds_more_than_its_bound),
	    cmocka_unit_test(ttl_bounds),
	    cmocka_unit_test(addresses_that_mean_us_or_everybody_are_never_asked),
	    cmocka_unit_test(choice_prefers_the_fastest_then_the_unknown_then_the_doubtful),
	    cmocka_unit_test(memory_of_servers_is_bounded),
	    cmocka_unit_test(server_that_fails_again_is_left_alone_twice_as_long),
	    cmocka_unit_test(round_trip_is_smoothed_and_forgotten_in_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
