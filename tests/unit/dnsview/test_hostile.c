/* One hostile server for each attack: what it sends, what is made of it, and that the story says so. Those that forge
 * packets beside the true server's, from another source, are in test_exchange. */
#include "tree.h"

/* A lookup that fails, and whose story has this decision. */
static void expect_failure(const struct canned *script, const char *told)
{
	struct net n;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
	assert_true(net_decided(&n, told));
	assert_int_equal(net_asked(&n, EVIL), 0);
	net_down(&n);
}

/* … that ends well, nevertheless. */
static void expect_truth(const struct canned *script, const char *told)
{
	struct net n;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_OK);
	assert_string_equal(net_answer(&n, ldns_rr_list_rr_count(n.res.answer) - 1), "192.0.2.66");
	assert_true(net_decided(&n, told));
	assert_int_equal(net_asked(&n, EVIL), 0);
	net_down(&n);
}

#define FROM_CMU(how)                                                                                                \
	{                                                                                                            \
		REFERRAL_EDU, REFERRAL_CMU,                                                                          \
		    {CMU, "*", "*", "aa", "www.cmu.edu. 300 A 203.0.113.66", NULL, NULL, how}, END                   \
	}

static void attacker_who_guesses_the_number_wrong(void **state)
{
	static const struct canned script[] = FROM_CMU(WRONG_ID);
	(void)state;
	expect_failure(script, "response-refused");
}

static void attacker_who_answers_another_question(void **state)
{
	static const struct canned script[] = FROM_CMU(WRONG_NAME);
	(void)state;
	expect_failure(script, "response-refused");
}

static void attacker_who_sends_the_question_back(void **state)
{
	static const struct canned script[] = FROM_CMU(QUERY_BACK);
	(void)state;
	expect_failure(script, "response-refused");
}

static void attacker_who_does_not_know_the_case_of_letters(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "*", "*", "aa", "www.cmu.edu. 300 A 192.0.2.66", NULL, NULL, LOWER}, END};
	(void)state;
	expect_truth(script, "case-changed");
}

static void server_that_gives_glue_for_other_peoples_names(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "www.cmu.edu.", "A", "", NULL, "edu. 3600 NS b.edu-servers.net.",
	        "b.edu-servers.net. 3600 A 192.33.14.30", SAY},
	    {EDU, "*", "*", "", NULL, "cmu.edu. 3600 NS ns1.bank.com.", "ns1.bank.com. 3600 A 203.0.113.66", SAY},
	    {ROOT, "ns1.bank.com.", "*", "aa", "ns1.bank.com. 300 A 192.0.2.18", NULL, NULL, SAY}, WWW("60"), END};
	(void)state;
	expect_truth(script, "glue-rejected");
}

static void server_that_poisons_the_additional_section(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "*", "*", "aa", "www.cmu.edu. 300 A 192.0.2.66", NULL, "www.bank.com. 86400 A 203.0.113.66", SAY},
	    END};
	(void)state;
	expect_truth(script, "additional-ignored");
}

static void server_that_answers_for_another_zone_behind_an_alias(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "www.cmu.edu.", "A", "", NULL, "edu. 172800 NS b.edu-servers.net.",
	        "b.edu-servers.net. 172800 A 192.33.14.30", SAY},
	    REFERRAL_CMU,
	    {CMU, "*", "*", "aa", "www.cmu.edu. 300 CNAME www.bank.com.\nwww.bank.com. 300 A 203.0.113.66", NULL,
	        NULL, SAY},
	    {ROOT, "www.bank.com.", "A", "aa", "www.bank.com. 300 A 192.0.2.66", NULL, NULL, SAY}, END};
	(void)state;
	expect_truth(script, "answer-out-of-zone");
}

static void servers_whose_aliases_lead_in_a_circle(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "www.cmu.edu.", "*", "aa", "www.cmu.edu. 300 CNAME a.cmu.edu.", NULL, NULL, SAY},
	    {CMU, "a.cmu.edu.", "*", "aa", "a.cmu.edu. 300 CNAME www.cmu.edu.", NULL, NULL, SAY}, END};
	(void)state;
	expect_failure(script, "gave-up");
}

static void servers_whose_referrals_lead_in_a_circle(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "*", "*", "", NULL, "edu. 60 NS b.edu-servers.net.", "b.edu-servers.net. 60 A 192.33.14.30", SAY},
	    END};
	(void)state;
	expect_failure(script, "server-dropped");
}

/* NXNSAttack (CVE-2020-12662): one small question must not set off a thousand. */
static void server_that_names_a_thousand_name_servers(void **state)
{
	static char ns[1000 * 32];
	static const struct canned script[] = {{ROOT, "www.cmu.edu.", "*", "", NULL, ns, NULL, SAY},
	    {ROOT, "*", "*", "aa nxdomain", NULL, NULL, NULL, SAY}, END};
	struct net n;
	size_t at = 0;
	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		at += (size_t)snprintf(ns + at, sizeof(ns) - at, "cmu.edu. 60 NS n%u.victim.\n", i);
	net_up(&n, script);
	assert_true(net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A) <= 1 + NS_LOOKUPS_DELEGATION_MAX);
	assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
	assert_true(net_decided(&n, "ns-bound"));
	net_down(&n);
}

static void server_that_cuts_even_over_tcp(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "*", "*", "aa tc", "www.cmu.edu. 300 A 203.0.113.66", NULL, NULL, SAY}, END};
	(void)state;
	expect_failure(script, "truncated");
}

/* The largest answer that a message has room for. */
static void server_with_an_oversized_answer(void **state)
{
	static char text[4000 * 32];
	static const struct canned script[] = {
	    REFERRAL_EDU, REFERRAL_CMU, {CMU, "*", "*", "aa", text, NULL, NULL, CUT_UDP}, END};
	struct net n;
	size_t at = 0;
	(void)state;
	for (unsigned i = 0; i < 2200; i++)
		at += (size_t)snprintf(
		    text + at, sizeof(text) - at, "www.cmu.edu. 60 A 192.0.%u.%u\n", i / 250, i % 250);
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_OK);
	assert_int_equal(ldns_rr_list_rr_count(n.res.answer), 2200);
	assert_true(net_decided(&n, "truncated"));
	net_down(&n);
}

static void server_whose_names_point_to_themselves(void **state)
{
	static const struct canned script[] = FROM_CMU(LOOP);
	(void)state;
	expect_failure(script, "response-malformed");
}

static void server_whose_records_end_too_early(void **state)
{
	static const struct canned script[] = FROM_CMU(GARBAGE);
	(void)state;
	expect_failure(script, "response-malformed");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(attacker_who_guesses_the_number_wrong),
	    cmocka_unit_test(attacker_who_answers_another_question),
	    cmocka_unit_test(attacker_who_sends_the_question_back),
	    cmocka_unit_test(attacker_who_does_not_know_the_case_of_letters),
	    cmocka_unit_test(server_that_gives_glue_for_other_peoples_names),
	    cmocka_unit_test(server_that_poisons_the_additional_section),
	    cmocka_unit_test(server_that_answers_for_another_zone_behind_an_alias),
	    cmocka_unit_test(servers_whose_aliases_lead_in_a_circle),
	    cmocka_unit_test(servers_whose_referrals_lead_in_a_circle),
	    cmocka_unit_test(server_that_names_a_thousand_name_servers),
	    cmocka_unit_test(server_that_cuts_even_over_tcp),
	    cmocka_unit_test(server_with_an_oversized_answer),
	    cmocka_unit_test(server_whose_names_point_to_themselves),
	    cmocka_unit_test(server_whose_records_end_too_early),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
