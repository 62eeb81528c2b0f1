/* What a STUN server answers: no sockets, no clock, a question in, an answer out.
 *
 * A site has two addresses and two ports (RFC 5780 6): a client learns how its NAT behaves by asking for answers from
 * another of the four places than the one it asked. With one address it is a plain STUN server (RFC 8489). */
#ifndef NATVIEW_STUN_SITE_H
#define NATVIEW_STUN_SITE_H

#include "glassnet/proto/stun_write.h"

struct stun_site {
	struct ip ip[2]; /* family 0: there is no second one */
	uint16_t port[2];
};

/* One of the site's four places. */
struct stun_place {
	unsigned ip, port; /* 0 or 1: indexes */
};

struct stun_answer {
	struct stun_place from;
	struct endpoint to;
	size_t len;
	uint8_t bytes[STUN_WRITE_MAX];
};

struct endpoint stun_place_at(const struct stun_site *s, struct stun_place p);

/* Answers what came from `from` to place `at`. ERR_OK: send *out. ERR_NEGATIVE: a valid message that gets no answer
 * (no request, or a wrong fingerprint). Else what is wrong with it, and *off is where: it gets no answer either. */
enum err stun_site_answer(const struct stun_site *s, struct stun_place at, const struct endpoint *from,
    const uint8_t *p, size_t len, struct stun_answer *out, size_t *off) MUST_USE;

#endif
