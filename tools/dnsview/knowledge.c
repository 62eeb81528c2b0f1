/* What a lookup knows: reading and filling the cache, and making the SLIST of it. */
#include <stdlib.h>
#include <string.h>

#include "lookup.h"
#include "narrative.h"

const struct cache_entry *known(struct lookup *l, enum cache_kind kind, const struct dname *name, uint16_t type)
{
	const struct cache_entry *e;
	switch (cache_find(l->r->cache, kind, name, type, l->now, &e)) {
	case CACHE_FRESH:
		return e;
	case CACHE_EXPIRED:
		return e->lookup == l->number ? e : NULL;
	case CACHE_ABSENT:
		break;
	}
	return NULL;
}

/* --- signatures -------------------------------------------------------------------------------- */

static bool covers(const struct record *rec, uint16_t type)
{
	return rec->type == LDNS_RR_TYPE_RRSIG && rec->rr && ldns_rr_rd_count(rec->rr) > 3 &&
	       ldns_rdf2native_int16(ldns_rr_rdf(rec->rr, 0)) == type;
}

/* Made from a wildcard (RFC 4034 3.1.3)? The name that was signed has fewer labels than the owner. */
static bool from_wildcard(const struct record *rec)
{
	return ldns_rdf2native_int8(ldns_rr_rdf(rec->rr, 2)) < dname_labels(&rec->owner);
}

static void take(ldns_rr_list **list, const struct record *rec, const struct dname *owner)
{
	ldns_rr *rr = ldns_rr_clone(rec->rr);
	if (rr && !*list)
		*list = ldns_rr_list_new();
	if (rr && owner)
		rr_set_owner(rr, owner);
	if (rr && (!*list || !ldns_rr_list_push_rr(*list, rr)))
		ldns_rr_free(rr);
}

/* The proofs of what does not exist, as far as the zone asked may speak. */
static void add_proofs(const struct lookup *l, const struct frame *f, struct cache_put *p)
{
	for (size_t i = 0; i < l->said->n_records; i++) {
		const struct record *rec = &l->said->records[i];
		bool proof = rec->type == LDNS_RR_TYPE_NSEC || rec->type == LDNS_RR_TYPE_NSEC3 ||
		             covers(rec, LDNS_RR_TYPE_NSEC) || covers(rec, LDNS_RR_TYPE_NSEC3) ||
		             (covers(rec, LDNS_RR_TYPE_SOA) && p->kind != CACHE_ANSWER);
		if (proof && rec->rr && rec->section == SECTION_AUTHORITY && rec->class == LDNS_RR_CLASS_IN &&
		    dname_at_or_below(&rec->owner, &f->slist.zone))
			take(&p->proof, rec, NULL);
	}
}

static void add_signatures(const struct lookup *l, const struct frame *f, struct cache_put *p)
{
	bool wildcard = false;
	if (p->kind == CACHE_NODATA || p->kind == CACHE_NXDOMAIN)
		add_proofs(l, f, p);
	if (p->kind != CACHE_ANSWER || !p->rrs)
		return;
	for (size_t i = 0; i < l->said->n_records; i++) {
		const struct record *rec = &l->said->records[i];
		if (rec->section != SECTION_ANSWER || !covers(rec, p->type) || !dname_equal(&rec->owner, p->name))
			continue;
		take(&p->rrs, rec, p->name);
		wildcard = wildcard || from_wildcard(rec);
	}
	if (wildcard)
		add_proofs(l, f, p);
}

void keep(struct lookup *l, struct frame *f, enum cache_kind kind, const struct dname *name, uint16_t type,
    uint32_t ttl, ldns_rr_list *rrs)
{
	bool negative = kind == CACHE_NXDOMAIN || kind == CACHE_NODATA;
	const struct dname *from = &f->slist.ns[f->slist.address[f->at].ns].name;
	struct cache_put p = {.kind = kind, .name = name, .type = type, .rrs = rrs, .from = from};
	p.ttl = ttl_bounded(ttl, negative ? CACHE_NEGATIVE_TTL_MAX : CACHE_TTL_MAX);
	p.from_ip = &f->slist.address[f->at].ip;
	p.now = l->now;
	p.lookup = l->number;
	tell_kept(l, &p, ttl);
	if (l->r->config.keep_signatures && l->said)
		add_signatures(l, f, &p);
	if (cache_put(l->r->cache, p))
		l->fatal = ERR_NOMEM;
}

