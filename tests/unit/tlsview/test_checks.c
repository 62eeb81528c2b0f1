/* Certificates good and bad, shown by a real server: what is refused, by which check, and what the server
 * then got. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world.h"

/* --- accepted --- */

static void chain_good_is_accepted(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_OK);
	assert_true(r.res.accepted);
	assert_false(r.res.insecure);
	assert_int_equal(checks_failed(&r.res.checks), 0);
	for (enum path_question q = 0; q < Q_QUESTIONS; q++)
		assert_non_null(recorder_find(&r.rec, 0, EV_CHECK, path_question_id(q), NULL));
	assert_non_null(recorder_find(&r.rec, 0, EV_CHECK, question_id(Q_SHOWN), NULL));
	for (size_t i = 0; i < r.res.checks.n; i++)
		assert_true(r.res.checks.item[i].verdict == VERDICT_PASS ||
		            strcmp(r.res.checks.item[i].question, "revocation") == 0);
	assert_string_equal(r.res.chain.anchor, "Test Root");
	assert_int_equal(r.res.chain.n, 3);
	assert_int_equal(r.res.chain.n_sent, 2);
	assert_string_equal(r.res.chain.cert[0].info.subject, "CN=bank.example");
	assert_string_equal(r.res.chain.cert[0].info.issuer, "CN=Test Intermediate");
	assert_string_equal(r.res.chain.cert[0].info.names, "bank.example, *.bank.example, 192.0.2.1");
	assert_string_equal(r.res.chain.cert[0].info.key, "EC P-256");
	assert_int_equal(strlen(r.res.chain.cert[0].info.sha256), 64);
	assert_false(r.res.chain.cert[2].sent);
	assert_string_equal(r.res.protocol, "TLS 1.3");
	assert_string_equal(r.res.group, "x25519");
	finish(&r);
}

static void chain_good_lets_the_data_through(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	show(&r, w, &leaf);
	assert_int_equal(r.peer.n_got, sizeof(secret) - 1);
	assert_memory_equal(r.peer.got, secret, sizeof(secret) - 1);
	assert_int_equal(r.res.data_out, sizeof(secret) - 1);
	assert_memory_equal(r.res.reply, "HTTP/1.1 200 OK", 15);
	assert_non_null(strstr(r.res.text, "HTTP 200 OK: \"hi\""));
	finish(&r);
}

static void chain_good_in_tls12_is_accepted(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.peer.version = TLS1_2_VERSION;
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_OK);
	assert_string_equal(r.res.protocol, "TLS 1.2");
	assert_string_equal(r.res.group, "x25519");
	assert_true(checks_has(&r.res.checks, "certificate-verify"));
	assert_true(checks_has(&r.res.checks, "finished"));
	finish(&r);
}

static void key_exchange_rsa_in_tls12_is_accepted(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	leaf.rsa_bits = 2048;
	leaf.key_usage = "critical,digitalSignature,keyEncipherment";
	prepare(&r, w);
	r.peer.version = TLS1_2_VERSION;
	r.peer.ciphers = r.opt.ciphers = "AES128-GCM-SHA256";
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_OK);
	assert_non_null(recorder_find(&r.rec, 0, EV_CHECK, "certificate-verify", "decrypt"));
	finish(&r);
}

/* --- refused --- */

static void dates_expired_is_refused(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);

	leaf.to = NOW - DAY;
	refused(w, &leaf, 45, "X509_V_ERR_CERT_HAS_EXPIRED", NULL);
}

static void name_of_another_is_refused(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);

	leaf.cn = "mallory.example";
	leaf.cn = "mallory.example";
	leaf.names = "DNS:mallory.example";
	refused(w, &leaf, 42, "X509_V_ERR_HOSTNAME_MISMATCH", NULL);
}

static void anchor_unknown_authority_is_refused(void **state)
{
	struct world *w = *state;
	struct pki_spec ca = root_spec;
	struct pki_cert mallory;

	ca.cn = "Mallory CA";
	pki_make(&mallory, &ca);
	struct pki_spec leaf = good_leaf(&mallory);
	refused(w, &leaf, 48, "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY", NULL);
	pki_release(&mallory);
}

