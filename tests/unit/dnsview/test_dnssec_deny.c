/* Proofs of what does not exist. The NSEC3 records are those of RFC 5155 Appendix A; the NSEC ones of RFC
 * 4035 B. */
#include "dnsview/dnssec_deny.h"
#include "dnsview/dnssec_verify.h"
#include "signed.h"

#define NSEC3_APEX                                                                                                   \
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 3600 IN NSEC3 1 1 12 aabbccdd "                                   \
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG\n"
#define NSEC3_CLOSER                                                                                                 \
	"0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 3600 IN NSEC3 1 0 12 aabbccdd "                                   \
	"2t7b4g4vsa5smi47k61mv5bv1a22bojr MX DNSKEY NS SOA NSEC3PARAM RRSIG\n"
#define NSEC3_ENCLOSER                                                                                               \
	"b4um86eghhds6nea196smvmlo4ors995.example. 3600 IN NSEC3 1 0 12 aabbccdd "                                   \
	"gjeqe526plbf1g8mklp59enfd789njgi MX RRSIG\n"
#define NSEC3_WILDCARD                                                                                               \
	"35mthgpgcu1qg68fab165klnsnk3dpvl.example. 3600 IN NSEC3 1 0 12 aabbccdd "                                   \
	"b4um86eghhds6nea196smvmlo4ors995 NS DS RRSIG\n"

static struct dname name_of(const char *text)
{
	struct dname n;
	const char *why;
	assert_int_equal(dname_parse(&n, text, &why), ERR_OK);
	return n;
}

static enum denied denied(const char *records, const char *name, uint16_t type, bool *delegation)
{
	ldns_rr_list *list = rrs_of(records);
	struct proof p = {.zone = name_of("example.")};
	struct dname n = name_of(name);
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		p.rr[p.n++] = ldns_rr_list_rr(list, i);
	struct denial d = deny(&p, &n, type);
	if (delegation)
		*delegation = d.delegation;
	ldns_rr_list_deep_free(list);
	return d.what;
}

static void order_of_rfc4034_is_kept(void **state)
{
	(void)state;
	static const char *const order[] = {"example.", "a.example.", "yljkjljk.a.example.", "Z.a.example.",
	    "zABC.a.EXAMPLE.", "z.example.", "\\001.z.example.", "*.z.example.", "\\200.z.example."};
	for (size_t i = 0; i + 1 < sizeof(order) / sizeof(order[0]); i++) {
		struct dname a = name_of(order[i]), b = name_of(order[i + 1]);
		assert_true(dname_order(&a, &b) < 0);
		assert_true(dname_order(&b, &a) > 0);
	}
}

static void nsec_name_error_needs_the_wildcard_denied(void **state)
{
	(void)state;
	assert_int_equal(denied("b.example. 3600 IN NSEC ns1.example. NS RRSIG NSEC\n"
	                        "example. 3600 IN NSEC a.example. NS SOA MX RRSIG NSEC DNSKEY\n",
	                     "ml.example.", LDNS_RR_TYPE_A, NULL),
	    DENIED_NAME);
	assert_int_equal(
	    denied("b.example. 3600 IN NSEC ns1.example. NS RRSIG NSEC\n", "ml.example.", LDNS_RR_TYPE_A, NULL),
	    DENIED_NOT);
}

static void nsec_type_map_tells(void **state)
{
	(void)state;
	static const char nsec[] = "ns1.example. 3600 IN NSEC ns2.example. A RRSIG NSEC\n";
	assert_int_equal(denied(nsec, "ns1.example.", LDNS_RR_TYPE_MX, NULL), DENIED_TYPE);
	assert_int_equal(denied(nsec, "ns1.example.", LDNS_RR_TYPE_A, NULL), DENIED_NOT);
	assert_int_equal(denied(nsec, "ns2.example.", LDNS_RR_TYPE_MX, NULL), DENIED_NOT);
}

static void nsec_of_a_parent_says_nothing_of_the_child(void **state)
{
	(void)state;
	static const char nsec[] = "b.example. 3600 IN NSEC ns1.example. NS RRSIG NSEC\n"
	                           "example. 3600 IN NSEC a.example. NS SOA RRSIG NSEC\n";
	bool delegation;
	assert_int_equal(denied(nsec, "b.example.", LDNS_RR_TYPE_DS, &delegation), DENIED_TYPE);
	assert_true(delegation);
	assert_int_equal(denied(nsec, "b.example.", LDNS_RR_TYPE_A, NULL), DENIED_NOT);
	assert_int_equal(denied(nsec, "www.b.example.", LDNS_RR_TYPE_A, NULL), DENIED_NOT);
}

static void nsec_of_a_child_does_not_deny_its_ds(void **state)
{
	(void)state;
	assert_int_equal(
	    denied("example. 3600 IN NSEC a.example. NS SOA RRSIG NSEC\n", "example.", LDNS_RR_TYPE_DS, NULL),
	    DENIED_NOT);
}

static void nsec_empty_name_exists(void **state)
{
	(void)state;
	assert_int_equal(
	    denied("a.example. 3600 IN NSEC x.ent.example. A RRSIG NSEC\n", "ent.example.", LDNS_RR_TYPE_A, NULL),
	    DENIED_TYPE);
}

