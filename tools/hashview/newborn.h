/* A file that is being made: it has no name until it is whole and on the disk, and gets it only where no
 * other file has it. A crash leaves nothing. */
#ifndef HASHVIEW_NEWBORN_H
#define HASHVIEW_NEWBORN_H

#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

struct newborn {
	int fd;    /* to write to; mode 0600 */
	char *tmp; /* its name meanwhile, on file systems that have no files without one; else NULL */
};

/* In the folder of path. ERR_IO (errno), ERR_NOMEM. newborn_release() is always right afterwards. */
enum err newborn_make(struct newborn *b, const char *path) MUST_USE;
enum err newborn_write(struct newborn *b, const uint8_t *data, size_t len) MUST_USE;
/* Syncs it and names it. ERR_IO with errno EEXIST: there is one of that name, which stays. */
enum err newborn_name(struct newborn *b, const char *path) MUST_USE;
void newborn_release(struct newborn *b);

#endif
