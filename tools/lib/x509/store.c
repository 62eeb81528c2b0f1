/* Where the certificates stand that a path may be made of: found by subject, each taken apart once, each signature
 * looked at once. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

struct path_store *path_store_new(void)
{
	return calloc(1, sizeof(struct path_store));
}

void path_store_free(struct path_store *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->pool.n; i++)
		cert_free(s->pool.c[i]);
	for (size_t i = 0; i < s->n_crls; i++)
		crl_free(s->crl[i]);
	X509_STORE_free(s->system);
	free(s->pool.c);
	free(s->pool.slot);
	free(s->pool.next);
	free(s->crl);
	free(s->seal);
	free(s);
}

/* --- by subject --- */

static void pool_link(struct cert_pool *p, size_t i)
{
	size_t at = p->c[i]->subject_hash & (p->n_slots - 1);

	p->next[i] = p->slot[at];
	p->slot[at] = (unsigned)i + 1;
}

static bool pool_grow(struct cert_pool *p)
{
	size_t cap = p->cap ? p->cap * 2 : 64;
	struct cert **c = realloc(p->c, cap * sizeof(struct cert *));

	if (c)
		p->c = c;
	unsigned *next = realloc(p->next, cap * sizeof(*next));
	if (next)
		p->next = next;
	unsigned *slot = calloc(cap, sizeof(*slot));
	if (!c || !next || !slot) {
		free(slot);
		return false;
	}
	free(p->slot);
	p->slot = slot;
	p->cap = p->n_slots = cap;
	for (size_t i = 0; i < p->n; i++)
		pool_link(p, i);
	return true;
}

struct cert *pool_next(const struct cert_pool *p, const X509_NAME *subject, size_t *at)
{
	int ok = 0;

	if (p->n == 0)
		return NULL;
	unsigned long hash = X509_NAME_hash_ex(subject, NULL, NULL, &ok);
	unsigned i = *at == 0 ? p->slot[hash & (p->n_slots - 1)] : p->next[*at - 1];
	for (; i; i = p->next[i - 1]) {
		struct cert *c = p->c[i - 1];

		if (c->subject_hash != hash || X509_NAME_cmp(X509_get_subject_name(c->x), subject) != 0)
			continue;
		*at = i;
		return c;
	}
	return NULL;
}

struct cert *pool_find(const struct cert_pool *p, const X509 *x)
{
	size_t at = 0;

	for (struct cert *c; (c = pool_next(p, X509_get_subject_name(x), &at));)
		if (X509_cmp(c->x, x) == 0)
			return c;
	return NULL;
}

enum err pool_add(struct cert_pool *p, X509 *x, bool trusted)
{
	struct cert *c = pool_find(p, x);

	if (c) {
		c->trusted = c->trusted || trusted;
		return ERR_OK;
	}
	if (p->n == p->cap && !pool_grow(p))
		return ERR_NOMEM;
	c = cert_new(x, trusted);
	if (!c)
		return ERR_NOMEM;
	p->c[p->n++] = c;
	pool_link(p, p->n - 1);
	return ERR_OK;
}

enum err path_store_add(struct path_store *s, const struct cert_set *set, bool trusted)
{
	enum err e = ERR_OK;

	for (size_t i = 0; e == ERR_OK && i < set->n; i++)
		e = pool_add(&s->pool, set->x[i], trusted);
	return e;
}

enum err path_store_add_crls(struct path_store *s, const struct crl_set *set)
{
	if (set->n == 0)
		return ERR_OK;
	struct crl **crl = realloc(s->crl, (s->n_crls + set->n) * sizeof(struct crl *));
	if (!crl)
		return ERR_NOMEM;
	s->crl = crl;
	for (size_t i = 0; i < s->n_crls; i++) /* a new list may speak of those who signed the others */
		s->crl[i]->signer = NULL;
	for (size_t i = 0; i < set->n; i++) {
		struct crl *one = crl_new(set->x[i]);

		if (!one)
			return ERR_NOMEM;
		s->crl[s->n_crls++] = one;
	}
	return ERR_OK;
}

enum err path_store_trust_system(struct path_store *s)
{
	if (!s->system)
		s->system = X509_STORE_new();
	return s->system && X509_STORE_set_default_paths(s->system) == 1 ? ERR_OK : ERR_NOMEM;
}

/* --- signatures --- */

bool cert_inherits(const struct cert *c)
{
	X509_ALGOR *how = NULL;
	const ASN1_OBJECT *kind = NULL;
	int type = V_ASN1_OTHER;

	if (!X509_PUBKEY_get0_param(NULL, NULL, NULL, &how, X509_get_X509_PUBKEY(c->x)) || !how)
		return false;
	X509_ALGOR_get0(&kind, &type, NULL, how);
	return OBJ_obj2nid(kind) == NID_dsa && type == V_ASN1_UNDEF;
}

