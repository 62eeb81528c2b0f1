/* Keys: RFC 8448's published trace (sections 3 and 4), and OpenSSL's own connections opened from their key log. */
#include "torture.h"

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/dh.h"
#include "glassnet/proto/tls.h"
#include "glassnet/tls_keys.h"
#include "pki.h"
#include "tlsview/rfc8448.h"

static void assert_hex(const char *want, const uint8_t *got, size_t n)
{
	uint8_t octets[1024];

	assert_int_equal(rfc8448_octets(want, octets, sizeof(octets)), n);
	assert_memory_equal(octets, got, n);
}

#define OK(expression) assert_int_equal((expression), ERR_OK)

/* --- RFC 8448 3 --- */

/* The secrets of the trace at hand, as far as the transcript goes. */
struct run {
	const struct rfc8448 *v;
	struct tls_transcript transcript;
	struct tls_schedule k;
	uint8_t shared[DH_X25519_LEN];
	uint64_t next[2][3]; /* number of the next record, by sender and epoch */
};

static const uint8_t *now(struct run *r)
{
	static uint8_t hash[TLS_HASH_MAX];

	OK(tls_transcript_hash(&r->transcript, hash));
	return hash;
}

static void keys_of(const struct run *r, const struct rfc8448_record *rec, struct tls_keys *out)
{
	enum tls_secret id = rec->epoch == EPOCH_HANDSHAKE
	                         ? (rec->client ? TLS_CLIENT_HANDSHAKE_TRAFFIC : TLS_SERVER_HANDSHAKE_TRAFFIC)
	                         : (rec->client ? TLS_CLIENT_TRAFFIC_0 : TLS_SERVER_TRAFFIC_0);

	OK(tls_traffic_keys(out, r->k.suite, r->k.secret[id]));
	assert_hex(rec->client ? r->v->client_key[rec->epoch] : r->v->server_key[rec->epoch], out->key, 16);
	assert_hex(rec->client ? r->v->client_iv[rec->epoch] : r->v->server_iv[rec->epoch], out->iv, TLS_IV_LEN);
}

/* Makes the record of the text, compares it with the published one, and opens that. */
static void both_ways(struct run *r, const struct rfc8448_record *rec, const uint8_t *text, size_t n)
{
	uint8_t want[1024], got[TLS_SEALED_MAX], opened[1024];
	size_t n_want = rfc8448_octets(rec->record, want, sizeof(want)), n_got;
	uint64_t number = r->next[rec->client][rec->epoch]++;
	struct tls_opened what;
	struct tls_keys keys;

	if (rec->epoch == EPOCH_CLEAR) {
		assert_memory_equal(want + TLS_HEADER_LEN, text, n);
		return;
	}
	keys_of(r, rec, &keys);
	OK(tls_record_seal(&keys, number, rec->type, text, n, got, sizeof(got), &n_got));
	assert_int_equal(n_got, n_want);
	assert_memory_equal(got, want, n_want);
	OK(tls_record_open(&keys, number, want, n_want, opened, sizeof(opened), &what));
	assert_int_equal(what.type, rec->type);
	assert_int_equal(what.len, n);
	assert_int_equal(what.padding, 0);
	assert_memory_equal(opened, text, n);
	assert_int_equal(
	    tls_record_open(&keys, number + 1, want, n_want, opened, sizeof(opened), &what), ERR_NEGATIVE);
	want[n_want - 1] ^= 1;
	assert_int_equal(tls_record_open(&keys, number, want, n_want, opened, sizeof(opened), &what), ERR_NEGATIVE);
}

static size_t append_finished(struct run *r, const struct rfc8448_record *rec, uint8_t *text, size_t n)
{
	enum tls_secret id = rec->client ? TLS_CLIENT_HANDSHAKE_TRAFFIC : TLS_SERVER_HANDSHAKE_TRAFFIC;
	static const uint8_t header[] = {TLS_FINISHED, 0, 0, 32};

	memcpy(text + n, header, 4);
	OK(tls_finished(r->k.suite, r->k.secret[id], now(r), text + n + 4));
	assert_hex(rec->client ? r->v->client_finished : r->v->server_finished, text + n + 4, 32);
	return n + 36;
}

