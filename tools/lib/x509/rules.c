/* What can be said of one certificate in its place in a path. RFC 5280 4 and 6.1; BR 7.1.2.
 *
 * Each rule adds its failures under the question that it belongs to. The anchor is judged, too, although RFC 5280
 * takes no more from it than a name and a key: who trusts a root trusts its limits with it. */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"
#include "internal.h"

/* Before version 3 a certificate could not say any of what is asked for below; it is refused for that once. */
bool cert_is_old(const struct cert *c)
{
	return X509_get_version(c->x) < 2 && X509_get0_extensions(c->x) == NULL;
}

struct place {
	struct judge *j;
	const struct cert *c;
	int depth;
	bool leaf, anchor;
	char name[96];
};

#define FAIL(p, q, id, ref, ...) judge_fail((p)->j, q, (p)->depth, id, ref, __VA_ARGS__)

/* --- form --- */

static void serial_rules(struct place *p)
{
	const ASN1_INTEGER *serial = X509_get0_serialNumber(p->c->x);
	int n = ASN1_STRING_length(serial);
	const unsigned char *v = ASN1_STRING_get0_data(serial);
	bool zero = true, negative = (ASN1_STRING_type(serial) & V_ASN1_NEG) != 0;

	if (p->anchor && !p->leaf) /* old roots have strange numbers, and nobody looks a root up by its number */
		return;
	for (int i = 0; i < n; i++)
		zero = zero && v[i] == 0;
	if (zero)
		FAIL(p, Q_FORM, "serial-zero", "RFC 5280 4.1.2.2",
		    "%s: its serial number is zero; it must be above zero", p->name);
	/* The standard counts the octets of the encoding: one more where the highest bit is set. */
	if (n + (n > 0 && !negative && v[0] >= 0x80) > 20)
		FAIL(p, Q_FORM, "serial-too-long", "RFC 5280 4.1.2.2",
		    "%s: its serial number has %d octets; 20 are the most", p->name, n + (v[0] >= 0x80));
	if (negative && web(p->j))
		FAIL(p, Q_FORM, "serial-negative", "RFC 5280 4.1.2.2", "%s: its serial number is negative", p->name);
}

static void version_rules(struct place *p)
{
	long version = X509_get_version(p->c->x) + 1;
	bool extended = X509_get0_extensions(p->c->x) != NULL;

	if (version < 3 && extended)
		FAIL(p, Q_FORM, "X509_V_ERR_EXTENSIONS_REQUIRE_VERSION_3", "RFC 5280 4.1.2.1",
		    "%s: it has extensions, but says that it is of version %ld, which has none", p->name, version);
	else if (version != 3 && web(p->j))
		FAIL(p, Q_FORM, "version-not-3", "BR 7.1.1",
		    "%s: it is of version %ld, from before certificates could say what they may be used for", p->name,
		    version);
	else if (version != 3 && !p->leaf && !p->anchor)
		FAIL(p, Q_ISSUERS, "X509_V_ERR_INVALID_CA", "RFC 5280 6.1.4 (k)",
		    "%s: it is of version %ld, which cannot say that it is an authority's", p->name, version);
	if (version > 3)
		FAIL(p, Q_FORM, "version-unknown", "RFC 5280 4.1.2.1", "%s: there is no version %ld", p->name,
		    version);
	if (p->c->no_extensions)
		FAIL(p, Q_FORM, "X509_V_ERR_INVALID_EXTENSION", "RFC 5280 4.1.2.9",
		    "%s: its list of extensions is empty", p->name);
}

static void algorithm_rules(struct place *p)
{
	const X509_ALGOR *outer;

	X509_get0_signature(NULL, &outer, p->c->x);
	if (X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(p->c->x)) != 0)
		FAIL(p, Q_FORM, "X509_V_ERR_SIGNATURE_ALGORITHM_INCONSISTENCY", "RFC 5280 4.1.1.2",
		    "%s: it names one kind of signature inside, where it is signed, and another outside", p->name);
}

