/* Certificate policies. RFC 5280 6.1, with the graph of RFC 9618 in the place of the tree: a policy stands at most
 * once at each depth, so that no chain of mappings makes it grow without bound. */
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define NODES_MAX 512 /* at one depth */

struct node {
	ASN1_OBJECT *policy;    /* borrowed from a certificate */
	ASN1_OBJECT **expected; /* owned list of borrowed objects */
	size_t n_expected;
	size_t *parent; /* owned: places at the depth above */
	size_t n_parents;
	bool alive;
};

struct level {
	struct node *node;
	size_t n, cap;
};

struct graph {
	struct level *level; /* 0 to n */
	size_t n;
	bool null, failed; /* failed: memory, or over the limit */
	ASN1_OBJECT *any;
};

struct state {
	struct judge *j;
	struct graph g;
	long explicit_policy, mapping, inhibit_any;
};

static bool equal(const ASN1_OBJECT *a, const ASN1_OBJECT *b)
{
	return OBJ_cmp(a, b) == 0;
}

static bool push_object(struct graph *g, ASN1_OBJECT ***list, size_t *n, ASN1_OBJECT *o)
{
	for (size_t i = 0; i < *n; i++)
		if (equal((*list)[i], o))
			return true;
	ASN1_OBJECT **more = *n < NODES_MAX ? realloc(*list, (*n + 1) * sizeof(ASN1_OBJECT *)) : NULL;
	if (!more) {
		g->failed = true;
		return false;
	}
	*list = more;
	more[(*n)++] = o;
	return true;
}

static struct node *find(struct level *l, const ASN1_OBJECT *policy)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->node[i].alive && equal(l->node[i].policy, policy))
			return &l->node[i];
	return NULL;
}

static struct node *add_node(struct graph *g, size_t depth, ASN1_OBJECT *policy)
{
	struct level *l = &g->level[depth];

	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct node *more = cap <= NODES_MAX ? realloc(l->node, cap * sizeof(*more)) : NULL;

		if (!more) {
			g->failed = true;
			return NULL;
		}
		l->node = more;
		l->cap = cap;
	}
	struct node *n = &l->node[l->n++];
	*n = (struct node){.policy = policy, .alive = true};
	return n;
}

static void add_parent(struct graph *g, struct node *n, size_t parent)
{
	for (size_t i = 0; i < n->n_parents; i++)
		if (n->parent[i] == parent)
			return;
	size_t *more = realloc(n->parent, (n->n_parents + 1) * sizeof(*more));
	if (!more) {
		g->failed = true;
		return;
	}
	n->parent = more;
	more[n->n_parents++] = parent;
}

static void graph_free(struct graph *g)
{
	for (size_t d = 0; d < g->n; d++) {
		for (size_t i = 0; i < g->level[d].n; i++) {
			free(g->level[d].node[i].expected);
			free(g->level[d].node[i].parent);
		}
		free(g->level[d].node);
	}
	free(g->level);
	g->level = NULL;
}

static bool expects(const struct node *n, const ASN1_OBJECT *policy)
{
	for (size_t i = 0; i < n->n_expected; i++)
		if (equal(n->expected[i], policy))
			return true;
	return false;
}

/* Removes the nodes above depth that have no children left, and tells whether anything is left at all. */
static void prune(struct graph *g, size_t depth)
{
	for (size_t d = depth; d-- > 0;) {
		struct level *l = &g->level[d], *below = &g->level[d + 1];

		for (size_t i = 0; i < l->n; i++) {
			bool used = false;

			for (size_t k = 0; k < below->n && !used; k++)
				for (size_t m = 0; m < below->node[k].n_parents && !used; m++)
					used = below->node[k].alive && below->node[k].parent[m] == i;
			l->node[i].alive = l->node[i].alive && used;
		}
	}
	bool any = false;
	for (size_t i = 0; i < g->level[depth].n; i++)
		any = any || g->level[depth].node[i].alive;
	g->null = !any;
}

/* --- 6.1.3 (d) to (f) --- */

