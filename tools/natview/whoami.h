/* Where a question goes to: "stun:HOST[:PORT]", "http://HOST[:PORT][/PATH]" or HOST[:PORT], which is STUN. */
#ifndef NATVIEW_WHOAMI_H
#define NATVIEW_WHOAMI_H

#include "ask.h"
#include "glassnet/target.h"

struct destination {
	bool http;
	struct target target;
	char path[1024]; /* of a page */
	struct endpoint at;
};

#define STUN_PORT 3478

/* Reads it. An exit status, after a message where it is not EXIT_YES. */
int destination_parse(struct cli *c, struct destination *d, const char *text);

/* Looks its address up, of the family that -4 or -6 want. */
int destination_resolve(struct cli *c, struct destination *d, struct deadline end);

/* What was said instead of an answer: a message on stderr, and the exit status. */
int no_answer(struct cli *c, const struct destination *d, enum err e, const struct reply *r);

#endif
