/* The resolver against a scripted network: what is believed, and from whom. */
#include "tree.h"

static enum cache_state in_cache(struct net *n, enum cache_kind kind, const char *name, uint16_t type)
{
	struct dname d;
	const struct cache_entry *e;
	const char *why;
	assert_int_equal(dname_parse(&d, name, &why), ERR_OK);
	return cache_find(n->r.cache, kind, &d, type, n->now, &e);
}

/* --- rules 1 and 2: what a response must match ------------------------------------------------- */

static void query_has_rd_off_a_drawn_id_and_drawn_letters_case(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "aa", "www.cmu.edu. 0 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	struct dname plain;
	const char *why;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.last.bytes[2] & 1, 0);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(dname_parse(&plain, "www.cmu.edu", &why), ERR_OK);
	assert_int_not_equal(n.asked[0].question.id, n.asked[1].question.id);
	assert_false(dname_same_case(&n.asked[0].question.qname, &plain));
	assert_false(dname_same_case(&n.asked[0].question.qname, &n.asked[1].question.qname));
	assert_true(dname_equal(&n.asked[0].question.qname, &plain));
	net_down(&n);
}

static void expect_refused(enum how how)
{
	struct canned script[] = {{ROOT, "*", "*", "aa", "www.cmu.edu. 300 A 192.0.2.66", NULL, NULL, how}, END};
	struct net n;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
	assert_true(net_decided(&n, "response-refused"));
	net_down(&n);
}

static void packet_with_qr_zero_is_not_taken_for_a_response(void **state)
{
	(void)state;
	expect_refused(QUERY_BACK);
}

static void response_with_another_id_is_refused(void **state)
{
	(void)state;
	expect_refused(WRONG_ID);
}

static void response_to_another_question_is_refused(void **state)
{
	(void)state;
	expect_refused(WRONG_NAME);
}

static void response_in_another_letters_case_is_asked_again_over_tcp(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "aa", "www.cmu.edu. 300 A 192.0.2.66", NULL, NULL, LOWER}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A), 2);
	assert_false(n.asked[0].tcp);
	assert_true(n.asked[1].tcp);
	assert_int_equal(n.res.err, ERR_OK);
	assert_true(net_decided(&n, "case-changed"));
	net_down(&n);
}

/* --- rule 3: only what is at or below the zone asked is believed ------------------------------- */

static void referral_upward_is_lame_and_never_cached(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU,
	    {EDU, "*", "*", "", NULL, ". 3600 NS evil.example.", "evil.example. 3600 A 203.0.113.66", SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_LAME);
	assert_int_equal(in_cache(&n, CACHE_DELEGATION, ".", LDNS_RR_TYPE_NS), CACHE_ABSENT);
	assert_int_equal(net_asked(&n, EVIL), 0);
	net_down(&n);
}

static void referral_to_the_same_zone_is_lame(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU,
	    {EDU, "*", "*", "", NULL, "edu. 3600 NS b.edu-servers.net.", "b.edu-servers.net. 3600 A 203.0.113.66",
	        SAY},
	    END};
	struct net n;
	(void)state;
	net_up(&n, script);
	assert_int_equal(
	    net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A), 3); /* the last with the letters as they are */
	assert_true(n.asked[2].tcp);
	assert_true(net_decided(&n, "plain-case"));
	assert_int_equal(n.res.err, ERR_LAME);
	assert_int_equal(net_asked(&n, EVIL), 0);
	net_down(&n);
}

static void referral_to_a_sibling_zone_is_lame(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU,
	    {EDU, "*", "*", "", NULL, "mit.edu. 3600 NS ns.mit.edu.", "ns.mit.edu. 3600 A 203.0.113.66", SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_LAME);
	assert_int_equal(net_asked(&n, EVIL), 0);
	net_down(&n);
}

static void answer_for_another_zones_name_behind_a_cname_is_resolved_anew(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "www.cmu.edu.", "A", "", NULL, "edu. 172800 NS b.edu-servers.net.",
	        "b.edu-servers.net. 172800 A 192.33.14.30", SAY},
	    REFERRAL_CMU,
	    {CMU, "www.cmu.edu.", "A", "aa", "www.cmu.edu. 300 CNAME bank.example.\nbank.example. 300 A 203.0.113.66",
	        NULL, NULL, SAY},
	    {ROOT, "bank.example.", "A", "aa", "bank.example. 300 A 198.51.100.34", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_OK);
	assert_string_equal(net_answer(&n, 1), "198.51.100.34");
	assert_true(net_decided(&n, "answer-out-of-zone"));
	net_down(&n);
}

