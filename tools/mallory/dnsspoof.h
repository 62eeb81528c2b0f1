/* DNS in every server's place: whoever asks any name server, over UDP and through this router, for an address of the
 * bank's gets mallory's answer, with the asked server's address on it (RFC 3833 2.1). The question goes no further; all
 * other questions, and their true answers, pass. Whoever checks signatures (RFC 4035) sees that this one has none. */
#ifndef MALLORY_DNSSPOOF_H
#define MALLORY_DNSSPOOF_H

#include <jansson.h>
#include <stdbool.h>
#include <uv.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"

#include "accesspoint.h"

#define DNSSPOOF_PACKET_MAX 1500
#define DNSSPOOF_KEPT       64

/* A question that was answered. */
struct dnsspoof_lie {
	char server[IP_TEXT], victim[64];
	char name[128]; /* as asked, escaped */
	bool aaaa;      /* there is no such address, says mallory */
};

/* The IPv4 packet to answer p with, where p asks for an address of bank, or of its www. Returns its length; 0:
 * that is none of our business, or broken. lie is what is sent and told. */
size_t dnsspoof_answer(uint8_t out[static DNSSPOOF_PACKET_MAX], const uint8_t *p, size_t len, const char *bank,
    const struct ip *self, struct dnsspoof_lie *lie);

/* nft's rules that keep such questions from their servers. Returns its length, at least cap: too small. */
size_t dnsspoof_rules(char *out, size_t cap, const char *ifname, const char *bank);

struct dnsspoof {
	struct trace *trace;
	const char *bank_name;
	const struct accesspoint *ap; /* knows the guests' names; NULL: addresses */
	struct lan lan;
	int in, out; /* packets; -1 */
	bool ruled;
	uv_poll_t poll;
	bool polled;
	struct dnsspoof_lie lies[DNSSPOOF_KEPT];
	size_t n, n_lies; /* kept, and in all */
};

/* ERR_PERM, ERR_UNSUPPORTED (nft says no), ERR_NET: errno tells. Whatever it returns, dnsspoof_stop() ends it. */
enum err dnsspoof_start(struct dnsspoof *d, uv_loop_t *loop, const struct lan *lan) MUST_USE;
/* The loop must run until its handle is closed. */
void dnsspoof_stop(struct dnsspoof *d);

/* [{server, victim, name, type}]; NULL: out of memory. */
json_t *dnsspoof_json(const struct dnsspoof *d);

#endif
