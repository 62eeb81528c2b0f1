/* Lists of checksums, one file a line, in the three forms that are in use:
 *
 *     <hex>  name        sha256sum ("<hex> *name" in its binary mode, "<hex> name" by old BSD)
 *     SHA256 (name) = <hex>                sha256sum --tag, BSD
 *     SHA2-256(name)= <hex>                openssl dgst
 *
 * A line that begins with a backslash has \\, \n and \r in its name as escapes. What counts as a proper line,
 * and what not, is as in GNU coreutils 9.1. */
#ifndef HASHVIEW_LIST_H
#define HASHVIEW_LIST_H

#include <stdio.h>

#include "algo.h"

enum line_kind { LINE_ENTRY, LINE_NONE /* a comment, or empty */, LINE_BAD };

struct list_format {
	algo_set only; /* the lines may be of these; 0: of any */
	bool zero;     /* lines end with NUL, and names have no escapes */
	int reversed;  /* -1: not known yet; 1: the list is in old BSD's form; 0: it is not. Set by
	                  list_parse(). */
};

struct list_entry {
	algo_set algos; /* any of which may have made it: one, unless the line does not say */
	uint8_t digest[DIGEST_MAX];
	size_t len;
	const char *name; /* within the line */
};

/* Parses one line without its end, in place: line[len] is written to. */
enum line_kind list_parse(struct list_format *f, char *line, size_t len, struct list_entry *e);

/* The next line, without its end and with room for a NUL behind it, in *line (grown as needed, freed by the
 * caller). *len is its length. A line over LIST_LINE_MAX comes cut and with *too_long. false: the end, or an
 * error of in. */
#define LIST_LINE_MAX ((size_t)1 << 20)
bool list_read_line(FILE *in, bool zero, char **line, size_t *cap, size_t *len, bool *too_long);

/* Writes one line as coreutils does. */
enum list_style { LIST_TEXT, LIST_BINARY, LIST_TAG };
void list_write(FILE *out, enum list_style style, bool zero, enum algo a, const uint8_t *digest, const char *name);

/* A name as coreutils 9.1 writes it in front of a verdict: with escapes where it holds a newline. */
void list_write_name(FILE *out, const char *name);

#endif