static void subject_rules(struct place *p)
{
	X509 *x = p->c->x;

	if (X509_NAME_entry_count(X509_get_issuer_name(x)) == 0)
		FAIL(p, Q_FORM, "X509_V_ERR_ISSUER_NAME_EMPTY", "RFC 5280 4.1.2.4",
		    "%s: it does not say who issued it", p->name);
	if (X509_NAME_entry_count(X509_get_subject_name(x)) > 0)
		return;
	if (p->c->ca || !p->leaf)
		FAIL(p, Q_FORM, "X509_V_ERR_SUBJECT_NAME_EMPTY", "RFC 5280 4.1.2.6",
		    "certificate %d: an authority must have a name, and its subject is empty", p->depth);
	else if (!cert_has(p->c, EXT_ALT_NAME))
		FAIL(p, Q_FORM, "X509_V_ERR_SUBJECT_NAME_EMPTY", "RFC 5280 4.1.2.6",
		    "certificate %d: it names nobody: its subject is empty, and it has no alternative names",
		    p->depth);
	else if (!cert_critical(p->c, EXT_ALT_NAME))
		FAIL(p, Q_FORM, "X509_V_ERR_EMPTY_SUBJECT_SAN_NOT_CRITICAL", "RFC 5280 4.2.1.6",
		    "certificate %d: its subject is empty, so its alternative names must be marked critical, and are "
		    "not",
		    p->depth);
}

static void extension_rules(struct place *p)
{
	for (unsigned e = 0; e < EXT_COUNT; e++)
		if (p->c->malformed >> e & 1)
			FAIL(p, Q_FORM, "X509_V_ERR_INVALID_EXTENSION", ext_ref(e),
			    "%s: its extension %s is malformed", p->name, ext_name(e));
	if (p->c->twice[0])
		FAIL(p, Q_FORM, "extension-twice", "RFC 5280 4.2", "%s: it has the extension %s twice", p->name,
		    p->c->twice);
	if (p->c->unknown_critical[0])
		FAIL(p, Q_CRITICALS, "X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION", "RFC 5280 4.2",
		    "%s: it has a condition, marked critical, that is not understood here: %s", p->name,
		    p->c->unknown_critical);
}

/* --- marked critical, or not --- */

static void critical_rules(struct place *p)
{
	static const struct {
		enum ext e;
		const char *id;
	} never[] = {{EXT_AUTHORITY_ID, "X509_V_ERR_AUTHORITY_KEY_IDENTIFIER_CRITICAL"},
	    {EXT_SUBJECT_ID, "X509_V_ERR_SUBJECT_KEY_IDENTIFIER_CRITICAL"}, {EXT_AIA, "aia-critical"},
	    {EXT_SIA, "sia-critical"}, {EXT_FRESHEST, "freshest-crl-critical"}};
	const struct cert *c = p->c;

	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		if (cert_critical(c, never[i].e))
			FAIL(p, Q_CRITICALS, never[i].id, ext_ref(never[i].e),
			    "%s: its extension %s is marked critical; it only helps to find things, and must not be",
			    p->name, ext_name(never[i].e));
	if (!web(p->j)) {
		if (cert_has(c, EXT_CONSTRAINTS) && !cert_critical(c, EXT_CONSTRAINTS))
			FAIL(p, Q_CRITICALS, "name-constraints-not-critical", "RFC 5280 4.2.1.10",
			    "%s: its name constraints must be marked critical, or others may overlook them", p->name);
		return;
	}
	if (c->ca && !cert_critical(c, EXT_BASIC) && !(p->anchor && c->vetted))
		FAIL(p, Q_CRITICALS, "X509_V_ERR_CA_BCONS_NOT_CRITICAL", "RFC 5280 4.2.1.9",
		    "%s: that it is an authority's must be marked critical, and is not", p->name);
	if (cert_has(c, EXT_POLICY_CONSTRAINTS) && !cert_critical(c, EXT_POLICY_CONSTRAINTS))
		FAIL(p, Q_CRITICALS, "policy-constraints-not-critical", "RFC 5280 4.2.1.11",
		    "%s: its policy constraints must be marked critical", p->name);
	if (cert_has(c, EXT_INHIBIT_ANY) && !cert_critical(c, EXT_INHIBIT_ANY))
		FAIL(p, Q_CRITICALS, "inhibit-any-not-critical", "RFC 5280 4.2.1.14",
		    "%s: its extension inhibit anyPolicy must be marked critical", p->name);
}

