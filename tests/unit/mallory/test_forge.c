/* The forged certificates: well made in all but what mallory cannot have. */
#include <openssl/pem.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "torture.h"

#include "mallory/forge.h"
#include "mallory/loot.h"

static int64_t fixed_now(void *ctx)
{
	(void)ctx;
	return 1800000000LL * NS_PER_S; /* 2027-01-15 */
}

static const struct clock then = {fixed_now, NULL};

/* Verifies what ctx shows as a strict client would that trusts `anchor` (may be NULL); returns the X509_V_
 * code. */
static int verify(SSL_CTX *ctx, X509 *anchor, const char *name)
{
	STACK_OF(X509) *chain = NULL;
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *v = X509_STORE_CTX_new();
	SSL_CTX_get0_chain_certs(ctx, &chain);
	if (anchor)
		assert_int_equal(X509_STORE_add_cert(store, anchor), 1);
	assert_int_equal(X509_STORE_CTX_init(v, store, SSL_CTX_get0_certificate(ctx), chain), 1);
	X509_VERIFY_PARAM *p = X509_STORE_CTX_get0_param(v);
	X509_VERIFY_PARAM_set_time(p, 1800000000);
	X509_VERIFY_PARAM_set_purpose(p, X509_PURPOSE_SSL_SERVER);
	X509_VERIFY_PARAM_set_flags(p, X509_V_FLAG_X509_STRICT);
	X509_VERIFY_PARAM_set1_host(p, name, 0);
	X509_verify_cert(v);
	int code = X509_STORE_CTX_get_error(v);
	X509_STORE_CTX_free(v);
	X509_STORE_free(store);
	return code;
}

static void forge_self_signed_has_the_name_and_no_trust(void **state)
{
	(void)state;
	SSL_CTX *ctx;
	char text[200];
	assert_int_equal(forge_context(&ctx, TLS_SELF_SIGNED, "bank.example", &then, NULL), ERR_OK);
	assert_int_equal(verify(ctx, NULL, "bank.example"), X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT);
	assert_int_equal(X509_check_host(SSL_CTX_get0_certificate(ctx), "bank.example", 0, 0, NULL), 1);
	assert_string_equal(forge_describe(ctx, text, sizeof text), "bank.example, issued by bank.example");
	SSL_CTX_free(ctx);
}

static void forge_own_ca_fails_for_trust_alone(void **state)
{
	(void)state;
	SSL_CTX *ctx;
	STACK_OF(X509) *chain = NULL;
	char text[200];
	assert_int_equal(forge_context(&ctx, TLS_OWN_CA, "bank.example", &then, NULL), ERR_OK);
	assert_int_equal(verify(ctx, NULL, "bank.example"), X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN);
	SSL_CTX_get0_chain_certs(ctx, &chain);
	assert_int_equal(sk_X509_num(chain), 1);
	/* who had installed mallory's CA would be lost */
	assert_int_equal(verify(ctx, sk_X509_value(chain, 0), "bank.example"), X509_V_OK);
	assert_int_equal(verify(ctx, sk_X509_value(chain, 0), "else.example"), X509_V_ERR_HOSTNAME_MISMATCH);
	assert_string_equal(forge_describe(ctx, text, sizeof text), "bank.example, issued by " FORGED_CA_NAME);
	SSL_CTX_free(ctx);
}

static void write_pem(const char *key_file, const char *chain_file, SSL_CTX *from)
{
	FILE *f = fopen(key_file, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PrivateKey(f, SSL_CTX_get0_privatekey(from), NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	STACK_OF(X509) *chain = NULL;
	SSL_CTX_get0_chain_certs(from, &chain);
	f = fopen(chain_file, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_X509(f, SSL_CTX_get0_certificate(from)), 1);
	assert_int_equal(PEM_write_X509(f, sk_X509_value(chain, 0)), 1);
	fclose(f);
}

static void forge_other_name_is_read_from_its_files(void **state)
{
	(void)state;
	char dir[] = "/tmp/glassnet-forge.XXXXXX", key[80], chain[80];
	assert_non_null(mkdtemp(dir));
	snprintf(key, sizeof key, "%s/freewifi.key", dir);
	snprintf(chain, sizeof chain, "%s/freewifi.chain.pem", dir);
	SSL_CTX *ctx, *true_ca;
	assert_int_equal(forge_context(&ctx, TLS_OTHER_NAME, "bank.example", &then, "/nonexistent"), ERR_IO);
	assert_null(ctx);
	assert_int_equal(forge_context(&true_ca, TLS_OWN_CA, "freewifi.example", &then, NULL), ERR_OK);
	write_pem(key, chain, true_ca);
	assert_int_equal(forge_context(&ctx, TLS_OTHER_NAME, "bank.example", &then, dir), ERR_OK);
	STACK_OF(X509) *certs = NULL;
	SSL_CTX_get0_chain_certs(ctx, &certs);
	assert_int_equal(verify(ctx, sk_X509_value(certs, 0), "bank.example"), X509_V_ERR_HOSTNAME_MISMATCH);
	SSL_CTX_free(ctx);
	SSL_CTX_free(true_ca);
	unlink(key);
	unlink(chain);
	rmdir(dir);
}

static void tls_attack_names_are_read_back(void **state)
{
	(void)state;
	enum tls_attack a;
	for (int i = 0; i < TLS_ATTACK_COUNT; i++) {
		assert_int_equal(tls_attack_parse(&a, tls_attack_name((enum tls_attack)i)), ERR_OK);
		assert_int_equal(a, i);
	}
	assert_int_equal(tls_attack_parse(&a, "magic"), ERR_FORMAT);
}

static void loot_file_is_for_its_owner_only(void **state)
{
	(void)state;
	static struct loot l;
	struct stat st;
	char dir[] = "/tmp/glassnet-loot.XXXXXX", path[64];
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/loot", dir);
	loot_init(&l);
	loot_add(&l, NULL, 3, "http POST /login", "password", 8, "s3cret", 6);
	assert_int_equal(loot_write(&l, path), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	json_t *j = json_load_file(path, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(json_array_get(j, 0), "value")), "s3cret");
	json_decref(j);
	assert_int_equal(loot_write(&l, "/nonexistent/loot"), ERR_IO);
	loot_release(&l);
	assert_int_equal(l.items[0].value[0], 0);
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* no temporary file is left */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(forge_self_signed_has_the_name_and_no_trust),
	    cmocka_unit_test(forge_own_ca_fails_for_trust_alone),
	    cmocka_unit_test(forge_other_name_is_read_from_its_files),
	    cmocka_unit_test(tls_attack_names_are_read_back),
	    cmocka_unit_test(loot_file_is_for_its_owner_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
