/* Small files that hold state: read as a whole, replaced as a whole. */
#ifndef HASHVIEW_STORE_H
#define HASHVIEW_STORE_H

#include <stddef.h>

#include "glassnet/err.h"

/* One writer at a time: FILE.lock, which stays. */
struct store_lock {
	int fd;
};
enum err store_lock(struct store_lock *l, const char *file) MUST_USE;
void store_unlock(struct store_lock *l);

/* The file's text in memory that the caller frees; a file that is not there gives ERR_OK and NULL. ERR_PERM
 * with errno 0: it is no regular file, or others than its owner may read or write it. ERR_TOO_LONG: over max.
 */
enum err store_read(const char *file, size_t max, char **out, size_t *len) MUST_USE;

/* Writes beside it (0600), syncs, renames, syncs the folder. A crash leaves the old file or the new one. */
enum err store_replace(const char *file, const char *text, size_t len) MUST_USE;

/* Syncs the folder that path is in. */
enum err store_sync_folder(const char *path) MUST_USE;

#endif
