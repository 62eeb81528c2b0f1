/* One side of a relayed connection: a non-blocking socket, with or without TLS over it. */
#ifndef MALLORY_LEG_H
#define MALLORY_LEG_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>

#include "glassnet/err.h"

#include "buf.h"

enum leg_state {
	LEG_NONE,       /* no socket yet */
	LEG_CONNECTING, /* connect() is under way */
	LEG_HANDSHAKE,  /* TLS is being agreed */
	LEG_OPEN,
	LEG_FAILED, /* see leg.err */
};

#define LEG_SEEN_MAX 120

struct leg {
	enum leg_state state;
	int fd;
	SSL *ssl;      /* NULL: plain */
	bool server;   /* of TLS: we are the one with the certificate */
	bool in_done;  /* the peer sends no more */
	bool out_done; /* we send no more */
	bool tls_wants_write;
	enum err err;
	size_t received, sent; /* octets of application data */
	struct buf *tap;       /* borrowed: what is received goes in there, too, while there is room; NULL: nowhere */

	/* what the peer's handshake showed */
	char seen[LEG_SEEN_MAX]; /* messages it sent: "ClientHello, alert unknown CA" */
	char alert[40];          /* the last alert that it sent, "" if none */
	char reason[120];        /* why the handshake failed, in the library's words */
};

void leg_init(struct leg *l); /* state LEG_NONE */

/* Takes fd over, which is non-blocking. ctx NULL: no TLS. name: for a TLS client, whom to ask for and verify;
 * NULL for a server. connecting: connect() has not ended yet. On an error fd is closed. */
enum err leg_open(struct leg *l, int fd, SSL_CTX *ctx, const char *name, bool connecting) MUST_USE;
void leg_close(struct leg *l); /* says goodbye as far as that goes without waiting */

/* Goes on with connecting and the handshake. True if the state changed. */
bool leg_advance(struct leg *l);

/* Reads what is there into b, at most its room. True if something happened: octets came, the peer's end, or
 * an error (state LEG_FAILED). */
bool leg_read(struct leg *l, struct buf *b);

/* Writes from b what goes out without waiting, and takes it from b. True if something happened. */
bool leg_write(struct leg *l, struct buf *b);

/* Tells the peer that we send no more. */
void leg_finish(struct leg *l);

/* What to wait for, as poll() events: want_read and have_output are the caller's wishes. */
short leg_events(const struct leg *l, bool want_read, bool have_output);

/* Octets that the peer has sent on the wire so far, TLS's own included. */
size_t leg_wire_received(const struct leg *l);

#endif
