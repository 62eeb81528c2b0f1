/* What mallory knows of a connection when it is over. */
#ifndef MALLORY_RECORD_H
#define MALLORY_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "glassnet/trace.h"

#include "downgrade.h"
#include "exchange.h"
#include "leg.h"

enum outcome {
	OUTCOME_RELAYED,     /* request and reply went through mallory's hands */
	OUTCOME_PASSED,      /* bytes passed untouched */
	OUTCOME_REFUSED,     /* the victim ended the TLS handshake: mallory's certificate did not do */
	OUTCOME_NOT_OFFERED, /* the victim offers no suite that mallory could answer with */
	OUTCOME_GONE,        /* the victim left before it had asked for anything */
	OUTCOME_BAD,         /* what the victim sent is no HTTP or TLS */
	OUTCOME_NO_BANK,     /* the bank could not be reached, or did not prove its name to mallory */
	OUTCOME_TIMEOUT,
	OUTCOME_STOPPED, /* mallory ended first */
	OUTCOME_COUNT
};
const char *outcome_name(enum outcome o);

/* Texts are escaped. */
struct record {
	unsigned id;
	bool tls;
	enum outcome outcome;
	char victim[64];
	char server_name[EXCHANGE_LINE_MAX]; /* the victim asked for it in the clear; "" */
	char seen[LEG_SEEN_MAX];             /* TLS handshake messages that the victim sent */
	char alert[40];                      /* "" if none */
	char request[EXCHANGE_LINE_MAX];     /* "POST /login"; "" */
	char status[16];
	char detail[128];
	size_t wire_octets;  /* from the victim, as on the wire */
	size_t clear_octets; /* from the victim, readable to mallory */
	size_t fields;
	unsigned changed; /* account numbers */
	bool bank_tls;    /* mallory spoke https with the bank */
	bool kept;        /* a redirect to https, which the victim never saw */
	struct strip_report stripped;
	bool downgraded; /* the next says how that went */
	struct downgrade downgrade;
};

/* Sets all but id, tls, victim and outcome from the state of the two legs and of what went between them. */
void record_fill(struct record *r, const struct leg *victim, const struct leg *bank, const struct exchange *x);

/* Says in the trace how the connection ended, and what mallory has of it. */
void record_emit(const struct record *r, struct trace *t, const char *self);

/* A new object; NULL when out of memory. */
json_t *record_json(const struct record *r);

#endif
