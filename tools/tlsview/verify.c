/* Judges the chain that a server shows. RFC 5280 6, RFC 9525.
 *
 * OpenSSL does the judging. Its verification stops at the first fault unless a callback says "go on"; ours
 * goes on and keeps each one, and in the end verify_chain() refuses when there was any. So all faults are
 * known, and the alert that the peer gets is the one for the first, as with any other client. */
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "glassnet/addr.h"
#include "glassnet/wire.h"
#include "glassnet/line.h"
#include "pin.h"
#include "verify.h"

bool verify_is_address(const char *name)
{
	struct ip a;

	return ip_parse(&a, name) == ERR_OK;
}

/* --- keeping the faults ------------------------------------------------------------------------------------
 */

static bool known(const struct verifier *v, int code, int depth)
{
	for (size_t i = 0; i < v->n_faults; i++)
		if (v->faults[i].code == code && v->faults[i].depth == depth)
			return true;
	return false;
}

static void keep(struct verifier *v, int code, int depth)
{
	/* "The signature cannot be checked" only repeats that the issuer is unknown, "this is no server's
	 * authority" that it is no authority. */
	if (code == X509_V_ERR_INVALID_PURPOSE && known(v, X509_V_ERR_INVALID_CA, depth))
		return;
	if (code == X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE &&
	    (known(v, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, depth) ||
	        known(v, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, depth)))
		return;
	if (!known(v, code, depth) && v->n_faults < FAULTS_MAX)
		v->faults[v->n_faults++] = (struct fault){code, depth};
}

static int go_on(int ok, X509_STORE_CTX *store)
{
	if (!ok) {
		SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());

		keep(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)), X509_STORE_CTX_get_error(store),
		    X509_STORE_CTX_get_error_depth(store));
	}
	return 1;
}

/* --- telling the verdicts ----------------------------------------------------------------------------------
 */

static void short_name(char *out, size_t cap, STACK_OF(X509) * chain, int i)
{
	X509 *c = sk_X509_value(chain, i);

	if (c)
		cert_short_name(out, cap, c);
	else
		snprintf(out, cap, "?");
}

