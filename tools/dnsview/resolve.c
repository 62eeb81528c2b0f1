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
 * with its source. */
#include <stdlib.h>
#include <string.h>

#include "lookup.h"
#include "narrative.h"

static enum step restart_at(struct lookup *l, struct frame *f, const ldns_rr *alias, const struct dname *target,
    uint32_t ttl, bool from_cache);
static enum step ask_again(struct lookup *l, struct frame *f, bool tcp, bool edns);

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

static enum step restart_at_cached(struct lookup *l, struct frame *f, const struct cache_entry *e, int64_t now)
{
	struct dname target = alias_target(f, e);
	uint32_t left = cache_left(e, now);
	ldns_rr_list *rrs = cache_rrs(e, false, left);
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
	int64_t now = clock_now(l->r->clock);
	const struct cache_entry *e = known(l, CACHE_ANSWER, &f->sname, f->stype);
	if (e) {
		tell_cache_hit(l, f, e);
		ldns_rr_list *rrs = cache_rrs(e, false, cache_left(e, now)); /* it counts down */
		ldns_rr_list_push_rr_list(f->answer, rrs);
		ldns_rr_list_free(rrs);
		return finish(l, f, OUTCOME_ANSWER);
	}
	e = known_negative(l, f);
	if (e) {
		tell_cache_hit(l, f, e);
		if (e->kind == CACHE_FAILURE)
			return give_up(
			    l, f, (enum err)e->err, "it failed a moment ago, and is not tried again at once");
		f->authority = cache_rrs(e, true, cache_left(e, now));
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
	f->again = f->recursion = false;
	tell_best_servers(l, f);
	return STEP_3;
}

/* --- 3. Send them queries until one returns a response ----------------------------------------- */

/* A server that was never heard of gets 0.8 s, one that is known four times its usual round trip and a bit;
 * whoever is asked a second time, all the time there is. */
static int64_t patience(const struct lookup *l, const struct slist_address *a)
{
	int64_t max = l->r->config.timeout_ns, t = 800 * NS_PER_MS;
	const struct server *sv = servers_find(l->r->servers, &a->ip);
	if (a->tries)
		return max;
	if (sv && sv->srtt_ns)
		t = 4 * sv->srtt_ns + 200 * NS_PER_MS;
	return t < max ? t : max;
}

/* The identifier and the case of every letter are drawn anew: what a forger who does not see the query has to
 * guess (RFC 5452; draft-vixie-dnsext-dns0x20). */
static void prepare_query(struct lookup *l, struct frame *f)
{
	const struct slist_address *a = &f->slist.address[f->at];
	struct dns_query *q = &f->query;
	*q = (struct dns_query){.to = {.ip = a->ip, .port = l->r->config.port}, .tcp = f->tcp};
	q->timeout_ns = patience(l, a);
	q->question = (struct question){.qname = f->sname, .qtype = f->stype, .edns = f->edns};
	q->question.dnssec = l->r->config.dnssec;
	q->question.recursion = f->recursion;
	q->question.id = (uint16_t)rng_u32(l->r->rng);
	uint8_t coin[DNAME_MAX];
	l->r->rng.fill(l->r->rng.ctx, coin, sizeof(coin));
	for (size_t i = 0; i < f->sname.len; i += (size_t)f->sname.b[i] + 1) {
		for (size_t k = i + 1; k <= i + f->sname.b[i]; k++) {
			uint8_t c = f->sname.b[k];
			if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
				q->question.qname.b[k] = coin[k] & 1 ? c | 0x20 : c & 0xdf;
		}
	}
	q->len = query_write(q->bytes, &q->question);
}

enum step step_3_send_queries(struct lookup *l, struct frame *f)
{
	if (f->slist.silent >= SLIST_MAX_SILENT)
		return give_up(
		    l, f, ERR_TIMEOUT, "%u questions to servers of its zone got no response", SLIST_MAX_SILENT);
	if (!f->again) {
		f->choice =
		    slist_choose(&f->slist, l->r->servers, clock_now(l->r->clock), l->r->rng, &f->at, &f->chosen_of);
		if (f->choice == CHOICE_NONE) {
			if (push_ns_lookup(l, f))
				return STEP_CHILD;
			if (l->fatal)
				return STEP_DONE;
			if (slist_recall_hearsay(&f->slist)) {
				f->recursion = true;
				return STEP_3;
			}
			return give_up(l, f, f->last_err ? f->last_err : ERR_LAME, "%s", tell_why_no_server(l, f));
		}
		const struct server *sv = servers_find(l->r->servers, &f->slist.address[f->at].ip);
		f->tcp = l->r->config.always_tcp;
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
		servers_note_family_down(l->r->servers, a->ip.family, clock_now(l->r->clock));
	else
		servers_note_dead(l->r->servers, &a->ip, clock_now(l->r->clock));
	return STEP_3;
}

/* --- 4. Analyze the response ------------------------------------------------------------------- */

/* The least of the SOA's TTL and its MINIMUM field (RFC 2308 5); 0 without an SOA: not kept. */
static uint32_t negative_ttl(const struct record *soa)
{
	if (!soa || ldns_rr_rd_count(soa->rr) != 7)
		return 0;
	uint32_t minimum = ldns_rdf2native_int32(ldns_rr_rdf(soa->rr, 6));
	uint32_t ttl = ttl_bounded(soa->ttl, CACHE_NEGATIVE_TTL_MAX);
	minimum = ttl_bounded(minimum, CACHE_NEGATIVE_TTL_MAX);
	return ttl < minimum ? ttl : minimum;
}

/* RFC 2308 3: who hands a "no" on hands the SOA on, with the TTL that holds for the "no". */
static ldns_rr_list *soa_alone(const struct record *soa, uint32_t ttl)
{
	ldns_rr_list *list = soa ? ldns_rr_list_new() : NULL;
	if (list) {
		ldns_rr *rr = ldns_rr_clone(soa->rr);
		ldns_rr_set_ttl(rr, ttl);
		ldns_rr_list_push_rr(list, rr);
	}
	return list;
}

/* a. … answers the question or contains a name error: cache the data as well as returning it to the client.
 */
static enum step step_4a_cache_answer_or_name_error(
    struct lookup *l, struct frame *f, const struct message *m, const struct analysis *a)
{
	if (a->kind == RESPONSE_ANSWER) {
		uint32_t ttl;
		ldns_rr_list *rrs = collect(m, SECTION_ANSWER, &f->sname, f->stype, &ttl);
		for (size_t i = 0; i < ldns_rr_list_rr_count(rrs); i++) {
			ldns_rr *rr = ldns_rr_clone(ldns_rr_list_rr(rrs, i));
			ldns_rr_set_ttl(rr, ttl_bounded(ttl, CACHE_TTL_MAX));
			ldns_rr_list_push_rr(f->answer, rr);
		}
		tell_trust(l, f, m, a); /* RFC 2181 5.4.1; CVE-2025-11411 */
		keep(l, f, CACHE_ANSWER, &f->sname, f->stype, ttl, rrs);
		return finish(l, f, OUTCOME_ANSWER);
	}
	bool nxdomain = a->kind == RESPONSE_NXDOMAIN;
	uint32_t ttl = negative_ttl(a->soa);
	f->authority = soa_alone(a->soa, ttl);
	if (ttl)
		keep(l, f, nxdomain ? CACHE_NXDOMAIN : CACHE_NODATA, &f->sname, nxdomain ? 0 : f->stype, ttl,
		    soa_alone(a->soa, ttl));
	else
		tell_negative_not_kept(l, f, a);
	return finish(l, f, nxdomain ? OUTCOME_NXDOMAIN : OUTCOME_NODATA);
}

/* The addresses that came with a referral: only those of the name servers that it names, and only from a
 * server whose zone the names are in (RFC 2181 5.4.1; Kaminsky's attack is what this stops). */
static void cache_glue(struct lookup *l, struct frame *f, const struct message *m, const ldns_rr_list *ns)
{
	static const uint16_t types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};
	for (size_t i = 0; i < ldns_rr_list_rr_count(ns) && i < SLIST_MAX_NS; i++) {
		struct dname name = rr_target(ldns_rr_list_rr(ns, i));
		for (unsigned t = 0; t < 2; t++) {
			uint32_t ttl;
			ldns_rr_list *rrs = collect(m, SECTION_ADDITIONAL, &name, types[t], &ttl);
			if (ldns_rr_list_rr_count(rrs) && dname_at_or_below(&name, &f->slist.zone))
				keep(l, f, CACHE_GLUE, &name, types[t], ttl, rrs);
			else
				ldns_rr_list_deep_free(rrs);
		}
	}
}

/* b. … contains a better delegation to other servers: cache the delegation information, and go to step 2. */
static enum step step_4b_cache_delegation(
    struct lookup *l, struct frame *f, const struct message *m, const struct analysis *a)
{
	uint32_t ttl;
	ldns_rr_list *ns = collect(m, SECTION_AUTHORITY, &a->cut, LDNS_RR_TYPE_NS, &ttl);
	ldns_rr_list *copy = ldns_rr_list_clone(ns);
	tell_referral(l, f);
	tell_trust(l, f, m, a);
	keep(l, f, CACHE_DELEGATION, &a->cut, LDNS_RR_TYPE_NS, ttl, ns);
	cache_glue(l, f, m, copy);
	ldns_rr_list_deep_free(copy);
	return STEP_2;
}

/* What follows a CNAME in the same answer is kept as far as this server's zone is the closest one known; the
 * rest is asked anew where it belongs. */
static void cache_rest_of_chain(struct lookup *l, struct frame *f, const struct message *m, struct dname name)
{
	for (unsigned i = 0; i < ALIASES_MAX && !dname_equal(&name, &f->sname); i++) {
		const struct cache_entry *e;
		uint32_t ttl;
		struct dname zone = closest_zone(l, &name, &e);
		if (!dname_equal(&zone, &f->slist.zone) || known(l, CACHE_ANSWER, &name, LDNS_RR_TYPE_CNAME))
			return;
		ldns_rr_list *rrs = collect(m, SECTION_ANSWER, &name, f->stype, &ttl);
		if (ldns_rr_list_rr_count(rrs)) {
			keep(l, f, CACHE_ANSWER, &name, f->stype, ttl, rrs);
			return;
		}
		ldns_rr_list_deep_free(rrs);
		rrs = collect(m, SECTION_ANSWER, &name, LDNS_RR_TYPE_CNAME, &ttl);
		if (ldns_rr_list_rr_count(rrs) != 1) {
			ldns_rr_list_deep_free(rrs);
			return;
		}
		struct dname next = rr_target(ldns_rr_list_rr(rrs, 0));
		keep(l, f, CACHE_ANSWER, &name, LDNS_RR_TYPE_CNAME, ttl, rrs);
		name = next;
	}
}

/* c. … shows a CNAME and that is not the answer itself: cache the CNAME, change the SNAME to the canonical
 * name and go to step 1. A DNAME (RFC 6672) does the same for all names below it. */
static enum step step_4c_cache_alias(
    struct lookup *l, struct frame *f, const struct message *m, const struct analysis *a)
{
	const struct record *rec = a->alias;
	struct dname owner = rec->type == LDNS_RR_TYPE_CNAME ? f->sname : rec->owner;
	ldns_rr_list *rrs = ldns_rr_list_new();
	ldns_rr *rr = ldns_rr_clone(rec->rr);
	if (!rrs || !rr) {
		l->fatal = ERR_NOMEM;
		return STEP_DONE;
	}
	rr_set_owner(rr, &owner);
	ldns_rr_list_push_rr(rrs, ldns_rr_clone(rr));
	tell_trust(l, f, m, a);
	keep(l, f, CACHE_ANSWER, &owner, rec->type, rec->ttl, rrs);
	if (a->target.len)
		cache_rest_of_chain(l, f, m, a->target);
	enum step next = restart_at(l, f, rr, &a->target, ttl_bounded(rec->ttl, CACHE_TTL_MAX), false);
	ldns_rr_free(rr);
	return next;
}

/* d. … shows a server's failure or other bizarre contents: delete the server from the SLIST and go back to
 * step 3. */
static enum step step_4d_drop_server(struct lookup *l, struct frame *f, const char *why)
{
	struct slist_address *a = &f->slist.address[f->at];
	struct slist_ns *ns = &f->slist.ns[a->ns];
	a->dropped = true;
	ns->looked_up[0] = ns->looked_up[1] = true; /* its other addresses are the same server's */
	f->last_err = ERR_LAME;
	servers_note_lame(l->r->servers, &a->ip, &f->slist.zone, clock_now(l->r->clock));
	tell_dropped(l, f, why);
	return STEP_3;
}

/* A server that is somebody's resolver: whatever it knows is second hand, so servers of the zone come first. */
static enum step step_4d_put_resolver_last(struct lookup *l, struct frame *f, const char *why)
{
	struct slist_address *a = &f->slist.address[f->at];
	a->dropped = a->hearsay = true;
	f->last_err = ERR_LAME;
	tell_hearsay(l, f, why);
	return STEP_3;
}

/* What to do with a response of each kind. */
static enum step step_4_act(struct lookup *l, struct frame *f, const struct message *m, const struct analysis *a)
{
	switch (a->kind) {
	case RESPONSE_ANSWER:
	case RESPONSE_NXDOMAIN:
	case RESPONSE_NODATA:
		return step_4a_cache_answer_or_name_error(l, f, m, a);
	case RESPONSE_REFERRAL:
		return step_4b_cache_delegation(l, f, m, a);
	case RESPONSE_ALIAS:
		return step_4c_cache_alias(l, f, m, a);
	case RESPONSE_LAME:
	case RESPONSE_FAILED:
		return step_4d_drop_server(l, f, a->why);
	case RESPONSE_HEARSAY:
		return step_4d_put_resolver_last(l, f, a->why);
	case RESPONSE_TRUNCATED:
		if (f->tcp)
			return step_4d_drop_server(l, f, "it cuts its answer even over TCP");
		tell_truncated(l, f);
		return ask_again(l, f, true, f->edns); /* RFC 7766 5 */
	case RESPONSE_NO_EDNS:
		servers_note_plain(l->r->servers, &f->slist.address[f->at].ip);
		tell_no_edns(l, f);
		return ask_again(l, f, f->tcp, false); /* RFC 6891 7 */
	}
	return STEP_DONE;
}

enum step step_4_analyze_response(struct lookup *l, struct frame *f, const struct dns_reply *reply)
{
	const struct question *q = &f->query.question;
	enum match match = response_match(q, reply->bytes, reply->len);
	struct slist_address *addr = &f->slist.address[f->at];
	struct message m;
	size_t at;
	servers_note_answer(l->r->servers, &addr->ip, reply->rtt_ns);
	if (match == MATCH_CASE && !f->tcp) {
		tell_case_changed(l, f, reply);
		return ask_again(l, f, true, f->edns);
	}
	if (match != MATCH_YES && match != MATCH_CASE) {
		tell_mismatch(l, f, reply, match);
		return step_4d_drop_server(l, f, match_text(match));
	}
	enum err e = response_parse(&m, q, &f->sname, reply->bytes, reply->len, &at);
	if (e) {
		tell_malformed(l, f, reply, e, at);
		return step_4d_drop_server(l, f, "its response is malformed");
	}
	struct analysis a = response_analyze(&m, &f->sname, f->stype,
	    (struct asked_how){.edns = q->edns, .recursion = q->recursion}, &f->slist.zone);
	note_response(l, &m, &a);
	tell_response(l, f, reply, &m, &a);
	if (l->r->tap.response)
		l->r->tap.response(l->r->tap.ctx, &f->sname, f->stype, &f->slist.zone, &m, &a);
	enum step next = step_4_act(l, f, &m, &a);
	message_release(&m);
	return next;
}

/* --- and again --------------------------------------------------------------------------------- */

/* The same server once more, over TCP or without EDNS. */
static enum step ask_again(struct lookup *l, struct frame *f, bool tcp, bool edns)
{
	(void)l;
	f->again = true;
	f->choice = CHOICE_NONE; /* the reason was told with the response */
	f->tcp = tcp;
	f->edns = edns;
	return STEP_3;
}

/* Changes SNAME to what it is an alias of, and goes to step 1; bounded, and never in a circle (RFC
 * 1034 5.2.2). */
static enum step restart_at(struct lookup *l, struct frame *f, const ldns_rr *alias, const struct dname *target,
    uint32_t ttl, bool from_cache)
{
	char text[ALIAS_LOOP_TEXT];
	ldns_rr *rr = ldns_rr_clone(alias);
	ldns_rr_set_ttl(rr, ttl);
	ldns_rr_list_push_rr(f->answer, rr);
	if (!target->len)
		return give_up(
		    l, f, ERR_FORMAT, "its alias would be longer than the 255 octets that a name may have");
	if (f->below)
		return give_up(l, f, ERR_LAME, "a name server's name must not be an alias (RFC 2181 10.3)");
	for (unsigned i = 0; i < f->n_names; i++)
		if (dname_equal(&f->names[i], target))
			return give_up(l, f, ERR_BUDGET, "%s", tell_alias_loop(f, target, text));
	if (f->n_names > ALIASES_MAX)
		return give_up(l, f, ERR_BUDGET, "more than %u aliases, one behind the other", ALIASES_MAX);
	tell_alias(l, f, target, from_cache);
	f->sname = *target;
	f->names[f->n_names++] = *target;
	return STEP_1;
}
