#include "dnssec_evidence.h"

#include <stdlib.h>

#include "warm.h"

static void statement_free(struct statement *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++)
		ldns_rr_free(s->fact[i].rr);
	free(s->fact);
	free(s);
}

void evidence_release(struct evidence *e)
{
	for (size_t i = 0; i < e->n; i++)
		statement_free(e->said[i]);
	e->n = 0;
}

static bool copy_facts(struct statement *s, const struct message *m)
{
	s->fact = calloc(m->n_records ? m->n_records : 1, sizeof(*s->fact));
	if (!s->fact)
		return false;
	for (size_t i = 0; i < m->n_records; i++) {
		const struct record *r = &m->records[i];
		if (!r->rr || r->class != LDNS_RR_CLASS_IN)
			continue;
		ldns_rr *rr = ldns_rr_clone(r->rr);
		if (!rr)
			return false;
		s->fact[s->n++] = (struct fact){.section = r->section, .owner = r->owner, .type = r->type, .rr = rr};
	}
	return true;
}

static void note(void *ctx, const struct dname *name, uint16_t type, const struct dname *zone,
    const struct message *m, const struct analysis *a)
{
	struct evidence *e = ctx;
	(void)zone;
	if (a->kind > RESPONSE_NODATA)
		return; /* of no use */
	struct statement *s = e->n < EVIDENCE_MAX ? calloc(1, sizeof(*s)) : NULL;
	if (s)
		*s = (struct statement){.name = *name, .type = type, .kind = a->kind, .cut = a->cut};
	if (!s || !copy_facts(s, m)) {
		statement_free(s);
		e->lost = true;
		return;
	}
	e->said[e->n++] = s;
}

/* --- from a cache ------------------------------------------------------------------------------ */

static bool add_records(struct statement *s, enum section section, ldns_rr_list *rrs)
{
	size_t n = ldns_rr_list_rr_count(rrs);
	struct fact *facts = n ? reallocarray(s->fact, s->n + n, sizeof(*facts)) : s->fact;
	if (n && !facts)
		return false;
	s->fact = facts;
	for (size_t i = 0; i < n; i++) {
		ldns_rr *rr = ldns_rr_list_rr(rrs, i);
		s->fact[s->n++] = (struct fact){.section = section,
		    .owner = dname_from_rdf(ldns_rr_owner(rr)),
		    .type = (uint16_t)ldns_rr_get_type(rr),
		    .rr = rr};
	}
	ldns_rr_list_free(rrs);
	return true;
}

static enum response kind_of(const struct cache_entry *entry, uint16_t type)
{
	switch ((enum cache_kind)entry->kind) {
	case CACHE_NXDOMAIN:
		return RESPONSE_NXDOMAIN;
	case CACHE_NODATA:
		return RESPONSE_NODATA;
	case CACHE_ANSWER:
		return entry->type == type ? RESPONSE_ANSWER : RESPONSE_ALIAS;
	case CACHE_DELEGATION:
	case CACHE_GLUE:
	case CACHE_FAILURE:
		break;
	}
	return RESPONSE_FAILED;
}

bool evidence_add_entry(struct evidence *e, const struct cache_entry *entry, const struct dname *name, uint16_t type)
{
	struct statement *s = e->n < EVIDENCE_MAX ? calloc(1, sizeof(*s)) : NULL;
	ldns_rr_list *in = cache_rrs(entry, CACHE_IN, cache_original_ttl(entry)),
	             *beside = cache_rrs(entry, CACHE_BESIDE, cache_original_ttl(entry));
	if (s)
		*s = (struct statement){.name = *name, .type = type, .kind = kind_of(entry, type)};
	if (!s || !add_records(s, SECTION_ANSWER, in)) {
		ldns_rr_list_deep_free(in);
		ldns_rr_list_deep_free(beside);
	} else if (!add_records(s, SECTION_AUTHORITY, beside)) {
		ldns_rr_list_deep_free(beside);
	} else {
		e->said[e->n++] = s;
		return true;
	}
	statement_free(s);
	e->lost = true;
	return false;
}

#define JUST_ENDED 10u /* seconds: what has a TTL of 0 may be used for what it was got for */

const struct statement *evidence_from_cache(
    struct evidence *e, struct cache *c, const struct dname *name, uint16_t type, int64_t now)
{
	const struct cache_entry *entry[WARM_MAX];
	struct warm how = {.now = now, .stale = JUST_ENDED};
	if (!warm_entries(entry, c, name, type, &how) || !evidence_add_entry(e, entry[0], name, type))
		return NULL;
	return e->said[e->n - 1];
}

void evidence_watch(struct evidence *e, struct resolver *r)
{
	e->n = 0;
	e->lost = false;
	r->tap = (struct tap){.response = note, .ctx = e};
}

const struct statement *evidence_answer(const struct evidence *e, const struct dname *name, uint16_t type)
{
	for (size_t i = e->n; i-- > 0;)
		if (e->said[i]->kind != RESPONSE_REFERRAL && e->said[i]->type == type &&
		    dname_equal(&e->said[i]->name, name))
			return e->said[i];
	return NULL;
}

const struct statement *evidence_referral(const struct evidence *e, const struct dname *cut)
{
	for (size_t i = e->n; i-- > 0;)
		if (e->said[i]->kind == RESPONSE_REFERRAL && dname_equal(&e->said[i]->cut, cut))
			return e->said[i];
	return NULL;
}

const struct statement *evidence_mention(const struct evidence *e, const struct dname *name, uint16_t type)
{
	for (size_t i = e->n; i-- > 0;)
		for (size_t k = 0; k < e->said[i]->n; k++) {
			const struct fact *f = &e->said[i]->fact[k];
			if (f->section == SECTION_ANSWER && (f->type == type || f->type == LDNS_RR_TYPE_CNAME) &&
			    dname_equal(&f->owner, name))
				return e->said[i];
		}
	return NULL;
}

ldns_rr_list *statement_rrset(
    const struct statement *s, enum section section, const struct dname *owner, uint16_t type)
{
	ldns_rr_list *list = ldns_rr_list_new();
	for (size_t i = 0; list && i < s->n; i++) {
		const struct fact *f = &s->fact[i];
		bool doubled = false;
		if (f->type != type || (section != SECTION_QUESTION && f->section != section) ||
		    !dname_equal(&f->owner, owner))
			continue;
		for (size_t k = 0; k < ldns_rr_list_rr_count(list) && !doubled; k++)
			doubled = ldns_rr_compare(ldns_rr_list_rr(list, k), f->rr) == 0;
		if (!doubled)
			ldns_rr_list_push_rr(list, f->rr);
	}
	return list;
}
