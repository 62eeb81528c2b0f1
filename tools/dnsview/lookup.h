/* A lookup on its way: a stack of frames, one a name that is being resolved. The frame at the bottom is the
 * question asked; above it are name servers' addresses that it waits for. */
#ifndef DNSVIEW_LOOKUP_H
#define DNSVIEW_LOOKUP_H

#include "resolver.h"
#include "slist.h"

enum step {
	STEP_1,
	STEP_2,
	STEP_3,
	STEP_WAIT,  /* a query is to be sent, or under way */
	STEP_CHILD, /* a frame above this one must end first */
	STEP_DONE,
};

struct frame {
	struct frame *below; /* who waits for this one; NULL: nobody */
	unsigned depth;
	enum step step;
	struct dname sname; /* the name now looked for */
	uint16_t stype;
	struct dname qname; /* … and what servers are asked for: the same, unless it is minimised */
	uint16_t qtype;
	unsigned minimised; /* questions with a shorter name so far */
	bool full;          /* the whole name is asked for from now on */
	unsigned n_names;   /* names passed by aliases, sname among them */
	struct dname names[ALIASES_MAX + 1];
	ldns_rr_list *answer;
	ldns_rr_list *authority; /* the SOA of a "no"; NULL: none */

	struct slist slist;
	unsigned at;        /* the address that is asked */
	enum choice choice; /* why that one */
	unsigned chosen_of;
	bool again; /* the same one once more, another way */
	bool tcp, edns;
	bool recursion;  /* only resolvers are left: they are asked to recurse */
	bool plain_case; /* the letters go out as they are: some servers cannot stand anything else */
	bool stepwise;   /* the way to the zone above is asked for label by label */
	bool stepped;    /* step 2 was taken for this name */
	bool renewed;    /* the delegation was fetched anew, as all servers of the old one were of no use */
	struct dns_query query;
	struct endpoint local; /* where it left from */

	unsigned for_ns;   /* which name server of the frame below it is for */
	enum err last_err; /* what the last server that was of no use did */

	enum outcome outcome;
	enum err err;
};

struct lookup {
	struct resolver *r;
	struct narrator *tell;
	struct frame *top;
	uint64_t number; /* of this lookup, from 1 */
	int64_t started;
	int64_t now; /* when it was begun, or a response came: no time passes within a step */
	unsigned ns_lookups;
	const struct message *said; /* the response that is being taken apart; NULL: none */
	enum err fatal;             /* ends every frame: budget, memory, interruption */
	struct lookup_result *res;
};

enum lookup_state { LOOKUP_ASK, LOOKUP_DONE };

/* res is borrowed until lookup_end(). */
void lookup_begin(
    struct lookup *l, struct resolver *r, const struct dname *name, uint16_t type, struct lookup_result *res);

/* Works until a query must be sent (LOOKUP_ASK: *q is borrowed until lookup_reply()) or the result is there.
 */
enum lookup_state lookup_run(struct lookup *l, const struct dns_query **q);
void lookup_sent(struct lookup *l, const struct endpoint *local);
void lookup_reply(struct lookup *l, const struct dns_reply *reply);
void lookup_end(struct lookup *l);

/* --- for the steps ----------------------------------------------------------------------------- */

/* A cache entry that may be used now: fresh, or learnt in this very lookup (RFC 1035 3.2.1: TTL 0 serves the
 * transaction in progress). NULL: none. */
const struct cache_entry *known(struct lookup *l, enum cache_kind kind, const struct dname *name, uint16_t type);

/* Keeps records and tells. rrs is taken; NULL makes a negative entry. from: which server said so. */
void keep(struct lookup *l, struct frame *f, enum cache_kind kind, const struct dname *name, uint16_t type,
    uint32_t ttl, ldns_rr_list *rrs);

/* The records of one RRset in a message (RFC 2181 5), owners spelt as name is; *ttl the least of theirs. */
ldns_rr_list *collect(
    const struct message *m, enum section section, const struct dname *name, uint16_t type, uint32_t *ttl);

/* Fills f->slist with the best servers for name: the closest delegation known, else the hints. */
void slist_fill(struct lookup *l, struct frame *f, const struct dname *name);
/* The closest zone to name that servers are known for. */
struct dname closest_zone(struct lookup *l, const struct dname *name, const struct cache_entry **delegation);
/* How many of the cuts from the root down to name were known before this lookup: each spares a query. */
unsigned cuts_known(struct lookup *l, const struct dname *name);
/* Adds the addresses of one name server that the cache has; returns how many are new. */
unsigned slist_add_known(struct lookup *l, struct frame *f, unsigned ns);
/* … and the glue, where better addresses are known. */
unsigned slist_add_glue(struct lookup *l, struct frame *f, unsigned ns);

/* Starts a look-up of a name server's address above f, if there is one worth it. */
bool push_ns_lookup(struct lookup *l, struct frame *f);
/* … and takes over what a finished one found. */
void pop_ns_lookup(struct lookup *l, struct frame *f, const struct frame *child);

/* When nobody is left to ask (exhausted.c): is there something more to try? */
bool find_last_resort(struct lookup *l, struct frame *f);

/* Name minimisation (minimise.c): what the servers of a new list are asked for; true: the response was to a
 * shortened name, and the next question is prepared. */
void minimise_begin(struct lookup *l, struct frame *f);
bool minimise_next(struct lookup *l, struct frame *f, const struct analysis *a);

/* Ends a frame. Returns STEP_DONE. */
enum step finish(struct lookup *l, struct frame *f, enum outcome outcome);
enum step give_up(struct lookup *l, struct frame *f, enum err err, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The record of what was asked: a hop for each query, then what its response was. */
struct hop *add_hop(struct lookup *l, const struct frame *f, const struct dns_reply *reply);
void note_response(struct lookup *l, const struct message *m, const struct analysis *a);

/* resolve.c, analyze.c */
enum step step_1_answer_in_cache(struct lookup *l, struct frame *f);
enum step step_2_best_servers(struct lookup *l, struct frame *f);
enum step step_3_send_queries(struct lookup *l, struct frame *f);
enum step step_3_no_response(struct lookup *l, struct frame *f, const struct dns_reply *reply);
enum step step_4_analyze_response(struct lookup *l, struct frame *f, const struct dns_reply *reply);
/* Goes on with what SNAME is an alias of. */
enum step restart_at(struct lookup *l, struct frame *f, const ldns_rr *alias, const struct dname *target,
    uint32_t ttl, bool from_cache);

#endif
