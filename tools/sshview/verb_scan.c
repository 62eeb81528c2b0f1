/* `sshview scan`: which host keys a server has, and what it can do; one connection a key type. */
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "verbs.h"

static const char *const hostkeys[] = {"ssh-ed25519", "ecdsa-sha2-nistp256", "rsa-sha2-512,rsa-sha2-256"};
static const char *const lists[4] = {"key exchange", "host key", "cipher", "MAC"};
static const char *const list_ids[4] = {"kex", "hostkey", "cipher", "mac"};

struct scan {
	struct cli *c;
	struct trace *t;
	struct result *res;
	json_t *keys;
	size_t n;
};

static void tell_lists(struct scan *x, json_t *host)
{
	for (int i = 0; i < 4; i++) {
		ev_decision(x->t, list_ids[i], "RFC 4253 7.1", "%s, best first: %s", lists[i], x->res->offers[i]);
		json_object_set_new(host, list_ids[i], json_string(x->res->offers[i]));
	}
}

static void tell_key(struct scan *x)
{
	const struct result *r = x->res;
	char *base64 = base64_text(r->host_blob, r->host_blob_len, true);
	const char *type = strcmp(r->host_type, "ssh-rsa") == 0 ? "ssh-rsa" : r->host_type;

	ev_state(x->t, "host keys", type, NULL, r->fingerprint, "signed for with %s", r->chosen.hostkey);
	ev_decision(x->t, "line", NULL, "%s %s %s", r->name, type, base64 ? base64 : "");
	json_array_append_new(x->keys,
	    json_pack("{s:s, s:s, s:s}", "type", type, "fingerprint", r->fingerprint, "key", base64 ? base64 : ""));
	free(base64);
	x->n++;
}

/* One connection: the server has to show a key of that kind, and to sign with it. */
static enum err look(struct scan *x, struct connect_options *o, const char *algs)
{
	struct trace *told = cli_has(x->c, "verbose") ? x->t : NULL;

	o->offer.hostkey = algs;
	result_init(x->res);
	enum err e = connect_run(o, told, x->res);
	if (e == ERR_NEGATIVE && strcmp(x->res->end, "scanned") == 0)
		return ERR_OK;
	return e;
}

static bool offered(const struct scan *x, const char *algs)
{
	size_t n = strcspn(algs, ",");
	char first[SSHALG_MAX];

	snprintf(first, sizeof(first), "%.*s", (int)n, algs);
	return name_in_list(first, x->res->offers[1], strlen(x->res->offers[1])) ||
	       (algs[n] && name_in_list(algs + n + 1, x->res->offers[1], strlen(x->res->offers[1])));
}

static enum err scan_host(struct scan *x, struct connect_options *o, json_t *host)
{
	enum err e = ERR_OK;
	bool told = false;

	ev_heading(x->t, "%s", o->target.host);
	x->n = 0;
	x->keys = json_array();
	for (size_t i = 0; i < 3; i++) {
		if (told && !offered(x, hostkeys[i]))
			continue;
		enum err got = look(x, o, hostkeys[i]);
		if (x->res->server[0] && x->res->offers[0][0] && !told) {
			told = true;
			ev_decision(x->t, "server", "RFC 4253 4.2", "%s: %s", x->res->peer, x->res->server);
			json_object_set_new(host, "server", json_string(x->res->server));
			tell_lists(x, host);
		}
		if (got == ERR_OK)
			tell_key(x);
		else if (strcmp(x->res->end, "no-common-algorithm") != 0) {
			e = got;
			break;
		}
	}
	json_object_set_new(host, "host", json_string(x->res->name));
	json_object_set_new(host, "keys", x->keys);
	if (e == ERR_OK && !x->n)
		e = ERR_NEGATIVE;
	if (e != ERR_OK && !cli_interrupted())
		cli_fail(x->c, e, "%s: %s", o->target.host, x->res->text);
	return e;
}

static enum err scan_all(struct cli *c, struct trace *t, struct connect_options *o, struct result *res)
{
	struct scan x = {.c = c, .t = t, .res = res};
	enum err worst = ERR_OK;
	json_t *all = json_array();
	size_t keys = 0;

	for (int i = 0; i < c->argc && !cli_interrupted(); i++) {
		json_t *host = json_object();
		if (options_target(c, o, c->argv[i]) != EXIT_YES) {
			json_decref(host);
			worst = ERR_USAGE;
			break;
		}
		enum err e = scan_host(&x, o, host);
		keys += x.n;
		json_array_append_new(all, host);
		if (worst == ERR_OK)
			worst = e;
	}
	ev_explain(t,
	    "These are the keys that whoever answered holds: each signed an exchange with us. Whether he is the host "
	    "that you mean, a scan can't tell: compare the fingerprints with ones that came another way, before they "
	    "go into known_hosts.");
	json_t *o_json = json_pack("{s:o}", "hosts", all);
	char *data = o_json ? json_dumps(o_json, JSON_COMPACT) : NULL;
	ev_result(t, worst, data, "%d host%s, %zu host key%s", c->argc, c->argc == 1 ? "" : "s", keys,
	    keys == 1 ? "" : "s");
	free(data);
	json_decref(o_json);
	return worst;
}

int verb_scan(struct cli *c)
{
	struct connect_options o = {
	    .timeout_ns = 10 * NS_PER_S, .keylog_fd = -1, .clock = &clock_real, .scan = true, .hostkey_given = true};
	struct result *res = malloc(sizeof(*res));
	struct trace t;
	char me[65] = "client";
	int status = sodium_init() < 0 || !res ? cli_fail(c, ERR_INTERNAL, "out of memory") : EXIT_YES;
	bool given;

	cli_catch_interrupt();
	o.cancel_fd = cli_interrupt_fd();
	gethostname(me, sizeof(me) - 1);
	o.actor = me;
	if (status == EXIT_YES)
		status = options_offer(c, &o.offer, &given);
	if (status == EXIT_YES && !cli_seconds(c, "timeout", 3600, &o.timeout_ns))
		status = EXIT_USAGE;
	o.family = cli_has(c, "ipv4") ? 4 : cli_has(c, "ipv6") ? 6 : 0;
	if (status == EXIT_YES && cli_trace_open(c, &t, &clock_real, me) == ERR_OK) {
		enum err e = scan_all(c, &t, &o, res);
		status = cli_trace_close(c, &t, cli_interrupted() ? 128 + SIGINT : (int)err_exit(e));
	}
	free(res);
	return status;
}
