/* tlsview inside: a client and a server of OpenSSL's, and between them two pieces of memory for a network. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixed.h"
#include "glassnet/wire.h"
#include "inside.h"
#include "selfmade.h"
#include "session.h"

#define HOST       "server.example"
#define FLIGHTS    16
#define LOGGED_MAX 8
#define REQUEST    "GET / HTTP/1.1\r\nHost: " HOST "\r\n\r\n"
#define ANSWER     "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nHello\n"

struct pair {
	const struct inside_options *opt;
	struct trace *t;
	struct result *res;
	struct connect_options client_opt;
	struct selfmade made;
	struct path_store *trusted;
	SSL_CTX *ctx[2]; /* the server's, the client's */
	SSL *ssl[2];
	struct narrator narrator;
	struct verifier verifier;
	struct keywatch *keys;
	struct wiretap tap;
	struct tls_logged logged[LOGGED_MAX]; /* by the server */
	size_t n_logged;
	unsigned agreed, disagreed; /* secrets that the server logs, beside ours */
};

bool inside_pause(const struct inside_options *opt)
{
	struct pollfd p = {.fd = opt->cancel_fd, .events = POLLIN};
	struct timespec ts = {.tv_sec = opt->pause_ns / NS_PER_S, .tv_nsec = opt->pause_ns % NS_PER_S};

	return ppoll(&p, 1, &ts, NULL) == 0;
}

/* --- callbacks --- */

static void on_record(void *arg, bool out, const uint8_t *record, size_t len)
{
	struct pair *p = arg;

	keywatch_record(p->keys, out, record, len);
}

static void client_logs(const SSL *ssl, const char *line)
{
	struct pair *p = SSL_get_app_data(ssl);

	keywatch_logged(p->keys, line);
}

/* The server computes by itself, and earlier than the client: what it logs is held against ours in the end. */
static void server_logs(const SSL *ssl, const char *line)
{
	struct pair *p = SSL_get_app_data(ssl);
	size_t at;

	if (p->n_logged < LOGGED_MAX && tls_keylog_parse(&p->logged[p->n_logged], line, strlen(line), &at) == ERR_OK)
		p->n_logged++;
}

static void compare_ends(struct pair *p)
{
	const struct key_summary *sum = &p->keys->sum;

	for (size_t i = 0; i < p->n_logged; i++) {
		const struct tls_logged *l = &p->logged[i];
		const char *name = l->master ? "master_secret" : tls_secret_info(l->id)->name;
		const uint8_t *ours = l->master ? sum->master : sum->schedule.secret[l->id];

		if (l->master ? !sum->has_master : !sum->schedule.known[l->id])
			continue;
		bool same = memcmp(l->secret, ours, l->len) == 0;
		p->agreed += same;
		p->disagreed += !same;
		ev_check(p->t, "server-too", same ? VERDICT_PASS : VERDICT_FAIL, "RFC 8446 7.1",
		    "has the server computed the same?",
		    same ? "%s: the server, with its own private key and the client's key share, comes to the same "
		           "%zu octets"
		         : "%s: the server comes to OTHER %zu octets",
		    name, l->len);
	}
}

/* A ticket holds the time when it was made. */
static int on_ticket(SSL *ssl, void *arg)
{
	(void)arg;
	return SSL_SESSION_set_time(SSL_get_session(ssl), (long)FIXED_START) != 0;
}

/* --- setting up --- */

static enum err failed(struct pair *p, const char *what)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());

	return result_set(p->res, ERR_INTERNAL, "%s: %s", what, reason ? reason : "OpenSSL gives no reason");
}

static SSL_CTX *context(const struct inside_options *opt, const SSL_METHOD *method)
{
	SSL_CTX *ctx = SSL_CTX_new(method);

	if (ctx) {
		SSL_CTX_set_min_proto_version(ctx, opt->min);
		SSL_CTX_set_max_proto_version(ctx, opt->max);
		SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	}
	return ctx;
}

