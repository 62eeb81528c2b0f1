/* Certificates good and bad, shown by a real server: what is refused, by which check, and what the server
 * then got. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "pki.h"
#include "tls_peer.h"
#include "tlsview/tlsview.h"
#include "torture.h"

#define NOW ((time_t)1780000000) /* the day the tests live on: 28 May 2026 */
#define DAY ((time_t)86400)

static int64_t test_now(void *ctx)
{
	(void)ctx;
	return (int64_t)NOW * NS_PER_S;
}
static const struct clock test_clock = {.now = test_now};

/* --- the test's authorities --- */

struct world {
	struct pki_cert root, mid;
	char cafile[64];
};

static const struct pki_spec root_spec = {.cn = "Test Root",
    .ca = true,
    .key_usage = "critical,keyCertSign,cRLSign",
    .from = NOW - 100 * DAY,
    .to = NOW + 100 * DAY};

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct pki_spec mid = root_spec;

	pki_make(&w->root, &root_spec);
	mid.cn = "Test Intermediate";
	mid.issuer = &w->root;
	pki_make(&w->mid, &mid);
	pki_write(w->cafile, (const struct pki_cert *[]){&w->root}, 1);
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;

	pki_release(&w->root);
	pki_release(&w->mid);
	unlink(w->cafile);
	free(w);
	return 0;
}

static struct pki_spec good_leaf(const struct pki_cert *issuer)
{
	return (struct pki_spec){.cn = "bank.example",
	    .names = "DNS:bank.example,DNS:*.bank.example,IP:192.0.2.1",
	    .issuer = issuer,
	    .key_usage = "critical,digitalSignature",
	    .purpose = "serverAuth",
	    .from = NOW - 10 * DAY,
	    .to = NOW + 10 * DAY};
}

/* --- one connection --- */

struct run {
	struct tls_peer peer;
	struct connect_options opt;
	struct result res;
	struct recorder rec;
	enum err err;
};

static const char secret[] = "user=alice&password=sesame";

