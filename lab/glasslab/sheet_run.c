/* What a program in one of the lab's hosts prints: the right answer of a step that has value = { run = [ ... ] }, and
 *
 *     test = "state"; run = [ "HOST", "PROGRAM", ... ]; like = "..."; says = "the laptop knows the server";
 *
 * which is passed when a line of what the program prints is like that (a regular expression: POSIX, extended, any case). It is
 * asked for while the lab runs, and remembered under the lab's seed, so that the lab need not run for ever. A state that was seen
 * once is passed, whatever becomes of it later. */
#include "sheet_work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <regex.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "glassnet/clock.h"

#define MAX_ARGS 16

extern char **environ;

config_setting_t *step_run(const struct sheet_step *st)
{
	config_setting_t *value = config_setting_get_member(st->setting, "value");

	return config_setting_get_member(step_is_state(st) || !value ? st->setting : value, "run");
}

/* --- a program, and what it prints --- */

static bool ready_by(int fd, int64_t end)
{
	int64_t left = (end - clock_now(&clock_real)) / NS_PER_MS;
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return fd >= 0 && left > 0 && poll(&p, 1, (int)left) > 0;
}

/* All that comes until end; what there is no room for is thrown away. */
static void read_until(int fd, int64_t end, char *out, size_t cap)
{
	char rest[4096];
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && ready_by(fd, end)) {
		bool room = n + 1 < cap;
		got = read(fd, room ? out + n : rest, room ? cap - 1 - n : sizeof rest);
		n += room && got > 0 ? (size_t)got : 0;
	}
	out[n] = '\0';
}

/* Waits until end, then kills it and all that it has started. True: it ended itself, with success. */
static bool ended_by(pid_t pid, int64_t end)
{
	int status = -1, fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (!ready_by(fd, end))
		kill(-pid, SIGKILL);
	if (fd >= 0)
		close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

bool hear_program(const char *program, char *const argv[], int64_t patience, char *out, size_t cap)
{
	posix_spawn_file_actions_t acts;
	posix_spawnattr_t attr;
	int64_t end = clock_now(&clock_real) + patience;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0)
		return false;
	posix_spawn_file_actions_init(&acts);
	posix_spawn_file_actions_addopen(&acts, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&acts, fds[1], 1);
	posix_spawn_file_actions_addopen(&acts, 2, "/dev/null", O_WRONLY, 0);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP);
	int e = posix_spawnp(&pid, program ? program : "/proc/self/exe", &acts, &attr, argv, environ);
	posix_spawn_file_actions_destroy(&acts);
	posix_spawnattr_destroy(&attr);
	close(fds[1]);
	if (e == 0)
		read_until(fds[0], end, out, cap);
	close(fds[0]);
	if (e != 0 || !ended_by(pid, end))
		return false;
	text_clean(out);
	return true;
}

/* --- in the lab --- */

static bool ask(const char *lab, config_setting_t *run, char *out, size_t cap)
{
	const char *argv[MAX_ARGS + 6] = {
	    "glasslab", "--lab", lab, "exec", config_setting_get_string_elem(run, 0), "--"};
	int n = config_setting_length(run);

	if (n > MAX_ARGS)
		return false;
	for (int i = 1; i < n; i++)
		argv[5 + i] = config_setting_get_string_elem(run, i);
	return hear_program(NULL, (char *const *)(uintptr_t)argv, SHEET_PATIENCE, out, cap);
}

struct said {
	const struct sheet *sheet;
	const char *key; /* of the lab that said it */
	json_t *now;     /* step by step */
};

static bool is_shown(const struct sheet_step *st, const char *text, regmatch_t *m);

static void note_said(json_t *state, void *ctx)
{
	const struct said *s = ctx;
	json_t *all = json_object_get(state, "said"), *text;
	const char *id;

	if (!json_object_get(all, s->key)) /* another seed has other right answers */
		json_object_set_new(state, "said", json_pack("{s:{}}", s->key));
	json_t *here = json_object_get(json_object_get(state, "said"), s->key);
	json_object_foreach(s->now, id, text)
	{
		const struct sheet_step *st = sheet_find(s->sheet, id);
		const char *before = json_string_value(json_object_get(here, id));
		regmatch_t m;
		if (!(step_is_state(st) && before && is_shown(st, before, &m)))
			json_object_set(here, id, text);
	}
}

enum err work_ask(const struct sheet *sheet, const char *lab, const char *key, struct why *w)
{
	struct said s = {sheet, key, json_object()};
	char text[SHEET_SAID];
	enum err e = ERR_OK;

	/* A program may take its time: nobody else waits for it. */
	for (size_t i = 0; i < sheet->n_steps; i++) {
		config_setting_t *run = step_run(&sheet->step[i]);
		if (run && ask(lab, run, text, sizeof text))
			json_object_set_new(s.now, sheet->step[i].id, json_string(text));
	}
	if (json_object_size(s.now) > 0)
		e = state_change(sheet->number, note_said, &s, w);
	json_decref(s.now);
	return e;
}

const char *step_said(const struct sheet_case *c, const struct sheet_step *st)
{
	return json_string_value(json_object_get(c->said, st->id));
}

/* --- the test "state" --- */

bool step_is_state(const struct sheet_step *st)
{
	return strcmp(st->test, "state") == 0;
}

static bool is_shown(const struct sheet_step *st, const char *text, regmatch_t *m)
{
	const char *like = step_text(st, "like");
	regex_t re;

	if (!like || regcomp(&re, like, REG_EXTENDED | REG_ICASE | REG_NEWLINE) != 0)
		return false;
	bool found = regexec(&re, text, 1, m, 0) == 0;
	regfree(&re);
	return found;
}

enum err step_state_check(const struct sheet_step *st, struct why *w)
{
	config_setting_t *run = step_run(st);
	const char *like = step_text(st, "like");
	regex_t re;
	bool good = run && config_setting_length(run) >= 2 && config_setting_length(run) <= MAX_ARGS && like &&
	            step_text(st, "says") && regcomp(&re, like, REG_EXTENDED) == 0;

	if (good)
		regfree(&re);
	return good ? ERR_OK
	            : why(w, ERR_FORMAT, "line %d: a state wants run = [ host, program ... ], like and says",
	                  (int)config_setting_source_line(st->setting));
}

void test_state(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *text = step_said(c, st), *host = config_setting_get_string_elem(step_run(st), 0);
	regmatch_t m;

	if (text && is_shown(st, text, &m)) {
		const char *from = text + m.rm_so;
		while (from > text && from[-1] != '\n')
			from--;
		step_say(out, VERDICT_PASS, NULL, "%s says: %.*s", host, (int)strcspn(from, "\n"), from);
	} else
		step_say(out, VERDICT_SKIP, NULL, "%s does not show yet that %s%s", host, step_text(st, "says"),
		    text ? "" : " (the lab could not be asked)");
}
