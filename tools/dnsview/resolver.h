/* The resolver: from a question to its answer by asking name servers, beginning at the root (RFC 1034 5.3.3).
 *
 * The algorithm is in resolve.c, its four steps by name. It does no input or output of its own: a lookup says
 * which query it wants to have sent, and is told what came back. resolver_lookup() drives one lookup over an
 * exchange; a program that does many at once can drive lookups itself (lookup.h).
 *
 * The rules that it keeps, who keeps each, and the words of the story (EV_DECISION) that tell of it. The tests of the same
 * names are in tests/unit/dnsview/test_rules.c.
 *
 *   rule 1   match         response_match(), exchange_cares.c, jobs.c (the same question is asked once at a time)
 *                          packet-dropped, response-refused
 *   rule 2   0x20          draw_case(), step_4_analyze_response(), find_last_resort(); case-changed, plain-case
 *   rule 3   bailiwick     response_analyze(), cache_rest_of_chain(); answer-out-of-zone, referral-sideways
 *   rule 4   glue          cache_glue(), slist_add_known(); glue-accepted, glue-rejected, additional-ignored
 *   rule 5   authority     step_4a_cache_answer_or_name_error(); authority-ignored
 *   rule 6   ghosts        CACHE_DELEGATION beside CACHE_ANSWER (cache.h)
 *   rule 7   aliases       restart_at(); alias, gave-up, alias-too-long
 *   rule 8   budget        push_ns_lookup(), QUERIES_MAX, remember_failure(); ns-bound, ns-cycle
 *   rule 9   transport     step_4_act(); truncated, no-edns
 *   rule 10  negative      negative_ttl(), known_negative(); negative-not-kept
 *   rule 11  stale         answering.c; stale-answer
 *   rule 12  minimisation  minimise.c; qname-minimised, qname-whole, qname-relaxed
 *   rule 13  TTLs          ttl_bounded(), cache_left()
 *   rule 14  lameness      step_4d_drop_server(), servers.c; server-dropped, server-remembered-lame, server-is-resolver
 *   rule 15  addresses     policy_refuses(); address-refused
 *   rule 16  bounds        dname_read(), message_parse(); response-malformed */
#ifndef DNSVIEW_RESOLVER_H
#define DNSVIEW_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache.h"
#include "classify.h"
#include "dname.h"
#include "exchange.h"
#include "glassnet/clock.h"
#include "glassnet/err.h"
#include "glassnet/trace.h"
#include "hints.h"
#include "policy.h"
#include "rng.h"
#include "rr.h"
#include "servers.h"

/* Bounds. One budget is shared by every branch of a lookup, so that no zone can make us work without end
 * (NXNSAttack, iDNS, TsuNAME). */
#define ALIASES_MAX               11  /* CNAME and DNAME steps */
#define QUERIES_MAX               200 /* a lookup */
#define NS_LOOKUPS_MAX            64  /* name servers' addresses, a lookup */
#define NS_LOOKUPS_DELEGATION_MAX 16  /* … a delegation */
#define DEPTH_MAX                 7   /* look-ups that wait for one another */

struct resolver_config {
	bool use_v4, use_v6;
	bool always_tcp;
	bool dnssec;          /* ask for signatures and proofs, too */
	bool keep_signatures; /* with dnssec: keep them and the proofs in the cache, beside what they are about */
	bool minimise;        /* tell each server no more of the name than it needs (RFC 9156) */
	uint16_t port;        /* of the name servers */
	int64_t timeout_ns;   /* the longest wait for one response */
	struct policy policy;
};

/* Who tells the story: see narrative.h. */
struct narrator {
	struct trace *trace; /* borrowed; may be NULL */
	const char *me;      /* the role of this machine; borrowed */
	unsigned told;       /* bits of what was explained already */
};

/* Is shown each response that was understood; message is borrowed for the call. */
struct tap {
	void (*response)(void *ctx, const struct dname *name, uint16_t type, const struct dname *zone,
	    const struct message *m, const struct analysis *a);
	void *ctx;
};

struct resolver {
	struct resolver_config config;
	const struct hints *hints; /* borrowed */
	const struct clock *clock; /* borrowed */
	struct rng rng;
	struct cache *cache;
	struct servers *servers;
	struct narrator narrator;
	struct tap tap;
	uint64_t lookups; /* begun so far */
};

/* ERR_NOMEM. Everything but the cache and the memory of servers is borrowed. */
enum err resolver_init(struct resolver *r, const struct resolver_config *config, const struct hints *hints,
    const struct clock *clock, struct rng rng, struct trace *trace, const char *me) MUST_USE;
void resolver_release(struct resolver *r);

enum outcome {
	OUTCOME_ANSWER,
	OUTCOME_NXDOMAIN,
	OUTCOME_NODATA,
	OUTCOME_YXDOMAIN, /* a DNAME makes a name that is too long to exist (RFC 6672 2.2) */
	OUTCOME_FAILURE
};

/* One question to one server, and what came of it. */
struct hop {
	struct dname name;
	uint16_t type;
	struct dname zone, server;
	struct endpoint to;
	bool tcp;
	unsigned depth;        /* 0: the name itself; else a name server's address, for one of depth - 1 */
	size_t sent, received; /* octets of the messages */
	int64_t rtt_ns;
	enum err err;           /* ERR_OK: there was a response */
	enum response response; /* … and it was this */
	struct dname cut;       /* of a referral */
	unsigned n_ns;
	struct dname *ns; /* of a referral: the name servers; belongs to the hop */
};

struct lookup_result {
	enum err err; /* ERR_OK: the answer; ERR_NEGATIVE: there is none; else why it failed */
	enum outcome outcome;
	struct dname name; /* as asked */
	uint16_t type;
	uint64_t lookup;           /* its number */
	struct dname last;         /* the name at the end of the aliases */
	ldns_rr_list *answer;      /* the aliases and the records; TTLs as they are left */
	ldns_rr_list *authority;   /* of a "no": the SOA that says how long it holds; NULL: none */
	unsigned queries, servers; /* sent; different addresses */
	unsigned saved;            /* queries that the cache made unnecessary, at least */
	int64_t duration_ns;
	char why[320]; /* of a failure */
	size_t n_hops;
	struct hop *hops;
};

/* Resolves one name. Always leaves a result, which the caller releases. */
void resolver_lookup(
    struct resolver *r, struct exchange ex, const struct dname *name, uint16_t type, struct lookup_result *out);
/* The same without an event for the result: for what is asked on the way to something else. */
void resolver_fetch(
    struct resolver *r, struct exchange ex, const struct dname *name, uint16_t type, struct lookup_result *out);
void lookup_result_release(struct lookup_result *res);
/* Octets of all messages of a lookup, without what carries them. */
size_t lookup_octets(const struct lookup_result *res, bool sent);

#endif
