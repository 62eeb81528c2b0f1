/* After the handshake: what we say, and what comes back. */
#include <errno.h>
#include <openssl/err.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "reply.h"
#include "session.h"

#define FIRST_WORD                                                                                                   \
	(200 * NS_PER_MS) /* so long we wait for what a server says unasked: tickets, a greeting             \
	                   */
#define PAUSE NS_PER_S    /* a reply that pauses for so long has ended */

/* What the client of the protocol usually asks first; NULL: nothing is known of it. */
static const char *usual_question(const struct session *s, char *out, size_t cap)
{
	char port[8] = "";

	if (s->opt->starttls == STARTTLS_SMTP)
		return "EHLO tlsview.example\r\nQUIT\r\n";
	if (s->opt->starttls == STARTTLS_IMAP)
		return "a1 CAPABILITY\r\na2 LOGOUT\r\n";
	if (s->res->alpn[0] && strcmp(s->res->alpn, "http/1.1") != 0)
		return NULL;
	/* RFC 9110 7.2: an IPv6 address in brackets, and the port where it is not https's own */
	bool v6 = strchr(s->res->name, ':') != NULL;
	if (s->opt->port != 443)
		snprintf(port, sizeof(port), ":%u", s->opt->port);
	snprintf(out, cap,
	    "GET %s HTTP/1.1\r\nHost: %s%s%s%s\r\nUser-Agent: tlsview\r\nAccept: */*\r\nConnection: close\r\n\r\n",
	    s->opt->path ? s->opt->path : "/", v6 ? "[" : "", s->res->name, v6 ? "]" : "", port);
	return out;
}

/* One record at a time, so that each can be told. */
static enum err send_all(struct session *s, const uint8_t *p, size_t left, bool secret)
{
	enum err e = ERR_OK;
	bool clean;

	while (left > 0 && e == ERR_OK) {
		size_t n = 0;

		ERR_clear_error();
		int r = SSL_write_ex(s->ssl, p, left < 16384 ? left : 16384, &n);
		if (r != 1)
			e = session_wait(s, r, s->deadline, &clean);
		else if (s->told++ < MESSAGES_MAX)
			narrate_data(&s->narrator, true, p, n, secret);
		p += n;
		left -= n;
		s->res->data_out += n;
	}
	if (s->res->data_out)
		ev_explain(s->t, "What we came to say. A listener on the way sees how long it is, and "
		                 "nothing else; whoever is at the other end reads it.");
	return e;
}

static enum err keep(struct session *s, const uint8_t *p, size_t n)
{
	struct result *res = s->res;
	size_t room = REPLY_MAX - res->data_in;

	if (n > room) {
		n = room;
		res->reply_cut = true;
	}
	/* No realloc(): it would leave copies of the reply behind. */
	if (!res->reply && !(res->reply = malloc(REPLY_MAX)))
		return result_set(res, ERR_NOMEM, "not enough memory");
	if (n)
		memcpy(res->reply + res->data_in, p, n);
	res->data_in += n;
	return ERR_OK;
}

/* One record's worth of reading. */
static enum err read_some(struct session *s, struct deadline d, bool *clean)
{
	uint8_t buf[16384];
	size_t n = 0;

	*clean = false;
	ERR_clear_error();
	int r = SSL_read_ex(s->ssl, buf, sizeof(buf), &n);
	if (r != 1)
		return session_wait(s, r, d, clean);
	narrate_data(&s->narrator, false, buf, n, false);
	enum err e = keep(s, buf, n);
	sodium_memzero(buf, sizeof(buf));
	return e;
}

/* Reads until the peer is done, falls silent, or has said more than enough. */
static enum err read_reply(struct session *s)
{
	struct deadline d = s->asked ? s->deadline : deadline_within(s->deadline, FIRST_WORD);
	bool clean = false;
	enum err e = ERR_OK;

	while (e == ERR_OK && !s->res->reply_cut && s->narrator.messages <= MESSAGES_MAX &&
	       !reply_is_whole(s->res->reply, s->res->data_in)) {
		size_t before = s->res->data_in;

		e = read_some(s, d, &clean);
		if (s->res->data_in != before)
			d = deadline_within(s->deadline, PAUSE);
	}
	if (e == ERR_CLOSED && !clean && s->res->data_in)
		ev_warning(
		    s->t, "The connection was cut without a close_notify: whether that was all, nobody can tell.");
	if (e == ERR_TIMEOUT && (s->res->data_in || !s->asked))
		return ERR_OK; /* it has paused, or had nothing to say */
	return e == ERR_CLOSED && (clean || s->res->data_in || !s->asked) ? ERR_OK : e;
}

enum err session_exchange(struct session *s)
{
	struct result *res = s->res;
	char question[NAME_MAX_TEXT + PATH_TEXT_MAX + 128];
	const char *usual = s->opt->ask == ASK_USUAL ? usual_question(s, question, sizeof(question)) : NULL;
	enum err e = ERR_OK;

	s->asked = usual || s->opt->ask == ASK_GIVEN;
	if (s->opt->quick && !s->asked && !res->asked_for_certificate)
		return ERR_OK;
	if (s->asked)
		e = usual ? send_all(s, (const uint8_t *)usual, strlen(usual), false)
		          : send_all(s, s->opt->send, s->opt->send_len, true);
	if (e == ERR_OK)
		e = read_reply(s);
	if (s->narrator.has_alert_in && s->narrator.alert_in != 0) {
		const char *name = tls_alert_name(s->narrator.alert_in);

		return result_set(res, ERR_REFUSED, "%s ended the connection after the handshake, with the alert %s",
		    res->role, name ? name : "?");
	}
	switch (e) {
	case ERR_OK:
		return ERR_OK;
	case ERR_TIMEOUT:
		return result_set(res, e, "%s proved its name, but did not answer in time", res->name);
	case ERR_CLOSED:
		return result_set(
		    res, e, "%s proved its name, but closed the connection without an answer", res->name);
	case ERR_NET:
		return result_set(res, e, errno == EINTR ? "interrupted" : "the connection failed: %m");
	default:
		return res->err == e ? e
		                     : result_set(res, e, "after the handshake, %s broke the rules of TLS: %s",
		                           res->role, ERR_reason_error_string(ERR_peek_last_error()));
	}
}
