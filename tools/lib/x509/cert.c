/* A certificate taken apart once: what the rules ask for, ready to be read. RFC 5280 4. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "glassnet/wire.h"
#include "internal.h"

static const struct {
	int nid;
	const char *name, *ref;
} table[EXT_COUNT] = {
    [EXT_BASIC] = {NID_basic_constraints, "basic constraints", "RFC 5280 4.2.1.9"},
    [EXT_KEY_USAGE] = {NID_key_usage, "key usage", "RFC 5280 4.2.1.3"},
    [EXT_EXT_USAGE] = {NID_ext_key_usage, "extended key usage", "RFC 5280 4.2.1.12"},
    [EXT_ALT_NAME] = {NID_subject_alt_name, "subject alternative name", "RFC 5280 4.2.1.6"},
    [EXT_ISSUER_ALT] = {NID_issuer_alt_name, "issuer alternative name", "RFC 5280 4.2.1.7"},
    [EXT_CONSTRAINTS] = {NID_name_constraints, "name constraints", "RFC 5280 4.2.1.10"},
    [EXT_POLICIES] = {NID_certificate_policies, "certificate policies", "RFC 5280 4.2.1.4"},
    [EXT_MAPPINGS] = {NID_policy_mappings, "policy mappings", "RFC 5280 4.2.1.5"},
    [EXT_POLICY_CONSTRAINTS] = {NID_policy_constraints, "policy constraints", "RFC 5280 4.2.1.11"},
    [EXT_INHIBIT_ANY] = {NID_inhibit_any_policy, "inhibit anyPolicy", "RFC 5280 4.2.1.14"},
    [EXT_CRL_POINTS] = {NID_crl_distribution_points, "CRL distribution points", "RFC 5280 4.2.1.13"},
    [EXT_FRESHEST] = {NID_freshest_crl, "freshest CRL", "RFC 5280 4.2.1.15"},
    [EXT_SUBJECT_ID] = {NID_subject_key_identifier, "subject key identifier", "RFC 5280 4.2.1.2"},
    [EXT_AUTHORITY_ID] = {NID_authority_key_identifier, "authority key identifier", "RFC 5280 4.2.1.1"},
    [EXT_AIA] = {NID_info_access, "authority information access", "RFC 5280 4.2.2.1"},
    [EXT_SIA] = {NID_sinfo_access, "subject information access", "RFC 5280 4.2.2.2"},
};

const char *ext_name(enum ext e)
{
	return table[e].name;
}

const char *ext_ref(enum ext e)
{
	return table[e].ref;
}

/* --- dates --- */

