/* The short path: question in, and out of the cache an answer that is ready to go, without a lookup and without
 * an allocation. */
#ifndef DNSVIEW_WARM_H
#define DNSVIEW_WARM_H

#include "cache.h"
#include "request.h"

struct warm {
	int64_t now;
	uint64_t lookup; /* what this lookup learnt may be used although it has ended (a TTL of 0); 0: none */
	uint32_t stale;  /* seconds after its end that an entry may be used (RFC 8767); 0: none */
	bool udp;
	bool validate; /* only what was judged is given out, unless the client checks for itself (CD) */
};

enum warm_state {
	WARM_ANSWER, /* the answer is written */
	WARM_BOGUS,  /* it would be, but was found to be bogus */
	WARM_MORE,   /* not all of it is known, or not all was judged: a lookup is needed */
};

/* Answers a question from the cache; aliases are followed. *len: the octets in out. */
enum warm_state warm_answer(uint8_t out[static DNS_MESSAGE_MAX], struct cache *c, const struct request *q,
    const struct warm *how, size_t *len);

/* The entries that an answer consists of: the aliases, then the data or the "no". Returns how many; 0: not all
 * are known. */
#define WARM_MAX 12
size_t warm_entries(const struct cache_entry *out[static WARM_MAX], struct cache *c, const struct dname *name,
    uint16_t type, const struct warm *how);

/* Moves a name to where an alias leads. False: it is none, or leads nowhere. */
bool warm_follow(struct dname *at, const struct cache_entry *alias);

#endif
