/* Reading known_hosts, and changing it so that two at once lose nothing. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/file.h"
#include "known_hosts.h"

static enum err read_all(int fd, char **text, size_t *len)
{
	size_t cap = 16384;
	ssize_t n = 0;

	*len = 0;
	*text = malloc(cap);
	while (*text && (n = read(fd, *text + *len, cap - *len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		*len += (size_t)n;
		if (*len > KH_FILE)
			return ERR_TOO_LONG;
		if (*len < cap)
			continue;
		char *bigger = realloc(*text, cap *= 2);
		if (!bigger)
			return ERR_NOMEM;
		*text = bigger;
	}
	return *text ? ERR_OK : ERR_NOMEM;
}

enum err kh_file_read(const char *path, char **text, size_t *len, bool *missing)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	*text = NULL;
	*len = 0;
	*missing = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (*missing)
		return ERR_OK;
	enum err e = fd < 0 ? ERR_IO : read_all(fd, text, len);
	int keep = errno;
	if (fd >= 0)
		close(fd);
	if (e != ERR_OK) {
		free(*text);
		*text = NULL;
		*len = 0;
	}
	errno = keep;
	return e;
}

/* The file, locked. Whoever had the lock before us may have put another file in its place: then that one is meant. */
static int open_locked(const char *path)
{
	for (;;) {
		struct stat ours, there;
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0)
			return -1;
		if (flock(fd, LOCK_EX) != 0) { /* EINTR, too: told to stop */
			close(fd);
			return -1;
		}
		if (fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
		    ours.st_dev == there.st_dev)
			return fd;
		close(fd);
	}
}

static enum err replace(const char *path, int fd, kh_edit *edit, void *ctx)
{
	struct replacement r;
	struct stat st;
	char *text = NULL;
	size_t len;
	enum err e = read_all(fd, &text, &len);

	if (e == ERR_OK && (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)))
		e = ERR_IO;
	if (e == ERR_OK && (e = replacement_open(&r, path)) == ERR_OK) {
		bool changed = edit(ctx, text, len, r.out);
		/* who may read it stays as it was; the owner only where we may give it away */
		if (fchown(fileno(r.out), st.st_uid, st.st_gid) != 0)
			errno = 0;
		if (!changed)
			replacement_abort(&r);
		else if (fchmod(fileno(r.out), st.st_mode & 07777) != 0)
			replacement_abort(&r), e = ERR_IO;
		else
			e = replacement_commit(&r);
	}
	int keep = errno;
	free(text);
	errno = keep;
	return e;
}

enum err kh_file_edit(const char *path, kh_edit *edit, void *ctx, char why[static 256])
{
	char *real = realpath(path, NULL); /* a link stays a link */
	const char *target = real ? real : path;
	int fd = open_locked(target);
	enum err e = fd < 0 ? ERR_IO : replace(target, fd, edit, ctx);

	snprintf(why, 256, "%s: %s", path, e == ERR_IO && errno ? strerror(errno) : err_text(e));
	if (e == ERR_OK)
		why[0] = '\0';
	if (fd >= 0)
		close(fd);
	free(real);
	return e;
}

struct appendix {
	enum kh_marker marker;
	const char *name, *comment;
	bool hashed;
	const struct sshkey *key;
};

static bool append(void *ctx, const char *text, size_t len, FILE *out)
{
	const struct appendix *a = ctx;
	uint8_t salt[20];
	char hash[KH_HASHED];
	char *base64 = base64_text(a->key->plain, a->key->plain_len, true);

	if (!base64)
		return false;
	fwrite(text, 1, len, out);
	if (len && text[len - 1] != '\n')
		fputc('\n', out);
	randombytes_buf(salt, sizeof(salt));
	fprintf(out, "%s%s%s %s %s%s%s\n", kh_marker_word(a->marker), a->marker ? " " : "",
	    a->hashed ? kh_hash(hash, salt, a->name) : a->name, sshkey_name_of(a->key->type, false), base64,
	    a->comment && *a->comment ? " " : "", a->comment ? a->comment : "");
	free(base64);
	return true;
}

enum err kh_file_append(const char *path, enum kh_marker marker, const char *name, bool hashed,
    const struct sshkey *key, const char *comment, char why[static 256])
{
	struct appendix a = {.marker = marker, .name = name, .comment = comment, .hashed = hashed, .key = key};

	return kh_file_edit(path, append, &a, why);
}
