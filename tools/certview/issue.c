/* Keys, certificates, CRLs, OCSP responses made. */
#include "issue.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/conf.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum err issue_failed(struct trouble *w, const char *what)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	trouble_set(w, ERR_INTERNAL, "%s: %s", what, text ? text : "OpenSSL gives no reason");
	ERR_clear_error();
	return ERR_INTERNAL;
}

void pair_release(struct pair *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key); /* clears it */
	*p = (struct pair){0};
}

EVP_PKEY *issue_key(const char *kind)
{
	if (strncmp(kind, "RSA-", 4) == 0)
		return EVP_RSA_gen((unsigned)strtoul(kind + 4, NULL, 10));
	if (strcmp(kind, "ED25519") == 0)
		return EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	return EVP_EC_gen(kind);
}

bool issue_random_serial(ASN1_INTEGER *out)
{
	unsigned char bytes[16];

	if (RAND_bytes(bytes, sizeof(bytes)) != 1)
		return false;
	bytes[0] = (unsigned char)((bytes[0] & 0x7f) | 0x40); /* positive, and always of full length */
	BIGNUM *n = BN_bin2bn(bytes, sizeof(bytes), NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, out);
	BN_free(n);
	return ok;
}

static bool set_serial(X509 *x, const char *hex)
{
	BIGNUM *n = NULL;

	if (!hex)
		return issue_random_serial(X509_get_serialNumber(x));
	bool ok = BN_hex2bn(&n, hex) > 0 && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

/* --- names --- */

static bool add_part(X509_NAME *name, const char *part, size_t len)
{
	char type[32], value[256];
	const char *eq = memchr(part, '=', len);
	size_t n = eq ? (size_t)(eq - part) : 0;

	if (!eq || n >= sizeof(type) || len - n - 1 >= sizeof(value))
		return false;
	memcpy(type, part, n);
	type[n] = '\0';
	memcpy(value, eq + 1, len - n - 1);
	value[len - n - 1] = '\0';
	return X509_NAME_add_entry_by_txt(name, type, MBSTRING_UTF8, (const unsigned char *)value, -1, -1, 0) == 1;
}

bool issue_subject(X509_NAME *out, const char *text)
{
	if (text[0] != '/')
		return !text[0] || X509_NAME_add_entry_by_txt(
		                       out, "CN", MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0) == 1;
	while (*text == '/') {
		const char *end = strchr(text + 1, '/');
		size_t len = end ? (size_t)(end - text) - 1 : strlen(text + 1);

		if (!add_part(out, text + 1, len))
			return false;
		text += len + 1;
	}
	return true;
}

/* --- extensions --- */

static size_t name_length(const char *e)
{
	return strcspn(e, "=");
}

static bool comes_again(const struct issue_spec *s, size_t i)
{
	size_t n = name_length(s->extension[i]);

	if (s->extension[i][0] == '+')
		return false;
	for (size_t k = i + 1; k < ISSUE_EXTENSIONS && s->extension[k]; k++)
		if (name_length(s->extension[k]) == n && memcmp(s->extension[k], s->extension[i], n) == 0)
			return true;
	return false;
}

static bool add_extension(X509 *x, X509 *issuer, CONF *sections, const char *text)
{
	char name[64];
	bool again = text[0] == '+';
	size_t n;
	X509V3_CTX ctx;

	text += again;
	n = name_length(text);
	if (n >= sizeof(name) || !text[n])
		return false;
	if (!text[n + 1])
		return true;
	memcpy(name, text, n);
	name[n] = '\0';
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_nconf(&ctx, sections);
	X509_EXTENSION *e = X509V3_EXT_nconf(sections, &ctx, name, text + n + 1);
	bool ok = e && X509_add_ext(x, e, -1) == 1;
	X509_EXTENSION_free(e);
	return ok;
}

static CONF *read_sections(const char *text)
{
	CONF *conf = NCONF_new(NULL);
	BIO *b = conf ? BIO_new_mem_buf(text ? text : "", -1) : NULL;
	long line;

	if (b && NCONF_load_bio(conf, b, &line) != 1) {
		NCONF_free(conf);
		conf = NULL;
	}
	BIO_free(b);
	return conf;
}

static bool add_extensions(X509 *x, X509 *issuer, const struct issue_spec *s)
{
	CONF *sections = read_sections(s->sections);
	bool ok = sections != NULL;

	for (size_t i = 0; ok && i < ISSUE_EXTENSIONS && s->extension[i]; i++)
		ok = comes_again(s, i) || add_extension(x, issuer, sections, s->extension[i]);
	NCONF_free(sections);
	return ok;
}

/* --- certificates --- */

enum err issue(struct pair *out, const struct issue_spec *s, struct trouble *w)
{
	const EVP_MD *md = EVP_get_digestbyname(s->digest ? s->digest : "SHA256");

	*out = (struct pair){.cert = X509_new(), .key = s->given_key};
	if (s->given_key)
		EVP_PKEY_up_ref(s->given_key);
	else
		out->key = issue_key(s->key ? s->key : "P-256");
	if (!out->cert || !out->key)
		return issue_failed(w, "no key can be made");
	X509 *x = out->cert, *by = s->issuer ? s->issuer->cert : x;
	EVP_PKEY *signer = s->issuer ? s->issuer->key : out->key;
	bool ok = X509_set_version(x, s->version ? s->version - 1 : X509_VERSION_3) == 1 &&
	          set_serial(x, s->serial) && issue_subject(X509_get_subject_name(x), s->subject) &&
	          X509_set_issuer_name(x, X509_get_subject_name(by)) == 1 &&
	          ASN1_TIME_set(X509_getm_notBefore(x), s->from) && ASN1_TIME_set(X509_getm_notAfter(x), s->to) &&
	          X509_set_pubkey(x, out->key) == 1 && add_extensions(x, by, s) &&
	          X509_sign(x, signer, EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519 ? NULL : md) > 0;
	return ok ? ERR_OK : issue_failed(w, "a certificate cannot be made");
}

X509_CRL *issue_crl(
    const struct pair *by, long number, int64_t from, int64_t to, const struct revoked *list, size_t n)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *a = ASN1_TIME_set(NULL, from), *b = ASN1_TIME_set(NULL, to);
	ASN1_INTEGER *num = ASN1_INTEGER_new();
	X509V3_CTX ctx;
	bool ok = crl && a && b && num && X509_CRL_set_version(crl, X509_CRL_VERSION_2) &&
	          X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert)) &&
	          X509_CRL_set1_lastUpdate(crl, a) && X509_CRL_set1_nextUpdate(crl, b) &&
	          ASN1_INTEGER_set(num, number);

	for (size_t i = 0; ok && i < n; i++) {
		X509_REVOKED *r = X509_REVOKED_new();
		ASN1_TIME *when = ASN1_TIME_set(NULL, list[i].when);
		ASN1_ENUMERATED *why = ASN1_ENUMERATED_new();

		ok = r && when && why && X509_REVOKED_set_serialNumber(r, (ASN1_INTEGER *)list[i].serial) &&
		     X509_REVOKED_set_revocationDate(r, when) && ASN1_ENUMERATED_set(why, list[i].reason) &&
		     (!list[i].reason || X509_REVOKED_add1_ext_i2d(r, NID_crl_reason, why, 0, 0) == 1) &&
		     X509_CRL_add0_revoked(crl, r);
		if (!ok)
			X509_REVOKED_free(r);
		ASN1_TIME_free(when);
		ASN1_ENUMERATED_free(why);
	}
	if (ok) {
		X509V3_set_ctx(&ctx, by->cert, NULL, NULL, crl, 0);
		X509_EXTENSION *aki = X509V3_EXT_nconf(NULL, &ctx, "authorityKeyIdentifier", "keyid");
		ok = aki && X509_CRL_add_ext(crl, aki, -1) &&
		     X509_CRL_add1_ext_i2d(crl, NID_crl_number, num, 0, 0) == 1 && X509_CRL_sort(crl) &&
		     X509_CRL_sign(crl, by->key, EVP_sha256()) > 0;
		X509_EXTENSION_free(aki);
	}
	ASN1_TIME_free(a);
	ASN1_TIME_free(b);
	ASN1_INTEGER_free(num);
	if (ok)
		return crl;
	X509_CRL_free(crl);
	return NULL;
}

