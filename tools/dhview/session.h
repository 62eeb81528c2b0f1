/* One conversation over a connected socket: the exchange, who is there, lines both ways, the end. */
#ifndef DHVIEW_SESSION_H
#define DHVIEW_SESSION_H

#include "glassnet/dh.h"
#include "glassnet/trace.h"
#include "keys.h"

struct session_options {
	enum dh_side side;
	uint16_t group;            /* the client's; the server's: 0 takes any */
	const char *self, *peer;   /* roles */
	int fd;                    /* connected, non-blocking; borrowed */
	int input_fd;              /* lines to say; at its end no more is said */
	int cancel_fd;             /* readable: end at once; -1: none */
	int64_t timeout_ns;        /* for the exchange */
	int64_t idle_ns;           /* the longest silence in the conversation */
	const uint8_t *secret_key; /* of Ed25519: sign, and demand a signature; NULL: neither */
	const struct peers *peers; /* with secret_key */
};

struct session_result {
	enum err err;   /* ERR_OK: both said that they have ended; ERR_NEGATIVE: refused; else what went wrong */
	const char *id; /* a word for it: "ended", "small-order", "unknown-key", "replayed", … */
	uint16_t group;
	char fingerprint[DH_FINGERPRINT_TEXT]; /* "" before there is one */
	char peer_name[PEER_NAME];             /* proved by a signature; "" if not */
	size_t sent, received;                 /* lines */
};

/* Emits a RESULT, too. Returns res->err. */
enum err session_run(const struct session_options *o, struct trace *t, struct session_result *res);

#endif
