/* The keys of real connections, computed beside OpenSSL; what is shown of them, and what a listener has. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tlsview/fixed.h"
#include "tlsview/inside.h"
#include "tlsview/run.h"
#include "world.h"

static void connect_as(struct run *r, struct world *w, int version, const char *groups, const char *ciphers)
{
	struct pki_spec leaf = good_leaf(&w->mid);

	prepare(r, w);
	r->peer.version = version;
	r->peer.groups = groups;
	r->peer.ciphers = ciphers;
	show(r, w, &leaf);
	assert_int_equal(r->err, ERR_OK);
}

static void assert_all_pass(const struct recorder *rec, const char *id, size_t n)
{
	size_t passed = 0;

	for (size_t i = 0; i < rec->n; i++)
		if (rec->ev[i].kind == EV_CHECK && strcmp(rec->ev[i].id, id) == 0) {
			if (rec->ev[i].verdict != VERDICT_PASS)
				fail_msg("%s: %s", id, rec->ev[i].text);
			passed++;
		}
	assert_int_equal(passed, n);
}

static void assert_computed(const struct run *r, bool tls13)
{
	assert_int_equal(r->res.keys.tls13, tls13);
	assert_false(r->res.keys.differs);
	if (tls13) {
		assert_int_equal(r->res.keys.logged, 5);
		assert_int_equal(r->res.keys.same, 5);
		assert_true(r->res.keys.computed >= 9);
	} else {
		assert_true(r->res.keys.has_master);
	}
	assert_all_pass(&r->rec, "signature-computed", 1);
	assert_all_pass(&r->rec, "server-finished", 1);
	assert_all_pass(&r->rec, "client-finished", 1);
	assert_all_pass(&r->rec, "record-opened", 2);
}

static void every_kind_of_handshake_is_computed(void **state)
{
	static const struct {
		int version;
		const char *groups, *ciphers;
	} rows[] = {{TLS1_3_VERSION, NULL, NULL}, {TLS1_3_VERSION, "P-256", NULL}, {TLS1_3_VERSION, "P-384", NULL},
	    {TLS1_3_VERSION, "P-521", NULL}, {TLS1_3_VERSION, "X448", NULL}, {TLS1_3_VERSION, "ffdhe2048", NULL},
	    {TLS1_2_VERSION, NULL, NULL}, {TLS1_2_VERSION, NULL, "ECDHE-ECDSA-CHACHA20-POLY1305"},
	    {TLS1_2_VERSION, NULL, "ECDHE-ECDSA-AES128-GCM-SHA256"}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct run r;

		connect_as(&r, *state, rows[i].version, rows[i].groups, rows[i].ciphers);
		assert_computed(&r, rows[i].version == TLS1_3_VERSION);
		finish(&r);
	}
}

static void a_suite_without_aead_is_said_to_be_one(void **state)
{
	struct run r;

	connect_as(&r, *state, TLS1_2_VERSION, NULL, "ECDHE-ECDSA-AES128-SHA");
	assert_non_null(recorder_find(&r.rec, 0, EV_DECISION, "keys-not-computed", NULL));
	assert_int_equal(recorder_count(&r.rec, EV_CHECK, "record-opened"), 0);
	finish(&r);
}

/* The secrets of a connection, as its key log has them, in hex. */
static size_t log_of(char out[8][TLS_HASH_MAX * 2 + 1], const char *path)
{
	FILE *f = fopen(path, "r");
	char line[400], label[64], random[80];
	size_t n = 0;

	assert_non_null(f);
	while (n < 8 && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %79s %96s", label, random, out[n]) == 3)
			n++;
	fclose(f);
	return n;
}

static bool is_told(const struct recorder *rec, const char *text)
{
	for (size_t i = 0; i < rec->n; i++)
		if (strstr(rec->ev[i].text, text))
			return true;
	return false;
}

static void secrets_are_told_on_request_only(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	char secrets[8][TLS_HASH_MAX * 2 + 1], path[] = "/tmp/tlsview-keys-XXXXXX";

	for (int shown = 0; shown < 2; shown++) {
		struct run r;

		strcpy(path, "/tmp/tlsview-keys-XXXXXX");
		prepare(&r, w);
		r.opt.keylog_fd = mkstemp(path);
		r.opt.secrets = shown;
		show(&r, w, &leaf);
		assert_int_equal(r.err, ERR_OK);
		size_t n = log_of(secrets, path);
		assert_int_equal(n, 5);
		for (size_t i = 0; i < n; i++)
			assert_int_equal(is_told(&r.rec, secrets[i]), shown);
		close(r.opt.keylog_fd);
		unlink(path);
		finish(&r);
	}
}

/* --- what a listener has --- */

static void listen_to(struct run *r, struct world *w, int version)
{
	struct pki_spec leaf = good_leaf(&w->mid);

	prepare(r, w);
	r->opt.listener = true;
	r->peer.version = version;
	show(r, w, &leaf);
	assert_int_equal(r->err, ERR_OK);
	assert_non_null(r->res.heard);
	assert_non_null(strstr(r->res.heard, "\"sni\":\"bank.example\""));
	assert_null(strstr(r->res.heard, "sesame"));
	for (size_t i = 0; i < r->rec.n; i++) { /* no key, no check of the certificate, no text */
		assert_string_not_equal(r->rec.ev[i].id, "key schedule");
		assert_true(r->rec.ev[i].kind != EV_CHECK || strcmp(r->rec.ev[i].id, "signature") != 0);
		assert_null(strstr(r->rec.ev[i].text, "HTTP/1.1 200"));
	}
}

static void listener_sees_the_certificate_in_tls12_and_not_in_13(void **state)
{
	struct run r;

	listen_to(&r, *state, TLS1_3_VERSION);
	assert_non_null(strstr(r.res.heard, "\"certificate\":\"\""));
	assert_false(is_told(&r.rec, "Test Intermediate"));
	assert_non_null(recorder_find(&r.rec, 0, EV_CHECK, "listener-certificate", "encrypted"));
	finish(&r);
	listen_to(&r, *state, TLS1_2_VERSION);
	assert_non_null(strstr(r.res.heard, "\"certificate\":\"CN=bank.example\""));
	assert_null(recorder_find(&r.rec, 0, EV_CHECK, "listener-certificate", NULL));
	finish(&r);
}

/* --- inside --- */

static void inside(struct recorder *rec, struct result *res, uint16_t version, bool retry, const char *seed)
{
	struct fixed_clock clock;
	struct inside_options opt = {
	    .min = version, .max = version, .retry = retry, .seed = seed, .cancel_fd = -1, .clock = &clock.clock};
	struct trace t;

	fixed_clock_init(&clock);
	trace_init(&t, &clock.clock, "client");
	recorder_attach(rec, &t);
	result_init(res);
	assert_int_equal(inside_live(&opt, &t, res), ERR_OK);
	assert_true(res->accepted);
	assert_int_equal(trace_release(&t), ERR_OK);
	for (size_t i = 0; i < rec->n; i++)
		if (rec->ev[i].kind == EV_CHECK && rec->ev[i].verdict == VERDICT_FAIL)
			fail_msg("%s: %s", rec->ev[i].id, rec->ev[i].text);
}

static bool same_run(const struct recorder *a, const struct recorder *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->ev[i].text, b->ev[i].text) != 0 || a->ev[i].time != b->ev[i].time ||
		    a->ev[i].len != b->ev[i].len ||
		    (a->ev[i].bytes && memcmp(a->ev[i].bytes, b->ev[i].bytes, a->ev[i].len) != 0))
			return false;
	return true;
}

