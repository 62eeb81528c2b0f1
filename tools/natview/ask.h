/* One STUN question, asked until it is answered or time is up (RFC 8489 6.2), and nothing taken for an answer that is
 * none: another transaction ID, another sender, cut short, a wrong fingerprint. What is refused is said. */
#ifndef NATVIEW_ASK_H
#define NATVIEW_ASK_H

#include "glassnet/net.h"
#include "glassnet/proto/stun_write.h"
#include "natview.h"

struct asker {
	struct trace *t;
	const char *me, *server; /* roles */
	struct deadline end;     /* of everything */
	int64_t rto_ns;          /* until the first repetition; each pause is twice the one before (6.2.1) */
};

struct question {
	const char *why; /* what it is asked for, one line; NULL: nothing is said before it */
	struct endpoint to;
	uint32_t change;        /* enum stun_change: the answer shall come from elsewhere */
	struct endpoint from;   /* with change: where it must come from then */
	uint16_t response_port; /* 0: none. The answer shall go to this port of ours as the server sees us */
	int answer_fd;          /* where the answer is expected; -1: at the socket that asks */
	int64_t wait_ns;        /* how long at most */
};

struct reply {
	struct endpoint from;
	struct stun head;
	bool ignored;   /* it came from where the question went to, though another place was asked for */
	bool here;      /* it came to the socket that asked, though another port was asked for */
	bool rewritten; /* the masked address and the plain one differ: something changes addresses inside messages */
	unsigned sent, refused, malformed;
	int64_t rtt_ns;          /* since the last repetition */
	char who[ENDPOINT_TEXT]; /* ERR_REFUSED, ERR_UNREACHABLE: who said so (ICMP) */
};

/* A UDP socket, bound to the address that this machine would use towards `to`, and to a port that nobody has used
 * yet. *local is both. On an error *fd is -1. */
enum err ask_socket(const struct endpoint *to, int *fd, struct endpoint *local) MUST_USE;

/* ERR_OK; ERR_NEGATIVE: the server answered with an error (head.error_code); ERR_TIMEOUT; ERR_FORMAT: what came was
 * malformed, and nothing else came; ERR_REFUSED, ERR_UNREACHABLE: an ICMP message said so; ERR_NET. */
enum err ask(const struct asker *a, int fd, const struct question *q, struct reply *out) MUST_USE;

#endif
