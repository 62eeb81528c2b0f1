/* tlsview serve: many clients at once in one loop, none of which can hold up the others. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/wire.h"
#include "glassnet/net.h"
#include "narrate.h"
#include "serve.h"

#define REQUEST_MAX 16384
#define ANSWER_MAX  2048

enum stage { STAGE_FREE, STAGE_HANDSHAKE, STAGE_REQUEST, STAGE_ANSWER, STAGE_LINGER };

#define LINGER NS_PER_S /* so long the client may take to read our last words */

struct conn {
	enum stage stage;
	int fd;
	SSL *ssl;
	short wants; /* POLLIN, POLLOUT */
	struct deadline deadline;
	int64_t next_octet; /* hostile and slow */
	unsigned number;
	struct narrator narrator;
	struct result res;
	uint8_t in[REQUEST_MAX];
	size_t n_in;
	char out[ANSWER_MAX];
	size_t n_out, sent;
};

enum err served_set(struct served *out, enum err err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(out->text, sizeof(out->text), fmt, ap);
	va_end(ap);
	out->err = err;
	return err;
}

/* --- one connection --- */

static void on_key(const SSL *ssl, const char *line)
{
	struct server *s = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	struct tls_logged l;
	char text[2 * TLS_HASH_MAX + 40];
	size_t at;

	if (s->opt->keylog_fd >= 0 && dprintf(s->opt->keylog_fd, "%s\n", line) < 0)
		ev_warning(s->t, "the secrets could not be written to the key log");
	if (tls_keylog_parse(&l, line, strlen(line), &at) == ERR_OK)
		ev_state(s->t, "keys", l.master ? "master_secret" : tls_secret_info(l.id)->name, NULL,
		    secret_text(text, sizeof(text), l.secret, l.len, s->opt->secrets), "as OpenSSL logs it");
}

static void hang_up(struct server *s, struct conn *c, const char *id, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void hang_up(struct server *s, struct conn *c, const char *id, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ev_decision(s->t, id, NULL, "connection %u, %s: %s", c->number, c->res.role, text);
	SSL_free(c->ssl);
	c->ssl = NULL;
	result_release(&c->res);
	OPENSSL_cleanse(c->in, c->n_in);
	/* Closing now, with octets of the client's unread, would make the kernel throw away our alert at the other end
	 * (RFC 1122 4.2.2.13): it has to go first. */
	(void)shutdown(c->fd, SHUT_WR);
	c->stage = STAGE_LINGER;
	c->wants = POLLIN;
	c->deadline = deadline_in(LINGER, s->opt->cancel_fd);
}

static void let_go(struct conn *c)
{
	close(c->fd);
	*c = (struct conn){.fd = -1};
}

static void linger(struct conn *c, short revents)
{
	uint8_t drain[4096];

	if (deadline_left(c->deadline) == 0 || (revents && recv(c->fd, drain, sizeof(drain), MSG_DONTWAIT) <= 0))
		let_go(c);
}

/* An answer to whatever was said: over HTTP a page, else a line. */
static void prepare_answer(struct server *s, struct conn *c)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(c->ssl);
	const char *name = SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
	char hsts[80] = "", body[512];

	snprintf(body, sizeof(body), "tlsview: this is %s, connection %u, %s, %s%s\n",
	    name ? name : "(no name was asked for)", c->number, SSL_get_version(c->ssl),
	    cipher ? SSL_CIPHER_standard_name(cipher) : "?", SSL_session_reused(c->ssl) ? ", resumed" : "");
	if (s->opt->hsts >= 0)
		snprintf(hsts, sizeof(hsts), "Strict-Transport-Security: max-age=%ld\r\n", s->opt->hsts);
	if (memmem(c->in, c->n_in, " HTTP/1.", 8))
		snprintf(c->out, sizeof(c->out),
		    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%sConnection: "
		    "close\r\n\r\n%s",
		    strlen(body), hsts, body);
	else
		snprintf(c->out, sizeof(c->out), "%s", body);
	c->n_out = strlen(c->out);
	c->stage = STAGE_ANSWER;
}

