/* The attack as a whole: an open network whose router, name server and bank are mallory. */
#ifndef MALLORY_FREEWIFI_H
#define MALLORY_FREEWIFI_H

#include <stdbool.h>
#include <stdint.h>

#include "glassnet/clock.h"
#include "glassnet/err.h"
#include "glassnet/trace.h"

#include "forge.h"

#define FREEWIFI_BANK "bank.example"
#define FREEWIFI_SELF "mallory"

struct freewifi_options {
	enum tls_attack tls;
	bool rewrite;
	bool strip;            /* keep on http who comes by http */
	bool dns;              /* answer for the bank in every name server's place */
	bool withhold;         /* what the CA says of its certificates does not reach the guests */
	int64_t limit_ns;      /* for one connection, and for the first DNS lookup */
	const char *loot_file; /* or NULL */
	int stop_fd;           /* readable: end; -1: none */
	const struct clock *clock;
};

/* Runs until it is told to end. Emits everything, a RESULT with the loot as well. ERR_OK: mallory holds
 * something; ERR_NEGATIVE: nothing; else what went wrong, with a sentence in msg. */
enum err freewifi_run(const struct freewifi_options *opt, struct trace *t, char msg[static 256]) MUST_USE;

#endif
