/* Certificates by RFC 5280: made well in everything but the one thing that mallory cannot have, the signature
 * of a CA that the victim trusts over the bank's name. */
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
} attacks[TLS_ATTACK_COUNT] = {
    [TLS_NONE] = {"none", "nothing: the bytes pass untouched"},
    [TLS_SELF_SIGNED] = {"self-signed", "a certificate for the bank's name, signed by its own key"},
    [TLS_OWN_CA] = {"own-ca", "a certificate for the bank's name, issued by a CA that mallory made up"},
    [TLS_OTHER_NAME] = {"other-name", "a true certificate, issued by a trusted CA, for mallory's own name"},
};

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

static enum err show(SSL_CTX *ctx, enum tls_attack a, const char *name, const struct clock *clock,
    const char *key_file, const char *chain_file)
{
	switch (a) {
	case TLS_SELF_SIGNED:
		return show_self_signed(ctx, name, clock) ? ERR_OK : ERR_INTERNAL;
	case TLS_OWN_CA:
		return show_own_ca(ctx, name, clock) ? ERR_OK : ERR_INTERNAL;
	case TLS_OTHER_NAME:
		return SSL_CTX_use_certificate_chain_file(ctx, chain_file) == 1 &&
		               SSL_CTX_use_PrivateKey_file(ctx, key_file, SSL_FILETYPE_PEM) == 1
		           ? ERR_OK
		           : ERR_IO;
	case TLS_NONE:
	case TLS_ATTACK_COUNT:
		break;
	}
	return ERR_INTERNAL;
}

enum err forge_context(SSL_CTX **out, enum tls_attack a, const char *name, const struct clock *clock,
    const char *key_file, const char *chain_file)
{
	*out = NULL;
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	if (!ctx)
		return ERR_NOMEM;
	enum err e = show(ctx, a, name, clock, key_file, chain_file);
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
	if (x) {
		X509_NAME_get_text_by_NID(X509_get_subject_name(x), NID_commonName, subject, sizeof subject);
		X509_NAME_get_text_by_NID(X509_get_issuer_name(x), NID_commonName, issuer, sizeof issuer);
	}
	int n = snprintf(line, sizeof line, "%s, issued by %s", subject, issuer);
	return escape_text(out, cap, line, n > 0 ? (size_t)n : 0);
}
