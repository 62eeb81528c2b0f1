/* The resolver against a scripted network: the walk from the root to the answer, aliases, and the story told
 * of it. */
#include "tree.h"

static void lookup_from_cold_cache_follows_referrals_to_the_answer(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("300"), END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A), 3);
	assert_int_equal(n.res.err, ERR_OK);
	assert_string_equal(net_answer(&n, 0), "192.0.2.66");
	assert_string_equal(n.asked[0].server, ROOT);
	assert_string_equal(n.asked[1].server, EDU);
	assert_string_equal(n.asked[2].server, CMU);
	assert_int_equal(n.res.hops[0].response, RESPONSE_REFERRAL);
	assert_int_equal(n.res.hops[0].n_ns, 1);
	assert_int_equal(n.res.queries, 3);
	assert_int_equal(n.res.servers, 3);
	net_down(&n);
}

static void lookup_repeated_within_ttl_sends_nothing_and_counts_the_ttl_down(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("300"), END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	n.now += 100 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "WWW.cmu.edu", LDNS_RR_TYPE_A), 0);
	assert_int_equal(n.res.err, ERR_OK);
	assert_int_equal(net_ttl(&n, 0), 200);
	net_down(&n);
}

static void lookup_after_ttl_ran_out_asks_the_closest_zone_again(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("300"), END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	n.now += 301 * NS_PER_S;
	assert_int_equal(net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A), 1);
	assert_string_equal(n.asked[3].server, CMU);
	assert_non_null(recorder_find(&n.rec, 0, EV_STATE, "cache", "out of date"));
	net_down(&n);
}

static void lookup_of_a_neighbour_starts_at_the_cut_that_is_known(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("300"),
	    {CMU, "ftp.cmu.edu.", "A", "aa", "ftp.cmu.edu. 300 A 192.0.2.67", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_lookup(&n, "ftp.cmu.edu", LDNS_RR_TYPE_A), 1);
	assert_string_equal(net_answer(&n, 0), "192.0.2.67");
	net_down(&n);
}

static void ds_lookup_asks_the_parent_side_of_the_cut(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU,
	    {EDU, "cmu.edu.", "DS", "aa", "cmu.edu. 300 DS 1 13 2 00", NULL, NULL, SAY}, REFERRAL_CMU, WWW("300"),
	    END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_lookup(&n, "cmu.edu", LDNS_RR_TYPE_DS), 1);
	assert_string_equal(n.asked[3].server, EDU);
	assert_int_equal(n.res.err, ERR_OK);
	net_down(&n);
}

static void delegation_with_ttl_zero_serves_the_lookup_in_progress_only(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "", NULL, "edu. 0 NS b.edu-servers.net.", "b.edu-servers.net. 0 A 192.33.14.30", SAY},
	    {EDU, "*", "A", "aa", "www.cmu.edu. 0 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A), 2);
	assert_int_equal(n.res.err, ERR_OK);
	assert_int_equal(net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A), 2);
	net_down(&n);
}

/* --- rule 7: aliases --------------------------------------------------------------------------- */

static void cname_is_followed_from_the_best_known_cut(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "alias.cmu.edu.", "A", "aa", "alias.cmu.edu. 300 CNAME www.cmu.edu.", NULL, NULL, SAY}, WWW("300"),
	    END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "alias.cmu.edu", LDNS_RR_TYPE_A), 4);
	assert_string_equal(n.asked[3].server, CMU);
	assert_int_equal(ldns_rr_list_rr_count(n.res.answer), 2);
	assert_int_equal(net_lookup(&n, "alias.cmu.edu", LDNS_RR_TYPE_A), 0);
	assert_int_equal(net_lookup(&n, "alias.cmu.edu", LDNS_RR_TYPE_CNAME), 0);
	assert_string_equal(net_answer(&n, 0), "www.cmu.edu.");
	net_down(&n);
}

static void cname_chain_within_one_answer_needs_no_further_query(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "alias.cmu.edu.", "A", "aa", "alias.cmu.edu. 300 CNAME www.cmu.edu.\nwww.cmu.edu. 300 A 192.0.2.66",
	        NULL, NULL, SAY},
	    END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "alias.cmu.edu", LDNS_RR_TYPE_A), 3);
	assert_int_equal(n.res.err, ERR_OK);
	assert_string_equal(net_answer(&n, 1), "192.0.2.66");
	net_down(&n);
}

static void cname_loop_is_detected(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "loop1.cmu.edu.", "A", "aa", "loop1.cmu.edu. 300 CNAME loop2.cmu.edu.", NULL, NULL, SAY},
	    {CMU, "loop2.cmu.edu.", "A", "aa", "loop2.cmu.edu. 300 CNAME loop1.cmu.edu.", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "loop1.cmu.edu", LDNS_RR_TYPE_A), 4);
	assert_int_equal(n.res.err, ERR_BUDGET);
	assert_non_null(strstr(n.res.why, "loop1.cmu.edu. -> loop2.cmu.edu. -> loop1.cmu.edu."));
	assert_int_equal(net_lookup(&n, "loop1.cmu.edu", LDNS_RR_TYPE_A), 0);
	assert_int_equal(n.res.err, ERR_BUDGET);
	net_down(&n);
}

