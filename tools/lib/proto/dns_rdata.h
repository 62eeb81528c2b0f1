/* The layout of each record type's data, as a table. Private. */
#ifndef PROTO_DNS_RDATA_H
#define PROTO_DNS_RDATA_H

#include "glassnet/proto/dns.h"

enum part_kind {
	PART_END,
	PART_IPV4,
	PART_IPV6,
	PART_NAME,
	PART_U8,
	PART_U16,
	PART_U32,
	PART_SECONDS, /* 32 bits */
	PART_MOMENT,  /* 32 bits: seconds since 1970 */
	PART_TYPE,    /* 16 bits: a record type */
	PART_STRINGS, /* all that is left: length octet and octets, again and again */
	PART_TYPES,   /* all that is left: the bitmap of types of NSEC (RFC 4034 4.1.2) */
	PART_COUNTED, /* a length octet and so many octets */
	PART_PARAMS,  /* all that is left: key 16, length 16, value, again and again (RFC 9460 2.2) */
	PART_TEXT,    /* all that is left, as people read it */
	PART_OCTETS   /* all that is left */
};

struct rdata_part {
	enum part_kind kind;
	const char *name, *meaning;
};

struct rdata_layout {
	uint16_t type;
	const char *ref;
	struct rdata_part parts[10];
};

/* NULL for a type not known here. */
const struct rdata_layout *rdata_layout_of(uint16_t type);

/* A walk over the parts of a record's data. */
struct rdata_walk {
	const struct rdata_part *part; /* the next */
	const uint8_t *p;
	size_t len; /* of the message */
	size_t pos, end;
	enum err err;
	size_t err_off;
};

struct rdata_walk rdata_walk_begin(const uint8_t *p, size_t len, const struct dns_rr *rr);

/* The next part and its place. False at the end and on an error, which then is in w. */
bool rdata_walk_next(struct rdata_walk *w, const struct rdata_part **part, size_t *off, size_t *n);

/* Adds one part's value. */
void rdata_part_text(
    struct text *out, const struct rdata_part *part, const uint8_t *p, size_t len, size_t off, size_t n);

#endif
