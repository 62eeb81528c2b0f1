/* Programs that a scene runs in the lab's hosts, by `glasslab exec`, and what they say. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "demo.h"

extern char **environ;

#define MAX_ARGS 48

static int64_t monotonic(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

/* Starts this program itself with args; its standard output goes to out_fd (-1: inherited). to_the_end: no Ctrl-C
 * reaches it, for what puts the lab back after one must not fall to the next. */
static pid_t spawn_self(struct demo *d, const char *const args[], int out_fd, bool to_the_end)
{
	const char *argv[MAX_ARGS + 4] = {"glasslab", "--lab", d->lab_name};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	sigset_t defaults, mask;
	size_t n = 3;
	pid_t pid = -1;

	for (size_t i = 0; args[i]; i++) {
		if (n == MAX_ARGS + 3)
			return -1;
		argv[n++] = args[i];
	}
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	if (to_the_end)
		sigaddset(&mask, SIGINT);
	posix_spawnattr_setsigmask(&attr, &mask);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (out_fd >= 0)
		posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	if (d->apart) /* nobody watches: what it has to say is in its events */
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	if (posix_spawn(&pid, d->self, &actions, &attr, (char *const *)(uintptr_t)argv, environ) != 0)
		pid = -1;
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attr);
	return pid;
}

static int wait_status(int w)
{
	return WIFEXITED(w) ? WEXITSTATUS(w) : 128 + WTERMSIG(w);
}

int demo_glasslab(struct demo *d, const char *const args[])
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), w = 0;
	pid_t pid = spawn_self(d, args, null, true);

	if (null >= 0)
		close(null);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &w, 0) < 0)
		if (errno != EINTR)
			return -1;
	return wait_status(w);
}

/* The command as a learner would type it. */
static void show_command(struct demo *d, const char *host, const char *const argv[], const char *stdin_file)
{
	char line[1024];
	size_t at = (size_t)snprintf(line, sizeof(line), "$ glasslab exec %s --", host);

	for (size_t i = 0; argv[i] && at < sizeof(line); i++)
		at += (size_t)snprintf(
		    line + at, sizeof(line) - at, strpbrk(argv[i], " *?&;") ? " '%s'" : " %s", argv[i]);
	if (stdin_file && at < sizeof(line))
		snprintf(line + at, sizeof(line) - at, " < %s", stdin_file);
	ev_decision(&d->trace, "command", NULL, "%s", line);
}

bool demo_start(struct demo *d, struct demo_process *p, const char *host, enum demo_output how,
    const char *const argv[], const char *stdin_file)
{
	const char *args[MAX_ARGS] = {"exec", host, "--"};
	size_t n = 3;
	int pipe_fds[2];

	*p = (struct demo_process){.pid = -1, .out = -1, .how = how, .status = -1};
	if (stdin_file) { /* read there: the file may exist in that host only */
		args[n++] = "sh";
		args[n++] = "-c";
		args[n++] = "in=$1; shift; exec \"$@\" <\"$in\"";
		args[n++] = "sh";
		args[n++] = stdin_file;
	}
	for (size_t i = 0; argv[i]; i++) {
		if (n >= MAX_ARGS - 2)
			return false;
		args[n++] = argv[i];
		if (i == 1 && how != DEMO_TEXT) /* TOOL VERB --json … */
			args[n++] = "--json";
	}
	if (how != DEMO_SILENT)
		show_command(d, host, argv, stdin_file);
	p->events = how == DEMO_TEXT ? NULL : json_array();
	if (pipe2(pipe_fds, O_CLOEXEC) == 0) {
		p->pid = spawn_self(d, args, pipe_fds[1], false);
		p->out = pipe_fds[0];
		close(pipe_fds[1]);
	}
	if (p->pid < 0) {
		d->err = d->err == ERR_OK ? ERR_INTERNAL : d->err;
		return false;
	}
	return true;
}

/* The text of a result stands in the scene as a decision: the scene's own result comes at its end. */
static void show_result(struct demo *d, struct demo_process *p, const json_t *o)
{
	const char *text = json_string_value(json_object_get(o, "text"));
	json_t *data = json_object_get(o, "data");

	json_decref(p->result);
	p->result = data ? json_incref(data) : NULL;
	if (p->how != DEMO_SILENT && text)
		ev_decision(&d->trace, "result", NULL, "%s", text);
}

/* Is this the event that is waited for: of this kind, with this id (or table, or the name of a timer)? */
static bool is_event(const json_t *o, const char *kind, const char *id)
{
	static const char *const members[] = {"id", "table", "what"};
	const char *k = json_string_value(json_object_get(o, "kind"));

	if (!kind || !k || strcmp(k, kind) != 0)
		return false;
	for (size_t i = 0; id && i < sizeof(members) / sizeof(members[0]); i++) {
		const char *s = json_string_value(json_object_get(o, members[i]));
		if (s && strcmp(s, id) == 0)
			return true;
	}
	return id == NULL;
}

