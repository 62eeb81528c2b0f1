/* Files that are replaced as a whole: written beside their name, renamed at the end. A failure leaves what
 * was there. */
#ifndef GLASSNET_FILE_H
#define GLASSNET_FILE_H

#include <stdio.h>

#include "glassnet/err.h"

struct replacement {
	FILE *out;        /* write here */
	const char *path; /* borrowed */
	char *tmp;        /* NULL: a device or a pipe, written directly */
};

/* ERR_IO: errno tells. */
enum err replacement_open(struct replacement *r, const char *path) MUST_USE;

/* Flushes, syncs, closes and renames. ERR_IO (errno tells; 0 where an earlier write failed and nobody knows
 * why any more) leaves the old file. Either way r is closed then. */
enum err replacement_commit(struct replacement *r) MUST_USE;

/* Closes and removes what was written. For one that is not open it does nothing. */
void replacement_abort(struct replacement *r);

#endif
