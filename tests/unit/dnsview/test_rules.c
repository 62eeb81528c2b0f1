/* The sixteen rules of a resolver that one would trust (resolver.h): each has one test here, which bears its name. What
 * more there is to each is tested beside it: test_trust, test_bounds, test_servers, the scenarios. */
#include "dnsview/request.h"
#include "tree.h"

static struct dname dname_of(const char *text)
{
	struct dname d;
	const char *why;
	assert_int_equal(dname_parse(&d, text, &why), ERR_OK);
	return d;
}

static bool is_kept(struct net *n, enum cache_kind kind, const char *name, uint16_t type)
{
	const struct cache_entry *e;
	struct dname d = dname_of(name);
	return cache_find(n->r.cache, kind, &d, type, n->now, &e) == CACHE_FRESH;
}

static void rule_1_a_response_must_match_its_question(void **state)
{
	static const enum how lies[] = {WRONG_ID, WRONG_NAME, QUERY_BACK};
	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		struct canned script[] = {{ROOT, "*", "*", "aa", "a. 60 A 203.0.113.66", NULL, NULL, lies[i]}, END};
		struct net n;
		net_up(&n, script);
		net_lookup(&n, "a", LDNS_RR_TYPE_A);
		assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
		assert_true(net_decided(&n, "response-refused"));
		net_down(&n);
	}
}

static void rule_2_the_case_of_letters_must_come_back_or_tcp_is_used(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "aa", "www.cmu.edu. 60 A 192.0.2.66", NULL, NULL, LOWER}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_false(n.asked[0].tcp);
	assert_true(n.asked[1].tcp);
	net_down(&n);
}

static void rule_3_a_server_is_believed_below_its_zone_only(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU,
	    {EDU, "*", "*", "", NULL, "com. 3600 NS evil.com.", "evil.com. 3600 A 203.0.113.66", SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_false(is_kept(&n, CACHE_DELEGATION, "com", LDNS_RR_TYPE_NS));
	assert_int_equal(net_asked(&n, EVIL), 0);
	net_down(&n);
}

static void rule_4_glue_leads_to_servers_and_answers_nobody(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("300"),
	    {CMU, "ns1.cmu.edu.", "A", "aa", "ns1.cmu.edu. 300 A 192.0.2.99", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_true(is_kept(&n, CACHE_GLUE, "ns1.cmu.edu", LDNS_RR_TYPE_A));
	assert_int_equal(net_lookup(&n, "ns1.cmu.edu", LDNS_RR_TYPE_A), 1);
	assert_string_equal(net_answer(&n, 0), "192.0.2.99");
	net_down(&n);
}

static void rule_5_name_servers_beside_an_answer_are_discarded(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "*", "A", "aa", "www.cmu.edu. 60 A 192.0.2.66", "cmu.edu. 9999 NS evil.cmu.edu.",
	        "evil.cmu.edu. 9999 A 203.0.113.66", SAY},
	    END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_true(net_decided(&n, "authority-ignored"));
	assert_false(is_kept(&n, CACHE_GLUE, "evil.cmu.edu", LDNS_RR_TYPE_A));
	net_down(&n);
}

static void rule_6_a_child_does_not_prolong_its_delegation(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "cmu.edu.", "NS", "aa", "cmu.edu. 86400 NS ns1.cmu.edu.", NULL, NULL, SAY}, WWW("60"), END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "cmu.edu", LDNS_RR_TYPE_NS);
	n.now += 3601 * NS_PER_S; /* the parent's TTL */
	assert_false(is_kept(&n, CACHE_DELEGATION, "cmu.edu", LDNS_RR_TYPE_NS));
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_asked(&n, EDU), 2);
	net_down(&n);
}

static void rule_7_aliases_are_bounded_and_circles_noticed(void **state)
{
	static const struct canned script[] = {{ROOT, "a.", "A", "aa", "a. 60 CNAME b.", NULL, NULL, SAY},
	    {ROOT, "b.", "A", "aa", "b. 60 CNAME a.", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 2);
	assert_int_equal(n.res.err, ERR_BUDGET);
	net_down(&n);
}

static void rule_8_name_servers_addresses_have_a_budget(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "www.a.", "*", "", NULL,
	        "a. 60 NS a.x.\na. 60 NS b.x.\na. 60 NS c.x.\na. 60 NS d.x.\na. 60 NS "
	        "e.x.\na. 60 NS f.x.\na. 60 NS g.x.\na. 60 NS h.x.\na. 60 NS i.x.",
	        NULL, SAY},
	    {ROOT, "*", "*", "aa nxdomain", NULL, NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "www.a", LDNS_RR_TYPE_A), 1 + NS_LOOKUPS_DELEGATION_MAX);
	assert_true(net_decided(&n, "ns-bound"));
	assert_int_equal(net_lookup(&n, "www.a", LDNS_RR_TYPE_A), 0); /* the failure is remembered */
	net_down(&n);
}

static void rule_9_a_cut_answer_is_fetched_over_tcp_and_edns_given_up(void **state)
{
	static const struct canned cut[] = {{ROOT, "*", "*", "aa", "a. 60 A 192.0.2.1", NULL, NULL, CUT_UDP}, END};
	static const struct canned old[] = {{ROOT, "*", "*", "aa", "a. 60 A 192.0.2.1", NULL, NULL, NO_EDNS}, END};
	struct net n;
	(void)state;
	net_up(&n, cut);
	net_lookup(&n, "a", LDNS_RR_TYPE_A);
	assert_true(n.asked[1].tcp);
	assert_int_equal(n.res.err, ERR_OK);
	net_down(&n);
	net_up(&n, old);
	net_lookup(&n, "a", LDNS_RR_TYPE_A);
	assert_true(n.asked[0].question.edns);
	assert_false(n.asked[1].question.edns);
	assert_int_equal(n.res.err, ERR_OK);
	net_down(&n);
}

