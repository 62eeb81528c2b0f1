/* What a response is (RFC 1034 4.3.1, RFC 2308), seen by who asked a server of one zone one question. Pure:
 * it looks at the message and decides nothing else. */
#ifndef DNSVIEW_CLASSIFY_H
#define DNSVIEW_CLASSIFY_H

#include "dname.h"
#include "message.h"

enum response {
	RESPONSE_ANSWER,
	RESPONSE_ALIAS,     /* a CNAME or DNAME instead */
	RESPONSE_REFERRAL,  /* other servers, of a zone further down */
	RESPONSE_NXDOMAIN,  /* the name is not there */
	RESPONSE_NODATA,    /* the name is there, this type is not */
	RESPONSE_TRUNCATED, /* cut to fit UDP */
	RESPONSE_NO_EDNS,   /* the server does not understand EDNS */
	RESPONSE_LAME,      /* the server does not serve this zone */
	RESPONSE_HEARSAY,   /* it repeats what it heard elsewhere: for want of a better one */
	RESPONSE_FAILED,    /* the server says that it failed */
};

struct analysis {
	enum response kind;
	const char *why;            /* of LAME, HEARSAY, FAILED: static text */
	struct dname cut;           /* of REFERRAL: the zone it leads to; of an upward referral: where it points */
	const struct record *alias; /* of ALIAS: the CNAME or DNAME */
	struct dname target;        /* of ALIAS: the name to go on with; no name: it would be too long */
	const struct record *soa;   /* of NXDOMAIN, NODATA: within the zone, or NULL */
};

/* The server was asked for (name, type) as one of zone's. */
struct asked_how {
	bool edns;
	bool recursion; /* it was asked to find out, so hearsay is what was wanted */
};
struct analysis response_analyze(
    const struct message *m, const struct dname *name, uint16_t type, struct asked_how how, const struct dname *zone);

const char *response_name(enum response r); /* "referral" */

#endif