/* A true certificate for another name signs one for the bank. */
static void faults_two_at_once_are_both_listed(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);

	leaf.to = NOW - DAY;
	leaf.cn = "mallory.example";
	leaf.names = "DNS:mallory.example";
	/* the alert is that of the first, certificate_expired */
	refused(w, &leaf, 45, "X509_V_ERR_HOSTNAME_MISMATCH", "X509_V_ERR_CERT_HAS_EXPIRED");
}

/* OpenSSL's verdict is X509_V_OK here: there was nothing to verify. */
static void certificate_missing_is_refused(void **state)
{
	struct world *w = *state;
	struct run r;

	prepare(&r, w);
	r.peer.version = TLS1_2_VERSION;
	r.peer.ciphers = r.opt.ciphers = "AECDH-AES128-SHA:@SECLEVEL=0";
	connect_to(&r);
	assert_int_equal(r.err, ERR_NEGATIVE);
	assert_false(r.res.accepted);
	assert_non_null(failed_with(&r, "no-certificate"));
	assert_int_equal(r.peer.n_got, 0);
	assert_int_equal(r.res.data_out, 0);
	finish(&r);
}

/* --- proof of the key, and Finished --- */

/* Mallory has copied the bank's certificate, which is easy, but not its key. */
static void stolen_certificate(struct world *w, int version)
{
	struct pki_spec spec = good_leaf(&w->root);
	struct pki_cert leaf;
	struct run r;

	pki_make(&leaf, &spec);
	EVP_PKEY *hollow = pki_hollow_key(&leaf);
	prepare(&r, w);
	r.peer.leaf = &leaf;
	r.peer.key = hollow;
	r.peer.version = version;
	connect_to(&r);
	assert_refused(&r, 51, "certificate-verify", NULL);
	finish(&r);
	EVP_PKEY_free(hollow);
	pki_release(&leaf);
}

static void key_not_held_is_refused(void **state)
{
	stolen_certificate(*state, TLS1_3_VERSION);
	stolen_certificate(*state, TLS1_2_VERSION);
}

static void key_not_held_is_refused_with_insecure_too(void **state)
{
	struct world *w = *state;
	struct pki_spec spec = good_leaf(&w->root);
	struct pki_cert leaf;
	struct run r;

	pki_make(&leaf, &spec);
	EVP_PKEY *hollow = pki_hollow_key(&leaf);
	prepare(&r, w);
	r.opt.insecure = true;
	r.peer.leaf = &leaf;
	r.peer.key = hollow;
	connect_to(&r);
	assert_int_equal(r.err, ERR_NEGATIVE);
	assert_int_equal(r.peer.n_got, 0);
	finish(&r);
	EVP_PKEY_free(hollow);
	pki_release(&leaf);
}

/* Finds the handshake message of a type in what the server writes (records of one message each, in the clear)
 * and flips a bit in the last octet of it. */
static void flip_in(uint8_t *bytes, size_t len, uint8_t type)
{
	size_t at = 0;

	while (at + 9 <= len) {
		size_t n = (size_t)(bytes[at + 3] << 8 | bytes[at + 4]);

		if (bytes[at] == 22 && bytes[at + 5] == type && at + 5 + n <= len)
			bytes[at + 5 + n - 1] ^= 1;
		at += 5 + n;
	}
}

static void flip_ticket(uint8_t *bytes, size_t len, void *arg)
{
	(void)arg;
	flip_in(bytes, len, 4);
}

static void flip_server_hello(uint8_t *bytes, size_t len, void *arg)
{
	(void)arg;
	if (len > 5 + 4 + 2 + 31 && bytes[0] == 22 && bytes[5] == 2)
		bytes[5 + 4 + 2 + 31] ^= 1; /* the random */
}

/* In TLS 1.2 the ticket travels in the clear and nothing but Finished covers it. */
static void finished_over_an_altered_message_is_refused(void **state)
{
	struct world *w = *state;
	struct pki_spec spec = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.peer.version = TLS1_2_VERSION;
	r.peer.alter = flip_ticket;
	show(&r, w, &spec);
	assert_refused(&r, 51, "finished", NULL);
	finish(&r);
}

static void server_hello_altered_is_refused(void **state)
{
	struct world *w = *state;
	struct pki_spec spec = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.peer.alter = flip_server_hello;
	show(&r, w, &spec);
	assert_refused(&r, 20, "bad-record-mac", NULL);
	finish(&r);
}

