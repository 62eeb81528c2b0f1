#include "dnssec_deny.h"

#include <openssl/evp.h>
#include <string.h>

#define SHA1_LEN 20
enum { NSEC_NEXT, NSEC_TYPES };
enum { NSEC3_HASH, NSEC3_FLAGS, NSEC3_ITERATIONS, NSEC3_SALT, NSEC3_NEXT, NSEC3_TYPES };

/* --- names ------------------------------------------------------------------------------------- */

struct dname dname_suffix(const struct dname *name, unsigned n)
{
	struct dname s = *name;
	while (dname_labels(&s) > n)
		s = dname_parent(&s);
	return s;
}

static int label_order(const uint8_t *a, const uint8_t *b)
{
	size_t n = a[0] < b[0] ? a[0] : b[0];
	int d = memcmp(a + 1, b + 1, n);
	return d ? d : (int)a[0] - (int)b[0];
}

int dname_order(const struct dname *a, const struct dname *b)
{
	struct dname x = dname_lower(a), y = dname_lower(b);
	unsigned nx = dname_labels(&x), ny = dname_labels(&y);
	for (unsigned i = 1; i <= nx && i <= ny; i++) {
		struct dname sx = dname_suffix(&x, i), sy = dname_suffix(&y, i);
		int d = label_order(sx.b, sy.b);
		if (d)
			return d;
	}
	return (int)nx - (int)ny;
}

/* "*." and the name; false: too long to exist. */
static bool wildcard(struct dname *out, const struct dname *below)
{
	if (below->len + 2 > DNAME_MAX)
		return false;
	out->len = (uint8_t)(below->len + 2);
	out->b[0] = 1;
	out->b[1] = '*';
	memcpy(out->b + 2, below->b, below->len);
	return true;
}

/* --- type bit maps (RFC 4034 4.1.2) ------------------------------------------------------------- */

static bool has_type(const ldns_rr *rr, size_t field, uint16_t type)
{
	const ldns_rdf *f = ldns_rr_rdf(rr, field);
	const uint8_t *p = f ? ldns_rdf_data(f) : NULL;
	size_t len = f ? ldns_rdf_size(f) : 0;
	for (size_t i = 0; i + 2 <= len; i += 2 + (size_t)p[i + 1]) {
		size_t n = p[i + 1], octet = (type & 0xffu) / 8;
		if (n > 32 || i + 2 + n > len)
			return false;
		if (p[i] == type >> 8)
			return octet < n && (p[i + 2 + octet] & 0x80 >> type % 8);
	}
	return false;
}

/* The type map of a record at the name says: this type is not there. A record of the wrong side of a zone cut
 * says nothing of it (RFC 6840 4.1, RFC 5155 8.6). */
static bool lacks(const ldns_rr *rr, size_t field, const struct proof *p, const struct dname *name, uint16_t type)
{
	bool ns = has_type(rr, field, LDNS_RR_TYPE_NS), soa = has_type(rr, field, LDNS_RR_TYPE_SOA);
	if (has_type(rr, field, type) || has_type(rr, field, LDNS_RR_TYPE_CNAME))
		return false;
	if (type == LDNS_RR_TYPE_DS)
		return !soa || dname_is_root(name);
	return !ns || soa || dname_equal(name, &p->zone);
}

/* What lies below a zone cut or a DNAME is not this zone's to deny. */
static bool may_speak_below(const ldns_rr *rr, size_t field)
{
	return !has_type(rr, field, LDNS_RR_TYPE_DNAME) &&
	       (!has_type(rr, field, LDNS_RR_TYPE_NS) || has_type(rr, field, LDNS_RR_TYPE_SOA));
}

/* --- NSEC -------------------------------------------------------------------------------------- */

static struct dname owner_of(const ldns_rr *rr)
{
	return dname_from_rdf(ldns_rr_owner(rr));
}