/* What can be derived once record i is in the transcript. */
static void go_on(struct run *r, size_t i)
{
	if (i == 1)
		OK(tls_schedule_handshake(&r->k, r->shared, sizeof(r->shared), now(r)));
	if (i == 2)
		OK(tls_schedule_master(&r->k, now(r)));
	if (i == 3)
		OK(tls_schedule_resumption(&r->k, now(r)));
}

static void the_published_trace_comes_out(void **state)
{
	struct run r = {.v = &rfc8448_simple};
	uint8_t private_key[32], peer[32], text[1024], psk[TLS_HASH_MAX];
	const struct tls_suite *s = tls_suite_find(r.v->suite);

	(void)state;
	rfc8448_octets(r.v->server_private, private_key, 32);
	OK(dh_x25519(peer, private_key, NULL));
	assert_hex(r.v->server_public, peer, 32);
	rfc8448_octets(r.v->client_private, private_key, 32);
	OK(dh_x25519(r.shared, private_key, peer));
	assert_hex(r.v->shared, r.shared, 32);
	OK(tls_transcript_init(&r.transcript, s));
	OK(tls_schedule_early(&r.k, s, NULL, 0, false));
	for (size_t i = 0; i < r.v->n_records; i++) {
		const struct rfc8448_record *rec = &r.v->records[i];
		size_t n = rfc8448_octets(rec->text, text, sizeof(text)), before = n;

		if (rec->epoch != EPOCH_APPLICATION)
			OK(tls_transcript_add(&r.transcript, text, n));
		if (rec->finished) {
			n = append_finished(&r, rec, text, n);
			OK(tls_transcript_add(&r.transcript, text + before, n - before));
		}
		both_ways(&r, rec, text, n);
		go_on(&r, i);
	}
	for (int i = 0; i < TLS_SECRET_COUNT; i++) {
		assert_int_equal(r.k.known[i], r.v->secret[i] != NULL);
		if (r.v->secret[i])
			assert_hex(r.v->secret[i], r.k.secret[i], 32);
	}
	OK(tls_ticket_psk(s, r.k.secret[TLS_RESUMPTION_MASTER], (const uint8_t[]){0, 0}, 2, psk));
	assert_hex(r.v->ticket_psk, psk, 32);
	tls_transcript_release(&r.transcript);
}

/* --- RFC 8448 4: the same two meet again, and the client speaks at once --- */

static const char second_hello[] =
    "010001fc03031bc3ceb6bbe39cff938355b5a50adb6db21b7a6af649d7b4bc419d7876487d95000006130113031302010001cd0000000b"
    "0009000006736572766572ff01000100000a00140012001d00170018001901000101010201030104003300260024001d0020e4ffb68ac0"
    "5f8d96c99da26698346c6be16482badddafe051a66b4f18d668f0b002a0000002b0003020304000d0020001e0403050306030203080408"
    "05080604010501060102010402050206020202002d00020101001c00024001001500570000000000000000000000000000000000000000"
    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "000000000000000000000000002900dd00b800b22c035d829359ee5ff7af4ec900000000262a6494dc486d2c8a34cb33fa90bf1b0070ad"
    "3c498883c9367c09a2be785abc55cd226097a3a982117283f82a03a143efd3ff5dd36d64e861be7fd61d2827db279cce145077d454a366"
    "4d4e6da4d29ee03725a6a4dafcd0fc67d2aea70529513e3da2677fa5906c5b3f7d8f92f228bda40dda721470f9fbf297b5aea617646fac"
    "5c03272e970727c621a79141ef5f7de6505e5bfbc388e93343694093934ae4d357fad6aacb0021203add4fb2d8fdf822a0ca3cf7678ef5"
    "e88dae990141c5924d57bb6fa31b9e5f9d";

