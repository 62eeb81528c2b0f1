/* What a program in one of the lab's hosts prints: the right answer of a step that has value = { run = [ ... ] }. It is asked
 * for while the lab runs, and remembered under the lab's seed, so that the lab need not run for ever. */
#include "sheet_work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/clock.h"

#define MAX_ARGS 16
#define PATIENCE 5000 /* ms */

extern char **environ;

static config_setting_t *run_of(const struct sheet_step *st)
{
	config_setting_t *value = config_setting_get_member(st->setting, "value");

	return value ? config_setting_get_member(value, "run") : NULL;
}

/* All that comes within PATIENCE, as far as there is room. */
static void read_until(int fd, char *out, size_t cap)
{
	int64_t end = clock_now(&clock_real) + PATIENCE * NS_PER_MS;
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && n + 1 < cap) {
		int64_t left = (end - clock_now(&clock_real)) / NS_PER_MS;
		struct pollfd p = {.fd = fd, .events = POLLIN};
		if (left <= 0 || poll(&p, 1, (int)left) <= 0)
			break;
		got = read(fd, out + n, cap - 1 - n);
		n += got > 0 ? (size_t)got : 0;
	}
	out[n] = '\0';
}

/* Runs it by `glasslab exec`; true: it ended with success. */
static bool ask(const char *lab, config_setting_t *run, char *out, size_t cap)
{
	const char *argv[MAX_ARGS + 6] = {
	    "glasslab", "--lab", lab, "exec", config_setting_get_string_elem(run, 0), "--"};
	posix_spawn_file_actions_t acts;
	int fds[2], status = -1, n = config_setting_length(run);
	pid_t pid;

	if (n > MAX_ARGS || pipe2(fds, O_CLOEXEC) != 0)
		return false;
	for (int i = 1; i < n; i++)
		argv[5 + i] = config_setting_get_string_elem(run, i);
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&acts, fds[1], 1);
	posix_spawn_file_actions_addopen(&acts, 2, "/dev/null", O_WRONLY, 0);
	int e = posix_spawn(&pid, "/proc/self/exe", &acts, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&acts);
	close(fds[1]);
	if (e == 0) {
		read_until(fds[0], out, cap);
		close(fds[0]); /* whoever still writes ends by it */
		while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
			;
		return WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	close(fds[0]);
	return false;
}

struct said {
	const struct sheet *sheet;
	const char *lab;
};

static void note_said(json_t *state, void *ctx)
{
	const struct said *s = ctx;
	const char *key = json_string_value(json_object_get(state, "key"));
	json_t *all = json_object_get(state, "said");
	char text[SHEET_TEXT];

	if (!key || !json_object_get(all, key)) /* another seed has other right answers */
		json_object_set_new(state, "said", json_pack("{s:{}}", key ? key : ""));
	json_t *here = json_object_get(json_object_get(state, "said"), key ? key : "");
	for (size_t i = 0; i < s->sheet->n_steps; i++) {
		config_setting_t *run = run_of(&s->sheet->step[i]);
		if (run && ask(s->lab, run, text, sizeof text))
			json_object_set_new(here, s->sheet->step[i].id, json_string(text));
	}
}

enum err work_ask(const struct sheet *sheet, const char *lab, struct why *w)
{
	struct said s = {sheet, lab};

	for (size_t i = 0; i < sheet->n_steps; i++)
		if (run_of(&sheet->step[i]))
			return state_change(sheet->number, note_said, &s, w);
	return ERR_OK;
}

const char *step_said(const struct sheet_case *c, const struct sheet_step *st)
{
	return json_string_value(json_object_get(c->said, st->id));
}
