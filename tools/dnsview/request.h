/* A question that a client sends us, and the answer that goes back (RFC 1035 4.1, RFC 6891). */
#ifndef DNSVIEW_REQUEST_H
#define DNSVIEW_REQUEST_H

#include "dname.h"
#include "message.h"
#include "resolver.h"

struct request {
	uint16_t id;
	uint8_t opcode;
	bool rd, ad, cd, edns, dnssec_ok;
	bool has_question;
	uint16_t size;      /* of a response over UDP that the client takes */
	struct dname qname; /* in the client's case of letters */
	uint16_t qtype, qclass;
	uint16_t rcode; /* what to answer at once; 0: it is to be resolved */
};

/* False: not a query at all, so nothing is said (an answer to an answer would go round for ever). */
bool request_parse(struct request *q, const uint8_t *pkt, size_t len);

/* An answer in store: the message as it goes out, but for what is the client's, and where its TTLs are. */
struct stored {
	size_t len;
	unsigned n_ttl;
	uint32_t ttl_min;
	uint8_t *wire;
	uint16_t *ttl_at; /* offsets */
};

/* Makes one of a lookup's result, names compressed. ERR_NOMEM, ERR_TOO_LONG. */
enum err stored_make(struct stored *s, const struct lookup_result *res) MUST_USE;
void stored_release(struct stored *s);

/* Writes the answer for a client: its identifier, its spelling of the name, TTLs less age (or, ttl_max set,
 * at most that). Over UDP what does not fit is cut and said to be (TC). Returns the length. */
struct stored_use {
	uint32_t age, ttl_max;
	bool udp;
};
size_t stored_write(
    uint8_t out[static DNS_MESSAGE_MAX], const struct stored *s, const struct request *q, struct stored_use how);

/* Completes a message whose question and records are written, by its header and the OPT record: who sends one
 * gets one (RFC 6891 7). There must be room for OPT_LEN octets more. ad: all in it was validated, which is said to
 * whom it concerns (RFC 6840 5.8). Returns the length. */
#define OPT_LEN 11
struct reply_flags {
	uint16_t rcode;
	bool cut, ad;
};
size_t request_finish(uint8_t *out, size_t len, const struct request *q, struct reply_flags how);

/* Writes the answer to a question for ANY. */
size_t request_any(uint8_t out[static DNS_MESSAGE_MAX], const struct request *q);

/* Writes an answer without records. */
size_t request_refuse(uint8_t out[static DNS_MESSAGE_MAX], const struct request *q, uint16_t rcode);

#endif