ldns_rr_list *collect(
    const struct message *m, enum section section, const struct dname *name, uint16_t type, uint32_t *ttl)
{
	ldns_rr_list *rrs = ldns_rr_list_new();
	*ttl = 0;
	for (size_t i = 0; rrs && i < m->n_records; i++) {
		const struct record *rec = &m->records[i];
		if (rec->section != section || rec->type != type || rec->class != LDNS_RR_CLASS_IN || !rec->rr ||
		    !dname_equal(&rec->owner, name))
			continue;
		ldns_rr *rr = ldns_rr_clone(rec->rr);
		rr_set_owner(rr, name);
		uint32_t sent = rec->ttl & 0x80000000u ? 0 : rec->ttl;
		*ttl = ldns_rr_list_rr_count(rrs) == 0 || sent < *ttl ? sent : *ttl;
		ldns_rr_list_push_rr(rrs, rr);
	}
	return rrs;
}

/* --- the SLIST --------------------------------------------------------------------------------- */

struct dname closest_zone(struct lookup *l, const struct dname *name, const struct cache_entry **delegation)
{
	struct dname zone = *name;
	for (;;) {
		*delegation = known(l, CACHE_DELEGATION, &zone, LDNS_RR_TYPE_NS);
		if (*delegation || dname_is_root(&zone))
			return zone;
		zone = dname_parent(&zone);
	}
}

unsigned cuts_known(struct lookup *l, const struct dname *name)
{
	unsigned n = 0;
	for (struct dname zone = *name; !dname_is_root(&zone); zone = dname_parent(&zone)) {
		const struct cache_entry *e = known(l, CACHE_DELEGATION, &zone, LDNS_RR_TYPE_NS);
		n += e && e->lookup != l->number;
	}
	return n;
}

static bool family_wanted(const struct lookup *l, uint8_t family)
{
	return family == 4 ? l->r->config.use_v4 : l->r->config.use_v6;
}

/* One address, unless it is of no use or must not be asked. */
static unsigned add_address(struct lookup *l, struct frame *f, unsigned ns, const struct ip *ip)
{
	if (!family_wanted(l, ip->family))
		return 0;
	const char *refused = policy_refuses(&l->r->config.policy, ip);
	if (refused) {
		tell_address_refused(l, f, ns, ip, refused);
		return 0;
	}
	if (!slist_add_address(&f->slist, ns, ip))
		return 0;
	enum lameness lame = servers_lameness(l->r->servers, ip, &f->slist.zone, l->now);
	if (lame != LAME_NOT) {
		struct slist_address *a = &f->slist.address[f->slist.n_addresses - 1];
		a->dropped = true;
		a->hearsay = lame == LAME_RESOLVER;
		f->last_err = ERR_LAME;
		tell_known_lame(l, f, ns, ip);
	}
	return 1;
}

static unsigned add_from(struct lookup *l, struct frame *f, unsigned ns, const struct cache_entry *e)
{
	unsigned added = 0;
	for (struct cache_record r = {0}; e && cache_record_next(e, &r);) {
		if (r.type != e->type || r.len != (r.type == LDNS_RR_TYPE_A ? 4u : 16u))
			continue;
		struct ip ip = ip_from(r.len == 4 ? 4 : 6, r.rdata);
		added += add_address(l, f, ns, &ip);
	}
	return added;
}

static const uint16_t address_types[] = {LDNS_RR_TYPE_A, LDNS_RR_TYPE_AAAA};

unsigned slist_add_known(struct lookup *l, struct frame *f, unsigned ns)
{
	unsigned added = 0;
	for (unsigned t = 0; t < 2; t++) {
		/* authoritative data outranks glue (RFC 2181 5.4.1) */
		const struct cache_entry *e = known(l, CACHE_ANSWER, &f->slist.ns[ns].name, address_types[t]);
		if (!e)
			e = known(l, CACHE_GLUE, &f->slist.ns[ns].name, address_types[t]);
		added += add_from(l, f, ns, e);
	}
	return added;
}

unsigned slist_add_glue(struct lookup *l, struct frame *f, unsigned ns)
{
	unsigned added = 0;
	for (unsigned t = 0; t < 2; t++)
		if (known(l, CACHE_ANSWER, &f->slist.ns[ns].name, address_types[t])) /* else it was used already */
			added += add_from(l, f, ns, known(l, CACHE_GLUE, &f->slist.ns[ns].name, address_types[t]));
	return added;
}

