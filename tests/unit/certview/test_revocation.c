/* Revocation: CRLs, deltas, distribution points, indirect lists, OCSP; keys whose parameters are the issuer's. */
#include "bed.h"

#include <openssl/conf.h>
#include <openssl/dsa.h>
#include <openssl/ocsp.h>
#include <openssl/x509v3.h>

/* --- revocation --- */

struct list_spec {
	const struct pair *by;
	const X509 *revoked; /* its number is on it */
	long number;         /* 0: none */
	const char *ext[4];  /* more: "issuingDistributionPoint=..." */
	int64_t from, to;
	const char *entry_issuer; /* the section with an entry's certificateIssuer; NULL: none */
	int reason;
};

static const char points[] =
    "[idp]\nfullname=URI:http://crl.example/1\n[user]\nonlyuser=TRUE\n[ca]\nonlyCA=TRUE\n"
    "[attr]\nonlyAA=TRUE\n[indirect]\nindirectCRL=TRUE\n[some]\nonlysomereasons=keyCompromise\n"
    "[rest]\nonlysomereasons=CACompromise,affiliationChanged,superseded,cessationOfOperation,"
    "certificateHold,privilegeWithdrawn,AACompromise\n"
    "[dp]\nfullname=URI:http://crl.example/1\n[dpi]\nfullname=URI:http://crl.example/1\n"
    "CRLissuer=dirName:other\n[other]\nCN=Other\n[mid]\nCN=Mid\n";

static X509_CRL *make_list(struct list_spec s)
{
	CONF *conf = NCONF_new(NULL);
	BIO *in = BIO_new_mem_buf(points, -1);
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *a = ASN1_TIME_set(NULL, s.from ? s.from : NOW - DAY),
	          *z = ASN1_TIME_set(NULL, s.to ? s.to : NOW + DAY);
	X509V3_CTX ctx;

	assert_int_equal(NCONF_load_bio(conf, in, NULL), 1);
	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(s.by->cert));
	X509_CRL_set1_lastUpdate(crl, a);
	X509_CRL_set1_nextUpdate(crl, z);
	X509V3_set_ctx(&ctx, s.by->cert, NULL, NULL, crl, 0);
	X509V3_set_nconf(&ctx, conf);
	if (s.revoked) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_ENUMERATED *why = ASN1_ENUMERATED_new();

		X509_REVOKED_set_serialNumber(r, (ASN1_INTEGER *)X509_get0_serialNumber(s.revoked));
		X509_REVOKED_set_revocationDate(r, a);
		ASN1_ENUMERATED_set(why, s.reason);
		if (s.reason)
			X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, why, 0, 0);
		if (s.entry_issuer) {
			GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
			GENERAL_NAME *g = GENERAL_NAME_new();

			GENERAL_NAME_set0_value(g, GEN_DIRNAME, X509_NAME_dup(X509_get_issuer_name(s.revoked)));
			sk_GENERAL_NAME_push(names, g);
			X509_REVOKED_add1_ext_i2d(r, NID_certificate_issuer, names, 1, 0);
			GENERAL_NAMES_free(names);
		}
		X509_CRL_add0_revoked(crl, r);
		ASN1_ENUMERATED_free(why);
	}
	for (int i = 0; i < 4 && s.ext[i]; i++) {
		char name[64];
		const char *eq = strchr(s.ext[i], '=');

		snprintf(name, sizeof(name), "%.*s", (int)(eq - s.ext[i]), s.ext[i]);
		X509_EXTENSION *e = X509V3_EXT_nconf(conf, &ctx, name, eq + 1);
		assert_non_null(e);
		X509_CRL_add_ext(crl, e, -1);
		X509_EXTENSION_free(e);
	}
	if (s.number) {
		ASN1_INTEGER *n = ASN1_INTEGER_new();

		ASN1_INTEGER_set(n, s.number);
		X509_CRL_add1_ext_i2d(crl, NID_crl_number, n, 0, 0);
		ASN1_INTEGER_free(n);
	}
	X509_EXTENSION *aki = X509V3_EXT_nconf(conf, &ctx, "authorityKeyIdentifier", "keyid:always");
	X509_CRL_add_ext(crl, aki, -1);
	X509_EXTENSION_free(aki);
	X509_CRL_sort(crl);
	assert_true(X509_CRL_sign(crl, s.by->key, EVP_sha256()) > 0);
	ASN1_TIME_free(a);
	ASN1_TIME_free(z);
	BIO_free(in);
	NCONF_free(conf);
	/* what a file would give: parsed anew */
	unsigned char *der = NULL;
	int len = i2d_X509_CRL(crl, &der);
	const unsigned char *p = der;
	X509_CRL_free(crl);
	crl = d2i_X509_CRL(NULL, &p, len);
	OPENSSL_free(der);
	return crl;
}

