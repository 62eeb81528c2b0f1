/* An OCSP response: the authority's word on one certificate, today. RFC 6960.
 *
 * It counts when it is signed by the certificate's issuer, or by somebody whom that issuer has named for it (a
 * certificate signed by the same key, with the extended key usage OCSPSigning), when it speaks of this certificate and
 * when it is not out of date. */
#include <openssl/err.h>
#include <openssl/ocsp.h>
#include <stdio.h>
#include <string.h>

#include "internal.h"

struct reply {
	const struct path_rules *rules;
	X509 *leaf, *issuer;
	OCSP_BASICRESP *basic;
	char *text;
	size_t cap;
};

static enum err say(struct reply *r, enum err e, const char *text)
{
	snprintf(r->text, r->cap, "the OCSP response %s", text);
	return e;
}

/* May by sign for issuer? */
static bool may_answer(const struct reply *r, X509 *by)
{
	struct cert *c;
	bool named = false;

	if (X509_cmp(by, r->issuer) == 0)
		return true;
	c = cert_new(by, false);
	for (int i = 0; c && i < sk_ASN1_OBJECT_num(c->uses); i++)
		named = named || OBJ_obj2nid(sk_ASN1_OBJECT_value(c->uses, i)) == NID_OCSP_sign;
	named = named && c->from <= r->rules->at && r->rules->at <= c->to && !c->dates_bad &&
	        !c->unknown_critical[0] && !c->malformed &&
	        (!cert_has(c, EXT_KEY_USAGE) || (c->key_usage & KU_DIGITAL_SIGNATURE));
	cert_free(c);
	return named && X509_NAME_cmp(X509_get_issuer_name(by), X509_get_subject_name(r->issuer)) == 0 &&
	       X509_verify(by, X509_get0_pubkey(r->issuer)) == 1;
}

static enum err check_signer(struct reply *r)
{
	STACK_OF(X509) *extra = sk_X509_new_null();
	X509 *by = NULL;
	enum err e = ERR_OK;

	if (!extra || !sk_X509_push(extra, r->issuer)) {
		sk_X509_free(extra);
		return ERR_NOMEM;
	}
	if (OCSP_resp_get0_signer(r->basic, &by, extra) != 1)
		e = say(r, ERR_FORMAT, "does not say who signed it, or that certificate is not at hand");
	else if (!may_answer(r, by))
		e = say(r, ERR_FORMAT, "is signed by somebody who may not speak for the certificate's issuer");
	else if (OCSP_basic_verify(r->basic, extra, NULL, OCSP_NOVERIFY) != 1)
		e = say(r, ERR_FORMAT, "has a signature that does not fit");
	sk_X509_free(extra);
	return e;
}

static bool in_force(const struct reply *r, const ASN1_GENERALIZEDTIME *from, const ASN1_GENERALIZEDTIME *to)
{
	int64_t a, b;

	return from && x509_time(from, &a) && a <= r->rules->at && (!to || (x509_time(to, &b) && r->rules->at <= b));
}

/* The response's entry for the leaf, by any of the hashes that it may be named with. */
static OCSP_SINGLERESP *find_single(const struct reply *r)
{
	for (int i = 0; i < OCSP_resp_count(r->basic) && i < 1000; i++) {
		OCSP_SINGLERESP *s = OCSP_resp_get0(r->basic, i);
		const OCSP_CERTID *id = OCSP_SINGLERESP_get0_id(s);
		ASN1_OBJECT *md = NULL;

		OCSP_id_get0_info(NULL, &md, NULL, NULL, (OCSP_CERTID *)id);
		const EVP_MD *hash = md ? EVP_get_digestbyobj(md) : NULL;
		OCSP_CERTID *want = hash ? OCSP_cert_to_id(hash, r->leaf, r->issuer) : NULL;
		bool same = want && OCSP_id_cmp(want, id) == 0;
		OCSP_CERTID_free(want);
		if (same)
			return s;
	}
	return NULL;
}

static enum err check_status(struct reply *r)
{
	OCSP_SINGLERESP *s = find_single(r);
	ASN1_GENERALIZEDTIME *revoked = NULL, *from = NULL, *to = NULL;
	int reason = -1;
	int64_t when = 0;
	char date[24] = "?", text[120];

	if (!s)
		return say(r, ERR_FORMAT, "does not speak of this certificate");
	int status = OCSP_single_get0_status(s, &reason, &revoked, &from, &to);
	if (!in_force(r, from, to))
		return say(r, ERR_FORMAT, "is not of today: it is out of date, or from the future");
	if (status == V_OCSP_CERTSTATUS_GOOD)
		return say(r, ERR_OK, "says: good");
	if (status != V_OCSP_CERTSTATUS_REVOKED)
		return say(r, ERR_FORMAT, "says that the authority knows nothing of this certificate");
	if (revoked && x509_time(revoked, &when))
		x509_date_text(date, sizeof(date), when);
	snprintf(text, sizeof(text), "says that the certificate was taken back on %s UTC (%s)", date,
	    reason >= 0 ? OCSP_crl_reason_str(reason) : "no reason given");
	return say(r, ERR_NEGATIVE, text);
}

static enum err judge_response(struct reply *r, OCSP_RESPONSE *resp)
{
	if (OCSP_response_status(resp) != OCSP_RESPONSE_STATUS_SUCCESSFUL)
		return say(r, ERR_FORMAT, "is an error message, not an answer");
	r->basic = OCSP_response_get1_basic(resp);
	if (!r->basic)
		return say(r, ERR_FORMAT, "is of a kind that is not known here");
	enum err e = check_signer(r);
	return e == ERR_OK ? check_status(r) : e;
}

enum err ocsp_judge(const struct path_rules *rules, X509 *leaf, X509 *issuer, char *text, size_t cap)
{
	struct reply r = {.rules = rules, .leaf = leaf, .issuer = issuer, .text = text, .cap = cap};
	const unsigned char *p = rules->ocsp;
	OCSP_RESPONSE *resp = d2i_OCSP_RESPONSE(NULL, &p, (long)rules->ocsp_len);
	enum err e = ERR_FORMAT;

	if (resp && p == rules->ocsp + rules->ocsp_len)
		e = judge_response(&r, resp);
	else
		say(&r, e, "cannot be read");
	OCSP_BASICRESP_free(r.basic);
	OCSP_RESPONSE_free(resp);
	ERR_clear_error();
	return e;
}
