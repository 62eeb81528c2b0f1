#include "dnssec_verify.h"

#include <string.h>

/* RFC 4034 3.1: the fields of an RRSIG. */
enum {
	RRSIG_COVERED,
	RRSIG_ALGORITHM,
	RRSIG_LABELS,
	RRSIG_TTL,
	RRSIG_EXPIRATION,
	RRSIG_INCEPTION,
	RRSIG_TAG,
	RRSIG_SIGNER
};
enum { DNSKEY_FLAGS, DNSKEY_PROTOCOL, DNSKEY_ALGORITHM };
enum { DS_TAG, DS_ALGORITHM, DS_DIGEST_TYPE, DS_DIGEST };
#define FLAG_ZONE   0x0100
#define FLAG_REVOKE 0x0080 /* RFC 5011 2.1 */

static const struct {
	uint8_t number;
	bool supported;
	const char *name;
} algorithms[] = {
    {1, false, "RSA/MD5"},
    {3, false, "DSA/SHA-1"},
    {5, true, "RSA/SHA-1"},
    {6, false, "DSA/SHA-1 for NSEC3"},
    {7, true, "RSA/SHA-1 for NSEC3"},
    {8, true, "RSA/SHA-256"},
    {10, true, "RSA/SHA-512"},
    {12, false, "GOST"},
    {13, true, "ECDSA P-256/SHA-256"},
    {14, true, "ECDSA P-384/SHA-384"},
    {15, true, "Ed25519"},
    {16, true, "Ed448"},
};

bool algorithm_supported(uint8_t algorithm)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].number == algorithm)
			return algorithms[i].supported;
	return false;
}

const char *algorithm_name(uint8_t algorithm)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (algorithms[i].number == algorithm)
			return algorithms[i].name;
	return "an unknown algorithm";
}

bool digest_supported(uint8_t type)
{
	return type == LDNS_SHA1 || type == LDNS_SHA256 || type == LDNS_SHA384;
}

const char *digest_name(uint8_t type)
{
	return type == LDNS_SHA1     ? "SHA-1"
	       : type == LDNS_SHA256 ? "SHA-256"
	       : type == LDNS_SHA384 ? "SHA-384"
	                             : "an unknown digest";
}

uint32_t rr_number(const ldns_rr *rr, size_t field)
{
	const ldns_rdf *f = ldns_rr_rdf(rr, field);
	uint32_t v = 0;
	size_t len = f ? ldns_rdf_size(f) : 0;
	if (len > 4)
		return 0;
	for (size_t i = 0; i < len; i++)
		v = v << 8 | ldns_rdf_data(f)[i];
	return v;
}

uint16_t key_tag(const ldns_rr *dnskey)
{
	return ldns_calc_keytag(dnskey);
}

/* --- signatures -------------------------------------------------------------------------------- */

/* Serial number arithmetic (RFC 4034 3.1.5): is a before b? */
static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* A key that signs zone data: the flag, the protocol, not revoked (RFC 4034 2.1). */
static bool signs_zones(const ldns_rr *key)
{
	uint32_t flags = rr_number(key, DNSKEY_FLAGS);
	return (flags & FLAG_ZONE) && !(flags & FLAG_REVOKE) && rr_number(key, DNSKEY_PROTOCOL) == 3;
}

static bool fits(const ldns_rr_list *rrset, const ldns_rr *sig, const ldns_rr *key)
{
	ldns_rr_list *one = ldns_rr_list_new();
	ldns_rr_list *copy = ldns_rr_list_clone(rrset); /* ldns brings it into canonical form */
	bool ok = one && copy && ldns_rr_list_push_rr(one, key) &&
	          ldns_verify_rrsig_keylist_notime(copy, sig, one, NULL) == LDNS_STATUS_OK;
	ldns_rr_list_deep_free(copy);
	ldns_rr_list_free(one);
	return ok;
}

/* What RFC 4035 5.3.1 asks of a signature before anything is computed. */
static enum sig sig_fields(
    const ldns_rr *sig, const struct dname *owner, const struct dname *zone, struct sig_report *r, uint32_t now)
{
	struct dname signer = dname_from_rdf(ldns_rr_rdf(sig, RRSIG_SIGNER));
	*r = (struct sig_report){.tag = (uint16_t)rr_number(sig, RRSIG_TAG),
	    .algorithm = (uint8_t)rr_number(sig, RRSIG_ALGORITHM),
	    .labels = rr_number(sig, RRSIG_LABELS),
	    .inception = rr_number(sig, RRSIG_INCEPTION),
	    .expiration = rr_number(sig, RRSIG_EXPIRATION)};
	unsigned labels = dname_labels(owner);
	if (owner->len > 2 && owner->b[0] == 1 && owner->b[1] == '*')
		labels--; /* RFC 4034 3.1.3: a wildcard's own label does not count */
	if (!dname_equal(&signer, zone) || !dname_at_or_below(owner, zone))
		return SIG_SIGNER;
	if (r->labels > labels || r->labels < dname_labels(zone) || before(r->expiration, r->inception))
		return SIG_MALFORMED;
	if (!algorithm_supported(r->algorithm))
		return SIG_UNSUPPORTED;
	if (before(now, r->inception))
		return SIG_EARLY;
	if (before(r->expiration, now))
		return SIG_EXPIRED;
	return SIG_NO_KEY;
}

