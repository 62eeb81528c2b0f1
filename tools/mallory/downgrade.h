/* TLS passed on, but with a weaker offer: from the victim's ClientHello TLS 1.3 is taken out (its supported_versions, RFC
 * 8446 4.2.1), or, where it was not in it, the order of the suites is turned round, so that the last becomes the first.
 * The bank answers what it was offered. Who notices, and by what, is read from the bytes that went by: a server that could
 * have spoken TLS 1.3 says so in its random (RFC 8446 4.1.3); and in the end each side's Finished covers what it saw. */
#ifndef MALLORY_DOWNGRADE_H
#define MALLORY_DOWNGRADE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"

#include "buf.h"

#define DOWNGRADE_SEEN_MAX (24 * 1024) /* octets of either side that are looked at in the end */

enum downgrade_edit {
	DOWNGRADE_NOTHING, /* no ClientHello, or nothing in it to weaken */
	DOWNGRADE_VERSION, /* TLS 1.3 was taken out */
	DOWNGRADE_SUITES,  /* the suites' order was turned round */
};

enum downgrade_side { SIDE_NONE, SIDE_VICTIM, SIDE_BANK };

struct downgrade {
	enum downgrade_edit edit;
	uint16_t offered;       /* the best version that the victim offered; 0: no ClientHello was seen */
	uint16_t first;         /* its first suite, as offered */
	uint16_t chosen, suite; /* what the bank answered; 0: it did not */
	bool sentinel;          /* the bank's random says that it could have done better */
	enum downgrade_side alert_by;
	uint8_t alert;
	bool after_finished; /* the victim had sent its Finished */
};

/* Weakens the ClientHello at the begin of hello. ERR_TRUNCATED: it is not whole yet; ERR_OK: done, or that is none, which
 * stays as it is; ERR_NOMEM. */
enum err downgrade_hello(struct buf *hello, struct downgrade *d) MUST_USE;

/* What became of it, from the bytes that the victim and the bank sent. */
void downgrade_outcome(struct downgrade *d, const struct buf *victim, const struct buf *bank);

/* Says it in the trace. True: one of the ends noticed. */
bool downgrade_emit(
    const struct downgrade *d, struct trace *t, unsigned connection, const char *victim, const char *bank);

/* NULL: out of memory. */
json_t *downgrade_json(const struct downgrade *d);

#endif
