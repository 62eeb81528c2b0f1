/* Has a certificate been taken back? CRLs: complete, delta and indirect ones, for parts of what an authority issued,
 * for some reasons only, signed with another key than the certificates. RFC 5280 5 and 6.3.3; the letters in the
 * comments are those of 6.3.3. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

#define ALL_REASONS 0x1feu /* bits 1 to 8 of ReasonFlags */

/* --- taken apart --- */

static uint32_t reason_bits(const ASN1_BIT_STRING *b)
{
	uint32_t bits = 0;

	if (!b)
		return ALL_REASONS;
	for (int i = 1; i <= 8; i++)
		bits |= ASN1_BIT_STRING_get_bit(b, i) ? 1u << i : 0;
	return bits;
}

/* An extension that is marked critical and not among these cannot be passed over. */
static bool known_critical(const X509_EXTENSION *x, const int *known)
{
	int nid = OBJ_obj2nid(X509_EXTENSION_get_object((X509_EXTENSION *)x));

	if (X509_EXTENSION_get_critical(x) <= 0)
		return true;
	for (; *known; known++)
		if (*known == nid)
			return true;
	return false;
}

static void set_bad(struct crl *c, const char *id, const char *text)
{
	if (!c->bad) {
		c->bad_id = id;
		c->bad = text;
	}
}

static void check_extensions(struct crl *c)
{
	static const int in_list[] = {NID_issuing_distribution_point, NID_delta_crl, NID_authority_key_identifier,
	    NID_crl_number, NID_freshest_crl, 0};
	static const int in_entry[] = {NID_crl_reason, NID_invalidity_date, NID_certificate_issuer, 0};
	STACK_OF(X509_REVOKED) *list = X509_CRL_get_REVOKED(c->x);

	for (int i = 0; i < X509_CRL_get_ext_count(c->x); i++)
		if (!known_critical(X509_CRL_get_ext(c->x, i), in_list))
			set_bad(c, "X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION",
			    "it has a condition, marked critical, that is not understood here");
	for (int i = 0; i < sk_X509_REVOKED_num(list); i++) {
		const X509_REVOKED *r = sk_X509_REVOKED_value(list, i);

		for (int k = 0; k < X509_REVOKED_get_ext_count(r); k++)
			if (!known_critical(X509_REVOKED_get_ext(r, k), in_entry))
				set_bad(c, "X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION",
				    "one of its entries has a condition, marked critical, that is not understood "
				    "here");
	}
}

static void check_scope(struct crl *c)
{
	const ISSUING_DIST_POINT *s = c->scope;

	if (!s)
		return;
	if ((s->onlyuser > 0) + (s->onlyCA > 0) + (s->onlyattr > 0) > 1)
		set_bad(
		    c, "X509_V_ERR_INVALID_EXTENSION", "it says that it is for users only, and for authorities only");
	c->reasons = reason_bits(s->onlysomereasons);
	if (s->distpoint && s->distpoint->type == 1 &&
	    !DIST_POINT_set_dpname(s->distpoint, X509_CRL_get_issuer(c->x)))
		set_bad(c, "X509_V_ERR_INVALID_EXTENSION", "the name of its distribution point cannot be read");
}

/* NULL where there is none; a malformed one makes the CRL unusable. */
static void *take(struct crl *c, int nid, bool *critical)
{
	int crit = -1;
	void *v = X509_CRL_get_ext_d2i(c->x, nid, &crit, NULL);

	if (!v && crit != -1)
		set_bad(c, "X509_V_ERR_INVALID_EXTENSION", "one of its extensions is malformed, or there twice");
	if (critical)
		*critical = crit > 0;
	return v;
}

struct crl *crl_new(X509_CRL *x)
{
	struct crl *c = calloc(1, sizeof(*c));