static const ldns_rr *nsec_at(const struct proof *p, const struct dname *name)
{
	for (unsigned i = 0; i < p->n; i++) {
		struct dname owner = owner_of(p->rr[i]);
		if (ldns_rr_get_type(p->rr[i]) == LDNS_RR_TYPE_NSEC && dname_equal(&owner, name))
			return p->rr[i];
	}
	return NULL;
}

/* The NSEC that says that nothing stands between two names, with this one between them. */
static const ldns_rr *nsec_over(const struct proof *p, const struct dname *name)
{
	for (unsigned i = 0; i < p->n; i++) {
		if (ldns_rr_get_type(p->rr[i]) != LDNS_RR_TYPE_NSEC)
			continue;
		struct dname owner = owner_of(p->rr[i]), next = dname_from_rdf(ldns_rr_rdf(p->rr[i], NSEC_NEXT));
		bool last = dname_order(&owner, &next) >= 0;
		if (!dname_at_or_below(&next, &p->zone) || dname_order(&owner, name) >= 0)
			continue;
		if (!last && dname_order(name, &next) >= 0)
			continue;
		if (dname_below(name, &owner) && !may_speak_below(p->rr[i], NSEC_TYPES))
			continue;
		return p->rr[i];
	}
	return NULL;
}

/* How many labels the name has in common with a name that exists. */
static unsigned common_labels(const struct dname *name, const struct dname *other)
{
	unsigned n = dname_labels(name);
	for (; n; n--) {
		struct dname s = dname_suffix(name, n);
		if (dname_at_or_below(other, &s))
			break;
	}
	return n;
}

static struct denial deny_nsec(const struct proof *p, const struct dname *name, uint16_t type)
{
	const ldns_rr *at = nsec_at(p, name), *over;
	struct dname star;
	if (at)
		return lacks(at, NSEC_TYPES, p, name, type)
		           ? (struct denial){DENIED_TYPE, has_type(at, NSEC_TYPES, LDNS_RR_TYPE_NS), at}
		           : (struct denial){.what = DENIED_NOT};
	over = nsec_over(p, name);
	if (!over)
		return (struct denial){.what = DENIED_NOT};
	struct dname owner = owner_of(over), next = dname_from_rdf(ldns_rr_rdf(over, NSEC_NEXT));
	if (dname_below(&next, name)) /* a name without records between two that have some */
		return (struct denial){.what = DENIED_TYPE, .by = over};
	unsigned a = common_labels(name, &owner), b = common_labels(name, &next);
	struct dname encloser = dname_suffix(name, a > b ? a : b);
	if (!wildcard(&star, &encloser))
		return (struct denial){.what = DENIED_NAME, .by = over};
	at = nsec_at(p, &star);
	if (at)
		return (struct denial){
		    .what = lacks(at, NSEC_TYPES, p, &star, type) ? DENIED_TYPE : DENIED_NOT, .by = at};
	return (struct denial){.what = nsec_over(p, &star) ? DENIED_NAME : DENIED_NOT, .by = over};
}

/* --- NSEC3 ------------------------------------------------------------------------------------- */

struct nsec3 {
	const struct proof *p;
	const ldns_rr *first; /* all have its parameters */
	unsigned iterations, rounds;
	bool bound;
};

static unsigned number(const ldns_rr *rr, size_t field)
{
	const ldns_rdf *f = ldns_rr_rdf(rr, field);
	unsigned v = 0;
	for (size_t i = 0; f && i < ldns_rdf_size(f) && i < 2; i++)
		v = v << 8 | ldns_rdf_data(f)[i];
	return v;
}