/* One line of JSON becomes an event of the scene. Returns true when it is the event that was waited for. */
static bool take_line(
    struct demo *d, struct demo_process *p, const char *line, size_t len, const char *kind, const char *id)
{
	json_t *o = json_loadb(line, len, 0, NULL);

	if (!o) {
		ev_warning(&d->trace, "a line that is no event: %.*s", len > 200 ? 200 : (int)len, line);
		return false;
	}
	if (is_event(o, "result", NULL))
		show_result(d, p, o);
	else if (p->how == DEMO_EVENTS)
		(void)!trace_replay(&d->trace, line, len);
	bool found = is_event(o, kind, id);
	if (p->events)
		json_array_append_new(p->events, o);
	else
		json_decref(o);
	return found;
}

static bool take_lines(struct demo *d, struct demo_process *p, const char *kind, const char *id)
{
	char *begin = p->buf, *end;
	bool found = false;

	while (p->len > 0 && (end = memchr(begin, '\n', p->len - (size_t)(begin - p->buf)))) {
		found |= take_line(d, p, begin, (size_t)(end - begin), kind, id);
		begin = end + 1;
	}
	if (begin != p->buf) {
		p->len -= (size_t)(begin - p->buf);
		memmove(p->buf, begin, p->len);
	}
	return found;
}

/* Reads once. false at the end of the output, or when it is longer than anyone needs. */
static bool read_some(struct demo_process *p)
{
	size_t limit = p->how == DEMO_TEXT ? DEMO_TEXT_MAX : DEMO_LINE_MAX;

	if (p->len + 4096 + 1 > p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 16384;
		char *more = cap <= limit * 2 ? realloc(p->buf, cap) : NULL;
		if (!more)
			return false;
		p->buf = more;
		p->cap = cap;
	}
	ssize_t n = read(p->out, p->buf + p->len, p->cap - p->len - 1);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	p->len += (size_t)n;
	p->buf[p->len] = '\0';
	return n > 0;
}

static void reap(struct demo_process *p)
{
	int w = 0;

	close(p->out);
	p->out = -1;
	while (waitpid(p->pid, &w, 0) < 0 && errno == EINTR)
		;
	p->status = wait_status(w);
	p->ended = true;
}

bool demo_follow(struct demo *d, struct demo_process *p, const char *until_kind, const char *until_id)
{
	int64_t deadline = monotonic() + DEMO_TIMEOUT_S * NS_PER_S;

	while (!p->ended) {
		struct pollfd fds[2] = {
		    {.fd = p->out, .events = POLLIN}, {.fd = cli_interrupt_fd(), .events = POLLIN}};
		int64_t left = (deadline - monotonic()) / NS_PER_MS;
		int ready = poll(fds, 2, left > 0 ? (int)left : 0);
		if ((ready < 0 && errno != EINTR) || left <= 0 || cli_interrupted())
			return false;
		if (ready <= 0 || fds[0].revents == 0)
			continue;
		bool more = read_some(p);
		if (p->how != DEMO_TEXT && take_lines(d, p, until_kind, until_id))
			return true;
		if (!more)
			reap(p);
	}
	return until_kind == NULL;
}

int demo_run(struct demo *d, struct demo_process *p, const char *host, enum demo_output how, const char *const argv[],
    const char *stdin_file)
{
	if (!demo_start(d, p, host, how, argv, stdin_file))
		return -1;
	if (!demo_follow(d, p, NULL, NULL)) {
		demo_stop(d, p);
		return -1;
	}
	return p->status;
}

void demo_stop(struct demo *d, struct demo_process *p)
{
	if (p->pid <= 0 || p->ended)
		return;
	kill(p->pid, SIGTERM);
	int64_t deadline = monotonic() + 3 * NS_PER_S;
	while (!p->ended && monotonic() < deadline) {
		struct pollfd fd = {.fd = p->out, .events = POLLIN};
		if (poll(&fd, 1, 100) <= 0)
			continue;
		bool more = read_some(p);
		if (p->how != DEMO_TEXT)
			(void)take_lines(d, p, NULL, NULL);
		if (!more)
			reap(p);
	}
	if (!p->ended) {
		kill(p->pid, SIGKILL);
		reap(p);
	}
}

void demo_process_release(struct demo_process *p)
{
	if (p->pid > 0 && !p->ended) {
		kill(p->pid, SIGKILL);
		reap(p);
	}
	json_decref(p->result);
	json_decref(p->events);
	free(p->buf);
	*p = (struct demo_process){.pid = -1, .out = -1};
}