/* --- dates --- */

static void date_rules(struct place *p)
{
	char from[24], to[24], now[24];
	const struct path_rules *r = p->j->rules;

	if (p->c->dates_bad) {
		FAIL(p, Q_TIME,
		    p->c->from == INT64_MIN ? "X509_V_ERR_ERROR_IN_CERT_NOT_BEFORE_FIELD"
		                            : "X509_V_ERR_ERROR_IN_CERT_NOT_AFTER_FIELD",
		    "RFC 5280 4.1.2.5", "%s: one of its dates is not written as the standard says", p->name);
		return;
	}
	x509_date_text(from, sizeof(from), p->c->from);
	x509_date_text(to, sizeof(to), p->c->to);
	x509_date_text(now, sizeof(now), r->at);
	if (r->at < p->c->from)
		FAIL(p, Q_TIME, "X509_V_ERR_CERT_NOT_YET_VALID", "RFC 5280 4.1.2.5",
		    "%s: its first day is still to come: it runs from %s to %s, and now it is %s UTC", p->name, from,
		    to, now);
	if (r->at > p->c->to) /* the last second belongs to it */
		FAIL(p, Q_TIME, "X509_V_ERR_CERT_HAS_EXPIRED", "RFC 5280 4.1.2.5",
		    "%s: its last day is over: it runs from %s to %s, and now it is %s UTC", p->name, from, to, now);
}

/* --- authority, or not --- */

static void key_usage_form(struct place *p)
{
	const struct cert *c = p->c;

	if (cert_has(c, EXT_KEY_USAGE) && !(c->malformed >> EXT_KEY_USAGE & 1) && c->key_usage == 0)
		FAIL(p, Q_FORM, "key-usage-empty", "RFC 5280 4.2.1.3", "%s: its key usage allows nothing at all",
		    p->name);
	if (!c->ca && cert_has(c, EXT_KEY_USAGE) && (c->key_usage & KU_KEY_CERT_SIGN) && p->leaf && web(p->j))
		FAIL(p, Q_ISSUERS, "X509_V_ERR_KU_KEY_CERT_SIGN_INVALID_FOR_NON_CA", "RFC 5280 4.2.1.9",
		    "%s: its key may sign certificates, yet it does not say that it is an authority's", p->name);
	if (!cert_has(c, EXT_BASIC) || c->path_len < 0)
		return;
	if (!c->ca)
		FAIL(p, Q_FORM, "X509_V_ERR_PATHLEN_INVALID_FOR_NON_CA", "RFC 5280 4.2.1.9",
		    "%s: it says how many authorities may follow, and is no authority's", p->name);
	else if (cert_has(c, EXT_KEY_USAGE) && !(c->key_usage & KU_KEY_CERT_SIGN))
		FAIL(p, Q_FORM, "X509_V_ERR_PATHLEN_WITHOUT_KU_KEY_CERT_SIGN", "RFC 5280 4.2.1.9",
		    "%s: it says how many authorities may follow, yet its key may not sign certificates", p->name);
}

/* Authorities between certificate i and the leaf that count: not those issued to themselves. */
static long below(const struct judge *j, size_t i)
{
	long n = 0;

	for (size_t k = 1; k < i; k++)
		n += j->c[k]->ca && !j->c[k]->self_issued;
	return n;
}

