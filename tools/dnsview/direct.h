/* One question to one server, and whatever it says: nothing is followed, judged or kept. */
#ifndef DNSVIEW_DIRECT_H
#define DNSVIEW_DIRECT_H

#include "message.h"
#include "resolver.h"

struct direct {
	struct dname name;
	uint16_t type;
	struct endpoint to;
	const char *host; /* the server's role in the story; borrowed */
	bool recursion, tcp;
};

struct direct_reply {
	enum err err; /* ERR_OK: message is what came; the caller releases it with message_release() */
	struct message message;
	struct endpoint from;
	size_t sent, received; /* octets */
	int64_t rtt_ns;
	char why[160]; /* of a failure */
};

/* Asks and tells. The resolver lends its configuration, its dice and its narrator. */
void direct_ask(struct resolver *r, struct exchange ex, const struct direct *d, struct direct_reply *out);

/* dnsview trace --server: asks, shows every record, and tells the result. Returns the error that stands for what
 * came of it: ERR_OK the server has an answer or a referral; ERR_NEGATIVE there is none; ERR_LAME it refuses or
 * failed; else why there was no response. */
enum err direct_show(struct resolver *r, struct exchange ex, const struct direct *d);

#endif