static void prepare(struct run *r, const struct world *w)
{
	*r = (struct run){.opt = {.host = "bank.example",
	                      .port = 443,
	                      .cafile = w->cafile,
	                      .timeout_ns = 5 * NS_PER_S,
	                      .keylog_fd = -1,
	                      .cancel_fd = -1,
	                      .actor = "laptop",
	                      .clock = &test_clock,
	                      .ask = ASK_GIVEN,
	                      .send = (const uint8_t *)secret,
	                      .send_len = sizeof(secret) - 1},
	    .peer = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"}};
}

static void connect_to(struct run *r)
{
	struct trace t;
	struct setup setup;

	trace_init(&t, &test_clock, "laptop");
	recorder_attach(&r->rec, &t);
	result_init(&r->res);
	strcpy(r->res.peer, "192.0.2.1:443");
	strcpy(r->res.role, "192.0.2.1");
	tls_peer_start(&r->peer);
	r->err = session_prepare(&r->opt, &setup, &r->res);
	if (r->err == ERR_OK)
		r->err = session_run(&r->opt, &setup, r->peer.fd, r->opt.timeout_ns, &t, &r->res);
	setup_release(&setup);
	tls_peer_join(&r->peer);
	assert_int_equal(trace_release(&t), ERR_OK);
	assert_int_equal(r->err, r->res.err);
}

static void finish(struct run *r)
{
	recorder_release(&r->rec);
	result_release(&r->res);
}

/* Connects to a server that shows leaf, behind it the intermediate. */
static void show(struct run *r, struct world *w, const struct pki_spec *spec)
{
	struct pki_cert leaf;
	const struct pki_cert *chain[] = {&w->mid};

	pki_make(&leaf, spec);
	r->peer.leaf = &leaf;
	if (spec->issuer == &w->mid) {
		r->peer.chain = chain;
		r->peer.n_chain = 1;
	}
	connect_to(r);
	pki_release(&leaf);
}

static const struct check *failed_with(const struct run *r, const char *id)
{
	for (size_t i = 0; i < r->res.checks.n; i++)
		if (r->res.checks.item[i].verdict == VERDICT_FAIL && strcmp(r->res.checks.item[i].id, id) == 0)
			return &r->res.checks.item[i];
	fprintf(stderr, "no failed check %s; the result: %s\n", id, r->res.text);
	return NULL;
}

/* Refused: by these checks and no others; the server got not one octet of data, and was told why. */
static void assert_refused(struct run *r, int alert, const char *id, const char *also)
{
	assert_int_equal(r->err, ERR_NEGATIVE);
	assert_false(r->res.accepted);
	assert_non_null(failed_with(r, id));
	assert_non_null(recorder_find(&r->rec, 0, EV_CHECK, id, NULL));
	assert_non_null(strstr(r->res.text, id));
	if (also) {
		assert_non_null(failed_with(r, also));
		assert_non_null(strstr(r->res.text, also));
	}
	assert_int_equal(checks_failed(&r->res.checks), also ? 2 : 1);
	assert_int_equal(r->peer.n_got, 0);
	assert_int_equal(r->res.data_out, 0);
	assert_int_equal(r->peer.alert, alert);
	assert_non_null(strstr(r->res.text, "No data"));
}

static void refused(struct world *w, const struct pki_spec *spec, int alert, const char *id, const char *also)
{
	struct run r;

	prepare(&r, w);
	show(&r, w, spec);
	assert_refused(&r, alert, id, also);
	finish(&r);
}

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

/* --- the narrative --- */

static void assert_next(const struct run *r, size_t *at, enum ev_kind kind, const char *label, enum secrecy s)
{
	const struct recorded *e = recorder_find(&r->rec, *at, kind, "TLS", label);

	if (!e)
		fail_msg("no %s after event %zu", label, *at);
	assert_int_equal(e->secrecy, s);
	assert_string_equal(kind == EV_SEND ? e->from : e->to, "laptop");
	assert_string_equal(kind == EV_SEND ? e->to : e->from, "192.0.2.1");
	*at = (size_t)(e - r->rec.ev) + 1;
}

static void narrative_tls13_says_what_is_encrypted(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;
	size_t at = 0;

	prepare(&r, w);
	show(&r, w, &leaf);
	assert_next(&r, &at, EV_SEND, "ClientHello for bank.example", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "ServerHello: TLS 1.3", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "EncryptedExtensions", SECRECY_ENCRYPTED);
	assert_next(&r, &at, EV_RECV, "Certificate: 2 certificates", SECRECY_ENCRYPTED);
	assert_next(&r, &at, EV_RECV, "CertificateVerify: signed with ecdsa_secp256r1_sha256", SECRECY_ENCRYPTED);
	assert_next(&r, &at, EV_RECV, "Finished", SECRECY_ENCRYPTED);
	assert_next(&r, &at, EV_SEND, "Finished", SECRECY_ENCRYPTED);
	assert_next(&r, &at, EV_SEND, "application data", SECRECY_ENCRYPTED);
	assert_next(&r, &at, EV_RECV, "application data: HTTP/1.1 200 OK", SECRECY_ENCRYPTED);
	assert_next(&r, &at, EV_SEND, "Alert: close_notify", SECRECY_ENCRYPTED);
	finish(&r);
}

static void narrative_tls12_shows_the_certificate_in_the_clear(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;
	size_t at = 0;

	prepare(&r, w);
	r.peer.version = TLS1_2_VERSION;
	show(&r, w, &leaf);
	assert_next(&r, &at, EV_SEND, "ClientHello", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "ServerHello: TLS 1.2", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "Certificate: 2 certificates", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "ServerKeyExchange: x25519, signed with", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "ServerHelloDone", SECRECY_CLEAR);
	assert_next(&r, &at, EV_SEND, "ClientKeyExchange", SECRECY_CLEAR);
	assert_next(&r, &at, EV_SEND, "ChangeCipherSpec", SECRECY_CLEAR);
	assert_next(&r, &at, EV_SEND, "Finished", SECRECY_ENCRYPTED);
	assert_next(&r, &at, EV_RECV, "ChangeCipherSpec", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "Finished", SECRECY_ENCRYPTED);
	finish(&r);
}

static void narrative_teaches_each_message_once(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;
	size_t n = 0;

	prepare(&r, w);
	show(&r, w, &leaf);
	assert_true(recorder_count(&r.rec, EV_RECV, "TLS") > 5);
	for (size_t i = 0; i < r.rec.n; i++)
		n += r.rec.ev[i].kind == EV_NOTE && strstr(r.rec.ev[i].text, "checksum with a key");
	assert_int_equal(n, 1); /* two Finished, one lesson */
	finish(&r);
}

static void narrative_retry_is_told_as_such(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;
	size_t at = 0;

	prepare(&r, w);
	r.peer.groups = "P-384";
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_OK);
	assert_next(&r, &at, EV_SEND, "key share x25519", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "HelloRetryRequest: wants a key share in secp384r1", SECRECY_CLEAR);
	assert_next(&r, &at, EV_SEND, "key share secp384r1", SECRECY_CLEAR);
	assert_next(&r, &at, EV_RECV, "ServerHello: TLS 1.3", SECRECY_CLEAR);
	assert_string_equal(r.res.group, "secp384r1");
	finish(&r);
}