/* Certificate i > 0 has signed the one below it. */
static void issuer_rules(struct place *p, size_t i)
{
	const struct cert *c = p->c;
	bool old_root = p->anchor && X509_get_version(c->x) < 2;

	if (!c->ca && !(old_root && !web(p->j))) {
		FAIL(p, Q_ISSUERS, "X509_V_ERR_INVALID_CA", "RFC 5280 6.1.4 (k)",
		    "%s: it is no authority's (%s), yet it has signed another certificate", p->name,
		    cert_has(c, EXT_BASIC) ? "basic constraints say CA:FALSE" : "it has no basic constraints");
		return; /* what else an authority must have is no question then */
	}
	if (cert_has(c, EXT_KEY_USAGE) && !(c->key_usage & KU_KEY_CERT_SIGN))
		FAIL(p, Q_ISSUERS, "X509_V_ERR_KEYUSAGE_NO_CERTSIGN", "RFC 5280 6.1.4 (n)",
		    "%s: its key may not sign certificates (key usage)", p->name);
	if (!cert_has(c, EXT_KEY_USAGE) && web(p->j) && !old_root && !(p->anchor && c->vetted))
		FAIL(p, Q_ISSUERS, "X509_V_ERR_CA_CERT_MISSING_KEY_USAGE", "RFC 5280 4.2.1.3",
		    "%s: an authority's certificate must say what its key may do, and this one has no key usage",
		    p->name);
	if (c->ca && c->path_len >= 0 && below(p->j, i) > c->path_len)
		FAIL(p, Q_ISSUERS, "X509_V_ERR_PATH_LENGTH_EXCEEDED", "RFC 5280 6.1.4 (l)",
		    "%s: at most %ld authorities may stand between it and the end, and there are %ld", p->name,
		    c->path_len, below(p->j, i));
}

/* --- use --- */

static bool lists_use(const struct cert *c, int nid)
{
	for (int i = 0; i < sk_ASN1_OBJECT_num(c->uses); i++)
		if (OBJ_obj2nid(sk_ASN1_OBJECT_value(c->uses, i)) == nid)
			return true;
	return false;
}

static void issuer_use(struct place *p, int want, const char *use)
{
	const struct cert *c = p->c;

	if (p->anchor && c->self_issued) {
		if (web(p->j))
			FAIL(p, Q_USE, "root-has-eku", "BR 7.1.2.1.2",
			    "%s: a root must not limit its use (extended key usage); that is for those below it",
			    p->name);
		else if (!lists_use(c, want) && !lists_use(c, NID_anyExtendedKeyUsage))
			FAIL(p, Q_USE, "X509_V_ERR_INVALID_PURPOSE", "RFC 5280 4.2.1.12",
			    "%s: this root is not for TLS %ss", p->name, use);
		return;
	}
	if (!lists_use(c, want) && !lists_use(c, NID_anyExtendedKeyUsage))
		FAIL(p, Q_USE, "X509_V_ERR_INVALID_PURPOSE", "BR 7.1.2.10.6",
		    "%s: this authority was made for another use, and what it signs for a TLS %s does not count",
		    p->name, use);
}

static void leaf_key_usage(struct place *p, const char *use)
{
	const uint32_t fit =
	    KU_DIGITAL_SIGNATURE |
	    (p->j->rules->use == USE_SERVER ? KU_KEY_ENCIPHERMENT | KU_KEY_AGREEMENT : KU_KEY_AGREEMENT);

	if (cert_has(p->c, EXT_KEY_USAGE) && !(p->c->key_usage & fit))
		FAIL(p, Q_USE, "X509_V_ERR_INVALID_PURPOSE", "RFC 5280 4.2.1.3",
		    "%s: its key may neither sign nor agree on keys (key usage), so a TLS %s cannot use it", p->name,
		    use);
}