static void today(char *out, size_t cap, const struct clock *clock)
{
	time_t now = (time_t)(clock_now(clock) / NS_PER_S);
	struct tm tm;

	if (!gmtime_r(&now, &tm) || !strftime(out, cap, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(out, cap, "?");
}

static void tell_fault(struct verifier *v, STACK_OF(X509) * chain, const struct fault *f)
{
	const struct x509_code *code = x509_code(f->code);
	struct cert_info info = {0};
	char name[128], now[32];
	X509 *cert = sk_X509_value(chain, f->depth);
	char text[360];
	struct line out = line_on(text, sizeof(text)), *x = &out;

	short_name(name, sizeof(name), chain, f->depth);
	today(now, sizeof(now), v->opt->clock);
	if (cert)
		cert_info_from(&info, cert);
	if (code->question == Q_DATES)
		line_add(x, "certificate %d, %s: %s; it runs from %s to %s, and now it is %s UTC", f->depth, name,
		    code->meaning, info.not_before, info.not_after, now);
	else if (code->question == Q_NAME && !info.names[0])
		line_add(x,
		    "asked for %s; the certificate names no host at all (the common name in its subject, %s, "
		    "does not count)",
		    v->res->name, name);
	else if (code->question == Q_NAME)
		line_add(x, "asked for %s, but %s: it is for %s", v->res->name, code->meaning, info.names);
	else if (code->question == Q_ANCHOR && !info.self_issued)
		line_add(x, "certificate %d, %s, says it was issued by %s; %s", f->depth, name, info.issuer,
		    code->meaning);
	else if (!cert)
		line_add(x, "%s", code->meaning);
	else
		line_add(x, "certificate %d, %s: %s", f->depth, name, code->meaning);
	checks_add(&v->res->checks, v->t, code->question, code->name, VERDICT_FAIL, f->depth, "%s", text);
}

/* What speaks for a yes, by question. Returns false where the question does not arise: text then says why. */
static bool pass_text(struct verifier *v, X509_STORE_CTX *store, enum question q, struct line *x)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
	int n = sk_X509_num(chain);
	X509 *leaf = sk_X509_value(chain, 0);
	const struct cert_info *info = &v->res->chain.cert[0];
	char name[128], by[128];

	switch (q) {
	case Q_SIGNATURE:
		if (n < 2) {
			line_add(x, "no issuer's certificate is at hand to check it with");
			return false;
		}
		for (int i = 0; i + 1 < n; i++) {
			short_name(name, sizeof(name), chain, i);
			short_name(by, sizeof(by), chain, i + 1);
			line_add(x, "%s%s by %s", i ? ", " : "", name, by);
		}
		return true;
	case Q_ANCHOR:
		line_add(x, "at %s, %s", v->res->chain.anchor,
		    v->opt->cafile ? "from the file with trusted certificates"
		                   : "one of this machine's trusted roots");
		return true;
	case Q_DATES: {
		int days = 0, seconds = 0;
		ASN1_TIME *now = ASN1_TIME_set(NULL, (time_t)(clock_now(v->opt->clock) / NS_PER_S));

		if (now)
			(void)ASN1_TIME_diff(&days, &seconds, now, X509_get0_notAfter(leaf));
		ASN1_TIME_free(now);
		line_add(x, "the server's own runs until %s UTC, %d day%s from now%s", info->not_after, days,
		    days == 1 ? "" : "s", n > 1 ? "; the authorities' are valid, too" : "");
		return true;
	}
	case Q_NAME:
		line_add(x, "asked for %s, and it is for %s", v->res->name, info->names);
		return true;
	case Q_PURPOSE:
		line_add(x, X509_get_extension_flags(leaf) & EXFLAG_XKUSAGE ? "it says: TLS server"
		                                                            : "it sets no limit to its use");
		return true;
	case Q_CA:
		if (n < 2) {
			line_add(x, "nobody else's certificate is in the chain");
			return false;
		}
		line_add(x, "%s above it %s marked as a certificate authority", n == 2 ? "the one" : "each of those",
		    "is");
		return true;
	case Q_STRENGTH:
		line_add(x, "the server's key: %s; signed with %s", info->key, info->signature);
		return true;
	case Q_REVOKED:
		line_add(x, "nobody was asked: this would need the authority's list, or a question to it");
		return false;
	case Q_SHOWN:
	case Q_OTHER:
	case Q_KEY:
	case Q_FINISHED:
	case Q_KEYS:
	case Q_PIN:
	case Q_HSTS:
	case Q_VERSION:
	case Q_COUNT:
		break;
	}
	return false;
}

/* Question by question: the faults, or what speaks for a yes. */
static void tell(struct verifier *v, X509_STORE_CTX *store, bool whole)
{
	static const enum question order[] = {
	    Q_SIGNATURE, Q_ANCHOR, Q_DATES, Q_NAME, Q_PURPOSE, Q_CA, Q_STRENGTH, Q_OTHER, Q_REVOKED};
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++) {
		enum question q = order[i];
		char text[400];
		struct line x = line_on(text, sizeof(text));
		bool no = false;

		for (size_t k = 0; k < v->n_faults; k++) {
			if (x509_code(v->faults[k].code)->question != q)
				continue;
			tell_fault(v, chain, &v->faults[k]);
			no = true;
		}
		if (no || q == Q_OTHER)
			continue;
		bool yes = whole ? pass_text(v, store, q, &x) : false;
		if (!whole)
			line_add(&x, "the checks did not get that far");
		checks_add(
		    &v->res->checks, v->t, q, question_id(q), yes ? VERDICT_PASS : VERDICT_SKIP, -1, "%s", text);
	}
}

/* The chain as the server showed it, and the root where that was here already. */
static void tell_chain(struct verifier *v, X509_STORE_CTX *store)
{
	STACK_OF(X509) *sent = X509_STORE_CTX_get0_untrusted(store);

	for (int i = 0; i < sk_X509_num(sent); i++)
		chain_add(&v->res->chain, v->t, sk_X509_value(sent, i), true);
}

static void tell_anchor(struct verifier *v, X509_STORE_CTX *store)
{
	STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store), *sent = X509_STORE_CTX_get0_untrusted(store);
	X509 *top = sk_X509_value(chain, sk_X509_num(chain) - 1);
	bool was_sent = false;

	if (!top)
		return;
	for (size_t i = 0; i < v->n_faults; i++)
		if (x509_code(v->faults[i].code)->question == Q_ANCHOR)
			return;
	cert_short_name(v->res->chain.anchor, sizeof(v->res->chain.anchor), top);
	for (int i = 0; i < sk_X509_num(sent); i++)
		was_sent = was_sent || X509_cmp(sk_X509_value(sent, i), top) == 0;
	if (!was_sent)
		chain_add(&v->res->chain, v->t, top, false);
}

