#include "pki.h"

#include <fcntl.h>
#include <inttypes.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY          86400
#define ROOT_DAYS    3650
#define INTER_DAYS   1825
#define LEAF_DAYS    90
#define PAST_DAYS    120 /* an expired certificate began so long ago, … */
#define OVER_DAYS    30  /* … and ended then */
#define CRL_DAYS     7
#define CRL_NUMBER   1
#define CRL_URL      "URI:http://ca.example/"
#define BACKDATE     3600 /* seconds: a client's clock may be a little behind */
#define SERIAL_BYTES 16   /* RFC 5280 4.1.2.2 allows 20; CAs must have 64 random bits */
#define ORGANISATION "Glassnet lab"

struct extension {
	int nid;
	const char *value;
};

static enum err openssl_failed(struct why *w, const char *what)
{
	char text[256];
	ERR_error_string_n(ERR_get_error(), text, sizeof text);
	return why(w, ERR_INTERNAL, "%s: OpenSSL says: %s", what, text);
}

static bool add_extensions(X509 *cert, X509 *issuer, const struct extension *list, size_t n)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	for (size_t i = 0; i < n; i++) {
		X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &ctx, list[i].nid, list[i].value);
		bool ok = x && X509_add_ext(cert, x, -1) == 1;
		X509_EXTENSION_free(x);
		if (!ok)
			return false;
	}
	return true;
}

static bool set_serial(X509 *cert)
{
	unsigned char bytes[SERIAL_BYTES];
	if (RAND_bytes(bytes, sizeof bytes) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always of full length */
	BIGNUM *n = BN_bin2bn(bytes, sizeof bytes, NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(cert));
	BN_free(n);
	return ok;
}

static bool set_name(X509 *cert, const char *common_name)
{
	X509_NAME *n = X509_get_subject_name(cert);
	const unsigned char *o = (const unsigned char *)ORGANISATION, *cn = (const unsigned char *)common_name;
	return X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8, o, -1, -1, 0) == 1 &&
	       X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, cn, -1, -1, 0) == 1;
}

/* Seconds since 1970. */
struct span {
	int64_t from, to;
};

static struct span span_of(int64_t now, int days)
{
	return (struct span){now - BACKDATE, now + (int64_t)days * DAY};
}

/* Makes a key and a certificate for it. issuer NULL: self-signed. */
static enum err make(struct pki_pair *out, const struct pki_pair *issuer, const char *name, struct span valid,
    const struct extension *list, size_t n, struct why *w)
{
	out->key = EVP_EC_gen("P-256");
	out->cert = X509_new();
	if (!out->key || !out->cert)
		return openssl_failed(w, "no key can be made");
	X509 *by = issuer ? issuer->cert : out->cert;
	bool ok = X509_set_version(out->cert, X509_VERSION_3) == 1 && set_serial(out->cert) &&
	          set_name(out->cert, name) && X509_set_issuer_name(out->cert, X509_get_subject_name(by)) == 1 &&
	          ASN1_TIME_set(X509_getm_notBefore(out->cert), valid.from) &&
	          ASN1_TIME_set(X509_getm_notAfter(out->cert), valid.to) &&
	          X509_set_pubkey(out->cert, out->key) == 1 && add_extensions(out->cert, by, list, n) &&
	          X509_sign(out->cert, issuer ? issuer->key : out->key, EVP_sha256()) > 0;
	return ok ? ERR_OK : openssl_failed(w, "a certificate cannot be made");
}

static enum err make_ca(struct pki_pair *out, const struct pki_pair *issuer, const char *name, const char *constraint,
    int64_t now, int days, struct why *w)
{
	/* The subject's key identifier first: a self-signed one's authority identifier is copied from it. */
	const struct extension list[] = {{NID_subject_key_identifier, "hash"},
	    {NID_authority_key_identifier, "keyid:always"}, {NID_basic_constraints, constraint},
	    {NID_key_usage, "critical,keyCertSign,cRLSign"}, {NID_crl_distribution_points, CRL_URL "root.crl"}};
	size_t n = sizeof list / sizeof *list;
	/* nobody could take back the root's own certificate: who trusts it, does so by hand */
	return make(out, issuer, name, span_of(now, days), list, issuer ? n : n - 1, w);
}