/* (d) (1): one policy that the certificate names */
static void take_policy(struct graph *g, size_t depth, ASN1_OBJECT *policy)
{
	struct level *above = &g->level[depth - 1];
	struct node *n = NULL;

	if (find(&g->level[depth], policy))
		return;
	for (size_t i = 0; i < above->n; i++) {
		if (!above->node[i].alive || !expects(&above->node[i], policy))
			continue;
		n = n ? n : add_node(g, depth, policy);
		if (n)
			add_parent(g, n, i);
	}
	struct node *any = n ? NULL : find(above, g->any);
	if (any && (n = add_node(g, depth, policy)))
		add_parent(g, n, (size_t)(any - above->node));
	if (n)
		push_object(g, &n->expected, &n->n_expected, policy);
}

/* (d) (2): anyPolicy hands on all that is expected and was not named */
static void take_any(struct graph *g, size_t depth)
{
	struct level *above = &g->level[depth - 1];

	for (size_t i = 0; i < above->n; i++)
		for (size_t k = 0; above->node[i].alive && k < above->node[i].n_expected && !g->failed; k++) {
			ASN1_OBJECT *o = above->node[i].expected[k];
			struct node *n = find(&g->level[depth], o);
			bool made = !n;

			if (n && (n->n_parents == 0 || !expects(&above->node[n->parent[0]], o)))
				continue;
			n = n ? n : add_node(g, depth, o);
			if (n)
				add_parent(g, n, i);
			if (n && made)
				push_object(g, &n->expected, &n->n_expected, o);
		}
}

static void take_policies(struct state *s, const struct cert *c, size_t depth, bool last)
{
	bool any = false;

	if (!c->policies) {
		s->g.null = true;
		return;
	}
	for (int i = 0; i < sk_POLICYINFO_num(c->policies) && !s->g.failed; i++) {
		ASN1_OBJECT *o = sk_POLICYINFO_value(c->policies, i)->policyid;

		if (equal(o, s->g.any))
			any = true;
		else
			take_policy(&s->g, depth, o);
	}
	if (any && (s->inhibit_any > 0 || (!last && c->self_issued)))
		take_any(&s->g, depth);
	prune(&s->g, depth);
}

/* --- 6.1.4 --- */

static void map_one(
    struct graph *g, size_t depth, ASN1_OBJECT *from, ASN1_OBJECT *to, ASN1_OBJECT **fresh, size_t n_fresh)
{
	struct level *l = &g->level[depth];
	struct node *n = find(l, from), *any = find(l, g->any);

	if (!n && any) {
		struct node *top = find(&g->level[depth - 1], g->any);
		size_t at = top ? (size_t)(top - g->level[depth - 1].node) : 0;

		if (!top || !(n = add_node(g, depth, from)))
			return;
		add_parent(g, n, at);
	}
	if (!n)
		return;
	/* the first mapping of a policy takes the place of what was expected; further ones add */
	bool first = true;
	for (size_t i = 0; i < n_fresh; i++)
		first = first && !equal(fresh[i], from);
	if (first)
		n->n_expected = 0;
	push_object(g, &n->expected, &n->n_expected, to);
}

static void map_policies(struct state *s, const struct cert *c, size_t depth)
{
	ASN1_OBJECT **seen = NULL;
	size_t n_seen = 0;

	for (int i = 0; i < sk_POLICY_MAPPING_num(c->mappings) && !s->g.failed; i++) {
		const POLICY_MAPPING *m = sk_POLICY_MAPPING_value(c->mappings, i);

		if (s->mapping > 0) {
			map_one(&s->g, depth, m->issuerDomainPolicy, m->subjectDomainPolicy, seen, n_seen);
			push_object(&s->g, &seen, &n_seen, m->issuerDomainPolicy);
		} else {
			struct node *n = find(&s->g.level[depth], m->issuerDomainPolicy);

			if (n)
				n->alive = false;
		}
	}
	free(seen);
	prune(&s->g, depth);
}

static void lower(long *counter, long skip)
{
	if (skip >= 0 && skip < *counter)
		*counter = skip;
}

static void prepare_next(struct state *s, const struct cert *c, size_t depth, size_t i)
{
	for (int k = 0; k < sk_POLICY_MAPPING_num(c->mappings); k++) {
		const POLICY_MAPPING *m = sk_POLICY_MAPPING_value(c->mappings, k);

		if (equal(m->issuerDomainPolicy, s->g.any) || equal(m->subjectDomainPolicy, s->g.any)) {
			judge_fail(s->j, Q_POLICIES, (int)i, "X509_V_ERR_INVALID_POLICY_EXTENSION",
			    "RFC 5280 6.1.4 (a)", "it maps anyPolicy to another policy, or another one to it");
			break;
		}
	}
	if (c->mappings && !s->g.null)
		map_policies(s, c, depth);
	if (!c->self_issued) {
		s->explicit_policy -= s->explicit_policy > 0;
		s->mapping -= s->mapping > 0;
		s->inhibit_any -= s->inhibit_any > 0;
	}
	lower(&s->explicit_policy, c->explicit_skip);
	lower(&s->mapping, c->mapping_skip);
	lower(&s->inhibit_any, c->any_skip);
}