static void bed_list(struct bed *b, struct list_spec s)
{
	X509_CRL *crl = make_list(s);

	assert_int_equal(path_store_add_crls(b->store, &(struct crl_set){.x = &crl, .n = 1}), ERR_OK);
	X509_CRL_free(crl);
}

/* A bed with the root's list, and a leaf below mid. */
static struct bed bed_with_root_list(void)
{
	struct bed b = bed_new();

	bed_add(&b, &root, true);
	bed_add(&b, &mid, false);
	bed_list(&b, (struct list_spec){.by = &root, .number = 1});
	return b;
}

static void one_list(struct list_spec s, const struct pair *leaf, const char *ids)
{
	struct bed b = bed_with_root_list();

	bed_list(&b, s);
	refused(&b, leaf->cert, ids);
	bed_free(&b);
}

static void lists_are_read(void **state)
{
	struct pair leaf = make("/CN=Leaf", &mid, false, NULL, PLAIN),
	            no_crl = make("/CN=Mid", &root, true, LIST("keyUsage=critical,keyCertSign"),
	                (struct issue_spec){.given_key = mid.key});
	struct bed none = bed_with_root_list(), forbidden = bed_new(), partly = bed_new();

	(void)state;
	one_list((struct list_spec){.by = &mid, .number = 1}, &leaf, "");
	one_list((struct list_spec){.by = &mid, .number = 1, .revoked = leaf.cert}, &leaf, "CERT_REVOKED");
	one_list((struct list_spec){.by = &mid, .number = 1, .revoked = mid.cert}, &leaf, "");
	one_list((struct list_spec){.by = &mid}, &leaf, "crl-number-missing");
	one_list((struct list_spec){.by = &mid, .number = 1, .to = NOW - 1}, &leaf, "CRL_HAS_EXPIRED");
	one_list((struct list_spec){.by = &mid, .number = 1, .to = NOW}, &leaf, "");
	one_list((struct list_spec){.by = &mid, .number = 1, .from = NOW + 1}, &leaf, "CRL_NOT_YET_VALID");
	one_list((struct list_spec){.by = &mid, .number = 1, .ext = {"1.2.3=critical,DER:0500"}}, &leaf,
	    "UNHANDLED_CRITICAL_CRL_EXTENSION");
	one_list((struct list_spec){.by = &mid, .number = 1, .ext = {"1.2.3=DER:0500"}}, &leaf, "");
	one_list((struct list_spec){.by = &mid, .number = 1, .ext = {"issuingDistributionPoint=critical,@user"}},
	    &leaf, "");
	one_list((struct list_spec){.by = &mid, .number = 1, .ext = {"issuingDistributionPoint=critical,@ca"}}, &leaf,
	    "UNABLE_TO_GET_CRL");
	one_list((struct list_spec){.by = &mid, .number = 1, .ext = {"issuingDistributionPoint=critical,@attr"}},
	    &leaf, "UNABLE_TO_GET_CRL");
	one_list((struct list_spec){.by = &mid, .number = 1, .ext = {"issuingDistributionPoint=critical,@some"}},
	    &leaf, "UNABLE_TO_GET_CRL");
	one_list((struct list_spec){.by = &mid, .number = 1, .ext = {"issuingDistributionPoint=critical,@idp"}},
	    &leaf, "UNABLE_TO_GET_CRL");
	one_list((struct list_spec){.by = &mid, .number = 2, .ext = {"deltaCRL=critical,DER:020101"}}, &leaf,
	    "UNABLE_TO_GET_CRL");
	refused(&none, leaf.cert, "UNABLE_TO_GET_CRL");
	bed_add(&partly, &root, true);
	bed_add(&partly, &mid, false);
	bed_list(&partly, (struct list_spec){.by = &mid, .number = 1});
	refused(&partly, leaf.cert, "UNABLE_TO_GET_CRL"); /* of mid nobody says anything */
	partly.rules.crl_leaf_only = true;
	accepted(&partly, leaf.cert);
	bed_add(&forbidden, &root, true);
	bed_add(&forbidden, &no_crl, false);
	bed_list(&forbidden, (struct list_spec){.by = &root, .number = 1});
	bed_list(&forbidden, (struct list_spec){.by = &mid, .number = 1});
	refused(&forbidden, leaf.cert, "KEYUSAGE_NO_CRL_SIGN");
	bed_free(&none);
	bed_free(&partly);
	bed_free(&forbidden);
	pair_release(&leaf);
	pair_release(&no_crl);
}