/* RFC 8446 4.1.3: the last octets of the random say that the server can do TLS 1.3. */
static void put_sentinel(uint8_t *bytes, size_t len, void *arg)
{
	(void)arg;
	if (len > 5 + 4 + 2 + 32 && bytes[0] == 22 && bytes[5] == 2)
		memcpy(bytes + 5 + 4 + 2 + 24, "DOWNGRD\x01", 8);
}

static void downgrade_is_given_away_by_the_sentinel(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.peer.version = TLS1_2_VERSION;
	r.peer.alter = put_sentinel;
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_NEGATIVE);
	assert_non_null(failed_with(&r, "downgraded"));
	assert_int_equal(r.peer.alert, 47);
	assert_non_null(recorder_find(&r.rec, 0, EV_DECISION, "downgrade-sentinel", NULL));
	finish(&r);
}

/* Who offers no more than TLS 1.2 gets it, and is told that there is better. */
static void sentinel_without_a_downgrade_is_only_told(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.opt.max = TLS1_2_VERSION;
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_OK);
	assert_non_null(recorder_find(&r.rec, 0, EV_DECISION, "downgrade-sentinel", NULL));
	finish(&r);
}

static void version_too_old_is_refused(void **state)
{
	struct world *w = *state;
	struct pki_spec spec = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.peer.version = TLS1_1_VERSION;
	show(&r, w, &spec);
	assert_false(r.res.accepted);
	assert_int_equal(r.err, ERR_REFUSED); /* the server says so, with an alert */
	assert_non_null(strstr(r.res.text, "protocol_version"));
	finish(&r);
}

/* --- insecure --- */

static void insecure_goes_on_and_is_still_a_no(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(NULL);
	struct run r;

	leaf.cn = "mallory.example";
	leaf.names = "DNS:mallory.example";
	prepare(&r, w);
	r.opt.insecure = true;
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_NEGATIVE);
	assert_false(r.res.accepted);
	assert_true(r.res.insecure);
	assert_int_equal(checks_failed(&r.res.checks), 2);
	assert_memory_equal(r.peer.got, secret, sizeof(secret) - 1); /* this is what is lost */
	assert_non_null(recorder_find(&r.rec, 0, EV_NOTE, NULL, "stranger"));
	assert_non_null(strstr(r.res.text, "NOT proved"));
	finish(&r);
}

static void insecure_changes_nothing_for_a_good_chain(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.opt.insecure = true;
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_OK);
	assert_true(r.res.accepted);
	assert_false(r.res.insecure);
	finish(&r);
}

/* What we send may be a password: it is in no event and in no result. */
static void data_sent_is_in_no_event(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	show(&r, w, &leaf);
	for (size_t i = 0; i < r.rec.n; i++) {
		assert_null(strstr(r.rec.ev[i].text, "sesame"));
		if (r.rec.ev[i].bytes)
			assert_null(memmem(r.rec.ev[i].bytes, r.rec.ev[i].len, "sesame", 6));
	}
	char *data = report_data(&r.res);
	assert_non_null(data);
	assert_null(strstr(data, "sesame"));
	free(data);
	finish(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(chain_good_is_accepted),
	    cmocka_unit_test(chain_good_lets_the_data_through),
	    cmocka_unit_test(chain_good_in_tls12_is_accepted),
	    cmocka_unit_test(key_exchange_rsa_in_tls12_is_accepted),
	    cmocka_unit_test(dates_expired_is_refused),
	    cmocka_unit_test(name_of_another_is_refused),
	    cmocka_unit_test(anchor_unknown_authority_is_refused),
	    cmocka_unit_test(faults_two_at_once_are_both_listed),
	    cmocka_unit_test(certificate_missing_is_refused),
	    cmocka_unit_test(key_not_held_is_refused),
	    cmocka_unit_test(key_not_held_is_refused_with_insecure_too),
	    cmocka_unit_test(finished_over_an_altered_message_is_refused),
	    cmocka_unit_test(server_hello_altered_is_refused),
	    cmocka_unit_test(downgrade_is_given_away_by_the_sentinel),
	    cmocka_unit_test(sentinel_without_a_downgrade_is_only_told),
	    cmocka_unit_test(version_too_old_is_refused),
	    cmocka_unit_test(insecure_goes_on_and_is_still_a_no),
	    cmocka_unit_test(insecure_changes_nothing_for_a_good_chain),
	    cmocka_unit_test(data_sent_is_in_no_event),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
