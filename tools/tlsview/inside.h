/* Both ends of a handshake in one process, without a network: every run the same, so that it can be looked at slowly. */
#ifndef TLSVIEW_INSIDE_H
#define TLSVIEW_INSIDE_H

#include "glassnet/trace.h"
#include "tlsview.h"

struct inside_options {
	uint16_t min, max;
	bool secrets;
	bool retry;       /* let the server want another group: HelloRetryRequest */
	const char *seed; /* all that is drawn follows from it */
	int64_t pause_ns; /* between two flights */
	int cancel_fd;
	const struct clock *clock;
};

/* OpenSSL as client and as server over memory BIOs. */
enum err inside_live(const struct inside_options *opt, struct trace *t, struct result *res);

/* The handshake that RFC 8448 publishes, computed anew: *checked things are compared with what is published there, *same
 * of them are the same. */
enum err inside_rfc8448(
    const struct inside_options *opt, struct trace *t, unsigned *checked, unsigned *same, struct result *res);

/* Waits; false: told to stop. */
bool inside_pause(const struct inside_options *opt);

#endif
