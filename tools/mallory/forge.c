/* Certificates by RFC 5280: made well in everything but one thing. What is made here lacks the signature of a CA that the
 * victim trusts over the bank's name; what is not made here has it, for another name, another time, or by mistake. */
#include "forge.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/wire.h"

static const struct {
	const char *name, *text;
	const char *file; /* a true certificate and its key, NULL: none is needed */
} attacks[TLS_ATTACK_COUNT] = {
    [TLS_NONE] = {"none", "nothing: the bytes pass untouched", NULL},
    [TLS_SELF_SIGNED] = {"self-signed", "a certificate for the bank's name, signed by its own key", NULL},
    [TLS_OWN_CA] = {"own-ca", "a certificate for the bank's name, issued by a CA that mallory made up", NULL},
    [TLS_OTHER_NAME] = {"other-name", "a true certificate, issued by a trusted CA, for mallory's own name",
        "freewifi"},
    [TLS_EXPIRED] = {"expired", "the bank's last certificate, stolen with its key; its time is over", "old-bank"},
    [TLS_LEAF_CA] = {"leaf-ca",
        "a certificate for the bank's name, issued by mallory's own, which is true, but no CA's", "freewifi"},
    [TLS_COMPROMISED_CA] = {"compromised-ca",
        "a certificate for the bank's name that a trusted CA made for mallory, and has taken back since",
        "misissued"},
    [TLS_DOWNGRADE] = {"downgrade", "nothing: the bytes pass, but for a weaker offer than the victim's", NULL},
    [TLS_ANONYMOUS] = {"anonymous", "no certificate at all: anonymous Diffie-Hellman, in TLS 1.2", NULL},
};

bool tls_attack_passes(enum tls_attack a)
{
	return a == TLS_NONE || a == TLS_DOWNGRADE;
}

const char *tls_attack_name(enum tls_attack a)
{
	return attacks[a].name;
}

const char *tls_attack_text(enum tls_attack a)
{
	return attacks[a].text;
}

enum err tls_attack_parse(enum tls_attack *out, const char *name)
{
	for (int i = 0; i < TLS_ATTACK_COUNT; i++)
		if (strcmp(attacks[i].name, name) == 0) {
			*out = (enum tls_attack)i;
			return ERR_OK;
		}
	return ERR_FORMAT;
}

enum { DAY = 24 * 3600, SERIAL_OCTETS = 16 };

static bool set_serial(X509 *x)
{
	unsigned char raw[SERIAL_OCTETS];
	if (RAND_bytes(raw, sizeof raw) != 1)
		return false;
	raw[0] = (unsigned char)((raw[0] & 0x7f) | 0x40); /* positive, and of full length */
	BIGNUM *n = BN_bin2bn(raw, sizeof raw, NULL);
	bool ok = n && BN_to_ASN1_INTEGER(n, X509_get_serialNumber(x));
	BN_free(n);
	return ok;
}

static bool add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	bool ok = ext && X509_add_ext(x, ext, -1);
	X509_EXTENSION_free(ext);
	return ok;
}

static bool add_extensions(X509 *x, X509 *issuer, const char *dns_name)
{
	if (!add_ext(x, issuer, NID_subject_key_identifier, "hash"))
		return false;
	if (!dns_name)
		return add_ext(x, issuer, NID_basic_constraints, "critical,CA:TRUE") &&
		       add_ext(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
	char san[300];
	int n = snprintf(san, sizeof san, "DNS:%s", dns_name);
	return n > 0 && (size_t)n < sizeof san && add_ext(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
	       add_ext(x, issuer, NID_key_usage, "critical,digitalSignature") &&
	       add_ext(x, issuer, NID_ext_key_usage, "serverAuth") &&
	       add_ext(x, issuer, NID_authority_key_identifier, "keyid:always") &&
	       add_ext(x, issuer, NID_subject_alt_name, san);
}

/* A certificate for key: a server's for dns_name, or, where that is NULL, a CA's named cn. issuer NULL: its
 * own. */
static X509 *certificate(EVP_PKEY *key, const char *cn, const char *dns_name, X509 *issuer, EVP_PKEY *issuer_key,
    const struct clock *clock)
{
	X509 *x = X509_new();
	X509_NAME *name = x ? X509_get_subject_name(x) : NULL;
	time_t now = (time_t)(clock_now(clock) / NS_PER_S);
	bool ok = x && X509_set_version(x, X509_VERSION_3) && set_serial(x) &&
	          X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) &&
	          X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer) : name) &&
	          X509_time_adj_ex(X509_getm_notBefore(x), 0, -3600, &now) &&
	          X509_time_adj_ex(X509_getm_notAfter(x), 90, 0, &now) && X509_set_pubkey(x, key) &&
	          add_extensions(x, issuer ? issuer : x, dns_name) &&
	          X509_sign(x, issuer ? issuer_key : key, EVP_sha256()) > 0;
	if (!ok) {
		X509_free(x);
		return NULL;
	}
	return x;
}

static bool show_self_signed(SSL_CTX *ctx, const char *name, const struct clock *clock)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = key ? certificate(key, name, name, NULL, NULL, clock) : NULL;
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	return ok;
}