/* p, q and g of one key with the y of another. NULL: that cannot be. */
static EVP_PKEY *join_dsa(EVP_PKEY *above, const BIGNUM *y)
{
	static const char *const names[] = {OSSL_PKEY_PARAM_FFC_P, OSSL_PKEY_PARAM_FFC_Q, OSSL_PKEY_PARAM_FFC_G};
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DSA", NULL);
	BIGNUM *part[3] = {NULL};
	EVP_PKEY *out = NULL;
	bool ok = bld && ctx && OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PUB_KEY, y);

	for (size_t i = 0; ok && i < 3; i++)
		ok = EVP_PKEY_get_bn_param(above, names[i], &part[i]) &&
		     OSSL_PARAM_BLD_push_BN(bld, names[i], part[i]);
	OSSL_PARAM *params = ok ? OSSL_PARAM_BLD_to_param(bld) : NULL;
	if (!params || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &out, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		out = NULL;
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(bld);
	EVP_PKEY_CTX_free(ctx);
	for (size_t i = 0; i < 3; i++)
		BN_free(part[i]);
	return out;
}

/* A DSA key may lack its parameters: then they are those of the issuer's key (RFC 3279 2.3.2). */
static EVP_PKEY *complete_key(struct path_store *s, const struct cert *by)
{
	const unsigned char *bits = NULL;
	int len = 0;
	EVP_PKEY *whole = NULL;
	size_t at = 0;

	if (!X509_PUBKEY_get0_param(NULL, &bits, &len, NULL, X509_get_X509_PUBKEY(by->x)))
		return NULL;
	ASN1_INTEGER *n = d2i_ASN1_INTEGER(NULL, &bits, len);
	BIGNUM *y = n ? ASN1_INTEGER_to_BN(n, NULL) : NULL;
	for (struct cert *c; y && !whole && (c = pool_next(&s->pool, X509_get_issuer_name(by->x), &at));) {
		EVP_PKEY *above = X509_get0_pubkey(c->x);

		if (above && EVP_PKEY_get_base_id(above) == EVP_PKEY_DSA)
			whole = join_dsa(above, y);
	}
	ASN1_INTEGER_free(n);
	BN_free(y);
	return whole;
}

EVP_PKEY *signing_key(struct path_store *s, const struct cert *by, EVP_PKEY **made)
{
	*made = cert_inherits(by) ? complete_key(s, by) : NULL;
	return *made ? *made : X509_get0_pubkey(by->x);
}

static bool look(struct path_store *s, const struct cert *child, const struct cert *by)
{
	EVP_PKEY *made, *key = signing_key(s, by, &made);
	bool good = key && X509_verify(child->x, key) == 1;

	EVP_PKEY_free(made);
	ERR_clear_error();
	return good;
}

#define SEALS_MAX ((size_t)1 << 16)

static size_t seal_slot(const struct path_store *s, const struct cert *child, const struct cert *by)
{
	size_t at = (((uintptr_t)child >> 4) * 31 + ((uintptr_t)by >> 4)) & (s->cap_seals - 1);

	while (s->seal[at].child && (s->seal[at].child != child || s->seal[at].by != by))
		at = (at + 1) & (s->cap_seals - 1);
	return at;
}

static bool seals_grow(struct path_store *s)
{
	struct seal *old = s->seal;
	size_t cap = s->cap_seals;

	if (s->n_seals * 2 < cap)
		return true;
	if (cap >= SEALS_MAX)
		return false;
	s->cap_seals = cap ? cap * 2 : 256;
	s->seal = calloc(s->cap_seals, sizeof(*s->seal));
	if (!s->seal) {
		s->seal = old;
		s->cap_seals = cap;
		return false;
	}
	for (size_t i = 0; i < cap; i++)
		if (old[i].child)
			s->seal[seal_slot(s, old[i].child, old[i].by)] = old[i];
	free(old);
	return true;
}

bool seal_good(struct path_store *s, const struct cert *child, const struct cert *by, unsigned *work)
{
	/* Only what stays in the store is remembered: a leaf is gone after its turn. */
	bool keep = pool_find(&s->pool, child->x) == child && pool_find(&s->pool, by->x) == by && seals_grow(s);
	size_t at = keep ? seal_slot(s, child, by) : 0;

	if (keep && s->seal[at].child)
		return s->seal[at].good;
	++*work;
	bool good = look(s, child, by);
	if (keep) {
		s->seal[at] = (struct seal){child, by, good};
		s->n_seals++;
	}
	return good;
}