/* RFC 5155 5: IH(salt, x, 0) = H(x || salt); IH(salt, x, k) = H(IH(salt, x, k - 1) || salt) */
static bool hash(struct nsec3 *n, const struct dname *name, uint8_t out[static SHA1_LEN])
{
	struct dname low = dname_lower(name);
	const ldns_rdf *salt = ldns_rr_rdf(n->first, NSEC3_SALT);
	size_t salt_len = ldns_rdf_size(salt) ? ldns_rdf_data(salt)[0] : 0, len = low.len;
	uint8_t buf[DNAME_MAX + 255];
	if (salt_len + 1 > ldns_rdf_size(salt) || n->rounds + n->iterations + 1 > NSEC3_ROUNDS_MAX) {
		n->bound = true;
		return false;
	}
	n->rounds += n->iterations + 1;
	memcpy(buf, low.b, low.len);
	for (unsigned i = 0; i <= n->iterations; i++) {
		memcpy(buf + len, ldns_rdf_data(salt) + 1, salt_len);
		if (EVP_Digest(buf, len + salt_len, out, NULL, EVP_sha1(), NULL) != 1)
			return false;
		memcpy(buf, out, SHA1_LEN);
		len = SHA1_LEN;
	}
	return true;
}

/* The hash that is an NSEC3's first label, in base32hex (RFC 4648 7). */
static bool owner_hash(const struct dname *owner, uint8_t out[static SHA1_LEN])
{
	uint64_t bits = 0;
	if (owner->b[0] != 32)
		return false;
	for (unsigned i = 0; i < 32; i++) {
		uint8_t c = owner->b[i + 1];
		unsigned v = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
		             : c >= 'a' && c <= 'v' ? (unsigned)(c - 'a') + 10
		             : c >= 'A' && c <= 'V' ? (unsigned)(c - 'A') + 10
		                                    : 99u;
		if (v == 99)
			return false;
		bits = bits << 5 | v;
		if (i % 8 == 7)
			for (unsigned k = 0; k < 5; k++)
				out[i / 8 * 5 + k] = (uint8_t)(bits >> (32 - 8 * k));
	}
	return true;
}

static bool sha1_zone(const ldns_rr *rr, const struct proof *p, uint8_t own[static SHA1_LEN])
{
	struct dname owner = owner_of(rr), zone = dname_parent(&owner);
	const ldns_rdf *next = ldns_rr_rdf(rr, NSEC3_NEXT);
	return ldns_rr_get_type(rr) == LDNS_RR_TYPE_NSEC3 && ldns_rr_rd_count(rr) > NSEC3_NEXT &&
	       number(rr, NSEC3_HASH) == 1 && number(rr, NSEC3_FLAGS) <= 1 && dname_equal(&zone, &p->zone) &&
	       ldns_rdf_size(next) == SHA1_LEN + 1 && ldns_rdf_data(next)[0] == SHA1_LEN && owner_hash(&owner, own);
}

static bool same_parameters(const ldns_rr *a, const ldns_rr *b)
{
	const ldns_rdf *x = ldns_rr_rdf(a, NSEC3_SALT), *y = ldns_rr_rdf(b, NSEC3_SALT);
	return number(a, NSEC3_ITERATIONS) == number(b, NSEC3_ITERATIONS) && ldns_rdf_size(x) == ldns_rdf_size(y) &&
	       memcmp(ldns_rdf_data(x), ldns_rdf_data(y), ldns_rdf_size(x)) == 0;
}

/* The NSEC3 at a name's hash (at), or the one whose gap the hash falls into. */
static const ldns_rr *nsec3_for(struct nsec3 *n, const struct dname *name, bool at)
{
	uint8_t h[SHA1_LEN], own[SHA1_LEN];
	if (!dname_at_or_below(name, &n->p->zone) || !hash(n, name, h))
		return NULL;
	for (unsigned i = 0; i < n->p->n; i++) {
		const ldns_rr *rr = n->p->rr[i];
		if (!sha1_zone(rr, n->p, own) || !same_parameters(rr, n->first))
			continue;
		const uint8_t *next = ldns_rdf_data(ldns_rr_rdf(rr, NSEC3_NEXT)) + 1;
		bool after = memcmp(own, h, SHA1_LEN) < 0, before = memcmp(h, next, SHA1_LEN) < 0;
		bool last = memcmp(own, next, SHA1_LEN) >= 0;
		if (at ? memcmp(own, h, SHA1_LEN) == 0 : last ? after || before : after && before)
			return rr;
	}
	return NULL;
}

