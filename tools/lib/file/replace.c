/* Replacing a file atomically: temporary file, fsync, rename. */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/file.h"

static void drop_tmp(struct replacement *r, bool remove)
{
	if (r->tmp && remove)
		unlink(r->tmp);
	free(r->tmp);
	r->tmp = NULL;
	r->out = NULL;
}

/* A new file with the mode that any other program would have given it. */
static FILE *open_tmp(char *tmp)
{
	int fd = mkostemp(tmp, O_CLOEXEC);
	mode_t mask = umask(0);
	FILE *out;

	umask(mask);
	if (fd < 0)
		return NULL;
	(void)!fchmod(fd, 0666 & ~mask);
	out = fdopen(fd, "w");
	if (!out)
		close(fd);
	return out;
}

enum err replacement_open(struct replacement *r, const char *path)
{
	struct stat st;

	*r = (struct replacement){.path = path};
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode))
		r->out = fopen(path, "we");
	else if (asprintf(&r->tmp, "%s.XXXXXX", path) > 0)
		r->out = open_tmp(r->tmp);
	else
		r->tmp = NULL;
	if (r->out)
		return ERR_OK;
	int why = errno;
	drop_tmp(r, false);
	errno = why;
	return ERR_IO;
}

enum err replacement_commit(struct replacement *r)
{
	bool bad = ferror(r->out) != 0;
	int why = 0;

	errno = 0;
	if (fflush(r->out) != 0 || ferror(r->out))
		bad = true;
	why = errno;
	if (!bad && fsync(fileno(r->out)) != 0 && errno != EINVAL && errno != EROFS) {
		bad = true;
		why = errno;
	}
	if (fclose(r->out) != 0) {
		bad = true;
		why = why ? why : errno;
	}
	if (!bad && r->tmp && rename(r->tmp, r->path) != 0) {
		bad = true;
		why = errno;
	}
	drop_tmp(r, bad);
	errno = bad ? why : 0;
	return bad ? ERR_IO : ERR_OK;
}

void replacement_abort(struct replacement *r)
{
	if (!r->out)
		return;
	fclose(r->out);
	drop_tmp(r, true);
}
