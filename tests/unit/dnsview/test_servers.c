/* The resolver against a scripted network: servers that are silent, lame, cut their answers or cannot be
 * reached. */
#include "tree.h"

/* --- rule 9: TCP and EDNS ---------------------------------------------------------------------- */

static void truncated_answer_is_asked_again_over_tcp(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "aa", "big. 300 TXT \"x\"", NULL, NULL, CUT_UDP}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "big", LDNS_RR_TYPE_TXT), 2);
	assert_true(n.asked[1].tcp);
	assert_int_equal(n.res.err, ERR_OK);
	net_down(&n);
}

static void formerr_is_asked_again_without_edns_and_remembered(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "aa", "old. 0 A 192.0.2.1", NULL, NULL, NO_EDNS}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "old", LDNS_RR_TYPE_A), 2);
	assert_true(n.asked[0].question.edns);
	assert_false(n.asked[1].question.edns);
	assert_int_equal(n.res.err, ERR_OK);
	assert_int_equal(net_lookup(&n, "old", LDNS_RR_TYPE_A), 1);
	net_down(&n);
}

static void connection_closed_too_early_is_a_network_failure(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "aa", "a. 0 A 192.0.2.1", NULL, NULL, CLOSED}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 1);
	assert_int_equal(n.res.err, ERR_CLOSED);
	net_down(&n);
}

/* --- rule 14: servers of no use ---------------------------------------------------------------- */

#define ROOT_B "170.247.170.2"
#define TWO_ROOTS                                                                                                    \
	". 3600000 NS a.root.\na.root. 3600000 A 198.41.0.4\n. 3600000 NS b.root.\nb.root. 3600000 A "               \
	"170.247.170.2\n"

/* One of two servers fails in some way: the other one answers, and the bad one is asked once at most. */
static unsigned ask_two(struct canned bad)
{
	const char *good = strcmp(bad.server, ROOT) == 0 ? ROOT_B : ROOT;
	struct canned script[] = {bad, {good, "*", "*", "aa", "a. 0 A 192.0.2.1", NULL, NULL, SAY}, END};
	struct net n;
	net_config(&n, script, TWO_ROOTS, net_default);
	for (unsigned i = 0; i < 6; i++) {
		net_lookup(&n, "a", LDNS_RR_TYPE_A);
		assert_int_equal(n.res.err, ERR_OK);
	}
	unsigned asked = net_asked(&n, bad.server);
	assert_true(asked <= 1);
	net_down(&n);
	return asked;
}

/* Whichever of the two the dice choose first, one of the cases asks the bad one. */
static void expect_next_server(struct canned bad)
{
	unsigned asked = ask_two(bad);
	bad.server = ROOT_B;
	assert_int_equal(asked + ask_two(bad), 1);
}

static void server_that_refuses_or_fails_is_left_for_the_next(void **state)
{
	(void)state;
	expect_next_server((struct canned){ROOT, "*", "*", "refused", NULL, NULL, NULL, SAY});
	expect_next_server((struct canned){ROOT, "*", "*", "servfail", NULL, NULL, NULL, SAY});
	expect_next_server((struct canned){ROOT, "*", "*", "aa", "a. 0 A 192.0.2.1", NULL, NULL, GARBAGE});
}

/* RA and no AA: somebody's resolver. Nothing at all and no AA: it does not know the zone. */
static void hearsay_is_left_for_a_server_of_the_zone(void **state)
{
	(void)state;
	expect_next_server((struct canned){ROOT, "*", "*", "", NULL, NULL, NULL, SAY});
	expect_next_server((struct canned){ROOT, "*", "*", "ra", "a. 0 A 203.0.113.66", NULL, NULL, SAY});
	expect_next_server((struct canned){ROOT, "*", "*", "ra nxdomain", NULL, NULL, NULL, SAY});
}

static void answer_without_authority_is_taken_and_told(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "", "a. 60 A 192.0.2.1", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 1);
	assert_string_equal(net_answer(&n, 0), "192.0.2.1");
	assert_true(net_decided(&n, "answer-without-authority"));
	net_down(&n);
}

static void resolvers_are_asked_to_recurse_where_nobody_better_is_left(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "ra", "a. 60 A 192.0.2.1", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 2);
	assert_string_equal(net_answer(&n, 0), "192.0.2.1");
	assert_false(n.asked[0].question.recursion);
	assert_true(n.asked[1].question.recursion);
	assert_true(net_decided(&n, "server-is-resolver"));
	assert_true(net_decided(&n, "resolvers-asked"));
	net_down(&n);
}

static void server_that_is_dead_is_left_for_the_next(void **state)
{
	(void)state;
	expect_next_server((struct canned){ROOT, "*", "*", "", NULL, NULL, NULL, UNREACHABLE});
	expect_next_server((struct canned){ROOT, "*", "*", "", NULL, NULL, NULL, SILENT});
}