	if (!c || !X509_CRL_up_ref(x)) {
		free(c);
		return NULL;
	}
	c->x = x;
	c->reasons = ALL_REASONS;
	c->to = INT64_MAX;
	c->scope = take(c, NID_issuing_distribution_point, NULL);
	c->authority_id = take(c, NID_authority_key_identifier, NULL);
	c->number = take(c, NID_crl_number, &c->number_critical);
	c->base = take(c, NID_delta_crl, NULL);
	if (!x509_time(X509_CRL_get0_lastUpdate(x), &c->from))
		set_bad(
		    c, "X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD", "its date is not written as the standard says");
	if (!X509_CRL_get0_nextUpdate(x))
		set_bad(c, "X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD", "it does not say until when it holds");
	else if (!x509_time(X509_CRL_get0_nextUpdate(x), &c->to))
		set_bad(c, "X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD",
		    "its last day is not written as the standard says");
	check_scope(c);
	check_extensions(c);
	ERR_clear_error();
	return c;
}

void crl_free(struct crl *c)
{
	if (!c)
		return;
	ISSUING_DIST_POINT_free(c->scope);
	AUTHORITY_KEYID_free(c->authority_id);
	ASN1_INTEGER_free(c->number);
	ASN1_INTEGER_free(c->base);
	X509_CRL_free(c->x);
	free(c);
}

/* --- (b): is this CRL for this certificate? --- */

static bool names_meet(const GENERAL_NAMES *a, const GENERAL_NAMES *b)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(a) && i < 64; i++)
		for (int k = 0; k < sk_GENERAL_NAME_num(b) && k < 64; k++)
			if (GENERAL_NAME_cmp(sk_GENERAL_NAME_value(a, i), sk_GENERAL_NAME_value(b, k)) == 0)
				return true;
	return false;
}

static bool names_have(const GENERAL_NAMES *names, const X509_NAME *dir)
{
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(names, i);

		if (g->type == GEN_DIRNAME && X509_NAME_cmp(g->d.directoryName, dir) == 0)
			return true;
	}
	return false;
}

/* A distribution point's name against a single directory name. */
static bool point_is(const DIST_POINT_NAME *p, const X509_NAME *dir)
{
	if (p->type == 1)
		return p->dpname && X509_NAME_cmp(p->dpname, dir) == 0;
	return names_have(p->name.fullname, dir);
}

static bool points_meet(const DIST_POINT_NAME *a, const DIST_POINT_NAME *b)
{
	if (a->type == 1)
		return a->dpname && point_is(b, a->dpname);
	if (b->type == 1)
		return b->dpname && point_is(a, b->dpname);
	return names_meet(a->name.fullname, b->name.fullname);
}

/* A name relative to the CRL issuer's needs that name (RFC 5280 4.2.1.13). */
static void complete_point(const DIST_POINT *dp, const struct cert *c)
{
	const X509_NAME *by = X509_get_issuer_name(c->x);

	if (!dp->distpoint || dp->distpoint->type != 1 || dp->distpoint->dpname)
		return;
	for (int i = 0; i < sk_GENERAL_NAME_num(dp->CRLissuer); i++) {
		const GENERAL_NAME *g = sk_GENERAL_NAME_value(dp->CRLissuer, i);

		if (g->type == GEN_DIRNAME) {
			by = g->d.directoryName;
			break;
		}
	}
	(void)DIST_POINT_set_dpname(dp->distpoint, by);
}

static bool point_fits(const struct crl *crl, const DIST_POINT *dp, const struct cert *c)
{
	const DIST_POINT_NAME *name = crl->scope ? crl->scope->distpoint : NULL;

	if (!name)
		return true;
	if (!dp) /* the point that stands for "whatever its issuer publishes" */
		return point_is(name, X509_get_issuer_name(c->x));
	if (dp->distpoint)
		return points_meet(name, dp->distpoint);
	return name->type == 1 ? name->dpname && names_have(dp->CRLissuer, name->dpname)
	                       : names_meet(name->name.fullname, dp->CRLissuer);
}

