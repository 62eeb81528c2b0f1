/* The engine (glassnet/x509.h) behind OpenSSL's handshake. RFC 5280 6, RFC 9525; the alert that the peer gets is the one
 * for the first fault, as with any other client. */
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/addr.h"
#include "pin.h"
#include "verify.h"

static bool is_address(const char *name)
{
	struct ip a;

	return ip_parse(&a, name) == ERR_OK;
}

/* --- judging --- */

static struct path_rules rules_for(const struct verifier *v)
{
	return (struct path_rules){.profile = PROFILE_WEB,
	    .use = USE_SERVER,
	    .at = clock_now(v->opt->clock) / NS_PER_S,
	    .host = v->res->name,
	    .max_depth = -1};
}

/* The statement that the server sent along (RFC 6066 8); it may come after the certificate. */
static bool has_staple(SSL *ssl, struct path_rules *rules)
{
	const unsigned char *p = NULL;
	long n = SSL_get_tlsext_status_ocsp_resp(ssl, &p);

	if (!p || n <= 0)
		return false;
	rules->ocsp = p;
	rules->ocsp_len = (size_t)n;
	return true;
}

/* OpenSSL's number for its name, from which it chooses the alert. */
static int code_of(const struct path_check *c)
{
	for (int i = 1; c && i < 128; i++)
		if (strcmp(x509_error_name(i), c->id) == 0)
			return i;
	return X509_V_ERR_CERT_REJECTED;
}

static void show_anchor(struct verifier *v, const struct path_result *path)
{
	struct chain *c = &v->res->chain;
	struct x509_info info;

	if (!path->anchored || path->n == 0)
		return;
	x509_info_from(&info, path->path[path->n - 1]);
	memcpy(c->anchor, info.name, sizeof(c->anchor));
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->cert[i].info.sha256, info.sha256) == 0)
			return;
	chain_add(c, v->t, path->path[path->n - 1], false);
}

static void tell_decision(struct verifier *v)
{
	size_t n = checks_failed(&v->res->checks);

	if (checks_said_no(&v->res->checks, path_question_id(Q_ROOT)))
		ev_explain(v->t, "Without a trusted root the good answers are worth nothing: anybody can write such "
		                 "certificates for any name, with fresh dates and fitting signatures.");
	if (n == 0)
		ev_decision(v->t, "certificate-accepted", NULL,
		    "The certificate is in order. What is missing is the proof that the server holds the private key "
		    "that "
		    "belongs to it: a copy of a certificate is easy to get.");
	else if (!v->opt->insecure)
		ev_decision(v->t, "refused", "RFC 8446 4.4.2.4",
		    "%zu check%s failed: the connection ends here, with an alert. Nothing else is sent.", n,
		    n == 1 ? "" : "s");
	else
		ev_decision(v->t, "refusal-ignored", NULL,
		    "%zu check%s failed, which should end the connection. --insecure says to go on all the same.", n,
		    n == 1 ? "" : "s");
}

/* Returns OpenSSL's code for the first fault, X509_V_OK where there is none. */
static int judge(struct verifier *v, SSL *ssl, const struct cert_set *sent)
{
	struct path_rules rules = rules_for(v);
	struct path_result path;
	int code = X509_V_OK;

	rules.sent = sent;
	v->stapled = has_staple(ssl, &rules);
	enum err e = path_store_add(v->store, sent, false);
	if (e == ERR_OK)
		e = path_verify(v->store, v->leaf, &rules, v->t, &path);
	else
		path = (struct path_result){0};
	checks_take(&v->res->checks, &path, -1);
	show_anchor(v, &path);
	if (e == ERR_NEGATIVE)
		code = code_of(path_first_failed(&path));
	else if (e != ERR_OK)
		code = X509_V_ERR_OUT_OF_MEM;
	path_result_release(&path);
	if (v->opt->n_pins && !pin_check(v->opt, v->leaf, v->t, v->res) && code == X509_V_OK)
		code = X509_V_ERR_CERT_REJECTED;
	return code;
}

