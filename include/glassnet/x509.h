/* Certificates: who vouches for whom, and whether that holds. RFC 5280, RFC 9525, RFC 6960, and the CA/Browser
 * Forum's baseline requirements (BR).
 *
 *     struct path_store *s = path_store_new();
 *     path_store_add(s, &roots, true);
 *     path_store_add(s, &what_the_server_sent, false);
 *     struct path_rules rules = {.use = USE_SERVER, .host = "bank.example", .at = now, .max_depth = -1};
 *     enum err e = path_verify(s, leaf, &rules, trace, &res);      ERR_OK, ERR_NEGATIVE: refused
 *     path_result_release(&res);
 *     path_store_free(s);
 *
 * The search (search.c) goes from the leaf upwards, over every certificate whose subject is the issuer's name, and
 * comes back from dead ends, within a limit of work. Each whole path is judged by the rules here (rules.c, names.c,
 * constraints.c, policy.c, revocation.c, ocsp.c) and, when they find no fault, by OpenSSL's X509_verify_cert(), which
 * has to agree (second.c). Each candidate is an event, each check of the path that decides is one, too. */
#ifndef GLASSNET_X509_H
#define GLASSNET_X509_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"

/* --- files ------------------------------------------------------------------------------------------------ */

#define CERT_DER_MAX  ((size_t)1 << 20) /* a larger certificate is refused unread */
#define X509_FILE_MAX ((size_t)64 << 20)
#define X509_WHY      240

struct cert_set {
	X509 **x; /* a reference each */
	size_t n, cap;
};

struct crl_set {
	X509_CRL **x; /* a reference each */
	size_t n, cap;
};

/* Adds every certificate (every CRL) in bytes: one in DER, or PEM blocks with anything between them. On an error why
 * is a sentence that names the offset; what was read before it stays in the set. ERR_FORMAT, ERR_TOO_LONG, ERR_NOMEM. */
enum err cert_set_read(struct cert_set *s, const uint8_t *bytes, size_t len, char why[static X509_WHY]) MUST_USE;
enum err crl_set_read(struct crl_set *s, const uint8_t *bytes, size_t len, char why[static X509_WHY]) MUST_USE;
/* Takes a reference of its own. */
enum err cert_set_add(struct cert_set *s, X509 *x) MUST_USE;
void cert_set_release(struct cert_set *s);
void crl_set_release(struct crl_set *s);

/* A whole file ("-": standard input), at most max octets (ERR_TOO_LONG); the caller frees *out. ERR_IO: errno tells. */
enum err x509_read_file(const char *path, size_t max, uint8_t **out, size_t *len) MUST_USE;

/* --- texts ------------------------------------------------------------------------------------------------ */

/* A certificate as people need it. All texts are escaped. */
struct x509_info {
	char subject[400], issuer[400]; /* "C=US + ...", RFC 2253 order reversed: as written in the certificate */
	char name[128];                 /* the common name, or the subject where there is none */
	char names[400];                /* for which names: "bank.example, 192.0.2.1 and 3 more"; "" none */
	unsigned n_names;
	char not_before[24], not_after[24]; /* "2026-01-31 23:59:59", UTC */
	int64_t from, to;                   /* seconds since 1970 */
	char key[64], signature[80];        /* "RSA 2048", "EC P-256"; "ecdsa-with-SHA256" */
	char may[200];                      /* what it may do: "server, client; sign certificates" */
	char sha256[65], sha1[41], serial[65];
	char key_id[65], issuer_key_id[65]; /* subject and authority key identifier as hex; "" none */
	bool ca, self_issued;
	long path_len; /* -1: no limit */
	long version;  /* 1 to 3 */
};
void x509_info_from(struct x509_info *out, X509 *cert);
char *x509_short_name(char *out, size_t cap, X509 *cert);
/* "12 days", "3 years": a span of time for people. */
char *x509_span_text(char out[static 40], int64_t seconds);
/* "X509_V_ERR_CERT_HAS_EXPIRED" for its number; never NULL. */
const char *x509_error_name(int code);

/* --- judging ---------------------------------------------------------------------------------------------- */

enum cert_profile {
	PROFILE_WEB,     /* RFC 5280 as TLS on the web needs it: with RFC 9525 and the baseline requirements */
	PROFILE_RFC5280, /* the path validation of RFC 5280 6 and no more */
};
enum cert_use { USE_SERVER, USE_CLIENT, USE_ANY };

#define PATH_CERTS_MAX 64 /* certificates in a path */