static bool all_digits(const unsigned char *p, int n)
{
	for (int i = 0; i < n; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	return true;
}

/* RFC 5280 4.1.2.5: with seconds, in Greenwich time ("Z"), without fractions. */
bool x509_time(const ASN1_TIME *t, int64_t *out)
{
	const unsigned char *p = ASN1_STRING_get0_data(t);
	int want = ASN1_STRING_type(t) == V_ASN1_UTCTIME ? 13 : 15;
	struct tm tm;

	if (ASN1_STRING_length(t) != want || p[want - 1] != 'Z' || !all_digits(p, want - 1) ||
	    !ASN1_TIME_to_tm(t, &tm))
		return false;
	*out = timegm(&tm);
	return true;
}

/* --- extensions --- */

/* Is p one element of DER and nothing behind it? */
static bool one_element(const ASN1_OCTET_STRING *s)
{
	const unsigned char *p = ASN1_STRING_get0_data(s);
	long n = ASN1_STRING_length(s), len;
	int tag, class;

	if (n <= 0)
		return false;
	const unsigned char *start = p;
	int r = ASN1_get_object(&p, &len, &tag, &class, n);
	return !(r & 0x80) && !(r & 1) && (p - start) + len == n;
}

static void take_basic(struct cert *c, void *value)
{
	BASIC_CONSTRAINTS *b = value;

	c->ca = b->ca != 0;
	if (b->pathlen) {
		int64_t v;

		c->path_len_bad = !ASN1_INTEGER_get_int64(&v, b->pathlen) || v < 0;
		c->path_len = c->path_len_bad ? 0 : v > 1000 ? 1000 : (long)v;
	}
	BASIC_CONSTRAINTS_free(b);
}

static void take_key_usage(struct cert *c, void *value)
{
	ASN1_BIT_STRING *b = value;
	const unsigned char *p = ASN1_STRING_get0_data(b);
	int n = ASN1_STRING_length(b);

	c->key_usage = n > 0 ? p[0] : 0;
	if (n > 1)
		c->key_usage |= (uint32_t)p[1] << 8;
	ASN1_BIT_STRING_free(b);
}

/* A count of certificates: -1 where there is none. False: it is negative or no number. */
static bool take_count(const ASN1_INTEGER *n, long *out)
{
	int64_t v;

	if (!n)
		return true;
	if (!ASN1_INTEGER_get_int64(&v, n) || v < 0)
		return false;
	*out = v > 1000 ? 1000 : (long)v;
	return true;
}

static bool take_policy_constraints(struct cert *c, void *value)
{
	POLICY_CONSTRAINTS *p = value;
	bool ok = (p->requireExplicitPolicy || p->inhibitPolicyMapping) &&
	          take_count(p->requireExplicitPolicy, &c->explicit_skip) &&
	          take_count(p->inhibitPolicyMapping, &c->mapping_skip);

	POLICY_CONSTRAINTS_free(p);
	return ok;
}

static bool take_inhibit_any(struct cert *c, void *value)
{
	bool ok = take_count(value, &c->any_skip);

	ASN1_INTEGER_free(value);
	return ok;
}

static bool free_names(GENERAL_NAMES *n)
{
	bool ok = sk_GENERAL_NAME_num(n) > 0;

	GENERAL_NAMES_free(n);
	return ok;
}

static bool free_access(AUTHORITY_INFO_ACCESS *a)
{
	bool ok = sk_ACCESS_DESCRIPTION_num(a) > 0;

	AUTHORITY_INFO_ACCESS_free(a);
	return ok;
}

static bool free_points(CRL_DIST_POINTS *p)
{
	bool ok = sk_DIST_POINT_num(p) > 0;

	CRL_DIST_POINTS_free(p);
	return ok;
}

/* Keeps the decoded value, or frees it. False: the standard does not allow it (an empty list). */
static bool take(struct cert *c, enum ext e, void *value)
{
	switch (e) {
	case EXT_BASIC:
		take_basic(c, value);
		return !c->path_len_bad;
	case EXT_KEY_USAGE:
		take_key_usage(c, value);
		return true;
	case EXT_EXT_USAGE:
		c->uses = value;
		return sk_ASN1_OBJECT_num(c->uses) > 0;
	case EXT_ALT_NAME:
		c->names = value;
		return sk_GENERAL_NAME_num(c->names) > 0;
	case EXT_ISSUER_ALT:
		return free_names(value);
	case EXT_CONSTRAINTS:
		c->constraints = value;
		return true; /* an empty one is judged with the others of its kind */
	case EXT_POLICIES:
		c->policies = value;
		return sk_POLICYINFO_num(c->policies) > 0;
	case EXT_MAPPINGS:
		c->mappings = value;
		return sk_POLICY_MAPPING_num(c->mappings) > 0;
	case EXT_POLICY_CONSTRAINTS:
		return take_policy_constraints(c, value);
	case EXT_INHIBIT_ANY:
		return take_inhibit_any(c, value);
	case EXT_CRL_POINTS:
		c->crl_points = value;
		return sk_DIST_POINT_num(c->crl_points) > 0;
	case EXT_FRESHEST:
		return free_points(value);
	case EXT_SUBJECT_ID:
		c->subject_id = value;
		return ASN1_STRING_length(c->subject_id) > 0;
	case EXT_AUTHORITY_ID:
		c->authority_id = value;
		return true;
	case EXT_AIA:
	case EXT_SIA:
		return free_access(value);
	case EXT_COUNT:
		break;
	}
	return false;
}

static void read_extension(struct cert *c, X509_EXTENSION *x)
{
	ASN1_OBJECT *object = X509_EXTENSION_get_object(x);
	bool critical = X509_EXTENSION_get_critical(x) > 0;
	int nid = OBJ_obj2nid(object);
	unsigned e = 0;

	while (e < EXT_COUNT && table[e].nid != nid)
		e++;
	if (e == EXT_COUNT) {
		if (critical && !c->unknown_critical[0])
			OBJ_obj2txt(c->unknown_critical, sizeof(c->unknown_critical), object, 0);
		return;
	}
	if (cert_has(c, e)) /* told by find_twice() */
		return;
	c->has |= UINT32_C(1) << e;
	c->critical |= (uint32_t)critical << e;
	void *value = one_element(X509_EXTENSION_get_data(x)) ? X509V3_EXT_d2i(x) : NULL;
	if (!value || !take(c, e, value))
		c->malformed |= UINT32_C(1) << e;
}

#define EXTENSIONS_MAX 256

/* RFC 5280 4.2: a certificate has no extension twice. */
static void find_twice(struct cert *c, int n)
{
	for (int i = 0; i < n && !c->twice[0]; i++) {
		ASN1_OBJECT *object = X509_EXTENSION_get_object(X509_get_ext(c->x, i));

		if (X509_get_ext_by_OBJ(c->x, object, i) >= 0)
			OBJ_obj2txt(c->twice, sizeof(c->twice), object, 0);
	}
}

static void read_extensions(struct cert *c)
{
	int n = X509_get_ext_count(c->x);

	c->no_extensions = n == 0 && X509_get0_extensions(c->x) != NULL;
	if (n > EXTENSIONS_MAX) { /* what is not read may be critical */
		snprintf(c->unknown_critical, sizeof(c->unknown_critical), "one of %d extensions", n);
		n = EXTENSIONS_MAX;
	}
	for (int i = 0; i < n; i++)
		read_extension(c, X509_get_ext(c->x, i));
	find_twice(c, n);
}

struct cert *cert_new(X509 *x, bool trusted)
{
	struct cert *c = calloc(1, sizeof(*c));
	unsigned n = sizeof(c->digest);
	int ok = 0;

	if (!c || !X509_up_ref(x)) {
		free(c);
		return NULL;
	}
	c->x = x;
	c->trusted = trusted;
	c->path_len = c->explicit_skip = c->mapping_skip = c->any_skip = -1;
	c->from = INT64_MIN;
	c->to = INT64_MAX;
	c->dates_bad = !x509_time(X509_get0_notBefore(x), &c->from) || !x509_time(X509_get0_notAfter(x), &c->to);
	c->self_issued = X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
	c->subject_hash = X509_NAME_hash_ex(X509_get_subject_name(x), NULL, NULL, &ok);
	if (!X509_digest(x, EVP_sha256(), c->digest, &n))
		memset(c->digest, 0, sizeof(c->digest));
	read_extensions(c);
	ERR_clear_error();
	return c;
}

void cert_free(struct cert *c)
{
	if (!c)
		return;
	sk_ASN1_OBJECT_pop_free(c->uses, ASN1_OBJECT_free);
	GENERAL_NAMES_free(c->names);
	NAME_CONSTRAINTS_free(c->constraints);
	CERTIFICATEPOLICIES_free(c->policies);
	sk_POLICY_MAPPING_pop_free(c->mappings, POLICY_MAPPING_free);
	sk_DIST_POINT_pop_free(c->crl_points, DIST_POINT_free);
	ASN1_OCTET_STRING_free(c->subject_id);
	AUTHORITY_KEYID_free(c->authority_id);
	X509_free(c->x);
	free(c);
}
