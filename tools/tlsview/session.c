/* One TLS session over a connected socket: setting OpenSSL up, the handshake, the verdict, the goodbye. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <poll.h>
#include <openssl/x509err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/wire.h"
#include "session.h"

/* --- watching the wire --- */

static void on_record(void *arg, bool out, const uint8_t *record, size_t len)
{
	struct session *s = arg;

	if (s->keys)
		keywatch_record(s->keys, out, record, len);
	if (s->listener)
		listener_record(s->listener, out, record, len);
}

static bool write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return false;
		p += w;
		n -= (size_t)w;
	}
	return true;
}

/* SSL_CTX_set_keylog_callback(3): a line a secret, in the format that Wireshark reads. */
static void on_key(const SSL *ssl, const char *line)
{
	struct session *s = SSL_get_app_data(ssl);

	if (s->keys)
		keywatch_logged(s->keys, line);
	if (s->opt->keylog_fd < 0)
		return;
	if (!(write_all(s->opt->keylog_fd, line, strlen(line)) && write_all(s->opt->keylog_fd, "\n", 1)))
		s->keylog_failed = true;
}

/* --- setting up --- */

/* A file that OpenSSL cannot use: is it not there, or not what it should be? */
static enum err bad_file(struct result *res, const char *path, const char *what)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return result_set(res, ERR_IO, "%s cannot be read: %m", path);
	fclose(f);
	return result_set(res, ERR_FORMAT, "%s: %s", path, what);
}

static enum err use_client_cert(SSL_CTX *ctx, const struct connect_options *opt, struct result *res)
{
	const char *key = opt->client_key ? opt->client_key : opt->client_cert;

	if (SSL_CTX_use_certificate_chain_file(ctx, opt->client_cert) != 1)
		return bad_file(res, opt->client_cert, "there is no certificate in it (PEM is what is needed)");
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1)
		return bad_file(res, key,
		    ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH
		        ? "the private key in it is not that of the certificate"
		        : "there is no private key in it (PEM, after the certificate or in --client-key)");
	if (SSL_CTX_check_private_key(ctx) != 1)
		return bad_file(res, key, "the private key in it is not that of the certificate");
	return ERR_OK;
}

void setup_release(struct setup *s)
{
	SSL_CTX_free(s->ctx);
	path_store_free(s->trusted);
	*s = (struct setup){0};
}

enum err session_prepare(const struct connect_options *opt, struct setup *out, struct result *res)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	*out = (struct setup){.ctx = ctx};
	if (!ctx)
		return result_set(res, ERR_INTERNAL, "OpenSSL cannot be set up");
	SSL_CTX_set_min_proto_version(ctx, opt->min ? opt->min : TLS1_2_VERSION);
	SSL_CTX_set_max_proto_version(ctx, opt->max);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Without it SSL_read() would go on for as long as tickets come in, whatever the time. */
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	if (opt->ciphers && SSL_CTX_set_cipher_list(ctx, opt->ciphers) != 1)
		return result_set(res, ERR_USAGE, "'%s' is not a cipher list that OpenSSL knows", opt->ciphers);
	if (opt->groups && SSL_CTX_set1_groups_list(ctx, opt->groups) != 1)
		return result_set(res, ERR_USAGE, "'%s' is not a list of groups that OpenSSL knows", opt->groups);
	if (opt->alpn_len && SSL_CTX_set_alpn_protos(ctx, opt->alpn, (unsigned)opt->alpn_len) != 0)
		return result_set(res, ERR_NOMEM, "not enough memory");
	enum err e = opt->client_cert ? use_client_cert(ctx, opt, res) : ERR_OK;
	return e == ERR_OK ? verify_trust(&out->trusted, opt->cafile, res) : e;
}

static enum err set_up(struct session *s)
{
	if (s->opt->keylog_fd >= 0 || !s->opt->quick)
		SSL_CTX_set_keylog_callback(s->ctx, on_key);
	verify_by(s->ctx, &s->verifier);
	s->ssl = SSL_new(s->ctx);
	BIO *bio = s->ssl ? BIO_new_socket(s->fd, BIO_NOCLOSE) : NULL;
	if (s->ssl && !s->opt->quick)
		s->keys = keywatch_new(s->ssl, s->t, s->opt->secrets);
	if (!bio || (!s->keys && !s->opt->quick))
		return result_set(s->res, ERR_NOMEM, "not enough memory");
	s->tap = (struct wiretap){.on_record = on_record, .arg = s};
	wiretap_on(&s->tap, bio);
	SSL_set_bio(s->ssl, bio, bio);
	SSL_set_app_data(s->ssl, s);
	s->narrator.keys = s->keys;
	narrate(s->ssl, &s->narrator);
	if (s->opt->session && SSL_set_session(s->ssl, s->opt->session) != 1)
		return result_set(s->res, ERR_NOMEM, "not enough memory");
	return verify_name(s->ssl, &s->verifier);
}

