/* Domain names as values (RFC 1035 3.1): uncompressed, in wire form, at most 255 octets, compared without
 * regard to the case of letters. A struct dname owns nothing and is copied by assignment. */
#ifndef DNSVIEW_DNAME_H
#define DNSVIEW_DNAME_H

#include <stdbool.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/wire.h"

#define DNAME_MAX  255
#define DNAME_TEXT 1024 /* every octet as \DDD, dots, and a NUL */

struct dname {
	uint8_t len; /* octets in b, the root's zero octet included; 0: no name */
	uint8_t b[DNAME_MAX];
};

/* The root, ".". */
struct dname dname_root(void);

/* Reads a name as people write it: "www.example", with or without the last dot; \. and \065 are escapes. On
 * an error *why is a sentence about what is wrong (static). */
enum err dname_parse(struct dname *out, const char *text, const char **why) MUST_USE;

/* Reads the name at r->pos. r->buf is the whole message, since compression pointers count from its begin:
 * each must point before the part of the name that it continues, so that no chain of them is endless. Error:
 * r->bad. */
enum err dname_read(struct dname *out, struct rd *r) MUST_USE;

/* With the last dot, in the form of master files (RFC 1035 5.1): what is not printable is \DDD. Returns out.
 */
char *dname_text(char out[static DNAME_TEXT], const struct dname *n);

bool dname_is_root(const struct dname *n);
bool dname_equal(const struct dname *a, const struct dname *b);
bool dname_octets_equal(const uint8_t *a, const uint8_t *b, size_t len); /* of names in wire form */
bool dname_same_case(const struct dname *a, const struct dname *b);      /* to the letter */
bool dname_at_or_below(const struct dname *n, const struct dname *zone);
bool dname_below(const struct dname *n, const struct dname *zone);
unsigned dname_labels(const struct dname *n); /* the root has none */
uint32_t dname_hash(const struct dname *n);   /* the same for names that are equal */

/* The name in lower case. */
struct dname dname_lower(const struct dname *n);

/* The name without its first label; the root stays what it is. */
struct dname dname_parent(const struct dname *n);

/* n, which is below owner, moved below target (RFC 6672 2.2). ERR_TOO_LONG: the result is no name. */
enum err dname_move(
    struct dname *out, const struct dname *n, const struct dname *owner, const struct dname *target) MUST_USE;

#endif
