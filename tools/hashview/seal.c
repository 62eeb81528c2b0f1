/* Sealing and opening files so that nothing is ever lost: the new file has no name until it is whole and on
 * the disk (O_TMPFILE), it gets its name only where no other file has it (linkat), and the old one goes after
 * that. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "newborn.h"
#include "seal.h"
#include "store.h"

/* Opens `from`: a regular file, and not one that somebody is about to swap for another. */
static enum err open_source(const struct seal_request *q, int *fd, struct stat *st, struct trace *t)
{
	struct stat to;

	*fd = open(q->from, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (*fd < 0 || fstat(*fd, st) != 0) {
		ev_result(
		    t, ERR_IO, NULL, "%s: %s", q->from, errno == ELOOP ? "it is a symbolic link" : strerror(errno));
		return ERR_IO;
	}
	if (!S_ISREG(st->st_mode)) {
		ev_result(t, ERR_IO, NULL, "%s is no regular file", q->from);
		return ERR_IO;
	}
	if (lstat(q->to, &to) == 0) {
		ev_result(t, ERR_IO, NULL, "%s is there already, and is left as it is", q->to);
		return ERR_IO;
	}
	return ERR_OK;
}

/* The old file goes, if it still is the one that was read. */
static enum err remove_source(const struct seal_request *q, const struct stat *read)
{
	struct stat now;

	if (q->keep)
		return ERR_OK;
	if (lstat(q->from, &now) != 0 || now.st_ino != read->st_ino || now.st_dev != read->st_dev ||
	    now.st_size != read->st_size || now.st_mtim.tv_sec != read->st_mtim.tv_sec ||
	    now.st_mtim.tv_nsec != read->st_mtim.tv_nsec) {
		errno = EBUSY;
		return ERR_IO;
	}
	return unlink(q->from) == 0 ? store_sync_folder(q->from) : ERR_IO;
}

static enum err finish(const struct seal_request *q, struct newborn *b, const struct stat *st, struct trace *t)
{
	(void)!fchmod(b->fd, st->st_mode & 0700);
	enum err e = newborn_name(b, q->to);
	if (e != ERR_OK) {
		ev_result(t, e, NULL, "%s: %s; %s is as it was", q->to, strerror(errno), q->from);
		return e;
	}
	ev_state(t, "disk", q->to, NULL, "whole, and on the disk", "before that it had no name");
	e = remove_source(q, st);
	if (e != ERR_OK)
		ev_result(t, e, NULL, "%s is made, but %s %s", q->to, q->from,
		    errno == EBUSY ? "was changed meanwhile, and stays" : "could not be removed");
	else if (!q->keep)
		ev_state(t, "disk", q->from, "removed", NULL, "now that %s is safe", q->to);
	return e;
}

enum err seal_file(const struct seal_request *q, struct trace *t)
{
	struct newborn b = {.fd = -1};
	struct stat st;
	int in = -1;
	enum err e = open_source(q, &in, &st, t);

	if (e == ERR_OK) {
		e = newborn_make(&b, q->to);
		if (e == ERR_OK)
			e = seal_stream(in, b.fd, q, (uint64_t)st.st_size);
		if (e != ERR_OK)
			ev_result(t, e, NULL, "%s: %s; %s is as it was", q->to,
			    e == ERR_IO ? strerror(errno) : err_text(e), q->from);
		else
			e = finish(q, &b, &st, t);
	}
	if (e == ERR_OK) {
		ev_explain(t,
		    "The passphrase and a random salt become a key by Argon2id (%u MiB, %u passes: so much "
		    "does each guess cost). With it each 64 KiB are encrypted and authenticated "
		    "(XChaCha20-Poly1305); the last chunk is marked, so that a cut file is noticed.",
		    q->memory_kib / 1024, q->passes);
		if (!q->keep)
			ev_explain(t, "The old file's name is gone; its octets may stay on the disk until they are "
			              "overwritten. A disk that is encrypted as a whole has no such remains.");
		ev_result(t, ERR_OK, NULL, "sealed: %s", q->to);
	}
	newborn_release(&b);
	if (in >= 0)
		close(in);
	return e;
}

static void tell_refusal(const struct seal_request *q, enum err e, struct trace *t)
{
	if (e == ERR_NEGATIVE)
		ev_result(t, e, NULL,
		    "refused: the passphrase is wrong, or %s was changed or cut. Nothing of it was used.", q->from);
	else if (e == ERR_BUDGET)
		ev_result(t, e, NULL, "%s asks for more memory or passes than is given to it here", q->from);
	else if (e == ERR_IO)
		ev_result(t, e, NULL, "%s: %s", q->from, strerror(errno));
	else
		ev_result(t, e, NULL, "%s is not a file that hashview sealed, at offset 0: %s", q->from, err_text(e));
}

enum err open_file(const struct seal_request *q, struct trace *t)
{
	struct newborn b = {.fd = -1};
	struct stat st;
	int in = -1;
	enum err e = open_source(q, &in, &st, t);

	if (e == ERR_OK) {
		e = newborn_make(&b, q->to);
		if (e != ERR_OK)
			ev_result(t, e, NULL, "%s: %s", q->to, strerror(errno));
		else if ((e = open_stream(in, b.fd, q, (uint64_t)st.st_size)) != ERR_OK)
			tell_refusal(q, e, t);
		else
			e = finish(q, &b, &st, t);
	}
	if (e == ERR_OK) {
		ev_explain(t, "Every chunk was as it was sealed, in its place, and the last one was there. "
		              "Only then did "
		              "the file get its name.");
		ev_result(t, ERR_OK, NULL, "opened: %s", q->to);
	}
	newborn_release(&b);
	if (in >= 0)
		close(in);
	return e == ERR_BUDGET ? ERR_FORMAT : e;
}
