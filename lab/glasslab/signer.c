#include "signer.h"

#include <fcntl.h>
#include <ldns/ldns.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEY_TTL   3600
#define KEY_FLAGS (LDNS_KEY_ZONE_KEY | LDNS_KEY_SEP_KEY) /* RFC 4034 2.1.1: 257 */
#define BACKDATE  3600
#define DAY       86400
#define VALID     (30 * DAY)
#define POINT     65 /* octets of an uncompressed point on P-256 */

/* --- keys --------------------------------------------------------------------------------------------------
 */

/* d = 1 + seed value mod (n - 1): a private key for P-256 (SEC 1 3.2.1). */
static BIGNUM *private_number(const struct seed *s, const char *zone, const EC_GROUP *g)
{
	char what[300];
	uint8_t v[SEED_BYTES];
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *d = BN_secure_new(), *n = BN_dup(EC_GROUP_get0_order(g));
	snprintf(what, sizeof what, "dnskey/%s", zone);
	seed_bytes(s, what, v);
	bool ok = ctx && d && n && BN_sub_word(n, 1) && BN_bin2bn(v, sizeof v, d) && BN_mod(d, d, n, ctx) &&
	          BN_add_word(d, 1);
	sodium_memzero(v, sizeof v);
	BN_free(n);
	BN_CTX_free(ctx);
	if (ok)
		return d;
	BN_clear_free(d);
	return NULL;
}

static EVP_PKEY *assemble(BIGNUM *d, const EC_GROUP *g)
{
	uint8_t point[POINT];
	EVP_PKEY *key = NULL;
	EC_POINT *q = EC_POINT_new(g);
	OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
	OSSL_PARAM *p = NULL;
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	if (q && b && c && EC_POINT_mul(g, q, d, NULL, NULL, NULL) == 1 &&
	    EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, point, sizeof point, NULL) == sizeof point &&
	    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) &&
	    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) &&
	    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_PRIV_KEY, d) && (p = OSSL_PARAM_BLD_to_param(b)) &&
	    EVP_PKEY_fromdata_init(c) == 1 && EVP_PKEY_fromdata(c, &key, EVP_PKEY_KEYPAIR, p) != 1)
		key = NULL;
	OSSL_PARAM_free(p);
	OSSL_PARAM_BLD_free(b);
	EVP_PKEY_CTX_free(c);
	EC_POINT_free(q);
	return key;
}

static void free_key(ldns_key *key)
{
	if (key) /* ldns does not ask */
		ldns_key_deep_free(key);
}

/* The zone's key, as ldns has it; NULL: it cannot be made. */
static ldns_key *zone_key(const struct seed *s, const char *zone)
{
	EC_GROUP *g = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	BIGNUM *d = g ? private_number(s, zone, g) : NULL;
	EVP_PKEY *pkey = d ? assemble(d, g) : NULL;
	ldns_rdf *owner = ldns_dname_new_frm_str(zone);
	ldns_key *key = pkey && owner ? ldns_key_new() : NULL;
	BN_clear_free(d);
	EC_GROUP_free(g);
	if (!key) {
		ldns_rdf_deep_free(owner);
		EVP_PKEY_free(pkey);
		return NULL;
	}
	ldns_key_set_algorithm(key, LDNS_SIGN_ECDSAP256SHA256);
	ldns_key_set_evp_key(key, pkey); /* the key has it from now on */
	ldns_key_set_flags(key, KEY_FLAGS);
	ldns_key_set_use(key, true);
	ldns_key_set_origttl(key, KEY_TTL);
	ldns_key_set_pubkey_owner(key, owner);
	ldns_rr *rr = ldns_key2rr(key);
	if (rr)
		ldns_key_set_keytag(key, ldns_calc_keytag(rr));
	ldns_rr_free(rr);
	return key;
}

/* Prints the data of a record. */
static bool put_data(FILE *out, const ldns_rr *rr)
{
	for (size_t i = 0; rr && i < ldns_rr_rd_count(rr); i++) {
		char *text = ldns_rdf2str(ldns_rr_rdf(rr, i));
		if (!text)
			return false;
		fprintf(out, "%s%s", i ? " " : "", text);
		free(text);
	}
	return rr != NULL;
}

bool signer_put_dnskey(FILE *out, const struct seed *s, const char *zone)
{
	ldns_key *key = zone_key(s, zone);
	ldns_rr *rr = key ? ldns_key2rr(key) : NULL;
	bool ok = put_data(out, rr);
	ldns_rr_free(rr);
	free_key(key);
	return ok;
}

bool signer_put_ds(FILE *out, const struct seed *s, const char *zone)
{
	ldns_key *key = zone_key(s, zone);
	ldns_rr *rr = key ? ldns_key2rr(key) : NULL, *ds = rr ? ldns_key_rr2ds(rr, LDNS_SHA256) : NULL;
	bool ok = put_data(out, ds);
	ldns_rr_free(ds);
	ldns_rr_free(rr);
	free_key(key);
	return ok;
}

/* --- signatures --------------------------------------------------------------------------------------------
 */