static bool set_up_server(struct pair *p)
{
	SSL_CTX *ctx = p->ctx[0] = context(p->opt, TLS_server_method());

	if (!ctx || SSL_CTX_use_certificate(ctx, p->made.leaf) != 1 || SSL_CTX_use_PrivateKey(ctx, p->made.key) != 1)
		return false;
	SSL_CTX_set_num_tickets(ctx, 1);
	SSL_CTX_set_session_ticket_cb(ctx, on_ticket, NULL, NULL);
	SSL_CTX_set_keylog_callback(ctx, server_logs);
	return !p->opt->retry || SSL_CTX_set1_groups_list(ctx, "P-256") == 1;
}

static bool set_up_client(struct pair *p)
{
	SSL_CTX *ctx = p->ctx[1] = context(p->opt, TLS_client_method());
	struct cert_set roots = {0};

	p->trusted = path_store_new();
	bool ok = ctx && p->trusted && cert_set_add(&roots, p->made.root) == ERR_OK &&
	          path_store_add(p->trusted, &roots, true) == ERR_OK;
	cert_set_release(&roots);
	if (!ok)
		return false;
	p->verifier = (struct verifier){.opt = &p->client_opt, .t = p->t, .res = p->res, .store = p->trusted};
	verify_by(ctx, &p->verifier);
	SSL_CTX_set_keylog_callback(ctx, client_logs);
	return true;
}

/* Each writes into a BIO of its own; carry() brings it to the other. */
static bool connect_ends(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());

		p->ssl[i] = SSL_new(p->ctx[i]);
		if (!in || !out || !p->ssl[i]) {
			BIO_free(in);
			BIO_free(out);
			return false;
		}
		BIO_set_mem_eof_return(in, -1);
		SSL_set_bio(p->ssl[i], in, out);
		SSL_set_app_data(p->ssl[i], p);
	}
	SSL_set_accept_state(p->ssl[0]);
	SSL_set_connect_state(p->ssl[1]);
	p->keys = keywatch_new(p->ssl[1], p->t, p->opt->secrets);
	p->tap = (struct wiretap){.on_record = on_record, .arg = p, .reads_only = true};
	p->narrator = (struct narrator){.t = p->t, .res = p->res, .me = "client", .keys = p->keys};
	narrate(p->ssl[1], &p->narrator);
	/* the client's records are watched where they enter and leave its memory */
	wiretap_on(&p->tap, SSL_get_rbio(p->ssl[1]));
	return p->keys && verify_name(p->ssl[1], &p->verifier) == ERR_OK;
}

/* --- running --- */

/* What one has written goes to the other. Returns the octets. */
static size_t carry(struct pair *p, bool from_client)
{
	BIO *from = SSL_get_wbio(p->ssl[from_client]), *to = SSL_get_rbio(p->ssl[!from_client]);
	uint8_t buf[8192];
	size_t total = 0;
	int n;

	while ((n = BIO_read(from, buf, sizeof(buf))) > 0) {
		if (from_client)
			wiretap_feed(&p->tap, true, buf, (size_t)n);
		total += BIO_write(to, buf, n) == n ? (size_t)n : 0;
	}
	return total;
}

/* Returns false when it failed for good. */
static bool turn(struct pair *p, bool client)
{
	ERR_clear_error();
	int r = SSL_do_handshake(p->ssl[client]);
	int e = r == 1 ? SSL_ERROR_NONE : SSL_get_error(p->ssl[client], r);
	return e == SSL_ERROR_NONE || e == SSL_ERROR_WANT_READ || e == SSL_ERROR_WANT_WRITE;
}

static enum err handshake(struct pair *p)
{
	for (int flight = 0; flight < FLIGHTS; flight++) {
		bool client = flight % 2 == 0, ok = turn(p, client);
		size_t n = carry(p, client);

		if (!ok)
			return failed(p, client ? "the client gave up" : "the server gave up");
		if (n)
			ev_decision(p->t, "flight", NULL,
			    "%zu octets lie between them now, from the %s; a listener has those", n,
			    client ? "client" : "server");
		if (n && !inside_pause(p->opt))
			return result_set(p->res, ERR_NET, "interrupted");
		if (n == 0 && SSL_is_init_finished(p->ssl[0]) && SSL_is_init_finished(p->ssl[1]))
			return ERR_OK;
	}
	return failed(p, "the handshake does not end");
}

