/* DNS messages on the wire (RFC 1035 4): where each record and each part of it stands in the bytes.
 *
 *     struct dns m;
 *     size_t at;
 *     if (dns_parse(&m, p, len, &at) == ERR_OK) {
 *             struct dns_cursor c = dns_records(&m, p, len);
 *             struct dns_rr rr;
 *             while (dns_next(&c, &rr))
 *                     ...
 *     }
 *
 * Nothing is copied: records and names are offsets in p. Names are followed with bounds: at most 255 octets,
 * and every compression pointer must point before the place where the run of labels that it ends began. */
#ifndef GLASSNET_PROTO_DNS_H
#define GLASSNET_PROTO_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/text.h"
#include "glassnet/trace.h"

enum dns_section { DNS_QUESTION, DNS_ANSWER, DNS_AUTHORITY, DNS_ADDITIONAL, DNS_SECTIONS };

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_OPT = 41,
	DNS_DS = 43,
	DNS_RRSIG = 46,
	DNS_NSEC = 47,
	DNS_DNSKEY = 48,
	DNS_NSEC3 = 50,
	DNS_NSEC3PARAM = 51,
	DNS_TLSA = 52,
	DNS_SVCB = 64,
	DNS_HTTPS = 65,
	DNS_CAA = 257
};

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NXDOMAIN = 3,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5
};

struct dns_rr {
	enum dns_section section;
	size_t off, len;           /* the whole record */
	size_t name_off, name_len; /* octets of the owner's name at its place, without what a pointer leads to */
	uint16_t type, klass;
	uint32_t ttl;                /* not of a question; of OPT: extended rcode, version, flags */
	size_t rdata_off, rdata_len; /* not of a question */
};

struct dns {
	uint16_t id;
	bool response, aa, tc, rd, ra, ad, cd;
	uint8_t opcode;
	uint16_t rcode; /* 12 bits when there is an OPT record (RFC 6891 6.1.3) */
	uint16_t count[DNS_SECTIONS];
	bool has_question; /* the first one: */
	struct dns_rr question;
	bool has_edns;
	uint16_t udp_size; /* of EDNS */
	bool dnssec_ok;
	bool partial; /* over TCP: the rest of the message is in later segments */
	size_t end;   /* behind the last record */
};

/* Reads the header and walks every record, rdata of the types above included. On an error *at is the offset
 * in p of the bad octet, and *out holds what was read before it. */
enum err dns_parse(struct dns *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;

/* Over TCP a message has its length, two octets, before it (RFC 1035 4.2.2). p is a segment's data: the
 * message is at p + DNS_TCP_PREFIX, and *at counts from p. A message that goes on in the next segment is
 * ERR_OK with out->partial. */
#define DNS_TCP_PREFIX 2
enum err dns_tcp_parse(struct dns *out, const uint8_t *p, size_t len, size_t *at) MUST_USE;

/* Does a segment's data begin with such a message, as far as it is here? */
bool dns_tcp_looks_like(const uint8_t *p, size_t len);

/* The octets of the first message that are in the segment. */
size_t dns_tcp_message_len(const uint8_t *p, size_t len);

struct dns_cursor {
	const uint8_t *p;
	size_t len, pos;
	unsigned section;
	unsigned left[DNS_SECTIONS];
	enum err err; /* why dns_next() ended: ERR_OK, all records were given */
	size_t err_off;
};

struct dns_cursor dns_records(const struct dns *m, const uint8_t *p, size_t len);
bool dns_next(struct dns_cursor *c, struct dns_rr *out);

/* Checks the name at *pos and moves *pos behind it. */
enum err dns_name_skip(const uint8_t *p, size_t len, size_t *pos, size_t *at) MUST_USE;

/* Adds the name at pos, with its last dot ("www.example.", "." for the root), octets escaped as in a zone
 * file (RFC 4343 2.1). Nothing for a name that dns_name_skip() refuses. */
void dns_name_text(struct text *out, const uint8_t *p, size_t len, size_t pos);

/* Adds the record's data as in a zone file. */
void dns_rdata_text(struct text *out, const uint8_t *p, size_t len, const struct dns_rr *rr);

/* Is the record's data what its type says? Types not known here are never wrong. */
enum err dns_rdata_check(const uint8_t *p, size_t len, const struct dns_rr *rr, size_t *at) MUST_USE;

/* Their mnemonics; NULL when not known here. */
const char *dns_type_name(uint16_t type);
const char *dns_rcode_name(uint16_t rcode);

/* "A", or "TYPE257" (RFC 3597 5). */
void dns_type_text(struct text *out, uint16_t type);

void dns_summary(const struct dns *m, const uint8_t *p, size_t len, struct text *out);

/* base: p's offset in the packet. Stops at what is malformed. */
void dns_describe(const struct dns *m, const uint8_t *p, size_t len, size_t base, struct trace *t);

#endif