static bool request_is_whole(const struct conn *c)
{
	if (memmem(c->in, c->n_in, " HTTP/1.", 8))
		return memmem(c->in, c->n_in, "\r\n\r\n", 4) != NULL;
	return memchr(c->in, '\n', c->n_in) != NULL || c->n_in == sizeof(c->in);
}

static void agreed(struct server *s, struct conn *c)
{
	const SSL_CIPHER *cipher = SSL_get_current_cipher(c->ssl);
	const char *name = SSL_get_servername(c->ssl, TLSEXT_NAMETYPE_host_name);
	X509 *client = SSL_get0_peer_certificate(c->ssl);
	char who[160] = "", clean[256] = "no name";

	if (client)
		x509_short_name(who, sizeof(who), client);
	if (name)
		escape_text(clean, sizeof(clean), name, strlen(name));
	s->out->agreed++;
	c->stage = STAGE_REQUEST;
	ev_decision(s->t, "agreed", NULL, "connection %u: %s, %s%s%s; the client asked for %s%s%s%s", c->number,
	    SSL_get_version(c->ssl), cipher ? SSL_CIPHER_standard_name(cipher) : "?",
	    c->narrator.res->group[0] ? ", " : "", c->narrator.res->group, clean,
	    SSL_session_reused(c->ssl) ? ", resumed" : "", client ? ", and proved to be " : "", who);
}

/* Why a call failed: wait, or hang up. Returns false when the connection is gone. */
static bool cope(struct server *s, struct conn *c, int r)
{
	const char *reason;

	switch (SSL_get_error(c->ssl, r)) {
	case SSL_ERROR_WANT_READ:
		c->wants = POLLIN;
		return true;
	case SSL_ERROR_WANT_WRITE:
		c->wants = POLLOUT;
		return true;
	default:
		break;
	}
	reason = ERR_reason_error_string(ERR_peek_last_error());
	if (c->narrator.has_alert_in && c->narrator.alert_in != 0) {
		const char *alert = tls_alert_name(c->narrator.alert_in);

		s->out->refused_by_client++;
		hang_up(s, c, "client-refused", "the client did not accept us: its alert says %s%s%s",
		    alert ? alert : "?", tls_alert_text(c->narrator.alert_in) ? ", " : "",
		    tls_alert_text(c->narrator.alert_in) ? tls_alert_text(c->narrator.alert_in) : "");
	} else if (c->stage == STAGE_HANDSHAKE) {
		s->out->failed++;
		hang_up(s, c, "no-agreement", "the handshake failed: %s", reason ? reason : "the client went away");
	} else {
		hang_up(s, c, "client-left", "the client is gone, %zu octets had come", c->n_in);
	}
	return false;
}

static bool step_handshake(struct server *s, struct conn *c)
{
	int r = SSL_accept(c->ssl);

	if (r != 1)
		return cope(s, c, r) && false;
	agreed(s, c);
	return true;
}

static bool step_request(struct server *s, struct conn *c)
{
	size_t n = 0;
	int r = SSL_read_ex(c->ssl, c->in + c->n_in, sizeof(c->in) - c->n_in, &n);

	if (r != 1)
		return cope(s, c, r) && false;
	narrate_data(&c->narrator, false, c->in + c->n_in, n, false);
	c->n_in += n;
	if (request_is_whole(c))
		prepare_answer(s, c);
	return true;
}

static bool step_answer(struct server *s, struct conn *c)
{
	size_t n = 0;
	int r = SSL_write_ex(c->ssl, c->out + c->sent, c->n_out - c->sent, &n);

	if (r != 1)
		return cope(s, c, r) && false;
	narrate_data(&c->narrator, true, (const uint8_t *)c->out + c->sent, n, false);
	c->sent += n;
	if (c->sent < c->n_out)
		return true;
	(void)SSL_shutdown(c->ssl);
	hang_up(s, c, "answered", "answered: %zu octets came, %zu went", c->n_in, c->n_out);
	return false;
}

