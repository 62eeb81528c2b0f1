/* Queries under way over UDP, thousands at a time over one loop, each from a socket and so a port of its own
 * (RFC 5452 9.2).
 *
 * c-ares costs a channel a query: 73 KB and 53 microseconds, more than all the rest of a lookup. Here a query
 * costs its socket. What comes back is checked as strictly as exchange_cares.c does: the source (the socket is
 * connected), QR, identifier, opcode and question; what does not match is a stray, and the wait goes on. TCP is
 * rare and stays with c-ares. */
#ifndef DNSVIEW_SENDING_H
#define DNSVIEW_SENDING_H

#include <uv.h>

#include "exchange.h"

struct senders;

/* NULL: no descriptors or no memory. */
struct senders *senders_new(uv_loop_t *loop);
/* The loop must be run once more afterwards, for what it closes. NULL is allowed. */
void senders_free(struct senders *s);

/* To be called before the first fork(): a child's copies of the sockets would keep them in the epoll set. */
void senders_share(struct senders *s);

/* One query on its way; a struct of zeros is none. */
struct sending {
	struct senders *all;
	int fd; /* 1 + the descriptor; 0: none */
	const struct dns_query *query;
	int64_t begun;
	unsigned n_strays;
	struct stray stray[STRAYS_MAX];
	/* Is called once for a query that was sent, unless it is dropped: with the response, or with the error
	 * that the network reported. The reply is borrowed for the call. */
	void (*done)(void *ctx, struct dns_reply *reply);
	void *ctx;
};

/* Sends a query, which is borrowed until its end; *local becomes the address it left from if it is wanted
 * (local is not NULL). An error: as with exchange.send(); ERR_NOMEM: no descriptor is free. */
enum err sending_start(struct senders *s, struct sending *q, struct endpoint *local);
/* Gives it up after its time: *reply becomes what it came to. */
void sending_time_out(struct sending *q, struct dns_reply *reply);
/* Forgets it; nobody is told. One that is over is left alone. */
void sending_drop(struct sending *q);

#endif
