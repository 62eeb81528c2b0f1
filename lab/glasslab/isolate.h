/* Namespaces without root.
 *
 * A user namespace gives an ordinary user every capability over namespaces made inside it, and none outside.
 * Which ids are mapped decides which servers run: with uid 0 mapped alone sshd dies in setgroups and `tcpdump
 * -w` in chown. So an ordinary user's own uid is mapped to itself, and the capabilities are kept as ambient
 * ones. Real root may map every id to itself, so servers that want to change their user can; it is as
 * isolated. */
#ifndef GLASSLAB_ISOLATE_H
#define GLASSLAB_ISOLATE_H

#include <sys/types.h>

#include "why.h"

/* Forks into new user, mount, pid, network, UTS and IPC namespaces. Returns 0 in the child, which is process
 * 1 there with all capabilities; its pid in the parent; -1 when it fails (*e and *w tell; no child is left).
 */
pid_t isolate_fork(enum err *e, struct why *w);

/* In the child, next: mounts are private, /proc is the new namespaces' own, and /run is an empty tmpfs. */
enum err isolate_mounts(struct why *w) MUST_USE;

/* After it: makes sure that /etc can be the lower layer of an overlay, if need be by a copy of it. */
enum err isolate_etc(struct why *w) MUST_USE;

/* Mounts an empty tmpfs on path. */
enum err isolate_tmpfs(const char *path, struct why *w) MUST_USE;

/* Writes text to a file (of /proc/sys), which exists. */
enum err isolate_write(const char *path, const char *text, struct why *w) MUST_USE;

#endif