static void inside_is_the_same_in_every_run(void **state)
{
	struct recorder a = {0}, b = {0}, c = {0};
	struct result res;

	(void)state;
	inside(&a, &res, 0x0304, false, "one");
	result_release(&res);
	inside(&b, &res, 0x0304, false, "one");
	assert_int_equal(res.keys.same, 5);
	result_release(&res);
	inside(&c, &res, 0x0304, false, "two");
	result_release(&res);
	assert_true(same_run(&a, &b));
	assert_false(same_run(&a, &c));
	assert_int_equal(recorder_count(&a, EV_CHECK, "server-too"), 5);
	recorder_release(&a);
	recorder_release(&b);
	recorder_release(&c);
}

static void inside_goes_through_a_retry_and_tls12(void **state)
{
	struct recorder rec = {0};
	struct result res;

	(void)state;
	inside(&rec, &res, 0x0304, true, "x");
	assert_non_null(recorder_find(&rec, 0, EV_RECV, NULL, "HelloRetryRequest"));
	result_release(&res);
	recorder_release(&rec);
	rec = (struct recorder){0};
	inside(&rec, &res, 0x0303, false, "x");
	assert_non_null(recorder_find(&rec, 0, EV_RECV, NULL, "ServerKeyExchange"));
	result_release(&res);
	recorder_release(&rec);
}

static void inside_reproduces_rfc_8448(void **state)
{
	struct inside_options opt = {.secrets = true, .cancel_fd = -1, .clock = &test_clock};
	struct recorder rec = {0};
	struct result res;
	struct trace t;
	unsigned checked, same;

	(void)state;
	trace_init(&t, &test_clock, "client");
	recorder_attach(&rec, &t);
	result_init(&res);
	assert_int_equal(inside_rfc8448(&opt, &t, &checked, &same, &res), ERR_OK);
	assert_int_equal(checked, 29);
	assert_int_equal(same, 29);
	/* the handshake secret of RFC 8448 3 */
	assert_true(is_told(&rec, "1dc826e93606aa6fdc0aadc12f741b01046aa6b99f691ed221a9f0ca043fbeac"));
	assert_int_equal(trace_release(&t), ERR_OK);
	recorder_release(&rec);
	result_release(&res);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_kind_of_handshake_is_computed),
	    cmocka_unit_test(a_suite_without_aead_is_said_to_be_one),
	    cmocka_unit_test(secrets_are_told_on_request_only),
	    cmocka_unit_test(listener_sees_the_certificate_in_tls12_and_not_in_13),
	    cmocka_unit_test(inside_reproduces_rfc_8448),
	    cmocka_unit_test(inside_is_the_same_in_every_run),
	    cmocka_unit_test(inside_goes_through_a_retry_and_tls12),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
