#include "classify.h"

static bool is_in(const struct record *r, enum section section, uint16_t type)
{
	return r->section == section && r->type == type && r->class == LDNS_RR_CLASS_IN;
}

/* The record that answers, or a CNAME at the name, or the DNAME closest above it. */
static const struct record *find_answer(const struct message *m, const struct dname *name, uint16_t type)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (is_in(&m->records[i], SECTION_ANSWER, type) && dname_equal(&m->records[i].owner, name))
			return &m->records[i];
	return NULL;
}

static const struct record *find_dname(const struct message *m, const struct dname *name, const struct dname *zone)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (is_in(&m->records[i], SECTION_ANSWER, LDNS_RR_TYPE_DNAME) &&
		    dname_below(name, &m->records[i].owner) && dname_at_or_below(&m->records[i].owner, zone))
			return &m->records[i];
	return NULL;
}

static const struct record *find_soa(const struct message *m, const struct dname *name, const struct dname *zone)
{
	for (size_t i = 0; i < m->n_records; i++)
		if (is_in(&m->records[i], SECTION_AUTHORITY, LDNS_RR_TYPE_SOA) &&
		    dname_at_or_below(name, &m->records[i].owner) && dname_at_or_below(&m->records[i].owner, zone))
			return &m->records[i];
	return NULL;
}

/* Rule 3. NS records in the authority section: those of one zone further down are a referral; *elsewhere is the owner
 * of one that leads upward, sideways or back. */
static const struct record *find_referral(
    const struct message *m, const struct dname *name, const struct dname *zone, const struct record **elsewhere)
{
	const struct record *found = NULL;
	*elsewhere = NULL;
	for (size_t i = 0; i < m->n_records; i++) {
		const struct record *r = &m->records[i];
		if (!is_in(r, SECTION_AUTHORITY, LDNS_RR_TYPE_NS))
			continue;
		if (dname_below(&r->owner, zone) && dname_at_or_below(name, &r->owner))
			found = found ? found : r;
		else
			*elsewhere = r;
	}
	return found;
}

static struct analysis alias(const struct record *r, const struct dname *name)
{
	struct analysis a = {.kind = RESPONSE_ALIAS, .alias = r};
	if (r->type == LDNS_RR_TYPE_CNAME)
		a.target = r->target;
	else if (dname_move(&a.target, name, &r->owner, &r->target))
		a.target.len = 0;
	return a;
}

/* A response without an answer to the name. */
static struct analysis analyze_rest(const struct message *m, const struct dname *name, const struct dname *zone)
{
	const struct record *soa = find_soa(m, name, zone), *elsewhere;
	if (m->rcode == LDNS_RCODE_NXDOMAIN)
		return (struct analysis){.kind = RESPONSE_NXDOMAIN, .soa = soa};
	const struct record *ns = find_referral(m, name, zone, &elsewhere);
	if (ns && !soa)
		return (struct analysis){.kind = RESPONSE_REFERRAL, .cut = ns->owner};
	/* A zone's own NS set beside a "no" is common; one from further up or from the side is the sign of a server
	 * that does not have the zone. */
	if (!soa && elsewhere && !(m->aa && dname_equal(&elsewhere->owner, zone)))
		return (struct analysis){.kind = RESPONSE_LAME,
		    .cut = elsewhere->owner,
		    .why = "it points up or sideways instead of down"};
	if (soa || m->aa)
		return (struct analysis){.kind = RESPONSE_NODATA, .soa = soa};
	return (struct analysis){.kind = RESPONSE_NODATA};
}

static struct analysis analyze_content(
    const struct message *m, const struct dname *name, uint16_t type, const struct dname *zone)
{
	const struct record *r = find_dname(m, name, zone);
	if (!r && m->rcode == LDNS_RCODE_YXDOMAIN)
		return (struct analysis){.kind = RESPONSE_FAILED, .why = "the server failed"};
	if (!r)
		r = find_answer(m, name, type);
	if (!r)
		r = find_answer(m, name, LDNS_RR_TYPE_CNAME);
	if (!r)
		return analyze_rest(m, name, zone);
	if (r->type != type || !dname_equal(&r->owner, name))
		return alias(r, name);
	return (struct analysis){.kind = RESPONSE_ANSWER};
}

/* Second-hand, for want of a better one? Recursion offered (RA) and no authority (AA): somebody's resolver, which
 * repeats what it has heard. Neither authority nor anything else: a server that does not know the zone, perhaps.
 * NULL: it is not. */
static const char *is_hearsay(const struct message *m, const struct analysis *a)
{
	bool says = a->kind == RESPONSE_ANSWER || a->kind == RESPONSE_ALIAS || a->kind == RESPONSE_NXDOMAIN ||
	            a->kind == RESPONSE_NODATA;
	if (says && m->ra && !m->aa)
		return "it answers without authority, from hearsay: a resolver, not a server of the zone";
	if (a->kind == RESPONSE_NODATA && !m->aa && !a->soa)
		return "it says nothing: neither an answer nor a referral, and without authority";
	return NULL;
}

struct analysis response_analyze(
    const struct message *m, const struct dname *name, uint16_t type, struct asked_how how, const struct dname *zone)
{
	if (how.edns && (m->rcode == LDNS_RCODE_FORMERR || m->rcode == LDNS_RCODE_NOTIMPL || m->rcode == 16))
		return (struct analysis){.kind = RESPONSE_NO_EDNS};
	if (m->rcode == LDNS_RCODE_REFUSED || m->rcode == LDNS_RCODE_NOTAUTH)
		return (struct analysis){.kind = RESPONSE_LAME, .why = "it refuses to answer for this zone"};
	if (m->rcode != LDNS_RCODE_NOERROR && m->rcode != LDNS_RCODE_NXDOMAIN && m->rcode != LDNS_RCODE_YXDOMAIN)
		return (struct analysis){.kind = RESPONSE_FAILED, .why = "the server failed"};
	if (m->tc)
		return (struct analysis){.kind = RESPONSE_TRUNCATED};
	struct analysis a = analyze_content(m, name, type, zone);
	const char *why = how.recursion ? NULL : is_hearsay(m, &a);
	return why ? (struct analysis){.kind = RESPONSE_HEARSAY, .why = why} : a;
}

const char *response_name(enum response r)
{
	switch (r) {
	case RESPONSE_ANSWER:
		return "answer";
	case RESPONSE_ALIAS:
		return "alias";
	case RESPONSE_REFERRAL:
		return "referral";
	case RESPONSE_NXDOMAIN:
		return "nxdomain";
	case RESPONSE_NODATA:
		return "nodata";
	case RESPONSE_TRUNCATED:
		return "truncated";
	case RESPONSE_NO_EDNS:
		return "no-edns";
	case RESPONSE_LAME:
		return "lame";
	case RESPONSE_HEARSAY:
		return "hearsay";
	case RESPONSE_FAILED:
		return "failed";
	}
	return "";
}
