#include "torture.h"

#include <fcntl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glasslab/pki.h"

#define NOW 1800000000 /* seconds since 1970; not the real time */

static const char network[] =
    "format = 1; hosts = ( { name = \"bank\"; title = \"b\"; interfaces = ( { name = \"e\"; to = \"ca\"; } );"
    " certificates = ( { name = \"bank\"; names = [ \"bank.example\", \"www.bank.example\" ]; } ); },"
    " { name = \"ca\"; title = \"c\"; ca = true;"
    " certificates = ( { name = \"old\"; names = [ \"bank.example\" ]; expired = true; },"
    " { name = \"taken\"; names = [ \"bank.example\" ]; revoked = true; } );"
    " interfaces = ( { name = \"e\"; to = \"bank\"; } ); } );";

struct fixture {
	struct topology t;
	struct lab_pki pki;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	struct why w = {""};
	assert_non_null(f);
	assert_int_equal(topology_parse(&f->t, network, "network", &w), ERR_OK);
	assert_int_equal(lab_pki_make(&f->pki, &f->t, NOW, &w), ERR_OK);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	lab_pki_release(&f->pki);
	topology_release(&f->t);
	free(f);
	return 0;
}

/* X509_V_OK, or why OpenSSL, as strict as it can be, does not accept the leaf for that name at that time. */
static int verify_leaf(struct fixture *f, X509 *leaf, const char *name, time_t at, bool crls)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	STACK_OF(X509) *chain = sk_X509_new_null();
	assert_true(store && ctx && chain);
	X509_STORE_add_cert(store, f->pki.root.cert);
	sk_X509_push(chain, f->pki.intermediate.cert);
	if (crls) {
		X509_STORE_add_crl(store, f->pki.root_crl);
		X509_STORE_add_crl(store, f->pki.intermediate_crl);
	}
	X509_STORE_CTX_init(ctx, store, leaf, chain);
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT | X509_V_FLAG_CHECK_SS_SIGNATURE);
	if (crls)
		X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	X509_VERIFY_PARAM_set_time(p, at);
	X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
	X509_VERIFY_PARAM_set1_host(p, name, 0);
	X509_verify_cert(ctx);
	int error = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	sk_X509_free(chain);
	return error;
}

static int verify(struct fixture *f, const char *name, time_t at)
{
	return verify_leaf(f, f->pki.leaf[0][0].cert, name, at, false);
}

static void pki_leaf_is_accepted_by_strict_rules(void **state)
{
	assert_int_equal(verify(*state, "bank.example", NOW), X509_V_OK);
	assert_int_equal(verify(*state, "www.bank.example", NOW), X509_V_OK);
}

static void pki_leaf_is_for_its_names_and_time_only(void **state)
{
	assert_int_equal(verify(*state, "example", NOW), X509_V_ERR_HOSTNAME_MISMATCH);
	assert_int_equal(verify(*state, "bank.example", NOW - 7200), X509_V_ERR_CERT_NOT_YET_VALID);
	assert_int_equal(verify(*state, "bank.example", NOW + 91 * 86400), X509_V_ERR_CERT_HAS_EXPIRED);
}

static void pki_intermediate_may_not_make_authorities(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(X509_get_pathlen(f->pki.intermediate.cert), 0);
	assert_true(X509_get_extension_flags(f->pki.leaf[0][0].cert) & EXFLAG_BCONS);
	assert_false(X509_get_extension_flags(f->pki.leaf[0][0].cert) & EXFLAG_CA);
}

static void pki_expired_leaf_was_good_before(void **state)
{
	struct fixture *f = *state;
	X509 *old = f->pki.leaf[1][0].cert;
	assert_int_equal(verify_leaf(f, old, "bank.example", NOW, false), X509_V_ERR_CERT_HAS_EXPIRED);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(old), NOW - 30 * 86400), 0);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notBefore(old), NOW - 120 * 86400), 0);
}

static void pki_revoked_leaf_is_refused_by_who_asks_only(void **state)
{
	struct fixture *f = *state;
	X509 *taken = f->pki.leaf[1][1].cert, *good = f->pki.leaf[0][0].cert;
	assert_int_equal(verify_leaf(f, taken, "bank.example", NOW, false), X509_V_OK);
	assert_int_equal(verify_leaf(f, taken, "bank.example", NOW, true), X509_V_ERR_CERT_REVOKED);
	assert_int_equal(verify_leaf(f, good, "bank.example", NOW, true), X509_V_OK);
	assert_int_equal(verify_leaf(f, good, "bank.example", NOW + 8 * 86400, true), X509_V_ERR_CRL_HAS_EXPIRED);
	assert_int_equal(sk_X509_REVOKED_num(X509_CRL_get_REVOKED(f->pki.intermediate_crl)), 1);
}

