/* A machine's /etc that something is mounted inside of: in a container /etc/hosts and /etc/resolv.conf are mounts of their
 * own. An ordinary user's namespace must not look beneath them, so the kernel takes no such folder as the lower layer of an
 * overlay (EINVAL). There the lab's hosts get a copy of it, made once for all of them, in memory. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "isolate.h"

#define COPY  "/run/etc-copy"
#define PROBE "/run/etc-probe"

#define MAX_DEPTH   16
#define MAX_ENTRIES 50000
#define MAX_OCTETS  (48L << 20) /* a bit less than the tmpfs has */

struct copying {
	size_t entries;
	off_t octets;
};

static enum err copy_octets(int in, int out, off_t len, struct copying *c)
{
	char buf[16384];
	ssize_t n = 0;

	if ((c->octets += len) > MAX_OCTETS)
		return ERR_TOO_LONG;
	while (len > 0 && (n = read(in, buf, sizeof buf)) > 0) {
		if (n > len) /* it grew meanwhile */
			n = (ssize_t)len;
		if (write(out, buf, (size_t)n) != n)
			return ERR_IO;
		len -= n;
	}
	return n < 0 ? ERR_IO : ERR_OK;
}

/* What this user may not read is left out. */
static enum err copy_file(int from, int to, const char *name, const struct stat *st, struct copying *c)
{
	int in = openat(from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	if (in < 0)
		return ERR_OK;
	int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	enum err e = out < 0 ? ERR_IO : copy_octets(in, out, st->st_size, c);
	if (e == ERR_OK && fchmod(out, st->st_mode & 0777) < 0)
		e = ERR_IO;
	close(in);
	if (out >= 0)
		close(out);
	return e;
}

static enum err copy_link(int from, int to, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		return ERR_OK;
	target[n] = '\0';
	return symlinkat(target, to, name) == 0 ? ERR_OK : ERR_IO;
}

static enum err copy_folder(int from, int to, unsigned depth, struct copying *c);

static enum err copy_inner(
    int from, int to, const char *name, const struct stat *st, unsigned depth, struct copying *c)
{
	int in = openat(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (in < 0)
		return ERR_OK;
	int out = mkdirat(to, name, 0700) == 0 ? openat(to, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	enum err e = out < 0 ? ERR_IO : copy_folder(in, out, depth + 1, c); /* closes in */
	if (e == ERR_OK && fchmod(out, st->st_mode & 0777) < 0)
		e = ERR_IO;
	if (out < 0)
		close(in);
	else
		close(out);
	return e;
}

/* Takes over from. Devices, sockets and pipes are left out. */
static enum err copy_folder(int from, int to, unsigned depth, struct copying *c)
{
	DIR *d = fdopendir(from);
	enum err e = d && depth <= MAX_DEPTH ? ERR_OK : ERR_TOO_LONG;
	struct dirent *f;
	struct stat st;

	while (e == ERR_OK && (f = readdir(d))) {
		if (strcmp(f->d_name, ".") == 0 || strcmp(f->d_name, "..") == 0 ||
		    fstatat(from, f->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		if (++c->entries > MAX_ENTRIES)
			e = ERR_TOO_LONG;
		else if (S_ISDIR(st.st_mode))
			e = copy_inner(from, to, f->d_name, &st, depth, c);
		else if (S_ISREG(st.st_mode))
			e = copy_file(from, to, f->d_name, &st, c);
		else if (S_ISLNK(st.st_mode))
			e = copy_link(from, to, f->d_name);
	}
	if (d)
		closedir(d);
	else
		close(from);
	return e;
}

static enum err copy_etc(struct why *w)
{
	struct copying c = {0};

	if (mkdir(COPY, 0755) < 0)
		return why_errno(w, ERR_IO, "%s cannot be made", COPY);
	enum err e = isolate_tmpfs(COPY, w);
	if (e != ERR_OK)
		return e;
	int from = open("/etc", O_RDONLY | O_DIRECTORY | O_CLOEXEC),
	    to = open(COPY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	e = from < 0 || to < 0 ? ERR_IO : copy_folder(from, to, 0, &c);
	if (to >= 0)
		close(to);
	if (e != ERR_OK)
		return why(w, ERR_UNSUPPORTED, "the machine's /etc, which has mounts inside, cannot be copied: %s",
		    e == ERR_TOO_LONG ? "it is too large" : strerror(errno));
	if (mount(COPY, "/etc", NULL, MS_BIND, NULL) < 0)
		return why_errno(w, ERR_UNSUPPORTED, "a copy cannot be mounted on /etc");
	return ERR_OK;
}

enum err isolate_etc(struct why *w)
{
	if (mkdir(PROBE, 0755) < 0)
		return why_errno(w, ERR_IO, "%s cannot be made", PROBE);
	bool works = mount("overlay", PROBE, "overlay", MS_NOSUID | MS_NODEV, "lowerdir=" PROBE ":/etc") == 0;
	bool mounts_inside = !works && errno == EINVAL;
	if (works)
		umount2(PROBE, MNT_DETACH);
	rmdir(PROBE);
	return mounts_inside ? copy_etc(w) : ERR_OK; /* other troubles show where it is used */
}
