#include "slist.h"

void slist_init(struct slist *s, const struct dname *zone)
{
	*s = (struct slist){.zone = *zone};
}

bool slist_add_ns(struct slist *s, const struct dname *name)
{
	for (unsigned i = 0; i < s->n_ns; i++)
		if (dname_equal(&s->ns[i].name, name))
			return false;
	if (s->n_ns == SLIST_MAX_NS)
		return false;
	s->ns[s->n_ns++] = (struct slist_ns){.name = *name};
	return true;
}

bool slist_add_address(struct slist *s, unsigned ns, const struct ip *ip)
{
	for (unsigned i = 0; i < s->n_addresses; i++)
		if (ip_equal(&s->address[i].ip, ip))
			return false;
	if (s->n_addresses == SLIST_MAX_ADDRESSES)
		return false;
	s->address[s->n_addresses++] = (struct slist_address){.ip = *ip, .ns = ns};
	return true;
}

/* Less is better: those that answered, then the unknown, then the unknown of a machine whose other address
 * gave nothing, then those that were dead lately; and all that before asking anyone a second time. */
static unsigned rank(const struct slist *s, unsigned i, const struct servers *known, int64_t now)
{
	const struct slist_address *a = &s->address[i];
	const struct server *sv = servers_find(known, &a->ip);
	unsigned r = 1;
	if ((sv && sv->bad_until > now) || servers_family_down(known, a->ip.family, now))
		r = 3;
	else if (servers_srtt(sv, now))
		r = 0;
	else if (s->ns[a->ns].failed)
		r = 2;
	return a->tries * 4 + r;
}

static bool usable(const struct slist *s, unsigned i)
{
	return !s->address[i].dropped && s->address[i].tries < SLIST_TRIES;
}

static int64_t srtt(const struct slist *s, unsigned i, const struct servers *known, int64_t now)
{
	return servers_srtt(servers_find(known, &s->address[i].ip), now);
}

enum choice slist_choose(
    const struct slist *s, const struct servers *known, int64_t now, struct rng rng, unsigned *out, unsigned *of)
{
	unsigned best = ~0u, n_best = 0, n_usable = 0, at[SLIST_MAX_ADDRESSES];
	for (unsigned i = 0; i < s->n_addresses; i++) {
		if (!usable(s, i))
			continue;
		n_usable++;
		unsigned r = rank(s, i, known, now);
		if (r < best) {
			best = r;
			n_best = 0;
		}
		if (r == best)
			at[n_best++] = i;
	}
	*of = n_best;
	if (!n_usable)
		return CHOICE_NONE;
	*out = at[0];
	if (best % 4 == 0)
		for (unsigned i = 1; i < n_best; i++)
			if (srtt(s, at[i], known, now) < srtt(s, *out, known, now))
				*out = at[i];
	if (best % 4 != 0 && n_best > 1)
		*out = at[rng_below(rng, n_best)];
	if (best >= 4)
		return CHOICE_AGAIN;
	if (s->n_addresses == 1)
		return best == 3 ? CHOICE_DOUBTFUL : CHOICE_ONLY;
	if (best == 3)
		return CHOICE_DOUBTFUL;
	if (best == 0)
		return CHOICE_FASTEST;
	return n_usable == 1 ? CHOICE_LAST : CHOICE_RANDOM;
}

bool slist_recall_hearsay(struct slist *s)
{
	bool some = false;
	for (unsigned i = 0; i < s->n_addresses; i++) {
		if (s->address[i].hearsay)
			s->address[i].dropped = false;
		some |= s->address[i].hearsay;
		s->address[i].hearsay = false;
	}
	return some;
}

bool slist_recall_odd(struct slist *s)
{
	bool some = false;
	for (unsigned i = 0; i < s->n_addresses; i++) {
		if (s->address[i].odd)
			s->address[i].dropped = false;
		some |= s->address[i].odd;
		s->address[i].odd = false;
	}
	return some;
}