static void fill_from_hints(struct lookup *l, struct frame *f)
{
	const struct hints *h = l->r->hints;
	f->slist.from_hints = true;
	for (unsigned i = 0; i < h->n; i++) {
		slist_add_ns(&f->slist, &h->server[i].name);
		for (unsigned k = 0; k < h->server[i].n_ip; k++)
			add_address(l, f, i, &h->server[i].ip[k]);
	}
}

void slist_fill(struct lookup *l, struct frame *f, const struct dname *name)
{
	const struct cache_entry *e;
	struct dname zone = closest_zone(l, name, &e);
	slist_init(&f->slist, &zone);
	f->last_err = ERR_OK;
	if (!e) {
		fill_from_hints(l, f);
		return;
	}
	for (struct cache_record r = {0}; cache_record_next(e, &r);) {
		struct dname ns = cache_target(&r);
		if (r.type == LDNS_RR_TYPE_NS && slist_add_ns(&f->slist, &ns))
			slist_add_known(l, f, f->slist.n_ns - 1);
	}
}

/* --- name servers' addresses ------------------------------------------------------------------- */

static bool is_waited_for(const struct frame *f, const struct dname *name, uint16_t type)
{
	for (; f; f = f->below)
		for (unsigned i = 0; i < f->n_names; i++)
			if (f->stype == type && dname_equal(&f->names[i], name))
				return true;
	return false;
}

static bool has_address(const struct slist *s, unsigned ns, uint8_t family)
{
	for (unsigned i = 0; i < s->n_addresses; i++)
		if (s->address[i].ns == ns && s->address[i].ip.family == family)
			return true;
	return false;
}

/* Rule 8. May the address of this name server be looked up? */
static bool worth_lookup(struct lookup *l, struct frame *f, unsigned ns, uint16_t type)
{
	const struct dname *name = &f->slist.ns[ns].name;
	if (dname_at_or_below(name, &f->slist.zone)) {
		if (!has_address(&f->slist, ns, 4) && !has_address(&f->slist, ns, 6))
			tell_needs_glue(l, f, ns);
		f->slist.ns[ns].looked_up[0] = f->slist.ns[ns].looked_up[1] = true;
		return false;
	}
	if (is_waited_for(f, name, type)) {
		tell_ns_cycle(l, f, ns);
		return false;
	}
	if (f->depth + 1 >= DEPTH_MAX || f->slist.lookups >= NS_LOOKUPS_DELEGATION_MAX) {
		tell_ns_bound(l, f, ns);
		return false;
	}
	return true;
}

static void push(struct lookup *l, struct frame *below, unsigned ns, uint16_t type)
{
	struct frame *f = calloc(1, sizeof(*f));
	if (!f) {
		l->fatal = ERR_NOMEM;
		return;
	}
	f->below = below;
	f->depth = below->depth + 1;
	f->sname = f->names[0] = below->slist.ns[ns].name;
	f->n_names = 1;
	f->stype = type;
	f->for_ns = ns;
	f->answer = ldns_rr_list_new();
	l->top = f;
	tell_ns_lookup(l, f);
}

bool push_ns_lookup(struct lookup *l, struct frame *f)
{
	struct slist *s = &f->slist;
	for (unsigned i = 0; i < s->n_ns; i++) {
		for (unsigned v6 = 0; v6 < 2; v6++) {
			uint16_t type = v6 ? LDNS_RR_TYPE_AAAA : LDNS_RR_TYPE_A;
			if (s->ns[i].looked_up[v6] || !family_wanted(l, v6 ? 6 : 4))
				continue;
			s->ns[i].looked_up[v6] = true;
			if (has_address(s, i, v6 ? 6 : 4) || !worth_lookup(l, f, i, type))
				continue;
			if (l->ns_lookups >= NS_LOOKUPS_MAX) {
				l->fatal = ERR_BUDGET;
				give_up(l, f, ERR_BUDGET,
				    "the addresses of %u name servers were looked up for it, and no more are",
				    NS_LOOKUPS_MAX);
				return false;
			}
			l->ns_lookups++;
			s->lookups++;
			push(l, f, i, type);
			return !l->fatal;
		}
	}
	return false;
}

void pop_ns_lookup(struct lookup *l, struct frame *f, const struct frame *child)
{
	unsigned added = slist_add_known(l, f, child->for_ns);
	tell_ns_lookup_done(l, f, child, added);
}