static void reasons_add_up(void **state)
{
	struct pair leaf = make("/CN=Leaf", &mid, false, NULL, PLAIN);
	struct bed b = bed_with_root_list();

	(void)state;
	bed_list(&b, (struct list_spec){.by = &mid, .number = 1, .ext = {"issuingDistributionPoint=critical,@some"}});
	refused(&b, leaf.cert, "UNABLE_TO_GET_CRL");
	bed_list(&b, (struct list_spec){.by = &mid, .number = 1, .ext = {"issuingDistributionPoint=critical,@rest"}});
	accepted(&b, leaf.cert);
	bed_free(&b);
	pair_release(&leaf);
}

static void deltas_change_what_the_list_says(void **state)
{
	struct pair leaf = make("/CN=Leaf", &mid, false, NULL, PLAIN);
	struct bed b = bed_with_root_list(), hold = bed_with_root_list();

	(void)state;
	bed_list(&b, (struct list_spec){.by = &mid, .number = 1});
	bed_list(&b, (struct list_spec){
	                 .by = &mid, .number = 2, .ext = {"deltaCRL=critical,DER:020102"}, .revoked = leaf.cert});
	accepted(&b, leaf.cert); /* a delta to a later list */
	bed_list(&b, (struct list_spec){
	                 .by = &mid, .number = 3, .ext = {"deltaCRL=critical,DER:020101"}, .revoked = leaf.cert});
	refused(&b, leaf.cert, "CERT_REVOKED");
	bed_list(&hold, (struct list_spec){.by = &mid, .number = 1, .revoked = leaf.cert, .reason = 6});
	refused(&hold, leaf.cert, "CERT_REVOKED");
	bed_list(&hold,
	    (struct list_spec){
	        .by = &mid, .number = 2, .ext = {"deltaCRL=critical,DER:020101"}, .revoked = leaf.cert, .reason = 8});
	accepted(&hold, leaf.cert); /* taken off again */
	bed_free(&b);
	bed_free(&hold);
	pair_release(&leaf);
}

static void points_and_indirect_lists_are_followed(void **state)
{
	struct pair other = make("/CN=Other", &root, true, NULL, PLAIN),
	            stranger = make("/CN=Stranger", NULL, true, NULL, PLAIN),
	            false_other = make("/CN=Other", &stranger, true, NULL, PLAIN);
	struct issue_spec with = {.sections = points};
	struct pair direct = make("/CN=Leaf", &mid, false, LIST("crlDistributionPoints=dp"), with),
	            indirect = make("/CN=Leaf", &mid, false, LIST("crlDistributionPoints=dpi"), with);
	static const char idp[] = "issuingDistributionPoint=critical,@idp",
	                  ind[] = "issuingDistributionPoint=critical,@indirect";
	struct bed b = bed_with_root_list(), c = bed_with_root_list(), d = bed_with_root_list(),
	           e = bed_with_root_list();

	(void)state;
	bed_list(&b, (struct list_spec){.by = &mid, .number = 1, .ext = {idp}});
	accepted(&b, direct.cert);
	bed_list(&c, (struct list_spec){.by = &mid, .number = 1, .ext = {idp}, .revoked = direct.cert});
	refused(&c, direct.cert, "CERT_REVOKED");
	/* another one's list, for those who name it */
	bed_add(&d, &other, false);
	bed_list(&d, (struct list_spec){.by = &other, .number = 1, .ext = {ind}});
	accepted(&d, indirect.cert);
	refused(&d, direct.cert, "UNABLE_TO_GET_CRL");
	bed_list(&c, (struct list_spec){
	                 .by = &other, .number = 1, .ext = {ind}, .revoked = indirect.cert, .entry_issuer = "mid"});
	bed_add(&c, &other, false);
	refused(&c, indirect.cert, "CERT_REVOKED");
	/* the same number, of another issuer */
	bed_add(&e, &other, false);
	bed_list(&e, (struct list_spec){.by = &other, .number = 1, .ext = {ind}, .revoked = indirect.cert});
	accepted(&e, indirect.cert);
	bed_free(&e);
	/* who signed it must lead to the same root */
	e = bed_with_root_list();
	bed_add(&e, &false_other, false);
	bed_add(&e, &stranger, true);
	bed_list(&e, (struct list_spec){.by = &false_other, .number = 1, .ext = {ind}});
	refused(&e, indirect.cert, "CRL_PATH_VALIDATION_ERROR");
	bed_free(&b);
	bed_free(&c);
	bed_free(&d);
	bed_free(&e);
	pair_release(&other);
	pair_release(&stranger);
	pair_release(&false_other);
	pair_release(&direct);
	pair_release(&indirect);
}