struct path_rules {
	enum cert_profile profile;
	enum cert_use use;
	int64_t at;             /* seconds since 1970 */
	const char *host;       /* a DNS name, or an address as text; NULL: any */
	const char *ip, *email; /* NULL: any */
	int max_depth;          /* intermediates at most, those issued to themselves not counted; -1: PATH_CERTS_MAX */
	const uint8_t *ocsp;    /* a response (RFC 6960, DER) for the leaf; NULL: none */
	size_t ocsp_len;
	const char *const *policies; /* user-initial-policy-set, dotted; none: any-policy */
	size_t n_policies;
	bool explicit_policy, inhibit_mapping, inhibit_any; /* RFC 5280 6.1.1 (e) to (g) */
	bool
	    crl_leaf_only; /* with CRLs: only the leaf must be on none; otherwise every certificate below the anchor */
	const struct cert_set *sent; /* the chain as the server sent it, leaf first, whose order counts; NULL: none */
	unsigned work;     /* candidates looked at, at most; 0: the default */
};

enum path_question {
	Q_FORM,        /* well-formed, as the standard says */
	Q_SIGNED,      /* each signed with the key of the next */
	Q_ROOT,        /* ends at something trusted */
	Q_TIME,        /* within its dates */
	Q_FOR_NAME,    /* for the name that was asked for */
	Q_USE,         /* for this use */
	Q_ISSUERS,     /* those who signed may sign */
	Q_KEY_IDS,     /* key identifiers */
	Q_CRITICALS,   /* critical extensions understood, and marked where they must be */
	Q_STRONG,      /* keys and hashes */
	Q_CONSTRAINED, /* name constraints */
	Q_POLICIES,    /* certificate policies */
	Q_STATUS,      /* not revoked */
	Q_ORDER,       /* sent in the order in which they are signed */
	Q_SECOND,      /* OpenSSL agrees */
	Q_QUESTIONS
};

struct path_check {
	enum path_question question;
	enum verdict verdict;
	int depth;    /* 0: the leaf; -1: the path as a whole */
	char id[56];  /* OpenSSL's name where it has one ("X509_V_ERR_CERT_HAS_EXPIRED"), else a word of ours */
	char ref[48]; /* "RFC 5280 4.1.2.5" */
	char text[400];
};

#define PATH_CHECKS_MAX 96

struct path_result {
	bool accepted;
	X509 *path[PATH_CERTS_MAX]; /* leaf first; a reference each */
	size_t n;
	bool anchored; /* the last one is trusted */
	struct path_check *check;
	size_t n_checks, n_failed;              /* n_failed counts those beyond PATH_CHECKS_MAX, too */
	unsigned candidates, signatures, paths; /* the work it took */
	bool gave_up;                           /* the limit of work was reached */
};

const char *path_question_text(enum path_question q); /* "is it within its dates?" */
const char *path_question_id(enum path_question q);   /* "dates" */

struct path_store;

/* NULL: out of memory. */
struct path_store *path_store_new(void);
void path_store_free(struct path_store *s);
/* Certificates to trust, or ones that may help to find a way. The set may be released at once. */
enum err path_store_add(struct path_store *s, const struct cert_set *set, bool trusted) MUST_USE;
/* From now on the status of certificates is asked for (RFC 5280 6.3). */
enum err path_store_add_crls(struct path_store *s, const struct crl_set *set) MUST_USE;
/* Trusts, beside those added, what this machine trusts; looked up by name when needed. */
enum err path_store_trust_system(struct path_store *s) MUST_USE;

/* Is there a path from leaf that keeps the rules? Fills in *out, which the caller releases, whatever it returns.
 * ERR_OK, ERR_NEGATIVE, ERR_NOMEM, or ERR_USAGE (a rule makes no sense: rules->ip is no address). */
enum err path_verify(struct path_store *s, X509 *leaf, const struct path_rules *rules, struct trace *t,
    struct path_result *out) MUST_USE;
/* The first check that failed; NULL: none. */
const struct path_check *path_first_failed(const struct path_result *r);
void path_result_release(struct path_result *r);
/* The result as JSON for ev_result(); the caller frees it. NULL: out of memory. */
char *path_result_json(const struct path_result *r);

/* Does a name in a certificate (an entry of the subject alternative names) stand for host? RFC 9525 6.3: case does not
 * count; "*" stands for the whole first label. */
bool x509_name_matches(const char *pattern, size_t len, const char *host);

#endif