static void nsec3_name_error_of_rfc5155(void **state)
{
	(void)state;
	assert_int_equal(denied(NSEC3_CLOSER NSEC3_ENCLOSER NSEC3_WILDCARD, "a.c.x.w.example.", LDNS_RR_TYPE_A, NULL),
	    DENIED_NAME);
	assert_int_equal(denied(NSEC3_CLOSER NSEC3_ENCLOSER, "a.c.x.w.example.", LDNS_RR_TYPE_A, NULL), DENIED_NOT);
	assert_int_equal(denied(NSEC3_CLOSER NSEC3_WILDCARD, "a.c.x.w.example.", LDNS_RR_TYPE_A, NULL), DENIED_NOT);
}

static void nsec3_opt_out_leaves_it_open(void **state)
{
	(void)state;
	assert_int_equal(denied(NSEC3_APEX NSEC3_ENCLOSER NSEC3_WILDCARD, "a.c.x.w.example.", LDNS_RR_TYPE_A, NULL),
	    DENIED_OPT_OUT);
}

static void nsec3_other_hash_is_left_alone(void **state)
{
	(void)state;
	assert_int_equal(denied("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 3600 IN NSEC3 2 0 12 aabbccdd "
	                        "2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n",
	                     "x.example.", LDNS_RR_TYPE_A, NULL),
	    DENIED_NOT);
}

static void nsec3_iterations_are_bounded(void **state)
{
	(void)state;
	assert_int_equal(denied("0p9mhaveqvm6t7vbl5lop2u3t2rp3tom.example. 3600 IN NSEC3 1 0 51 aabbccdd "
	                        "2t7b4g4vsa5smi47k61mv5bv1a22bojr A\n",
	                     "x.example.", LDNS_RR_TYPE_A, NULL),
	    DENIED_BOUND);
}

/* A zone can have many keys with one tag, and many signatures that each of them has to be tried for. */
static void many_signatures_and_keys_cost_little(void **state)
{
	(void)state;
	struct signer s;
	struct dname zone = name_of("example.");
	unsigned budget = CRYPTO_MAX;
	signer_up(&s, "example.");
	ldns_rr_list *rrs = rrs_of("www.example. 3600 IN A 192.0.2.1"), *keys = ldns_rr_list_new();
	ldns_rr_list *good = sigs_of(&s, rrs), *sigs = ldns_rr_list_new();
	for (unsigned i = 0; i < 100; i++) {
		ldns_rr *sig = ldns_rr_clone(ldns_rr_list_rr(good, 0));
		ldns_rdf *data = ldns_rr_rdf(sig, 8);
		ldns_rdf_data(data)[0] ^= (uint8_t)(i + 1);
		ldns_rr_list_push_rr(sigs, sig);
		ldns_rr_list_push_rr(keys, ldns_rr_clone(s.dnskey));
	}
	struct sig_report r = rrset_verify(rrs, sigs, keys, NULL, &zone, 1000, &budget);
	assert_int_equal(r.sig, SIG_BOUND);
	assert_true(CRYPTO_MAX - budget <= SIGS_TRIED_MAX * KEYS_TRIED_MAX);
	r = rrset_verify(rrs, good, keys, NULL, &zone, 1000, &budget);
	assert_int_equal(r.sig, SIG_RIGHT);
	ldns_rr_list_deep_free(rrs);
	ldns_rr_list_deep_free(keys);
	ldns_rr_list_deep_free(good);
	ldns_rr_list_deep_free(sigs);
	signer_down(&s);
}

static void dates_wrap_around(void **state)
{
	(void)state;
	struct signer s;
	struct dname zone = name_of("example.");
	unsigned budget = CRYPTO_MAX;
	signer_up(&s, "example.");
	s.from = 0xfffffff0u;
	s.until = 100;
	ldns_rr_list *rrs = rrs_of("www.example. 3600 IN A 192.0.2.1"), *keys = ldns_rr_list_new();
	ldns_rr_list *sigs = sigs_of(&s, rrs);
	ldns_rr_list_push_rr(keys, s.dnskey);
	assert_int_equal(rrset_verify(rrs, sigs, keys, NULL, &zone, 5, &budget).sig, SIG_RIGHT);
	assert_int_equal(rrset_verify(rrs, sigs, keys, NULL, &zone, 101, &budget).sig, SIG_EXPIRED);
	assert_int_equal(rrset_verify(rrs, sigs, keys, NULL, &zone, 0xffffff00u, &budget).sig, SIG_EARLY);
	ldns_rr_list_deep_free(rrs);
	ldns_rr_list_deep_free(sigs);
	ldns_rr_list_free(keys);
	signer_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(order_of_rfc4034_is_kept),
	    cmocka_unit_test(nsec_name_error_needs_the_wildcard_denied),
	    cmocka_unit_test(nsec_type_map_tells),
	    cmocka_unit_test(nsec_of_a_parent_says_nothing_of_the_child),
	    cmocka_unit_test(nsec_of_a_child_does_not_deny_its_ds),
	    cmocka_unit_test(nsec_empty_name_exists),
	    cmocka_unit_test(nsec3_name_error_of_rfc5155),
	    cmocka_unit_test(nsec3_opt_out_leaves_it_open),
	    cmocka_unit_test(nsec3_other_hash_is_left_alone),
	    cmocka_unit_test(nsec3_iterations_are_bounded),
	    cmocka_unit_test(many_signatures_and_keys_cost_little),
	    cmocka_unit_test(dates_wrap_around),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