static void pki_certificates_say_where_the_lists_are(void **state)
{
	struct fixture *f = *state;
	assert_int_equal(X509_get_ext_by_NID(f->pki.root.cert, NID_crl_distribution_points, -1), -1);
	assert_true(X509_get_ext_by_NID(f->pki.intermediate.cert, NID_crl_distribution_points, -1) >= 0);
	assert_true(X509_get_ext_by_NID(f->pki.leaf[0][0].cert, NID_crl_distribution_points, -1) >= 0);
}

static mode_t mode_of(int dir, const char *name)
{
	struct stat st;
	return fstatat(dir, name, &st, 0) == 0 ? st.st_mode & 07777 : 0;
}

static void line_is_about(const char *line, const X509 *cert, bool back)
{
	char number[64], state[32], subject[128];
	long long to;
	int reason;
	BIGNUM *bn = NULL;

	assert_int_equal(sscanf(line, "%63s %31s %d %lld %127[^\n]", number, state, &reason, &to, subject), 5);
	assert_true(BN_hex2bn(&bn, number) > 0);
	ASN1_INTEGER *serial = BN_to_ASN1_INTEGER(bn, NULL);
	assert_int_equal(ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(cert)), 0);
	ASN1_INTEGER_free(serial);
	BN_free(bn);
	assert_int_equal(strcmp(state, "good") != 0, back);
	assert_int_equal(reason != 0, back);
	assert_int_equal(ASN1_TIME_cmp_time_t(X509_get0_notAfter(cert), (time_t)to), 0);
	assert_string_equal(subject, "O=Glassnet lab, CN=bank.example");
}

/* The CA's book has a line for each certificate. */
static void check_book(const struct fixture *f, int dir)
{
	int fd = openat(dir, "issued.tsv", O_RDONLY);
	FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
	char line[512];

	assert_non_null(in);
	for (size_t h = 0; h < f->t.n_hosts; h++)
		for (size_t c = 0; c < f->t.host[h].n_certs; c++) {
			assert_non_null(fgets(line, sizeof line, in));
			line_is_about(line, f->pki.leaf[h][c].cert, f->t.host[h].cert[c].revoked);
		}
	assert_null(fgets(line, sizeof line, in));
	fclose(in);
}

static void pki_files_of_a_host_are_its_own(void **state)
{
	struct fixture *f = *state;
	struct why w = {""};
	char bank[] = "/tmp/glassnet-pki.XXXXXX", ca[] = "/tmp/glassnet-pki.XXXXXX";
	assert_non_null(mkdtemp(bank));
	assert_non_null(mkdtemp(ca));
	int b = open(bank, O_RDONLY | O_DIRECTORY), c = open(ca, O_RDONLY | O_DIRECTORY);
	mode_t old = umask(0);
	assert_int_equal(lab_pki_write(&f->pki, &f->t, 0, b, &w), ERR_OK);
	assert_int_equal(lab_pki_write(&f->pki, &f->t, 1, c, &w), ERR_OK);
	umask(old);
	assert_int_equal(mode_of(b, "bank.key"), 0600);
	assert_int_equal(mode_of(b, "bank.chain.pem"), 0644);
	assert_int_equal(mode_of(b, "root.pem"), 0644);
	assert_int_equal(mode_of(b, "root.key"), 0);
	assert_int_equal(mode_of(c, "root.key"), 0600);
	assert_int_equal(mode_of(c, "intermediate.key"), 0600);
	assert_int_equal(mode_of(c, "bank.key"), 0);
	assert_int_equal(mode_of(c, "intermediate.crl"), 0644);
	assert_int_equal(mode_of(b, "intermediate.crl"), 0);
	assert_int_equal(mode_of(c, "issued.tsv"), 0600);
	assert_int_equal(mode_of(b, "issued.tsv"), 0);
	check_book(f, c);
	/* no file is written over */
	assert_int_equal(lab_pki_write(&f->pki, &f->t, 0, b, &w), ERR_IO);
	static const char *const names[] = {"bank.key", "bank.chain.pem", "root.pem", "intermediate.pem", "root.key",
	    "intermediate.key", "root.crl", "intermediate.crl", "crl.pem", "old.key", "old.chain.pem", "taken.key",
	    "taken.chain.pem", "issued.tsv", "crl-number"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		unlinkat(b, names[i], 0);
		unlinkat(c, names[i], 0);
	}
	close(b);
	close(c);
	assert_int_equal(rmdir(bank), 0);
	assert_int_equal(rmdir(ca), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(pki_leaf_is_accepted_by_strict_rules, setup, teardown),
	    cmocka_unit_test_setup_teardown(pki_leaf_is_for_its_names_and_time_only, setup, teardown),
	    cmocka_unit_test_setup_teardown(pki_intermediate_may_not_make_authorities, setup, teardown),
	    cmocka_unit_test_setup_teardown(pki_expired_leaf_was_good_before, setup, teardown),
	    cmocka_unit_test_setup_teardown(pki_revoked_leaf_is_refused_by_who_asks_only, setup, teardown),
	    cmocka_unit_test_setup_teardown(pki_certificates_say_where_the_lists_are, setup, teardown),
	    cmocka_unit_test_setup_teardown(pki_files_of_a_host_are_its_own, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
