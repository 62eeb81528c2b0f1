/* dnsview serve: clients' questions over UDP and TCP, answered from what is in store or by a lookup. */
#ifndef DNSVIEW_SERVER_H
#define DNSVIEW_SERVER_H

#include <uv.h>

#include "glassnet/addr.h"
#include "resolver.h"

struct server_config {
	struct endpoint listen;
	size_t jobs;             /* lookups at a time */
	size_t entries, bytes;   /* of the answers in store */
	bool serve_stale;        /* RFC 8767 */
	void (*tick)(void *ctx); /* before questions are read: a clock may be moved here */
	void *tick_ctx;
};

struct answering;

/* Opens the sockets on the loop. On ERR_NET errno tells. */
enum err server_open(
    struct answering **out, uv_loop_t *loop, struct resolver *r, const struct server_config *config) MUST_USE;
/* Closes them; the loop must be run until nothing is left. */
void server_close(struct answering *s);

#endif