static enum sig try_keys(const ldns_rr_list *rrset, const ldns_rr *sig, const ldns_rr_list *keys, const bool *usable,
    const struct sig_report *r, unsigned *budget)
{
	enum sig found = SIG_NO_KEY;
	unsigned tried = 0;
	for (size_t k = 0; k < ldns_rr_list_rr_count(keys); k++) {
		const ldns_rr *key = ldns_rr_list_rr(keys, k);
		if ((usable && !usable[k]) || !signs_zones(key) || rr_number(key, DNSKEY_ALGORITHM) != r->algorithm ||
		    key_tag(key) != r->tag)
			continue;
		if (tried++ == KEYS_TRIED_MAX || *budget == 0)
			return SIG_BOUND;
		--*budget;
		if (fits(rrset, sig, key))
			return SIG_RIGHT;
		found = SIG_WRONG;
	}
	return found;
}

struct sig_report rrset_verify(const ldns_rr_list *rrset, const ldns_rr_list *sigs, const ldns_rr_list *keys,
    const bool *usable, const struct dname *zone, uint32_t now, unsigned *budget)
{
	struct sig_report best = {.sig = SIG_NONE};
	if (ldns_rr_list_rr_count(rrset) == 0)
		return best;
	const ldns_rr *first = ldns_rr_list_rr(rrset, 0);
	struct dname owner = dname_from_rdf(ldns_rr_owner(first));
	unsigned tried = 0;
	for (size_t i = 0; i < ldns_rr_list_rr_count(sigs); i++) {
		const ldns_rr *sig = ldns_rr_list_rr(sigs, i);
		struct dname at = dname_from_rdf(ldns_rr_owner(sig));
		struct sig_report r;
		if (!dname_equal(&at, &owner) || rr_number(sig, RRSIG_COVERED) != ldns_rr_get_type(first))
			continue;
		if (tried++ == SIGS_TRIED_MAX) {
			best.sig = SIG_BOUND;
			break;
		}
		enum sig s = sig_fields(sig, &owner, zone, &r, now);
		if (s == SIG_NO_KEY)
			s = try_keys(rrset, sig, keys, usable, &r, budget);
		if (s == SIG_RIGHT || s >= best.sig) {
			best = r;
			best.sig = s;
		}
		if (s == SIG_RIGHT || s == SIG_BOUND)
			break;
	}
	return best;
}

/* --- the parent's word ------------------------------------------------------------------------- */

bool ds_usable(const ldns_rr *ds)
{
	return algorithm_supported((uint8_t)rr_number(ds, DS_ALGORITHM)) &&
	       digest_supported((uint8_t)rr_number(ds, DS_DIGEST_TYPE));
}

static bool same_data(const ldns_rr *a, const ldns_rr *b, size_t field)
{
	const ldns_rdf *x = ldns_rr_rdf(a, field), *y = ldns_rr_rdf(b, field);
	return x && y && ldns_rdf_size(x) == ldns_rdf_size(y) &&
	       memcmp(ldns_rdf_data(x), ldns_rdf_data(y), ldns_rdf_size(x)) == 0;
}

static bool same_key(const ldns_rr *a, const ldns_rr *b)
{
	for (size_t i = 0; i < 4; i++)
		if (!same_data(a, b, i))
			return false;
	return true;
}

static bool digest_fits(const ldns_rr *key, const ldns_rr *ds)
{
	ldns_rr *made = ldns_key_rr2ds(key, (ldns_hash)rr_number(ds, DS_DIGEST_TYPE));
	bool ok = made && same_data(made, ds, DS_DIGEST);
	ldns_rr_free(made);
	return ok;
}

unsigned keys_vouched(const ldns_rr_list *keys, const ldns_rr_list *list, bool *usable, unsigned *budget)
{
	unsigned n = 0;
	bool strong = false; /* RFC 4509 3: beside a better digest SHA-1 does not count */
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++)
		strong = strong || (ds_usable(ldns_rr_list_rr(list, i)) &&
		                       rr_number(ldns_rr_list_rr(list, i), DS_DIGEST_TYPE) != LDNS_SHA1);
	for (size_t k = 0; k < ldns_rr_list_rr_count(keys); k++)
		usable[k] = false;
	for (size_t i = 0; i < ldns_rr_list_rr_count(list); i++) {
		const ldns_rr *d = ldns_rr_list_rr(list, i);
		bool whole = ldns_rr_get_type(d) == LDNS_RR_TYPE_DNSKEY; /* a trust anchor */
		unsigned tried = 0;
		if (!whole && (!ds_usable(d) || (strong && rr_number(d, DS_DIGEST_TYPE) == LDNS_SHA1)))
			continue;
		for (size_t k = 0; k < ldns_rr_list_rr_count(keys) && *budget; k++) {
			const ldns_rr *key = ldns_rr_list_rr(keys, k);
			bool fit;
			if (usable[k] || !signs_zones(key))
				continue;
			if (whole) {
				fit = same_key(key, d);
			} else if (rr_number(d, DS_ALGORITHM) != rr_number(key, DNSKEY_ALGORITHM) ||
			           rr_number(d, DS_TAG) != key_tag(key)) {
				continue;
			} else if (tried++ == KEYS_TRIED_MAX) {
				break;
			} else {
				--*budget;
				fit = digest_fits(key, d);
			}
			usable[k] = fit;
			n += fit;
		}
	}
	return n;
}
