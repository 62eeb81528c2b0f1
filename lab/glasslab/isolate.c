#include "isolate.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/lab.h"

#define SPACES   (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC)
#define MAP_MAX  4096 /* octets; the kernel takes at most a page */
#define RUN_SIZE "size=64m,mode=755"

enum err isolate_write(const char *path, const char *text, struct why *w)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return why_errno(w, ERR_UNSUPPORTED, "%s cannot be opened for writing", path);
	ssize_t n = write(fd, text, strlen(text));
	enum err e =
	    n == (ssize_t)strlen(text) ? ERR_OK : why_errno(w, ERR_UNSUPPORTED, "%s cannot be written", path);
	close(fd);
	return e;
}

/* --- who is who inside ------------------------------------------------------------------------------------
 */

/* Every id that exists here, mapped to itself. False when it does not fit or cannot be read. */
static bool identity_map(const char *from, char out[static MAP_MAX])
{
	FILE *f = fopen(from, "re");
	if (!f)
		return false;
	size_t at = 0;
	uintmax_t inside, outside, count;
	while (at < MAP_MAX - 1 && fscanf(f, "%ju %ju %ju", &inside, &outside, &count) == 3)
		at += (size_t)snprintf(out + at, MAP_MAX - at, "%ju %ju %ju\n", inside, inside, count);
	fclose(f);
	return at > 0 && at < MAP_MAX - 1;
}

static enum err write_map(pid_t child, const char *which, const char *map, struct why *w)
{
	char path[64];
	snprintf(path, sizeof path, "/proc/%d/%s", (int)child, which);
	return isolate_write(path, map, w);
}

static enum err map_everybody(pid_t child, struct why *w)
{
	char uids[MAP_MAX], gids[MAP_MAX];
	if (!identity_map("/proc/self/uid_map", uids) || !identity_map("/proc/self/gid_map", gids))
		return why(w, ERR_UNSUPPORTED, "the ids of this machine cannot be read from /proc/self/uid_map");
	enum err e = write_map(child, "uid_map", uids, w);
	return e == ERR_OK ? write_map(child, "gid_map", gids, w) : e;
}

static enum err map_own_user(pid_t child, struct why *w)
{
	char uid[64], gid[64];
	snprintf(uid, sizeof uid, "%ju %ju 1\n", (uintmax_t)geteuid(), (uintmax_t)geteuid());
	snprintf(gid, sizeof gid, "%ju %ju 1\n", (uintmax_t)getegid(), (uintmax_t)getegid());
	/* A group must not be given up where it is used to deny something: user_namespaces(7). */
	enum err e = write_map(child, "setgroups", "deny", w);
	if (e == ERR_OK)
		e = write_map(child, "uid_map", uid, w);
	return e == ERR_OK ? write_map(child, "gid_map", gid, w) : e;
}

static enum err map_ids(pid_t child, struct why *w)
{
	if (geteuid() == 0 && map_everybody(child, w) == ERR_OK)
		return ERR_OK;
	if (map_own_user(child, w) == ERR_OK)
		return ERR_OK;
	return why_errno(w, ERR_PERM,
	    "the user namespace was made, but its ids cannot be mapped; `glasslab doctor` says what is "
	    "missing");
}

/* --- the fork ---------------------------------------------------------------------------------------------
 */

static enum err clone_failed(struct why *w)
{
	switch (errno) {
	case EINVAL:
		return why(w, ERR_UNSUPPORTED, "this kernel has no user namespaces (CONFIG_USER_NS)");
	case ENOSPC:
	case EUSERS:
		return why(w, ERR_PERM,
		    "no more user namespaces are allowed here: as root, sysctl -w "
		    "user.max_user_namespaces=15000");
	case EPERM:
		return why(w, ERR_PERM,
		    "this machine does not let an ordinary user make namespaces; `glasslab doctor` says what "
		    "to do");
	default:
		return why_errno(w, ERR_UNSUPPORTED, "namespaces cannot be made");
	}
}

/* The child waits until its ids are mapped: before that it may do next to nothing. */
static pid_t in_child(int go)
{
	char c;
	ssize_t n;
	do
		n = read(go, &c, 1);
	while (n < 0 && errno == EINTR);
	close(go);
	if (n != 1) /* the parent gave up, and has said why */
		_exit(EXIT_INTERNAL);
	return 0;
}

pid_t isolate_fork(enum err *e, struct why *w)
{
	int go[2];
	*e = ERR_OK;
	if (pipe2(go, O_CLOEXEC) < 0) {
		*e = why_errno(w, ERR_IO, "no pipe");
		return -1;
	}
	/* As fork(): no stack of its own, SIGCHLD at the end. */
	pid_t pid = (pid_t)syscall(SYS_clone, SPACES | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid < 0)
		*e = clone_failed(w);
	if (pid == 0) {
		close(go[1]);
		return in_child(go[0]);
	}
	close(go[0]);
	if (pid > 0)
		*e = map_ids(pid, w);
	if (*e == ERR_OK && write(go[1], "", 1) != 1)
		*e = why_errno(w, ERR_IO, "the new process does not answer");
	close(go[1]);
	if (*e != ERR_OK && pid > 0) {
		waitpid(pid, NULL, 0);
		pid = -1;
	}
	return pid;
}

/* --- mounts --- */

enum err isolate_tmpfs(const char *path, struct why *w)
{
	if (mount("glassnet", path, "tmpfs", MS_NOSUID | MS_NODEV, RUN_SIZE) < 0)
		return why_errno(w, ERR_UNSUPPORTED, "no tmpfs can be mounted on %s", path);
	return ERR_OK;
}

enum err isolate_mounts(struct why *w)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return why_errno(w, ERR_UNSUPPORTED, "the mounts cannot be made private");
	if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		return why_errno(w, ERR_UNSUPPORTED, "no /proc can be mounted for the lab's own processes");
	return isolate_tmpfs("/run", w);
}
