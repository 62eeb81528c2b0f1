/* What the parts of one TLS session share. */
#ifndef TLSVIEW_SESSION_H
#define TLSVIEW_SESSION_H

#include <openssl/ssl.h>

#include "listener.h"
#include "narrate.h"
#include "glassnet/resolve.h"
#include "verify.h"
#include "wiretap.h"

struct session {
	const struct connect_options *opt;
	struct trace *t;
	struct result *res;
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	struct deadline deadline;
	struct narrator narrator;
	struct verifier verifier;
	struct wiretap tap;
	struct keywatch *keys;     /* owned; NULL: nobody computes them */
	unsigned seen;             /* messages, at the last wait */
	struct listener *listener; /* NULL: nobody listens */
	bool keylog_failed;
	unsigned told; /* records of ours */
	bool asked;    /* we said something that wants an answer */
};

/* After a call to OpenSSL that returned ret <= 0: waits for what it waits for. ERR_OK: call again.
 * ERR_CLOSED: the peer has ended the connection (*clean: with a close_notify). ERR_FORMAT: OpenSSL gave up;
 * its error queue says why. */
enum err session_wait(struct session *s, int ret, struct deadline d, bool *clean) MUST_USE;

/* The handshake ended with e (not ERR_OK): works out what that means, and says so in the result. */
enum err session_explain_failure(struct session *s, enum err e);

/* The handshake is done, or was refused by a check: the verdict in a sentence, in the result. */
enum err session_say_verdict(struct session *s);

/* After the handshake: sends what is to be sent and reads what comes back. */
enum err session_exchange(struct session *s);

#endif
