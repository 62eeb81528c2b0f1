/* What the parts of the certificate engine share. */
#ifndef LIB_X509_INTERNAL_H
#define LIB_X509_INTERNAL_H

#include <openssl/x509v3.h>

#include "glassnet/x509.h"

/* Which extensions a certificate has, and which of these are marked critical: a bit each. */
enum ext {
	EXT_BASIC,
	EXT_KEY_USAGE,
	EXT_EXT_USAGE,
	EXT_ALT_NAME,
	EXT_ISSUER_ALT,
	EXT_CONSTRAINTS,
	EXT_POLICIES,
	EXT_MAPPINGS,
	EXT_POLICY_CONSTRAINTS,
	EXT_INHIBIT_ANY,
	EXT_CRL_POINTS,
	EXT_FRESHEST,
	EXT_SUBJECT_ID,
	EXT_AUTHORITY_ID,
	EXT_AIA,
	EXT_SIA,
	EXT_COUNT
};

/* A certificate taken apart once. */
struct cert {
	X509 *x; /* a reference */
	bool trusted, self_issued;
	bool vetted; /* one of the system's roots: some are older than the rules for how a root is made */
	unsigned long subject_hash;
	uint8_t digest[32];
	int64_t from, to; /* INT64_MIN, INT64_MAX: no such date */
	bool dates_bad;
	uint32_t has, critical, malformed;
	char unknown_critical[80]; /* an extension marked critical that is not known here; "" none */
	char twice[80];            /* an extension that is there twice; "" none */
	bool no_extensions;        /* the list is there, and empty */
	bool ca;
	long path_len; /* -1: none */
	bool path_len_bad;
	uint32_t key_usage; /* KU_...; only with EXT_KEY_USAGE */
	EXTENDED_KEY_USAGE *uses;
	GENERAL_NAMES *names;
	NAME_CONSTRAINTS *constraints;
	CERTIFICATEPOLICIES *policies;
	POLICY_MAPPINGS *mappings;
	long explicit_skip, mapping_skip, any_skip; /* -1: none */
	STACK_OF(DIST_POINT) * crl_points;
	ASN1_OCTET_STRING *subject_id;
	AUTHORITY_KEYID *authority_id;
};

/* NULL: out of memory. Takes a reference to x. */
struct cert *cert_new(X509 *x, bool trusted);
void cert_free(struct cert *c);
static inline bool cert_has(const struct cert *c, enum ext e)
{
	return (c->has >> e & 1) != 0;
}
static inline bool cert_critical(const struct cert *c, enum ext e)
{
	return (c->critical >> e & 1) != 0;
}
bool cert_inherits(const struct cert *c); /* its DSA key has no parameters of its own */
bool cert_is_old(const struct cert *c);   /* of version 1 or 2, without extensions */
const char *ext_name(enum ext e);
const char *ext_ref(enum ext e);

struct cert_pool {
	struct cert **c;
	size_t n, cap;
	unsigned *slot; /* open hash by subject: index + 1 */
	size_t n_slots;
	unsigned *next; /* chain of equal hashes: index + 1 */
};

struct seal { /* a signature that was looked at */
	const struct cert *child, *by;
	bool good;
};

/* A CRL taken apart once (revocation.c). */
struct crl {
	X509_CRL *x; /* a reference */
	ISSUING_DIST_POINT *scope;
	AUTHORITY_KEYID *authority_id;
	ASN1_INTEGER *number, *base; /* base: it is a delta to that number */
	uint32_t reasons;            /* that it covers */
	int64_t from, to;
	const char *bad; /* why it cannot be used at all, in words; NULL */
	const char *bad_id;
	bool number_critical;
	/* the last answer, for one who asks again */
	const struct cert *signer, *signer_anchor;
	int64_t signer_at;
};
struct crl *crl_new(X509_CRL *x); /* takes a reference; NULL: out of memory */
void crl_free(struct crl *c);

struct path_store {
	struct cert_pool pool;
	X509_STORE *system; /* or NULL */
	struct crl **crl;
	size_t n_crls;
	struct seal *seal;
	size_t n_seals, cap_seals;
};

/* The checks of one path, while they are made. */
struct checks_list {
	struct path_check *item; /* PATH_CHECKS_MAX, owned; NULL: only counted */
	size_t n, n_failed;
	uint32_t failed; /* a bit a question */
};

/* One path under judgement: c[0] is the leaf, c[n - 1] the last. */
struct judge {
	struct path_store *store;
	const struct path_rules *rules;
	struct cert *const *c;
	size_t n;
	bool anchored;
	unsigned nested; /* paths of CRL issuers: how deep we are */
	struct checks_list *out;
};

void judge_fail(struct judge *j, enum path_question q, int depth, const char *id, const char *ref, const char *fmt,
    ...) PRINTF_LIKE(6, 7);
/* The question is answered with yes, unless a failure said otherwise. */
void judge_pass(struct judge *j, enum path_question q, const char *ref, const char *fmt, ...) PRINTF_LIKE(4, 5);
void judge_skip(struct judge *j, enum path_question q, const char *ref, const char *fmt, ...) PRINTF_LIKE(4, 5);

static inline bool web(const struct judge *j)
{
	return j->rules->profile == PROFILE_WEB;
}

/* The parts of the judgement. Each adds its failures, and a pass where there were none. */
void judge_one(struct judge *j, size_t i); /* what can be said of certificate i by itself and by those below it */
void judge_passes(struct judge *j);        /* what speaks for a yes, for the questions of judge_one() */
void judge_names(struct judge *j);         /* the leaf's names, and the one asked for */
void judge_constraints(struct judge *j);
void judge_policies(struct judge *j);
void judge_status(struct judge *j);
void judge_second(struct judge *j);
void judge_path(struct judge *j, unsigned *work); /* all of these, after the signatures and the anchor */

/* The name syntax of a certificate's own names (names.c). */
const char *dns_syntax(const unsigned char *p, size_t len, bool strict);
void judge_alt_names(struct judge *j);

/* ERR_OK: the response says that leaf is good; ERR_NEGATIVE: it says that it is revoked; else it cannot be used. text
 * says it in words. */
enum err ocsp_judge(const struct path_rules *rules, X509 *leaf, X509 *issuer, char *text, size_t cap);

/* Is child signed with by's key? Counts the work, and remembers the answer. */
bool seal_good(struct path_store *s, const struct cert *child, const struct cert *by, unsigned *work);

/* The key to check by's signatures with; the caller frees *made, which is NULL where the certificate has all of it. */
EVP_PKEY *signing_key(struct path_store *s, const struct cert *by, EVP_PKEY **made);

/* Certificates with this subject, one after the other: *at starts at 0. NULL: no more. */
struct cert *pool_next(const struct cert_pool *p, const X509_NAME *subject, size_t *at);
struct cert *pool_find(const struct cert_pool *p, const X509 *x);
enum err pool_add(struct cert_pool *p, X509 *x, bool trusted) MUST_USE;

/* A path from leaf to the anchor, for CRL issuers: leaf must be c. Returns whether there is one. */
bool search_nested(struct path_store *s, struct cert *leaf, const struct path_rules *rules, const struct cert *anchor,
    unsigned nested);

/* 0: no such date. */
bool x509_time(const ASN1_TIME *t, int64_t *out);
char *x509_date_text(char *out, size_t cap, int64_t at);

#endif