unsigned char *issue_ocsp(X509 *cert, const struct pair *by, int64_t now, int64_t revoked_at, int reason, int *len)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), cert, by->cert);
	ASN1_TIME *from = ASN1_TIME_set(NULL, now - 60), *to = ASN1_TIME_set(NULL, now + 7 * 86400),
	          *when = revoked_at ? ASN1_TIME_set(NULL, revoked_at) : NULL;
	OCSP_RESPONSE *resp = NULL;
	unsigned char *der = NULL;

	if (basic && id && from && to &&
	    OCSP_basic_add1_status(
	        basic, id, revoked_at ? V_OCSP_CERTSTATUS_REVOKED : V_OCSP_CERTSTATUS_GOOD, reason, when, from, to) &&
	    OCSP_basic_sign(basic, by->cert, by->key, EVP_sha256(), NULL, OCSP_NOCERTS))
		resp = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	*len = resp ? i2d_OCSP_RESPONSE(resp, &der) : 0;
	OCSP_RESPONSE_free(resp);
	OCSP_BASICRESP_free(basic);
	OCSP_CERTID_free(id);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	ASN1_TIME_free(when);
	return *len > 0 ? der : NULL;
}

/* --- files --- */

static enum err close_file(struct replacement *r, bool ok, struct trouble *w)
{
	const char *path = r->path;

