/* http and https by the program curl, which believes what this machine believes about certificates. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "download.h"

extern char **environ;

static enum err read_pipe(int fd, size_t max, uint8_t **data, size_t *len)
{
	size_t cap = 65536;
	ssize_t n = 1;

	*len = 0;
	*data = malloc(cap);
	while (*data && (n = read(fd, *data + *len, cap - *len)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		*len += (size_t)n;
		if (*len > max)
			return ERR_TOO_LONG;
		if (*len == cap) {
			uint8_t *more = realloc(*data, cap * 2);
			if (!more)
				return ERR_NOMEM;
			*data = more;
			cap *= 2;
		}
	}
	return *data ? ERR_OK : ERR_NOMEM;
}

static enum err start_curl(const char *url, unsigned timeout_s, pid_t *pid, int *out)
{
	char seconds[16];
	int ends[2];
	posix_spawn_file_actions_t fa;
	posix_spawnattr_t attr;
	sigset_t defaults;
	const char *argv[] = {"curl", "-q", "--silent", "--fail", "--proto", "=http,https", "--max-time", seconds,
	    "--globoff", "--", url, NULL};

	snprintf(seconds, sizeof(seconds), "%u", timeout_s);
	if (pipe2(ends, O_CLOEXEC) != 0)
		return ERR_IO;
	posix_spawn_file_actions_init(&fa);
	posix_spawn_file_actions_adddup2(&fa, ends[1], STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	int failed = posix_spawnp(pid, argv[0], &fa, &attr, (char *const *)argv, environ);
	posix_spawn_file_actions_destroy(&fa);
	posix_spawnattr_destroy(&attr);
	close(ends[1]);
	*out = ends[0];
	if (failed)
		close(ends[0]);
	errno = failed;
	return failed ? ERR_UNSUPPORTED : ERR_OK;
}

/* What curl's exit status means (curl(1), EXIT CODES). */
static enum err judge(int status, char why[static 160])
{
	static const struct {
		int status;
		enum err err;
		const char *text;
	} known[] = {{0, ERR_OK, ""}, {3, ERR_USAGE, "this is no URL"}, {6, ERR_UNREACHABLE, "there is no such host"},
	    {7, ERR_REFUSED, "nobody answers there"}, {22, ERR_NET, "the server says that it has no such thing"},
	    {28, ERR_TIMEOUT, "no answer came in time"}, {18, ERR_CLOSED, "the connection ended too early"},
	    {60, ERR_NET, "the server could not prove its name: its certificate is not to be trusted"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].status == status) {
			snprintf(why, 160, "%s", known[i].text);
			return known[i].err;
		}
	snprintf(why, 160, "curl ended with status %d", status);
	return ERR_NET;
}

enum err curl_get(void *ctx, const char *url, size_t max, uint8_t **data, size_t *len, char why[static 160])
{
	const struct curl_options *o = ctx;
	int out = -1, status = 0;
	pid_t pid;

	*data = NULL;
	*len = 0;
	if (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) {
		snprintf(why, 160, "only http and https are fetched");
		return ERR_USAGE;
	}
	enum err e = start_curl(url, o->timeout_s, &pid, &out);
	if (e != ERR_OK) {
		snprintf(why, 160, "the program curl can't be run: %s", strerror(errno));
		return e;
	}
	e = read_pipe(out, max, data, len);
	close(out); /* if curl still writes, it ends now */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (e == ERR_OK)
		e = judge(WIFEXITED(status) ? WEXITSTATUS(status) : 255, why);
	else
		snprintf(why, 160, "%s",
		    e == ERR_TOO_LONG ? "it is larger than anything that is fetched here" : err_text(e));
	if (e != ERR_OK) {
		free(*data);
		*data = NULL;
	}
	return e;
}
