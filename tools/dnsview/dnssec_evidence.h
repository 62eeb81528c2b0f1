/* What the servers said, kept whole: the signatures and proofs that the iteration has no use for. */
#ifndef DNSVIEW_DNSSEC_EVIDENCE_H
#define DNSVIEW_DNSSEC_EVIDENCE_H

#include "classify.h"
#include "dname.h"
#include "resolver.h"
#include "rr.h"

#define EVIDENCE_MAX 512 /* responses; later ones are not kept */

struct statement {
	struct dname name; /* the question */
	uint16_t type;
	enum response kind;
	struct dname cut; /* of a referral */
	size_t n;
	struct fact {
		enum section section;
		struct dname owner;
		uint16_t type;
		ldns_rr *rr;
	} * fact;
};

struct evidence {
	size_t n;
	struct statement *said[EVIDENCE_MAX]; /* each stays where it is while more come in */
	bool lost;                            /* one could not be kept */
};

void evidence_release(struct evidence *e);

/* Keeps every response of r's lookups in e from now on. */
void evidence_watch(struct evidence *e, struct resolver *r);

/* The last response to a question that was neither a referral nor a failure; the last referral to a zone; the
 * last response with an answer for a name (of this type, or an alias). NULL: none. */
const struct statement *evidence_answer(const struct evidence *e, const struct dname *name, uint16_t type);
const struct statement *evidence_referral(const struct evidence *e, const struct dname *cut);
const struct statement *evidence_mention(const struct evidence *e, const struct dname *name, uint16_t type);

/* What a cache has about a question, as if it had just been said: the answer, an alias or a "no", with its
 * signatures and proofs. One that has just ended will do. NULL: nothing. */
const struct statement *evidence_from_cache(
    struct evidence *e, struct cache *c, const struct dname *name, uint16_t type, int64_t now);
/* … of one entry. False: it could not be kept. */
bool evidence_add_entry(struct evidence *e, const struct cache_entry *entry, const struct dname *name, uint16_t type);

/* The records of an owner and type in a statement, in one section or (SECTION_QUESTION) in any; without
 * doubles. The caller frees the list, not the records. NULL: out of memory. */
ldns_rr_list *statement_rrset(
    const struct statement *s, enum section section, const struct dname *owner, uint16_t type);

#endif
