/* The search for a path: from the leaf upwards, over every certificate that bears the issuer's name, and back from
 * dead ends, until one path keeps all rules. RFC 4158, RFC 5280 6.1.
 *
 * It goes twice. The first round leaves out candidates with a fault of their own (expired, no authority, ...): when
 * there is a good path, it is found without them. When there is none, the second round takes them, too, so that what
 * is said in the end is all that is wrong with the path that has the least wrong with it. Both rounds stop at a limit
 * of work, which no honest set of certificates comes near. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/addr.h"
#include "search.h"

#define WORK_DEFAULT   10000 /* candidates looked at */
#define SIGNATURES_MAX 600   /* signatures computed for one leaf */
#define FIRST_PATHS    256   /* whole paths judged in the first round */
#define SECOND_PATHS   48
#define TOLD_MAX       200 /* candidates told of, in each round */
#define CANDIDATES_MAX 512 /* with the same name */

/* --- telling --- */

static bool telling(const struct search *s)
{
	return !s->nested && trace_on(s->t) && s->told < TOLD_MAX;
}

static void tell(struct search *s, const char *id, const char *ref, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void tell(struct search *s, const char *id, const char *ref, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	if (!telling(s))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	s->told++;
	ev_decision(s->t, id, ref, "%s", text);
}

static const char *label(char out[static 120], const struct cert *c)
{
	char name[80], hex[9];

	x509_short_name(name, sizeof(name), c->x);
	snprintf(hex, sizeof(hex), "%02x%02x%02x%02x", c->digest[0], c->digest[1], c->digest[2], c->digest[3]);
	snprintf(out, 120, "%s (%s%s)", name, c->trusted ? "trusted, " : "", hex);
	return out;
}

/* --- a whole path --- */

static void keep_best(struct search *s, const struct checks_list *l, bool anchored)
{
	size_t cost = l->n_failed + (anchored ? 0 : 1000);

	if (s->have_best && cost >= s->best_cost)
		return;
	s->have_best = true;
	s->best_cost = cost;
	s->best_anchored = anchored;
	s->best_n = s->n;
	memcpy(s->best, s->path, s->n * sizeof(s->path[0]));
	if (!l->item)
		return;
	memcpy(s->best_item, l->item, l->n * sizeof(l->item[0]));
	s->best_list = *l;
	s->best_list.item = s->best_item;
}

static void first_failure(char *out, size_t cap, const struct checks_list *l)
{
	out[0] = '\0';
	for (size_t i = 0; l->item && i < l->n; i++)
		if (l->item[i].verdict == VERDICT_FAIL) {
			snprintf(out, cap, "%s (%s)", l->item[i].text, l->item[i].id);
			return;
		}
}

/* Judges the path as it stands. */
static void judge_now(struct search *s, bool anchored)
{
	struct checks_list l = {.item = s->item};
	struct judge j = {.store = s->store,
	    .rules = s->rules,
	    .c = s->path,
	    .n = s->n,
	    .anchored = anchored,
	    .nested = s->nested,
	    .out = &l};
	char why[480];

	s->paths++;
	judge_path(&j, &s->signatures);
	keep_best(s, &l, anchored);
	if (l.n_failed == 0 && anchored) {
		s->found = true;
		tell(s, "path-accepted", "RFC 5280 6.1", "%zu certificates, and no fault in them: this is the path",
		    s->n);
	} else if (telling(s) && anchored) {
		first_failure(why, sizeof(why), &l);
		tell(s, "path-refused", "RFC 5280 6.1", "this leads to a trusted certificate, but: %s", why);
	}
}

/* --- candidates --- */

struct candidate {
	struct cert *c;
	int score;
};

static int by_score(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->score != y->score)
		return y->score - x->score;
	return memcmp(x->c->digest, y->c->digest, sizeof(x->c->digest));
}

/* What speaks for it: trusted, the key that is named, valid on the day, not a root that nobody trusts. */
static int score(const struct search *s, const struct cert *below, const struct cert *c)
{
	const ASN1_OCTET_STRING *named = below->authority_id ? below->authority_id->keyid : NULL;
	int n = c->trusted ? 16 : 0;

	if (named && c->subject_id)
		n += ASN1_OCTET_STRING_cmp(named, c->subject_id) == 0 ? 8 : 0;
	else
		n += 4;
	n += s->rules->at >= c->from && s->rules->at <= c->to ? 2 : 0;
	n += c->self_issued && !c->trusted ? 0 : 1;
	return n;
}