/* --- 6.1.5 (g) --- */

static bool wanted(const struct path_rules *r, const ASN1_OBJECT *o)
{
	char text[128];

	if (OBJ_obj2txt(text, sizeof(text), o, 1) <= 0)
		return false;
	for (size_t i = 0; i < r->n_policies; i++)
		if (strcmp(r->policies[i], text) == 0)
			return true;
	return false;
}

static bool user_accepts_any(const struct path_rules *r)
{
	bool any = r->n_policies == 0;

	for (size_t i = 0; i < r->n_policies; i++)
		any = any || strcmp(r->policies[i], "2.5.29.32.0") == 0;
	return any;
}

/* Is there a policy, as the first authority named it, that the user accepts and that leads to the leaf? */
static bool user_accepts(const struct state *s, size_t last)
{
	const struct graph *g = &s->g;

	if (g->null)
		return false;
	if (user_accepts_any(s->j->rules) || find(&g->level[last], g->any))
		return true;
	for (size_t d = 1; d <= last; d++)
		for (size_t i = 0; i < g->level[d].n; i++) {
			const struct node *n = &g->level[d].node[i];
			bool top = false;

			for (size_t k = 0; n->alive && k < n->n_parents; k++)
				top = top || equal(g->level[d - 1].node[n->parent[k]].policy, g->any);
			if (top && wanted(s->j->rules, n->policy))
				return true;
		}
	return false;
}

static void verdict(struct state *s, size_t last)
{
	bool yes = user_accepts(s, last);

	if (s->g.failed)
		judge_fail(s->j, Q_POLICIES, -1, "X509_V_ERR_UNSPECIFIED", "RFC 9618 4",
		    "the policies in the path are so many that following them all would take too much");
	else if (s->explicit_policy == 0 && !yes)
		judge_fail(s->j, Q_POLICIES, -1, "X509_V_ERR_NO_EXPLICIT_POLICY", "RFC 5280 6.1.5 (g)",
		    "a policy is required, and none that is accepted here holds from the root down to the leaf");
	else
		judge_pass(s->j, Q_POLICIES, "RFC 5280 6.1.5 (g)", "%s",
		    s->explicit_policy == 0
		        ? "one is required, and one that is accepted here holds for the whole path"
		    : s->g.null ? "none holds for the whole path, and none is required"
		                : "at least one holds for the whole path; none is required");
}

void judge_policies(struct judge *j)
{
	/* the anchor is no part of the path (RFC 5280 6.1), unless it is all of it */
	size_t n = j->anchored && j->n > 1 ? j->n - 1 : j->n;
	struct state s = {.j = j, .g = {.n = n + 1, .any = OBJ_nid2obj(NID_any_policy)}};
	long never = (long)n + 1;

	s.explicit_policy = j->rules->explicit_policy ? 0 : never;
	s.mapping = j->rules->inhibit_mapping ? 0 : never;
	s.inhibit_any = j->rules->inhibit_any ? 0 : never;
	s.g.level = calloc(n + 1, sizeof(struct level));
	struct node *top = s.g.level ? add_node(&s.g, 0, s.g.any) : NULL;
	if (top)
		push_object(&s.g, &top->expected, &top->n_expected, s.g.any);
	else
		s.g.failed = true;
	for (size_t depth = 1; depth <= n && !s.g.failed; depth++) {
		const struct cert *c = j->c[n - depth];

		if (!s.g.null)
			take_policies(&s, c, depth, depth == n);
		if (s.explicit_policy == 0 && s.g.null)
			break;
		if (depth < n)
			prepare_next(&s, c, depth, n - depth);
		else { /* 6.1.5 (a), (b) */
			s.explicit_policy -= s.explicit_policy > 0;
			if (c->explicit_skip == 0)
				s.explicit_policy = 0;
		}
	}
	verdict(&s, n);
	graph_free(&s.g);
}
