/* The conversation under the shared key. */
#ifndef DHVIEW_TALK_H
#define DHVIEW_TALK_H

#include "session.h"

struct hello_frame {
	uint8_t bytes[DH_FRAME_MAX];
	size_t len;
};

struct session {
	const struct session_options *o;
	struct trace *t;
	struct session_result *res;
	struct dh_link link;
	struct deadline deadline; /* of the exchange */
	struct dh_pair pair;
	struct hello_frame hello[2]; /* by side */
	struct dh_channel channel;
	char text[512]; /* how it ended */
};

/* Sets how it ended; return e. The second finds the words for an error of the connection. */
enum err session_end(struct session *s, enum err e, const char *id, const char *fmt, ...) PRINTF_LIKE(4, 5);
enum err session_broken(struct session *s, enum err e, const char *where);

/* Emits a record. */
void talk_tell(struct session *s, bool sent, const uint8_t *frame, size_t len, const char *label);

/* A record was refused; returns ERR_NEGATIVE (ERR_FORMAT when it was none). */
enum err talk_refuse(struct session *s, enum dh_refusal r, const uint8_t *frame, size_t len);

/* Lines both ways until both sides have ended. */
enum err talk(struct session *s);

#endif