	if (ok && replacement_commit(r) == ERR_OK)
		return ERR_OK;
	if (!ok)
		replacement_abort(r);
	return trouble_set(
	    w, ERR_IO, "%s cannot be written: %s", path, errno ? strerror(errno) : "an earlier write failed");
}

static enum err open_file(struct replacement *r, const char *path, mode_t mode, struct trouble *w)
{
	mode_t old = umask(077);
	enum err e = replacement_open(r, path);

	umask(old);
	if (e != ERR_OK)
		return trouble_set(w, e, "%s: %s", path, strerror(errno));
	if (fchmod(fileno(r->out), mode) != 0) {
		replacement_abort(r);
		return trouble_set(w, ERR_IO, "%s: %s", path, strerror(errno));
	}
	return ERR_OK;
}

enum err issue_write_key(const char *path, EVP_PKEY *key, struct trouble *w)
{
	struct replacement r;
	enum err e = open_file(&r, path, 0600, w);

	return e == ERR_OK ? close_file(&r, PEM_write_PrivateKey(r.out, key, NULL, NULL, 0, NULL, NULL) == 1, w) : e;
}

enum err issue_write_certs(const char *path, X509 *const *certs, size_t n, struct trouble *w)
{
	struct replacement r;
	enum err e = open_file(&r, path, 0644, w);
	bool ok = true;

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		ok = ok && PEM_write_X509(r.out, certs[i]) == 1;
	return close_file(&r, ok, w);
}

enum err issue_write_crls(const char *path, X509_CRL *const *crls, size_t n, struct trouble *w)
{
	struct replacement r;
	enum err e = open_file(&r, path, 0644, w);
	bool ok = true;

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		ok = ok && PEM_write_X509_CRL(r.out, crls[i]) == 1;
	return close_file(&r, ok, w);
}

enum err issue_write_text(const char *path, const void *bytes, size_t len, struct trouble *w)
{
	struct replacement r;
	enum err e = open_file(&r, path, 0644, w);

	return e == ERR_OK ? close_file(&r, fwrite(bytes, 1, len, r.out) == len, w) : e;
}

enum err issue_read_key(EVP_PKEY **out, const char *path, struct trouble *w)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	*out = NULL;
	if (fd < 0 || fstat(fd, &st) != 0) {
		trouble_set(w, ERR_IO, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	if (S_ISREG(st.st_mode) && (st.st_mode & 077)) {
		close(fd);
		return trouble_set(w, ERR_PERM,
		    "%s: others may read this private key (mode %03o); whoever has read it can sign in its owner's "
		    "name. "
		    "'chmod 600' it, if nobody has",
		    path, (unsigned)(st.st_mode & 0777));
	}
	FILE *f = fdopen(fd, "r");
	*out = f ? PEM_read_PrivateKey(f, NULL, NULL, "") : NULL;
	if (f)
		fclose(f);
	ERR_clear_error();
	return *out ? ERR_OK
	            : trouble_set(
	                  w, ERR_FORMAT, "%s: offset 0: no private key in PEM, or one under a passphrase", path);
}
