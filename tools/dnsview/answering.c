#include "answering.h"

#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

#define STALE_MAX 86400u /* how long after its end an answer may still be given out */

static void go_on(struct asker *a);

static void send_out(struct answering *s, const struct asker *a, size_t len)
{
	if (a->udp)
		udp_send(s, a, len);
	else
		tcp_send(s, a, len);
}

/* --- at once ------------------------------------------------------------------------------------- */

static void tell_warm(struct answering *s, const struct asker *a)
{
	char name[DNAME_TEXT], type[TYPE_TEXT];
	if (trace_on(s->r->narrator.trace))
		ev_decision(s->r->narrator.trace, "cache-hit", "RFC 1034 5.3.3 step 1",
		    "A client asks for %s %s, and the cache knows it.", dname_text(name, &a->q.qname),
		    type_text(type, a->q.qtype));
}

/* The short path. lookup: the number of the lookup that was made for it; 0: none. */
static size_t from_cache(struct answering *s, const struct asker *a, uint64_t lookup, uint32_t stale)
{
	struct warm how = {
	    .now = clock_now(s->r->clock), .lookup = lookup, .stale = stale, .udp = a->udp, .validate = s->judge};
	size_t len = 0;
	switch (warm_answer(s->out, s->r->cache, &a->q, &how, &len)) {
	case WARM_ANSWER:
		break;
	case WARM_BOGUS:
		len = request_refuse(s->out, &a->q, LDNS_RCODE_SERVFAIL); /* RFC 4035 5.5 */
		break;
	case WARM_MORE:
		break;
	}
	return len;
}

bool answer_now(struct answering *s, struct asker *a, const uint8_t *pkt, size_t pkt_len, size_t *len)
{
	*len = 0;
	a->s = s;
	if (!request_parse(&a->q, pkt, pkt_len))
		return true;
	if (a->q.rcode) {
		*len = request_refuse(s->out, &a->q, a->q.rcode);
		return true;
	}
	if (a->q.qtype == LDNS_RR_TYPE_ANY)
		*len = request_any(s->out, &a->q);
	else if ((*len = from_cache(s, a, 0, 0)) > 0)
		tell_warm(s, a);
	if (!*len && !a->q.rd) /* RFC 1035 4.1.1: nobody asked us to go and look */
		*len = request_refuse(s->out, &a->q, LDNS_RCODE_REFUSED);
	return *len > 0;
}

/* --- by a lookup --------------------------------------------------------------------------------- */

static void end(struct asker *a, size_t len)
{
	send_out(a->s, a, len);
	if (a->connection)
		tcp_drop(a->connection);
	a->s->under_way[a->place]--;
	free(a);
}

/* Refreshing it failed: what has ended lately is better than nothing (RFC 8767). */
static size_t stale(struct answering *s, const struct asker *a)
{
	size_t len = s->config.serve_stale ? from_cache(s, a, 0, STALE_MAX) : 0;
	if (len)
		ev_decision(s->r->narrator.trace, "stale-answer", "RFC 8767 4",
		    "No server answers. What was known, and ended lately, is given out once more, for 30 s.");
	return len;
}

/* What is not in the cache as it was answered: a failure, a TTL of 0 over an alias that is no more. */
static size_t from_result(struct answering *s, const struct asker *a, const struct lookup_result *res)
{
	struct stored st;
	if (!res || stored_make(&st, res))
		return request_refuse(s->out, &a->q, LDNS_RCODE_SERVFAIL);
	size_t len = stored_write(s->out, &st, &a->q, (struct stored_use){.udp = a->udp});
	stored_release(&st);
	return len;
}

/* A key or a proof that was wanted is there, or is not to be had. */
static void on_fetched(void *ctx, const struct lookup_result *res, enum err err)
{
	struct asker *a = ctx;
	(void)res;
	if (err == ERR_INTERNAL)
		end(a, request_refuse(a->s->out, &a->q, LDNS_RCODE_SERVFAIL));
	else
		go_on(a);
}

/* Judges what was found, fetching what is missing for that. */
static void go_on(struct asker *a)
{
	struct answering *s = a->s;
	switch (judge(s->judge, &a->judging)) {
	case JUDGE_WANTS:
		jobs_ask(s->jobs, &a->judging.wanted, a->judging.wanted_type, on_fetched, a);
		return;
	case JUDGED:
	case JUDGE_NOT:
		break;
	}
	bool good = a->judging.security == SECURITY_SECURE || a->judging.security == SECURITY_INSECURE;
	size_t len = good ? from_cache(s, a, a->judging.lookup, 0) : 0;
	end(a, len ? len : request_refuse(s->out, &a->q, LDNS_RCODE_SERVFAIL));
}

