/* The man in the middle of a key agreement: whoever comes to dhview's port through this router is answered
 * here, and a second exchange is made with the one he wanted. Two keys, and every word passes through
 * mallory's hands. */
#ifndef MALLORY_DHMIDDLE_H
#define MALLORY_DHMIDDLE_H

#include "glassnet/err.h"
#include "glassnet/net.h"
#include "glassnet/trace.h"

#define DHMIDDLE_PORT      7748 /* what victims ask for */
#define DHMIDDLE_OWN_PORT  7749 /* where the redirected connections arrive */
#define DHMIDDLE_TALKS_MAX 32
#define DHMIDDLE_LINES_MAX 64

struct dhmiddle_options {
	const char *change, *into; /* a word, and what it becomes; NULL: only listen */
	int64_t limit_ns;          /* for one exchange; ten times that for a silence */
	int stop_fd;               /* readable: end; -1: none */
};

/* Redirects, and serves one conversation after another until it is told to end. Emits everything, a RESULT
 * with what was heard. ERR_OK: mallory has heard something; ERR_NEGATIVE: nothing; else what went wrong, with
 * a sentence in msg. */
enum err dhmiddle_run(const struct dhmiddle_options *opt, struct trace *t, char msg[static 256]) MUST_USE;

/* One conversation: victim's and target's sockets are connected, non-blocking, and borrowed; the names are
 * roles. */
struct dhmiddle_talk {
	char fingerprint[2][48]; /* of the key with the victim, and with the target; "" before there is one */
	size_t lines, changed;
	char heard[DHMIDDLE_LINES_MAX][128]; /* "laptop: …", escaped and cut */
	size_t n_heard;
	bool signs;      /* they want to know who is there */
	const char *end; /* "ended", "refused", … */
};
void dhmiddle_relay(const struct dhmiddle_options *opt, struct trace *t, int victim_fd, const char *victim,
    int target_fd, const char *target, struct dhmiddle_talk *out);

/* Puts `into` for each `change` in the line; returns how many. The line grows to at most cap octets. */
size_t dhmiddle_rewrite(uint8_t *line, size_t *len, size_t cap, const char *change, const char *into);

#endif