static void the_published_early_data_opens(void **state)
{
	const struct tls_suite *s = tls_suite_find(0x1301);
	struct tls_schedule k;
	struct tls_keys keys;
	struct tls_opened what;
	uint8_t hello[512], psk[32], hash[TLS_HASH_MAX], binder[TLS_HASH_MAX], record[28], text[28];

	(void)state;
	assert_int_equal(rfc8448_octets(second_hello, hello, sizeof(hello)), 512);
	rfc8448_octets(rfc8448_simple.ticket_psk, psk, sizeof(psk));
	OK(tls_schedule_early(&k, s, psk, sizeof(psk), false));
	assert_hex(
	    "9b2188e9b2fc6d64d71dc329900e20bb41915000f678aa839cbb797cb7d8332c", k.secret[TLS_EARLY_SECRET], 32);
	assert_hex("69fe131a3bbad5d63c64eebcc30e395b9d8107726a13d074e389dbc8a4e47256", k.secret[TLS_BINDER_KEY], 32);
	assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, hello, 477, hash, NULL), 1);
	OK(tls_finished(s, k.secret[TLS_BINDER_KEY], hash, binder));
	assert_memory_equal(binder, hello + 480, 32);
	assert_int_equal(EVP_Q_digest(NULL, "SHA256", NULL, hello, 512, hash, NULL), 1);
	OK(tls_schedule_early_data(&k, hash));
	assert_hex("3fbbe6a60deb66c30a32795aba0eff7eaa10105586e7be5c09678d63b6caab62",
	    k.secret[TLS_CLIENT_EARLY_TRAFFIC], 32);
	assert_hex(
	    "b2026866610937d7423e5be90862ccf24c0e6091186d34f812089ff5be2ef7df", k.secret[TLS_EARLY_EXPORTER], 32);
	OK(tls_traffic_keys(&keys, s, k.secret[TLS_CLIENT_EARLY_TRAFFIC]));
	rfc8448_octets("1703030017ab1df420e75c457a7cc5d2844f76d5aee4b4edbf049be0", record, sizeof(record));
	OK(tls_record_open(&keys, 0, record, sizeof(record), text, sizeof(text), &what));
	assert_int_equal(what.len, 6);
	assert_memory_equal(text, "ABCDEF", 6);
}

/* --- the parts --- */

static void the_first_hello_is_replaced_after_a_retry(void **state)
{
	const struct tls_suite *s = tls_suite_find(0x1302);
	uint8_t want[4 + 48 + 4] = {254, 0, 0, 48}, hash[TLS_HASH_MAX], got[TLS_HASH_MAX];
	struct tls_transcript t;

	(void)state;
	assert_int_equal(EVP_Q_digest(NULL, "SHA384", NULL, "hello", 5, want + 4, NULL), 1);
	memcpy(want + 52, "more", 4);
	assert_int_equal(EVP_Q_digest(NULL, "SHA384", NULL, want, sizeof(want), hash, NULL), 1);
	OK(tls_transcript_init(&t, s));
	OK(tls_transcript_add(&t, (const uint8_t *)"hello", 5));
	OK(tls_transcript_retry(&t));
	OK(tls_transcript_add(&t, (const uint8_t *)"more", 4));
	OK(tls_transcript_hash(&t, got));
	assert_memory_equal(hash, got, 48);
	tls_transcript_release(&t);
}

/* The vector that Nikos Mavrogiannopoulos published on the TLS working group's list for P_SHA256. */
static void prf_gives_the_published_octets(void **state)
{
	uint8_t secret[16], seed[16], out[100];

	(void)state;
	rfc8448_octets("9bbe436ba940f017b17652849a71db35", secret, 16);
	rfc8448_octets("a0ba9f936cda311827a6f796ffd5198c", seed, 16);
	OK(tls12_prf(tls_suite_find(0xc02f), secret, 16, "test label", seed, 16, out, sizeof(out)));
	assert_hex(
	    "e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa0"
	    "22f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66",
	    out, sizeof(out));
}

static void the_next_traffic_secret_is_another(void **state)
{
	const struct tls_suite *s = tls_suite_find(0x1301);
	uint8_t secret[TLS_HASH_MAX] = {1}, next[TLS_HASH_MAX], again[TLS_HASH_MAX];

	(void)state;
	OK(tls_next_traffic_secret(s, secret, next));
	OK(tls_expand_label(s, secret, "traffic upd", NULL, 0, again, 32));
	assert_memory_equal(next, again, 32);
	OK(tls_next_traffic_secret(s, secret, secret));
	assert_memory_equal(next, secret, 32);
}

