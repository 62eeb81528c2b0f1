/* What was learnt, with how far it is to be believed and until when (RFC 2181 5.4.1, RFC 2308).
 *
 * The kinds are apart on purpose. Glue reaches name servers and is never an answer. A delegation is the
 * parent's word about where a zone is; what the zone itself says about its name servers is an answer like any
 * other, and cannot prolong the delegation: a zone that its parent has taken away would otherwise live on for
 * ever ("ghost domain").
 *
 * An entry is one piece of memory: its name, then its records as they are on the wire, without compression.
 * Servers' names are kept once, however many entries came from them. */
#ifndef DNSVIEW_CACHE_H
#define DNSVIEW_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/addr.h"
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

/* What a validator found (RFC 4033 5). */
enum cache_security { CACHE_UNCHECKED, CACHE_SECURE, CACHE_INSECURE, CACHE_BOGUS };

#define CACHE_TTL_MAX          86400u /* a day, whatever a record says */
#define CACHE_NEGATIVE_TTL_MAX 10800u /* three hours (RFC 2308 5) */
#define CACHE_FAILURE_TTL      5u

struct cache_source; /* a server's name */

struct cache_entry {
	struct cache_entry *next, *newer, *older;
	int64_t stored, expires; /* ns since 1970 */
	uint64_t lookup;         /* the number of the lookup that learnt it; 0: it comes from a file */
	struct cache_source *source;
	struct ip from_ip; /* the server's address; family 0: not known */
	uint8_t kind;      /* enum cache_kind */
	uint8_t security;  /* enum cache_security */
	uint8_t err;       /* enum err, of CACHE_FAILURE */
	uint16_t type;
	uint32_t hash;
	uint32_t size; /* octets that it takes */
	uint8_t name_len;
	uint8_t data[]; /* the name, the records */
};

/* The name and the server's name; from is empty where it is not known. */
struct dname cache_name(const struct cache_entry *e);
struct dname cache_from(const struct cache_entry *e);

/* The records of an entry one after the other: begin with {0}; false after the last. Everything is borrowed
 * from the entry. */
struct cache_record {
	uint16_t type;
	bool authority;    /* it is no answer but stands beside it: the SOA of a "no", a proof */
	uint8_t owner_len; /* octets in owner: a name as in struct dname */
	const uint8_t *owner;
	uint16_t len;
	const uint8_t *rdata; /* names in it are not compressed */
	size_t at;            /* where the next one begins */
};
bool cache_record_next(const struct cache_entry *e, struct cache_record *r);
/* The name that a record's data begins with: of NS, CNAME, DNAME. */
struct dname cache_target(const struct cache_record *r);

/* The records as ldns has them, which the caller frees. NULL: out of memory, or there are none. */
enum cache_part {
	CACHE_DATA,   /* of the entry's own type */
	CACHE_IN,     /* … with their signatures */
	CACHE_SOA,    /* of a "no": the SOA that says how long it holds */
	CACHE_BESIDE, /* all that stands beside the answer */
};
ldns_rr_list *cache_rrs(const struct cache_entry *e, enum cache_part part, uint32_t ttl);

enum cache_state { CACHE_ABSENT, CACHE_EXPIRED, CACHE_FRESH };

struct cache;

/* max: entries; when there are more, the one that was not used for the longest time goes. A look-up takes the
 * same time however many there are. NULL: out of memory. */
struct cache *cache_new(size_t max);
/* … and at most so many octets of memory, about. */
void cache_limit_bytes(struct cache *c, size_t max);
void cache_limit_entries(struct cache *c, size_t max);
void cache_free(struct cache *c); /* NULL is allowed */

/* *out is borrowed until the next cache_put(); NULL where the state is CACHE_ABSENT. */
enum cache_state cache_find(struct cache *c, enum cache_kind kind, const struct dname *name, uint16_t type,
    int64_t now, const struct cache_entry **out);

/* Keeps an entry for ttl seconds and replaces one of the same kind, name and type. The cache takes rrs and
 * proof (each may be NULL), also on an error. Of a "no", rrs stands beside the answer like proof. */
struct cache_put {
	enum cache_kind kind;
	const struct dname *name;
	uint16_t type;
	uint32_t ttl;
	ldns_rr_list *rrs, *proof;
	enum err err;
	enum cache_security security;
	const struct dname *from;
	const struct ip *from_ip; /* NULL: not known */
	uint64_t lookup;
	int64_t now;
};
enum err cache_put(struct cache *c, struct cache_put p);
/* What a validator found out about an entry; one that is bogus goes after at most a minute. */
void cache_judge(struct cache *c, const struct cache_entry *e, enum cache_security security, int64_t now);
/* What is secure is so no longer than its signatures say: until the first of them expires, and for no longer than the
 * TTL that they were made for (RFC 4035 5.3.3). At most the time that the entry has. */
int64_t cache_signed_until(const struct cache_entry *e, int64_t now);
size_t cache_count(const struct cache *c);
size_t cache_bytes(const struct cache *c);

/* The entries, the one used last first; NULL after the last. */
const struct cache_entry *cache_first(const struct cache *c);
const struct cache_entry *cache_next(const struct cache_entry *e);
/* Takes one out. */
void cache_remove(struct cache *c, const struct cache_entry *e);
/* Takes out what is at or below name (NULL: everything); returns how many entries had not ended. */
size_t cache_forget(struct cache *c, const struct dname *name, int64_t now);

/* The TTL that an entry began with. */
uint32_t cache_original_ttl(const struct cache_entry *e);

/* Whole seconds that an entry has left. */
uint32_t cache_left(const struct cache_entry *e, int64_t now);

/* The TTL that counts (RFC 2181 8): with the high bit set it is 0; at most max. */
uint32_t ttl_bounded(uint32_t ttl, uint32_t max);

#endif