static bool is_for(const struct crl *crl, const DIST_POINT *dp, const struct cert *c)
{
	const X509_NAME *by = X509_CRL_get_issuer(crl->x);
	const ISSUING_DIST_POINT *s = crl->scope;

	if (dp && dp->CRLissuer) {
		if (!s || s->indirectCRL <= 0 || !names_have(dp->CRLissuer, by))
			return false;
	} else if (X509_NAME_cmp(by, X509_get_issuer_name(c->x)) != 0) {
		return false;
	}
	if (s && (s->onlyattr > 0 || (s->onlyuser > 0 && c->ca) || (s->onlyCA > 0 && !c->ca)))
		return false;
	return point_fits(crl, dp, c);
}

/* --- (f), (g): who signed it, and may he? --- */

struct ask {
	struct judge *j;
	size_t i; /* the certificate in question */
	const struct cert *c;
	uint32_t mask; /* reasons that are covered by now */
	const char *why_not, *why_id;
	bool revoked, found;
	bool
	    own; /* a CRL issuer's status may, where nothing else tells it, stand in the list that he signs himself */
	char text[200];
};

static void cannot(struct ask *a, const char *id, const char *text)
{
	if (!a->why_not) {
		a->why_id = id;
		a->why_not = text;
	}
}

static bool in_path_above(const struct ask *a, const struct cert *c)
{
	for (size_t k = a->i + 1; k < a->j->n; k++)
		if (a->j->c[k] == c)
			return true;
	return false;
}

static bool key_fits(const struct crl *crl, const struct cert *by)
{
	const ASN1_OCTET_STRING *id = crl->authority_id ? crl->authority_id->keyid : NULL;

	return !id || !by->subject_id || ASN1_OCTET_STRING_cmp(id, by->subject_id) == 0;
}

static bool signed_by(struct ask *a, struct crl *crl, struct cert *by)
{
	const struct cert *anchor = a->j->c[a->j->n - 1];

	if (crl->signer == by && crl->signer_anchor == anchor && crl->signer_at == a->j->rules->at)
		return true;
	if (X509_NAME_cmp(X509_get_subject_name(by->x), X509_CRL_get_issuer(crl->x)) != 0 || !key_fits(crl, by))
		return false;
	EVP_PKEY *made, *key = signing_key(a->j->store, by, &made);
	bool good = key && X509_CRL_verify(crl->x, key) == 1;
	EVP_PKEY_free(made);
	if (!good) {
		cannot(a, "X509_V_ERR_CRL_SIGNATURE_FAILURE",
		    "the signature under the CRL does not fit its issuer's key");
		return false;
	}
	if (cert_has(by, EXT_KEY_USAGE) && !(by->key_usage & KU_CRL_SIGN)) {
		cannot(a, "X509_V_ERR_KEYUSAGE_NO_CRL_SIGN",
		    "the key that signed the CRL may not sign CRLs (key usage)");
		return false;
	}
	bool own = a->own && by == a->c;
	if (!in_path_above(a, by) && !own &&
	    (a->j->nested > 0 || !search_nested(a->j->store, by, a->j->rules, anchor, a->j->nested + 1))) {
		cannot(a, "X509_V_ERR_CRL_PATH_VALIDATION_ERROR",
		    "whoever signed the CRL has no valid path to the same root");
		return false;
	}
	if (own)
		return true;
	crl->signer = by;
	crl->signer_anchor = anchor;
	crl->signer_at = a->j->rules->at;
	return true;
}

/* The signer, among those above the certificate and then among all that are here. */
static bool has_signer(struct ask *a, struct crl *crl)
{
	const X509_NAME *by = X509_CRL_get_issuer(crl->x);
	size_t at = 0;
	unsigned tried = 0;

	for (size_t k = a->i + 1; k < a->j->n; k++)
		if (signed_by(a, crl, a->j->c[k]))
			return true;
	for (struct cert *c; tried < 32 && (c = pool_next(&a->j->store->pool, by, &at)); tried++)
		if (!in_path_above(a, c) && signed_by(a, crl, c))
			return true;
	cannot(a, "X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER", "the certificate of whoever signed the CRL is not at hand");
	return false;
}

