/* Asking one server (--server) and every server (--all); the way as a tree. */
#include "dnsview/direct.h"
#include "dnsview/survey.h"
#include "tree.h"

#define CMU2 "192.0.2.19"

static struct exchange exchange_of(struct net *n)
{
	return (struct exchange){.send = net_send, .wait = net_wait, .ctx = n};
}

static enum err survey_www(struct net *n, const struct canned *script)
{
	net_up(n, script);
	net_lookup(n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n->res.err, ERR_OK);
	return survey(&n->r, exchange_of(n), &n->res);
}

#define REFERRAL_CMU2                                                                                                \
	{                                                                                                            \
		EDU, "*", "*", "", NULL, "cmu.edu. 3600 NS ns1.cmu.edu.\ncmu.edu. 3600 NS ns2.cmu.edu.",             \
		    "ns1.cmu.edu. 3600 A 192.0.2.18\nns2.cmu.edu. 3600 A 192.0.2.19", SAY                            \
	}
#define OWN_NS(list)                                                                                                 \
	{CMU, "cmu.edu.", "NS", "aa", list, NULL, NULL, SAY},                                                        \
	{                                                                                                            \
		CMU2, "cmu.edu.", "NS", "aa", list, NULL, NULL, SAY                                                  \
	}
#define BOTH_NS "cmu.edu. 60 NS ns2.cmu.edu.\ncmu.edu. 60 NS ns1.cmu.edu."
#define EDU_NS                                                                                                       \
	{                                                                                                            \
		EDU, "edu.", "NS", "aa", "edu. 60 NS b.edu-servers.net.", NULL, NULL, SAY                            \
	}