static enum err make_leaf(
    struct pki_pair *out, const struct pki_pair *issuer, const struct topo_cert *c, int64_t now, struct why *w)
{
	char names[TOPO_MAX_NAMES * (TOPO_DOMAIN + 5)] = "";
	size_t at = 0;
	for (size_t i = 0; i < c->n_names; i++)
		at += (size_t)snprintf(names + at, sizeof names - at, "%sDNS:%s", i ? "," : "", c->dns[i]);
	const struct extension list[] = {{NID_subject_key_identifier, "hash"},
	    {NID_authority_key_identifier, "keyid:always"}, {NID_basic_constraints, "critical,CA:FALSE"},
	    {NID_key_usage, "critical,digitalSignature"}, {NID_ext_key_usage, "serverAuth"},
	    {NID_subject_alt_name, names}, {NID_crl_distribution_points, CRL_URL "intermediate.crl"}};
	struct span over = {now - (int64_t)PAST_DAYS * DAY, now - (int64_t)OVER_DAYS * DAY};
	return make(
	    out, issuer, c->dns[0], c->expired ? over : span_of(now, LEAF_DAYS), list, sizeof list / sizeof *list, w);
}

/* --- lists of what was taken back --- */

static bool add_crl_extensions(X509_CRL *crl, const struct pki_pair *by)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, by->cert, NULL, NULL, crl, 0);
	X509_EXTENSION *key_id = X509V3_EXT_conf_nid(NULL, &ctx, NID_authority_key_identifier, "keyid:always");
	ASN1_INTEGER *number = ASN1_INTEGER_new();
	bool ok = key_id && number && X509_CRL_add_ext(crl, key_id, -1) == 1 &&
	          ASN1_INTEGER_set(number, CRL_NUMBER) == 1 &&
	          X509_CRL_add1_ext_i2d(crl, NID_crl_number, number, 0, 0) == 1;
	X509_EXTENSION_free(key_id);
	ASN1_INTEGER_free(number);
	return ok;
}

static bool set_times(X509_CRL *crl, int64_t now)
{
	ASN1_TIME *t = ASN1_TIME_set(NULL, now - BACKDATE);
	bool ok = t && X509_CRL_set1_lastUpdate(crl, t) == 1 && ASN1_TIME_set(t, now + CRL_DAYS * DAY) &&
	          X509_CRL_set1_nextUpdate(crl, t) == 1;
	ASN1_TIME_free(t);
	return ok;
}

static bool take_back(X509_CRL *crl, const X509 *cert, int64_t now)
{
	X509_REVOKED *r = X509_REVOKED_new();
	ASN1_TIME *t = ASN1_TIME_set(NULL, now - BACKDATE);
	ASN1_ENUMERATED *reason = ASN1_ENUMERATED_new();
	bool ok =
	    r && t && reason && X509_REVOKED_set_serialNumber(r, (ASN1_INTEGER *)X509_get0_serialNumber(cert)) == 1 &&
	    X509_REVOKED_set_revocationDate(r, t) == 1 &&
	    ASN1_ENUMERATED_set(reason, CRL_REASON_PRIVILEGE_WITHDRAWN) == 1 &&
	    X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, reason, 0, 0) == 1 && X509_CRL_add0_revoked(crl, r) == 1;
	if (!ok)
		X509_REVOKED_free(r);
	ASN1_TIME_free(t);
	ASN1_ENUMERATED_free(reason);
	return ok;
}

/* An empty list of by's, not signed yet. NULL: OpenSSL failed. */
static X509_CRL *new_crl(const struct pki_pair *by, int64_t now)
{
	X509_CRL *crl = X509_CRL_new();
	bool ok = crl && X509_CRL_set_version(crl, X509_CRL_VERSION_2) == 1 &&
	          X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert)) == 1 && set_times(crl, now) &&
	          add_crl_extensions(crl, by);
	if (ok)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

static bool sign_crl(X509_CRL *crl, const struct pki_pair *by)
{
	return X509_CRL_sort(crl) == 1 && X509_CRL_sign(crl, by->key, EVP_sha256()) > 0;
}

static enum err make_crls(struct lab_pki *p, const struct topology *t, int64_t now, struct why *w)
{
	p->root_crl = new_crl(&p->root, now);
	p->intermediate_crl = new_crl(&p->intermediate, now);
	bool ok = p->root_crl && p->intermediate_crl;
	for (size_t h = 0; h < t->n_hosts; h++)
		for (size_t c = 0; ok && c < t->host[h].n_certs; c++)
			if (t->host[h].cert[c].revoked)
				ok = take_back(p->intermediate_crl, p->leaf[h][c].cert, now);
	ok = ok && sign_crl(p->root_crl, &p->root) && sign_crl(p->intermediate_crl, &p->intermediate);
	return ok ? ERR_OK : openssl_failed(w, "a list of revoked certificates cannot be made");
}

