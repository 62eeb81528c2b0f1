/* Reading and replacing small files. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store.h"

enum err store_lock(struct store_lock *l, const char *file)
{
	char *path = NULL;

	if (asprintf(&path, "%s.lock", file) < 0)
		return ERR_NOMEM;
	l->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	free(path);
	if (l->fd < 0)
		return ERR_IO;
	while (flock(l->fd, LOCK_EX) != 0)
		if (errno != EINTR) {
			store_unlock(l);
			return ERR_IO;
		}
	return ERR_OK;
}

void store_unlock(struct store_lock *l)
{
	int before = errno;

	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
	errno = before;
}

static enum err read_all(int fd, size_t max, char **out, size_t *len)
{
	size_t cap = 4096, n = 0;
	char *buf = malloc(cap);
	ssize_t got = 1;

	while (buf && (got = read(fd, buf + n, cap - n)) > 0) {
		n += (size_t)got;
		if (n < cap)
			continue;
		char *more = cap > max ? NULL : realloc(buf, cap * 2);
		if (!more) {
			free(buf);
			return cap > max ? ERR_TOO_LONG : ERR_NOMEM;
		}
		buf = more;
		cap *= 2;
	}
	if (!buf)
		return ERR_NOMEM;
	if (got < 0 || n > max) {
		free(buf);
		return got < 0 ? ERR_IO : ERR_TOO_LONG;
	}
	*out = buf;
	*len = n;
	return ERR_OK;
}

enum err store_read(const char *file, size_t max, char **out, size_t *len)
{
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	*out = NULL;
	*len = 0;
	if (fd < 0)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	enum err e = ERR_IO;
	if (fstat(fd, &st) == 0) {
		bool good = S_ISREG(st.st_mode) && (st.st_mode & 077) == 0;
		errno = 0;
		e = good ? read_all(fd, max, out, len) : ERR_PERM;
	}
	int before = errno;
	close(fd);
	errno = before;
	return e;
}

enum err store_sync_folder(const char *path)
{
	char *copy = strdup(path);
	int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	/* A file system that can't sync a folder says EINVAL: then there is nothing to be done. */
	bool ok = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	int before = errno;

	if (fd >= 0)
		close(fd);
	free(copy);
	errno = before;
	return ok ? ERR_OK : ERR_IO;
}

enum err store_replace(const char *file, const char *text, size_t len)
{
	char *tmp = NULL;
	int fd, before;

	if (asprintf(&tmp, "%s.XXXXXX", file) < 0)
		return ERR_NOMEM;
	fd = mkostemp(tmp, O_CLOEXEC); /* 0600 */
	bool ok = fd >= 0;
	for (size_t at = 0; ok && at < len;) {
		ssize_t n = write(fd, text + at, len - at);
		if (n > 0)
			at += (size_t)n;
		else if (n == 0 || errno != EINTR)
			ok = false;
	}
	ok = ok && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	ok = ok && rename(tmp, file) == 0;
	before = errno;
	if (!ok && fd >= 0)
		unlink(tmp);
	free(tmp);
	errno = before;
	return ok ? store_sync_folder(file) : ERR_IO;
}