static bool show_own_ca(SSL_CTX *ctx, const char *name, const struct clock *clock)
{
	EVP_PKEY *ca_key = EVP_EC_gen("P-256"), *key = EVP_EC_gen("P-256");
	X509 *ca = ca_key ? certificate(ca_key, FORGED_CA_NAME, NULL, NULL, NULL, clock) : NULL;
	X509 *cert = ca && key ? certificate(key, name, name, ca, ca_key, clock) : NULL;
	bool ok = cert && SSL_CTX_use_certificate(ctx, cert) == 1 && SSL_CTX_use_PrivateKey(ctx, key) == 1 &&
	          SSL_CTX_add1_chain_cert(ctx, ca) == 1;
	X509_free(cert);
	X509_free(ca);
	EVP_PKEY_free(key);
	EVP_PKEY_free(ca_key);
	return ok;
}

static bool show_files(SSL_CTX *ctx, const char *file, const char *dir)
{
	char chain[256], key[256];
	snprintf(chain, sizeof chain, "%s/%s.chain.pem", dir, file);
	snprintf(key, sizeof key, "%s/%s.key", dir, file);
	return SSL_CTX_use_certificate_chain_file(ctx, chain) == 1 &&
	       SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1;
}

/* ctx shows a true certificate: from now on one for name that its key has signed, and the true ones behind it. */
static bool show_issued_by(SSL_CTX *ctx, const char *name, const struct clock *clock)
{
	STACK_OF(X509) *above = NULL;
	X509 *issuer = SSL_CTX_get0_certificate(ctx);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	SSL_CTX_get0_chain_certs(ctx, &above);
	STACK_OF(X509) *chain = above ? X509_chain_up_ref(above) : sk_X509_new_null();
	bool ok = key && chain && X509_up_ref(issuer);
	if (ok && sk_X509_unshift(chain, issuer) == 0) {
		X509_free(issuer);
		ok = false;
	}
	X509 *cert = ok ? certificate(key, name, name, issuer, SSL_CTX_get0_privatekey(ctx), clock) : NULL;
	ok = cert && SSL_CTX_use_cert_and_key(ctx, cert, key, chain, 1) == 1;
	X509_free(cert);
	EVP_PKEY_free(key);
	sk_X509_pop_free(chain, X509_free);
	return ok;
}

/* RFC 5246 A.5: these suites have no certificate. OpenSSL has them, but only for who asks by name. */
static bool show_nobody(SSL_CTX *ctx)
{
	return SSL_CTX_set_max_proto_version(ctx, TLS1_2_VERSION) == 1 &&
	       SSL_CTX_set_cipher_list(ctx, "aNULL:@SECLEVEL=0") == 1 && SSL_CTX_set_dh_auto(ctx, 1) == 1;
}

static enum err show(SSL_CTX *ctx, enum tls_attack a, const char *name, const struct clock *clock, const char *dir)
{
	if (attacks[a].file && !show_files(ctx, attacks[a].file, dir))
		return ERR_IO;
	switch (a) {
	case TLS_SELF_SIGNED:
		return show_self_signed(ctx, name, clock) ? ERR_OK : ERR_INTERNAL;
	case TLS_OWN_CA:
		return show_own_ca(ctx, name, clock) ? ERR_OK : ERR_INTERNAL;
	case TLS_LEAF_CA:
		return show_issued_by(ctx, name, clock) ? ERR_OK : ERR_INTERNAL;
	case TLS_ANONYMOUS:
		return show_nobody(ctx) ? ERR_OK : ERR_INTERNAL;
	case TLS_OTHER_NAME:
	case TLS_EXPIRED:
	case TLS_COMPROMISED_CA:
		return ERR_OK;
	case TLS_NONE:
	case TLS_DOWNGRADE:
	case TLS_ATTACK_COUNT:
		break;
	}
	return ERR_INTERNAL;
}

enum err forge_context(SSL_CTX **out, enum tls_attack a, const char *name, const struct clock *clock, const char *dir)
{
	*out = NULL;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx)
		return ERR_NOMEM;
	enum err e = show(ctx, a, name, clock, dir);
	ERR_clear_error();
	if (e) {
		SSL_CTX_free(ctx);
		return e;
	}
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	*out = ctx;
	return ERR_OK;
}

enum err client_context(SSL_CTX **out)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	if (!ctx || SSL_CTX_set_default_verify_paths(ctx) != 1) {
		SSL_CTX_free(ctx);
		return ERR_IO;
	}
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	*out = ctx;
	return ERR_OK;
}

char *forge_describe(const SSL_CTX *ctx, char *out, size_t cap)
{
	char subject[128] = "?", issuer[128] = "?", line[300];
	const X509 *x = SSL_CTX_get0_certificate(ctx);
	out[0] = '\0';
	if (!x)
		return out;
	X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, subject, sizeof subject);
	X509_NAME_get_text_by_NID(X509_get_issuer_name(x), NID_commonName, issuer, sizeof issuer);
	int n = snprintf(line, sizeof line, "%s, issued by %s", subject, issuer);
	return escape_text(out, cap, line, n > 0 ? (size_t)n : 0);
}