static void tell_decision(struct verifier *v)
{
	if (checks_said_no(&v->res->checks, Q_ANCHOR))
		ev_explain(v->t, "Without a trusted root the good answers are worth nothing: anybody can "
		                 "write such certificates for "
		                 "any name, with fresh dates and fitting signatures.");
	if (checks_failed(&v->res->checks) == 0)
		ev_decision(v->t, "certificate-accepted", NULL,
		    "The certificate is in order. What is missing is the proof that the server holds the "
		    "private key that belongs to it: a copy of a certificate is easy to get.");
	else if (!v->opt->insecure)
		ev_decision(v->t, "refused", "RFC 8446 4.4.2.4",
		    "%zu check%s failed: the connection ends here, with an alert. Nothing else is sent.",
		    checks_failed(&v->res->checks), checks_failed(&v->res->checks) == 1 ? "" : "s");
	else
		ev_decision(v->t, "refusal-ignored", NULL,
		    "%zu check%s failed, which should end the connection. --insecure says to go on all the "
		    "same.",
		    v->n_faults, v->n_faults == 1 ? "" : "s");
}

/* In the place of OpenSSL's own: SSL_CTX_set_cert_verify_callback(3). Returns 1 to go on with the handshake.
 */
static int verify_chain(X509_STORE_CTX *store, void *arg)
{
	struct verifier *v = arg;

	X509_STORE_CTX_set_verify_cb(store, go_on);
	tell_chain(v, store);
	int done = X509_verify_cert(store);
	if (done <= 0) { /* it gave up although it was told to go on */
		int code = X509_STORE_CTX_get_error(store);

		keep(v, code == X509_V_OK ? X509_V_ERR_UNSPECIFIED : code, X509_STORE_CTX_get_error_depth(store));
	}
	tell_anchor(v, store);
	checks_add(&v->res->checks, v->t, Q_SHOWN, question_id(Q_SHOWN), VERDICT_PASS, -1, "%zu of them",
	    v->res->chain.n_sent + v->res->chain.not_shown);
	tell(v, store, done > 0);
	bool pinned = v->opt->n_pins == 0 || pin_check(v->opt, X509_STORE_CTX_get0_cert(store), v->t, v->res);
	tell_decision(v);
	X509_STORE_CTX_set_error(store, v->n_faults ? v->faults[0].code
	                                : pinned    ? X509_V_OK
	                                            : X509_V_ERR_CERT_REJECTED);
	return (v->n_faults == 0 && pinned) || v->opt->insecure;
}

/* --- setting up --------------------------------------------------------------------------------------------
 */

enum err verify_trust(SSL_CTX *ctx, const char *cafile, struct result *res)
{
	FILE *f = cafile ? fopen(cafile, "re") : NULL;

	if (!cafile)
		return SSL_CTX_set_default_verify_paths(ctx) == 1
		           ? ERR_OK
		           : result_set(res, ERR_IO, "this machine's trusted roots cannot be found");
	if (!f)
		return result_set(res, ERR_IO, "%s cannot be read: %m", cafile);
	fclose(f);
	if (SSL_CTX_load_verify_locations(ctx, cafile, NULL) != 1)
		return result_set(res, ERR_FORMAT,
		    "%s: there is no certificate in it that can be read (PEM is what is needed: -----BEGIN "
		    "CERTIFICATE-----)",
		    cafile);
	return ERR_OK;
}

void verify_by(SSL_CTX *ctx, struct verifier *v)
{
	SSL_CTX_set_app_data(ctx, v);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, verify_chain, v);
}

enum err verify_name(SSL *ssl, struct verifier *v)
{
	X509_VERIFY_PARAM *param = SSL_get0_param(ssl);
	const char *name = v->res->name;

	/* Today's rules for names (RFC 9525): the subject's common name does not count, and a wildcard stands
	 * for one whole label. */
	X509_VERIFY_PARAM_set_hostflags(
	    param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	X509_VERIFY_PARAM_set_time(param, (time_t)(clock_now(v->opt->clock) / NS_PER_S));
	if (verify_is_address(name)
	        ? X509_VERIFY_PARAM_set1_ip_asc(param, name) != 1
	        : (X509_VERIFY_PARAM_set1_host(param, name, 0) != 1 || SSL_set_tlsext_host_name(ssl, name) != 1))
		return result_set(v->res, ERR_NOMEM, "not enough memory");
	return ERR_OK;
}
