/* The chain of trust over a scripted network: two signed zones, and what can go wrong with them. */
#include "dnsview/dnssec.h"
#include "signed.h"
#include "tree.h"

#define TEXT 8192

struct world {
	struct net net;
	struct signer root, edu, other;
	char text[16][TEXT];
	struct canned script[12];
	struct anchors anchors;
	struct validator v;
	enum security got;
};

static void sign_into(char *text, struct signer *s, const char *rrset)
{
	put_signed(s, text, TEXT, rrset);
}

/* The root and edu signed; www.edu has an address, *.wild.edu one by a wildcard, nothing is between. */
static struct world *world_up(void)
{
	struct world *w = calloc(1, sizeof(*w));
	char line[1024];
	signer_up(&w->root, ".");
	signer_up(&w->edu, "edu.");
	signer_up(&w->other, "edu.");
	rr_line(line, sizeof(line), w->root.dnskey);
	sign_into(w->text[0], &w->root, line);
	strcpy(w->text[1], "edu. 3600 NS b.edu-servers.net.\n");
	ds_line(&w->edu, line, sizeof(line));
	sign_into(w->text[1], &w->root, line);
	rr_line(line, sizeof(line), w->edu.dnskey);
	sign_into(w->text[2], &w->edu, line);
	sign_into(w->text[3], &w->edu, "www.edu. 3600 IN A 192.0.2.1");
	sign_into(w->text[4], &w->edu, "edu. 300 IN SOA b.edu-servers.net. x. 1 2 3 4 300");
	sign_into(w->text[4], &w->edu, "edu. 300 IN NSEC a.edu. NS SOA RRSIG NSEC DNSKEY");
	sign_into(w->text[4], &w->edu, "a.edu. 300 IN NSEC www.edu. TXT RRSIG NSEC");
	strcpy(w->text[5], "cut.edu. 3600 NS ns.cut.edu.\n");
	sign_into(w->text[5], &w->edu, "cut.edu. 300 IN NSEC www.edu. NS RRSIG NSEC");
	const struct canned script[] = {
	    {ROOT, ".", "DNSKEY", "aa", w->text[0], NULL, NULL, SAY},
	    {ROOT, "*", "*", "", NULL, w->text[1], "b.edu-servers.net. 172800 A 192.33.14.30", SAY},
	    {EDU, "edu.", "DNSKEY", "aa", w->text[2], NULL, NULL, SAY},
	    {EDU, "www.edu.", "A", "aa", w->text[3], NULL, NULL, SAY},
	    {EDU, "no.edu.", "*", "aa nxdomain", NULL, w->text[4], NULL, SAY},
	    {EDU, "a.edu.", "A", "aa", NULL, w->text[4], NULL, SAY},
	    {EDU, "www.cut.edu.", "*", "", NULL, w->text[5], "ns.cut.edu. 3600 A 192.0.2.18", SAY},
	    {EDU, "*", "DS", "aa", NULL, w->text[4], NULL, SAY},
	    {CMU, "www.cut.edu.", "A", "aa", "www.cut.edu. 3600 A 192.0.2.66", NULL, NULL, SAY},
	    END,
	};
	memcpy(w->script, script, sizeof(script));
	return w;
}

static void judge(struct world *w, const char *name)
{
	struct resolver_config c = net_default;
	struct hints_error where;
	char line[1024];
	c.dnssec = true;
	net_config(&w->net, w->script, ONE_ROOT, c);
	ds_line(&w->root, line, sizeof(line));
	assert_int_equal(anchors_parse(&w->anchors, line, strlen(line), &where), ERR_OK);
	validator_init(&w->v, &w->net.r, (struct exchange){.send = net_send, .wait = net_wait, .ctx = &w->net},
	    &w->anchors, "test");
	net_lookup(&w->net, name, LDNS_RR_TYPE_A);
	w->got = validator_check(&w->v, &w->net.res);
}

static bool failed(const struct world *w, const char *id, const char *text)
{
	const struct recorded *e = recorder_find(&w->net.rec, 0, EV_CHECK, id, text);
	return e && e->verdict == VERDICT_FAIL;
}

static void world_down(struct world *w)
{
	validator_release(&w->v);
	anchors_release(&w->anchors);
	net_down(&w->net);
	signer_down(&w->root);
	signer_down(&w->edu);
	signer_down(&w->other);
	free(w);
}

static void signed_answer_is_secure(void **state)
{
	(void)state;
	struct world *w = world_up();
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_SECURE);
	assert_int_equal(w->net.asked[0].question.dnssec, true);
	world_down(w);
}

static void changed_answer_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	memcpy(strstr(w->text[3], "192.0.2.1"), "192.0.2.6", 9);
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	assert_true(failed(w, "answer-signature", "does not fit the data"));
	world_down(w);
}

static void stripped_signature_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	strcpy(w->text[3], "www.edu. 3600 IN A 192.0.2.1\n");
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	world_down(w);
}

