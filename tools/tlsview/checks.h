/* The questions that are asked of a certificate and of the handshake, and their verdicts.
 *
 * OpenSSL decides; the table here says which question each of its X509_V_ERR codes answers with no, and what
 * that means in plain words. Every failing check is kept, not only the first. */
#ifndef TLSVIEW_CHECKS_H
#define TLSVIEW_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"

enum question {
	Q_SHOWN,     /* was a certificate shown at all? */
	Q_SIGNATURE, /* is each certificate signed by the key of the next? */
	Q_ANCHOR,    /* does the chain end at a root that is trusted here? */
	Q_DATES,     /* is it valid today? */
	Q_NAME,      /* is it for the name that was asked for? */
	Q_PURPOSE,   /* may it be used by a server? */
	Q_CA,        /* may those who signed, sign? */
	Q_STRENGTH,  /* are the keys and hashes strong enough? */
	Q_OTHER,     /* the other rules: constraints, critical extensions, form */
	Q_REVOKED,   /* has it been taken back? */
	Q_KEY,       /* does the peer hold the private key? */
	Q_FINISHED,  /* did both sides see the same handshake? */
	Q_KEYS,      /* are the keys those that we compute? */
	Q_PIN,       /* is it a key that was pinned? */
	Q_HSTS,      /* does the host insist on https? */
	Q_VERSION,   /* is the version of TLS a safe one? */
	Q_COUNT
};

struct check {
	enum question question;
	const char *id; /* "X509_V_ERR_CERT_HAS_EXPIRED", "certificate-verify"; static */
	enum verdict verdict;
	int depth;      /* of the certificate in the chain, 0 is the server's own; -1: none in particular */
	char text[400]; /* what was seen */
};

#define CHECKS_MAX 64

struct checks {
	struct check item[CHECKS_MAX];
	size_t n;
	bool full; /* there were more */
};

/* The question in words: "is the certificate for the name that was asked for?" */
const char *question_text(enum question q);
/* A stable word for it: "name". It is the id of a check that passed or was skipped. */
const char *question_id(enum question q);

/* What is known about a code of X509_STORE_CTX_get_error(). */
struct x509_code {
	int code;
	const char *name; /* "X509_V_ERR_CERT_HAS_EXPIRED" */
	enum question question;
	const char *meaning; /* plain words; never NULL */
};

/* Never NULL: an unknown code is X509_V_ERR_UNSPECIFIED. */
const struct x509_code *x509_code(int code);

/* Keeps the check and emits it. */
void checks_add(struct checks *c, struct trace *t, enum question q, const char *id, enum verdict v, int depth,
    const char *fmt, ...) PRINTF_LIKE(7, 8);

/* The first check that failed; NULL: none. */
const struct check *checks_first_failed(const struct checks *c);
size_t checks_failed(const struct checks *c);
bool checks_has(const struct checks *c, const char *id);
/* Has question q been answered with no? */
bool checks_said_no(const struct checks *c, enum question q);

#endif
