/* Certificates in words. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "glassnet/addr.h"
#include "glassnet/line.h"
#include "glassnet/wire.h"
#include "internal.h"

/* What was written to a memory BIO, escaped. */
static char *from_bio(char *out, size_t cap, BIO *b)
{
	char *p = NULL;
	long n = b ? BIO_get_mem_data(b, &p) : 0;

	return escape_text(out, cap, n > 0 ? p : "", n > 0 ? (size_t)n : 0);
}

static char *name_text(char *out, size_t cap, const X509_NAME *name)
{
	BIO *b = BIO_new(BIO_s_mem());

	if (b)
		X509_NAME_print_ex(b, name, 0, XN_FLAG_SEP_CPLUS_SPC | XN_FLAG_FN_SN | ASN1_STRFLGS_UTF8_CONVERT);
	from_bio(out, cap, b);
	BIO_free(b);
	return out;
}

char *x509_short_name(char *out, size_t cap, X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *utf8 = NULL;
	int n = i < 0 ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));

	if (n > 0)
		escape_text(out, cap, utf8, (size_t)n);
	else
		name_text(out, cap, name);
	if (!out[0])
		snprintf(out, cap, "(no subject)");
	OPENSSL_free(utf8);
	return out;
}

char *x509_date_text(char *out, size_t cap, int64_t at)
{
	time_t t = (time_t)at;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || !strftime(out, cap, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(out, cap, "no date");
	return out;
}

char *x509_span_text(char out[static 40], int64_t s)
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = {{2 * 31557600, "year"}, {2 * 86400, "day"}, {2 * 3600, "hour"}, {60, "minute"}, {1, "second"}};
	static const int64_t size[] = {31557600, 86400, 3600, 60, 1};
	size_t i = 0;

	if (s < 0)
		s = s == INT64_MIN ? INT64_MAX : -s;
	while (i + 1 < sizeof(units) / sizeof(units[0]) && s < units[i].s)
		i++;
	int64_t n = s / size[i];
	snprintf(out, 40, "%lld %s%s", (long long)n, units[i].unit, n == 1 ? "" : "s");
	return out;
}

/* --- names --- */

static void put_string(char *out, size_t cap, const char *before, const ASN1_STRING *s)
{
	size_t n = (size_t)snprintf(out, cap, "%s", before);

	escape_text(out + n, cap - n, ASN1_STRING_get0_data(s), (size_t)ASN1_STRING_length(s));
}

/* One subject alternative name, escaped. */
static void alt_name(char *out, size_t cap, const GENERAL_NAME *g)
{
	char ip[IP_TEXT];
	int n;

	switch (g->type) {
	case GEN_DNS:
		put_string(out, cap, "", g->d.dNSName);
		return;
	case GEN_IPADD:
		n = ASN1_STRING_length(g->d.iPAddress);
		if (n == 4 || n == 16) {
			struct ip a = ip_from(n == 4 ? 4 : 6, ASN1_STRING_get0_data(g->d.iPAddress));
			snprintf(out, cap, "%s", ip_text(ip, &a));
		} else
			snprintf(out, cap, "an address of %d octets", n);
		return;
	case GEN_EMAIL:
		put_string(out, cap, "email ", g->d.rfc822Name);
		return;
	case GEN_URI:
		put_string(out, cap, "", g->d.uniformResourceIdentifier);
		return;
	case GEN_DIRNAME:
		name_text(out, cap, g->d.directoryName);
		return;
	default:
		snprintf(out, cap, "a name of another kind");
	}
}

#define NAMES_SHOWN 8

static void names_text(struct x509_info *o, const GENERAL_NAMES *names)
{
	struct line x = line_on(o->names, sizeof(o->names));
	unsigned shown = 0;

	o->n_names = (unsigned)(sk_GENERAL_NAME_num(names) > 0 ? sk_GENERAL_NAME_num(names) : 0);
	for (int i = 0; i < (int)o->n_names && shown < NAMES_SHOWN; i++) {
		char one[280];

		alt_name(one, sizeof(one), sk_GENERAL_NAME_value(names, i));
		if (x.len + strlen(one) + 24 > sizeof(o->names))
			break;
		line_add(&x, "%s%s", shown++ ? ", " : "", one);
	}
	if (o->n_names > shown)
		line_add(&x, "%s%u more", shown ? " and " : "", o->n_names - shown);
}

/* --- keys and algorithms --- */

