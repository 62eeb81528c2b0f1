/* Where to begin: the root servers' names and addresses, from a file in the form of IANA's named.root. */
#ifndef DNSVIEW_HINTS_H
#define DNSVIEW_HINTS_H

#include <stddef.h>

#include "dname.h"
#include "glassnet/addr.h"
#include "glassnet/err.h"

#define HINTS_MAX_SERVERS   16
#define HINTS_MAX_ADDRESSES 4     /* a server */
#define HINTS_MAX_FILE      65536 /* octets */

struct hints {
	unsigned n;
	struct hint {
		struct dname name;
		unsigned n_ip;
		struct ip ip[HINTS_MAX_ADDRESSES];
	} server[HINTS_MAX_SERVERS];
};

struct hints_error {
	unsigned line; /* from 1 */
	char why[160];
};

/* Reads the text of such a file. On an error *where says which line and why. */
enum err hints_parse(struct hints *out, const char *text, size_t len, struct hints_error *where) MUST_USE;

/* The same from a file. ERR_IO: errno tells. */
enum err hints_load(struct hints *out, const char *path, struct hints_error *where) MUST_USE;

/* named.root as IANA published it, compiled in. */
extern const char root_hints_text[];

#endif