static void chain_of(unsigned aliases, enum err expected)
{
	static char text[16][2][80];
	struct canned script[17] = {END};
	struct net n;
	memset(script, 0, sizeof(script));
	for (unsigned i = 0; i < aliases; i++) {
		snprintf(text[i][0], 80, "c%u.", i);
		snprintf(text[i][1], 80, "c%u. 300 CNAME c%u.", i, i + 1);
		script[i] = (struct canned){ROOT, text[i][0], "A", "aa", text[i][1], NULL, NULL, SAY};
	}
	snprintf(text[15][0], 80, "c%u. 300 A 192.0.2.1", aliases);
	script[aliases] = (struct canned){ROOT, "*", "A", "aa", text[15][0], NULL, NULL, SAY};
	net_up(&n, script);
	net_lookup(&n, "c0", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, expected);
	net_down(&n);
}

static void cname_chain_of_eleven_is_followed_and_of_twelve_is_not(void **state)
{
	(void)state;
	chain_of(11, ERR_OK);
	chain_of(12, ERR_BUDGET);
}

static void dname_moves_the_names_below_it(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "www.old.cmu.edu.", "A", "aa",
	        "old.cmu.edu. 300 DNAME new.cmu.edu.\nwww.old.cmu.edu. 300 CNAME evil.example.", NULL, NULL, SAY},
	    {CMU, "*", "A", "aa", "www.new.cmu.edu. 300 A 192.0.2.66\nftp.new.cmu.edu. 300 A 192.0.2.67", NULL, NULL,
	        SAY},
	    END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.old.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_OK);
	assert_string_equal(net_answer(&n, 1), "192.0.2.66");
	assert_int_equal(net_lookup(&n, "ftp.old.cmu.edu", LDNS_RR_TYPE_A), 1);
	assert_string_equal(net_answer(&n, 1), "192.0.2.67");
	net_down(&n);
}

/* --- the story --------------------------------------------------------------------------------- */

static void lessons_are_told_once(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("0"), END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	const struct recorded *first = recorder_find(&n.rec, 0, EV_NOTE, NULL, "A referral is no answer");
	assert_non_null(first);
	assert_null(recorder_find(&n.rec, (size_t)(first - n.rec.ev) + 1, EV_NOTE, NULL, "A referral is no answer"));
	net_down(&n);
}

static void story_has_each_step_of_the_rfc_in_order(void **state)
{
	static const char *const steps[] = {"cache-miss", "best-servers", "server-chosen"};
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("0"), END};
	struct net n;
	size_t at = 0;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	for (size_t i = 0; i < 3; i++) {
		const struct recorded *r = recorder_find(&n.rec, at, EV_DECISION, steps[i], NULL);
		assert_non_null(r);
		at = (size_t)(r - n.rec.ev) + 1;
	}
	const struct recorded *sent = recorder_find(&n.rec, at, EV_SEND, "DNS", NULL);
	assert_non_null(sent);
	assert_string_equal(sent->from, "laptop");
	assert_string_equal(sent->to, "a.root");
	assert_non_null(recorder_find(&n.rec, at, EV_RECV, "DNS", "referral to edu."));
	assert_non_null(recorder_find(&n.rec, at, EV_STATE, "cache", "edu. NS"));
	assert_non_null(recorder_find(&n.rec, at, EV_DECISION, "glue-accepted", NULL));
	net_down(&n);
}

static void result_carries_answer_and_hops_as_json(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("60"), END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	const struct recorded *r = recorder_find(&n.rec, 0, EV_RESULT, NULL, NULL);
	assert_non_null(r);
	assert_non_null(strstr(r->data, "\"data\":\"192.0.2.66\""));
	assert_non_null(strstr(r->data, "\"referral\":\"cmu.edu.\""));
	assert_non_null(strstr(r->data, "\"queries\":3"));
	net_down(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lookup_from_cold_cache_follows_referrals_to_the_answer),
	    cmocka_unit_test(lookup_repeated_within_ttl_sends_nothing_and_counts_the_ttl_down),
	    cmocka_unit_test(lookup_after_ttl_ran_out_asks_the_closest_zone_again),
	    cmocka_unit_test(lookup_of_a_neighbour_starts_at_the_cut_that_is_known),
	    cmocka_unit_test(ds_lookup_asks_the_parent_side_of_the_cut),
	    cmocka_unit_test(delegation_with_ttl_zero_serves_the_lookup_in_progress_only),
	    cmocka_unit_test(cname_is_followed_from_the_best_known_cut),
	    cmocka_unit_test(cname_chain_within_one_answer_needs_no_further_query),
	    cmocka_unit_test(cname_loop_is_detected),
	    cmocka_unit_test(cname_chain_of_eleven_is_followed_and_of_twelve_is_not),
	    cmocka_unit_test(dname_moves_the_names_below_it),
	    cmocka_unit_test(lessons_are_told_once),
	    cmocka_unit_test(story_has_each_step_of_the_rfc_in_order),
	    cmocka_unit_test(result_carries_answer_and_hops_as_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