/* "RSA 2048", "EC P-256", "ED25519". */
static void key_text(char *out, size_t cap, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	char group[32];

	if (!key) {
		snprintf(out, cap, "a key that cannot be read");
	} else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC &&
	           EVP_PKEY_get_group_name(key, group, sizeof(group), NULL)) {
		const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));

		snprintf(out, cap, "EC %s", nist ? nist : group);
	} else {
		const char *name = OBJ_nid2sn(EVP_PKEY_get_base_id(key));
		bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA || EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA_PSS;

		if (rsa || EVP_PKEY_get_base_id(key) == EVP_PKEY_DSA)
			snprintf(out, cap, "%s %d", rsa ? "RSA" : "DSA", EVP_PKEY_get_bits(key));
		else
			snprintf(out, cap, "%s", name ? name : "unknown");
	}
}

static void digest_text(char *out, size_t cap, X509 *cert, const EVP_MD *md)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	out[0] = '\0';
	if (X509_digest(cert, md, sum, &n))
		hex_text(out, cap, sum, n);
}

static void serial_text(char *out, size_t cap, X509 *cert)
{
	const ASN1_INTEGER *s = X509_get0_serialNumber(cert);
	int n = ASN1_STRING_length(s);
	bool negative = (ASN1_STRING_type(s) & V_ASN1_NEG) != 0;

	out[0] = '-';
	hex_text(out + negative, cap - negative, ASN1_STRING_get0_data(s), (size_t)(n > 0 ? n : 0));
}

static void may_text(struct x509_info *o, const struct cert *c)
{
	static const struct {
		uint32_t bit;
		const char *text;
	} usages[] = {{KU_DIGITAL_SIGNATURE, "sign"}, {KU_NON_REPUDIATION, "sign what shall be binding"},
	    {KU_KEY_ENCIPHERMENT, "encrypt keys"}, {KU_DATA_ENCIPHERMENT, "encrypt data"},
	    {KU_KEY_AGREEMENT, "agree on keys"}, {KU_KEY_CERT_SIGN, "sign certificates"}, {KU_CRL_SIGN, "sign CRLs"}};
	struct line x = line_on(o->may, sizeof(o->may));
	const char *sep = "";

	for (int i = 0; i < sk_ASN1_OBJECT_num(c->uses) && i < 8; i++) {
		char use[64];

		OBJ_obj2txt(use, sizeof(use), sk_ASN1_OBJECT_value(c->uses, i), 0);
		line_add(&x, "%s%s", sep, use);
		sep = ", ";
	}
	sep = x.len ? "; the key may " : "the key may ";
	for (size_t i = 0; i < sizeof(usages) / sizeof(usages[0]); i++) {
		if (!cert_has(c, EXT_KEY_USAGE) || !(c->key_usage & usages[i].bit))
			continue;
		line_add(&x, "%s%s", sep, usages[i].text);
		sep = ", ";
	}
	if (c->ca)
		line_add(&x, "%san authority%s", x.len ? "; " : "", c->path_len == 0 ? " over none but leaves" : "");
	if (!x.len)
		line_add(&x, "it sets no limits");
}

void x509_info_from(struct x509_info *out, X509 *cert)
{
	char alg[80];
	struct cert *c = cert_new(cert, false);

	memset(out, 0, sizeof(*out));
	out->path_len = -1;
	if (!c)
		return;
	x509_short_name(out->name, sizeof(out->name), cert);
	name_text(out->subject, sizeof(out->subject), X509_get_subject_name(cert));
	name_text(out->issuer, sizeof(out->issuer), X509_get_issuer_name(cert));
	names_text(out, c->names);
	x509_date_text(out->not_before, sizeof(out->not_before), out->from = c->from);
	x509_date_text(out->not_after, sizeof(out->not_after), out->to = c->to);
	key_text(out->key, sizeof(out->key), cert);
	may_text(out, c);
	if (OBJ_obj2txt(alg, sizeof(alg), X509_get0_tbs_sigalg(cert)->algorithm, 0) > 0)
		escape_text(out->signature, sizeof(out->signature), alg, strlen(alg));
	digest_text(out->sha256, sizeof(out->sha256), cert, EVP_sha256());
	digest_text(out->sha1, sizeof(out->sha1), cert, EVP_sha1());
	serial_text(out->serial, sizeof(out->serial), cert);
	if (c->subject_id)
		hex_text(out->key_id, sizeof(out->key_id), ASN1_STRING_get0_data(c->subject_id),
		    (size_t)ASN1_STRING_length(c->subject_id));
	if (c->authority_id && c->authority_id->keyid)
		hex_text(out->issuer_key_id, sizeof(out->issuer_key_id),
		    ASN1_STRING_get0_data(c->authority_id->keyid),
		    (size_t)ASN1_STRING_length(c->authority_id->keyid));
	out->ca = c->ca;
	out->path_len = c->path_len;
	out->self_issued = c->self_issued;
	out->version = X509_get_version(cert) + 1;
	cert_free(c);
	ERR_clear_error();
}
