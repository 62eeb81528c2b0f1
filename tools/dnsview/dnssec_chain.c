/* The chain from the root to a name, one zone after the other. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "dnssec.h"
#include "dnssec_deny.h"

uint32_t validator_now(const struct validator *v)
{
	return (uint32_t)(clock_now(v->r->clock) / NS_PER_S);
}

/* --- standings --------------------------------------------------------------------------------- */

static const struct standing *standing_find(const struct validator *v, const struct dname *zone)
{
	for (unsigned i = 0; i < v->n_zones; i++)
		if (dname_equal(&v->zone[i].zone, zone))
			return &v->zone[i];
	return NULL;
}

/* The last place is for whatever no longer fits. */
static struct standing *standing_new(struct validator *v, const struct dname *zone)
{
	struct standing *s = &v->zone[v->n_zones < ZONES_MAX ? v->n_zones++ : ZONES_MAX - 1];
	ldns_rr_list_deep_free(s->keys);
	*s = (struct standing){.zone = *zone, .security = SECURITY_BOGUS};
	return s;
}

static struct standing *settle(struct standing *s, enum security security, const char *fmt, ...) PRINTF_LIKE(3, 4);
static struct standing *settle(struct standing *s, enum security security, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(s->why, sizeof(s->why), fmt, ap);
	va_end(ap);
	s->security = security;
	return s;
}

static char *of_zone(char out[static DNAME_TEXT], const struct dname *zone)
{
	if (dname_is_root(zone))
		snprintf(out, DNAME_TEXT, "the root");
	else
		dname_text(out, zone);
	return out;
}

/* --- what was said, and what is asked now ------------------------------------------------------- */

static const struct statement *ask_cache(struct validator *v, const struct dname *name, uint16_t type)
{
	bool hopeless = v->hopeless_type == type && dname_equal(&v->hopeless, name);
	const struct statement *s = evidence_from_cache(&v->evidence, v->cache, name, type, clock_now(v->r->clock));
	if (s || hopeless || v->wanting)
		return s;
	v->wanting = true;
	v->wanted = *name;
	v->wanted_type = type;
	return NULL;
}

static const struct statement *ask(struct validator *v, const struct dname *name, uint16_t type)
{
	struct lookup_result res;
	const struct statement *s = evidence_answer(&v->evidence, name, type);
	if (s)
		return s;
	if (v->cache)
		return ask_cache(v, name, type);
	resolver_fetch(v->r, v->ex, name, type, &res);
	lookup_result_release(&res);
	return evidence_answer(&v->evidence, name, type);
}

static bool mentions(const struct statement *s, uint16_t type)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->fact[i].type == type)
			return true;
	return false;
}

struct sig_report verify_in(struct validator *v, const struct statement *s, enum section section,
    const struct dname *owner, uint16_t type, const struct standing *zone)
{
	ldns_rr_list *rrs = statement_rrset(s, section, owner, type),
	             *sigs = statement_rrset(s, section, owner, LDNS_RR_TYPE_RRSIG);
	struct sig_report r = rrset_verify(rrs, sigs, zone->keys, NULL, &zone->zone, validator_now(v), &v->budget);
	ldns_rr_list_free(rrs);
	ldns_rr_list_free(sigs);
	return r;
}

void gather_proof(struct validator *v, const struct statement *s, const struct standing *zone, struct proof *p)
{
	*p = (struct proof){.zone = zone->zone};
	for (size_t i = 0; i < s->n && p->n < PROOF_MAX; i++) {
		const struct fact *f = &s->fact[i];
		if (f->section != SECTION_AUTHORITY ||
		    (f->type != LDNS_RR_TYPE_NSEC && f->type != LDNS_RR_TYPE_NSEC3))
			continue;
		bool star = f->owner.len > 2 && f->owner.b[0] == 1 && f->owner.b[1] == '*';
		struct sig_report r = verify_in(v, s, SECTION_AUTHORITY, &f->owner, f->type, zone);
		/* Never one that was made from a wildcard: it would speak for names that it does not have. */
		if (r.sig == SIG_RIGHT && r.labels + star == dname_labels(&f->owner))
			p->rr[p->n++] = f->rr;
	}
}

/* --- a zone's keys ----------------------------------------------------------------------------- */

static const struct standing *keys_refused(
    struct validator *v, struct standing *s, const char *id, const char *ref, const char *what, const char *why)
{
	char name[DNAME_TEXT];
	ev_check(v->t, id, VERDICT_FAIL, ref, what, "%s", why);
	return settle(s, SECURITY_BOGUS, "the keys of %.120s: %.150s", of_zone(name, &s->zone), why);
}

