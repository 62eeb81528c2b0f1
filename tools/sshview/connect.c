/* From HOST:PORT to the goodbye. */
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/line.h"
#include "glassnet/resolve.h"
#include "sshview.h"

void result_init(struct result *r)
{
	*r = (struct result){.end = ""};
}

enum err result_set(struct result *r, enum err err, const char *end, const char *fmt, ...)
{
	va_list ap;

	if (r->err != ERR_OK)
		return r->err;
	va_start(ap, fmt);
	vsnprintf(r->text, sizeof(r->text), fmt, ap);
	va_end(ap);
	r->err = err;
	r->end = end;
	return err;
}

enum err result_from(struct session *s)
{
	return result_set(s->res, s->tr.err != ERR_OK ? s->tr.err : ERR_INTERNAL,
	    s->tr.why_id ? s->tr.why_id : "internal", "%s",
	    s->tr.err != ERR_OK ? s->tr.why : "something went wrong that was not noted");
}

/* --- messages for everybody --- */

void session_ext_info(struct session *s)
{
	struct rd r = rd_init(s->tr.payload.p, s->tr.payload.len);
	size_t n_name, n;

	rd_skip(&r, 1);
	for (uint32_t i = rd_u32(&r); i > 0 && !r.bad; i--) {
		const uint8_t *name = rd_string(&r, &n_name), *value = rd_string(&r, &n);
		if (name && value && n_name == 15 && memcmp(name, "server-sig-algs", 15) == 0)
			snprintf(
			    s->sig_algs, sizeof(s->sig_algs), "%.*s", (int)(n < sizeof(s->sig_algs) ? n : 0), value);
	}
	sshtr_told(&s->tr, "EXT_INFO: which signatures the server takes of users", false);
	ev_explain(s->t,
	    "server-sig-algs (RFC 8308): that is how we know that an RSA key may sign with SHA-2 here, and need "
	    "not with SHA-1.");
}

enum err session_global_request(struct session *s)
{
	struct rd r = rd_init(s->tr.payload.p, s->tr.payload.len);
	char name[64], label[120];

	rd_skip(&r, 1);
	if (!rd_text(&r, name, sizeof(name)))
		return sshtr_fail(
		    &s->tr, ERR_FORMAT, "bad-message", "GLOBAL_REQUEST is malformed at octet %zu", r.pos);
	bool reply = rd_u8(&r) != 0;
	bool hostkeys = strcmp(name, "hostkeys-00@openssh.com") == 0;
	snprintf(label, sizeof(label), "GLOBAL_REQUEST %s%s", name,
	    hostkeys ? ": all its host keys, now that we know it" : "");
	sshtr_told(&s->tr, label, false);
	if (!reply)
		return ERR_OK;
	struct sbuf b = {0};
	sbuf_u8(&b, SSHMSG_REQUEST_FAILURE);
	enum err e = sshtr_send(&s->tr, &b, false, NULL);
	sbuf_release(&b);
	return e;
}

static void banner(struct session *s)
{
	struct rd r = rd_init(s->tr.payload.p, s->tr.payload.len);
	char text[400], label[480];
	size_t n;

	rd_skip(&r, 1);
	const uint8_t *p = rd_string(&r, &n);
	snprintf(label, sizeof(label), "USERAUTH_BANNER: %s", p ? escape_text(text, sizeof(text), p, n) : "");
	sshtr_told(&s->tr, label, false);
}

enum err session_next(struct session *s, bool wait)
{
	for (;;) {
		enum err e = sshtr_recv(&s->tr, wait);
		if (e != ERR_OK)
			return e;
		switch (s->tr.payload.p[0]) {
		case SSHMSG_EXT_INFO:
			session_ext_info(s);
			break;
		case SSHMSG_USERAUTH_BANNER:
			banner(s);
			break;
		case SSHMSG_GLOBAL_REQUEST:
			if ((e = session_global_request(s)) != ERR_OK)
				return e;
			break;
		default:
			return ERR_OK;
		}
	}
}

/* --- the connection --- */

static enum err find_address(struct session *s, struct deadline d, struct resolved *to)
{
	const struct connect_options *o = s->o;
	struct result *res = s->res;
	char list[400], text[IP_TEXT];
	struct ip literal;

	if (o->via.ip.family) {
		*to = (struct resolved){.at = {o->via}, .n = 1};
		ev_decision(s->t, "address-given", NULL, "going where --connect says: DNS is not asked");
		return ERR_OK;
	}
	if (ip_parse(&literal, o->target.host) == ERR_OK) {
		*to = (struct resolved){.at = {{literal, o->target.port}}, .n = 1};
		return o->family && o->family != literal.family
		           ? result_set(res, ERR_UNREACHABLE, "no-address", "%s is not an IPv%d address",
		                 o->target.host, o->family)
		           : ERR_OK;
	}
	enum err e = resolve(o->target.host, o->target.port, o->family, d, to);
	if (e == ERR_NET && errno == EINTR)
		return result_set(res, e, "interrupted", "interrupted");
	if (e != ERR_OK)
		return result_set(res, e, "no-address", "no address for %s: %s", o->target.host,
		    e == ERR_TIMEOUT ? "the resolver did not answer in time" : to->why);
	struct line l = line_on(list, sizeof(list));
	for (size_t i = 0; i < to->n; i++)
		line_add(&l, "%s%s", i ? ", " : "", ip_text(text, &to->at[i].ip));
	ev_decision(s->t, "address", NULL,
	    "the resolver knows %s as %s. Nothing proves that this is right; what counts is the host key",
	    o->target.host, list);
	return ERR_OK;
}

