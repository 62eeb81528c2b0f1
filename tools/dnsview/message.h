/* DNS messages (RFC 1035 4.1): building a query, taking a response apart, comparing the two. The walk over
 * the message is ours, bounded and with every record's place in it; ldns reads what is in a record. */
#ifndef DNSVIEW_MESSAGE_H
#define DNSVIEW_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/err.h"
#include "rr.h"

#define DNS_MESSAGE_MAX 65535
#define DNS_EDNS_SIZE                                                                                                \
	1232 /* fits every path's packets, so that nothing is fragmented (DNS flag day 2020)                 \
	      */
#define DNS_EDNS_DO   0x8000u /* in an OPT record's TTL field (RFC 6891 6.1.3) */
#define DNS_QUERY_MAX (12 + DNAME_MAX + 4 + 11)

enum section { SECTION_QUESTION, SECTION_ANSWER, SECTION_AUTHORITY, SECTION_ADDITIONAL };

struct record {
	enum section section;
	struct dname owner;
	uint16_t type, class; /* for OPT the class is a size */
	uint32_t ttl;         /* seconds, as sent */
	size_t off, len;      /* octets within the message */
	size_t rdata_off, rdata_len;
	struct dname target; /* of NS, CNAME, DNAME; else without a name */
	ldns_rr *rr;         /* NULL for OPT */
};

struct message {
	uint16_t id;
	uint8_t opcode;
	bool qr, aa, tc, rd, ra;
	uint16_t rcode; /* with the upper bits from EDNS */
	bool edns;
	uint16_t edns_size;
	unsigned n_questions;
	struct dname qname; /* as sent, the first one; len 0 where there is none */
	uint16_t qtype, qclass;
	size_t question_len; /* octets from 12 */
	size_t n_records;
	struct record *records;
};

/* Takes len octets apart. pkt is borrowed for the call. On ERR_OK the caller releases *m; otherwise *m is
 * empty and *at is the offset of what is wrong. */
enum err message_parse(struct message *m, const uint8_t *pkt, size_t len, size_t *at) MUST_USE;
void message_release(struct message *m);

/* A question on its way: qname has its letters in random case. */
struct question {
	uint16_t id;
	struct dname qname;
	uint16_t qtype;
	bool edns;
	bool dnssec;    /* with EDNS: DO, "send signatures along" (RFC 3225) */
	bool recursion; /* RD: "find it out for me" */
};

/* Writes the query to out; returns its length. */
size_t query_write(uint8_t out[static DNS_QUERY_MAX], const struct question *q);

/* Does a packet answer this question (RFC 5452 9.1)? */
enum match {
	MATCH_YES,
	MATCH_SHORT,    /* no whole header or question */
	MATCH_QR,       /* a query, not a response */
	MATCH_ID,       /* another identifier */
	MATCH_OPCODE,   /* another kind of operation */
	MATCH_QUESTION, /* answers another question */
	MATCH_CASE,     /* the question, but not in the case of letters that was sent (0x20) */
};
enum match response_match(const struct question *q, const uint8_t *pkt, size_t len);
const char *match_text(enum match m); /* what is wrong with it: "its identifier is not the query's" */

/* Takes apart a response that matches. Servers repeat the question in our random case, and compressed names
 * elsewhere point into it: they come out spelt as in name. m->qname stays as sent. */
enum err response_parse(struct message *m, const struct question *q, const struct dname *name, const uint8_t *pkt,
    size_t len, size_t *at) MUST_USE;

#endif
