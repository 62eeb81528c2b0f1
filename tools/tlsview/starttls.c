/* STARTTLS. All of it is in the clear, also the word itself: whoever takes it out of the answer takes the TLS away, so
 * a client that wants TLS ends there. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "glassnet/wire.h"
#include "starttls.h"

#define LINES_MAX 100

struct talk {
	int fd;
	struct deadline d;
	const char *me, *proto;
	struct trace *t;
	struct result *res;
	size_t n;
	uint8_t buf[2048];
	char line[2048]; /* the last line, without its end */
	size_t len;
	bool offered; /* a line spoke of STARTTLS */
};

static void tell(struct talk *k, bool out, const char *bytes, size_t len)
{
	char label[160];
	size_t show = len < 120 ? len : 120;

	while (show > 0 && (bytes[show - 1] == '\n' || bytes[show - 1] == '\r'))
		show--;
	struct event ev = {.kind = out ? EV_SEND : EV_RECV};
	ev.u.msg = (struct ev_message){.from = out ? k->me : k->res->role,
	    .to = out ? k->res->role : k->me,
	    .proto = k->proto,
	    .label = escape_text(label, sizeof(label), bytes, show),
	    .bytes = (const uint8_t *)bytes,
	    .len = len,
	    .secrecy = SECRECY_CLEAR};
	emit(k->t, ev);
}

static enum err failed(struct talk *k, enum err e)
{
	if (e == ERR_TIMEOUT)
		return result_set(
		    k->res, e, "the server did not answer in time (%s, before TLS): does it speak it?", k->proto);
	if (e == ERR_CLOSED)
		return result_set(k->res, e, "the server closed the connection before TLS began");
	if (e == ERR_TOO_LONG)
		return result_set(k->res, ERR_FORMAT,
		    "what the server says is no %s: a line without end, or lines without end", k->proto);
	return result_set(k->res, e, errno == EINTR ? "interrupted" : "the connection failed: %m");
}

static enum err send_line(struct talk *k, const char *line)
{
	size_t n = strlen(line), sent = 0;

	tell(k, true, line, n);
	while (sent < n) {
		ssize_t w = send(k->fd, line + sent, n - sent, MSG_NOSIGNAL);

		if (w > 0) {
			sent += (size_t)w;
			continue;
		}
		enum err e = w < 0 && errno != EAGAIN && errno != EINTR ? ERR_NET : net_wait(k->fd, POLLOUT, k->d);
		if (e != ERR_OK)
			return failed(k, e);
	}
	return ERR_OK;
}

static enum err read_more(struct talk *k)
{
	if (k->n == sizeof(k->buf))
		return ERR_TOO_LONG;
	enum err e = net_wait(k->fd, POLLIN, k->d);
	if (e != ERR_OK)
		return e;
	ssize_t n = recv(k->fd, k->buf + k->n, sizeof(k->buf) - k->n, 0);
	if (n == 0)
		return ERR_CLOSED;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? ERR_OK : ERR_NET;
	k->n += (size_t)n;
	return ERR_OK;
}

/* One line into k->line. */
static enum err read_line(struct talk *k)
{
	uint8_t *end;

	while (!(end = memchr(k->buf, '\n', k->n))) {
		enum err e = read_more(k);
		if (e != ERR_OK)
			return failed(k, e);
	}
	size_t whole = (size_t)(end - k->buf) + 1;
	k->len = whole - 1;
	memcpy(k->line, k->buf, k->len);
	tell(k, false, (const char *)k->buf, whole);
	memmove(k->buf, k->buf + whole, k->n - whole);
	k->n -= whole;
	if (k->len > 0 && k->line[k->len - 1] == '\r')
		k->len--;
	k->line[k->len] = '\0';
	k->offered = k->offered || strcasestr(k->line, "STARTTLS") != NULL;
	return ERR_OK;
}

static enum err refused(struct talk *k)
{
	char clean[120];

	return result_set(k->res, ERR_NEGATIVE, "refused: the server does not begin TLS. It said: %s. No data.",
	    escape_text(clean, sizeof(clean), k->line, k->len));
}

/* SMTP: lines "250-..." and a last one "250 ..."; the first digit tells (RFC 5321 4.2). */
static enum err smtp_reply(struct talk *k, const char *want)
{
	for (int i = 0; i < LINES_MAX; i++) {
		enum err e = read_line(k);

		if (e != ERR_OK)
			return e;
		if (k->len < 3 || strspn(k->line, "0123456789") < 3)
			return failed(k, ERR_TOO_LONG);
		if (k->line[3] != '-')
			return strncmp(k->line, want, 3) == 0 ? ERR_OK : refused(k);
	}
	return failed(k, ERR_TOO_LONG);
}

/* IMAP: lines up to the one with our tag, which says OK, NO or BAD. */
static enum err imap_reply(struct talk *k, const char *tag)
{
	size_t n = strlen(tag);

	for (int i = 0; i < LINES_MAX; i++) {
		enum err e = read_line(k);

		if (e != ERR_OK)
			return e;
		if (strncmp(k->line, tag, n) == 0 && k->line[n] == ' ')
			return strncasecmp(k->line + n + 1, "OK", 2) == 0 ? ERR_OK : refused(k);
	}
	return failed(k, ERR_TOO_LONG);
}

static enum err ask(
    struct talk *k, enum starttls kind, const char *smtp, const char *imap, const char *want, const char *tag)
{
	enum err e = send_line(k, kind == STARTTLS_SMTP ? smtp : imap);

	if (e != ERR_OK)
		return e;
	return kind == STARTTLS_SMTP ? smtp_reply(k, want) : imap_reply(k, tag);
}

static enum err negotiate(struct talk *k, enum starttls kind)
{
	enum err e = kind == STARTTLS_SMTP ? smtp_reply(k, "220") : imap_reply(k, "*");

	if (e == ERR_OK)
		k->offered = false; /* a greeting may say anything */
	if (e == ERR_OK)
		e = ask(k, kind, "EHLO tlsview.example\r\n", "a1 CAPABILITY\r\n", "250", "a1");
	if (e != ERR_OK)
		return e;
	if (!k->offered)
		return result_set(k->res, ERR_NEGATIVE,
		    "refused: the server does not offer STARTTLS, or somebody on the way took the word out. Going on "
		    "would be in "
		    "the clear. No data.");
	ev_explain(k->t,
	    "So far everything is in the clear: anybody on the way could have taken the word STARTTLS out of this "
	    "answer. A client that then goes on without TLS has lost; this one would end here.");
	e = ask(k, kind, "STARTTLS\r\n", "a2 STARTTLS\r\n", "220", "a2");
	/* What was slipped in behind the answer would look as if it had come through TLS (CVE-2011-0411). */
	if (e == ERR_OK && k->n)
		return result_set(k->res, ERR_NEGATIVE,
		    "refused: %zu octets stand behind the server's answer to STARTTLS, in the clear: somebody slips "
		    "in what is to "
		    "look as if it came through TLS. No data.",
		    k->n);
	return e;
}

enum err starttls_run(
    enum starttls kind, int fd, struct deadline d, const char *me, struct trace *t, struct result *res)
{
	struct talk k = {
	    .fd = fd, .d = d, .me = me, .proto = kind == STARTTLS_SMTP ? "SMTP" : "IMAP", .t = t, .res = res};

	return negotiate(&k, kind);
}
