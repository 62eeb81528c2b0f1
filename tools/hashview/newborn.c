/* Files without a name (O_TMPFILE), and naming them (linkat). */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "newborn.h"
#include "store.h"

enum err newborn_make(struct newborn *b, const char *path)
{
	char *copy = strdup(path);

	*b = (struct newborn){.fd = -1};
	if (!copy)
		return ERR_NOMEM;
	b->fd = open(dirname(copy), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	free(copy);
	if (b->fd >= 0)
		return ERR_OK;
	/* Not every file system has files without a name. */
	if (asprintf(&b->tmp, "%s.XXXXXX", path) < 0)
		return ERR_NOMEM;
	b->fd = mkostemp(b->tmp, O_CLOEXEC);
	return b->fd >= 0 ? ERR_OK : ERR_IO;
}

enum err newborn_write(struct newborn *b, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(b->fd, data, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		data += n;
		len -= (size_t)n;
	}
	return ERR_OK;
}

enum err newborn_name(struct newborn *b, const char *path)
{
	char self[64];

	if (fsync(b->fd) != 0)
		return ERR_IO;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", b->fd);
	if (b->tmp ? link(b->tmp, path) != 0 : linkat(AT_FDCWD, self, AT_FDCWD, path, AT_SYMLINK_FOLLOW) != 0)
		return ERR_IO;
	return store_sync_folder(path);
}

void newborn_release(struct newborn *b)
{
	int before = errno;

	if (b->fd >= 0)
		close(b->fd);
	if (b->tmp)
		unlink(b->tmp);
	free(b->tmp);
	errno = before;
}