static void steps_in_the_wrong_order_are_refused(void **state)
{
	const struct tls_suite *s = tls_suite_find(0x1301);
	uint8_t hash[TLS_HASH_MAX] = {0}, master[TLS_MASTER_LEN] = {0}, random[32] = {0};
	struct tls_schedule k;
	struct tls_keys a, b;

	(void)state;
	OK(tls_schedule_early(&k, s, NULL, 0, false));
	assert_int_equal(tls_schedule_master(&k, hash), ERR_INTERNAL);
	assert_int_equal(tls_schedule_resumption(&k, hash), ERR_INTERNAL);
	assert_false(k.known[TLS_MASTER_SECRET] || k.known[TLS_RESUMPTION_MASTER]);
	assert_int_equal(tls12_keys(&a, &b, s, master, random, random), ERR_USAGE);
}

/* --- records that are none --- */

static void broken_records_are_refused(void **state)
{
	static const uint16_t ids[] = {0x1301, 0x1303, 0x1304, 0x1305, 0xc02f, 0xc0ac, 0xc0ae, 0xcca8};
	uint8_t rec[TLS_SEALED_MAX], out[TLS_RECORD_MAX];
	struct tls_opened what;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct tls_keys k = {.suite = tls_suite_find(ids[i]), .key = {1}, .iv = {2}};

		OK(tls_record_seal(&k, 7, TLS_APPLICATION_DATA, (const uint8_t *)"hello", 5, rec, sizeof(rec), &n));
		OK(tls_record_open(&k, 7, rec, n, out, sizeof(out), &what));
		assert_int_equal(what.len, 5);
		assert_memory_equal(out, "hello", 5);
		assert_int_equal(tls_record_open(&k, 8, rec, n, out, sizeof(out), &what), ERR_NEGATIVE);
		assert_memory_equal(out, "\0\0\0\0\0", 5);
		for (size_t cut = 0; cut < n; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1);

			memcpy(exact, rec, cut);
			assert_int_equal(tls_record_open(&k, 7, exact, cut, out, sizeof(out), &what), ERR_TRUNCATED);
			free(exact);
		}
		for (size_t at = 0; at < n; at++) {
			if (at == 3 || at == 4)
				continue; /* the length */
			rec[at] ^= 0x40;
			assert_int_equal(tls_record_open(&k, 7, rec, n, out, sizeof(out), &what), ERR_NEGATIVE);
			rec[at] ^= 0x40;
		}
		assert_int_equal(tls_record_open(&k, 7, rec, n, out, 4, &what), ERR_TOO_LONG);
		assert_int_equal(tls_record_seal(&k, 7, 23, rec, 5, rec, n - 1, &n), ERR_TOO_LONG);
		static uint8_t big[16385];
		assert_int_equal(tls_record_seal(&k, 7, 23, big, sizeof(big), rec, sizeof(rec), &n), ERR_TOO_LONG);
		OK(tls_record_seal(&k, 7, 23, big, 16384, rec, sizeof(rec), &n));
		OK(tls_record_open(&k, 7, rec, n, out, sizeof(out), &what));
		assert_int_equal(what.len, 16384);
	}
}

static void a_record_of_zeros_alone_has_no_type(void **state)
{
	struct tls_keys k = {.suite = tls_suite_find(0x1301), .key = {1}, .iv = {2}};
	uint8_t rec[64], out[64], nothing[4] = {0};
	struct tls_opened what;
	size_t n;

	(void)state;
	OK(tls_record_seal(&k, 0, 0, nothing, sizeof(nothing), rec, sizeof(rec), &n));
	assert_int_equal(tls_record_open(&k, 0, rec, n, out, sizeof(out), &what), ERR_FORMAT);
	/* and padding is told from text */
	OK(tls_record_seal(&k, 0, 0, (const uint8_t *)"ab\x17\0\0", 5, rec, sizeof(rec), &n));
	OK(tls_record_open(&k, 0, rec, n, out, sizeof(out), &what));
	assert_int_equal(what.type, 23);
	assert_int_equal(what.len, 2);
	assert_int_equal(what.padding, 3);
}

