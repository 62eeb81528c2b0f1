/* Why is a connection refused, who can mend it, and how? */
#ifndef TLSVIEW_DIAGNOSE_H
#define TLSVIEW_DIAGNOSE_H

#include "tlsview.h"

#define CAUSES_MAX 16

struct cause {
	char id[56];      /* of the check that failed, or a word of ours: "handshake_failure", "refused" */
	char reason[420]; /* what was seen */
	const char *who, *how;
};

struct diagnosis {
	struct cause cause[CAUSES_MAX];
	size_t n;
};

/* From a connection that did not come about, or did not prove its name. */
void diagnose_result(struct diagnosis *d, const struct result *res);

/* Connects, and says what is wrong. ERR_OK: nothing is. */
enum err diagnose_run(const struct connect_options *opt, struct trace *t, struct result *res, struct diagnosis *d);

/* The particulars as JSON; the caller frees it. NULL: out of memory. */
char *diagnose_json(const struct diagnosis *d, const struct result *res);

#endif
