/* One question to one server: the resolver's only way to the network, as a parameter. c-ares is one
 * implementation (exchange_cares.c); a script of what servers answer is another, in the tests. */
#ifndef DNSVIEW_EXCHANGE_H
#define DNSVIEW_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "message.h"

struct dns_query {
	struct endpoint to;
	bool tcp;
	int64_t timeout_ns;
	struct question question;
	uint8_t bytes[DNS_QUERY_MAX];
	size_t len;
};

/* A packet that came to the query's port and was not taken for its response. */
struct stray {
	enum match why;
	struct endpoint from;
};
#define STRAYS_MAX 8

struct dns_reply {
	/* ERR_OK: bytes hold a response that matches (MATCH_YES; MATCH_CASE is handed on, too). ERR_TIMEOUT,
	 * ERR_REFUSED (port closed), ERR_UNREACHABLE, ERR_CLOSED (TCP ended early), ERR_NET otherwise. */
	enum err err;
	bool unsent;          /* it never left: this machine has no route there */
	const uint8_t *bytes; /* belongs to the exchange until the next send() */
	size_t len;
	struct endpoint from;
	int64_t rtt_ns;     /* from the query's leaving to the response, or to the failure */
	struct ip reporter; /* who sent the ICMP error; family 0: nobody */
	unsigned n_strays;  /* may be more than are kept */
	struct stray stray[STRAYS_MAX];
};

struct exchange {
	/* Sends a query; *local becomes the address it left from. ERR_REFUSED: a TCP connection was refused
	 * at once. Any other error: nothing was sent, as this machine has no route there. */
	enum err (*send)(void *ctx, const struct dns_query *q, struct endpoint *local);
	/* Waits for its response or its failure, at most q->timeout_ns. ERR_INTERNAL: stop altogether
	 * (interrupted). */
	enum err (*wait)(void *ctx, struct dns_reply *reply);
	void *ctx;
};

/* --- the real network, by c-ares --------------------------------------------------------------- */

struct exchange_cares;
/* stop_fd: readable when the user wants to stop; -1: none. */
enum err exchange_cares_new(struct exchange_cares **out, int stop_fd) MUST_USE;
void exchange_cares_free(struct exchange_cares *x); /* NULL is allowed */
struct exchange exchange_cares(struct exchange_cares *x);

/* The same for a caller with a loop of its own: after send(), watch the descriptor (-1: none) for what is
 * wanted, process what happened, until it is over or the query's time is; then take the reply. The callback
 * comes before a descriptor is closed. */
int exchange_cares_fd(struct exchange_cares *x, bool *readable, bool *writable);
void exchange_cares_process(struct exchange_cares *x, int fd, bool readable, bool writable);
bool exchange_cares_over(const struct exchange_cares *x);
void exchange_cares_take(struct exchange_cares *x, struct dns_reply *reply);
void exchange_cares_on_close(struct exchange_cares *x, void (*closing)(void *ctx), void *ctx);

#endif
