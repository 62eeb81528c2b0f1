#include "dnssec.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dnssec_deny.h"

void validator_init(struct validator *v, struct resolver *r, struct exchange ex, const struct anchors *anchors,
    const char *anchor_place)
{
	*v = (struct validator){
	    .r = r, .ex = ex, .anchors = anchors, .anchor_place = anchor_place, .t = r->narrator.trace};
	evidence_watch(&v->evidence, r);
}

void validator_init_cached(
    struct validator *v, struct resolver *r, const struct anchors *anchors, const char *anchor_place)
{
	*v = (struct validator){
	    .r = r, .anchors = anchors, .anchor_place = anchor_place, .t = r->narrator.trace, .cache = r->cache};
	v->waiting = (struct standing){.security = SECURITY_INDETERMINATE, .why = "something is still missing"};
}

void validator_release(struct validator *v)
{
	for (unsigned i = 0; i < v->n_zones; i++)
		ldns_rr_list_deep_free(v->zone[i].keys);
	evidence_release(&v->evidence);
	if (!v->cache)
		v->r->tap = (struct tap){0};
	v->n_zones = 0;
}

/* --- one RRset, or one no ---------------------------------------------------------------------- */

struct finding {
	enum security security;
	char why[WHY_MAX];
};

static struct finding found(enum security security, const char *fmt, ...) PRINTF_LIKE(2, 3);
static struct finding found(enum security security, const char *fmt, ...)
{
	struct finding f = {.security = security};
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(f.why, sizeof(f.why), fmt, ap);
	va_end(ap);
	return f;
}

/* The zone that signed an RRset, as its signature says; false: no signature. It is a hint only: whoever
 * signed must be at or above the owner, and the chain must lead there. */
static bool signer_of(
    const struct statement *s, enum section section, const struct dname *owner, uint16_t type, struct dname *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const struct fact *f = &s->fact[i];
		if (f->section != section || f->type != LDNS_RR_TYPE_RRSIG || !dname_equal(&f->owner, owner) ||
		    rr_number(f->rr, 0) != type)
			continue;
		*out = dname_from_rdf(ldns_rr_rdf(f->rr, 7));
		bool above = type != LDNS_RR_TYPE_DS || !dname_equal(owner, out); /* RFC 4035 2.4: the parent's */
		if (above && dname_at_or_below(owner, out))
			return true;
	}
	return false;
}

/* A wildcard's answer is only right where there is no closer name (RFC 4035 5.3.4). */
static struct finding check_wildcard(struct validator *v, const struct statement *s, const struct standing *zone,
    const struct dname *owner, unsigned labels)
{
	struct proof p;
	gather_proof(v, s, zone, &p);
	bool ok = deny_closer(&p, owner, labels);
	ev_check(v->t, "wildcard", ok ? VERDICT_PASS : VERDICT_FAIL, "RFC 4035 5.3.4", "was a wildcard rightly used?",
	    ok ? "a signed record proves that there is no closer name"
	       : "no signed record proves that there is no closer name");
	return ok ? found(SECURITY_SECURE, "%s", "")
	          : found(SECURITY_BOGUS, "a wildcard was used without proof that there is no closer name");
}

