/* Programs in the lab's hosts, started from outside: what `exec`, `shell` and the demonstrations use. */
#ifndef GLASSLAB_RUN_H
#define GLASSLAB_RUN_H

#include <stdbool.h>
#include <sys/types.h>

#include "glassnet/lab.h"
#include "why.h"

/* As shells have it. */
#define RUN_CANNOT_EXECUTE 126
#define RUN_NOT_FOUND      127

/* Where a program is on this machine, by the lab's PATH; false: nowhere. */
bool run_find(const char *program, char *out, size_t cap);

/* The same, but Glassnet's own programs, which are in bin_dir, go before this machine's. */
bool run_find_own(const char *program, const char *bin_dir, char *out, size_t cap);

/* Becomes a program: the lab's PATH and environment, then execve. Returns only when that fails, after a line
 * on stderr: the exit status to end with. */
int run_program(char *const argv[], const char *bin_dir, const char *lab, const char *host);

/* A program that runs in a host. */
struct run {
	pid_t pid;
	int status; /* as waitpid tells; once ended */
	bool ended;
};

/* Starts argv in host i with these descriptors as its stdin, stdout and stderr (-1: /dev/null), as a child of
 * this process, which itself enters nothing. Directory: the present one where it exists there. The program
 * gets SIGKILL when this process ends. */
enum err run_start(struct run *r, struct lab *lab, size_t host, const char *bin_dir, char *const argv[],
    const int fds[static 3], struct why *w) MUST_USE;

/* Waits until it has ended, at most timeout_ns (-1: for ever). ERR_TIMEOUT: it runs still. */
enum err run_wait(struct run *r, int64_t timeout_ns) MUST_USE;

/* Sends a signal, waits grace_ns for the end, then kills. */
void run_stop(struct run *r, int sig, int64_t grace_ns);

/* The exit status as a shell would have it: 128 and the signal's number when a signal ended it. */
int run_exit(const struct run *r);

#endif