static void on_done(void *ctx, const struct lookup_result *res, enum err err)
{
	struct asker *a = ctx;
	struct answering *s = a->s;
	bool failed = err || res->outcome == OUTCOME_FAILURE;
	size_t len = failed ? stale(s, a) : from_cache(s, a, res->lookup, 0);
	if (!len && !failed && s->judge && !a->q.cd) {
		a->judging.lookup = res->lookup;
		a->judging.security = SECURITY_INDETERMINATE;
		go_on(a);
		return;
	}
	end(a, len ? len : from_result(s, a, err ? NULL : res));
}

/* --- not for everybody at once ------------------------------------------------------------------- */

static size_t place_of(const struct asker *a)
{
	struct endpoint from;
	uint32_t h = 2166136261u;
	if (!a->to_len || endpoint_from_sockaddr(&from, (const struct sockaddr *)&a->to, a->to_len))
		return 0;
	for (size_t i = 0; i < sizeof(from.ip.b); i++)
		h = (h ^ from.ip.b[i]) * 16777619u;
	return (h ^ h >> 15) % CLIENTS;
}

/* When half of all lookups that may be under way are, a client may have a quarter: one that floods us takes
 * nothing from the others. */
static bool too_many(const struct answering *s, size_t place)
{
	return jobs_running(s->jobs) >= s->config.jobs / 2 && s->under_way[place] >= s->config.jobs / 4;
}

void answer_later(const struct asker *a)
{
	struct answering *s = a->s;
	struct asker *copy = malloc(sizeof(*copy));
	if (!copy)
		return;
	*copy = *a;
	copy->place = place_of(a);
	s->under_way[copy->place]++;
	if (copy->connection)
		tcp_hold(copy->connection);
	copy->judging = (struct judging){.name = dname_lower(&a->q.qname), .type = a->q.qtype};
	if (too_many(s, copy->place) || s->under_way[copy->place] == UINT16_MAX) {
		ev_decision(s->r->narrator.trace, "too-busy", "RFC 8767 4",
		    "Too many questions of one client wait for an answer: SERVFAIL, so that others get theirs.");
		size_t len = stale(s, copy);
		end(copy, len ? len : request_refuse(s->out, &copy->q, LDNS_RCODE_SERVFAIL));
		return;
	}
	struct dname name = copy->judging.name;
	jobs_ask(s->jobs, &name, copy->q.qtype, on_done, copy);
}

/* --- its life ------------------------------------------------------------------------------------ */

/* Every address of this machine that answers, if it is the port that servers are asked at. */
static void note_own(struct answering *s, const struct endpoint *at)
{
	static const struct ip any4 = {.family = 4}, any6 = {.family = 6};
	struct policy *p = &s->r->config.policy;
	struct ifaddrs *list = NULL;
	if (at->port != s->r->config.port)
		return;
	p->own = s->own;
	if (!ip_equal(&at->ip, &any4) && !ip_equal(&at->ip, &any6)) {
		if (p->n_own < OWN_MAX)
			s->own[p->n_own++] = at->ip;
		return;
	}
	if (getifaddrs(&list) != 0)
		return;
	for (struct ifaddrs *i = list; i && p->n_own < OWN_MAX; i = i->ifa_next) {
		struct endpoint e;
		socklen_t len = sizeof(struct sockaddr_in6);
		if (!i->ifa_addr || (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		if (i->ifa_addr->sa_family == AF_INET)
			len = sizeof(struct sockaddr_in);
		if (endpoint_from_sockaddr(&e, i->ifa_addr, len) == ERR_OK && e.ip.family == at->ip.family)
			s->own[p->n_own++] = e.ip;
	}
	freeifaddrs(list);
}

enum err server_open(struct answering **out, uv_loop_t *loop, struct resolver *r, const struct server_config *config,
    struct endpoint *at)
{
	struct answering *s = calloc(1, sizeof(*s));
	*out = s;
	if (!s)
		return ERR_NOMEM;
	*s = (struct answering){.config = *config, .r = r, .loop = loop};
	s->jobs = jobs_new(loop, r, config->jobs);
	s->judge = config->anchors ? judge_new(r, config->anchors, config->anchor_place) : NULL;
	if (!s->jobs || (config->anchors && !s->judge))
		return ERR_NOMEM;
	if (config->forks)
		jobs_share(s->jobs);
	enum err e = ERR_OK;
	for (unsigned i = 0; i < config->n_listen && !e; i++) {
		*at = config->listen[i];
		note_own(s, at);
		e = udp_open(s, at);
		if (!e)
			e = tcp_open(s, at);
	}
	return e;
}

void server_close(struct answering *s)
{
	if (!s)
		return;
	jobs_free(s->jobs);
	udp_close(s);
	tcp_close(s);
	while (uv_run(s->loop, UV_RUN_NOWAIT))
		;
	judge_free(s->judge);
	free(s);
}