/* "key 123 (ECDSA …), digest SHA-256": the first one that is vouched for. */
static void vouched_text(char out[static 200], const ldns_rr_list *keys, const bool *usable, const ldns_rr_list *by)
{
	for (size_t k = 0; k < ldns_rr_list_rr_count(keys); k++) {
		const ldns_rr *key = ldns_rr_list_rr(keys, k), *d = ldns_rr_list_rr(by, 0);
		if (!usable[k])
			continue;
		bool ds = ldns_rr_get_type(d) == LDNS_RR_TYPE_DS;
		snprintf(out, 200, "key %u (%s) has the %s%s", key_tag(key),
		    algorithm_name((uint8_t)rr_number(key, 2)),
		    ds ? digest_name((uint8_t)rr_number(d, 2)) : "very data", ds ? " digest" : "");
		return;
	}
}

/* Fetches the keys of a zone that list (DS records, or trust anchors) vouches for, and verifies them. */
static const struct standing *take_keys(
    struct validator *v, const struct dname *zone, const ldns_rr_list *list, const char *who)
{
	char name[DNAME_TEXT], what[DNAME_TEXT + 80], text[SIG_TEXT], by[200] = "";
	bool usable[KEYS_MAX] = {false};
	of_zone(name, zone);
	const struct statement *said = ask(v, zone, LDNS_RR_TYPE_DNSKEY);
	if (v->wanting)
		return &v->waiting;
	struct standing *s = standing_new(v, zone);
	if (!said)
		return settle(s, SECURITY_INDETERMINATE, "the keys of %.200s could not be fetched", name);
	ldns_rr_list *keys = statement_rrset(said, SECTION_ANSWER, zone, LDNS_RR_TYPE_DNSKEY);
	ldns_rr_list *sigs = statement_rrset(said, SECTION_ANSWER, zone, LDNS_RR_TYPE_RRSIG);
	const struct standing *done = NULL;
	snprintf(what, sizeof(what), "does a key of %.900s fit %s?", name, who);
	if (ldns_rr_list_rr_count(keys) == 0 || ldns_rr_list_rr_count(keys) > KEYS_MAX)
		done = keys_refused(v, s, "dnskey", "RFC 4035 5.2", what,
		    ldns_rr_list_rr_count(keys) ? "more keys than a zone may have here"
		                                : "the zone has none, though it should be signed");
	else if (keys_vouched(keys, list, usable, &v->budget) == 0)
		done = keys_refused(v, s, "dnskey", "RFC 4035 5.2", what, "none of the zone's keys fits it");
	if (!done) {
		vouched_text(by, keys, usable, list);
		ev_check(v->t, "dnskey", VERDICT_PASS, "RFC 4035 5.2", what, "%s", by);
		struct sig_report r = rrset_verify(keys, sigs, keys, usable, zone, validator_now(v), &v->budget);
		snprintf(what, sizeof(what), "are all keys of %.900s signed by that key?", name);
		sig_text(text, &r, zone);
		if (r.sig != SIG_RIGHT) {
			done = keys_refused(v, s, "dnskey-signature", sig_ref(r.sig), what, text);
		} else {
			ev_check(v->t, "dnskey-signature", VERDICT_PASS, sig_ref(r.sig), what, "%s", text);
			s->keys = ldns_rr_list_clone(keys);
			done = s->keys ? settle(s, SECURITY_SECURE, "%s", "")
			               : settle(s, SECURITY_INDETERMINATE, "out of memory");
		}
	}
	ldns_rr_list_free(keys);
	ldns_rr_list_free(sigs);
	return done;
}

static const struct standing *root_standing(struct validator *v)
{
	char who[160];
	struct dname root = dname_root();
	const struct standing *s = standing_find(v, &root);
	if (s)
		return s;
	ldns_rr_list *list = ldns_rr_list_new();
	for (unsigned i = 0; list && i < v->anchors->n; i++)
		ldns_rr_list_push_rr(list, v->anchors->rr[i]);
	trust_teach(v, TRUST_CHAIN);
	snprintf(who, sizeof(who), "the trust anchor (%.120s)", v->anchor_place);
	s = take_keys(v, &root, list, who);
	ldns_rr_list_free(list);
	return s;
}

/* --- a link ------------------------------------------------------------------------------------ */

static bool is_uncut(const struct validator *v, const struct dname *name)
{
	for (unsigned i = 0; i < v->uncut.n; i++)
		if (dname_equal(&v->uncut.name[i], name))
			return true;
	return false;
}