static bool in_force(struct ask *a, const struct crl *crl)
{
	int64_t at = a->j->rules->at;

	if (crl->bad)
		cannot(a, crl->bad_id, crl->bad);
	else if (at < crl->from)
		cannot(a, "X509_V_ERR_CRL_NOT_YET_VALID", "the CRL's first day is still to come");
	else if (at > crl->to)
		cannot(a, "X509_V_ERR_CRL_HAS_EXPIRED", "the CRL is out of date: a newer one should be there by now");
	else if (web(a->j) && !crl->number)
		cannot(a, "crl-number-missing", "the CRL has no number, so nobody can tell it from an older one");
	else if (web(a->j) && crl->number_critical)
		cannot(a, "crl-number-critical", "the CRL's number must not be marked critical");
	else
		return true;
	return false;
}

/* --- (c), (h) to (l): what it says --- */

static bool same_extension(const X509_CRL *a, const X509_CRL *b, int nid)
{
	int i = X509_CRL_get_ext_by_NID(a, nid, -1), k = X509_CRL_get_ext_by_NID(b, nid, -1);

	if (i < 0 || k < 0)
		return i < 0 && k < 0;
	return ASN1_OCTET_STRING_cmp(X509_EXTENSION_get_data(X509_CRL_get_ext(a, i)),
	           X509_EXTENSION_get_data(X509_CRL_get_ext(b, k))) == 0;
}

static bool is_delta_to(const struct crl *delta, const struct crl *full)
{
	return delta->base && delta->number && full->number &&
	       X509_NAME_cmp(X509_CRL_get_issuer(delta->x), X509_CRL_get_issuer(full->x)) == 0 &&
	       same_extension(delta->x, full->x, NID_issuing_distribution_point) &&
	       same_extension(delta->x, full->x, NID_authority_key_identifier) &&
	       ASN1_INTEGER_cmp(delta->base, full->number) <= 0 && ASN1_INTEGER_cmp(delta->number, full->number) > 0;
}

/* The newest delta that may be used with full; NULL: none. */
static struct crl *find_delta(struct ask *a, const struct crl *full)
{
	struct crl *best = NULL;

	for (size_t i = 0; i < a->j->store->n_crls; i++) {
		struct crl *c = a->j->store->crl[i];

		if (is_delta_to(c, full) && (!best || ASN1_INTEGER_cmp(c->number, best->number) > 0) &&
		    in_force(a, c) && has_signer(a, c))
			best = c;
	}
	return best;
}

static void say_revoked(struct ask *a, X509_REVOKED *r, const char *which)
{
	static const char *const reasons[] = {"no reason given", "its key was stolen",
	    "its authority's key was stolen", "its owner has changed", "another one has taken its place",
	    "it is no longer used", "it is on hold", "", "", "the privilege was taken back",
	    "the attribute authority's key was stolen"};
	ASN1_ENUMERATED *e = X509_REVOKED_get_ext_d2i(r, NID_crl_reason, NULL, NULL);
	long v = e ? ASN1_ENUMERATED_get(e) : 0;
	int64_t when = 0;
	char date[24] = "?";

	if (x509_time(X509_REVOKED_get0_revocationDate(r), &when))
		x509_date_text(date, sizeof(date), when);
	snprintf(a->text, sizeof(a->text), "its issuer took it back on %s UTC (%s; %s)", date,
	    v >= 0 && v <= 10 && reasons[v][0] ? reasons[v] : "no known reason", which);
	a->revoked = true;
	ASN1_ENUMERATED_free(e);
}

/* 0: not on it; 1: revoked, and said so; 2: taken off again */
static int look_up(struct ask *a, const struct crl *crl, const char *which)
{
	X509_REVOKED *r = NULL;
	int found = X509_CRL_get0_by_cert(crl->x, &r, a->c->x);

	if (found == 1)
		say_revoked(a, r, which);
	return found;
}

