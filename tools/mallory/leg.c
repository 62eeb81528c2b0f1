#include "leg.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/wire.h"

enum { CHUNK = 16 * 1024 };

void leg_init(struct leg *l)
{
	*l = (struct leg){.fd = -1};
}

static void fail(struct leg *l, enum err e)
{
	l->state = LEG_FAILED;
	l->err = e;
	if (l->ssl) {
		const char *why = ERR_reason_error_string(ERR_peek_last_error());
		long verify = SSL_get_verify_result(l->ssl);
		if (!l->server && verify != X509_V_OK)
			why = X509_verify_cert_error_string(verify);
		if (!l->reason[0] && why)
			escape_text(l->reason, sizeof l->reason, why, strlen(why));
		ERR_clear_error();
	}
}

/* --- TLS: what the peer sends, by OpenSSL's message callback --- */

static const char *handshake_name(unsigned char type)
{
	switch (type) {
	case SSL3_MT_CLIENT_HELLO:
		return "ClientHello";
	case SSL3_MT_CERTIFICATE:
		return "Certificate";
	case SSL3_MT_CLIENT_KEY_EXCHANGE:
		return "ClientKeyExchange";
	case SSL3_MT_CERTIFICATE_VERIFY:
		return "CertificateVerify";
	case SSL3_MT_FINISHED:
		return "Finished";
	default:
		return "another handshake message";
	}
}

static void note_seen(struct leg *l, const char *prefix, const char *what)
{
	size_t have = strlen(l->seen);
	snprintf(l->seen + have, sizeof l->seen - have, "%s%s%s", have ? ", " : "", prefix, what);
}

static void on_message(int sent, int version, int type, const void *buf, size_t len, SSL *ssl, void *arg)
{
	(void)version;
	(void)ssl;
	struct leg *l = arg;
	const unsigned char *b = buf;
	if (sent || len == 0)
		return;
	if (type == SSL3_RT_HANDSHAKE) {
		note_seen(l, "", handshake_name(b[0]));
	} else if (type == SSL3_RT_ALERT && len == 2) {
		const char *name = SSL_alert_desc_string_long(b[1]);
		snprintf(l->alert, sizeof l->alert, "%s", name);
		if (l->state == LEG_HANDSHAKE)
			note_seen(l, "alert ", name);
	}
}

static enum err tls_begin(struct leg *l, SSL_CTX *ctx, const char *name)
{
	l->ssl = SSL_new(ctx);
	if (!l->ssl || SSL_set_fd(l->ssl, l->fd) != 1)
		return ERR_NOMEM;
	SSL_set_msg_callback(l->ssl, on_message);
	SSL_set_msg_callback_arg(l->ssl, l);
	l->server = name == NULL;
	if (l->server) {
		SSL_set_accept_state(l->ssl);
		return ERR_OK;
	}
	SSL_set_connect_state(l->ssl);
	SSL_set_hostflags(l->ssl, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return SSL_set_tlsext_host_name(l->ssl, name) == 1 && SSL_set1_host(l->ssl, name) == 1 ? ERR_OK : ERR_NOMEM;
}

enum err leg_open(struct leg *l, int fd, SSL_CTX *ctx, const char *name, bool connecting)
{
	leg_init(l);
	l->fd = fd;
	l->state = connecting ? LEG_CONNECTING : ctx ? LEG_HANDSHAKE : LEG_OPEN;
	enum err e = ctx ? tls_begin(l, ctx, name) : ERR_OK;
	if (e)
		leg_close(l);
	return e;
}

void leg_close(struct leg *l)
{
	if (l->ssl) {
		if (l->state == LEG_OPEN && !l->out_done)
			SSL_shutdown(l->ssl); /* close_notify, if it goes out at once */
		SSL_free(l->ssl);
		ERR_clear_error();
	}
	if (l->fd >= 0)
		close(l->fd);
	l->ssl = NULL;
	l->fd = -1;
	l->state = LEG_NONE;
}

/* --- states --- */

static bool advance_connect(struct leg *l)
{
	struct pollfd p = {.fd = l->fd, .events = POLLOUT};
	if (poll(&p, 1, 0) <= 0)
		return false;
	int err = 0;
	socklen_t len = sizeof err;
	if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &err, &len))
		err = errno;
	if (err) {
		snprintf(l->reason, sizeof l->reason, "%s", strerror(err));
		fail(l, err == ECONNREFUSED ? ERR_REFUSED : err == ETIMEDOUT ? ERR_TIMEOUT : ERR_UNREACHABLE);
	} else {
		l->state = l->ssl ? LEG_HANDSHAKE : LEG_OPEN;
	}
	return true;
}