enum err lab_pki_make(struct lab_pki *out, const struct topology *t, int64_t now, struct why *w)
{
	memset(out, 0, sizeof *out);
	enum err e = make_ca(&out->root, NULL, "Glassnet Lab Root CA", "critical,CA:TRUE", now, ROOT_DAYS, w);
	if (e == ERR_OK)
		e = make_ca(&out->intermediate, &out->root, "Glassnet Lab Intermediate CA",
		    "critical,CA:TRUE,pathlen:0", now, INTER_DAYS, w);
	for (size_t h = 0; h < t->n_hosts; h++)
		for (size_t c = 0; e == ERR_OK && c < t->host[h].n_certs; c++)
			e = make_leaf(&out->leaf[h][c], &out->intermediate, &t->host[h].cert[c], now, w);
	if (e == ERR_OK)
		e = make_crls(out, t, now, w);
	if (e != ERR_OK)
		lab_pki_release(out);
	return e;
}

static void pair_release(struct pki_pair *p)
{
	EVP_PKEY_free(p->key); /* clears it */
	X509_free(p->cert);
	*p = (struct pki_pair){0};
}

void lab_pki_release(struct lab_pki *p)
{
	pair_release(&p->root);
	pair_release(&p->intermediate);
	X509_CRL_free(p->root_crl);
	X509_CRL_free(p->intermediate_crl);
	p->root_crl = p->intermediate_crl = NULL;
	for (size_t h = 0; h < TOPO_MAX_HOSTS; h++)
		for (size_t c = 0; c < TOPO_MAX_CERTS; c++)
			pair_release(&p->leaf[h][c]);
}

/* --- files --- */

static FILE *create(int dir, const char *name, mode_t mode)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return NULL;
	if (fchmod(fd, mode) == 0) { /* whatever the umask is */
		FILE *f = fdopen(fd, "w");
		if (f)
			return f;
	}
	close(fd);
	return NULL;
}

static enum err write_certs(int dir, const char *name, X509 *const *certs, size_t n, struct why *w)
{
	FILE *f = create(dir, name, 0644);
	if (!f)
		return why_errno(w, ERR_IO, "pki/%s cannot be written", name);
	bool ok = true;
	for (size_t i = 0; i < n; i++)
		ok = ok && PEM_write_X509(f, certs[i]) == 1;
	return fclose(f) == 0 && ok ? ERR_OK : why(w, ERR_IO, "pki/%s cannot be written", name);
}

static enum err write_key(int dir, const char *name, EVP_PKEY *key, struct why *w)
{
	FILE *f = create(dir, name, 0600);
	if (!f)
		return why_errno(w, ERR_IO, "pki/%s cannot be written", name);
	bool ok = PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) == 1;
	return fclose(f) == 0 && ok ? ERR_OK : why(w, ERR_IO, "pki/%s cannot be written", name);
}

static enum err write_crl(int dir, const char *name, X509_CRL *crl, struct why *w)
{
	FILE *f = create(dir, name, 0644);
	if (!f)
		return why_errno(w, ERR_IO, "pki/%s cannot be written", name);
	bool ok = i2d_X509_CRL_fp(f, crl) == 1; /* RFC 5280 4.2.1.13: over http it is DER */
	return fclose(f) == 0 && ok ? ERR_OK : why(w, ERR_IO, "pki/%s cannot be written", name);
}

static enum err write_crls(const struct lab_pki *p, int dir, struct why *w)
{
	enum err e = write_crl(dir, "root.crl", p->root_crl, w);
	if (e == ERR_OK)
		e = write_crl(dir, "intermediate.crl", p->intermediate_crl, w);
	FILE *f = e == ERR_OK ? create(dir, "crl.pem", 0644) : NULL;
	if (e == ERR_OK && !f)
		return why_errno(w, ERR_IO, "pki/crl.pem cannot be written");
	if (!f)
		return e;
	bool ok = PEM_write_X509_CRL(f, p->root_crl) == 1 && PEM_write_X509_CRL(f, p->intermediate_crl) == 1;
	return fclose(f) == 0 && ok ? ERR_OK : why(w, ERR_IO, "pki/crl.pem cannot be written");
}

