/* The man in the middle of SSH: whoever calls port 22 of anybody through this router is answered here, with a host key
 * of mallory's own. What that gives depends on the victim: who compares the key hangs up; who trusts it at first
 * contact hands over what it would have given the server. A password works there, too; a signature does not. */
#ifndef MALLORY_SSHMIDDLE_H
#define MALLORY_SSHMIDDLE_H

#include "glassnet/err.h"
#include "glassnet/net.h"
#include "glassnet/ssh_key.h"
#include "glassnet/trace.h"

#define SSHMIDDLE_PORT      22
#define SSHMIDDLE_OWN_PORT  2223
#define SSHMIDDLE_TALKS_MAX 32
#define SSHMIDDLE_TEXT      160
#define SSHMIDDLE_KEPT      8 /* commands and lines of one conversation that are kept */

struct sshmiddle_options {
	int64_t limit_ns; /* for a handshake; six times that for a silence */
	int stop_fd;      /* readable: end; -1: none */
};

/* One conversation, and what mallory has of it. */
struct sshmiddle_talk {
	char client[SSHMIDDLE_TEXT]; /* the victim's version line */
	char user[SSHMIDDLE_TEXT], password[SSHMIDDLE_TEXT];
	bool trusted;                              /* the victim took mallory's host key */
	bool signature;                            /* it signed, for mallory */
	bool signature_refused;                    /* the server does not take that signature */
	bool password_works;                       /* mallory is logged in as the victim */
	char kept[SSHMIDDLE_KEPT][SSHMIDDLE_TEXT]; /* "command: cat notes", "the server: …", escaped and cut */
	size_t n_kept;
	const char *end; /* "refused", "relayed", "no-login", … */
};

/* Redirects, and serves one conversation after another until it is told to end. ERR_OK: mallory holds a password or has
 * heard something; ERR_NEGATIVE: nothing; else what went wrong, with a sentence in msg. */
enum err sshmiddle_run(const struct sshmiddle_options *opt, struct trace *t, char msg[static 256]) MUST_USE;

/* One conversation: the victim's socket is connected, non-blocking, and borrowed. */
void sshmiddle_relay(const struct sshmiddle_options *opt, struct trace *t, const struct sshkey_private *host_key,
    int victim_fd, const char *victim, const struct endpoint *target, struct sshmiddle_talk *out);

#endif
