/* The algorithm of RFC 1034 5.3.3, step by step and in its order:
 *
 *  1. See if the answer is in local information, and if so return it to the client.
 *
 *  2. Find the best servers to ask.
 *
 *  3. Send them queries until one returns a response.
 *
 *  4. Analyze the response, either:
 *
 *     a. if the response answers the question or contains a name error,
 *        cache the data as well as returning it back to the client.
 *
 *     b. if the response contains a better delegation to other servers,
 *        cache the delegation information, and go to step 2.
 *
 *     c. if the response shows a CNAME and that is not the answer itself,
 *        cache the CNAME, change the SNAME to the canonical name in the
 *        CNAME RR and go to step 1.
 *
 *     d. if the response shows a servers failure or other bizarre contents,
 *        delete the server from the SLIST and go back to step 3.
 *
 * Each step is a function that returns the step to go on with. What forty years have added to the
 * RFC - who is believed about what, and how much work is done at most - stands where it applies,
 * with its source. Steps 1 to 3 are here, step 4 in analyze.c. */
#include <stdlib.h>
#include <string.h>

#include "lookup.h"
#include "narrative.h"

/* --- 1. See if the answer is in local information ---------------------------------------------- */

/* A "no" that is known: failed a moment ago, no such name (which covers all names below it, RFC 8020), no
 * such type. */
static const struct cache_entry *known_negative(struct lookup *l, const struct frame *f)
{
	const struct cache_entry *e = known(l, CACHE_FAILURE, &f->sname, f->stype);
	if (!e)
		e = known(l, CACHE_NODATA, &f->sname, f->stype);
	for (struct dname n = f->sname; !e && !dname_is_root(&n); n = dname_parent(&n))
		e = known(l, CACHE_NXDOMAIN, &n, 0);
	return e;
}

/* An alias that is known: a CNAME at the name, or a DNAME above it. */
static const struct cache_entry *known_alias(struct lookup *l, const struct frame *f)
{
	const struct cache_entry *e = known(l, CACHE_ANSWER, &f->sname, LDNS_RR_TYPE_CNAME);
	for (struct dname n = dname_parent(&f->sname); !e && !dname_is_root(&n); n = dname_parent(&n))
		e = known(l, CACHE_ANSWER, &n, LDNS_RR_TYPE_DNAME);
	return e;
}

static struct dname alias_target(const struct frame *f, const struct cache_entry *e)
{
	struct cache_record r = {0};
	struct dname target, owner = cache_name(e);
	(void)cache_record_next(e, &r);
	struct dname to = cache_target(&r);
	if (e->type == LDNS_RR_TYPE_CNAME)
		return to;
	if (dname_move(&target, &f->sname, &owner, &to))
		target.len = 0;
	return target;
}

/* What was learnt in this very lookup saves nothing: it was asked for. */
static void count_saved(struct lookup *l, const struct frame *f, const struct cache_entry *e)
{
	if (e->lookup != l->number)
		l->res->saved += 1 + cuts_known(l, &f->sname);
}

static enum step restart_at_cached(struct lookup *l, struct frame *f, const struct cache_entry *e, int64_t now)
{
	struct dname target = alias_target(f, e);
	uint32_t left = cache_left(e, now);
	ldns_rr_list *rrs = cache_rrs(e, CACHE_DATA, left);
	count_saved(l, f, e);
	tell_cache_hit(l, f, e);
	if (!rrs) {
		l->fatal = ERR_NOMEM;
		return STEP_DONE;
	}
	enum step next = restart_at(l, f, ldns_rr_list_rr(rrs, 0), &target, left, true);
	ldns_rr_list_deep_free(rrs);
	return next;
}

enum step step_1_answer_in_cache(struct lookup *l, struct frame *f)
{
	int64_t now = l->now;
	const struct cache_entry *e = known(l, CACHE_ANSWER, &f->sname, f->stype);
	if (e) {
		count_saved(l, f, e);
		tell_cache_hit(l, f, e);
		ldns_rr_list *rrs = cache_rrs(e, CACHE_DATA, cache_left(e, now)); /* it counts down */
		ldns_rr_list_push_rr_list(f->answer, rrs);
		ldns_rr_list_free(rrs);
		return finish(l, f, OUTCOME_ANSWER);
	}
	e = known_negative(l, f);
	if (e) {
		count_saved(l, f, e);
		tell_cache_hit(l, f, e);
		if (e->kind == CACHE_FAILURE)
			return give_up(
			    l, f, (enum err)e->err, "it failed a moment ago, and is not tried again at once");
		f->authority = cache_rrs(e, CACHE_SOA, cache_left(e, now));
		return finish(l, f, e->kind == CACHE_NODATA ? OUTCOME_NODATA : OUTCOME_NXDOMAIN);
	}
	e = f->stype == LDNS_RR_TYPE_CNAME ? NULL : known_alias(l, f);
	if (e)
		return restart_at_cached(l, f, e, now);
	tell_cache_miss(l, f);
	return STEP_2;
}

