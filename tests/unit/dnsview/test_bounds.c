/* The resolver against a scripted network: how much work is done at most, and how long a "no" or a TTL
 * counts. */
#include "tree.h"

/* --- rule 8: bounds ---------------------------------------------------------------------------- */

static void zones_that_depend_on_each_other_in_a_circle_are_given_up(void **state)
{
	static const struct canned script[] = {{ROOT, "www.a.", "A", "", NULL, "a. 3600 NS ns.b.", NULL, SAY},
	    {ROOT, "ns.a.", "*", "", NULL, "a. 3600 NS ns.b.", NULL, SAY},
	    {ROOT, "ns.b.", "*", "", NULL, "b. 3600 NS ns.a.", NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_true(net_lookup(&n, "www.a", LDNS_RR_TYPE_A) < 10);
	assert_int_equal(n.res.err, ERR_LAME);
	assert_true(net_decided(&n, "ns-cycle"));
	assert_int_equal(net_lookup(&n, "www.a", LDNS_RR_TYPE_A), 0); /* the failure is remembered */
	net_down(&n);
}

/* A referral to eighteen name servers elsewhere that do not exist: NXNSAttack in small. */
static void name_servers_without_address_cost_a_bounded_number_of_lookups(void **state)
{
	static char ns[18 * 24];
	static const struct canned script[] = {{ROOT, "www.victim.", "A", "", NULL, ns, NULL, SAY},
	    {ROOT, "*", "*", "aa nxdomain", NULL, NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	ns[0] = '\0';
	for (unsigned i = 0; i < 18; i++)
		snprintf(ns + strlen(ns), sizeof(ns) - strlen(ns), "victim. 60 NS %c.x.\n", 'a' + i);
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "www.victim", LDNS_RR_TYPE_A), 1 + NS_LOOKUPS_DELEGATION_MAX);
	assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
	assert_true(net_decided(&n, "ns-bound"));
	net_down(&n);
}

/* Every zone is served by a name in the next one: look-ups wait for look-ups, to a bounded depth. */
static void name_servers_behind_name_servers_are_followed_to_a_bounded_depth(void **state)
{
	static char text[12][3][64];
	struct canned script[13] = {END};
	struct net n;
	(void)state;
	memset(script, 0, sizeof(script));
	for (unsigned i = 0; i < 12; i++) {
		snprintf(text[i][0], 64, "%s.z%u.", i ? "ns" : "www", i);
		snprintf(text[i][1], 64, "z%u. 60 NS ns.z%u.", i, i + 1);
		script[i] = (struct canned){ROOT, text[i][0], "*", "", NULL, text[i][1], NULL, SAY};
	}
	net_up(&n, script);
	net_lookup(&n, "www.z0", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
	assert_true(net_decided(&n, "ns-bound"));
	for (size_t i = 0; i < n.n; i++)
		assert_true(strcmp(n.asked[i].name, "ns.z7.") != 0);
	net_down(&n);
}

/* Each zone leads one label deeper and has four addresses, of which one answers: the budget is one for all
 * levels. */
static void queries_of_one_lookup_are_bounded(void **state)
{
	enum { LEVELS = 100 };
	static char names[LEVELS][300], ns[LEVELS][640], glue[LEVELS][2400], servers[LEVELS][IP_TEXT];
	static struct canned script[LEVELS + 1];
	struct net n;
	char name[300] = "";
	(void)state;
	for (unsigned i = 0; i < LEVELS; i++) {
		memmove(name + 2, name, strlen(name) + 1);
		memcpy(name, "a.", 2);
		snprintf(names[i], sizeof(names[i]), "%s", name);
		snprintf(servers[i], IP_TEXT, "192.0.3.%u", i);
		snprintf(ns[i], sizeof(ns[i]), "%s 60 NS ns.%s", name, name);
		snprintf(glue[i], sizeof(glue[i]),
		    "ns.%s 60 A 192.0.3.%u\nns.%s 60 A 192.0.4.%u\nns.%s 60 A 192.0.5.%u\nns.%s 60 A "
		    "192.0.6.%u",
		    name, i, name, i, name, i, name, i);
		script[i] = (struct canned){i ? servers[i - 1] : ROOT, "*", "*", "", NULL, ns[i], glue[i], SAY};
	}
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, names[LEVELS - 1], LDNS_RR_TYPE_A), QUERIES_MAX);
	assert_int_equal(n.res.err, ERR_BUDGET);
	assert_non_null(strstr(n.res.why, "200 queries"));
	net_down(&n);
}

static void name_server_that_is_an_alias_is_refused(void **state)
{
	static const struct canned script[] = {{ROOT, "www.a.", "A", "", NULL, "a. 3600 NS ns.b.", NULL, SAY},
	    {ROOT, "ns.b.", "*", "aa", "ns.b. 300 CNAME real.b.", NULL, NULL, SAY},
	    {ROOT, "real.b.", "*", "aa", "real.b. 300 A 192.0.2.1", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.a", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
	assert_int_equal(net_asked(&n, "192.0.2.1"), 0);
	for (size_t i = 0; i < n.n; i++)
		assert_true(strcmp(n.asked[i].name, "real.b.") != 0);
	net_down(&n);
}

static void name_server_within_its_own_zone_without_glue_is_left_out(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "", NULL, "a. 3600 NS ns.a.", NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "www.a", LDNS_RR_TYPE_A), 1);
	assert_int_equal(n.res.err, ERR_LAME);
	assert_true(net_decided(&n, "glue-missing"));
	net_down(&n);
}

/* --- rule 10: negative answers ----------------------------------------------------------------- */

static void nxdomain_is_kept_for_the_least_of_ttl_and_minimum(void **state)
{
	static const struct canned script[] = {
	    REFERRAL_EDU, REFERRAL_CMU, {CMU, "*", "*", "aa nxdomain", NULL, SOA_CMU, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "missing.cmu.edu", LDNS_RR_TYPE_A), 3);
	assert_int_equal(n.res.err, ERR_NEGATIVE);
	assert_int_equal(n.res.outcome, OUTCOME_NXDOMAIN);
	n.now += 299 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "missing.cmu.edu", LDNS_RR_TYPE_A), 0);
	n.now += 2 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "missing.cmu.edu", LDNS_RR_TYPE_A), 1);
	net_down(&n);
}

