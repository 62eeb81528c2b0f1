/* dnsview trace: some lookups in a row with one cache. */
#ifndef DNSVIEW_TRACE_VERB_H
#define DNSVIEW_TRACE_VERB_H

#include <stdbool.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/addr.h"
#include "glassnet/cli.h"

#define TRACE_MAX_NAMES (CLI_MAX_MANY + 1)

struct trace_request {
	bool use_v4, use_v6, tcp, allow_special, dnssec;
	bool qmin, all;
	struct endpoint server;  /* family 0: all that are needed */
	bool rd;                 /* … asked to recurse */
	const char *anchor_file; /* NULL: the lab's own, or the Internet's */
	unsigned repeat;         /* times more */
	uint16_t port;
	int64_t timeout_ns;
	const char *hints_file; /* NULL: the ones compiled in */
	const char *cache_file; /* NULL: the usual one */
	bool no_cache;          /* begin with nothing, and keep nothing */
	int64_t offset_ns;      /* how far the cache's clock is moved */
	uint16_t type;
	unsigned n_names;
	struct dname name[TRACE_MAX_NAMES]; /* the first is repeated; then the others */
};

/* Each reads an argument; on false *why (static) says what is wrong with it, and the remedy. */
bool trace_request_type(struct trace_request *r, const char *text, const char **why);
bool trace_request_name(struct trace_request *r, const char *text, const char **why);

/* Returns the exit status: the worst of the lookups'. */
int trace_run(struct cli *c, const struct trace_request *r);

#endif