static void lame_server_is_remembered_for_its_zone_for_a_minute(void **state)
{
	static const struct canned script[] = {
	    REFERRAL_EDU, REFERRAL_CMU, {CMU, "*", "*", "refused", NULL, NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_LAME);
	assert_int_equal(net_lookup(&n, "ftp.cmu.edu", LDNS_RR_TYPE_A), 1); /* has the zone moved? */
	assert_string_equal(n.asked[n.n - 1].server, EDU);
	assert_true(net_decided(&n, "delegation-renewed"));
	assert_true(net_decided(&n, "server-remembered-lame"));
	n.now += 61 * NS_PER_S;
	net_lookup(&n, "ftp.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_asked(&n, CMU), 2);
	net_down(&n);
}

static void silent_server_is_asked_twice_the_second_time_with_more_patience(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "", NULL, NULL, NULL, SILENT}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 2);
	assert_int_equal(n.res.err, ERR_TIMEOUT);
	assert_int_equal(n.asked[0].timeout_ns, 800 * NS_PER_MS);
	assert_int_equal(n.asked[1].timeout_ns, 2 * NS_PER_S);
	net_down(&n);
}

static void silence_of_eight_in_a_row_ends_the_search(void **state)
{
	static const struct canned script[] = {END};
	struct net n;
	(void)state;
	net_config(&n, script, root_hints_text, net_default);
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), SLIST_MAX_SILENT);
	assert_int_equal(n.res.err, ERR_TIMEOUT);
	net_down(&n);
}

static void failure_is_remembered_for_five_seconds(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "", NULL, NULL, NULL, SILENT}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "a", LDNS_RR_TYPE_A);
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 0);
	assert_int_equal(n.res.err, ERR_TIMEOUT);
	n.now += 6 * NS_PER_S;
	assert_true(net_lookup(&n, "a", LDNS_RR_TYPE_A) > 0);
	net_down(&n);
}

/* --- families ---------------------------------------------------------------------------------- */

#define BOTH_FAMILIES ". 1 NS a.root.\na.root. 1 A 198.41.0.4\na.root. 1 AAAA 2001:503:ba3e::2:30\n"

static void only_the_wanted_family_is_asked(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "aa", "a. 0 A 192.0.2.1", NULL, NULL, SAY},
	    {ROOT_V6, "*", "*", "aa", "a. 0 A 192.0.2.1", NULL, NULL, SAY}, END};
	struct net n;
	struct resolver_config config = net_default;
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		config.use_v4 = i == 0;
		config.use_v6 = i == 1;
		net_config(&n, script, BOTH_FAMILIES, config);
		for (unsigned k = 0; k < 4; k++)
			assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 1);
		assert_int_equal(net_asked(&n, i ? ROOT : ROOT_V6), 0);
		net_down(&n);
	}
}

static void family_without_a_route_is_tried_last_and_told_once(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "aa", "a. 0 A 192.0.2.1", NULL, NULL, SAY},
	    {"2001:db8::1", "*", "*", "", NULL, NULL, NULL, NO_ROUTE},
	    {"2001:db8::2", "*", "*", "", NULL, NULL, NULL, NO_ROUTE},
	    {"2001:db8::3", "*", "*", "", NULL, NULL, NULL, NO_ROUTE}, END};
	static const char hints[] = ". 1 NS a.\n. 1 NS b.\n. 1 NS c.\n. 1 NS d.\na. 1 A 198.41.0.4\n"
	                            "b. 1 AAAA 2001:db8::1\nc. 1 AAAA 2001:db8::2\nd. 1 AAAA 2001:db8::3\n";
	struct net n;
	size_t told = 0;
	(void)state;
	for (uint32_t dice = 1; dice <= 8; dice++) { /* whichever is drawn first */
		net_config(&n, script, hints, net_default);
		n.dice = dice * 77777;
		assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 1);
		assert_int_equal(n.res.err, ERR_OK);
		assert_true(recorder_count(&n.rec, EV_DECISION, "no-route") <= 1);
		told += recorder_count(&n.rec, EV_DECISION, "no-route");
		assert_int_equal(recorder_count(&n.rec, EV_SEND, NULL), 1);
		net_down(&n);
	}
	assert_true(told > 0);
}

static void no_route_at_all_is_said_so(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "", NULL, NULL, NULL, NO_ROUTE},
	    {ROOT_V6, "*", "*", "", NULL, NULL, NULL, NO_ROUTE}, END};
	struct net n;
	(void)state;
	net_config(&n, script, BOTH_FAMILIES, net_default);
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 0);
	assert_int_equal(n.res.err, ERR_UNREACHABLE);
	assert_non_null(strstr(n.res.why, "is the network up?"));
	net_down(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(truncated_answer_is_asked_again_over_tcp),
	    cmocka_unit_test(formerr_is_asked_again_without_edns_and_remembered),
	    cmocka_unit_test(connection_closed_too_early_is_a_network_failure),
	    cmocka_unit_test(server_that_refuses_or_fails_is_left_for_the_next),
	    cmocka_unit_test(hearsay_is_left_for_a_server_of_the_zone),
	    cmocka_unit_test(answer_without_authority_is_taken_and_told),
	    cmocka_unit_test(resolvers_are_asked_to_recurse_where_nobody_better_is_left),
	    cmocka_unit_test(server_that_is_dead_is_left_for_the_next),
	    cmocka_unit_test(lame_server_is_remembered_for_its_zone_for_a_minute),
	    cmocka_unit_test(silent_server_is_asked_twice_the_second_time_with_more_patience),
	    cmocka_unit_test(silence_of_eight_in_a_row_ends_the_search),
	    cmocka_unit_test(failure_is_remembered_for_five_seconds),
	    cmocka_unit_test(only_the_wanted_family_is_asked),
	    cmocka_unit_test(family_without_a_route_is_tried_last_and_told_once),
	    cmocka_unit_test(no_route_at_all_is_said_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
