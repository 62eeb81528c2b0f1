/* The chain of trust (RFC 4033 5, RFC 4035 5): from the key that was known beforehand, zone by zone, to an
 * answer.
 *
 * A validator watches a resolver's lookups. validator_check() then looks at every link of the last one, asks
 * for the keys and proofs that are still missing, and tells each step as a check. */
#ifndef DNSVIEW_DNSSEC_H
#define DNSVIEW_DNSSEC_H

#include "dnssec_anchor.h"
#include "dnssec_evidence.h"
#include "dnssec_verify.h"
#include "resolver.h"

#define ZONES_MAX 64 /* on all ways of one validator */
#define KEYS_MAX  64 /* of a zone */
#define WHY_MAX   320

/* RFC 4033 5. In this order the worse wins. */
enum security { SECURITY_SECURE, SECURITY_INSECURE, SECURITY_INDETERMINATE, SECURITY_BOGUS };

/* A zone whose standing is known. */
struct standing {
	struct dname zone;
	enum security security;
	ldns_rr_list *keys; /* of a secure zone; belongs to it */
	char why[WHY_MAX];  /* of what is not secure */
};

struct validator {
	struct resolver *r; /* borrowed */
	struct exchange ex;
	const struct anchors *anchors; /* borrowed */
	const char *anchor_place;      /* where they come from; borrowed */
	struct trace *t;
	struct evidence evidence;
	/* For a server: what is missing is not asked for, but looked for in the cache and otherwise wanted. The
	 * caller gets it and checks again. */
	struct cache *cache; /* borrowed; NULL: ask */
	bool wanting;
	struct dname wanted, hopeless; /* hopeless: what was tried in vain; a name without octets: nothing */
	uint16_t wanted_type, hopeless_type;
	struct standing waiting; /* of a zone whose standing is not known yet */
	unsigned budget;         /* of computations, for one check */
	unsigned told;           /* bits of what was explained */
	unsigned n_zones;
	struct standing zone[ZONES_MAX];
	struct { /* names that turned out to be no zones */
		unsigned n;
		struct dname name[ZONES_MAX];
	} uncut;
};

/* r must ask for signatures (its config's dnssec). Big: not for the stack. */
void validator_init(struct validator *v, struct resolver *r, struct exchange ex, const struct anchors *anchors,
    const char *anchor_place);
/* The same without watching r: what is known is in r's cache, with its signatures. */
void validator_init_cached(
    struct validator *v, struct resolver *r, const struct anchors *anchors, const char *anchor_place);
void validator_release(struct validator *v);

/* The verdict on a lookup's result, told as events; the last is an EV_RESULT. */
enum security validator_check(struct validator *v, const struct lookup_result *res);

const char *security_name(enum security s); /* "secure" */

/* --- within (dnssec_chain.c, dnssec_answer.c, dnssec_words.c) --------------------------------------------
 */

/* Where a name stands: the closest zone above that has a standing, found link by link from the root. */
const struct standing *chain_to(struct validator *v, const struct dname *name);

/* Fills p with the NSEC and NSEC3 records of a statement that zone's keys have signed. */
struct proof;
void gather_proof(struct validator *v, const struct statement *s, const struct standing *zone, struct proof *p);

/* Verifies an RRset of a statement with a zone's keys. */
struct sig_report verify_in(struct validator *v, const struct statement *s, enum section section,
    const struct dname *owner, uint16_t type, const struct standing *zone);

uint32_t validator_now(const struct validator *v);

/* "by key 123 (ECDSA …), valid until …": what was seen of a signature. */
#define SIG_TEXT 256
char *sig_text(char out[static SIG_TEXT], const struct sig_report *r, const struct dname *zone);
const char *sig_ref(enum sig s);
/* "NSEC: nothing between a. and b." */
#define DENIAL_TEXT (2 * DNAME_TEXT + 160)
struct denial;
char *denial_text(char out[static DENIAL_TEXT], const struct denial *d);

enum dnssec_lesson { TRUST_CHAIN, TRUST_DS, TRUST_INSECURE, TRUST_DENIAL, TRUST_BOGUS, TRUST_LESSONS };
void trust_teach(struct validator *v, enum dnssec_lesson l);

#endif
