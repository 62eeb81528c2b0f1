/* Certificates in words. RFC 5280. */
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chain.h"
#include "glassnet/addr.h"
#include "glassnet/wire.h"
#include "glassnet/line.h"

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

char *cert_short_name(char *out, size_t cap, X509 *cert)
{
	X509_NAME *name = X509_get_subject_name(cert);
	int i = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
	unsigned char *utf8 = NULL;
	int n = i < 0 ? -1 : ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i)));

	if (n > 0)
		escape_text(out, cap, utf8, (size_t)n);
	else
		name_text(out, cap, name);
	OPENSSL_free(utf8);
	return out;
}

/* One subject alternative name, escaped; "" for kinds that do not name hosts. */
static void alt_name(char *out, size_t cap, const GENERAL_NAME *g)
{
	char ip[IP_TEXT];

	out[0] = '\0';
	if (g->type == GEN_DNS) {
		escape_text(out, cap, ASN1_STRING_get0_data(g->d.dNSName), (size_t)ASN1_STRING_length(g->d.dNSName));
	} else if (g->type == GEN_IPADD) {
		int n = ASN1_STRING_length(g->d.iPAddress);

		if (n != 4 && n != 16)
			return;
		struct ip a = ip_from(n == 4 ? 4 : 6, ASN1_STRING_get0_data(g->d.iPAddress));
		snprintf(out, cap, "%s", ip_text(ip, &a));
	}
}

#define NAMES_SHOWN 8

char *cert_names_text(char *out, size_t cap, X509 *cert, unsigned *n)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	size_t len = 0;
	unsigned shown = 0;

	*n = 0;
	out[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		char one[NAMES_SHOWN * 40];

		alt_name(one, sizeof(one), sk_GENERAL_NAME_value(names, i));
		if (!one[0])
			continue;
		++*n;
		size_t need = strlen(one) + 2;
		if (shown >= NAMES_SHOWN || len + need + 24 > cap)
			continue;
		len += (size_t)snprintf(out + len, cap - len, "%s%s", shown ? ", " : "", one);
		shown++;
	}
	if (*n > shown)
		snprintf(out + len, cap - len, " and %u more", *n - shown);
	GENERAL_NAMES_free(names);
	return out;
}

static void date_text(char *out, size_t cap, const ASN1_TIME *at)
{
	struct tm tm;

	if (!ASN1_TIME_to_tm(at, &tm) || !strftime(out, cap, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(out, cap, "no date");
}

/* "RSA 2048", "EC P-256", "ED25519". */
static void key_text(char *out, size_t cap, X509 *cert)
{
	EVP_PKEY *key = X509_get0_pubkey(cert);
	char group[32];

	if (!key) {
		snprintf(out, cap, "a key that cannot be read");
		return;
	}
	if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC && EVP_PKEY_get_group_name(key, group, sizeof(group), NULL)) {
		const char *nist = EC_curve_nid2nist(OBJ_txt2nid(group));

		snprintf(out, cap, "EC %s", nist ? nist : group);
	} else if (EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) {
		snprintf(out, cap, "RSA %d", EVP_PKEY_get_bits(key));
	} else {
		const char *name = OBJ_nid2sn(EVP_PKEY_get_base_id(key));

		snprintf(out, cap, "%s", name ? name : "unknown");
	}
}

static void serial_text(char *out, size_t cap, X509 *cert)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *hex = bn ? BN_bn2hex(bn) : NULL;

	snprintf(out, cap, "%s", hex ? hex : "");
	OPENSSL_free(hex);
	BN_free(bn);
}

void cert_info_from(struct cert_info *out, X509 *cert)
{
	unsigned char sha[32];
	unsigned n = 0;
	char alg[80];

	memset(out, 0, sizeof(*out));
	name_text(out->subject, sizeof(out->subject), X509_get_subject_name(cert));
	name_text(out->issuer, sizeof(out->issuer), X509_get_issuer_name(cert));
	cert_names_text(out->names, sizeof(out->names), cert, &out->n_names);
	date_text(out->not_before, sizeof(out->not_before), X509_get0_notBefore(cert));
	date_text(out->not_after, sizeof(out->not_after), X509_get0_notAfter(cert));
	key_text(out->key, sizeof(out->key), cert);
	if (OBJ_obj2txt(alg, sizeof(alg), X509_get0_tbs_sigalg(cert)->algorithm, 0) > 0)
		escape_text(out->signature, sizeof(out->signature), alg, strlen(alg));
	if (X509_digest(cert, EVP_sha256(), sha, &n))
		hex_text(out->sha256, sizeof(out->sha256), sha, n);
	serial_text(out->serial, sizeof(out->serial), cert);
	uint32_t flags = X509_get_extension_flags(cert);
	out->ca = (flags & EXFLAG_CA) != 0;
	out->self_issued = (flags & EXFLAG_SI) != 0;
}

/* "bank.example; issued by CN=…; for bank.example; valid … to …; key EC P-256; SHA-256 …" */
static void tell(struct trace *t, const struct cert_info *c, size_t i, const char *short_name)
{
	char key[32], text[1024];
	struct line x = line_on(text, sizeof(text));

	snprintf(key, sizeof(key), "certificate %zu", i);
	line_add(&x, "%s; issued by %s; ", short_name, c->self_issued ? "itself" : c->issuer);
	if (c->ca)
		line_add(&x, "an authority");
	else
		line_add(&x, "for %s", c->n_names ? c->names : "no name at all");
	line_add(&x, "; valid %s to %s UTC; key %s; SHA-256 %s", c->not_before, c->not_after, c->key, c->sha256);
	ev_state(t, "chain", key, NULL, text, "%s",
	    c->sent ? "the server showed it" : "it was here already, as a trusted root");
}

void chain_add(struct chain *c, struct trace *t, X509 *cert, bool sent)
{
	char name[128];

	if (c->n == CHAIN_MAX) {
		c->not_shown++;
		return;
	}
	struct cert_info *info = &c->cert[c->n];
	cert_info_from(info, cert);
	info->sent = sent;
	tell(t, info, c->n, cert_short_name(name, sizeof(name), cert));
	c->n++;
	c->n_sent += sent;
}
