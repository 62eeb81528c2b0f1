#include "lookup.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "narrative.h"

/* --- the resolver ------------------------------------------------------------------------------ */

#define CACHE_ENTRIES 400000

enum err resolver_init(struct resolver *r, const struct resolver_config *config, const struct hints *hints,
    const struct clock *clock, struct rng rng, struct trace *trace, const char *me)
{
	*r = (struct resolver){.config = *config, .hints = hints, .clock = clock, .rng = rng};
	r->narrator = (struct narrator){.trace = trace, .me = me};
	r->cache = cache_new(CACHE_ENTRIES);
	r->servers = calloc(1, sizeof(*r->servers));
	if (r->cache && r->servers)
		return ERR_OK;
	resolver_release(r);
	return ERR_NOMEM;
}

void resolver_release(struct resolver *r)
{
	cache_free(r->cache);
	free(r->servers);
	r->cache = NULL;
	r->servers = NULL;
}

void lookup_result_release(struct lookup_result *res)
{
	ldns_rr_list_deep_free(res->answer);
	ldns_rr_list_deep_free(res->authority);
	for (size_t i = 0; i < res->n_hops; i++)
		free(res->hops[i].ns);
	free(res->hops);
	*res = (struct lookup_result){0};
}

size_t lookup_octets(const struct lookup_result *res, bool sent)
{
	size_t n = 0;
	for (size_t i = 0; i < res->n_hops; i++)
		n += sent ? res->hops[i].sent : res->hops[i].received;
	return n;
}

/* --- frames ------------------------------------------------------------------------------------ */

static void frame_free(struct frame *f)
{
	ldns_rr_list_deep_free(f->answer);
	ldns_rr_list_deep_free(f->authority);
	free(f);
}

enum step finish(struct lookup *l, struct frame *f, enum outcome outcome)
{
	(void)l;
	f->outcome = outcome;
	f->err = outcome == OUTCOME_ANSWER ? ERR_OK : outcome == OUTCOME_FAILURE ? f->err : ERR_NEGATIVE;
	return f->step = STEP_DONE;
}

/* A failure is remembered for a few seconds, so that a broken zone is not hammered (RFC 9520 3.2); not one
 * that the cache itself shows again at once (a circle of aliases), or that is ours. */
static void remember_failure(struct lookup *l, struct frame *f, enum err err)
{
	const struct cache_entry *e;
	bool ours = l->fatal || (err == ERR_UNREACHABLE && l->res->queries == 0);
	if (ours || err == ERR_BUDGET || err == ERR_FORMAT ||
	    cache_find(l->r->cache, CACHE_FAILURE, &f->sname, f->stype, l->now, &e) == CACHE_FRESH)
		return;
	struct dname nobody = dname_root();
	struct cache_put p = {.kind = CACHE_FAILURE, .name = &f->sname, .type = f->stype, .err = err, .now = l->now};
	p.ttl = CACHE_FAILURE_TTL;
	p.from = &nobody;
	p.lookup = l->number;
	tell_kept(l, &p, p.ttl);
	if (cache_put(l->r->cache, p))
		l->fatal = ERR_NOMEM;
}

enum step give_up(struct lookup *l, struct frame *f, enum err err, const char *fmt, ...)
{
	char why[sizeof(l->res->why)];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	if (!f->below || l->fatal)
		memcpy(l->res->why, why, sizeof(why));
	f->err = err;
	tell_give_up(l, f, why);
	remember_failure(l, f, err);
	return finish(l, f, OUTCOME_FAILURE);
}

/* --- a lookup ---------------------------------------------------------------------------------- */

void lookup_begin(
    struct lookup *l, struct resolver *r, const struct dname *name, uint16_t type, struct lookup_result *res)
{
	*res = (struct lookup_result){.name = *name, .last = *name, .type = type};
	*l = (struct lookup){.r = r, .tell = &r->narrator, .started = clock_now(r->clock), .res = res};
	l->now = l->started;
	res->lookup = l->number = ++r->lookups;
	struct frame *f = calloc(1, sizeof(*f));
	ldns_rr_list *answer = ldns_rr_list_new();
	if (!f || !answer) {
		l->fatal = ERR_NOMEM;
		free(f);
		ldns_rr_list_free(answer);
		return;
	}
	f->sname = f->names[0] = *name;
	f->n_names = 1;
	f->stype = type;
	f->answer = answer;
	l->top = f;
	tell_begin(l);
}

/* The frame at the bottom has ended: its outcome is the lookup's. */
static void take_result(struct lookup *l, struct frame *f)
{
	struct lookup_result *res = l->res;
	res->err = f->err;
	res->outcome = f->outcome;
	res->last = f->sname;
	res->answer = f->answer;
	res->authority = f->authority;
	f->answer = f->authority = NULL;
}

static enum step take_step(struct lookup *l, struct frame *f)
{
	switch (f->step) {
	case STEP_1:
		return step_1_answer_in_cache(l, f);
	case STEP_2:
		return step_2_best_servers(l, f);
	case STEP_3:
		return step_3_send_queries(l, f);
	case STEP_WAIT:
	case STEP_CHILD:
	case STEP_DONE:
		break;
	}
	return f->step;
}

/* Everything that is left is given up. */
static void unwind(struct lookup *l)
{
	while (l->top) {
		struct frame *f = l->top;
		l->top = f->below;
		if (!l->top) {
			f->err = l->fatal;
			f->outcome = OUTCOME_FAILURE;
			take_result(l, f);
		}
		frame_free(f);
	}
	l->res->err = l->fatal;
	l->res->outcome = OUTCOME_FAILURE;
}