static void servers_that_agree_are_all_asked(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, EDU_NS, REFERRAL_CMU2, OWN_NS(BOTH_NS), WWW("60"),
	    {CMU2, "www.cmu.edu.", "A", "aa", "www.cmu.edu. 60 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	assert_int_equal(survey_www(&n, script), ERR_OK);
	assert_int_equal(net_asked(&n, CMU) + net_asked(&n, CMU2), 4); /* the lookup, each, one for the NS set */
	assert_non_null(recorder_find(&n.rec, 0, EV_RESULT, NULL, "3 zones, 4 server addresses asked, 4 answered"));
	net_down(&n);
}

static void server_that_says_otherwise_is_named(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, EDU_NS, REFERRAL_CMU2, OWN_NS(BOTH_NS), WWW("60"),
	    {CMU2, "www.cmu.edu.", "A", "aa", "www.cmu.edu. 60 A 192.0.2.77", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	assert_int_equal(survey_www(&n, script), ERR_NEGATIVE);
	assert_non_null(recorder_find(&n.rec, 0, EV_DECISION, "disagrees", "says otherwise"));
	net_down(&n);
}

static void server_that_does_not_know_the_zone_is_named(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, EDU_NS, REFERRAL_CMU2, OWN_NS(BOTH_NS), WWW("60"),
	    {CMU2, "*", "*", "refused", NULL, NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	assert_int_equal(survey_www(&n, script), ERR_NEGATIVE);
	assert_non_null(recorder_find(&n.rec, 0, EV_DECISION, "disagrees", "REFUSED"));
	net_down(&n);
}

static void silence_is_told_and_is_no_disagreement(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, EDU_NS, REFERRAL_CMU2, OWN_NS(BOTH_NS), WWW("60"), END};
	struct net n;
	(void)state;
	assert_int_equal(survey_www(&n, script), ERR_OK);
	assert_non_null(recorder_find(&n.rec, 0, EV_DECISION, "no-word", "ns2.cmu.edu"));
	net_down(&n);
}

static void zone_that_names_other_servers_than_its_parent_is_told(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, EDU_NS, REFERRAL_CMU2,
	    OWN_NS("cmu.edu. 60 NS ns3.cmu.edu."), WWW("60"),
	    {CMU2, "www.cmu.edu.", "A", "aa", "www.cmu.edu. 60 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	assert_int_equal(survey_www(&n, script), ERR_NEGATIVE);
	const struct recorded *r = recorder_find(&n.rec, 0, EV_CHECK, "delegation-agrees", "ns3.cmu.edu.");
	assert_non_null(r);
	assert_int_equal(r->verdict, VERDICT_FAIL);
	net_down(&n);
}

/* --- one server -------------------------------------------------------------------------------- */

static enum err show(struct net *n, const struct canned *script, bool recursion)
{
	const char *why;
	struct direct d = {.type = LDNS_RR_TYPE_A, .to = {.port = 53}, .host = ROOT, .recursion = recursion};
	net_up(n, script);
	assert_int_equal(ip_parse(&d.to.ip, ROOT), ERR_OK);
	assert_int_equal(dname_parse(&d.name, "www.cmu.edu", &why), ERR_OK);
	return direct_show(&n->r, exchange_of(n), &d);
}

static void one_server_is_asked_once_and_not_followed(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, END};
	struct net n;
	(void)state;
	assert_int_equal(show(&n, script, false), ERR_OK);
	assert_int_equal(n.n, 1);
	assert_int_equal(n.last.bytes[2] & 1, 0);
	assert_non_null(
	    recorder_find(&n.rec, 0, EV_DECISION, "record", "authority: edu. 172800 NS b.edu-servers.net."));
	assert_int_equal(cache_count(n.r.cache), 0);
	net_down(&n);
}

static void recursion_is_desired_where_it_is(void **state)
{
	static const struct canned script[] = {
	    {ROOT, "*", "*", "ra", "www.cmu.edu. 60 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	assert_int_equal(show(&n, script, true), ERR_OK);
	assert_int_equal(n.last.bytes[2] & 1, 1);
	net_down(&n);
}

static void one_servers_no_refusal_and_silence_are_told_apart(void **state)
{
	static const struct canned no[] = {{ROOT, "*", "*", "aa nxdomain", NULL, NULL, NULL, SAY}, END};
	static const struct canned refused[] = {{ROOT, "*", "*", "refused", NULL, NULL, NULL, SAY}, END};
	static const struct canned silent[] = {END};
	static const struct canned liar[] = {{ROOT, "*", "*", "aa", NULL, NULL, NULL, WRONG_ID}, END};
	struct net n;
	(void)state;
	assert_int_equal(show(&n, no, false), ERR_NEGATIVE);
	net_down(&n);
	assert_int_equal(show(&n, refused, false), ERR_LAME);
	net_down(&n);
	assert_int_equal(show(&n, silent, false), ERR_TIMEOUT);
	net_down(&n);
	assert_int_equal(show(&n, liar, false), ERR_FORMAT);
	net_down(&n);
}

/* --- the way ----------------------------------------------------------------------------------- */

static void way_is_told_zone_by_zone_with_its_numbers(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU, WWW("300"), END};
	struct net n;
	(void)state;
	net_up(&n, script);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	const struct recorded *r = recorder_find(&n.rec, 0, EV_DECISION, "path", ". (the root)  a.root (198.41.0.4)");
	assert_non_null(r);
	r = recorder_find(&n.rec, (size_t)(r - n.rec.ev) + 1, EV_DECISION, "path", "+- edu.  b.edu-servers.net");
	assert_non_null(r);
	r = recorder_find(&n.rec, (size_t)(r - n.rec.ev) + 1, EV_DECISION, "path", "+--- cmu.edu.  ns1.cmu.edu");
	assert_non_null(r);
	assert_non_null(recorder_find(&n.rec, 0, EV_DECISION, "numbers", "3 queries to 3 servers"));
	assert_int_equal(n.res.saved, 0);
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.saved, 3);
	assert_non_null(recorder_find(&n.rec, 0, EV_DECISION, "numbers", "saved 3 queries"));
	n.now += 301 * NS_PER_S;
	net_lookup(&n, "www.cmu.edu", LDNS_RR_TYPE_A); /* the delegations are still known */
	assert_int_equal(n.res.saved, 2);
	assert_int_equal(n.res.queries, 1);
	net_down(&n);
}

/* --- minimisation ------------------------------------------------------------------------------ */

static void minimised(struct net *n, const struct canned *script)
{
	struct resolver_config config = net_default;
	config.minimise = true;
	net_config(n, script, ONE_ROOT, config);
}

static void shortened_name_that_does_not_exist_is_asked_in_full(void **state)
{
	static const struct canned script[] = {REFERRAL_EDU, REFERRAL_CMU,
	    {CMU, "b.cmu.edu.", "*", "aa nxdomain", NULL, SOA_CMU, NULL, SAY}, /* though a.b.cmu.edu is there */
	    {CMU, "a.b.cmu.edu.", "A", "aa", "a.b.cmu.edu. 60 A 192.0.2.66", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	minimised(&n, script);
	net_lookup(&n, "a.b.cmu.edu", LDNS_RR_TYPE_A);
	assert_int_equal(n.res.err, ERR_OK);
	assert_true(net_decided(&n, "qname-relaxed"));
	net_down(&n);
}

static void long_names_cost_a_bounded_number_of_shortened_questions(void **state)
{
	static const struct canned script[] = {{ROOT, "*", "A", "aa", NULL, NULL, NULL, SAY},
	    {ROOT, "*", "TXT", "aa", "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t. 60 TXT \"x\"", NULL, NULL, SAY}, END};
	struct net n;
	(void)state;
	minimised(&n, script);
	assert_true(net_lookup(&n, "a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t", LDNS_RR_TYPE_TXT) <= 11);
	assert_int_equal(n.res.err, ERR_OK);
	net_down(&n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(servers_that_agree_are_all_asked),
	    cmocka_unit_test(server_that_says_otherwise_is_named),
	    cmocka_unit_test(server_that_does_not_know_the_zone_is_named),
	    cmocka_unit_test(silence_is_told_and_is_no_disagreement),
	    cmocka_unit_test(zone_that_names_other_servers_than_its_parent_is_told),
	    cmocka_unit_test(one_server_is_asked_once_and_not_followed),
	    cmocka_unit_test(recursion_is_desired_where_it_is),
	    cmocka_unit_test(one_servers_no_refusal_and_silence_are_told_apart),
	    cmocka_unit_test(way_is_told_zone_by_zone_with_its_numbers),
	    cmocka_unit_test(shortened_name_that_does_not_exist_is_asked_in_full),
	    cmocka_unit_test(long_names_cost_a_bounded_number_of_shortened_questions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