enum err session_wait(struct session *s, int ret, struct deadline d, bool *clean)
{
	*clean = false;
	switch (SSL_get_error(s->ssl, ret)) {
	case SSL_ERROR_WANT_READ:
		/* Without auto-retry this also stands for "a message was dealt with, there may be more at
		 * hand". */
		if (s->seen != s->narrator.messages && deadline_left(d)) {
			s->seen = s->narrator.messages;
			return ERR_OK;
		}
		return net_wait(s->fd, POLLIN, d);
	case SSL_ERROR_WANT_WRITE:
		return net_wait(s->fd, POLLOUT, d);
	case SSL_ERROR_ZERO_RETURN:
		*clean = true;
		return ERR_CLOSED;
	case SSL_ERROR_SYSCALL:
		return ERR_CLOSED;
	default:
		return ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING ? ERR_CLOSED
		                                                                                   : ERR_FORMAT;
	}
}

static enum err handshake(struct session *s)
{
	enum err e = ERR_OK;
	bool clean;

	while (e == ERR_OK) {
		ERR_clear_error();
		errno = 0;
		int r = SSL_connect(s->ssl);
		if (r == 1)
			return ERR_OK;
		e = session_wait(s, r, s->deadline, &clean);
	}
	return e;
}

/* --- the verdict --- */

/* What will be spoken inside (RFC 7301). */
static void note_alpn(struct session *s)
{
	const uint8_t *p = NULL;
	unsigned n = 0;

	SSL_get0_alpn_selected(s->ssl, &p, &n);
	escape_text(s->res->alpn, sizeof(s->res->alpn), p ? p : (const uint8_t *)"", n);
	if (n)
		ev_decision(s->t, "alpn", "RFC 7301",
		    "inside the connection both will speak %s: the server chose it from our list", s->res->alpn);
	else if (s->opt->alpn_len)
		ev_decision(
		    s->t, "no-alpn", "RFC 7301", "the server chose none of the protocols that we offered (ALPN)");
}

static void note_agreed(struct session *s)
{
	const SSL_CIPHER *c = SSL_get_current_cipher(s->ssl);
	struct result *res = s->res;

	res->handshake_done = true;
	snprintf(res->protocol, sizeof(res->protocol), "%s",
	    tls_version_name((uint16_t)SSL_version(s->ssl)) ? tls_version_name((uint16_t)SSL_version(s->ssl)) : "?");
	if (c)
		snprintf(res->cipher, sizeof(res->cipher), "%s", SSL_CIPHER_standard_name(c));
	res->resumed = SSL_session_reused(s->ssl) == 1;
	note_alpn(s);
}

/* X509_V_OK proves nothing where no certificate was shown: anonymous suites leave it at that. */
static void judge(struct session *s)
{
	struct checks *c = &s->res->checks;

	if (!SSL_get0_peer_certificate(s->ssl)) {
		checks_add(c, s->t, Q_SHOWN, "no-certificate", VERDICT_FAIL, -1,
		    "none: the key agreement is anonymous, and whoever is at the other end could be anyone");
		narrate_key_verdict(&s->narrator, VERDICT_FAIL, "there is no certificate, and so no key to prove");
	}
	verify_staple(s->ssl, &s->verifier);
	narrate_handshake_done(&s->narrator, s->ssl);
	if (!s->narrator.key_told && s->res->resumed)
		narrate_key_verdict(&s->narrator, VERDICT_PASS,
		    "it knows the secret of the session that we resume: in that one it showed its certificate and "
		    "proved it");
	if (!s->narrator.key_told)
		narrate_key_verdict(&s->narrator, VERDICT_FAIL, "nothing in this handshake was signed with it");
	if (s->keys && s->keys->sum.differs)
		checks_add(c, s->t, Q_KEYS, question_id(Q_KEYS), VERDICT_FAIL, -1,
		    "no: OpenSSL uses other secrets than those that follow from what was seen");
	s->res->accepted = !checks_first_failed(c) && SSL_get_verify_result(s->ssl) == X509_V_OK &&
	                   SSL_get0_peer_certificate(s->ssl);
	s->res->insecure = !s->res->accepted && s->opt->insecure;
}