static void pop(struct lookup *l)
{
	struct frame *f = l->top;
	l->top = f->below;
	if (l->top) {
		pop_ns_lookup(l, l->top, f);
		l->top->step = STEP_3;
	} else {
		take_result(l, f);
	}
	frame_free(f);
}

enum lookup_state lookup_run(struct lookup *l, const struct dns_query **q)
{
	while (l->top && !l->fatal) {
		struct frame *f = l->top;
		if (f->step == STEP_WAIT) {
			*q = &f->query;
			return LOOKUP_ASK;
		}
		if (f->step == STEP_DONE)
			pop(l);
		else
			f->step = take_step(l, f);
	}
	if (l->fatal)
		unwind(l);
	return LOOKUP_DONE;
}

void lookup_sent(struct lookup *l, const struct endpoint *local)
{
	l->res->queries++;
	l->top->local = *local;
	tell_sent(l, l->top);
}

void lookup_reply(struct lookup *l, const struct dns_reply *reply)
{
	struct frame *f = l->top;
	l->now = clock_now(l->r->clock);
	if (reply->err == ERR_INTERNAL || reply->err == ERR_NOMEM) {
		l->fatal = reply->err;
		snprintf(l->res->why, sizeof(l->res->why), "%s",
		    reply->err == ERR_INTERNAL ? "interrupted" : err_text(reply->err));
		return;
	}
	tell_strays(l, f, reply);
	if (!reply->unsent && !add_hop(l, f, reply))
		return;
	if (reply->err == ERR_OK)
		f->step = step_4_analyze_response(l, f, reply);
	else
		f->step = step_3_no_response(l, f, reply);
}

static unsigned count_servers(const struct lookup_result *res)
{
	unsigned n = 0;
	for (size_t i = 0; i < res->n_hops; i++) {
		bool seen = false;
		for (size_t k = 0; k < i && !seen; k++)
			seen = ip_equal(&res->hops[k].to.ip, &res->hops[i].to.ip);
		n += !seen;
	}
	return n;
}

void lookup_end(struct lookup *l)
{
	if (l->top) { /* the caller stops early */
		l->fatal = ERR_INTERNAL;
		unwind(l);
	}
	l->res->duration_ns = clock_now(l->r->clock) - l->started;
	l->res->servers = count_servers(l->res);
}

/* --- the record of what was asked -------------------------------------------------------------- */

struct hop *add_hop(struct lookup *l, const struct frame *f, const struct dns_reply *reply)
{
	struct lookup_result *res = l->res;
	struct hop *hops = reallocarray(res->hops, res->n_hops + 1, sizeof(*hops));
	if (!hops) {
		l->fatal = ERR_NOMEM;
		return NULL;
	}
	res->hops = hops;
	struct hop *h = &hops[res->n_hops++];
	*h = (struct hop){.name = f->qname,
	    .type = f->qtype,
	    .zone = f->slist.zone,
	    .server = f->slist.ns[f->slist.address[f->at].ns].name,
	    .to = f->query.to,
	    .tcp = f->tcp,
	    .depth = f->depth,
	    .sent = f->query.len,
	    .received = reply->err == ERR_OK ? reply->len : 0,
	    .rtt_ns = reply->rtt_ns,
	    .err = reply->err,
	    .response = RESPONSE_FAILED};
	return h;
}

void note_response(struct lookup *l, const struct message *m, const struct analysis *a)
{
	struct hop *h = &l->res->hops[l->res->n_hops - 1];
	h->response = a->kind;
	if (a->kind != RESPONSE_REFERRAL)
		return;
	h->cut = a->cut;
	h->ns = calloc(m->n_records, sizeof(*h->ns));
	if (!h->ns) {
		l->fatal = ERR_NOMEM;
		return;
	}
	for (size_t i = 0; i < m->n_records; i++) {
		const struct record *r = &m->records[i];
		if (r->section == SECTION_AUTHORITY && r->type == LDNS_RR_TYPE_NS && dname_equal(&r->owner, &a->cut))
			h->ns[h->n_ns++] = r->target;
	}
}

/* --- over an exchange -------------------------------------------------------------------------- */

static void run(struct lookup *l, struct resolver *r, struct exchange ex, const struct dname *name, uint16_t type,
    struct lookup_result *out)
{
	const struct dns_query *q;
	lookup_begin(l, r, name, type, out);
	while (lookup_run(l, &q) == LOOKUP_ASK) {
		struct endpoint local = {0};
		struct dns_reply reply = {0};
		reply.err = ex.send(ex.ctx, q, &local);
		reply.unsent = reply.err != ERR_OK && reply.err != ERR_REFUSED;
		if (!reply.unsent)
			lookup_sent(l, &local);
		if (reply.err == ERR_OK)
			reply.err = ex.wait(ex.ctx, &reply);
		lookup_reply(l, &reply);
	}
	lookup_end(l);
}

void resolver_lookup(
    struct resolver *r, struct exchange ex, const struct dname *name, uint16_t type, struct lookup_result *out)
{
	struct lookup l;
	run(&l, r, ex, name, type, out);
	tell_path(&l);
	tell_result(&l);
}

void resolver_fetch(
    struct resolver *r, struct exchange ex, const struct dname *name, uint16_t type, struct lookup_result *out)
{
	struct lookup l;
	run(&l, r, ex, name, type, out);
}