/* In the place of OpenSSL's own: SSL_CTX_set_cert_verify_callback(3). Returns 1 to go on with the handshake. */
static int verify_chain(X509_STORE_CTX *store, void *arg)
{
	struct verifier *v = arg;
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	STACK_OF(X509) *shown = X509_STORE_CTX_get0_untrusted(store);
	struct cert_set sent = {0};
	enum err e = ERR_OK;

	for (int i = 0; i < sk_X509_num(shown) && e == ERR_OK; i++) {
		chain_add(&v->res->chain, v->t, sk_X509_value(shown, i), true);
		e = cert_set_add(&sent, sk_X509_value(shown, i));
	}
	v->leaf = X509_STORE_CTX_get0_cert(store);
	if (e != ERR_OK || !v->leaf || !X509_up_ref(v->leaf)) {
		v->leaf = NULL;
		cert_set_release(&sent);
		X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
		return 0;
	}
	checks_add(&v->res->checks, v->t, Q_SHOWN, question_id(Q_SHOWN), VERDICT_PASS, -1, "%zu of them",
	    v->res->chain.n_sent + v->res->chain.not_shown);
	int code = judge(v, ssl, &sent);
	cert_set_release(&sent);
	tell_decision(v);
	ERR_clear_error();
	X509_STORE_CTX_set_error(store, code);
	return code == X509_V_OK || v->opt->insecure;
}

/* TLS 1.2 sends the statement after the certificate was judged: what it says is asked then. */
void verify_staple(SSL *ssl, struct verifier *v)
{
	struct path_rules rules = rules_for(v);
	struct path_result path;

	if (v->stapled || !v->leaf || !has_staple(ssl, &rules))
		return;
	v->stapled = true;
	enum err e = path_verify(v->store, v->leaf, &rules, NULL, &path);
	if (e == ERR_OK || e == ERR_NEGATIVE) {
		for (size_t i = 0; i < path.n_checks; i++)
			if (path.check[i].question == Q_STATUS)
				ev_check(v->t, path.check[i].id, path.check[i].verdict, path.check[i].ref,
				    path_question_text(Q_STATUS), "%s", path.check[i].text);
		checks_forget_skipped(&v->res->checks, path_question_id(Q_STATUS));
		checks_take(&v->res->checks, &path, Q_STATUS);
	}
	path_result_release(&path);
}

/* --- setting up --- */

static enum err trust_file(struct path_store *store, const char *cafile, struct result *res)
{
	struct cert_set roots = {0};
	uint8_t *bytes = NULL;
	size_t n = 0;
	char why[X509_WHY] = "";
	enum err e = x509_read_file(cafile, X509_FILE_MAX, &bytes, &n);

	if (e == ERR_IO)
		return result_set(res, e, "%s cannot be read: %s", cafile, strerror(errno));
	if (e == ERR_OK)
		e = cert_set_read(&roots, bytes, n, why);
	free(bytes);
	if (e == ERR_OK && roots.n == 0)
		e = ERR_FORMAT;
	if (e != ERR_OK)
		result_set(res, ERR_FORMAT, "%s: there is no certificate in it that can be read%s%s", cafile,
		    why[0] ? ": " : "", why);
	else
		e = path_store_add(store, &roots, true);
	cert_set_release(&roots);
	return e;
}

enum err verify_trust(struct path_store **out, const char *cafile, struct result *res)
{
	*out = path_store_new();
	if (!*out)
		return result_set(res, ERR_NOMEM, "not enough memory");
	if (cafile)
		return trust_file(*out, cafile, res);
	return path_store_trust_system(*out) == ERR_OK
	           ? ERR_OK
	           : result_set(res, ERR_IO, "this machine's trusted roots cannot be found");
}

void verify_by(SSL_CTX *ctx, struct verifier *v)
{
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify_chain, v);
}

enum err verify_name(SSL *ssl, struct verifier *v)
{
	/* An address is no server name (RFC 6066 3). */
	if ((!is_address(v->res->name) && SSL_set_tlsext_host_name(ssl, v->res->name) != 1) ||
	    SSL_set_tlsext_status_type(ssl, TLSEXT_STATUSTYPE_ocsp) != 1)
		return result_set(v->res, ERR_NOMEM, "not enough memory");
	return ERR_OK;
}

void verify_release(struct verifier *v)
{
	X509_free(v->leaf);
	v->leaf = NULL;
}
