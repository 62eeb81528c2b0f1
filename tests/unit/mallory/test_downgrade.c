/* A ClientHello made weaker, and what can be seen of who noticed. Played between OpenSSL and itself, in memory. */
#include <openssl/ssl.h>
#include <string.h>

#include "torture.h"

#include "glassnet/proto/tls.h"
#include "mallory/downgrade.h"
#include "mallory/forge.h"

struct ends {
	SSL_CTX *server_ctx, *client_ctx;
	SSL *client, *server;
	struct buf victim, bank; /* what they sent */
	struct downgrade d;
};

static void begin(struct ends *e, int client_max)
{
	*e = (struct ends){0};
	assert_int_equal(forge_context(&e->server_ctx, TLS_SELF_SIGNED, "bank.example", &clock_real, NULL), ERR_OK);
	e->client_ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(e->client_ctx, client_max);
	e->client = SSL_new(e->client_ctx);
	e->server = SSL_new(e->server_ctx);
	SSL_set_bio(e->client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_bio(e->server, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
	SSL_set_connect_state(e->client);
	SSL_set_accept_state(e->server);
	buf_init(&e->victim, DOWNGRADE_SEEN_MAX);
	buf_init(&e->bank, DOWNGRADE_SEEN_MAX);
}

static void end(struct ends *e)
{
	SSL_free(e->client);
	SSL_free(e->server);
	SSL_CTX_free(e->client_ctx);
	SSL_CTX_free(e->server_ctx);
	buf_release(&e->victim);
	buf_release(&e->bank);
}

static void carry(SSL *from, SSL *to, struct buf *seen)
{
	uint8_t p[8192];
	int n = BIO_read(SSL_get_wbio(from), p, sizeof p);
	if (n <= 0)
		return;
	assert_int_equal(buf_append(seen, p, (size_t)n), ERR_OK);
	assert_int_equal(BIO_write(SSL_get_rbio(to), p, n), n);
}

static void play(struct ends *e, bool weaken)
{
	uint8_t p[4096];
	struct buf hello;
	SSL_do_handshake(e->client);
	int n = BIO_read(SSL_get_wbio(e->client), p, sizeof p);
	assert_true(n > 100);
	assert_int_equal(buf_append(&e->victim, p, (size_t)n), ERR_OK);
	/* octet by octet it is held until it is whole */
	buf_init(&hello, DOWNGRADE_SEEN_MAX);
	for (int i = 0; i < n; i++) {
		assert_int_equal(buf_append(&hello, p + i, 1), ERR_OK);
		if (weaken)
			assert_int_equal(downgrade_hello(&hello, &e->d), i + 1 < n ? ERR_TRUNCATED : ERR_OK);
	}
	assert_int_equal(BIO_write(SSL_get_rbio(e->server), hello.data, (int)hello.len), hello.len);
	buf_release(&hello);
	for (int i = 0; i < 4; i++) {
		SSL_do_handshake(e->server);
		carry(e->server, e->client, &e->bank);
		SSL_do_handshake(e->client);
		carry(e->client, e->server, &e->victim);
	}
	downgrade_outcome(&e->d, &e->victim, &e->bank);
}

static void downgrade_of_the_version_is_seen_by_the_victim(void **state)
{
	(void)state;
	struct ends e;
	begin(&e, TLS1_3_VERSION);
	play(&e, true);
	assert_int_equal(e.d.edit, DOWNGRADE_VERSION);
	assert_int_equal(e.d.offered, TLS1_3_VERSION);
	assert_int_equal(e.d.chosen, TLS1_2_VERSION);
	assert_true(e.d.sentinel);
	assert_int_equal(e.d.alert_by, SIDE_VICTIM);
	assert_int_equal(e.d.alert, SSL_AD_ILLEGAL_PARAMETER);
	json_t *j = downgrade_json(&e.d);
	assert_string_equal(json_string_value(json_object_get(j, "noticed_by")), "sentinel");
	json_decref(j);
	end(&e);
}

static void downgrade_of_the_suites_is_seen_in_the_end(void **state)
{
	(void)state;
	for (int extended = 0; extended < 2; extended++) {
		struct ends e;
		begin(&e, TLS1_2_VERSION);
		if (!extended) { /* before RFC 7627 only Finished covered the messages */
			SSL_set_options(e.server, SSL_OP_NO_EXTENDED_MASTER_SECRET);
			SSL_set_options(e.client, SSL_OP_NO_EXTENDED_MASTER_SECRET);
		}
		play(&e, true);
		assert_int_equal(e.d.edit, DOWNGRADE_SUITES);
		assert_int_equal(e.d.chosen, TLS1_2_VERSION);
		assert_int_not_equal(e.d.suite, e.d.first);
		assert_int_equal(e.d.alert_by, SIDE_BANK);
		assert_true(e.d.after_finished);
		json_t *j = downgrade_json(&e.d);
		assert_string_equal(
		    json_string_value(json_object_get(j, "noticed_by")), extended ? "keys" : "finished");
		json_decref(j);
		end(&e);
	}
}

static void downgrade_not_made_is_not_noticed(void **state)
{
	(void)state;
	struct ends e;
	begin(&e, TLS1_3_VERSION);
	play(&e, false);
	assert_true(SSL_is_init_finished(e.client) && SSL_is_init_finished(e.server));
	assert_int_equal(e.d.chosen, TLS1_3_VERSION);
	assert_false(e.d.sentinel);
	assert_int_equal(e.d.alert_by, SIDE_NONE);
	json_t *j = downgrade_json(&e.d);
	assert_true(json_is_null(json_object_get(j, "noticed_by")));
	json_decref(j);
	end(&e);
}

static void downgrade_leaves_what_is_no_hello(void **state)
{
	(void)state;
	static const char *const other[] = {"GET / HTTP/1.0\r\n\r\n", "x", "\x16\x03\x01\0\x04\x02\0\0\0",
	    "\x16\x02\x01\0\1\1", "\x16\x03\x01\xff\xff\x01"};
	static const size_t len[] = {18, 1, 9, 6, 6};
	for (size_t i = 0; i < sizeof len / sizeof *len; i++) {
		struct buf b;
		struct downgrade d = {0};
		buf_init(&b, 100);
		assert_int_equal(buf_append(&b, other[i], len[i]), ERR_OK);
		assert_int_equal(downgrade_hello(&b, &d), ERR_OK);
		assert_int_equal(b.len, len[i]);
		assert_memory_equal(b.data, other[i], len[i]);
		assert_int_equal(d.edit, DOWNGRADE_NOTHING);
		buf_release(&b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(downgrade_of_the_version_is_seen_by_the_victim),
	    cmocka_unit_test(downgrade_of_the_suites_is_seen_in_the_end),
	    cmocka_unit_test(downgrade_not_made_is_not_noticed),
	    cmocka_unit_test(downgrade_leaves_what_is_no_hello),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
