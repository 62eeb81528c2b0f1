/* Shared by changes.c and journey.c. */
#ifndef CAPTURE_JOURNEY_H
#define CAPTURE_JOURNEY_H

#include "glassnet/capture.h"

#define CHANGE_NAT (CHANGE_SRC | CHANGE_DST | CHANGE_SPORT | CHANGE_DPORT)

/* "192.0.2.1:53", or without the port where there is none. */
char *end_text(char out[static ENDPOINT_TEXT], const struct endpoint *e);

/* "source 192.168.1.100:40000 → 203.0.113.10:40000"; "" when changes has nothing of the kind. */
char *nat_text(char *out, size_t cap, const struct packet *before, const struct packet *after, unsigned changes);

#endif