/* --- 2. Find the best servers to ask ----------------------------------------------------------- */

enum step step_2_best_servers(struct lookup *l, struct frame *f)
{
	/* A DS record lives on the parent's side of the cut (RFC 4035 3.1.4.1). */
	struct dname name = f->stype == LDNS_RR_TYPE_DS ? dname_parent(&f->sname) : f->sname;
	slist_fill(l, f, &name);
	if (!f->stepped)
		l->res->saved += cuts_known(l, &f->slist.zone);
	f->stepped = true;
	f->again = f->recursion = f->plain_case = false;
	minimise_begin(l, f);
	tell_best_servers(l, f);
	return STEP_3;
}

/* --- 3. Send them queries until one returns a response ----------------------------------------- */

/* A server that was never heard of gets 0.8 s, one that is known four times its usual round trip and a bit;
 * whoever is asked a second time, all the time there is. */
static int64_t patience(const struct lookup *l, const struct slist_address *a)
{
	int64_t max = l->r->config.timeout_ns, t = 800 * NS_PER_MS;
	int64_t srtt = servers_srtt(servers_find(l->r->servers, &a->ip), l->now);
	if (a->tries)
		return max;
	if (srtt)
		t = 4 * srtt + 200 * NS_PER_MS;
	return t < max ? t : max;
}

static void draw_case(struct lookup *l, struct dname *n)
{
	uint8_t coin[DNAME_MAX];
	l->r->rng.fill(l->r->rng.ctx, coin, sizeof(coin));
	for (size_t i = 0; i < n->len; i += (size_t)n->b[i] + 1) {
		for (size_t k = i + 1; k <= i + n->b[i]; k++) {
			uint8_t c = n->b[k];
			if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
				n->b[k] = coin[k] & 1 ? c | 0x20 : c & 0xdf;
		}
	}
}

/* Rules 1 and 2. The identifier and the case of every letter are drawn anew: what a forger who does not see the query has to
 * guess (RFC 5452; draft-vixie-dnsext-dns0x20). */
static void prepare_query(struct lookup *l, struct frame *f)
{
	const struct slist_address *a = &f->slist.address[f->at];
	struct dns_query *q = &f->query;
	*q = (struct dns_query){.to = {.ip = a->ip, .port = l->r->config.port}, .tcp = f->tcp};
	q->timeout_ns = patience(l, a);
	q->question = (struct question){.qname = f->qname, .qtype = f->qtype, .edns = f->edns};
	q->question.dnssec = l->r->config.dnssec;
	q->question.recursion = f->recursion;
	q->question.id = (uint16_t)rng_u32(l->r->rng);
	if (!f->plain_case)
		draw_case(l, &q->question.qname);
	q->len = query_write(q->bytes, &q->question);
}

enum step step_3_send_queries(struct lookup *l, struct frame *f)
{
	if (f->slist.silent >= SLIST_MAX_SILENT)
		return give_up(
		    l, f, ERR_TIMEOUT, "%u questions to servers of its zone got no response", SLIST_MAX_SILENT);
	if (!f->again) {
		f->choice = slist_choose(&f->slist, l->r->servers, l->now, l->r->rng, &f->at, &f->chosen_of);
		if (f->choice == CHOICE_NONE || (f->renewed && f->choice >= CHOICE_AGAIN)) {
			if (push_ns_lookup(l, f))
				return STEP_CHILD;
			if (l->fatal)
				return STEP_DONE;
			if (find_last_resort(l, f))
				return STEP_3;
			return give_up(l, f, f->last_err ? f->last_err : ERR_LAME, "%s", tell_why_no_server(l, f));
		}
		const struct server *sv = servers_find(l->r->servers, &f->slist.address[f->at].ip);
		f->tcp = l->r->config.always_tcp || f->plain_case;
		f->edns = !(sv && sv->plain);
	}
	f->again = false;
	if (l->res->queries >= QUERIES_MAX) {
		l->fatal = ERR_BUDGET;
		return give_up(l, f, ERR_BUDGET, "%u queries were sent for it, and no more are allowed", QUERIES_MAX);
	}
	prepare_query(l, f);
	tell_chosen(l, f);
	return STEP_WAIT;
}

enum step step_3_no_response(struct lookup *l, struct frame *f, const struct dns_reply *reply)
{
	struct slist_address *a = &f->slist.address[f->at];
	if (f->tcp || reply->err != ERR_TIMEOUT)
		a->dropped = true; /* asking again would change nothing */
	a->tries++;
	f->slist.silent += reply->err == ERR_TIMEOUT;
	f->slist.ns[a->ns].failed = true;
	f->last_err = reply->err;
	tell_no_response(l, f, reply);
	if (reply->unsent)
		servers_note_family_down(l->r->servers, a->ip.family, l->now);
	else
		servers_note_dead(l->r->servers, &a->ip, l->now);
	return STEP_3;
}