static void expired_signature_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	w->edu.until = 999; /* the clock stands at 1000 */
	w->text[3][0] = '\0';
	sign_into(w->text[3], &w->edu, "www.edu. 3600 IN A 192.0.2.1");
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	assert_true(failed(w, "answer-signature", "expired"));
	world_down(w);
}

static void early_signature_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	w->edu.from = 2000;
	w->text[3][0] = '\0';
	sign_into(w->text[3], &w->edu, "www.edu. 3600 IN A 192.0.2.1");
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	assert_true(failed(w, "answer-signature", "yet to come"));
	world_down(w);
}

static void other_zones_key_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	w->text[3][0] = '\0';
	sign_into(w->text[3], &w->other, "www.edu. 3600 IN A 192.0.2.1");
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	assert_true(failed(w, "answer-signature", "none of the keys"));
	world_down(w);
}

static void ds_that_does_not_fit_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	char line[1024];
	strcpy(w->text[1], "edu. 3600 NS b.edu-servers.net.\n");
	ds_line(&w->other, line, sizeof(line));
	sign_into(w->text[1], &w->root, line);
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	assert_true(failed(w, "dnskey", "none of the zone's keys fits"));
	world_down(w);
}

static void ds_signed_by_the_child_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	char line[1024];
	strcpy(w->text[1], "edu. 3600 NS b.edu-servers.net.\n");
	ds_line(&w->edu, line, sizeof(line));
	sign_into(w->text[1], &w->edu, line);
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	assert_true(failed(w, "ds", NULL));
	world_down(w);
}

static void missing_name_with_proof_is_secure(void **state)
{
	(void)state;
	struct world *w = world_up();
	judge(w, "no.edu");
	assert_int_equal(w->net.res.outcome, OUTCOME_NXDOMAIN);
	assert_int_equal(w->got, SECURITY_SECURE);
	world_down(w);
}

static void missing_name_without_proof_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	w->text[4][0] = '\0';
	sign_into(w->text[4], &w->edu, "edu. 300 IN SOA b.edu-servers.net. x. 1 2 3 4 300");
	judge(w, "no.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	assert_true(failed(w, "no-name", NULL));
	world_down(w);
}

static void missing_type_with_proof_is_secure(void **state)
{
	(void)state;
	struct world *w = world_up();
	judge(w, "a.edu");
	assert_int_equal(w->net.res.outcome, OUTCOME_NODATA);
	assert_int_equal(w->got, SECURITY_SECURE);
	world_down(w);
}

static void delegation_without_ds_and_with_proof_is_insecure(void **state)
{
	(void)state;
	struct world *w = world_up();
	judge(w, "www.cut.edu");
	assert_int_equal(w->got, SECURITY_INSECURE);
	world_down(w);
}

static void delegation_without_ds_or_proof_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_up();
	strcpy(w->text[5], "cut.edu. 3600 NS ns.cut.edu.\n");
	w->text[4][0] = '\0'; /* nor is there one when it is asked for */
	sign_into(w->text[4], &w->edu, "edu. 300 IN SOA b.edu-servers.net. x. 1 2 3 4 300");
	judge(w, "www.cut.edu");
	assert_int_equal(w->got, SECURITY_BOGUS);
	assert_true(failed(w, "no-ds", NULL));
	world_down(w);
}

/* --- wildcards (RFC 4035 5.3.4) ----------------------------------------------------------------- */

static void replace_all(char *text, const char *from, const char *to)
{
	for (char *p = text; (p = strstr(p, from)); p += strlen(to)) {
		memmove(p + strlen(to), p + strlen(from), strlen(p + strlen(from)) + 1);
		memcpy(p, to, strlen(to));
	}
}

/* x.wild.edu is made from *.wild.edu; with or without the proof that there is no x.wild.edu. */
static struct world *world_with_wildcard(bool proof)
{
	struct world *w = world_up();
	sign_into(w->text[6], &w->edu, "*.wild.edu. 3600 IN A 192.0.2.7");
	replace_all(w->text[6], "*.wild.edu.", "x.wild.edu.");
	if (proof)
		sign_into(w->text[7], &w->edu, "*.wild.edu. 300 IN NSEC www.edu. A RRSIG NSEC");
	memmove(&w->script[3], &w->script[2], 8 * sizeof(w->script[0]));
	w->script[2] = (struct canned){EDU, "x.wild.edu.", "A", "aa", w->text[6], w->text[7], NULL, SAY};
	return w;
}

static void wildcards_answer_with_proof_is_secure(void **state)
{
	(void)state;
	struct world *w = world_with_wildcard(true);
	judge(w, "x.wild.edu");
	assert_int_equal(w->net.res.outcome, OUTCOME_ANSWER);
	assert_int_equal(w->got, SECURITY_SECURE);
	world_down(w);
}

static void wildcards_answer_without_proof_is_bogus(void **state)
{
	(void)state;
	struct world *w = world_with_wildcard(false);
	judge(w, "x.wild.edu");
	assert_int_equal(w->net.res.outcome, OUTCOME_ANSWER);
	assert_int_equal(w->got, SECURITY_BOGUS);
	world_down(w);
}

