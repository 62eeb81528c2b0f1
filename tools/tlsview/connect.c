/* From HOST:PORT to a verdict: the address, the TCP connection, then TLS. */
#include <errno.h>
#include <openssl/ssl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/wire.h"
#include "glassnet/line.h"
#include "glassnet/resolve.h"
#include "crl.h"
#include "hsts.h"
#include "listener.h"
#include "run.h"
#include "starttls.h"

void result_init(struct result *res)
{
	memset(res, 0, sizeof(*res));
}

void result_release(struct result *res)
{
	if (res->reply)
		sodium_memzero(res->reply, REPLY_MAX);
	free(res->reply);
	res->reply = NULL;
	free(res->heard);
	res->heard = NULL;
	SSL_SESSION_free(res->session);
	res->session = NULL;
	key_summary_release(&res->keys);
}

static void addresses_text(char *out, size_t cap, const struct resolved *r)
{
	struct line x = line_on(out, cap);
	char ip[IP_TEXT];

	for (size_t i = 0; i < r->n; i++)
		line_add(&x, "%s%s", i ? ", " : "", ip_text(ip, &r->at[i].ip));
}

/* Where to go, and who says so. */
static enum err find_address(
    const struct connect_options *opt, struct deadline d, struct trace *t, struct result *res, struct resolved *to)
{
	char list[400], to_text[ENDPOINT_TEXT];
	struct ip literal;

	if (opt->via.ip.family) {
		*to = (struct resolved){.at = {opt->via}, .n = 1};
		ev_decision(t, "address-given", NULL, "going to %s, because --connect says so: DNS is not asked",
		    endpoint_text(to_text, &opt->via));
		return ERR_OK;
	}
	if (ip_parse(&literal, opt->host) == ERR_OK) {
		if (opt->family && opt->family != literal.family)
			return result_set(res, ERR_UNREACHABLE, "%s is not an IPv%d address", opt->host, opt->family);
		*to = (struct resolved){.at = {{literal, opt->port}}, .n = 1};
		return ERR_OK;
	}
	int64_t start = net_now();
	enum err e = resolve(opt->host, opt->port, opt->family, d, to);
	if (e == ERR_NET && errno == EINTR)
		return result_set(res, e, "interrupted");
	if (e == ERR_TIMEOUT)
		return result_set(res, e, "no address for %s: the resolver did not answer in time", opt->host);
	if (e != ERR_OK)
		return result_set(res, e, "no address for %s: %s", opt->host, to->why);
	addresses_text(list, sizeof(list), to);
	ev_timer(t, "name lookup", net_now() - start, "the resolver knows %s as %s (%.1f ms)", opt->host, list,
	    (double)(net_now() - start) / 1e6);
	ev_explain(t, "Nothing so far proves that this is right: whoever answers the question can name any "
	              "address. That is what the certificate is for.");
	return ERR_OK;
}

static const char *why_not(enum err e)
{
	return e == ERR_REFUSED        ? "nothing listens on that port"
	       : e == ERR_TIMEOUT      ? "no answer came in time"
	       : e == ERR_NET && errno ? strerror(errno)
	                               : err_text(e);
}

/* Tries the addresses in turn. No attempt but the last takes more than half of the time that is left. */
static enum err connect_any(const struct connect_options *opt, struct deadline d, struct trace *t, struct result *res,
    const struct resolved *to, int *fd)
{
	enum err e = ERR_UNREACHABLE;

	for (size_t i = 0; i < to->n; i++) {
		bool last = i + 1 == to->n;
		int64_t start = net_now();

		endpoint_text(res->peer, &to->at[i]);
		ip_text(res->role, &to->at[i].ip);
		e = dial(&to->at[i], last ? d : deadline_within(d, deadline_left(d) / 2), fd);
		if (e == ERR_OK) {
			ev_timer(t, "TCP connection", net_now() - start, "TCP connection to %s made in %.1f ms",
			    res->peer, (double)(net_now() - start) / 1e6);
			return ERR_OK;
		}
		if (e == ERR_NET && errno == EINTR)
			return result_set(res, e, "interrupted");
		if (!last)
			ev_decision(t, "next-address", NULL, "%s cannot be reached (%s): trying the next address",
			    res->peer, why_not(e));
	}
	return result_set(res, e, "%s, port %u, cannot be reached at %s: %s", opt->host, to->at[0].port,
	    res->peer[0] ? res->peer : "any address", why_not(e));
}

static enum err talk(
    const struct connect_options *opt, const struct setup *setup, struct trace *t, struct result *res)
{
	struct deadline d = deadline_in(opt->timeout_ns, opt->cancel_fd);
	struct resolved to;
	int fd = -1;

	ev_heading(t, "Who is at %s, port %u?", opt->host, opt->port);
	enum err e = find_address(opt, d, t, res, &to);
	if (e == ERR_OK)
		e = connect_any(opt, d, t, res, &to, &fd);
	if (e == ERR_OK && opt->starttls)
		e = starttls_run(opt->starttls, fd, d, opt->actor, t, res);
	if (e == ERR_OK)
		e = session_run(opt, setup, fd, deadline_left(d), t, res);
	if (fd >= 0)
		close(fd);
	return e;
}

/* What the host said on an earlier visit may forbid what the user asked for. */
static enum err ask_hsts(struct connect_options *o, struct trace *t, struct result *res)
{
	bool insists = false;
	enum err e = o->hsts ? hsts_before(o->hsts, o->http, &insists, o->clock, t, res) : ERR_OK;

	if (e == ERR_OK && insists && o->insecure) {
		ev_decision(t, "insecure-not-honoured", "RFC 6797 8.4",
		    "--insecure counts for nothing here: the host insists on https, and then nobody may click a "
		    "refusal away");
		o->insecure = false;
	}
	return e;
}

enum err connect_once(const struct connect_options *opt, struct trace *t, struct result *res)
{
	struct connect_options o = *opt;
	struct setup setup;

	snprintf(res->name, sizeof(res->name), "%s", opt->name ? opt->name : opt->host);
	enum err e = session_prepare(&o, &setup, res);
	if (e == ERR_OK)
		e = ask_hsts(&o, t, res);
	if (e == ERR_OK && o.crl)
		e = crl_load(setup.trusted, &o, o.listener ? NULL : t, res);
	if (e == ERR_OK)
		e = talk(&o, &setup, t, res);
	if (e == ERR_OK && o.hsts && res->accepted)
		e = hsts_after(o.hsts, o.clock, o.listener ? NULL : t, res);
	setup_release(&setup);
	return e;
}

enum err connect_run(const struct connect_options *opt, struct trace *t, struct result *res)
{
	enum err e = opt->again ? again_run(opt, t, res) : connect_once(opt, t, res);
	char *data = opt->listener || opt->quick ? NULL : report_data(res);

	if (opt->listener)
		ev_result(t, res->err, res->heard, "%s",
		    res->heard ? "That is all that a listener knows. The exit status says whether the server proved "
		                 "its name: that, "
		                 "a listener does not know."
		               : res->text);
	else
		ev_result(t, res->err, data, "%s", res->text);
	if (data)
		sodium_memzero(data, strlen(data));
	free(data);
	return e;
}