/* Seconds since 1970; -1: it is no time. */
static int64_t seconds(const ASN1_TIME *t)
{
	struct tm tm;
	return ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : -1;
}

static bool write_line(FILE *f, X509_CRL *crl, X509 *cert)
{
	char name[256] = "", state[32] = "good";
	X509_REVOKED *r = NULL;
	bool back = X509_CRL_get0_by_cert(crl, &r, cert) == 1;
	BIGNUM *n = ASN1_INTEGER_to_BN(X509_get0_serialNumber(cert), NULL);
	char *number = n ? BN_bn2hex(n) : NULL;
	if (back)
		snprintf(state, sizeof state, "%" PRId64, seconds(X509_REVOKED_get0_revocationDate(r)));
	bool ok = number &&
	          X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName, name, sizeof name) > 0 &&
	          fprintf(f, "%s\t%s\t%d\t%" PRId64 "\tO=%s, CN=%s\n", number, state,
	              back ? CRL_REASON_PRIVILEGE_WITHDRAWN : 0, seconds(X509_get0_notAfter(cert)), ORGANISATION, name) > 0;
	OPENSSL_free(number);
	BN_free(n);
	return ok;
}

/* What the CA has issued and taken back, and the number of its lists, as `certview ca` keeps them: it can go on with them. */
static enum err write_book(const struct lab_pki *p, const struct topology *t, int dir, struct why *w)
{
	FILE *f = create(dir, "issued.tsv", 0600);
	bool ok = f;
	for (size_t h = 0; h < t->n_hosts; h++)
		for (size_t c = 0; ok && c < t->host[h].n_certs; c++)
			ok = write_line(f, p->intermediate_crl, p->leaf[h][c].cert);
	ok = f && fclose(f) == 0 && ok;
	f = ok ? create(dir, "crl-number", 0600) : NULL;
	ok = f && fprintf(f, "%d\n", CRL_NUMBER) > 0;
	ok = f && fclose(f) == 0 && ok;
	return ok ? ERR_OK : why_errno(w, ERR_IO, "the CA's book cannot be written");
}

enum err lab_pki_write(const struct lab_pki *p, const struct topology *t, size_t h, int dir, struct why *w)
{
	const struct topo_host *host = &t->host[h];
	enum err e = write_certs(dir, "root.pem", &p->root.cert, 1, w);
	if (e == ERR_OK)
		e = write_certs(dir, "intermediate.pem", &p->intermediate.cert, 1, w);
	if (e == ERR_OK && host->ca)
		e = write_key(dir, "root.key", p->root.key, w);
	if (e == ERR_OK && host->ca)
		e = write_key(dir, "intermediate.key", p->intermediate.key, w);
	if (e == ERR_OK && host->ca)
		e = write_crls(p, dir, w);
	if (e == ERR_OK && host->ca)
		e = write_book(p, t, dir, w);
	for (size_t c = 0; e == ERR_OK && c < host->n_certs; c++) {
		char name[TOPO_NAME + 16];
		X509 *const chain[] = {p->leaf[h][c].cert, p->intermediate.cert};
		snprintf(name, sizeof name, "%s.key", host->cert[c].name);
		if ((e = write_key(dir, name, p->leaf[h][c].key, w)) != ERR_OK)
			break;
		snprintf(name, sizeof name, "%s.chain.pem", host->cert[c].name);
		e = write_certs(dir, name, chain, 2, w);
	}
	return e;
}

enum err lab_pki_write_trust(const struct lab_pki *p, int dir, struct why *w)
{
	enum err e = write_certs(dir, "ca-certificates.crt", &p->root.cert, 1, w);
	char hashed[16];
	snprintf(hashed, sizeof hashed, "%08lx.0",
	    X509_NAME_hash_ex(X509_get_subject_name(p->root.cert), NULL, NULL, NULL));
	if (e == ERR_OK && symlinkat("ca-certificates.crt", dir, hashed) < 0)
		e = why_errno(w, ERR_IO, "the trust store cannot be written");
	return e;
}

char *lab_pki_fingerprint(char out[static PKI_FINGERPRINT], const X509 *cert)
{
	unsigned char sum[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	if (X509_digest(cert, EVP_sha256(), sum, &len) != 1)
		len = 0;
	for (unsigned i = 0; i < len && i < (PKI_FINGERPRINT - 1) / 2; i++)
		snprintf(out + 2 * (size_t)i, 3, "%02x", sum[i]);
	out[2 * len] = '\0';
	return out;
}
