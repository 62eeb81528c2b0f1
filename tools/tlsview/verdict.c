/* What came of it, in a sentence: proved, refused by a check, or failed on the way. */
#include <errno.h>
#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"
#include "guess.h"
#include "glassnet/line.h"
#include "reply.h"
#include "session.h"

enum err result_set(struct result *res, enum err err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(res->text, sizeof(res->text), fmt, ap);
	va_end(ap);
	res->err = err;
	return err;
}

/* "ClientHello and Alert unknown_ca": what the peer got from us. Returns out. */
static char *sent_text(char *out, size_t cap, const struct result *res)
{
	struct line x = line_on(out, cap);

	for (size_t i = 0; i < res->n_sent; i++)
		line_add(&x, "%s%s", i == 0 ? "" : i + 1 < res->n_sent ? ", " : " and ", res->sent[i]);
	return out;
}

/* The failed checks: the first in words, the others by name. */
static void failures_text(char *out, size_t cap, const struct result *res)
{
	const struct check *first = checks_first_failed(&res->checks);
	struct line x = line_on(out, cap);
	size_t more = 0;

	line_add(&x, "%s (%s)", first ? first->text : "no check passed", first ? first->id : "?");
	for (size_t i = 0; i < res->checks.n; i++) {
		const struct check *c = &res->checks.item[i];

		if (c->verdict == VERDICT_FAIL && c != first)
			line_add(&x, "%s%s", more++ ? ", " : "; and ", c->id);
	}
}

enum err session_say_verdict(struct session *s)
{
	struct result *res = s->res;
	char why[400], sent[200], reply[320];

	reply_text(reply, sizeof(reply), res->reply, res->data_in);
	if (res->accepted)
		return result_set(res, ERR_OK,
		    "%s proved its name: its certificate leads to %s, and it holds the key. %s, %s%s%s.%s%s",
		    res->name, res->chain.anchor, res->protocol, res->group, res->group[0] ? ", " : "", res->cipher,
		    reply[0] ? " It answered: " : "", reply);
	failures_text(why, sizeof(why), res);
	if (res->insecure)
		return result_set(res, ERR_NEGATIVE,
		    "%s is NOT proved: %s. We went on all the same, as told: %zu octets of ours went to "
		    "whoever that is, and %zu came back.%s%s",
		    res->name, why, res->data_out, res->data_in, reply[0] ? " The answer: " : "", reply);
	return result_set(res, ERR_NEGATIVE,
	    "refused: the server at %s did not prove to be %s: %s. It got from us: %s. No data.", res->role,
	    res->name, why, sent_text(sent, sizeof(sent), res));
}

/* --- when the handshake fails --- */

static enum err not_tls(struct session *s)
{
	const char *what = guess_protocol(s->tap.first, s->tap.n_first);
	char clean[80];

	escape_text(clean, sizeof(clean), s->tap.first, s->tap.n_first < 40 ? s->tap.n_first : 40);
	if (what)
		return result_set(
		    s->res, ERR_FORMAT, "this port does not speak TLS: it speaks %s. It said: %s", what, clean);
	return result_set(s->res, ERR_FORMAT, "this port does not speak TLS. It said: %s", clean);
}

/* A reason of OpenSSL's that is an answer to one of the questions. Returns false for the others. */
static bool failed_check(struct session *s, int reason)
{
	struct checks *c = &s->res->checks;

	switch (reason) {
	case SSL_R_CERTIFICATE_VERIFY_FAILED:
		return checks_first_failed(c) != NULL;
	case SSL_R_BAD_SIGNATURE:
		narrate_key_verdict(&s->narrator, VERDICT_FAIL,
		    "the signature does not fit the certificate that it showed: it does not hold that "
		    "certificate's private key");
		return true;
	case SSL_R_DIGEST_CHECK_FAILED:
		narrate_finished_verdict(&s->narrator, VERDICT_FAIL,
		    "its Finished does not fit the messages that we sent and got: someone altered one on the "
		    "way");
		return true;
	case SSL_R_DECRYPTION_FAILED_OR_BAD_RECORD_MAC:
		checks_add(c, s->t, Q_FINISHED, "bad-record-mac", VERDICT_FAIL, -1,
		    "the keys do not fit: what came cannot be decrypted, because someone altered a message "
		    "on the way");
		return true;
	case SSL_R_INAPPROPRIATE_FALLBACK:
		checks_add(c, s->t, Q_VERSION, "downgraded", VERDICT_FAIL, -1,
		    "the server says that it can do a newer version, and that what we offered did not reach it: "
		    "somebody on the "
		    "way took it out, to make us use a weaker one");
		return true;
	case SSL_R_UNSUPPORTED_PROTOCOL:
	case SSL_R_WRONG_SSL_VERSION:
		checks_add(c, s->t, Q_VERSION, question_id(Q_VERSION), VERDICT_FAIL, -1,
		    "the server wants an older one than %s", s->opt->min == TLS1_3 ? "TLS 1.3" : "TLS 1.2");
		return true;
	case SSL_R_DH_KEY_TOO_SMALL:
	case SSL_R_EE_KEY_TOO_SMALL:
	case SSL_R_CA_KEY_TOO_SMALL:
	case SSL_R_CA_MD_TOO_WEAK:
		checks_add(c, s->t, Q_AGREED, "key-too-small", VERDICT_FAIL, -1,
		    "the server's half of the key agreement, or its key, is too short to be safe");
		return true;
	default:
		return false;
	}
}

static enum err alerted(struct session *s)
{
	const char *name = tls_alert_name(s->narrator.alert_in), *meaning = tls_alert_text(s->narrator.alert_in);

	return result_set(s->res, ERR_REFUSED, "the server ended the handshake with the alert %s: %s",
	    name ? name : "?", meaning ? meaning : "its number is not known here");
}

static enum err timed_out(struct session *s)
{
	if (s->tap.octets[0] == 0)
		return result_set(s->res, ERR_TIMEOUT,
		    "the server took our TCP connection and then said nothing: no answer to the ClientHello "
		    "in time (is it TLS that it speaks? a longer --timeout?)");
	return result_set(s->res, ERR_TIMEOUT,
	    "the handshake was not done in time; %zu octets had come (a longer --timeout?)", s->tap.octets[0]);
}

enum err session_explain_failure(struct session *s, enum err e)
{
	unsigned long code = ERR_peek_last_error();
	const char *reason = ERR_reason_error_string(code);

	if (s->tap.n_first && !guess_is_tls(s->tap.first, s->tap.n_first))
		return not_tls(s);
	if (e == ERR_TIMEOUT)
		return timed_out(s);
	if (e == ERR_NET)
		return result_set(s->res, e, errno == EINTR ? "interrupted" : "the connection failed: %m");
	if (s->narrator.has_alert_in && s->narrator.alert_in != 0)
		return alerted(s);
	if (e == ERR_CLOSED)
		return result_set(s->res, e,
		    "the server closed the connection in the middle of the handshake, after %zu octets",
		    s->tap.octets[0]);
	if (ERR_GET_LIB(code) == ERR_LIB_SSL && failed_check(s, ERR_GET_REASON(code)))
		return session_say_verdict(s);
	return result_set(
	    s->res, ERR_FORMAT, "the server broke the rules of TLS: %s", reason ? reason : "no reason is known");
}