/* --- key logs --- */

#define R32 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static void key_log_lines_are_read(void **state)
{
	static const struct {
		const char *line;
		enum err e;
		enum tls_secret id;
		unsigned generation;
		size_t at;
	} rows[] = {
	    {"SERVER_HANDSHAKE_TRAFFIC_SECRET " R32 " " R32, ERR_OK, TLS_SERVER_HANDSHAKE_TRAFFIC, 0, 0},
	    {"CLIENT_TRAFFIC_SECRET_0 " R32 " " R32 "00112233445566778899aabbccddeeff", ERR_OK, TLS_CLIENT_TRAFFIC_0,
	        0, 0},
	    {"SERVER_TRAFFIC_SECRET_12 " R32 " " R32 "\r", ERR_OK, TLS_SERVER_TRAFFIC_0, 12, 0},
	    {"EXPORTER_SECRET " R32 " " R32 "  ", ERR_OK, TLS_EXPORTER_MASTER, 0, 0},
	    {"", ERR_VERSION, 0, 0, 0},
	    {"# CLIENT_RANDOM", ERR_VERSION, 0, 0, 0},
	    {"RSA 0011 2233", ERR_VERSION, 0, 0, 0},
	    {"CLIENT_TRAFFIC_SECRET_ " R32 " " R32, ERR_VERSION, 0, 0, 0},
	    {"CLIENT_TRAFFIC_SECRET_x " R32 " " R32, ERR_VERSION, 0, 0, 0},
	    {"EXPORTER_SECRET", ERR_FORMAT, 0, 0, 15},
	    {"EXPORTER_SECRET 00", ERR_FORMAT, 0, 0, 16},
	    {"EXPORTER_SECRET x" R32 " 00", ERR_FORMAT, 0, 0, 16},
	    {"EXPORTER_SECRET 0011223344556677889gaabbccddeeff00112233445566778899aabbccddeeff " R32, ERR_FORMAT, 0,
	        0, 35},
	    {"EXPORTER_SECRET " R32 " 00", ERR_FORMAT, 0, 0, 81},
	    {"EXPORTER_SECRET " R32 " " R32 "00", ERR_FORMAT, 0, 0, 81},
	    {"EXPORTER_SECRET " R32 " " R32 " more", ERR_FORMAT, 0, 0, 145},
	    {"CLIENT_RANDOM " R32 " " R32, ERR_FORMAT, 0, 0, 79},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = strlen(rows[i].line), at;
		char *exact = malloc(n ? n : 1);
		struct tls_logged got;

		memcpy(exact, rows[i].line, n);
		assert_int_equal(tls_keylog_parse(&got, exact, n, &at), rows[i].e);
		free(exact);
		if (rows[i].e == ERR_OK) {
			assert_int_equal(got.id, rows[i].id);
			assert_int_equal(got.generation, rows[i].generation);
			assert_int_equal(got.client_random[31], 0xff);
			assert_int_equal(got.secret[10], 0xaa);
		} else if (rows[i].e == ERR_FORMAT) {
			assert_int_equal(at, rows[i].at);
		}
	}
}

/* --- OpenSSL's connections, opened from the log and what was on the wire --- */

struct wire {
	uint8_t octets[2][1 << 16]; /* from client, from server */
	size_t n[2];
	struct tls_logged log[8];
	size_t n_log;
};

static void on_line(const SSL *ssl, const char *line)
{
	struct wire *w = SSL_get_app_data(ssl);
	size_t at;

	if (w && w->n_log < 8)
		OK(tls_keylog_parse(&w->log[w->n_log++], line, strlen(line), &at));
}

/* Carries what one side wrote to the other, and keeps it. */
static void carry(struct wire *w, int dir, SSL *from, SSL *to)
{
	uint8_t buf[20000];
	int n;

	while ((n = BIO_read(SSL_get_wbio(from), buf, sizeof(buf))) > 0) {
		assert_true(w->n[dir] + (size_t)n <= sizeof(w->octets[0]));
		memcpy(w->octets[dir] + w->n[dir], buf, (size_t)n);
		w->n[dir] += (size_t)n;
		assert_int_equal(BIO_write(SSL_get_rbio(to), buf, n), n);
	}
}