/* --- the end --- */

/* Ends the connection so that our last words arrive: closing a socket with unread octets in it would make the
 * kernel throw them away at the other end (RFC 1122 4.2.2.13). */
static void part(struct session *s)
{
	struct deadline d = deadline_within(s->deadline, 200 * NS_PER_MS);
	uint8_t drain[4096];
	size_t total = 0;

	ERR_clear_error();
	if (s->res->handshake_done && !s->narrator.has_alert_out)
		(void)SSL_shutdown(s->ssl);                                    /* sends close_notify */
	bool hurry = s->opt->quick && s->narrator.alert_out == 0 && !s->asked; /* nothing that could be lost */
	if (shutdown(s->fd, SHUT_WR) < 0 || !s->narrator.has_alert_out || hurry)
		return;
	while (total < 1 << 20 && net_wait(s->fd, POLLIN, d) == ERR_OK) {
		ssize_t n = recv(s->fd, drain, sizeof(drain), 0);

		if (n <= 0)
			return;
		total += (size_t)n;
	}
}

static enum err run(struct session *s)
{
	enum err e = set_up(s);

	if (e != ERR_OK)
		return e;
	e = handshake(s);
	if (e != ERR_OK)
		return session_explain_failure(s, e);
	note_agreed(s);
	judge(s);
	if (s->res->insecure)
		ev_warning(s->t,
		    "The server did not prove to be %s. Going on because --insecure says so: whatever is "
		    "said now, it is said to a stranger.",
		    s->res->name);
	if (s->res->accepted || s->res->insecure)
		e = session_exchange(s);
	if (e == ERR_OK || s->res->insecure)
		e = session_say_verdict(s);
	return e;
}

/* The ends say nothing then: only what is on the wire is told. NULL: out of memory. */
static struct listener *listen_in(struct session *s, struct trace *t)
{
	struct listener *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	*l = (struct listener){.t = t,
	    .client = s->opt->actor,
	    .server = s->res->role,
	    .client_addr = s->narrator.here,
	    .server_addr = s->res->peer,
	    .clock = s->opt->clock};
	s->t = s->narrator.t = s->verifier.t = NULL;
	return l;
}

enum err session_run(const struct connect_options *opt, const struct setup *setup, int fd, int64_t left_ns,
    struct trace *t, struct result *res)
{
	struct session s = {.opt = opt,
	    .t = t,
	    .res = res,
	    .ctx = setup->ctx,
	    .fd = fd,
	    .deadline = deadline_in(left_ns, opt->cancel_fd),
	    .narrator = {.t = t, .res = res, .me = opt->actor},
	    .verifier = {.opt = opt, .t = t, .res = res, .store = setup->trusted}};

	snprintf(res->name, sizeof(res->name), "%s", opt->name ? opt->name : opt->host);
	size_t n = strlen(res->name);
	if (n > 1 && res->name[n - 1] == '.') /* the root's dot, which no certificate has */
		res->name[n - 1] = '\0';
	local_text(s.narrator.here, fd);
	(void)fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	if (opt->listener && !(s.listener = listen_in(&s, t)))
		return result_set(res, ERR_NOMEM, "not enough memory");
	enum err e = run(&s);
	if (s.ssl)
		part(&s);
	if (s.listener) {
		listener_summary(s.listener);
		res->heard = listener_json(s.listener);
		free(s.listener);
	}
	res->wire_in = s.tap.octets[0];
	res->wire_out = s.tap.octets[1];
	res->alert_in = s.narrator.has_alert_in ? s.narrator.alert_in : 0;
	if (s.keys)
		res->keys = s.keys->sum;
	if (s.ssl && res->accepted)
		res->session = SSL_get1_session(s.ssl);
	if (s.keylog_failed)
		e = result_set(res, ERR_IO, "the secrets could not be written to the key log");
	SSL_free(s.ssl);
	keywatch_free(s.keys);
	verify_release(&s.verifier);
	return e;
}
