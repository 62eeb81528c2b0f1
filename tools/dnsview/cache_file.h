/* What a cache holds, kept in a file from one command to the next.
 *
 * The file begins with a line that names its format and version. Then, for each entry: its length (4 octets);
 * its kind (1); when it was stored and when it ends, in nanoseconds since 1970 (8 each); the server that said
 * so, as address (family, 16 octets) and name; and a DNS message with the name and type as its question and
 * the records as its answer. Big endian. The reader believes none of it: see cache_file_parse(). Failures are
 * not kept: what went wrong a moment ago may be right when the next command runs. */
#ifndef DNSVIEW_CACHE_FILE_H
#define DNSVIEW_CACHE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache.h"

#define CACHE_FILE_MAX     ((size_t)64 << 20) /* octets */
#define CACHE_FILE_ENTRIES 200000
#define CACHE_PATH_MAX     4096

/* Puts into c what the octets say. On an error *at is the offset of what is wrong; c has what came before. */
enum err cache_file_parse(struct cache *c, const uint8_t *buf, size_t len, size_t *at) MUST_USE;

/* The same from a file. A file that is not there is an empty one. ERR_IO: errno tells. */
enum err cache_file_load(struct cache *c, const char *path, size_t *at) MUST_USE;

/* Adds to the file what c learnt since it was loaded, with all times moved back by offset_ns (a clock that
 * was moved forward), and leaves out what has ended at now. Atomic, under a lock: two commands at once lose
 * nothing. A file that is no cache is not touched: the errors of cache_file_load(). replace: unless it may
 * be. */
struct cache_save {
	const char *path;
	int64_t now; /* by the true clock */
	int64_t offset_ns;
	bool replace;
};
enum err cache_file_save(const struct cache *c, const struct cache_save *s, size_t *at) MUST_USE;

/* Takes out what is at or below name; NULL: everything. *gone is how many entries that were. */
enum err cache_file_flush(const char *path, const struct dname *name, int64_t now, size_t *gone, size_t *at) MUST_USE;

/* Where the cache is kept if nobody says otherwise: in the lab each host has its own; else below
 * $XDG_CACHE_HOME or ~/.cache. false: there is no such place. Nothing is made. */
bool cache_file_default(char out[static CACHE_PATH_MAX], bool in_lab);
/* Makes the folder that the file is in. */
enum err cache_file_make_folder(const char *path) MUST_USE;

#endif