/* Goes on as far as it can without waiting. */
static void advance(struct server *s, struct conn *c)
{
	for (bool more = true; more;) {
		ERR_clear_error();
		c->wants = POLLIN;
		more = c->stage == STAGE_HANDSHAKE ? step_handshake(s, c)
		       : c->stage == STAGE_REQUEST ? step_request(s, c)
		       : c->stage == STAGE_ANSWER  ? step_answer(s, c)
		                                   : false;
	}
}

/* --- hostile --- */

/* A ServerHello of ours that looks right, then noise; or one octet now and then. True: c is dealt with. */
static bool misbehave(struct server *s, struct conn *c)
{
	uint8_t noise[4096] = {22, 3, 3, 0, 90, 2, 0, 0, 86, 3, 3};
	static const uint8_t tail[] = {0, 0x13, 0x01, 0, 0, 46, 0, 43, 0, 2, 3, 4, 0, 51, 0, 36, 0, 29, 0, 32};

	switch (s->opt->hostile) {
	case HOSTILE_NOT:
	case HOSTILE_CHAIN:
	case HOSTILE_BIG:
		return false;
	case HOSTILE_SILENT:
		if (recv(c->fd, noise, sizeof(noise), MSG_DONTWAIT) == 0)
			hang_up(s, c, "client-left", "the client had enough of the silence");
		return true;
	case HOSTILE_SLOW:
		if (net_now() >= c->next_octet) {
			c->next_octet = net_now() + 100 * NS_PER_MS;
			noise[3] = 0x3e; /* a long record */
			if (send(c->fd, noise + (c->sent < 5 ? c->sent : 5), 1, MSG_NOSIGNAL) < 0)
				hang_up(s, c, "client-left", "the client had enough, after %zu octets", c->sent);
			else
				c->sent++;
		}
		return true;
	case HOSTILE_GARBAGE:
		if (recv(c->fd, c->in, sizeof(c->in), MSG_DONTWAIT) <= 0)
			return true;
		(void)!RAND_bytes(noise + 11, (int)sizeof(noise) - 11);
		memcpy(noise + 43, tail, sizeof(tail));
		(void)!send(c->fd, noise, sizeof(noise), MSG_NOSIGNAL);
		hang_up(s, c, "garbage", "it got a ServerHello, and noise behind it");
		return true;
	}
	return false;
}

/* --- the loop --- */

static void take(struct server *s, struct conn *conns)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct endpoint peer;
	struct conn *c = NULL;
	int fd = accept4(s->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	for (size_t i = 0; i < SERVE_CONNS_MAX && !c; i++)
		c = conns[i].stage == STAGE_FREE ? &conns[i] : NULL;
	SSL *ssl = c ? SSL_new(s->ctx[0]) : NULL;
	if (!ssl || SSL_set_fd(ssl, fd) != 1) {
		SSL_free(ssl);
		close(fd);
		return;
	}
	*c = (struct conn){.stage = STAGE_HANDSHAKE,
	    .fd = fd,
	    .ssl = ssl,
	    .wants = POLLIN,
	    .deadline = deadline_in(s->opt->timeout_ns, s->opt->cancel_fd),
	    .number = ++s->out->taken};
	if (endpoint_from_sockaddr(&peer, (struct sockaddr *)&sa, len) == ERR_OK) {
		endpoint_text(c->res.peer, &peer);
		ip_text(c->res.role, &peer.ip);
	}
	c->narrator = (struct narrator){.t = s->t, .res = &c->res, .me = s->opt->actor, .serving = true};
	memcpy(c->narrator.here, s->here, sizeof(c->narrator.here));
	narrate(ssl, &c->narrator);
	ev_heading(s->t, "Connection %u, from %s", c->number, c->res.peer);
}

static bool busy(const struct conn *conns)
{
	for (size_t i = 0; i < SERVE_CONNS_MAX; i++)
		if (conns[i].stage != STAGE_FREE)
			return true;
	return false;
}

