/* Short forms for the describe functions: one field, its place counted from the layer's begin. Private. */
#ifndef PROTO_FIELDS_H
#define PROTO_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/trace.h"

struct fields {
	struct trace *trace;
	const char *layer;
	size_t base;      /* the layer's offset in the packet; added to every off */
	const uint8_t *p; /* the layer's octets, borrowed */
	unsigned depth;
};

/* A value that is text of our own making. meaning and ref may be NULL. */
void field_text(const struct fields *f, size_t off, size_t len, const char *name, const char *value,
    const char *meaning, const char *ref);

/* As above, the value by a printf format. */
void field_fmt(const struct fields *f, size_t off, size_t len, const char *name, const char *meaning, const char *ref,
    const char *fmt, ...) PRINTF_LIKE(7, 8);
void field_num(const struct fields *f, size_t off, size_t len, const char *name, uint64_t value, const char *meaning,
    const char *ref);
void field_ip(
    const struct fields *f, size_t off, const char *name, const struct ip *ip, const char *meaning, const char *ref);

/* The octets themselves, as hex; as text, escaped. Long ones are cut with "...". */
void field_hex(
    const struct fields *f, size_t off, size_t len, const char *name, const char *meaning, const char *ref);
void field_peer(
    const struct fields *f, size_t off, size_t len, const char *name, const char *meaning, const char *ref);

/* A bit: "set" or "not set". */
void field_flag(
    const struct fields *f, size_t off, size_t len, const char *name, bool set, const char *meaning, const char *ref);

/* The options of an IPv4 or TCP header in turn (RFC 791 3.1, RFC 9293 3.2): type 0 ends them, type 1 is one octet, all
 * others have their whole length behind their type. *at is where the option is, *len 0 before the first; end: of the
 * header. False at the end, and where one does not fit (then *bad). */
bool next_option(const uint8_t *p, size_t end, size_t *at, size_t *len, bool *bad);

/* One layer deeper. */
struct fields fields_deeper(const struct fields *f);

#endif
