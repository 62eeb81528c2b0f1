/* One search for a path. */
#ifndef LIB_X509_SEARCH_H
#define LIB_X509_SEARCH_H

#include <stdarg.h>

#include "internal.h"

struct search {
	struct path_store *store;
	const struct path_rules *rules;
	struct trace *t;
	unsigned nested;           /* the path of a CRL's issuer: nobody is told */
	const struct cert *anchor; /* then: the only one that counts */

	struct cert *path[PATH_CERTS_MAX + 1];
	size_t n;
	bool second, leaf_bad, put_off, no_memory, told_second;
	unsigned candidates, signatures, paths, limit, told, dead_ends;
	bool gave_up, gave_up_first, found;

	bool have_best, best_anchored;
	size_t best_cost, best_n;
	struct cert *best[PATH_CERTS_MAX + 1];
	struct checks_list best_list;
	struct path_check item[PATH_CHECKS_MAX], best_item[PATH_CHECKS_MAX]; /* the last in use, and the best's */
};

void search_run(struct search *s, struct cert *leaf);

#endif