/* Each field lies where its event says, in the octets of the message before it. */
static void narrative_fields_point_at_their_octets(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	show(&r, w, &leaf);
	const struct recorded *hello = recorder_find(&r.rec, 0, EV_SEND, "TLS", "ClientHello");
	const struct recorded *name = recorder_find(&r.rec, 0, EV_FIELD, "server name", "bank.example");
	assert_non_null(hello);
	assert_non_null(name);
	assert_non_null(memmem(hello->bytes, hello->len, "bank.example", 12));
	assert_non_null(recorder_find(&r.rec, 0, EV_FIELD, "version", "TLS 1.3"));
	finish(&r);
}

/* --- bounds, and the key log --- */

static void tickets_without_end_are_cut_off(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.opt.ask = ASK_NOTHING;
	r.peer.tickets = 600;
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_OK);
	assert_non_null(recorder_find(&r.rec, 0, EV_NOTE, NULL, "More than 256 messages"));
	assert_true(recorder_count(&r.rec, EV_RECV, "TLS") <= 256);
	assert_true(r.res.wire_in < 257 * 300); /* the others were not even read */
	finish(&r);
}

static void reply_without_end_is_cut_off(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;
	size_t n = REPLY_MAX + 100000;
	char *reply = malloc(n + 1);

	memset(reply, 'x', n);
	reply[n] = '\0';
	prepare(&r, w);
	r.peer.reply = reply;
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_OK);
	assert_int_equal(r.res.data_in, REPLY_MAX);
	assert_true(r.res.reply_cut);
	finish(&r);
	free(reply);
}

static void keylog_gets_the_secrets(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	char path[] = "/tmp/glassnet-keylog.XXXXXX", text[4096];
	struct run r;

	prepare(&r, w);
	r.opt.keylog_fd = mkstemp(path);
	show(&r, w, &leaf);
	ssize_t n = pread(r.opt.keylog_fd, text, sizeof(text) - 1, 0);
	assert_true(n > 0);
	text[n] = '\0';
	assert_non_null(strstr(text, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "));
	assert_non_null(strstr(text, "\nSERVER_TRAFFIC_SECRET_0 "));
	assert_int_equal(text[n - 1], '\n');
	finish(&r);
	close(r.opt.keylog_fd);
	unlink(path);
}

static void keylog_that_cannot_be_written_is_an_error(void **state)
{
	struct world *w = *state;
	struct pki_spec leaf = good_leaf(&w->mid);
	struct run r;

	prepare(&r, w);
	r.opt.keylog_fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	show(&r, w, &leaf);
	assert_int_equal(r.err, ERR_IO);
	finish(&r);
	close(r.opt.keylog_fd);
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
	    cmocka_unit_test(version_too_old_is_refused),
	    cmocka_unit_test(insecure_goes_on_and_is_still_a_no),
	    cmocka_unit_test(insecure_changes_nothing_for_a_good_chain),
	    cmocka_unit_test(data_sent_is_in_no_event),
	    cmocka_unit_test(narrative_tls13_says_what_is_encrypted),
	    cmocka_unit_test(narrative_tls12_shows_the_certificate_in_the_clear),
	    cmocka_unit_test(narrative_teaches_each_message_once),
	    cmocka_unit_test(narrative_retry_is_told_as_such),
	    cmocka_unit_test(narrative_fields_point_at_their_octets),
	    cmocka_unit_test(tickets_without_end_are_cut_off),
	    cmocka_unit_test(reply_without_end_is_cut_off),
	    cmocka_unit_test(keylog_gets_the_secrets),
	    cmocka_unit_test(keylog_that_cannot_be_written_is_an_error),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