static struct finding check_rrset(
    struct validator *v, const struct statement *s, const struct dname *owner, uint16_t type)
{
	char what[DNAME_TEXT + 60], name[DNAME_TEXT], t[TYPE_TEXT], text[SIG_TEXT];
	struct dname signer = *owner;
	bool is_signed = signer_of(s, SECTION_ANSWER, owner, type, &signer);
	if (!is_signed && type == LDNS_RR_TYPE_DS)
		signer = dname_parent(owner);
	const struct standing *zone = chain_to(v, &signer);
	if (zone->security != SECURITY_SECURE)
		return found(zone->security, "%s", zone->why);
	struct sig_report r = verify_in(v, s, SECTION_ANSWER, owner, type, zone);
	dname_text(name, owner);
	snprintf(what, sizeof(what), "is %s %s signed by its zone?", name, type_text(t, type));
	sig_text(text, &r, &zone->zone);
	if (r.sig == SIG_NONE && is_signed)
		r.sig = SIG_SIGNER;
	ev_check(v->t, "answer-signature", r.sig == SIG_RIGHT ? VERDICT_PASS : VERDICT_FAIL, sig_ref(r.sig), what,
	    "%s", text);
	if (r.sig != SIG_RIGHT)
		return found(SECURITY_BOGUS, "%.100s %s: %.180s", name, t, text);
	if (r.labels < dname_labels(owner) && !(owner->b[0] == 1 && owner->b[1] == '*'))
		return check_wildcard(v, s, zone, owner, r.labels);
	return found(SECURITY_SECURE, "%s", "");
}

/* The zone that signed the proof of a no: of the SOA record, of NSEC or NSEC3; else as far as the name leads.
 */
static struct dname denier(const struct statement *s, const struct dname *name)
{
	struct dname signer;
	for (size_t i = 0; i < s->n; i++) {
		const struct fact *f = &s->fact[i];
		if (f->section == SECTION_AUTHORITY &&
		    (f->type == LDNS_RR_TYPE_NSEC || f->type == LDNS_RR_TYPE_NSEC3 || f->type == LDNS_RR_TYPE_SOA) &&
		    signer_of(s, SECTION_AUTHORITY, &f->owner, f->type, &signer) && dname_at_or_below(name, &signer))
			return signer;
	}
	return *name;
}

static struct finding check_denial(
    struct validator *v, const struct statement *s, const struct dname *name, uint16_t type)
{
	char what[DNAME_TEXT + 60], text[DENIAL_TEXT], n[DNAME_TEXT], t[TYPE_TEXT];
	struct dname signer = denier(s, name);
	const struct standing *zone = chain_to(v, &signer);
	struct proof p;
	if (zone->security != SECURITY_SECURE)
		return found(zone->security, "%s", zone->why);
	gather_proof(v, s, zone, &p);
	struct denial d = deny(&p, name, type);
	bool no_name = s->kind == RESPONSE_NXDOMAIN;
	bool open = d.what == DENIED_OPT_OUT || d.what == DENIED_BOUND;
	bool ok = open || d.what == (no_name ? DENIED_NAME : DENIED_TYPE);
	dname_text(n, name);
	if (no_name)
		snprintf(what, sizeof(what), "is it proven that there is no %s?", n);
	else
		snprintf(what, sizeof(what), "is it proven that %s has no %s?", n, type_text(t, type));
	if (!ok)
		d.by = NULL;
	ev_check(v->t, no_name ? "no-name" : "no-data", ok ? VERDICT_PASS : VERDICT_FAIL,
	    d.by && ldns_rr_get_type(d.by) == LDNS_RR_TYPE_NSEC3 ? "RFC 5155 8.4" : "RFC 4035 5.4", what, "%s",
	    denial_text(text, &d));
	trust_teach(v, TRUST_DENIAL);
	if (open)
		return found(SECURITY_INSECURE, "the zone does not prove everything (NSEC3)");
	return ok ? found(SECURITY_SECURE, "%s", "")
	          : found(SECURITY_BOGUS, "no signed record proves that %.200s",
	                no_name ? "the name does not exist" : "the name has no such record");
}

/* --- a whole answer ---------------------------------------------------------------------------- */

static bool has(const struct statement *s, const struct dname *owner, uint16_t type)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->fact[i].section == SECTION_ANSWER && s->fact[i].type == type &&
		    dname_equal(&s->fact[i].owner, owner))
			return true;
	return false;
}

/* The owner of the DNAME that a statement answers with, if it does. */
static const struct fact *dname_above(const struct statement *s, const struct dname *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->fact[i].section == SECTION_ANSWER && s->fact[i].type == LDNS_RR_TYPE_DNAME &&
		    dname_below(name, &s->fact[i].owner))
			return &s->fact[i];
	return NULL;
}

