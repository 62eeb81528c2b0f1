/* How a NAT behaves, found by asking a server from several sockets and for answers from several places (RFC 5780 4).
 *
 * Every test has sockets of its own: an answer that nobody asked for leaves an entry in some NATs' tables (Linux's), and the
 * next test would see the entry and not the NAT. Mapping and filtering are never tested with one socket. */
#ifndef NATVIEW_BEHAVIOUR_H
#define NATVIEW_BEHAVIOUR_H

#include "ask.h"

/* RFC 4787 4.1 and 5. */
enum dependence {
	DEPENDS_UNKNOWN,    /* this server cannot show it; why is in the text beside it */
	DEPENDS_ON_NOTHING, /* endpoint-independent */
	DEPENDS_ON_ADDRESS, /* address-dependent */
	DEPENDS_ON_PORT,    /* address-and-port-dependent */
};

enum finding { FINDING_UNKNOWN, FINDING_NO, FINDING_YES };

/* What the server did when it was asked to answer from elsewhere. */
enum change { CHANGE_UNTRIED, CHANGE_HONOURED, CHANGE_IGNORED, CHANGE_REFUSED, CHANGE_UNSEEN };

struct behaviour {
	bool nat;
	struct endpoint local, mapped, other; /* of the first socket; the server's other place, family 0: none */
	enum dependence mapping, filtering;   /* without a NAT: mapping stays unknown, filtering is the firewall's */
	enum change change;
	unsigned sockets, kept; /* how many were translated, how many of them kept their port */
	enum finding hairpin;
	bool hairpin_outside;      /* it came with the outside address (RFC 4787 REQ-9) */
	enum finding lifetime;     /* could it be tested? YES: alive_ns and dead_ns hold */
	int64_t alive_ns, dead_ns; /* unused for so long, the binding was there; gone (0: never) */
	bool rewritten;            /* addresses inside messages are changed on the way */
	char why[160];             /* what kept a test from being done; "" when nothing did */
};

struct study {
	struct asker asker;
	struct endpoint server;
	int64_t lifetime_ns; /* how long to look for a binding's end; 0: only as long as the other tests take */
};

/* ERR_OK, or what the first question met; *r is that question's reply then. */
enum err behaviour_study(struct study *s, struct behaviour *out, struct reply *r) MUST_USE;

const char *dependence_name(enum dependence d); /* "endpoint-independent" */

/* The name that RFC 3489 5 had for it ("port-restricted cone"); NULL: it has none, or it is not known. */
const char *classic_name(const struct behaviour *b);

#endif
