/* Step 4 of RFC 1034 5.3.3: what a response means, and what to do with it. */
#include <stdlib.h>
#include <string.h>

#include "lookup.h"
#include "narrative.h"

static enum step ask_again(struct lookup *l, struct frame *f, bool tcp, bool edns);

/* --- 4. Analyze the response ------------------------------------------------------------------- */

/* Rule 10. The least of the SOA's TTL and its MINIMUM field (RFC 2308 5); 0 without an SOA: not kept. */
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
		tell_trust(l, f, m, a); /* rule 5: RFC 2181 5.4.1; CVE-2025-11411 */
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

/* Rule 4. The addresses that came with a referral: only those of the name servers that it names, and only from a
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

/* A CNAME that a DNAME of the same answer makes: the DNAME alone is kept, and makes it again (RFC 6672 3.1). */
static bool below_dname(const struct message *m, const struct dname *name)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (m->records[i].section == SECTION_ANSWER && m->records[i].type == LDNS_RR_TYPE_DNAME &&
		    dname_below(name, &m->records[i].owner))
			return true;
	return false;
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
		if (ldns_rr_list_rr_count(rrs) != 1 || below_dname(m, &name)) {
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
static enum step step_4d_drop_server(struct lookup *l, struct frame *f, const char *why, bool odd)
{
	struct slist_address *a = &f->slist.address[f->at];
	struct slist_ns *ns = &f->slist.ns[a->ns];
	a->dropped = true;
	a->odd = odd;
	ns->looked_up[0] = ns->looked_up[1] = true; /* its other addresses are the same server's */
	f->last_err = ERR_LAME;
	servers_note_lame(l->r->servers, &a->ip, &f->slist.zone, false, l->now);
	tell_dropped(l, f, why);
	return STEP_3;
}

/* A server that is somebody's resolver: whatever it knows is second hand, so servers of the zone come first. */
static enum step step_4d_put_resolver_last(struct lookup *l, struct frame *f, const char *why)
{
	struct slist_address *a = &f->slist.address[f->at];
	a->dropped = a->hearsay = true;
	f->last_err = ERR_LAME;
	servers_note_lame(l->r->servers, &a->ip, &f->slist.zone, true, l->now);
	tell_hearsay(l, f, why);
	return STEP_3;
}

/* DS records are the parent's (RFC 4035 3.1.4.1). A server that has a zone further up and the child, but not the parent
 * between them, answers as the child, which has none: the parent must be found first. */
static bool is_childs_word(const struct frame *f, const struct analysis *a)
{
	bool no = a->kind == RESPONSE_NODATA && (!a->soa || dname_equal(&a->soa->owner, &f->sname));
	return f->stype == LDNS_RR_TYPE_DS && !f->stepwise && (no || a->kind == RESPONSE_ALIAS) &&
	       dname_labels(&f->sname) > dname_labels(&f->slist.zone) + 1;
}

static enum step step_4_find_parent(struct lookup *l, struct frame *f)
{
	tell_childs_word(l, f);
	f->stepwise = true;
	minimise_begin(l, f);
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
		return step_4d_drop_server(l, f, a->why, a->kind == RESPONSE_LAME && m->rcode == LDNS_RCODE_NOERROR);
	case RESPONSE_HEARSAY:
		return step_4d_put_resolver_last(l, f, a->why);
	case RESPONSE_TRUNCATED:
		if (f->tcp)
			return step_4d_drop_server(l, f, "it cuts its answer even over TCP", false);
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
	servers_note_answer(l->r->servers, &addr->ip, reply->rtt_ns, l->now);
	if (match == MATCH_CASE && !f->tcp) {
		tell_case_changed(l, f, reply);
		return ask_again(l, f, true, f->edns);
	}
	if (match != MATCH_YES && match != MATCH_CASE) {
		tell_mismatch(l, f, reply, match);
		return step_4d_drop_server(l, f, match_text(match), false);
	}
	enum err e = response_parse(&m, q, &f->qname, reply->bytes, reply->len, &at);
	if (e) {
		tell_malformed(l, f, reply, e, at);
		return step_4d_drop_server(l, f, "its response is malformed", false);
	}
	struct analysis a = response_analyze(
	    &m, &f->qname, f->qtype, (struct asked_how){.edns = q->edns, .recursion = q->recursion}, &f->slist.zone);
	note_response(l, &m, &a);
	tell_response(l, f, reply, &m, &a);
	if (l->r->tap.response)
		l->r->tap.response(l->r->tap.ctx, &f->qname, f->qtype, &f->slist.zone, &m, &a);
	if (f->plain_case && a.kind <= RESPONSE_NODATA)
		servers_forget_lame(l->r->servers, &addr->ip, &f->slist.zone);
	l->said = &m;
	enum step next = minimise_next(l, f, &a) ? STEP_3
	                 : is_childs_word(f, &a) ? step_4_find_parent(l, f)
	                                         : step_4_act(l, f, &m, &a);
	l->said = NULL;
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

/* One DNAME may move several names of a chain: it is in the answer once. */
static bool push_alias(struct frame *f, const ldns_rr *alias, uint32_t ttl)
{
	for (size_t i = 0; i < ldns_rr_list_rr_count(f->answer); i++)
		if (ldns_rr_compare(ldns_rr_list_rr(f->answer, i), alias) == 0)
			return true;
	ldns_rr *rr = ldns_rr_clone(alias);
	if (!rr)
		return false;
	ldns_rr_set_ttl(rr, ttl);
	return ldns_rr_list_push_rr(f->answer, rr);
}

/* Rule 7. Changes SNAME to what it is an alias of, and goes to step 1; bounded, and never in a circle (RFC
 * 1034 5.2.2). */
enum step restart_at(struct lookup *l, struct frame *f, const ldns_rr *alias, const struct dname *target,
    uint32_t ttl, bool from_cache)
{
	char text[ALIAS_LOOP_TEXT];
	if (!push_alias(f, alias, ttl)) {
		l->fatal = ERR_NOMEM;
		return STEP_DONE;
	}
	if (!target->len) {
		tell_alias_too_long(l, f);
		return finish(l, f, OUTCOME_YXDOMAIN);
	}
	if (f->below)
		return give_up(l, f, ERR_LAME, "a name server's name must not be an alias (RFC 2181 10.3)");
	for (unsigned i = 0; i < f->n_names; i++)
		if (dname_equal(&f->names[i], target))
			return give_up(l, f, ERR_BUDGET, "%s", tell_alias_loop(f, target, text));
	if (f->n_names > ALIASES_MAX)
		return give_up(l, f, ERR_BUDGET, "more than %u aliases, one behind the other", ALIASES_MAX);
	tell_alias(l, f, target, from_cache);
	f->full = f->renewed = f->stepped = f->stepwise = false;
	f->minimised = 0;
	f->sname = *target;
	f->names[f->n_names++] = *target;
	return STEP_1;
}
