#include "trace_verb.h"

#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

#include "dnssec.h"
#include "glassnet/addr.h"
#include "direct.h"
#include "narrative.h"
#include "resolver.h"
#include "setup.h"
#include "survey.h"

#define EXIT_INTERRUPTED 130 /* what a shell shows for a program that SIGINT ended */

/* --- arguments --------------------------------------------------------------------------------- */

bool trace_request_type(struct trace_request *r, const char *text, const char **why)
{
	*why = "no such type; try A, AAAA, NS, MX, TXT, SOA, CNAME, PTR or TYPE followed by a number";
	if (!type_parse(&r->type, text))
		return false;
	*why = "not a type of stored data, so no server can be asked for it here; try A, AAAA, NS, MX or TXT";
	return r->type != LDNS_RR_TYPE_OPT && (r->type < 128 || r->type > 255); /* RFC 6895 3.1 */
}

bool trace_request_name(struct trace_request *r, const char *text, const char **why)
{
	struct ip ip;
	*why = "this is an address, not a name; for the name of 192.0.2.1 ask: 1.2.0.192.in-addr.arpa PTR";
	if (ip_parse(&ip, text) == ERR_OK)
		return false;
	*why = "too many names";
	return r->n_names < TRACE_MAX_NAMES && dname_parse(&r->name[r->n_names++], text, why) == ERR_OK;
}

/* The real network, which says on a terminal what it waits for where the story does not appear there by
 * itself. */
struct watched {
	struct exchange inner;
	bool quiet; /* the story is the progress */
};

static enum err watched_send(void *ctx, const struct dns_query *q, struct endpoint *local)
{
	struct watched *w = ctx;
	char to[ENDPOINT_TEXT], name[DNAME_TEXT];
	if (!w->quiet)
		cli_progress("asking %s for %s", endpoint_text(to, &q->to), dname_text(name, &q->question.qname));
	return w->inner.send(w->inner.ctx, q, local);
}

static enum err watched_wait(void *ctx, struct dns_reply *reply)
{
	struct watched *w = ctx;
	return w->inner.wait(w->inner.ctx, reply);
}

/* --- lookups ----------------------------------------------------------------------------------- */

static int worse(int a, int b)
{
	return a > b ? a : b;
}

/* … a server's fault is not the input's */
static int status_of(enum err e)
{
	return e == ERR_FORMAT ? EXIT_NETWORK : (int)err_exit(e);
}

struct extras {
	struct validator *v; /* the chain of trust is verified; NULL: it is not */
	bool all;            /* every server is asked */
};

static int lookup_one(
    struct resolver *res, struct exchange ex, const struct dname *name, uint16_t type, struct extras x)
{
	struct lookup_result out;
	struct validator *v = x.v;
	resolver_lookup(res, ex, name, type, &out);
	enum security s = v && !cli_interrupted() ? validator_check(v, &out) : SECURITY_SECURE;
	int status = status_of(out.err);
	if (x.all && !cli_interrupted())
		status = worse(status, status_of(survey(res, ex, &out)));
	lookup_result_release(&out);
	if (s == SECURITY_BOGUS)
		status = worse(status, EXIT_NO);
	else if (s == SECURITY_INDETERMINATE)
		status = worse(status, EXIT_NETWORK);
	return cli_interrupted() ? EXIT_INTERRUPTED : status;
}

static int lookup_each(struct resolver *res, struct exchange ex, const struct trace_request *r, struct validator *v)
{
	struct extras x = {.v = v, .all = r->all};
	int status = EXIT_YES;
	for (unsigned i = 0; i <= r->repeat && status < EXIT_INTERRUPTED; i++)
		status = worse(status, lookup_one(res, ex, &r->name[0], r->type, x));
	for (unsigned i = 1; i < r->n_names && status < EXIT_INTERRUPTED; i++)
		status = worse(status, lookup_one(res, ex, &r->name[i], r->type, x));
	return status;
}

static int lookup_all(struct cli *c, struct resolver *res, struct exchange ex, const struct trace_request *r)
{
	struct anchors anchors;
	const char *place;
	if (!r->dnssec)
		return lookup_each(res, ex, r, NULL);
	int status = setup_anchors(c, r->anchor_file, &anchors, &place);
	if (status)
		return status;
	struct validator *v = calloc(1, sizeof(*v));
	if (v) {
		validator_init(v, res, ex, &anchors, place);
		status = lookup_each(res, ex, r, v);
		validator_release(v);
	} else {
		status = cli_fail(c, ERR_NOMEM, "the validator could not be set up");
	}
	free(v);
	anchors_release(&anchors);
	return status;
}

static int ask_one(struct resolver *res, struct exchange ex, const struct trace_request *r)
{
	char host[ENDPOINT_TEXT];
	struct direct d = {.name = r->name[0], .type = r->type, .to = r->server, .recursion = r->rd, .tcp = r->tcp};
	d.host = r->server.port == 53 ? ip_text(host, &r->server.ip) : endpoint_text(host, &r->server);
	int status = status_of(direct_show(res, ex, &d));
	return cli_interrupted() ? EXIT_INTERRUPTED : status;
}

/* … with what earlier commands learnt, and for later ones. */
static int lookup_kept(struct cli *c, struct resolver *res, struct exchange ex, const struct trace_request *r)
{
	struct kept_cache k = {0};
	if (r->server.ip.family)
		return ask_one(res, ex, r);
	int status = r->no_cache ? EXIT_YES : kept_cache_choose(c, &k, r->cache_file);
	if (!status)
		status = kept_cache_load(c, &k, res->cache);
	if (status)
		return status;
	status = lookup_all(c, res, ex, r);
	return worse(status, kept_cache_save(c, &k, res->cache, r->offset_ns));
}

static int run_with(
    struct cli *c, const struct trace_request *r, const struct hints *hints, struct trace *t, const char *me)
{
	struct exchange_cares *net;
	struct moved_clock clock;
	struct resolver res;
	struct resolver_config config = {.use_v4 = r->use_v4,
	    .use_v6 = r->use_v6,
	    .always_tcp = r->tcp,
	    .dnssec = r->dnssec,
	    .minimise = r->qmin,
	    .port = r->port,
	    .timeout_ns = r->timeout_ns,
	    .policy = {.allow_special = r->allow_special || setup_in_lab()}};
	enum err e = exchange_cares_new(&net, cli_interrupt_fd());
	if (e)
		return cli_fail(c, e, "the network could not be set up");
	struct watched w = {.inner = exchange_cares(net), .quiet = !cli_has(c, "quiet") && isatty(fileno(c->out))};
	struct exchange ex = {.send = watched_send, .wait = watched_wait, .ctx = &w};
	moved_clock_init(&clock, r->offset_ns);
	e = resolver_init(&res, &config, hints, &clock.clock, setup_rng(), t, me);
	int status = e ? cli_fail(c, e, "the resolver could not be set up") : lookup_kept(c, &res, ex, r);
	if (!e)
		resolver_release(&res);
	exchange_cares_free(net);
	cli_progress_end();
	return status;
}

int trace_run(struct cli *c, const struct trace_request *r)
{
	struct hints hints;
	struct trace t;
	char me[256];
	int status = setup_hints(c, r->hints_file, &hints);
	if (status)
		return status;
	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "no source of randomness");
	cli_catch_interrupt();
	setup_own_name(me, sizeof(me));
	enum err e = cli_trace_open(c, &t, &clock_real, me);
	status = e ? cli_fail(c, e, "the output could not be set up") : run_with(c, r, &hints, &t, me);
	return cli_trace_close(c, &t, status);
}
