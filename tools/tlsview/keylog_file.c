/* --keylog. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keylog_file.h"

int keylog_open(struct cli *c, const char *path, int *fd)
{
	struct stat st;

	*fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (*fd < 0)
		return cli_fail(c, ERR_IO, "%s: %s", path, strerror(errno));
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode) && fchmod(*fd, 0600) == 0)
		return EXIT_YES;
	close(*fd);
	*fd = -1;
	return cli_fail(c, ERR_PERM, "%s: secrets are only written to a regular file of your own", path);
}
