/* One HTTP request and its reply on their way through mallory, as bytes in and bytes out: no sockets, no
 * time.
 *
 *     victim ──▶ exchange_from_victim() ──▶ to_bank ──▶ the bank
 *     victim ◀── to_victim ◀── exchange_from_bank() ◀── the bank
 *
 * The request is read whole (its form fields become loot), and passed on with a head that asks for a reply
 * that is easy to change: HTTP/1.0, so neither chunked nor kept open, and not compressed. A page in reply is
 * held until it is whole, changed, and given its new length. What does not fit the bounds, or cannot be
 * changed, passes as it is. Stripping, a redirect to https stays here: the same request is put again, by
 * https, and the victim gets that reply, without a word of https in it. Blind, the same bytes pass untouched, and only a TLS ClientHello at the start is
 * looked at. */
#ifndef MALLORY_EXCHANGE_H
#define MALLORY_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"

#include "buf.h"
#include "downgrade.h"
#include "loot.h"
#include "rewrite.h"
#include "strip.h"

#define EXCHANGE_HEAD_MAX    (16 * 1024)
#define EXCHANGE_REQUEST_MAX (64 * 1024)  /* head and body */
#define EXCHANGE_REPLY_MAX   (256 * 1024) /* of a page that is held back to be changed */
#define EXCHANGE_LINE_MAX    96

enum exchange_state {
	EXCHANGE_REQUEST, /* the request is not whole yet */
	EXCHANGE_REPLY,   /* the reply is held until it can be changed */
	EXCHANGE_PASS,    /* bytes pass as they come */
	EXCHANGE_DONE,    /* to_victim holds the rest */
};

struct exchange_names {
	const char *victim, *self, *bank; /* roles; borrowed */
	const char *scheme;               /* "http", "https" */
};

struct exchange {
	struct trace *trace;
	struct loot *loot;
	struct exchange_names names;
	unsigned connection;
	bool blind, rewrite;
	bool weaken;         /* blind, but for the ClientHello, which is held until it is whole, and weakened */
	struct strip *strip; /* borrowed; NULL: https stays https */

	enum exchange_state state;
	struct buf request;
	struct buf to_bank;
	struct buf to_victim;
	bool said_continue;
	bool offered; /* weaken: that is done */
	struct downgrade downgrade;
	bool victim_ended, bank_ended;
	bool reply_begun;
	bool secure; /* stripping: the bank wants https */
	bool again; /* … and is to be called once more, for a request that stands in to_bank; the caller clears it */

	/* what was seen */
	char line[EXCHANGE_LINE_MAX];        /* "POST /login", escaped; "" before the request is whole */
	char server_name[EXCHANGE_LINE_MAX]; /* blind: from the ClientHello, "" if none */
	char status[16];                     /* "200" */
	size_t fields;                       /* form fields read */
	struct rewrite_report changed;
	size_t body_before;        /* octets of the page as the bank sent it */
	char host[STRIP_HOST_MAX]; /* the bank's name, as the victim asked for it */
	bool kept;                 /* a redirect to https, which the victim never saw */
	struct strip_report stripped;
	enum err err; /* why it ended early, if it did */
};

void exchange_init(struct exchange *x, struct trace *trace, struct loot *loot, const struct exchange_names *names,
    unsigned connection, bool blind, bool rewrite);
void exchange_release(struct exchange *x); /* wipes */

/* The next bytes from either side stand at the end of x->request (blind: x->to_bank) or x->to_victim, where
 * the caller read them to; see exchange_victim_input() and exchange_bank_input(). These functions then look
 * at them. */
void exchange_from_victim(struct exchange *x);
void exchange_from_bank(struct exchange *x);

/* The buffer to read into, NULL when nothing is wanted from that side for now. */
struct buf *exchange_victim_input(struct exchange *x);
struct buf *exchange_bank_input(struct exchange *x);

/* The side sends no more. */
void exchange_victim_end(struct exchange *x);
void exchange_bank_end(struct exchange *x);

/* The bank cannot be reached: the victim gets an error page. */
void exchange_bank_failed(struct exchange *x, enum err e, const char *why);

/* What may be sent now; NULL while it is held. */
struct buf *exchange_bank_output(struct exchange *x);
struct buf *exchange_victim_output(struct exchange *x);

#endif