static void use_rules(struct place *p)
{
	const struct cert *c = p->c;
	bool server = p->j->rules->use == USE_SERVER;
	int want = server ? NID_server_auth : NID_client_auth;
	const char *use = server ? "server" : "client";

	if (p->j->rules->use == USE_ANY)
		return;
	if (p->leaf)
		leaf_key_usage(p, use);
	if (!cert_has(c, EXT_EXT_USAGE)) {
		if (p->leaf && web(p->j) && !cert_is_old(c))
			FAIL(p, Q_USE, "eku-missing", "BR 7.1.2.7.10",
			    "%s: it does not say what it is for (no extended key usage)", p->name);
		return;
	}
	if (!p->leaf) {
		issuer_use(p, want, use);
		return;
	}
	if (lists_use(c, NID_anyExtendedKeyUsage)) {
		if (web(p->j))
			FAIL(p, Q_USE, "eku-any", "BR 7.1.2.7.10",
			    "%s: it says that it may be used for anything; it has to say for what", p->name);
	} else if (!lists_use(c, want))
		FAIL(p, Q_USE, "X509_V_ERR_INVALID_PURPOSE", "RFC 5280 4.2.1.12",
		    "%s: it was issued for another use than being a TLS %s", p->name, use);
	if (web(p->j) && cert_critical(c, EXT_EXT_USAGE))
		FAIL(p, Q_USE, "eku-critical", "BR 7.1.2.7.6",
		    "%s: its extended key usage must not be marked critical", p->name);
}

/* --- key identifiers --- */

static void anchor_ids(struct place *p)
{
	const AUTHORITY_KEYID *a = p->c->authority_id;

	if (!web(p->j) || !a || !p->c->self_issued || p->c->vetted)
		return;
	if (!a->keyid)
		FAIL(p, Q_KEY_IDS, "root-aki-without-key", "BR 7.1.2.1.3",
		    "%s: its authority key identifier has no key identifier in it", p->name);
	else if (!p->c->subject_id || ASN1_OCTET_STRING_cmp(a->keyid, p->c->subject_id) != 0)
		FAIL(p, Q_KEY_IDS, "root-aki-not-ski", "BR 7.1.2.1.3",
		    "%s: it signs itself, yet its authority key identifier is not its subject key identifier",
		    p->name);
	if (a->issuer || a->serial)
		FAIL(p, Q_KEY_IDS, "root-aki-with-issuer", "BR 7.1.2.1.3",
		    "%s: its authority key identifier names an issuer and a serial number; for a root only the key "
		    "may be "
		    "named",
		    p->name);
}

static void key_id_rules(struct place *p, size_t i)
{
	const struct cert *c = p->c, *by = i + 1 < p->j->n ? p->j->c[i + 1] : NULL;
	bool root = p->anchor && c->self_issued;

	if (p->anchor)
		anchor_ids(p);
	if (!web(p->j) || cert_is_old(c) || (p->anchor && c->vetted))
		return;
	if ((c->ca || !p->leaf) && !cert_has(c, EXT_SUBJECT_ID) && X509_get_version(c->x) == 2)
		FAIL(p, Q_KEY_IDS, "X509_V_ERR_MISSING_SUBJECT_KEY_IDENTIFIER", "RFC 5280 4.2.1.2",
		    "%s: an authority's certificate must name its key, and has no subject key identifier", p->name);
	if (root || (c->self_issued && i + 1 == p->j->n) || p->anchor)
		return;
	if (!c->authority_id || !c->authority_id->keyid)
		FAIL(p, Q_KEY_IDS, "X509_V_ERR_MISSING_AUTHORITY_KEY_IDENTIFIER", "RFC 5280 4.2.1.1",
		    "%s: it does not name the key that signed it (authority key identifier)", p->name);
	else if (by && by->subject_id && ASN1_OCTET_STRING_cmp(c->authority_id->keyid, by->subject_id) != 0)
		FAIL(p, Q_KEY_IDS, "X509_V_ERR_AKID_SKID_MISMATCH", "BR 7.1.2.11.1",
		    "%s: it names another key than its issuer's as the one that signed it", p->name);
}

/* --- strength --- */

