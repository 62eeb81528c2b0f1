/* The relay: takes the victims' connections, passes what they say to the true bank and back, and keeps a
 * record of each. Event driven (libuv), many connections at once; every buffer and every connection's time is
 * bounded. */
#ifndef MALLORY_RELAY_H
#define MALLORY_RELAY_H

#include <jansson.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"

#include "exchange.h"
#include "leg.h"
#include "loot.h"
#include "record.h"

#define RELAY_MAX_CONNECTIONS 32
#define RELAY_MAX_RECORDS     256

/* One port that victims come to. */
struct relay_service {
	const char *scheme;  /* "http", "https" */
	SSL_CTX *server_ctx; /* NULL: not TLS, or passed untouched */
	SSL_CTX *client_ctx; /* to the bank; NULL: not TLS */
	bool blind;
	bool downgrade; /* … but with a weaker offer */
	uint16_t port;  /* the bank's */
};

struct relay_config {
	uv_loop_t *loop;
	struct trace *trace;
	struct loot *loot;
	const char *self;      /* role: "mallory" */
	const char *bank_name; /* "bank.example": the name to reach, and to verify */
	bool rewrite;
	/* Who comes by http is kept there, and the bank gets the https that it wants; NULL: not so. */
	struct strip *strip;
	SSL_CTX *strip_ctx;  /* a client's */
	uint16_t strip_port; /* the bank's, for https */
	uint64_t limit_ms;   /* a connection's whole time */
	/* A non-blocking socket that connects, or has connected, to the bank; -1: errno tells. */
	int (*dial)(void *ctx, uint16_t port);
	void *dial_ctx;
	/* The role of who sits at an address; writes to out. May be NULL: the address. */
	void (*name_victim)(const void *ctx, const char *addr, char *out, size_t cap);
	const void *name_ctx;
};

struct relay;

/* config is copied, what it points to is borrowed until relay_free(). */
enum err relay_new(struct relay **out, const struct relay_config *config) MUST_USE;

/* Listens with fd (a listening, non-blocking socket), which the relay takes over. */
enum err relay_listen(struct relay *r, int fd, const struct relay_service *service) MUST_USE;

/* Takes over one connected, non-blocking socket; addr is where it comes from, as text. With
 * RELAY_MAX_CONNECTIONS under way it is closed at once: ERR_BUDGET. */
enum err relay_accept(struct relay *r, int fd, const char *addr, const struct relay_service *service) MUST_USE;

/* Ends every connection and stops listening. The loop must run until its handles are closed before
 * relay_free(). */
void relay_stop(struct relay *r);
void relay_free(struct relay *r);

size_t relay_n_records(const struct relay *r);
const struct record *relay_record(const struct relay *r, size_t i);
json_t *relay_json(const struct relay *r); /* a new array of all records; NULL when out of memory */

#endif
