/* What the two halves of exchange.c share. */
#ifndef MALLORY_EXCHANGE_PARTS_H
#define MALLORY_EXCHANGE_PARTS_H

#include "glassnet/proto/http.h"

#include "exchange.h"

/* A message, as an event; and its parts, as fields. */
void exchange_tell(
    struct exchange *x, bool sent, const char *peer, const char *label, const uint8_t *p, size_t len, bool tampered);
void exchange_describe(struct exchange *x, const uint8_t *p, size_t len);

/* Ends it with an answer of mallory's own. */
void exchange_refuse(struct exchange *x, enum err e, const char *status, const char *text);

/* Puts the victim's request into to_bank. ERR_TOO_LONG: it does not fit. */
enum err exchange_pass_request(struct exchange *x, const struct http *h) MUST_USE;

#endif