static void consult(struct ask *a, struct crl *crl, const DIST_POINT *dp)
{
	uint32_t covers = crl->reasons & (dp ? reason_bits(dp->reasons) : ALL_REASONS); /* (d) */

	if (crl->base || !is_for(crl, dp, a->c))
		return;
	a->found = true;
	if (!(covers & ~a->mask) || !in_force(a, crl) || !has_signer(a, crl)) /* (e) to (g) */
		return;
	const struct crl *delta = find_delta(a, crl);
	int in_delta = delta ? look_up(a, delta, "a delta CRL says so") : 0;
	if (in_delta == 0)
		(void)look_up(a, crl,
		    crl->scope && crl->scope->indirectCRL > 0 ? "an indirect CRL says so" : "its CRL says so");
	a->mask |= covers;
}

static void consult_all(struct ask *a, const DIST_POINT *dp)
{
	for (size_t i = 0; i < a->j->store->n_crls && !a->revoked && a->mask != ALL_REASONS; i++)
		consult(a, a->j->store->crl[i], dp);
}

/* The list at each of the certificate's distribution points, then whatever its issuer publishes. */
static void consult_points(struct ask *a)
{
	for (int k = 0; k < sk_DIST_POINT_num(a->c->crl_points) && k < 64; k++) {
		const DIST_POINT *dp = sk_DIST_POINT_value(a->c->crl_points, k);

		complete_point(dp, a->c);
		consult_all(a, dp);
	}
	consult_all(a, NULL);
}

static bool ask_crls(struct judge *j, size_t i)
{
	struct ask a = {.j = j, .i = i, .c = j->c[i]};
	char name[96];

	consult_points(&a);
	if (j->nested && i == 0 && !a.revoked && a.mask != ALL_REASONS) {
		a.own = true;
		consult_points(&a);
	}
	ERR_clear_error();
	x509_short_name(name, sizeof(name), a.c->x);
	if (a.revoked)
		judge_fail(j, Q_STATUS, (int)i, "X509_V_ERR_CERT_REVOKED", "RFC 5280 6.3.3", "%s: %s", name, a.text);
	else if (a.mask != ALL_REASONS)
		judge_fail(j, Q_STATUS, (int)i, a.why_id ? a.why_id : "X509_V_ERR_UNABLE_TO_GET_CRL",
		    "RFC 5280 6.3.3", "%s: whether it has been taken back cannot be told: %s", name,
		    a.why_not ? a.why_not
		    : a.found ? "the CRLs that are here do not cover every reason"
		              : "there is no CRL here that speaks of it");
	return !a.revoked && a.mask == ALL_REASONS;
}

static bool ask_ocsp(struct judge *j)
{
	char text[300];
	enum err e = j->n > 1 ? ocsp_judge(j->rules, j->c[0]->x, j->c[1]->x, text, sizeof(text)) : ERR_UNSUPPORTED;

	if (j->n < 2)
		snprintf(text, sizeof(text), "nobody above the leaf could have signed the answer");
	if (e == ERR_OK)
		return true;
	judge_fail(j, Q_STATUS, 0, e == ERR_NEGATIVE ? "X509_V_ERR_CERT_REVOKED" : "X509_V_ERR_OCSP_VERIFY_FAILED",
	    "RFC 6960 3.2", "%s", text);
	return false;
}

void judge_status(struct judge *j)
{
	size_t last = j->anchored ? j->n - 1 : j->n; /* an anchor is not revoked, but taken out of the list */
	size_t asked = 0;

	if (j->rules->ocsp && !j->nested)
		(void)ask_ocsp(j);
	if (j->store->n_crls > 0 && j->anchored)
		for (size_t i = 0; i < last && (i == 0 || !j->rules->crl_leaf_only); i++)
			asked += ask_crls(j, i);
	if (asked && j->rules->ocsp)
		judge_pass(j, Q_STATUS, "RFC 5280 6.3", "on no CRL, and the OCSP response says: good");
	else if (asked)
		judge_pass(j, Q_STATUS, "RFC 5280 6.3", "asked for %zu certificate%s: on no CRL", asked,
		    asked == 1 ? "" : "s");
	else if (j->rules->ocsp)
		judge_pass(j, Q_STATUS, "RFC 6960 3.2", "the OCSP response says: good");
	else
		judge_skip(j, Q_STATUS, "RFC 5280 6.3",
		    "nobody was asked: this would need the authority's list (a CRL), or a question to it (OCSP)");
}
