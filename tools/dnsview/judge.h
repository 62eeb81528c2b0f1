/* The validator of a server: judges what is in the cache, and says what it must have for that. */
#ifndef DNSVIEW_JUDGE_H
#define DNSVIEW_JUDGE_H

#include "dnssec.h"

struct judge;

/* Everything is borrowed. NULL: out of memory. */
struct judge *judge_new(struct resolver *r, const struct anchors *anchors, const char *anchor_place);
void judge_free(struct judge *j); /* NULL is allowed */

enum judgement {
	JUDGED,      /* *security is the verdict, and the cache knows it */
	JUDGE_WANTS, /* *name and *type must be looked up first; then judge again, failed or not */
	JUDGE_NOT,   /* the answer is not in the cache */
};

/* One question on its way to its verdict; begin with name, type and lookup, the number of the lookup that answered
 * it (0: none). */
struct judging {
	struct dname name;
	uint16_t type;
	uint64_t lookup;
	unsigned wants; /* so far */
	enum security security;
	struct dname wanted; /* … last */
	uint16_t wanted_type;
};
enum judgement judge(struct judge *j, struct judging *g);

#endif