static void take_vetted(struct search *s, X509 *x)
{
	bool new = !pool_find(&s->store->pool, x);
	enum err e = pool_add(&s->store->pool, x, true);
	struct cert *c = e == ERR_OK ? pool_find(&s->store->pool, x) : NULL;

	if (c && new)
		c->vetted = true;
	s->no_memory = s->no_memory || e != ERR_OK;
}

/* The system's trusted certificates with this name join those that are here. */
static void ask_system(struct search *s, const struct cert *below)
{
	X509_STORE_CTX *ctx = s->store->system ? X509_STORE_CTX_new() : NULL;

	if (ctx && X509_STORE_CTX_init(ctx, s->store->system, NULL, NULL)) {
		STACK_OF(X509) *found = X509_STORE_CTX_get1_certs(ctx, X509_get_issuer_name(below->x));

		for (int i = 0; i < sk_X509_num(found); i++)
			take_vetted(s, sk_X509_value(found, i));
		sk_X509_pop_free(found, X509_free);
	}
	X509_STORE_CTX_free(ctx);
	ERR_clear_error();
}

static size_t gather(struct search *s, const struct cert *below, struct candidate *list, size_t cap)
{
	size_t n = 0, at = 0;

	ask_system(s, below);
	for (struct cert *c; n < cap && (c = pool_next(&s->store->pool, X509_get_issuer_name(below->x), &at));)
		list[n++] = (struct candidate){c, score(s, below, c)};
	qsort(list, n, sizeof(list[0]), by_score);
	return n;
}

/* The same certificate again, or another one for the same name and key: a circle. */
static bool in_path(const struct search *s, const struct cert *c)
{
	EVP_PKEY *key = X509_get0_pubkey(c->x);

	for (size_t i = 0; i < s->n; i++) {
		const struct cert *o = s->path[i];

		if (o == c || memcmp(o->digest, c->digest, sizeof(c->digest)) == 0)
			return true;
		EVP_PKEY *other = i ? X509_get0_pubkey(o->x) : NULL;
		if (other && key && !c->trusted && o->subject_hash == c->subject_hash &&
		    X509_NAME_cmp(X509_get_subject_name(o->x), X509_get_subject_name(c->x)) == 0 &&
		    EVP_PKEY_eq(other, key) == 1)
			return true;
	}
	return false;
}

/* A fault that it has by itself, in this place. */
static bool has_fault(struct search *s, struct cert *c, char *why, size_t cap)
{
	struct checks_list l = {.item = s->item};

	s->path[s->n] = c;
	struct judge j = {.store = s->store,
	    .rules = s->rules,
	    .c = s->path,
	    .n = s->n + 1,
	    .anchored = c->trusted,
	    .nested = s->nested,
	    .out = &l};
	judge_one(&j, s->n);
	first_failure(why, cap, &l);
	return l.n_failed > 0;
}

static bool is_over(struct search *s)
{
	unsigned most = s->second ? SECOND_PATHS : s->leaf_bad ? 8 : FIRST_PATHS;

	if (s->found || s->gave_up || s->paths >= most)
		return true;
	if (s->candidates >= s->limit || s->signatures >= SIGNATURES_MAX) {
		s->gave_up = true;
		tell(s, "work-limit", "RFC 4158 2.4",
		    "%u candidates were looked at and %u signatures computed: the search ends here", s->candidates,
		    s->signatures);
	}
	return s->gave_up;
}

/* Would there be more intermediates than are allowed? As with pathLenConstraint, those issued to themselves do not
 * count (RFC 5280 6.1.4 (l)). */
static bool too_deep(const struct search *s, const struct cert *c)
{
	int most = s->rules->max_depth >= 0 && !s->nested ? s->rules->max_depth : PATH_CERTS_MAX, n = !c->self_issued;

	for (size_t i = 1; i < s->n; i++)
		n += !s->path[i]->self_issued;
	return s->n + 1 >= PATH_CERTS_MAX || (!c->trusted && n > most);
}

static void walk(struct search *s);

static void take(struct search *s, struct cert *c)
{
	s->path[s->n++] = c;
	if (c->trusted)
		judge_now(s, true);
	else
		walk(s);
	s->n--;
}