static enum err dial_any(struct session *s, struct deadline d, const struct resolved *to, int *fd)
{
	struct result *res = s->res;
	enum err e = ERR_UNREACHABLE;

	for (size_t i = 0; i < to->n; i++) {
		bool last = i + 1 == to->n;
		endpoint_text(res->peer, &to->at[i]);
		e = dial(&to->at[i], last ? d : deadline_within(d, deadline_left(d) / 2), fd);
		if (e == ERR_OK)
			return ERR_OK;
		if (e == ERR_NET && errno == EINTR)
			return result_set(res, e, "interrupted", "interrupted");
		if (!last)
			ev_decision(s->t, "next-address", NULL, "%s cannot be reached (%s): trying the next address",
			    res->peer, err_text(e));
	}
	return result_set(res, e, "unreachable", "%s, port %u, cannot be reached at %s: %s", s->o->target.host,
	    to->at[0].port, res->peer,
	    e == ERR_REFUSED        ? "nothing listens on that port"
	    : e == ERR_TIMEOUT      ? "no answer came in time"
	    : e == ERR_NET && errno ? strerror(errno)
	                            : err_text(e));
}

static void note_transport(struct session *s)
{
	struct result *r = s->res;

	snprintf(r->server, sizeof(r->server), "%s", s->tr.version[1]);
	r->chosen = s->tr.chosen;
	r->strict_kex = s->tr.strict;
	r->encrypted = s->tr.has_session;
	r->rekeyed = s->tr.rekeyed;
	static const enum sshlist which[4] = {SSHLIST_KEX, SSHLIST_HOSTKEY, SSHLIST_CIPHER_IN, SSHLIST_MAC_IN};
	struct sshkexinit k;
	size_t at;
	if (s->tr.kexinit[1].len && sshkexinit_parse(&k, s->tr.kexinit[1].p, s->tr.kexinit[1].len, &at) == ERR_OK)
		for (int i = 0; i < 4; i++)
			snprintf(r->offers[i], OFFER_MAX, "%.*s", (int)k.list[which[i]].len, k.list[which[i]].p);
}

static enum err say_end(struct session *s)
{
	struct result *r = s->res;
	const char *how = strcmp(r->method, "publickey") == 0  ? "with a public key"
	                  : strcmp(r->method, "password") == 0 ? "with a password"
	                                                       : "with nothing to prove";

	r->end = "done";
	if (!s->o->command)
		snprintf(r->text, sizeof(r->text), "logged in to %s as %s, %s; no command was given, so that was all",
		    r->name, s->o->user, how);
	else if (r->exited)
		snprintf(r->text, sizeof(r->text),
		    "logged in to %s as %s, %s; the command ended with status %u, after %zu octets of output",
		    r->name, s->o->user, how, r->exit_status, r->out_octets);
	else if (r->signalled)
		snprintf(r->text, sizeof(r->text), "logged in to %s as %s, %s; the command was killed by SIG%s",
		    r->name, s->o->user, how, r->signal);
	else
		return result_set(r, ERR_CLOSED, "no-exit-status",
		    "%s closed the channel and did not say how the command ended", r->name);
	return ERR_OK;
}

static enum err talk(struct session *s, int fd, const char *peer)
{
	const struct connect_options *o = s->o;
	char here[ENDPOINT_TEXT];
	struct sshtr_options to = {.fd = fd,
	    .deadline = deadline_in(o->timeout_ns, o->cancel_fd),
	    .trace = s->t,
	    .me = o->actor,
	    .peer = peer,
	    .here = local_text(here, fd),
	    .there = s->res->peer,
	    .offer = o->offer,
	    .rekey_octets = o->rekey_octets,
	    .keylog_fd = o->keylog_fd,
	    .check_host = host_check,
	    .ctx = s};

	if (!o->hostkey_given)
		to.offer.hostkey = s->order;
	sshtr_init(&s->tr, &to);
	enum err e = sshtr_start(&s->tr);
	note_transport(s);
	if (e != ERR_OK)
		e = s->res->err != ERR_OK ? s->res->err : result_from(s);
	if (e == ERR_OK)
		e = auth_run(s);
	if (e == ERR_OK && o->command)
		e = channel_run(s);
	note_transport(s);
	if (e == ERR_OK)
		e = say_end(s);
	if (s->tr.has_session && !s->tr.eof)
		sshtr_disconnect(&s->tr, 11, "disconnected by user"); /* SSH_DISCONNECT_BY_APPLICATION */
	sshtr_release(&s->tr);
	return e;
}

enum err connect_run(const struct connect_options *o, struct trace *t, struct result *res)
{
	struct session *s = calloc(1, sizeof(*s));
	struct deadline d = deadline_in(o->timeout_ns, o->cancel_fd);
	struct resolved to;
	int fd = -1;

	if (!s)
		return result_set(res, ERR_NOMEM, "out-of-memory", "out of memory");
	*s = (struct session){.o = o, .t = t, .res = res};
	kh_name(res->name, o->target.host, o->target.port);
	ev_heading(t, "Who is at %s, port %u?", o->target.host, o->target.port);
	enum err e = host_order(s);
	if (e == ERR_OK)
		e = find_address(s, d, &to);
	if (e == ERR_OK)
		e = dial_any(s, d, &to, &fd);
	if (e == ERR_OK) {
		char peer[IP_TEXT];
		struct endpoint at;
		if (endpoint_parse(&at, res->peer, 22) != ERR_OK)
			at = to.at[0];
		e = talk(s, fd, ip_text(peer, &at.ip));
		close(fd);
	}
	free(s);
	return res->err != ERR_OK ? res->err : e;
}