static void rule_10_a_no_lives_as_long_as_its_soa_says(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "aa nxdomain", NULL, ". 900 SOA a. b. 1 7200 900 604800 300", NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "a", LDNS_RR_TYPE_A);
	assert_int_equal(net_lookup(&n, "b.a", LDNS_RR_TYPE_A), 0); /* RFC 8020 */
	n.now += 301 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "a", LDNS_RR_TYPE_A), 1);
	net_down(&n);
}

/* That it is given out only after a try to refresh it is the server's part: tests/lab/dnsview-serve.test. */
static void rule_11_a_stale_answer_goes_out_for_thirty_seconds_at_most(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "aa", "a. 3000 A 192.0.2.1", NULL, NULL, SAY}, END};
	static const uint8_t query[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
	static uint8_t out[DNS_MESSAGE_MAX];
	struct net n;
	struct stored st;
	struct request q;
	struct message m;
	size_t at;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "a", LDNS_RR_TYPE_A);
	assert_int_equal(stored_make(&st, &n.res), ERR_OK);
	assert_true(request_parse(&q, query, sizeof(query)));
	size_t len = stored_write(out, &st, &q, (struct stored_use){.ttl_max = 30, .udp = true});
	assert_int_equal(message_parse(&m, out, len, &at), ERR_OK);
	assert_int_equal(m.records[0].ttl, 30);
	message_release(&m);
	stored_release(&st);
	net_down(&n);
}

static void rule_12_a_minimised_name_shows_one_label_more(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("300"), END};
	struct net n;
	struct resolver_config config = net_default;
	(void)state;
	config.minimise = true;
	net_config(&n, script, ONE_ROOT, config);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_string_equal(n.asked[0].name, "edu.");
	assert_string_equal(n.asked[1].name, "cmu.edu.");
	assert_string_equal(n.asked[2].name, "www.cmu.edu.");
	assert_true(net_decided(&n, "qname-minimised"));
	net_down(&n);
}

static void rule_13_a_ttl_is_a_day_at_most_and_counts_down(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "aa", "a. 999999 A 192.0.2.1", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "a", LDNS_RR_TYPE_A);
	assert_int_equal(net_ttl(&n, 0), CACHE_TTL_MAX);
	n.now += 400 * NS_PER_S;
	net_lookup(&n, "a", LDNS_RR_TYPE_A);
	assert_int_equal(net_ttl(&n, 0), CACHE_TTL_MAX - 400);
	net_down(&n);
}

static void rule_14_a_lame_server_is_left_alone_for_its_zone(void **state)
{
	static const struct canned script[] = {
	    REFERRAL_EDU, REFERRAL_CMU, {CMU, "*", "*", "refused", NULL, NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "a.cmu.edu", LDNS_RR_TYPE_A);
	net_lookup(&n, "b.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_asked(&n, CMU), 1);
	net_down(&n);
}

static void rule_15_some_addresses_are_never_asked(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "*", "", NULL, "a. 60 NS ns.a.",
	                                           "ns.a. 60 A 0.0.0.1\nns.a. 60 A 224.0.0.1\nns.a. 60 A "
	                                           "127.0.0.1\nns.a. 60 A 10.0.0.1\nns.a. 60 A 192.0.2.1",
	                                           SAY},
	    END};
	struct net n;
	struct resolver_config strict = net_default;
	(void)state;
	strict.policy.allow_special = false;
	net_config(&n, script, ONE_ROOT, strict);
	assert_int_equal(net_lookup(&n, "www.a", LDNS_RR_TYPE_A), 1);
	assert_int_equal(recorder_count(&n.rec, EV_DECISION, "address-refused"), 5);
	net_down(&n);
}

static void rule_16_a_message_is_read_within_its_bounds(void **state)
{
	static const enum how broken[] = {GARBAGE, LOOP};
	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct canned script[] = {{ROOT, "*", "*", "aa", "a. 60 A 192.0.2.1", NULL, NULL, broken[i]}, END};
		struct net n;
		net_up(&n, script);
		net_lookup(&n, "a", LDNS_RR_TYPE_A);
		assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
		assert_true(net_decided(&n, "response-malformed"));
		net_down(&n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rule_1_a_response_must_match_its_question),
	    cmocka_unit_test(rule_2_the_case_of_letters_must_come_back_or_tcp_is_used),
	    cmocka_unit_test(rule_3_a_server_is_believed_below_its_zone_only),
	    cmocka_unit_test(rule_4_glue_leads_to_servers_and_answers_nobody),
	    cmocka_unit_test(rule_5_name_servers_beside_an_answer_are_discarded),
	    cmocka_unit_test(rule_6_a_child_does_not_prolong_its_delegation),
	    cmocka_unit_test(rule_7_aliases_are_bounded_and_circles_noticed),
	    cmocka_unit_test(rule_8_name_servers_addresses_have_a_budget),
	    cmocka_unit_test(rule_9_a_cut_answer_is_fetched_over_tcp_and_edns_given_up),
	    cmocka_unit_test(rule_10_a_no_lives_as_long_as_its_soa_says),
	    cmocka_unit_test(rule_11_a_stale_answer_goes_out_for_thirty_seconds_at_most),
	    cmocka_unit_test(rule_12_a_minimised_name_shows_one_label_more),
	    cmocka_unit_test(rule_13_a_ttl_is_a_day_at_most_and_counts_down),
	    cmocka_unit_test(rule_14_a_lame_server_is_left_alone_for_its_zone),
	    cmocka_unit_test(rule_15_some_addresses_are_never_asked),
	    cmocka_unit_test(rule_16_a_message_is_read_within_its_bounds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