/* False: it is dropped. */
static bool visit(struct search *s, struct cert *c)
{
	const struct cert *below = s->path[s->n - 1];
	char name[120], why[480];

	s->candidates++;
	if (in_path(s, c)) {
		if (!c->self_issued || c != below)
			tell(s, "dropped", "RFC 5280 6.1", "%s: dropped: it is in the path already", label(name, c));
		return false;
	}
	if (s->anchor && c->trusted && c != s->anchor)
		return false;
	if (too_deep(s, c)) {
		tell(s, "dropped", "RFC 5280 6.1.4", "%s: dropped: more certificates stand between than are allowed",
		    label(name, c));
		return false;
	}
	if (!seal_good(s->store, below, c, &s->signatures)) {
		s->put_off = true;
		tell(s, s->second ? "taken" : "dropped", "RFC 5280 6.1.3 (a) (1)",
		    "%s: %s: it has the right name, but its key did not make the signature", label(name, c),
		    s->second ? "taken, to see the rest" : "dropped");
		return s->second;
	}
	if (!s->second && has_fault(s, c, why, sizeof(why))) {
		s->put_off = true;
		tell(s, "put-off", NULL, "%s: put off: %s", label(name, c), why);
		return false;
	}
	tell(s, "taken", "RFC 5280 6.1.3 (a)",
	    "%s: taken: it has the name that is wanted, and its key made the signature", label(name, c));
	return true;
}

static void dead_end(struct search *s)
{
	char name[120];

	tell(s, "dead-end", "RFC 4158 2.4", "nothing leads on from %s", label(name, s->path[s->n - 1]));
	if (s->second && s->dead_ends++ < 16)
		judge_now(s, false);
}

static void walk(struct search *s)
{
	const struct cert *below = s->path[s->n - 1];
	struct candidate *list = malloc(CANDIDATES_MAX * sizeof(*list));
	size_t n = list ? gather(s, below, list, CANDIDATES_MAX) : 0;
	bool led_on = false;

	s->no_memory = s->no_memory || !list;
	for (size_t i = 0; i < n && !is_over(s); i++) {
		if (!visit(s, list[i].c))
			continue;
		led_on = true;
		take(s, list[i].c);
	}
	free(list);
	if (!led_on && !s->found)
		dead_end(s);
}

static void round_from(struct search *s, struct cert *leaf)
{
	char why[480];

	s->path[0] = leaf;
	s->n = 0;
	s->told = s->told_second ? TOLD_MAX : 0;
	s->leaf_bad = has_fault(s, leaf, why, sizeof(why));
	s->n = 1;
	if (leaf->trusted && (!s->anchor || s->anchor == leaf))
		judge_now(s, true);
	if (!s->found)
		walk(s);
}

void search_run(struct search *s, struct cert *leaf)
{
	s->limit = s->rules->work ? s->rules->work : WORK_DEFAULT;
	round_from(s, leaf);
	if (s->found || s->nested)
		return;
	unsigned paths = s->paths;
	s->gave_up_first = s->gave_up;
	if (s->have_best && s->best_anchored && !s->put_off && !s->gave_up)
		return;               /* every way that there is has been seen */
	s->told_second = !s->put_off; /* nothing was left out: there is nothing new to tell */
	if (s->put_off)
		tell(s, "second-round", NULL,
		    "no path without a fault: now those that were left out, to say all that is wrong");
	s->second = true;
	s->gave_up = false;
	s->limit += s->candidates < s->limit ? s->limit - s->candidates : s->limit / 10;
	s->signatures = s->signatures > SIGNATURES_MAX / 2 ? SIGNATURES_MAX / 2 : s->signatures;
	s->paths = 0;
	round_from(s, leaf);
	s->paths += paths;
	s->gave_up = s->gave_up || s->gave_up_first;
}

bool search_nested(struct path_store *store, struct cert *leaf, const struct path_rules *rules,
    const struct cert *anchor, unsigned nested)
{
	/* RFC 5280 6.3.3 (f): the path of a CRL's issuer ends at the same anchor, and its use is no server's. */
	struct path_rules r = {
	    .profile = PROFILE_RFC5280, .use = USE_ANY, .at = rules->at, .max_depth = -1, .work = 500};
	struct search *s = calloc(1, sizeof(*s));
	bool found = false;

	if (s) {
		s->store = store;
		s->rules = &r;
		s->nested = nested;
		s->anchor = anchor;
		search_run(s, leaf);
		found = s->found;
	}
	free(s);
	return found;
}