static int keep_none(ldns_rr *sig, void *arg)
{
	(void)sig;
	(void)arg;
	return LDNS_SIGNATURE_REMOVE_ADD_NEW;
}

/* Reads the zone at path; *keyed says whether it has a DNSKEY. NULL: malformed. */
static ldns_dnssec_zone *read_zone(const char *path, const char *name, bool *keyed)
{
	FILE *f = fopen(path, "re");
	ldns_rdf *origin = ldns_dname_new_frm_str(name);
	ldns_zone *plain = NULL;
	ldns_dnssec_zone *zone = NULL;
	int line = 0;
	*keyed = false;
	if (f && origin &&
	    ldns_zone_new_frm_fp_l(&plain, f, origin, KEY_TTL, LDNS_RR_CLASS_IN, &line) == LDNS_STATUS_OK)
		zone = ldns_dnssec_zone_new();
	bool ok = zone && ldns_dnssec_zone_add_rr(zone, ldns_zone_soa(plain)) == LDNS_STATUS_OK;
	ldns_rr_list *rrs = plain ? ldns_zone_rrs(plain) : NULL;
	for (size_t i = 0; ok && i < ldns_rr_list_rr_count(rrs); i++) {
		ldns_rr *rr = ldns_rr_list_rr(rrs, i);
		*keyed = *keyed || ldns_rr_get_type(rr) == LDNS_RR_TYPE_DNSKEY;
		ok = ldns_dnssec_zone_add_rr(zone, rr) == LDNS_STATUS_OK;
	}
	ldns_rdf_deep_free(origin);
	if (f)
		fclose(f);
	if (ok) {
		ldns_zone_free(plain); /* its records are the other's now */
		return zone;
	}
	ldns_dnssec_zone_free(zone);
	ldns_zone_deep_free(plain);
	return NULL;
}

/* What the zone's file asks for. */
struct manner {
	bool expired, nsec3;
};

static struct manner read_manner(const char *path)
{
	struct manner m = {0};
	char line[1200];
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof line, f)) {
		m.expired |= strcmp(line, ";signer: expired\n") == 0;
		m.nsec3 |= strcmp(line, ";signer: nsec3\n") == 0;
	}
	if (f)
		fclose(f);
	return m;
}

#define NSEC3_SHA1    1
#define NSEC3_OPT_OUT 1

static ldns_status add_signatures(
    ldns_dnssec_zone *zone, ldns_rr_list *added, ldns_key_list *keys, const struct manner *m)
{
	if (!m->nsec3)
		return ldns_dnssec_zone_sign(zone, added, keys, keep_none, NULL);
	return ldns_dnssec_zone_sign_nsec3(zone, added, keys, keep_none, NULL, NSEC3_SHA1, NSEC3_OPT_OUT, 0, 0, NULL);
}

static bool sign(ldns_dnssec_zone *zone, ldns_key *key, int64_t now, const struct manner *m)
{
	ldns_key_list *keys = ldns_key_list_new();
	ldns_rr_list *added = ldns_rr_list_new();
	int64_t end = m->expired ? now - DAY : now + VALID;
	ldns_key_set_inception(key, (uint32_t)(end - VALID - BACKDATE));
	ldns_key_set_expiration(key, (uint32_t)end);
	bool ok = keys && added && ldns_key_list_push_key(keys, key) &&
	          ldns_dnssec_zone_add_empty_nonterminals(zone) == LDNS_STATUS_OK &&
	          add_signatures(zone, added, keys, m) == LDNS_STATUS_OK;
	ldns_rr_list_free(added); /* the records belong to the zone */
	if (keys)
		ldns_key_list_set_key_count(keys, 0); /* the key is the caller's */
	ldns_key_list_free(keys);
	return ok;
}

/* Beside the file, then in its place: there is no half-signed zone. */
static bool write_zone(const ldns_dnssec_zone *zone, const char *path)
{
	char tmp[512];
	if (snprintf(tmp, sizeof tmp, "%s.signed", path) >= (int)sizeof tmp)
		return false;
	int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (!f)
		return false;
	ldns_dnssec_zone_print(f, zone);
	bool ok = !ferror(f);
	ok = fclose(f) == 0 && ok;
	return ok && rename(tmp, path) == 0;
}

enum err signer_sign(const char *path, const struct seed *s, const char *name, int64_t now, struct why *w)
{
	bool keyed;
	struct manner m = read_manner(path);
	ldns_dnssec_zone *zone = read_zone(path, name, &keyed);
	if (!zone)
		return why(w, ERR_FORMAT, "%s is no zone file that can be signed", path);
	ldns_key *key = keyed ? zone_key(s, name) : NULL;
	enum err e = ERR_OK;
	if (keyed && (!key || !sign(zone, key, now, &m)))
		e = why(w, ERR_INTERNAL, "%s cannot be signed", path);
	else if (keyed && !write_zone(zone, path))
		e = why_errno(w, ERR_IO, "%s cannot be written", path);
	free_key(key);
	ldns_dnssec_zone_deep_free(zone);
	return e;
}