static void say(SSL *from, SSL *to, struct wire *w, int dir, const char *text)
{
	char got[64];

	assert_int_equal(SSL_write(from, text, (int)strlen(text)), (int)strlen(text));
	carry(w, dir, from, to);
	assert_int_equal(SSL_read(to, got, sizeof(got)), (int)strlen(text));
}

static void converse(struct wire *w, const char *suite, bool tls13, const struct pki_cert *leaf)
{
	SSL_CTX *cc = SSL_CTX_new(TLS_client_method()), *sc = SSL_CTX_new(TLS_server_method());
	SSL *c, *s;

	SSL_CTX_set_security_level(cc, 0); /* the tags of CCM_8 are short */
	SSL_CTX_set_security_level(sc, 0);
	SSL_CTX_use_certificate(sc, leaf->cert);
	SSL_CTX_use_PrivateKey(sc, leaf->key);
	SSL_CTX_set_keylog_callback(cc, on_line);
	SSL_CTX_set_max_proto_version(cc, tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
	assert_int_equal(tls13 ? SSL_CTX_set_ciphersuites(cc, suite) : SSL_CTX_set_cipher_list(cc, suite), 1);
	assert_int_equal(tls13 ? SSL_CTX_set_ciphersuites(sc, suite) : SSL_CTX_set_cipher_list(sc, suite), 1);
	c = SSL_new(cc);
	s = SSL_new(sc);
	SSL_set_bio(c, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(c);
	SSL_set_accept_state(s);
	SSL_set_app_data(c, w);
	for (int i = 0; i < 6; i++) {
		SSL_do_handshake(c);
		carry(w, 0, c, s);
		SSL_do_handshake(s);
		carry(w, 1, s, c);
	}
	assert_true(SSL_is_init_finished(c) && SSL_is_init_finished(s));
	say(c, s, w, 0, "a question");
	say(s, c, w, 1, "an answer");
	SSL_free(c);
	SSL_free(s);
	SSL_CTX_free(cc);
	SSL_CTX_free(sc);
}

static const struct tls_logged *logged(const struct wire *w, enum tls_secret id, bool master)
{
	for (size_t i = 0; i < w->n_log; i++)
		if (w->log[i].master == master && (master || w->log[i].id == id))
			return &w->log[i];
	fail_msg("secret %d is not in the log", (int)id);
	return NULL;
}

/* Opens every encrypted record of one side; the text of the last one must be what was said. */
static void open_all(
    const struct wire *w, int dir, const struct tls_suite *s, struct tls_keys keys[2], const char *said)
{
	uint64_t number = 0;
	unsigned epoch = 0;
	bool sealed = false;
	struct tls_opened what = {0};
	uint8_t out[TLS_RECORD_MAX];

	for (size_t at = 0; at < w->n[dir];) {
		const uint8_t *p = w->octets[dir] + at;
		size_t len = TLS_HEADER_LEN + (size_t)(p[3] << 8 | p[4]);

		at += len;
		if (p[0] == TLS_CHANGE_CIPHER_SPEC) {
			sealed = !s->tls13;
		} else if (sealed || (s->tls13 && p[0] == TLS_APPLICATION_DATA)) {
			OK(tls_record_open(&keys[epoch], number++, p, len, out, sizeof(out), &what));
			/* the keys change after Finished, which OpenSSL sends in a record of its own */
			if (s->tls13 && epoch == 0 && what.type == TLS_HANDSHAKE && what.len == 4 + s->hash_len &&
			    out[0] == TLS_FINISHED) {
				epoch = 1;
				number = 0;
			}
		}
	}
	assert_int_equal(what.type, TLS_APPLICATION_DATA);
	assert_int_equal(what.len, strlen(said));
	assert_memory_equal(out, said, what.len);
}

static void check_suite(const char *name, uint16_t id, const struct pki_cert *leaf)
{
	struct wire *w = calloc(1, sizeof(*w));
	const struct tls_suite *s = tls_suite_find(id);
	struct tls_keys c[2], v[2];

	assert_non_null(s);
	converse(w, name, s->tls13, leaf);
	if (s->tls13) {
		OK(tls_traffic_keys(&c[0], s, logged(w, TLS_CLIENT_HANDSHAKE_TRAFFIC, false)->secret));
		OK(tls_traffic_keys(&v[0], s, logged(w, TLS_SERVER_HANDSHAKE_TRAFFIC, false)->secret));
		OK(tls_traffic_keys(&c[1], s, logged(w, TLS_CLIENT_TRAFFIC_0, false)->secret));
		OK(tls_traffic_keys(&v[1], s, logged(w, TLS_SERVER_TRAFFIC_0, false)->secret));
	} else {
		/* the randoms stand in the hellos: record header, message header, version */
		OK(tls12_keys(&c[0], &v[0], s, logged(w, 0, true)->secret, w->octets[0] + 11, w->octets[1] + 11));
	}
	open_all(w, 0, s, c, "a question");
	open_all(w, 1, s, v, "an answer");
	free(w);
}

static void every_kind_of_connection_opens(void **state)
{
	static const struct {
		const char *name;
		uint16_t id;
	} rows[] = {{"TLS_AES_128_GCM_SHA256", 0x1301}, {"TLS_AES_256_GCM_SHA384", 0x1302},
	    {"TLS_CHACHA20_POLY1305_SHA256", 0x1303}, {"TLS_AES_128_CCM_SHA256", 0x1304},
	    {"TLS_AES_128_CCM_8_SHA256", 0x1305}, {"ECDHE-ECDSA-AES128-GCM-SHA256", 0xc02b},
	    {"ECDHE-ECDSA-AES256-GCM-SHA384", 0xc02c}, {"ECDHE-ECDSA-CHACHA20-POLY1305", 0xcca9},
	    {"ECDHE-ECDSA-AES128-CCM", 0xc0ac}, {"ECDHE-ECDSA-AES256-CCM", 0xc0ad},
	    {"ECDHE-ECDSA-AES128-CCM8", 0xc0ae}, {"ECDHE-ECDSA-AES256-CCM8", 0xc0af}};
	struct pki_cert leaf;

	(void)state;
	pki_make(&leaf, &(struct pki_spec){.cn = "leaf", .names = "DNS:leaf", .from = 0, .to = 4000000000});
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_suite(rows[i].name, rows[i].id, &leaf);
	pki_release(&leaf);
}

static void master_secrets_fit_the_prf(void **state)
{
	const struct tls_suite *s = tls_suite_find(0xc02f);
	uint8_t premaster[32] = {1}, a[32] = {2}, b[32] = {3}, seed[64], want[48], got[48], hash[TLS_HASH_MAX] = {4};

	(void)state;
	memcpy(seed, a, 32);
	memcpy(seed + 32, b, 32);
	OK(tls12_prf(s, premaster, 32, "master secret", seed, 64, want, 48));
	OK(tls12_master(s, premaster, 32, a, b, NULL, got));
	assert_memory_equal(want, got, 48);
	OK(tls12_prf(s, premaster, 32, "extended master secret", hash, 32, want, 48));
	OK(tls12_master(s, premaster, 32, a, b, hash, got));
	assert_memory_equal(want, got, 48);
	OK(tls12_prf(s, want, 48, "client finished", hash, 32, seed, 12));
	OK(tls12_finished(s, want, true, hash, got));
	assert_memory_equal(seed, got, 12);
	assert_null(tls_suite_find(0xc013));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_published_trace_comes_out),
	    cmocka_unit_test(the_published_early_data_opens),
	    cmocka_unit_test(the_first_hello_is_replaced_after_a_retry),
	    cmocka_unit_test(prf_gives_the_published_octets),
	    cmocka_unit_test(the_next_traffic_secret_is_another),
	    cmocka_unit_test(steps_in_the_wrong_order_are_refused),
	    cmocka_unit_test(broken_records_are_refused),
	    cmocka_unit_test(a_record_of_zeros_alone_has_no_type),
	    cmocka_unit_test(key_log_lines_are_read),
	    cmocka_unit_test(every_kind_of_connection_opens),
	    cmocka_unit_test(master_secrets_fit_the_prf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