/* The parent's server may not answer for a name that it has delegated, not even behind a CNAME of its own. */
static void answer_for_a_delegated_zone_behind_a_cname_is_resolved_anew(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "www.isr.cmu.edu.", "A", "", NULL, "isr.cmu.edu. 300 NS ns1.isr.cmu.edu.",
	        "ns1.isr.cmu.edu. 300 A 192.0.2.34", SAY},
	    {CMU, "alias.cmu.edu.", "A", "aa",
	        "alias.cmu.edu. 300 CNAME ftp.isr.cmu.edu.\nftp.isr.cmu.edu. 300 A 203.0.113.66", NULL, NULL, SAY},
	    {"192.0.2.34", "*", "A", "aa", "www.isr.cmu.edu. 60 A 192.0.2.66\nftp.isr.cmu.edu. 60 A 192.0.2.67", NULL,
	        NULL, SAY},
	    END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.isr.cmu.edu", LDNS_RR_TYPE_A);
	net_lookup(&n, "alias.cmu.edu", LDNS_RR_TYPE_A);
	assert_string_equal(net_answer(&n, 1), "192.0.2.67");
	net_down(&n);
}

/* --- rule 4: glue ------------------------------------------------------------------------------ */

static void glue_out_of_bailiwick_is_refused_and_the_name_looked_up(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "www.cmu.edu.", "A", "", NULL, "edu. 3600 NS b.edu-servers.net.",
	        "b.edu-servers.net. 3600 A 192.33.14.30", SAY},
	    {EDU, "*", "*", "", NULL, "cmu.edu. 3600 NS ns1.hosting.com.", "ns1.hosting.com. 3600 A 203.0.113.66",
	        SAY},
	    {ROOT, "ns1.hosting.com.", "A", "aa", "ns1.hosting.com. 300 A 198.51.100.18", NULL, NULL, SAY},
	    {HOSTING, "*", "A", "aa", "www.cmu.edu. 300 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_OK);
	assert_int_equal(net_asked(&n, EVIL), 0);
	assert_int_equal(net_asked(&n, HOSTING), 1);
	assert_true(net_decided(&n, "glue-rejected"));
	assert_true(net_decided(&n, "glueless"));
	net_down(&n);
}

static void glue_for_a_name_that_is_no_name_server_is_ignored(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "", NULL, "edu. 3600 NS b.edu-servers.net.",
	        "b.edu-servers.net. 3600 A 192.33.14.30\nbank.example. 3600 A 203.0.113.66", SAY},
	    {EDU, "*", "A", "aa", "www.cmu.edu. 300 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(in_cache(&n, CACHE_GLUE, "b.edu-servers.net", LDNS_RR_TYPE_A), CACHE_FRESH);
	assert_int_equal(in_cache(&n, CACHE_GLUE, "bank.example", LDNS_RR_TYPE_A), CACHE_ABSENT);
	assert_int_equal(in_cache(&n, CACHE_ANSWER, "bank.example", LDNS_RR_TYPE_A), CACHE_ABSENT);
	assert_true(net_decided(&n, "additional-ignored"));
	net_down(&n);
}

static void glue_is_never_an_answer(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("300"),
	    {CMU, "ns1.cmu.edu.", "A", "aa", "ns1.cmu.edu. 300 A 192.0.2.99", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_lookup(&n, "ns1.cmu.edu", LDNS_RR_TYPE_A), 1);
	assert_string_equal(net_answer(&n, 0), "192.0.2.99");
	net_down(&n);
}

static void authoritative_address_outranks_glue(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "ns1.cmu.edu.", "A", "aa", "ns1.cmu.edu. 300 A 192.0.2.99", NULL, NULL, SAY},
	    {"192.0.2.99", "*", "A", "aa", "www.cmu.edu. 300 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "ns1.cmu.edu", LDNS_RR_TYPE_A);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_asked(&n, "192.0.2.99"), 1);
	net_down(&n);
}

/* --- rules 5 and 6: name servers' names -------------------------------------------------------- */

