/* The SLIST of RFC 1034 5.3.3: the servers of one zone, what is known of each, and which to ask next. */
#ifndef DNSVIEW_SLIST_H
#define DNSVIEW_SLIST_H

#include <stdbool.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/addr.h"
#include "rng.h"
#include "servers.h"

#define SLIST_MAX_NS        16 /* of one delegation; more are left out */
#define SLIST_MAX_ADDRESSES 64 /* of all of them */
#define SLIST_MAX_SILENT    8  /* questions without a response, to all of them */
#define SLIST_TRIES         2  /* how often a silent server is asked */

struct slist_ns {
	struct dname name;
	bool looked_up[2]; /* IPv4, IPv6: a look-up was tried */
	bool failed;       /* one of its addresses gave nothing: another of the same machine is no better bet */
};

struct slist_address {
	struct ip ip;
	unsigned ns; /* whose */
	unsigned tries;
	bool dropped;
	bool odd;     /* its response made no sense: the letters' case may confuse it */
	bool hearsay; /* it is a resolver: asked once more, to recurse, where nobody better is left */
};

struct slist {
	struct dname zone;
	bool from_hints;
	unsigned n_ns, n_addresses;
	unsigned silent;  /* questions without a response */
	unsigned lookups; /* of name servers' addresses, for this delegation */
	struct slist_ns ns[SLIST_MAX_NS];
	struct slist_address address[SLIST_MAX_ADDRESSES];
};

void slist_init(struct slist *s, const struct dname *zone);
/* false: no room, or it is there already. */
bool slist_add_ns(struct slist *s, const struct dname *name);
bool slist_add_address(struct slist *s, unsigned ns, const struct ip *ip);

/* Takes the resolvers among its servers, or those that made no sense, back into the list, once. False: there are
 * none. */
bool slist_recall_hearsay(struct slist *s);
bool slist_recall_odd(struct slist *s);

/* Why an address was chosen. */
enum choice {
	CHOICE_NONE,     /* there is none left */
	CHOICE_ONLY,     /* the only one */
	CHOICE_FASTEST,  /* the best round trip of those that answered before */
	CHOICE_RANDOM,   /* nothing is known yet: any of them, so that the load is shared */
	CHOICE_LAST,     /* the last one left of several */
	CHOICE_AGAIN,    /* all are silent so far: once more, with more patience */
	CHOICE_DOUBTFUL, /* it was dead a short while ago; no better one is left */
};

/* The next address to ask; *out its index, *of how many it was chosen from. */
enum choice slist_choose(
    const struct slist *s, const struct servers *known, int64_t now, struct rng rng, unsigned *out, unsigned *of);

#endif
