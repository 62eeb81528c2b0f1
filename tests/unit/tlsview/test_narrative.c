/* What a handshake is told as, message by message; and how much of a reply or of tickets is read. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "world.h"

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