static void authority_ns_beside_an_answer_changes_no_delegation(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "*", "A", "aa", "www.cmu.edu. 0 A 192.0.2.66", "cmu.edu. 86400 NS evil.cmu.edu.",
	        "evil.cmu.edu. 86400 A 203.0.113.66", SAY},
	    END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(net_asked(&n, EVIL), 0);
	assert_int_equal(net_asked(&n, CMU), 2);
	assert_true(net_decided(&n, "authority-ignored"));
	net_down(&n);
}

static void childs_own_ns_set_does_not_prolong_the_delegation(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "cmu.edu.", "NS", "aa", "cmu.edu. 86400 NS ns1.cmu.edu.", NULL, "ns1.cmu.edu. 86400 A 192.0.2.18",
	        SAY},
	    WWW("60"), END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	n.now += 3000 * NS_PER_S;
	net_lookup(&n, "cmu.edu", LDNS_RR_TYPE_NS);
	assert_int_equal(n.res.err, ERR_OK);
	n.now += 700 * NS_PER_S; /* the parent's 3,600 s are over, the child's 86,400 s are not */
	assert_int_equal(net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A), 2);
	assert_string_equal(n.asked[n.n - 2].server, EDU);
	net_down(&n);
}

/* --- rule 15: addresses that are never asked --------------------------------------------------- */

static void server_at_a_loopback_address_is_not_asked_unless_allowed(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "", NULL, "a. 0 NS ns.a.", "ns.a. 0 A 127.0.0.1\nns.a. 0 A 0.0.0.0\nns.a. 0 A 224.0.0.1",
	        SAY},
	    {"127.0.0.1", "*", "*", "aa", "www.a. 0 A 192.0.2.1", NULL, NULL, SAY}, END};
	struct net n;
	struct resolver_config strict = net_default;
	(void)state;
	strict.policy.allow_special = false;
	net_config(&n, script, ONE_ROOT, strict);
	net_lookup(&n, "www.a", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.outcome, OUTCOME_FAILURE);
	assert_int_equal(n.n, 1);
	assert_int_equal(recorder_count(&n.rec, EV_DECISION, "address-refused"), 3);
	net_down(&n);
	net_up(&n, script);
	net_lookup(&n, "www.a", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_OK);
	assert_int_equal(net_asked(&n, "0.0.0.0") + net_asked(&n, "224.0.0.1"), 0);
	net_down(&n);
}

static void server_at_our_own_address_is_not_asked(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "", NULL, "a. 0 NS ns.a.", "ns.a. 0 A 192.0.2.53", SAY}, END};
	static const struct ip own = {.family = 4, .b = {192, 0, 2, 53}};
	struct net n;
	struct resolver_config config = net_default;
	(void)state;
	config.policy.own = &own;
	config.policy.n_own = 1;
	net_config(&n, script, ONE_ROOT, config);
	net_lookup(&n, "www.a", LDNS_RR_TYPE_A);
	assert_int_equal(net_asked(&n, "192.0.2.53"), 0);
	net_down(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(query_has_rd_off_a_drawn_id_and_drawn_letters_case),
	    cmocka_unit_test(packet_with_qr_zero_is_not_taken_for_a_response),
	    cmocka_unit_test(response_with_another_id_is_refused),
	    cmocka_unit_test(response_to_another_question_is_refused),
	    cmocka_unit_test(response_in_another_letters_case_is_asked_again_over_tcp),
	    cmocka_unit_test(referral_upward_is_lame_and_never_cached),
	    cmocka_unit_test(referral_to_the_same_zone_is_lame),
	    cmocka_unit_test(referral_to_a_sibling_zone_is_lame),
	    cmocka_unit_test(answer_for_another_zones_name_behind_a_cname_is_resolved_anew),
	    cmocka_unit_test(answer_for_a_delegated_zone_behind_a_cname_is_resolved_anew),
	    cmocka_unit_test(glue_out_of_bailiwick_is_refused_and_the_name_looked_up),
	    cmocka_unit_test(glue_for_a_name_that_is_no_name_server_is_ignored),
	    cmocka_unit_test(glue_is_never_an_answer),
	    cmocka_unit_test(authoritative_address_outranks_glue),
	    cmocka_unit_test(authority_ns_beside_an_answer_changes_no_delegation),
	    cmocka_unit_test(childs_own_ns_set_does_not_prolong_the_delegation),
	    cmocka_unit_test(server_at_a_loopback_address_is_not_asked_unless_allowed),
	    cmocka_unit_test(server_at_our_own_address_is_not_asked),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