/* --- algorithms (RFC 6840 5.2, RFC 6781 4.1) ----------------------------------------------------- */

/* The root vouches for edu with DS records whose text was changed so; and with the right one, if both. */
static enum security judge_with_ds(const char *from, const char *to, bool both)
{
	struct world *w = world_up();
	char line[1024], set[2048] = "";
	ds_line(&w->edu, line, sizeof(line));
	if (both)
		strcpy(set, line);
	assert_non_null(strstr(line, from));
	replace_all(line, from, to);
	strcat(set, line);
	strcpy(w->text[1], "edu. 3600 NS b.edu-servers.net.\n");
	sign_into(w->text[1], &w->root, set);
	judge(w, "www.edu");
	enum security got = w->got;
	world_down(w);
	return got;
}

static void zone_of_an_unknown_algorithm_is_insecure(void **state)
{
	(void)state;
	assert_int_equal(judge_with_ds(" 13 2 ", " 200 2 ", false), SECURITY_INSECURE);
}

static void zone_of_an_unknown_digest_is_insecure(void **state)
{
	(void)state;
	assert_int_equal(judge_with_ds(" 13 2 ", " 13 200 ", false), SECURITY_INSECURE);
}

static void unknown_algorithm_beside_a_known_one_does_no_harm(void **state)
{
	(void)state;
	assert_int_equal(judge_with_ds(" 13 2 ", " 200 2 ", true), SECURITY_SECURE);
}

/* A new key is in the set and signs already; the parent still vouches for the old one, which signs the keys. */
static void keys_that_are_rolled_over_stay_secure(void **state)
{
	(void)state;
	struct world *w = world_up();
	char set[2048], line[1024];
	rr_line(set, sizeof(set), w->edu.dnskey);
	rr_line(line, sizeof(line), w->other.dnskey);
	strcat(set, line);
	w->text[2][0] = w->text[3][0] = '\0';
	sign_into(w->text[2], &w->edu, set);
	sign_into(w->text[3], &w->other, "www.edu. 3600 IN A 192.0.2.1");
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_SECURE);
	world_down(w);
}

static void silent_key_server_is_indeterminate(void **state)
{
	(void)state;
	struct world *w = world_up();
	w->script[2].how = SILENT;
	judge(w, "www.edu");
	assert_int_equal(w->got, SECURITY_INDETERMINATE);
	world_down(w);
}

static void anchors_of_iana_are_two_keys(void **state)
{
	(void)state;
	struct anchors a;
	struct hints_error where;
	assert_int_equal(anchors_parse(&a, root_anchors_text, strlen(root_anchors_text), &where), ERR_OK);
	assert_int_equal(a.n, 2);
	assert_int_equal(rr_number(a.rr[0], 0), 20326);
	assert_int_equal(rr_number(a.rr[1], 0), 38696);
	anchors_release(&a);
}

static void bad_anchors_are_refused_with_their_line(void **state)
{
	(void)state;
	static const char *const bad[] = {"", "; nothing\n", "garbage\n", ". IN NS a.\n", "edu. IN DS 1 8 2 00\n"};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct anchors a;
		struct hints_error where;
		assert_int_not_equal(anchors_parse(&a, bad[i], strlen(bad[i]), &where), ERR_OK);
		assert_int_equal(where.line, 1);
		assert_true(where.why[0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signed_answer_is_secure),
	    cmocka_unit_test(changed_answer_is_bogus),
	    cmocka_unit_test(stripped_signature_is_bogus),
	    cmocka_unit_test(expired_signature_is_bogus),
	    cmocka_unit_test(early_signature_is_bogus),
	    cmocka_unit_test(other_zones_key_is_bogus),
	    cmocka_unit_test(ds_that_does_not_fit_is_bogus),
	    cmocka_unit_test(ds_signed_by_the_child_is_bogus),
	    cmocka_unit_test(missing_name_with_proof_is_secure),
	    cmocka_unit_test(missing_name_without_proof_is_bogus),
	    cmocka_unit_test(missing_type_with_proof_is_secure),
	    cmocka_unit_test(delegation_without_ds_and_with_proof_is_insecure),
	    cmocka_unit_test(delegation_without_ds_or_proof_is_bogus),
	    cmocka_unit_test(wildcards_answer_with_proof_is_secure),
	    cmocka_unit_test(wildcards_answer_without_proof_is_bogus),
	    cmocka_unit_test(zone_of_an_unknown_algorithm_is_insecure),
	    cmocka_unit_test(zone_of_an_unknown_digest_is_insecure),
	    cmocka_unit_test(unknown_algorithm_beside_a_known_one_does_no_harm),
	    cmocka_unit_test(keys_that_are_rolled_over_stay_secure),
	    cmocka_unit_test(silent_key_server_is_indeterminate),
	    cmocka_unit_test(anchors_of_iana_are_two_keys),
	    cmocka_unit_test(bad_anchors_are_refused_with_their_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