/* Checks one step: the answer, a no, or an alias; then *name is its target and *more true. */
static struct finding check_step(struct validator *v, struct dname *name, uint16_t type, bool *more)
{
	char text[DNAME_TEXT];
	const struct statement *s = evidence_answer(&v->evidence, name, type);
	*more = false;
	if (!s)
		s = evidence_mention(&v->evidence, name, type);
	if (!s)
		return found(SECURITY_INDETERMINATE, "what was said of %.200s was not kept", dname_text(text, name));
	if (has(s, name, type))
		return check_rrset(v, s, name, type);
	const struct fact *d = dname_above(s, name);
	if (d) {
		struct dname to = rr_target(d->rr), owner = d->owner, from = *name;
		*more = dname_move(name, &from, &owner, &to) == ERR_OK;
		return check_rrset(v, s, &owner, LDNS_RR_TYPE_DNAME);
	}
	if (has(s, name, LDNS_RR_TYPE_CNAME)) {
		ldns_rr_list *rrs = statement_rrset(s, SECTION_ANSWER, name, LDNS_RR_TYPE_CNAME);
		struct finding f = check_rrset(v, s, name, LDNS_RR_TYPE_CNAME);
		*name = rr_target(ldns_rr_list_rr(rrs, 0));
		*more = true;
		ldns_rr_list_free(rrs);
		return f;
	}
	return check_denial(v, s, name, type);
}

static char *verdict_json(const struct validator *v, const struct lookup_result *res, const struct finding *f)
{
	char text[DNAME_TEXT], type[TYPE_TEXT];
	json_t *zones = json_array();
	for (unsigned i = 0; i < v->n_zones; i++)
		json_array_append_new(zones, json_pack("{s:s, s:s}", "zone", dname_text(text, &v->zone[i].zone),
		                                 "security", security_name(v->zone[i].security)));
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:o}", "name", dname_text(text, &res->name), "type",
	    type_text(type, res->type), "security", security_name(f->security), "why", f->why, "zones", zones);
	char *out = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return out;
}

static void tell_verdict(struct validator *v, const struct lookup_result *res, const struct finding *f)
{
	static const enum err errs[] = {ERR_OK, ERR_OK, ERR_LAME, ERR_NEGATIVE};
	static const char *const meaning[] = {"every link from the trust anchor to it holds",
	    "nobody signed it, and that is proven: it may be right or not",
	    "it could not be found out whether it is signed", "it must not be used"};
	char name[DNAME_TEXT], type[TYPE_TEXT], *json = verdict_json(v, res, f);
	if (f->security == SECURITY_BOGUS)
		trust_teach(v, TRUST_BOGUS);
	ev_result(v->t, errs[f->security], json, "%s: %s %s%s%s; %s", security_name(f->security),
	    dname_text(name, &res->name), type_text(type, res->type), f->why[0] ? ": " : "", f->why,
	    meaning[f->security]);
	free(json);
}

enum security validator_check(struct validator *v, const struct lookup_result *res)
{
	struct finding f = found(SECURITY_INDETERMINATE, "there was no usable answer");
	struct dname name = res->name;
	bool more = res->outcome != OUTCOME_FAILURE;
	char text[DNAME_TEXT], type[TYPE_TEXT];
	v->budget = CRYPTO_MAX;
	if (more) {
		ev_heading(v->t, "Chain of trust: %s %s", dname_text(text, &name), type_text(type, res->type));
		f = found(SECURITY_SECURE, "%s", "");
	}
	for (unsigned i = 0; more && i <= ALIASES_MAX && f.security != SECURITY_BOGUS; i++) {
		struct finding next = check_step(v, &name, res->type, &more);
		if (next.security > f.security)
			f = next;
	}
	if (!v->wanting)
		tell_verdict(v, res, &f);
	return f.security;
}
