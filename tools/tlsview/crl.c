#include "crl.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/proto/http.h"
#include "glassnet/resolve.h"
#include "glassnet/target.h"
#include "glassnet/wire.h"
#include "run.h"

static const char scheme[] = "http://";

bool crl_is_url(const char *where)
{
	return strncmp(where, scheme, sizeof(scheme) - 1) == 0;
}

/* --- http --- */

struct fetched {
	uint8_t *bytes; /* head and body */
	size_t len;
	struct http head;
	char why[320]; /* there is none */
};

/* "http://HOST[:PORT]/PATH": where to go, and what to ask for there. */
static bool read_url(const char *url, struct target *to, const char **path)
{
	const char *host = url + sizeof(scheme) - 1, *why;
	size_t n = strcspn(host, "/");
	char where[NAME_MAX_TEXT + 8];

	*path = host[n] ? host + n : "/";
	if (n == 0 || n >= sizeof(where))
		return false;
	memcpy(where, host, n);
	where[n] = '\0';
	for (const char *p = *path; *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return false;
	return target_parse_port(to, where, 80, &why) == ERR_OK;
}

static enum err send_all(int fd, const char *p, size_t n, struct deadline d)
{
	while (n > 0) {
		ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_NET;
		enum err e = sent < 0 ? net_wait(fd, POLLOUT, d) : ERR_OK;
		if (e != ERR_OK)
			return e;
		p += sent > 0 ? sent : 0;
		n -= sent > 0 ? (size_t)sent : 0;
	}
	return ERR_OK;
}

/* Until the other side closes: HTTP/1.0. */
static enum err read_all(int fd, struct fetched *f, struct deadline d)
{
	f->bytes = malloc(CRL_SIZE_MAX);
	if (!f->bytes)
		return ERR_NOMEM;
	for (;;) {
		enum err e = net_wait(fd, POLLIN, d);
		if (e != ERR_OK)
			return e;
		ssize_t n = recv(fd, f->bytes + f->len, CRL_SIZE_MAX - f->len, 0);
		if (n == 0)
			return f->len > 0 ? ERR_OK : ERR_CLOSED;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_NET;
		f->len += n > 0 ? (size_t)n : 0;
		if (f->len == CRL_SIZE_MAX)
			return ERR_TOO_LONG;
	}
}

static enum err ask(const struct target *to, const char *path, uint8_t family, struct deadline d, struct fetched *f)
{
	char request[PATH_TEXT_MAX + NAME_MAX_TEXT + 80];
	struct resolved at;
	int fd = -1;
	enum err e = resolve(to->host, to->port, family, d, &at);

	if (e != ERR_OK) {
		snprintf(f->why, sizeof(f->why), "no address for %s", to->host);
		return e;
	}
	int n = snprintf(
	    request, sizeof(request), "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", path, to->host);
	if (n < 0 || (size_t)n >= sizeof(request))
		return ERR_TOO_LONG;
	/* the best address's fault is the one to tell */
	int first = 0;
	e = ERR_UNREACHABLE;
	for (size_t i = 0; i < at.n && fd < 0; i++) {
		enum err one = dial(&at.at[i], deadline_within(d, deadline_left(d) / 2), &fd);
		first = i == 0 ? errno : first;
		e = i == 0 || one == ERR_OK ? one : e;
	}
	errno = first;
	if (e == ERR_OK)
		e = send_all(fd, request, (size_t)n, d);
	if (e == ERR_OK)
		e = read_all(fd, f, d);
	if (e != ERR_OK)
		snprintf(f->why, sizeof(f->why), "%s", e == ERR_NET && errno ? strerror(errno) : err_text(e));
	if (fd >= 0)
		close(fd);
	return e;
}

static enum err fetch(const char *url, const struct connect_options *opt, struct fetched *f)
{
	struct deadline d = deadline_in(opt->timeout_ns / 2, opt->cancel_fd);
	struct target to;
	const char *path;
	size_t at;

	if (!read_url(url, &to, &path)) {
		snprintf(f->why, sizeof(f->why), "that is no URL of a list");
		return ERR_USAGE;
	}
	enum err e = ask(&to, path, opt->family, d, f);
	if (e != ERR_OK)
		return e;
	e = http_parse(&f->head, f->bytes, f->len, &at);
	if (e == ERR_OK && f->head.response && f->head.status == 200 && !f->head.chunked &&
	    (!f->head.has_length || f->len - f->head.body_off >= f->head.content_length))
		return ERR_OK;
	snprintf(f->why, sizeof(f->why),
	    e == ERR_OK && f->head.response ? "the answer is %u, or is cut off" : "that is no HTTP", f->head.status);
	return ERR_FORMAT;
}

/* --- lists --- */

static enum err take(struct path_store *store, const char *where, const uint8_t *bytes, size_t n, struct result *res)
{
	struct crl_set lists = {0};
	char why[X509_WHY] = "";
	enum err e = crl_set_read(&lists, bytes, n, why);

	if (e != ERR_OK || lists.n == 0)
		e = result_set(res, ERR_FORMAT, "%s: there is no CRL in it that can be read%s%s", where,
		    why[0] ? ": " : "", why);
	else
		e = path_store_add_crls(store, &lists);
	crl_set_release(&lists);
	return e;
}

static enum err load_file(struct path_store *store, const char *path, struct result *res)
{
	uint8_t *bytes = NULL;
	size_t n = 0;
	enum err e = x509_read_file(path, X509_FILE_MAX, &bytes, &n);

	if (e != ERR_OK)
		return result_set(res, e, "%s cannot be read: %s", path, e == ERR_IO ? strerror(errno) : err_text(e));
	e = take(store, path, bytes, n, res);
	free(bytes);
	return e;
}

static enum err without(const struct connect_options *opt, const char *why, struct trace *t, struct result *res)
{
	checks_add(&res->checks, t, Q_LISTS, "crl-missing", opt->crl_soft ? VERDICT_SKIP : VERDICT_FAIL, -1,
	    "%s does not come: %s%s", opt->crl, why,
	    opt->crl_soft ? "; going on as if nothing had been revoked, as many browsers do" : "");
	if (opt->crl_soft)
		return ERR_OK;
	return result_set(res, ERR_NEGATIVE,
	    "refused: nobody knows what was revoked, as %s does not come (%s). Nothing was sent to %s.", opt->crl,
	    why, res->name);
}

enum err crl_load(struct path_store *store, const struct connect_options *opt, struct trace *t, struct result *res)
{
	struct fetched f = {0};

	if (!crl_is_url(opt->crl))
		return load_file(store, opt->crl, res);
	ev_heading(t, "What has been revoked?");
	enum err e = fetch(opt->crl, opt, &f);
	if (e == ERR_USAGE || e == ERR_NOMEM)
		e = result_set(res, e, "--crl %s: %s", opt->crl, f.why[0] ? f.why : err_text(e));
	else if (e != ERR_OK)
		e = without(opt, f.why, t, res);
	else if ((e = take(store, opt->crl, f.bytes + f.head.body_off, f.len - f.head.body_off, res)) == ERR_OK)
		checks_add(&res->checks, t, Q_LISTS, "crl-fetched", VERDICT_PASS, -1,
		    "%zu octets from %s, in the clear: the lists are signed, so nobody on the way can change them, "
		    "but they can "
		    "be held back",
		    f.len - f.head.body_off, opt->crl);
	free(f.bytes);
	return e;
}
