/* The questions that are asked of the handshake and, by the engine of glassnet/x509.h, of the certificate; and the
 * answers. Every failing check is kept, not only the first. */
#ifndef TLSVIEW_CHECKS_H
#define TLSVIEW_CHECKS_H

#include <stdbool.h>
#include <stddef.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"
#include "glassnet/x509.h"

enum question {
	Q_SHOWN,    /* was a certificate shown at all? */
	Q_AGREED,   /* is the key agreement strong enough? */
	Q_KEY,      /* does the peer hold the private key? */
	Q_FINISHED, /* did both sides see the same handshake? */
	Q_KEYS,     /* are the keys those that we compute? */
	Q_PIN,      /* is it a key that was pinned? */
	Q_HSTS,     /* does the host insist on https? */
	Q_LISTS,    /* could the lists of revoked certificates be had? */
	Q_VERSION,  /* is the version of TLS a safe one? */
	Q_COUNT
};

struct check {
	const char *question; /* a stable word: "name", "certificate-verify"; static */
	char id[56];          /* "X509_V_ERR_CERT_HAS_EXPIRED", "certificate-verify" */
	enum verdict verdict;
	int depth;      /* of the certificate in the path, 0 is the server's own; -1: none in particular */
	char text[400]; /* what was seen */
};

#define CHECKS_MAX 96

struct checks {
	struct check item[CHECKS_MAX];
	size_t n;
	bool full; /* there were more */
};

/* A stable word for it: "certificate-verify". It is the id of a check that passed or was skipped. */
const char *question_id(enum question q);

/* Keeps the check and emits it. */
void checks_add(struct checks *c, struct trace *t, enum question q, const char *id, enum verdict v, int depth,
    const char *fmt, ...) PRINTF_LIKE(7, 8);

/* Keeps those of a path, which the engine has told already. only: those that answer this question, or -1: all. */
void checks_take(struct checks *c, const struct path_result *path, int only);

/* Forgets what was skipped of that question, because it is answered now. */
void checks_forget_skipped(struct checks *c, const char *question);

/* The first check that failed; NULL: none. */
const struct check *checks_first_failed(const struct checks *c);
size_t checks_failed(const struct checks *c);
bool checks_has(const struct checks *c, const char *id);
/* Has that question (its word) been answered with no? */
bool checks_said_no(const struct checks *c, const char *question);

#endif