static void attend(struct server *s, struct conn *c, short revents)
{
	if (c->stage == STAGE_FREE)
		return;
	if (c->stage == STAGE_LINGER) {
		linger(c, revents);
		return;
	}
	if (deadline_left(c->deadline) == 0) {
		s->out->failed += c->stage == STAGE_HANDSHAKE;
		hang_up(s, c, "too-slow", "the time is over");
		return;
	}
	if (s->opt->hostile == HOSTILE_SILENT || s->opt->hostile == HOSTILE_SLOW ||
	    s->opt->hostile == HOSTILE_GARBAGE) {
		if (revents || s->opt->hostile == HOSTILE_SLOW)
			(void)misbehave(s, c);
	} else if (revents) {
		advance(s, c);
	}
}

/* Until the time of the one that has least, or a tenth of a second. */
static int patience(const struct server *s, const struct conn *conns)
{
	return s->opt->hostile == HOSTILE_SLOW || busy(conns) ? 100 : -1;
}

static enum err loop(struct server *s, struct conn *conns)
{
	struct pollfd p[SERVE_CONNS_MAX + 2];

	for (;;) {
		bool open = s->opt->count == 0 || s->out->taken < (unsigned long)s->opt->count;

		if (!open && !busy(conns))
			return ERR_OK;
		p[0] = (struct pollfd){.fd = s->opt->cancel_fd, .events = POLLIN};
		p[1] = (struct pollfd){.fd = open ? s->fd : -1, .events = POLLIN};
		for (size_t i = 0; i < SERVE_CONNS_MAX; i++)
			p[i + 2] = (struct pollfd){
			    .fd = conns[i].stage == STAGE_FREE ? -1 : conns[i].fd, .events = conns[i].wants};
		if (poll(p, SERVE_CONNS_MAX + 2, patience(s, conns)) < 0 && errno != EINTR)
			return served_set(s->out, ERR_NET, "poll: %s", strerror(errno));
		if (p[0].revents)
			return ERR_OK;
		for (size_t i = 0; i < SERVE_CONNS_MAX; i++)
			attend(s, &conns[i], p[i + 2].revents);
		if (p[1].revents)
			take(s, conns);
	}
}

static enum err listen_at(struct server *s)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, &s->opt->at);
	int one = 1;
	char text[ENDPOINT_TEXT];

	s->fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s->fd < 0 || setsockopt(s->fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(s->fd, (struct sockaddr *)&sa, len) != 0 || listen(s->fd, SERVE_CONNS_MAX) != 0)
		return served_set(s->out, errno == EACCES || errno == EPERM ? ERR_PERM : ERR_NET, "%s: %s",
		    endpoint_text(text, &s->opt->at), strerror(errno));
	local_text(s->here, s->fd);
	ev_decision(s->t, "ready", NULL, "listening on %s", s->here);
	return ERR_OK;
}

enum err serve_run(const struct serve_options *opt, struct trace *t, struct served *out)
{
	struct server s = {.opt = opt, .t = t, .out = out, .fd = -1};
	struct conn *conns = calloc(SERVE_CONNS_MAX, sizeof(*conns));
	enum err e = conns ? serve_load(&s) : served_set(out, ERR_NOMEM, "not enough memory");

	for (size_t i = 0; i < s.n; i++) {
		SSL_CTX_set_app_data(s.ctx[i], &s);
		SSL_CTX_set_keylog_callback(s.ctx[i], on_key);
	}
	if (e == ERR_OK)
		e = listen_at(&s);
	if (e == ERR_OK)
		e = loop(&s, conns);
	for (size_t i = 0; conns && i < SERVE_CONNS_MAX; i++)
		if (conns[i].stage != STAGE_FREE) {
			if (conns[i].stage != STAGE_LINGER)
				hang_up(&s, &conns[i], "closed", "we were told to stop");
			let_go(&conns[i]);
		}
	free(conns);
	for (size_t i = 0; i < SERVE_CERTS_MAX; i++)
		SSL_CTX_free(s.ctx[i]);
	free(s.staple);
	if (s.fd >= 0)
		close(s.fd);
	if (e != ERR_OK)
		return e;
	return served_set(out, ERR_OK,
	    "%u connection%s: %u agreed on keys, %u ended by the client's alert, %u failed", out->taken,
	    out->taken == 1 ? "" : "s", out->agreed, out->refused_by_client, out->failed);
}
