/* The server's certificates: from files, several by the name that is asked for (SNI, RFC 6066 3), or one made now. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/file.h"
#include "glassnet/wire.h"
#include "selfmade.h"
#include "serve.h"

#define MADE_DAYS 30

static enum err bad_file(struct server *s, const char *path, const char *what)
{
	FILE *f = fopen(path, "re");

	if (!f)
		return served_set(s->out, ERR_IO, "%s cannot be read: %s", path, strerror(errno));
	fclose(f);
	return served_set(s->out, ERR_FORMAT, "%s: %s", path, what);
}

/* --- callbacks --- */

/* Which of our certificates is for that name? The first, where none is. */
static int on_name(SSL *ssl, int *alert, void *arg)
{
	struct server *s = arg;
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

	(void)alert;
	for (size_t i = 0; name && i < s->n; i++)
		if (X509_check_host(s->leaf[i], name, 0, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, NULL) == 1) {
			SSL_set_SSL_CTX(ssl, s->ctx[i]);
			return SSL_TLSEXT_ERR_OK;
		}
	return name ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

static int on_alpn(SSL *ssl, const unsigned char **out, unsigned char *n, const unsigned char *offered,
    unsigned n_offered, void *arg)
{
	const struct server *s = arg;
	unsigned char *chosen;

	(void)ssl;
	if (SSL_select_next_proto(&chosen, n, s->opt->alpn, (unsigned)s->opt->alpn_len, offered, n_offered) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/* OpenSSL takes the copy over. */
static int on_status(SSL *ssl, void *arg)
{
	const struct server *s = arg;
	uint8_t *copy = s->staple_len ? OPENSSL_memdup(s->staple, s->staple_len) : NULL;

	if (!copy)
		return SSL_TLSEXT_ERR_NOACK;
	SSL_set_tlsext_status_ocsp_resp(ssl, copy, (long)s->staple_len);
	return SSL_TLSEXT_ERR_OK;
}

/* --- contexts --- */

static enum err set_up(struct server *s, SSL_CTX *ctx)
{
	const struct serve_options *o = s->opt;

	SSL_CTX_set_min_proto_version(ctx, o->min);
	SSL_CTX_set_max_proto_version(ctx, o->max);
	SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
	SSL_CTX_set_tlsext_servername_callback(ctx, on_name);
	SSL_CTX_set_tlsext_servername_arg(ctx, s);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"tlsview", 7);
	if (o->ciphers && SSL_CTX_set_cipher_list(ctx, o->ciphers) != 1)
		return served_set(s->out, ERR_USAGE, "'%s' is not a cipher list that OpenSSL knows", o->ciphers);
	if (o->groups && SSL_CTX_set1_groups_list(ctx, o->groups) != 1)
		return served_set(s->out, ERR_USAGE, "'%s' is not a list of groups that OpenSSL knows", o->groups);
	if (o->alpn_len)
		SSL_CTX_set_alpn_select_cb(ctx, on_alpn, s);
	if (s->staple_len) {
		SSL_CTX_set_tlsext_status_cb(ctx, on_status);
		SSL_CTX_set_tlsext_status_arg(ctx, s);
	}
	if (!o->client_ca)
		return ERR_OK;
	if (SSL_CTX_load_verify_locations(ctx, o->client_ca, NULL) != 1)
		return bad_file(s, o->client_ca, "there is no certificate in it");
	SSL_CTX_set_client_CA_list(ctx, SSL_load_client_CA_file(o->client_ca));
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	return ERR_OK;
}

/* The server shows what it was given, also a wrong certificate: that is what it is for. */
static SSL_CTX *lenient(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx)
		SSL_CTX_set_security_level(ctx, 0);
	return ctx;
}

static enum err add_chain(struct server *s, SSL_CTX *ctx, const char *path)
{
	FILE *f = fopen(path, "re");
	X509 *x;
	size_t n = 0;

	if (!f)
		return served_set(s->out, ERR_IO, "%s cannot be read: %s", path, strerror(errno));
	for (; (x = PEM_read_X509(f, NULL, NULL, NULL)); n++)
		if (SSL_CTX_add0_chain_cert(ctx, x) != 1) {
			X509_free(x);
			break;
		}
	fclose(f);
	ERR_clear_error();
	return n ? ERR_OK : served_set(s->out, ERR_FORMAT, "%s: there is no certificate in it (PEM)", path);
}

static enum err load_files(struct server *s, size_t i)
{
	const struct serve_options *o = s->opt;
	SSL_CTX *ctx = s->ctx[i] = lenient();
	const char *key = o->key[i] ? o->key[i] : o->cert[i];

	if (!ctx)
		return served_set(s->out, ERR_INTERNAL, "OpenSSL cannot be set up");
	if (SSL_CTX_use_certificate_chain_file(ctx, o->cert[i]) != 1)
		return bad_file(s, o->cert[i], "there is no certificate in it (PEM)");
	/* a key of another kind is taken at first, for a certificate that might still come */
	if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return bad_file(s, key, "there is no private key in it that fits the certificate (PEM)");
	s->leaf[i] = SSL_CTX_get0_certificate(ctx);
	s->n = i + 1;
	return o->chain[i] ? add_chain(s, ctx, o->chain[i]) : ERR_OK;
}

/* --- one that is made --- */

static enum err save(struct server *s, X509 *root)
{
	struct replacement r = {0};
	enum err e = replacement_open(&r, s->opt->save_root);

	if (e == ERR_OK && PEM_write_X509(r.out, root) != 1) {
		replacement_abort(&r);
		e = ERR_IO;
	} else if (e == ERR_OK) {
		e = replacement_commit(&r);
	}
	return e == ERR_OK ? e : served_set(s->out, ERR_IO, "%s: %s", s->opt->save_root, strerror(errno));
}

static enum err make_one(struct server *s)
{
	struct selfmade made;
	char ip[IP_TEXT], names[160];
	SSL_CTX *ctx = s->ctx[0] = lenient();

	snprintf(names, sizeof(names), "DNS:localhost,IP:127.0.0.1,IP:::1,IP:%s", ip_text(ip, &s->opt->at.ip));
	if (!ctx ||
	    selfmade_make(&made, "localhost", names, clock_now(s->opt->clock) / NS_PER_S, MADE_DAYS) != ERR_OK)
		return served_set(s->out, ERR_INTERNAL, "no certificate could be made");
	bool ok = SSL_CTX_use_certificate(ctx, made.leaf) == 1 && SSL_CTX_use_PrivateKey(ctx, made.key) == 1;
	s->leaf[0] = SSL_CTX_get0_certificate(ctx);
	s->n = 1;
	enum err e = !ok                 ? served_set(s->out, ERR_INTERNAL, "no certificate could be made")
	             : s->opt->save_root ? save(s, made.root)
	                                 : ERR_OK;
	ev_decision(s->t, "certificate-made", NULL,
	    "no --cert was given: a certificate for localhost was made, by a root that is %s%s",
	    s->opt->save_root ? "kept in " : "trusted by nobody (--save-root FILE keeps it for --cafile)",
	    s->opt->save_root ? s->opt->save_root : "");
	selfmade_release(&made);
	return e;
}

/* More certificates than anybody would read. */
static void lengthen(struct server *s)
{
	for (int i = 0; i < 4000; i++)
		if (SSL_CTX_add1_chain_cert(s->ctx[0], s->leaf[0]) != 1)
			return;
}

/* As much as the three octets of length in a Certificate message allow, nearly. */
#define BIG ((16 << 20) - 4096)

static void fatten(struct server *s)
{
	X509 *big = X509_dup(s->leaf[0]);
	ASN1_OCTET_STRING *fat = ASN1_OCTET_STRING_new();
	uint8_t *zeros = calloc(1, BIG);
	X509_EXTENSION *ext = NULL;

	if (big && fat && zeros && ASN1_OCTET_STRING_set(fat, zeros, BIG) == 1)
		ext = X509_EXTENSION_create_by_NID(NULL, NID_netscape_comment, 0, fat);
	if (ext && X509_add_ext(big, ext, -1) == 1 &&
	    X509_sign(big, SSL_CTX_get0_privatekey(s->ctx[0]), EVP_sha256()) > 0 &&
	    SSL_CTX_use_certificate(s->ctx[0], big) == 1)
		s->leaf[0] = SSL_CTX_get0_certificate(s->ctx[0]);
	X509_EXTENSION_free(ext);
	ASN1_OCTET_STRING_free(fat);
	X509_free(big);
	free(zeros);
}

enum err serve_load(struct server *s)
{
	const struct serve_options *o = s->opt;
	enum err e = ERR_OK;

	if (o->ocsp && (e = x509_read_file(o->ocsp, 1 << 20, &s->staple, &s->staple_len)) != ERR_OK)
		return served_set(s->out, e, "%s: %s", o->ocsp, e == ERR_IO ? strerror(errno) : err_text(e));
	if (o->n == 0)
		e = make_one(s);
	for (size_t i = 0; i < o->n && e == ERR_OK; i++)
		e = load_files(s, i);
	for (size_t i = 0; i < s->n && e == ERR_OK; i++)
		e = set_up(s, s->ctx[i]);
	if (e == ERR_OK && o->hostile == HOSTILE_CHAIN)
		lengthen(s);
	if (e == ERR_OK && o->hostile == HOSTILE_BIG)
		fatten(s);
	return e;
}