static void rsa_rules(struct place *p, EVP_PKEY *key)
{
	int bits = EVP_PKEY_get_bits(key), least = web(p->j) ? 2048 : 1024;
	BIGNUM *e = NULL;

	if (bits < least)
		FAIL(p, Q_STRONG, p->leaf ? "X509_V_ERR_EE_KEY_TOO_SMALL" : "X509_V_ERR_CA_KEY_TOO_SMALL", "BR 6.1.5",
		    "%s: its RSA key has %d bits; %d are the least", p->name, bits, least);
	if (!web(p->j))
		return;
	if (bits % 8)
		FAIL(p, Q_STRONG, "rsa-size-odd", "BR 6.1.5",
		    "%s: its RSA key has %d bits, which is no multiple of 8: something went wrong when it was made",
		    p->name, bits);
	if (EVP_PKEY_get_bn_param(key, "e", &e) && (!BN_is_odd(e) || BN_is_one(e)))
		FAIL(p, Q_STRONG, "rsa-exponent", "BR 6.1.6", "%s: its RSA exponent is no odd number of 3 or more",
		    p->name);
	BN_free(e);
}

static void ec_rules(struct place *p, EVP_PKEY *key)
{
	char group[64] = "";
	int nid = EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) ? OBJ_txt2nid(group) : NID_undef;
	bool good = nid == NID_X9_62_prime256v1 || nid == NID_secp384r1 || nid == NID_secp521r1;

	int spelled = 0;
	if (EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &spelled) != 1)
		spelled = 0;
	if (nid == NID_undef || spelled)
		FAIL(p, Q_STRONG, "X509_V_ERR_EC_KEY_EXPLICIT_PARAMS", "RFC 5480 2.1.1",
		    "%s: its key lies on a curve of its own making", p->name);
	else if (!good && web(p->j))
		FAIL(p, Q_STRONG, p->leaf ? "X509_V_ERR_EE_KEY_TOO_SMALL" : "X509_V_ERR_CA_KEY_TOO_SMALL", "BR 6.1.5",
		    "%s: its key lies on the curve %s; P-256, P-384 and P-521 are allowed", p->name, group);
}

static void key_rules(struct place *p)
{
	EVP_PKEY *key = X509_get0_pubkey(p->c->x);

	if (cert_inherits(p->c)) {
		if (web(p->j))
			FAIL(p, Q_STRONG, "key-kind", "BR 6.1.5",
			    "%s: its key is of the kind DSA; RSA and ECDSA keys are allowed", p->name);
		return;
	}
	if (!key) {
		FAIL(p, Q_STRONG, "X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY", "RFC 5280 4.1.2.7",
		    "%s: its key cannot be read", p->name);
		return;
	}
	switch (EVP_PKEY_get_base_id(key)) {
	case EVP_PKEY_RSA:
	case EVP_PKEY_RSA_PSS:
		rsa_rules(p, key);
		break;
	case EVP_PKEY_EC:
		ec_rules(p, key);
		break;
	default:
		if (web(p->j))
			FAIL(p, Q_STRONG, "key-kind", "BR 6.1.5",
			    "%s: its key is of the kind %s; RSA and ECDSA keys are allowed", p->name,
			    OBJ_nid2sn(EVP_PKEY_get_base_id(key)));
	}
}

static void digest_rules(struct place *p)
{
	int md = NID_undef, bits = 0;

	if (p->anchor) /* nothing rests on the signature under a root: it is trusted because it is here */
		return;
	if (!X509_get_signature_info(p->c->x, &md, NULL, &bits, NULL))
		md = NID_undef;
	bool broken = md == NID_md2 || md == NID_md4 || md == NID_md5;
	bool weak = md != NID_sha256 && md != NID_sha384 && md != NID_sha512;
	const char *name = md == NID_undef ? "a hash that is not known here" : OBJ_nid2sn(md);

	if (broken || (weak && web(p->j)))
		FAIL(p, Q_STRONG, "X509_V_ERR_CA_MD_TOO_WEAK", "BR 7.1.3.2", "%s: it is signed over %s, for which %s",
		    p->name, name, broken || md == NID_sha1 ? "forgeries can be made" : "nobody vouches");
}