/* An authority with one key for certificates and one for lists (RFC 5280 6.3.3 (f)). */
static void lists_may_have_a_key_of_their_own(void **state)
{
	struct pair signer =
	                make("/CN=Mid", &root, true, LIST("basicConstraints=", "keyUsage=critical,cRLSign"), PLAIN),
	            leaf = make("/CN=Leaf", &mid, false, NULL, PLAIN);
	struct bed b = bed_with_root_list(), c = bed_new();

	(void)state;
	bed_list(&b, (struct list_spec){.by = &signer, .number = 1});
	refused(&b, leaf.cert, "UNABLE_TO_GET_CRL_ISSUER");
	bed_add(&b, &signer, false);
	accepted(&b, leaf.cert);
	/* its certificate is revoked itself */
	bed_add(&c, &root, true);
	bed_add(&c, &mid, false);
	bed_add(&c, &signer, false);
	bed_list(&c, (struct list_spec){.by = &root, .number = 1, .revoked = signer.cert});
	bed_list(&c, (struct list_spec){.by = &signer, .number = 1});
	refused(&c, leaf.cert, "CRL_PATH_VALIDATION_ERROR");
	/* the only list that speaks of it is its own */
	struct pair lister = make("/CN=Other", &mid, true,
	                LIST("basicConstraints=", "keyUsage=critical,cRLSign", "crlDistributionPoints=dpi"),
	                (struct issue_spec){.sections = points}),
	            named = make("/CN=Leaf", &mid, false, LIST("crlDistributionPoints=dpi"),
	                (struct issue_spec){.sections = points});
	struct bed d = bed_with_root_list();
	bed_add(&d, &lister, false);
	bed_list(&d,
	    (struct list_spec){.by = &lister, .number = 1, .ext = {"issuingDistributionPoint=critical,@indirect"}});
	accepted(&d, named.cert);
	bed_list(&d,
	    (struct list_spec){
	        .by = &mid, .number = 1, .revoked = lister.cert, .ext = {"issuingDistributionPoint=critical,@some"}});
	refused(&d, named.cert, "CRL_PATH_VALIDATION_ERROR");
	bed_free(&d);
	pair_release(&lister);
	pair_release(&named);
	bed_free(&b);
	bed_free(&c);
	pair_release(&signer);
	pair_release(&leaf);
}

/* --- DSA --- */

static EVP_PKEY *dsa_key(EVP_PKEY *params)
{
	EVP_PKEY_CTX *ctx = params ? EVP_PKEY_CTX_new(params, NULL) : EVP_PKEY_CTX_new_id(EVP_PKEY_DSA, NULL);
	EVP_PKEY *out = NULL;

	if (params) {
		assert_true(EVP_PKEY_keygen_init(ctx) > 0 && EVP_PKEY_keygen(ctx, &out) > 0);
	} else {
		assert_true(EVP_PKEY_paramgen_init(ctx) > 0 && EVP_PKEY_CTX_set_dsa_paramgen_bits(ctx, 1024) > 0);
		assert_true(EVP_PKEY_paramgen(ctx, &out) > 0);
	}
	EVP_PKEY_CTX_free(ctx);
	return out;
}

