/* Chance and time that are the same in every run: with them a handshake comes out octet by octet as before. */
#ifndef TLSVIEW_FIXED_H
#define TLSVIEW_FIXED_H

#include <stdbool.h>
#include <stdint.h>

#include "glassnet/clock.h"

#define FIXED_START INT64_C(1767268800) /* 2026-01-01 12:00 UTC */

/* From now on OpenSSL draws from this stream, in all of the process: for programs that make keys for show. False: it
 * cannot be. */
bool fixed_random(const char *seed);

/* Begins at FIXED_START; every look is a millisecond later. */
struct fixed_clock {
	struct clock clock;
	int64_t now;
};
void fixed_clock_init(struct fixed_clock *c);

#endif