/* --- together --- */

static void leaf_rules(struct place *p)
{
	if (p->c->ca && web(p->j) && p->j->rules->use != USE_ANY)
		FAIL(p, Q_USE, "X509_V_ERR_INVALID_NON_CA", "BR 7.1.2.7.8",
		    "%s: an authority's certificate stands where a %s's belongs: its key could sign others", p->name,
		    p->j->rules->use == USE_SERVER ? "server" : "client");
	if (cert_has(p->c, EXT_CONSTRAINTS) && !p->c->ca)
		FAIL(p, Q_CONSTRAINED, "name-constraints-in-leaf", "RFC 5280 4.2.1.10",
		    "%s: it limits the names that it may issue, and is no authority's", p->name);
	judge_alt_names(p->j);
}

void judge_one(struct judge *j, size_t i)
{
	struct place p = {
	    .j = j, .c = j->c[i], .depth = (int)i, .leaf = i == 0, .anchor = j->anchored && i + 1 == j->n};

	x509_short_name(p.name, sizeof(p.name), p.c->x);
	version_rules(&p);
	serial_rules(&p);
	algorithm_rules(&p);
	subject_rules(&p);
	extension_rules(&p);
	critical_rules(&p);
	date_rules(&p);
	key_usage_form(&p);
	if (i > 0)
		issuer_rules(&p, i);
	use_rules(&p);
	key_id_rules(&p, i);
	key_rules(&p);
	digest_rules(&p);
	if (p.leaf)
		leaf_rules(&p);
	ERR_clear_error();
}

static void pass_use(struct judge *j)
{
	const struct cert *leaf = j->c[0];

	if (j->rules->use == USE_ANY)
		judge_skip(j, Q_USE, "RFC 5280 4.2.1.12", "nobody asked for a certain use");
	else
		judge_pass(j, Q_USE, "RFC 5280 4.2.1.12", "%s",
		    cert_has(leaf, EXT_EXT_USAGE)
		        ? j->rules->use == USE_SERVER ? "it says: TLS server" : "it says: TLS client"
		        : "it sets no limit to its use");
}

void judge_passes(struct judge *j)
{
	char now[24];
	struct x509_info info;

	x509_date_text(now, sizeof(now), j->rules->at);
	x509_info_from(&info, j->c[0]->x);
	judge_pass(j, Q_FORM, "RFC 5280 4.1", "version %ld, serial number %s, signed as %s", info.version,
	    info.serial, info.signature);
	judge_pass(j, Q_TIME, "RFC 5280 4.1.2.5", "it is %s UTC; the leaf runs until %s%s", now, info.not_after,
	    j->n > 1 ? ", and those above it are valid, too" : "");
	pass_use(j);
	if (j->n > 1)
		judge_pass(j, Q_ISSUERS, "RFC 5280 6.1.4", "%zu above it, marked as %s", j->n - 1,
		    j->n == 2 ? "a certificate authority" : "certificate authorities");
	else
		judge_skip(j, Q_ISSUERS, "RFC 5280 6.1.4", "there is nobody above it");
	if (!web(j))
		judge_skip(j, Q_KEY_IDS, "RFC 5280 4.2.1.1", "RFC 5280's path validation takes them as a hint only");
	else
		judge_pass(
		    j, Q_KEY_IDS, "RFC 5280 4.2.1.1", "%s", info.issuer_key_id[0] ? info.issuer_key_id : "its own");
	judge_pass(j, Q_CRITICALS, "RFC 5280 4.2", "nothing in it that is not understood here");
	judge_pass(j, Q_STRONG, web(j) ? "BR 6.1.5" : "RFC 5280", "the leaf's key: %s; signed with %s", info.key,
	    info.signature);
}