static bool advance_handshake(struct leg *l)
{
	ERR_clear_error();
	int r = SSL_do_handshake(l->ssl);
	int why = SSL_get_error(l->ssl, r);
	l->tls_wants_write = why == SSL_ERROR_WANT_WRITE;
	if (r == 1) {
		l->state = LEG_OPEN;
		return true;
	}
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return false;
	bool closed = why == SSL_ERROR_ZERO_RETURN || why == SSL_ERROR_SYSCALL ||
	              ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
	int reason = ERR_GET_REASON(ERR_peek_last_error());
	bool nothing = reason == SSL_R_NO_SHARED_CIPHER || reason == SSL_R_UNSUPPORTED_PROTOCOL;
	fail(l, closed ? ERR_CLOSED : l->alert[0] ? ERR_REFUSED : nothing ? ERR_UNSUPPORTED : ERR_FORMAT);
	return true;
}

bool leg_advance(struct leg *l)
{
	if (l->state == LEG_CONNECTING)
		return advance_connect(l);
	if (l->state == LEG_HANDSHAKE)
		return advance_handshake(l);
	return false;
}

/* --- octets --- */

enum { NOTHING = 0, THE_END = -1, BROKEN = -2 };

static ssize_t tls_result(struct leg *l, int r)
{
	int why = SSL_get_error(l->ssl, r);
	l->tls_wants_write = why == SSL_ERROR_WANT_WRITE;
	if (r > 0)
		return r;
	if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE)
		return NOTHING;
	if (why == SSL_ERROR_ZERO_RETURN ||
	    ERR_GET_REASON(ERR_peek_last_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
		return THE_END;
	return BROKEN;
}

static ssize_t socket_error(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? NOTHING : BROKEN;
}

static ssize_t get(struct leg *l, uint8_t *out, size_t cap)
{
	ERR_clear_error();
	if (l->ssl)
		return tls_result(l, SSL_read(l->ssl, out, (int)cap));
	ssize_t n = recv(l->fd, out, cap, 0);
	return n > 0 ? n : n == 0 ? THE_END : socket_error();
}

static ssize_t put(struct leg *l, const uint8_t *bytes, size_t n)
{
	ERR_clear_error();
	if (l->ssl)
		return tls_result(l, SSL_write(l->ssl, bytes, (int)n));
	ssize_t sent = send(l->fd, bytes, n, MSG_NOSIGNAL);
	return sent >= 0 ? sent : socket_error();
}

bool leg_read(struct leg *l, struct buf *b)
{
	uint8_t chunk[CHUNK];
	size_t want = buf_room(b) < sizeof chunk ? buf_room(b) : sizeof chunk;
	if (l->state != LEG_OPEN || l->in_done || want == 0)
		return false;
	ssize_t n = get(l, chunk, want);
	if (n == NOTHING)
		return false;
	if (n == THE_END) {
		l->in_done = true;
	} else if (n == BROKEN) {
		fail(l, ERR_NET);
	} else {
		l->received += (size_t)n;
		enum err e = buf_append(b, chunk, (size_t)n);
		if (!e && l->tap)
			e = buf_append(l->tap, chunk, buf_room(l->tap) < (size_t)n ? buf_room(l->tap) : (size_t)n);
		sodium_memzero(chunk, (size_t)n);
		if (e)
			fail(l, e);
	}
	return true;
}

bool leg_write(struct leg *l, struct buf *b)
{
	if (l->state != LEG_OPEN || l->out_done || b->len == 0)
		return false;
	ssize_t n = put(l, b->data, b->len < CHUNK ? b->len : CHUNK);
	if (n == NOTHING)
		return false;
	if (n < 0) {
		fail(l, ERR_NET);
	} else {
		l->sent += (size_t)n;
		buf_consume(b, (size_t)n);
	}
	return true;
}

void leg_finish(struct leg *l)
{
	if (l->state != LEG_OPEN || l->out_done)
		return;
	l->out_done = true;
	if (l->ssl)
		SSL_shutdown(l->ssl);
	shutdown(l->fd, SHUT_WR);
}

short leg_events(const struct leg *l, bool want_read, bool have_output)
{
	switch (l->state) {
	case LEG_CONNECTING:
		return POLLOUT;
	case LEG_HANDSHAKE:
		return l->tls_wants_write ? POLLOUT : POLLIN;
	case LEG_OPEN:
		return (short)((want_read && !l->in_done ? POLLIN : 0) |
		               (have_output || l->tls_wants_write ? POLLOUT : 0));
	case LEG_NONE:
	case LEG_FAILED:
		break;
	}
	return 0;
}

size_t leg_wire_received(const struct leg *l)
{
	return l->ssl ? (size_t)BIO_number_read(SSL_get_rbio(l->ssl)) : l->received;
}