/* RFC 5155 8.3: the closest name above that exists. *closer becomes the record over the next name down. */
static bool closest_encloser(
    struct nsec3 *n, const struct dname *name, struct dname *encloser, const ldns_rr **closer)
{
	struct dname next = *name;
	for (struct dname c = dname_parent(name); dname_at_or_below(&c, &n->p->zone); c = dname_parent(&c)) {
		const ldns_rr *at = nsec3_for(n, &c, true);
		if (at) {
			*encloser = c;
			*closer = may_speak_below(at, NSEC3_TYPES) ? nsec3_for(n, &next, false) : NULL;
			return *closer != NULL;
		}
		if (n->bound || dname_is_root(&c))
			break;
		next = c;
	}
	return false;
}

static bool nsec3_begin(struct nsec3 *n, const struct proof *p)
{
	uint8_t own[SHA1_LEN];
	*n = (struct nsec3){.p = p};
	for (unsigned i = 0; i < p->n && !n->first; i++)
		if (sha1_zone(p->rr[i], p, own))
			n->first = p->rr[i];
	if (!n->first)
		return false;
	n->iterations = number(n->first, NSEC3_ITERATIONS);
	n->bound = n->iterations > NSEC3_ITERATIONS_MAX;
	return true;
}

static struct denial deny_nsec3(const struct proof *p, const struct dname *name, uint16_t type)
{
	struct nsec3 n;
	struct dname encloser, star;
	const ldns_rr *at, *closer;
	if (!nsec3_begin(&n, p))
		return (struct denial){.what = DENIED_NOT};
	if (n.bound)
		return (struct denial){.what = DENIED_BOUND, .by = n.first};
	if ((at = nsec3_for(&n, name, true)))
		return lacks(at, NSEC3_TYPES, p, name, type)
		           ? (struct denial){DENIED_TYPE, has_type(at, NSEC3_TYPES, LDNS_RR_TYPE_NS), at}
		           : (struct denial){.what = DENIED_NOT};
	if (!closest_encloser(&n, name, &encloser, &closer))
		return n.bound ? (struct denial){.what = DENIED_BOUND, .by = n.first}
		               : (struct denial){.what = DENIED_NOT};
	if (number(closer, NSEC3_FLAGS) & 1)
		return (struct denial){.what = DENIED_OPT_OUT, .by = closer};
	if (!wildcard(&star, &encloser))
		return (struct denial){.what = DENIED_NAME, .by = closer};
	if ((at = nsec3_for(&n, &star, true)))
		return (struct denial){
		    .what = lacks(at, NSEC3_TYPES, p, &star, type) ? DENIED_TYPE : DENIED_NOT, .by = at};
	return (struct denial){.what = nsec3_for(&n, &star, false) ? DENIED_NAME : DENIED_NOT, .by = closer};
}

/* --- both -------------------------------------------------------------------------------------- */

struct denial deny(const struct proof *p, const struct dname *name, uint16_t type)
{
	if (!dname_at_or_below(name, &p->zone))
		return (struct denial){.what = DENIED_NOT};
	struct denial d = deny_nsec(p, name, type);
	return d.what == DENIED_NOT ? deny_nsec3(p, name, type) : d;
}

bool deny_closer(const struct proof *p, const struct dname *name, unsigned labels)
{
	struct nsec3 n;
	struct dname closer = dname_suffix(name, labels + 1);
	if (nsec_over(p, name))
		return true;
	return nsec3_begin(&n, p) && !n.bound && nsec3_for(&n, &closer, false);
}