static bool say(struct pair *p, bool client, const char *text)
{
	size_t n = strlen(text), done = 0;
	uint8_t buf[1024];

	if (SSL_write_ex(p->ssl[client], text, n, &done) != 1 || done != n)
		return false;
	carry(p, client);
	if (client)
		narrate_data(&p->narrator, true, (const uint8_t *)text, n, false);
	if (SSL_read_ex(p->ssl[!client], buf, sizeof(buf), &done) != 1 || done != n || memcmp(buf, text, n) != 0)
		return false;
	if (!client)
		narrate_data(&p->narrator, false, buf, done, false);
	return true;
}

static enum err talk(struct pair *p)
{
	uint8_t none;
	size_t n;

	(void)SSL_read_ex(p->ssl[1], &none, 1, &n); /* the ticket came without being asked for */
	if (!say(p, true, REQUEST) || !say(p, false, ANSWER))
		return failed(p, "what was said did not arrive");
	p->res->accepted = checks_failed(&p->res->checks) == 0 && !p->keys->sum.differs && p->disagreed == 0;
	p->res->handshake_done = true;
	return ERR_OK;
}

static enum err verdict(struct pair *p)
{
	const struct key_summary *s = &p->keys->sum;
	const SSL_CIPHER *c = SSL_get_current_cipher(p->ssl[1]);
	enum err e;

	snprintf(
	    p->res->protocol, sizeof(p->res->protocol), "%s", tls_version_name((uint16_t)SSL_version(p->ssl[1])));
	snprintf(p->res->cipher, sizeof(p->res->cipher), "%s", c ? SSL_CIPHER_standard_name(c) : "");
	p->res->keys = *s;
	e = p->res->accepted ? ERR_OK : ERR_INTERNAL;
	if (!s->tls13)
		return result_set(p->res, e,
		    "a whole handshake without a network, %s, %s: client and server log the same master secret (%u "
		    "of %u), and both "
		    "Finished messages follow from it.",
		    p->res->protocol, p->res->cipher, p->agreed, p->agreed + p->disagreed);
	return result_set(p->res, e,
	    "a whole handshake without a network, %s, %s: %u secrets computed here; of the %u that the client logs "
	    "%u are the "
	    "same, of the %u that the server logs %u.",
	    p->res->protocol, p->res->cipher, s->computed, s->logged, s->same, p->agreed + p->disagreed, p->agreed);
}

static void release(struct pair *p)
{
	for (int i = 0; i < 2; i++) {
		SSL_free(p->ssl[i]);
		SSL_CTX_free(p->ctx[i]);
	}
	keywatch_free(p->keys);
	verify_release(&p->verifier);
	path_store_free(p->trusted);
	OPENSSL_cleanse(p->logged, sizeof(p->logged));
	selfmade_release(&p->made);
	free(p);
}

enum err inside_live(const struct inside_options *opt, struct trace *t, struct result *res)
{
	struct pair *p = calloc(1, sizeof(*p));
	enum err e = ERR_OK;

	if (!p)
		return result_set(res, ERR_NOMEM, "not enough memory");
	*p = (struct pair){.opt = opt, .t = t, .res = res, .client_opt = {.host = HOST, .clock = opt->clock}};
	strcpy(res->name, HOST);
	strcpy(res->role, "server");
	ev_heading(t, "A client and a server, and memory for a network");
	if (!fixed_random(opt->seed) || selfmade_make(&p->made, HOST, "DNS:" HOST, FIXED_START, 30) != ERR_OK ||
	    !set_up_server(p) || !set_up_client(p) || !connect_ends(p))
		e = failed(p, "the two ends cannot be set up");
	if (e == ERR_OK)
		e = handshake(p);
	if (e == ERR_OK) {
		narrate_handshake_done(&p->narrator, p->ssl[1]);
		compare_ends(p);
	}
	if (e == ERR_OK)
		e = talk(p);
	if (e == ERR_OK)
		e = verdict(p);
	release(p);
	return e;
}
