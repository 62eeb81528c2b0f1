/* dnsview serve: clients' questions over UDP and TCP, answered from the cache or by a lookup. */
#ifndef DNSVIEW_SERVER_H
#define DNSVIEW_SERVER_H

#include <uv.h>

#include "dnssec_anchor.h"
#include "glassnet/addr.h"
#include "resolver.h"

#define LISTEN_MAX 8

struct server_config {
	unsigned n_listen;
	struct endpoint listen[LISTEN_MAX]; /* 0.0.0.0 and :: are every address of the machine */
	size_t jobs;                        /* lookups at a time */
	bool serve_stale;                   /* RFC 8767 */
	bool forks;                         /* the program does, now and then */
	const struct anchors *anchors;      /* borrowed; NULL: nothing is validated */
	const char *anchor_place;
	void (*tick)(void *ctx); /* before questions are read: a clock may be moved here */
	void *tick_ctx;
};

struct answering;

/* Opens the sockets on the loop. On ERR_NET errno tells, and *at is the address. */
enum err server_open(struct answering **out, uv_loop_t *loop, struct resolver *r, const struct server_config *config,
    struct endpoint *at) MUST_USE;
/* Closes them, and runs the loop until nothing is left of them. NULL is allowed. */
void server_close(struct answering *s);

#endif
