/* Nobody is left to ask: what may still be tried, each once for a name, from the soundest to the least. */
#include "lookup.h"
#include "narrative.h"

/* A zone may give its name servers other addresses than its parent does, and be wrong: the parent's, which led
 * here, are tried, too. */
static bool add_parents_glue(struct lookup *l, struct frame *f)
{
	unsigned added = 0;
	for (unsigned i = 0; i < f->slist.n_ns; i++)
		added += slist_add_glue(l, f, i);
	if (added)
		tell_parents_glue(l, f, added);
	return added;
}

/* What was learnt earlier may be out of date within its TTL: the zone above is asked again. */
static bool renew_delegation(struct lookup *l, struct frame *f)
{
	const struct cache_entry *e;
	if (f->renewed || f->slist.from_hints || dname_is_root(&f->slist.zone))
		return false;
	(void)closest_zone(l, &f->slist.zone, &e);
	if (!e || e->lookup == l->number)
		return false;
	struct dname above = dname_parent(&f->slist.zone);
	f->renewed = true;
	tell_renewed(l, f);
	slist_fill(l, f, &above);
	minimise_begin(l, f);
	return true;
}

/* Resolvers among the zone's servers: asked to recurse, they may know. */
static bool ask_resolvers(struct lookup *l, struct frame *f)
{
	if (f->recursion || !slist_recall_hearsay(&f->slist))
		return false;
	f->recursion = true;
	tell_ask_resolvers(l, f);
	return true;
}

/* Letters in random case are what some servers stumble over. They get the name as it is, over TCP, where nobody
 * can forge an answer blindly anyway. */
static bool ask_in_plain_case(struct lookup *l, struct frame *f)
{
	if (f->plain_case || !slist_recall_odd(&f->slist))
		return false;
	f->plain_case = true;
	tell_plain_case(l, f);
	return true;
}

bool find_last_resort(struct lookup *l, struct frame *f)
{
	return add_parents_glue(l, f) || renew_delegation(l, f) || ask_resolvers(l, f) || ask_in_plain_case(l, f);
}