/* Takes the parameters out of the key in a certificate, and signs it anew. */
static void leave_to_issuer(struct pair *p, const struct pair *by)
{
	X509_PUBKEY *pub = X509_get_X509_PUBKEY(p->cert);
	const unsigned char *bits;
	int len;

	assert_true(X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, pub));
	unsigned char *copy = OPENSSL_memdup(bits, (size_t)len);
	assert_true(X509_PUBKEY_set0_param(pub, OBJ_nid2obj(NID_dsa), V_ASN1_UNDEF, NULL, copy, len));
	assert_true(X509_sign(p->cert, by->key, EVP_sha256()) > 0);
	unsigned char *der = NULL;
	int n = i2d_X509(p->cert, &der);
	const unsigned char *at = der;
	X509_free(p->cert);
	p->cert = d2i_X509(NULL, &at, n);
	assert_non_null(p->cert);
	OPENSSL_free(der);
}

static void dsa_parameters_come_from_the_issuer(void **state)
{
	EVP_PKEY *params = dsa_key(NULL), *a = dsa_key(params), *k = dsa_key(params);
	struct pair top = make("/CN=DSA", NULL, true, NULL, (struct issue_spec){.given_key = a}),
	            heir = make("/CN=Heir", &top, true, NULL, (struct issue_spec){.given_key = k});
	struct bed b = bed_new();

	(void)state;
	leave_to_issuer(&heir, &top);
	struct pair leaf = make("/CN=Leaf", &heir, false, NULL, PLAIN);
	bed_add(&b, &top, true);
	bed_add(&b, &heir, false);
	b.rules.profile = PROFILE_RFC5280;
	accepted(&b, leaf.cert);
	bed_list(&b, (struct list_spec){.by = &top, .number = 1});
	bed_list(&b, (struct list_spec){.by = &heir, .number = 1});
	accepted(&b, leaf.cert);
	b.rules.profile = PROFILE_WEB;
	refused(&b, leaf.cert, "key-kind,key-kind");
	bed_free(&b);
	pair_release(&top);
	pair_release(&heir);
	pair_release(&leaf);
	EVP_PKEY_free(params);
	EVP_PKEY_free(a);
	EVP_PKEY_free(k);
}

/* --- OCSP --- */

static void ocsp_responses_are_judged(void **state)
{
	struct pair leaf = make("/CN=Leaf", &mid, false, NULL, PLAIN),
	            other = make("/CN=Leaf", &mid, false, NULL, PLAIN);
	struct bed b = bed_new();
	const struct {
		X509 *about;
		const struct pair *by;
		int64_t now, revoked;
		const char *ids;
	} cases[] = {{leaf.cert, &mid, NOW, 0, ""}, {leaf.cert, &mid, NOW, NOW - 5, "CERT_REVOKED"},
	    {other.cert, &mid, NOW, 0, "OCSP_VERIFY_FAILED"}, {leaf.cert, &root, NOW, 0, "OCSP_VERIFY_FAILED"},
	    {leaf.cert, &mid, NOW - 30 * DAY, 0, "OCSP_VERIFY_FAILED"},
	    {leaf.cert, &mid, NOW + DAY, 0, "OCSP_VERIFY_FAILED"}};

	(void)state;
	bed_add(&b, &root, true);
	bed_add(&b, &mid, false);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int len;
		unsigned char *der = issue_ocsp(cases[i].about, cases[i].by, cases[i].now, cases[i].revoked, 1, &len);

		b.rules.ocsp = der;
		b.rules.ocsp_len = (size_t)len;
		const char *got = bed_judge(&b, leaf.cert);
		if (strcmp(got, cases[i].ids) != 0)
			fail_msg("OCSP case %zu: '%s'", i, got);
		OPENSSL_free(der);
	}
	b.rules.ocsp = (const uint8_t *)"garbage";
	b.rules.ocsp_len = 7;
	refused(&b, leaf.cert, "OCSP_VERIFY_FAILED");
	bed_free(&b);
	pair_release(&leaf);
	pair_release(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lists_are_read),
	    cmocka_unit_test(reasons_add_up),
	    cmocka_unit_test(deltas_change_what_the_list_says),
	    cmocka_unit_test(points_and_indirect_lists_are_followed),
	    cmocka_unit_test(lists_may_have_a_key_of_their_own),
	    cmocka_unit_test(dsa_parameters_come_from_the_issuer),
	    cmocka_unit_test(ocsp_responses_are_judged),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