/* There are DS records: does the parent sign them, and do they fit? */
static const struct standing *link_by_ds(struct validator *v, const struct standing *parent, const struct dname *name,
    const struct statement *said, const ldns_rr_list *ds)
{
	char child[DNAME_TEXT], above[DNAME_TEXT], what[2 * DNAME_TEXT + 60], text[SIG_TEXT];
	struct sig_report r = verify_in(v, said, SECTION_QUESTION, name, LDNS_RR_TYPE_DS, parent);
	dname_text(child, name);
	of_zone(above, &parent->zone);
	sig_text(text, &r, &parent->zone);
	snprintf(what, sizeof(what), "does %s vouch for %s (DS)?", above, child);
	ev_check(v->t, "ds", r.sig == SIG_RIGHT ? VERDICT_PASS : VERDICT_FAIL, sig_ref(r.sig), what, "%s", text);
	if (r.sig != SIG_RIGHT)
		return settle(standing_new(v, name), SECURITY_BOGUS, "the DS record of %.120s: %.160s", child, text);
	trust_teach(v, TRUST_DS);
	bool usable = false;
	for (size_t i = 0; i < ldns_rr_list_rr_count(ds); i++)
		usable = usable || ds_usable(ldns_rr_list_rr(ds, i));
	if (!usable)
		return settle(standing_new(v, name), SECURITY_INSECURE,
		    "%.120s is signed in a way that is not known here (RFC 4035 5.2)", child);
	return take_keys(v, name, ds, "the DS record");
}

/* There are none: does the parent prove it? NULL: the name is no zone. */
static const struct standing *link_without_ds(
    struct validator *v, const struct standing *parent, const struct dname *name, const struct statement *said)
{
	char child[DNAME_TEXT], above[DNAME_TEXT], what[2 * DNAME_TEXT + 60], text[DENIAL_TEXT];
	struct proof p;
	gather_proof(v, said, parent, &p);
	struct denial d = deny(&p, name, LDNS_RR_TYPE_DS);
	bool open = d.what == DENIED_OPT_OUT || d.what == DENIED_BOUND || (d.what == DENIED_TYPE && d.delegation);
	dname_text(child, name);
	of_zone(above, &parent->zone);
	if (!open && d.what != DENIED_NOT) { /* an ordinary name, or none */
		if (v->uncut.n < ZONES_MAX)
			v->uncut.name[v->uncut.n++] = *name;
		return NULL;
	}
	snprintf(what, sizeof(what), "does %s prove that it has no DS for %s?", above, child);
	ev_check(v->t, "no-ds", open ? VERDICT_PASS : VERDICT_FAIL,
	    d.what == DENIED_BOUND     ? "RFC 9276 3.2"
	    : d.what == DENIED_OPT_OUT ? "RFC 5155 8.9"
	                               : "RFC 4035 5.2",
	    what, "%s", denial_text(text, &d));
	if (!open)
		return settle(standing_new(v, name), SECURITY_BOGUS,
		    "%.120s is signed, but neither vouches for %.120s nor proves that it need not", above, child);
	trust_teach(v, TRUST_INSECURE);
	return settle(
	    standing_new(v, name), SECURITY_INSECURE, "%.120s is not signed, and %.120s proves it", child, above);
}

/* From a secure zone to a name below it. NULL: the name is no zone of its own. */
static const struct standing *follow_link(
    struct validator *v, const struct standing *parent, const struct dname *name)
{
	const struct standing *s = standing_find(v, name);
	char child[DNAME_TEXT];
	if (s || is_uncut(v, name))
		return s;
	const struct statement *said = evidence_referral(&v->evidence, name);
	if (!said || !(mentions(said, LDNS_RR_TYPE_DS) || mentions(said, LDNS_RR_TYPE_NSEC) ||
	                 mentions(said, LDNS_RR_TYPE_NSEC3)))
		said = ask(v, name, LDNS_RR_TYPE_DS);
	if (v->wanting)
		return &v->waiting;
	if (!said)
		return settle(standing_new(v, name), SECURITY_INDETERMINATE,
		    "whether %.120s is signed could not be found out: no usable answer about its DS record",
		    dname_text(child, name));
	if (said->kind == RESPONSE_ALIAS &&
	    verify_in(v, said, SECTION_ANSWER, name, LDNS_RR_TYPE_CNAME, parent).sig == SIG_RIGHT)
		return NULL; /* an alias is no zone */
	ldns_rr_list *ds = statement_rrset(said, SECTION_QUESTION, name, LDNS_RR_TYPE_DS);
	s = ldns_rr_list_rr_count(ds) ? link_by_ds(v, parent, name, said, ds)
	                              : link_without_ds(v, parent, name, said);
	ldns_rr_list_free(ds);
	return s;
}

const struct standing *chain_to(struct validator *v, const struct dname *name)
{
	const struct standing *at = root_standing(v);
	unsigned labels = dname_labels(name);
	for (unsigned n = 1; n <= labels && at->security == SECURITY_SECURE; n++) {
		struct dname down = dname_suffix(name, n);
		const struct standing *next = follow_link(v, at, &down);
		if (next)
			at = next;
	}
	return at;
}
