/* What was learnt, with how far it is to be believed and until when (RFC 2181 5.4.1, RFC 2308).
 *
 * The kinds are apart on purpose. Glue reaches name servers and is never an answer. A delegation is the
 * parent's word about where a zone is; what the zone itself says about its name servers is an answer like any
 * other, and cannot prolong the delegation: a zone that its parent has taken away would otherwise live on for
 * ever ("ghost domain"). */
#ifndef DNSVIEW_CACHE_H
#define DNSVIEW_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/err.h"
#include "rr.h"

enum cache_kind {
	CACHE_ANSWER,     /* authoritative data */
	CACHE_DELEGATION, /* the parent's NS set for a zone */
	CACHE_GLUE,       /* an address that came with a referral */
	CACHE_NODATA,     /* the name is there, this type is not */
	CACHE_NXDOMAIN,   /* the name is not there, nor anything below it (RFC 8020); type 0 */
	CACHE_FAILURE,    /* it was tried, and failed (RFC 9520) */
};

#define CACHE_TTL_MAX          86400u /* a day, whatever a record says */
#define CACHE_NEGATIVE_TTL_MAX 10800u /* three hours (RFC 2308 5) */
#define CACHE_FAILURE_TTL      5u

struct cache_entry {
	enum cache_kind kind;
	struct dname name;
	uint16_t type;
	int64_t stored, expires; /* ns since 1970 */
	ldns_rr_list *rrs;       /* of positive kinds; else NULL, or the SOA */
	enum err err;            /* of CACHE_FAILURE */
	struct dname from;       /* the server's name */
	uint64_t lookup;         /* the number of the lookup that learnt it */
	struct cache_entry *next;
};

enum cache_state { CACHE_ABSENT, CACHE_EXPIRED, CACHE_FRESH };

struct cache;

/* max: entries; when there are more, the one that ends soonest among some neighbours goes. NULL: out of
 * memory. */
struct cache *cache_new(size_t max);
void cache_free(struct cache *c); /* NULL is allowed */

/* *out is borrowed until the next cache_put(); NULL where the state is CACHE_ABSENT. */
enum cache_state cache_find(const struct cache *c, enum cache_kind kind, const struct dname *name,
    uint16_t type, int64_t now, const struct cache_entry **out);

/* Keeps an entry for ttl seconds and replaces one of the same kind, name and type. The cache takes rrs (may
 * be NULL), also on an error. */
struct cache_put {
	enum cache_kind kind;
	const struct dname *name;
	uint16_t type;
	uint32_t ttl;
	ldns_rr_list *rrs;
	enum err err;
	const struct dname *from;
	uint64_t lookup;
	int64_t now;
};
enum err cache_put(struct cache *c, struct cache_put p);
size_t cache_count(const struct cache *c);

/* Whole seconds that an entry has left. */
uint32_t cache_left(const struct cache_entry *e, int64_t now);

/* The TTL that counts (RFC 2181 8): with the high bit set it is 0; at most max. */
uint32_t ttl_bounded(uint32_t ttl, uint32_t max);

#endif
