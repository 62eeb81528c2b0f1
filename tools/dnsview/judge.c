#include "judge.h"

#include <stdlib.h>

#include "warm.h"

#define WANTS_MAX   64 /* for one question: two for each label of a long name */
#define STANDING_NS (60 * NS_PER_S)
#define ZONES_MANY  (ZONES_MAX - 16)

struct judge {
	struct resolver *r;
	const struct anchors *anchors;
	const char *place;
	int64_t since; /* what is known of zones was found out then */
	struct validator v;
};

struct judge *judge_new(struct resolver *r, const struct anchors *anchors, const char *anchor_place)
{
	struct judge *j = calloc(1, sizeof(*j));
	if (!j)
		return NULL;
	j->r = r;
	j->anchors = anchors;
	j->place = anchor_place;
	validator_init_cached(&j->v, r, anchors, anchor_place);
	return j;
}

void judge_free(struct judge *j)
{
	if (j)
		validator_release(&j->v);
	free(j);
}

/* The standing of zones is kept for a minute: signatures end, and a clock may be moved. */
static void forget_old(struct judge *j, int64_t now)
{
	bool many = j->v.n_zones >= ZONES_MANY || j->v.uncut.n >= ZONES_MANY;
	if (!many && now >= j->since && now - j->since < STANDING_NS)
		return;
	validator_release(&j->v);
	validator_init_cached(&j->v, j->r, j->anchors, j->place);
	j->since = now;
}

static enum cache_security in_cache(enum security s)
{
	switch (s) {
	case SECURITY_SECURE:
		return CACHE_SECURE;
	case SECURITY_INSECURE:
		return CACHE_INSECURE;
	case SECURITY_BOGUS:
		return CACHE_BOGUS;
	case SECURITY_INDETERMINATE:
		break;
	}
	return CACHE_UNCHECKED;
}

static enum judgement check(struct judge *j, struct judging *g, const struct cache_entry **entry, size_t n)
{
	struct validator *v = &j->v;
	struct lookup_result res = {.name = g->name, .type = g->type, .outcome = OUTCOME_ANSWER};
	struct dname at = g->name;
	evidence_release(&v->evidence);
	for (size_t i = 0; i < n; i++) {
		if (!evidence_add_entry(&v->evidence, entry[i], &at, g->type))
			return JUDGE_NOT;
		(void)warm_follow(&at, entry[i]);
	}
	v->wanting = false;
	v->hopeless = g->wanted;
	v->hopeless_type = g->wanted_type;
	g->security = validator_check(v, &res);
	if (v->wanting && ++g->wants <= WANTS_MAX) {
		g->wanted = v->wanted;
		g->wanted_type = v->wanted_type;
		return JUDGE_WANTS;
	}
	return JUDGED;
}

enum judgement judge(struct judge *j, struct judging *g)
{
	const struct cache_entry *entry[WARM_MAX];
	struct warm how = {.now = clock_now(j->r->clock), .lookup = g->lookup};
	size_t n = warm_entries(entry, j->r->cache, &g->name, g->type, &how);
	if (!n)
		return JUDGE_NOT;
	forget_old(j, how.now);
	enum judgement result = check(j, g, entry, n);
	for (size_t i = 0; result == JUDGED && i < n; i++)
		cache_judge(j->r->cache, entry[i], in_cache(g->security), how.now);
	evidence_release(&j->v.evidence);
	return result;
}