static void nxdomain_covers_every_type_and_all_names_below(void **state)
{
	static const struct canned script[] = {
	    REFERRAL_EDU, REFERRAL_CMU, {CMU, "*", "*", "aa nxdomain", NULL, SOA_CMU, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "missing.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_lookup(&n, "missing.cmu.edu", LDNS_RR_TYPE_MX), 0);
	assert_int_equal(net_lookup(&n, "a.b.missing.cmu.edu", LDNS_RR_TYPE_A), 0);
	assert_int_equal(n.res.outcome, OUTCOME_NXDOMAIN);
	assert_int_equal(net_lookup(&n, "other.cmu.edu", LDNS_RR_TYPE_A), 1);
	net_down(&n);
}

static void nodata_is_kept_for_its_type_only(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "*", "A", "aa", NULL, SOA_CMU, NULL, SAY},
	    {CMU, "*", "TXT", "aa", "nodata.cmu.edu. 60 TXT \"x\"", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "nodata.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.outcome, OUTCOME_NODATA);
	assert_int_equal(net_lookup(&n, "nodata.cmu.edu", LDNS_RR_TYPE_A), 0);
	assert_int_equal(n.res.outcome, OUTCOME_NODATA);
	assert_int_equal(net_lookup(&n, "nodata.cmu.edu", LDNS_RR_TYPE_TXT), 1);
	assert_int_equal(n.res.err, ERR_OK);
	net_down(&n);
}

static void negative_answer_with_another_zones_soa_is_not_kept(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "*", "*", "aa nxdomain", NULL, "edu. 900 SOA a. b. 1 7200 900 604800 300", NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "missing.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.outcome, OUTCOME_NXDOMAIN);
	assert_int_equal(net_lookup(&n, "missing.cmu.edu", LDNS_RR_TYPE_A), 1);
	assert_true(net_decided(&n, "negative-not-kept"));
	net_down(&n);
}

static void negative_ttl_is_three_hours_at_most(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "aa nxdomain", NULL, ". 999999 SOA a. b. 1 7200 900 604800 999999", NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "missing", LDNS_RR_TYPE_A);
	n.now += 10798 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "missing", LDNS_RR_TYPE_A), 0);
	n.now += 2 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "missing", LDNS_RR_TYPE_A), 1);
	net_down(&n);
}

/* --- rule 13: TTLs ----------------------------------------------------------------------------- */

static void ttl_with_the_high_bit_is_zero_and_the_longest_is_a_day(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "high.", "*", "aa", "high. 2147483649 A 192.0.2.1", NULL, NULL, SAY},
	    {ROOT, "long.", "*", "aa", "long. 604800 A 192.0.2.1", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "high", LDNS_RR_TYPE_A);
	assert_int_equal(net_ttl(&n, 0), 0);
	n.now += NS_PER_S;
	assert_int_equal(net_lookup(&n, "high", LDNS_RR_TYPE_A), 1);
	net_lookup(&n, "long", LDNS_RR_TYPE_A);
	assert_int_equal(net_ttl(&n, 0), 86400);
	n.now += 86398 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "long", LDNS_RR_TYPE_A), 0);
	n.now += 2 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "long", LDNS_RR_TYPE_A), 1);
	net_down(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(zones_that_depend_on_each_other_in_a_circle_are_given_up),
	    cmocka_unit_test(name_servers_without_address_cost_a_bounded_number_of_lookups),
	    cmocka_unit_test(name_servers_behind_name_servers_are_followed_to_a_bounded_depth),
	    cmocka_unit_test(queries_of_one_lookup_are_bounded),
	    cmocka_unit_test(name_server_that_is_an_alias_is_refused),
	    cmocka_unit_test(name_server_within_its_own_zone_without_glue_is_left_out),
	    cmocka_unit_test(nxdomain_is_kept_for_the_least_of_ttl_and_minimum),
	    cmocka_unit_test(nxdomain_covers_every_type_and_all_names_below),
	    cmocka_unit_test(nodata_is_kept_for_its_type_only),
	    cmocka_unit_test(negative_answer_with_another_zones_soa_is_not_kept),
	    cmocka_unit_test(negative_ttl_is_three_hours_at_most),
	    cmocka_unit_test(ttl_with_the_high_bit_is_zero_and_the_longest_is_a_day),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
