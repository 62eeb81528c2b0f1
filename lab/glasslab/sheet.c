/* worksheets/NN-topic.conf beside worksheets/NN-topic.md. */
#include "sheet.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder: share/glassnet/worksheets installed, lab/../worksheets in the source tree. */
static bool find_file(const char *data_dir, unsigned number, char out[static PATH_MAX])
{
	static const char *const beside[] = {"worksheets", "../worksheets"};
	char pattern[PATH_MAX + 64];
	glob_t g;

	for (size_t i = 0; i < sizeof beside / sizeof *beside; i++) {
		snprintf(pattern, sizeof pattern, "%s/%s/%02u-*.conf", data_dir, beside[i], number);
		bool found = glob(pattern, 0, NULL, &g) == 0 && strlen(g.gl_pathv[0]) < PATH_MAX;
		if (found)
			strcpy(out, g.gl_pathv[0]);
		globfree(&g);
		if (found)
			return true;
	}
	return false;
}

const char *step_text(const struct sheet_step *st, const char *key)
{
	const char *text = NULL;

	return config_setting_lookup_string(st->setting, key, &text) ? text : NULL;
}

static bool read_step(struct sheet *s, config_setting_t *setting)
{
	struct sheet_step *st = &s->step[s->n_steps];
	config_setting_t *hints = config_setting_get_member(setting, "hints");

	*st = (struct sheet_step){.setting = setting};
	st->id = step_text(st, "id");
	st->title = step_text(st, "title");
	st->why = step_text(st, "why");
	st->test = step_text(st, "test");
	st->answer = step_text(st, "answer") != NULL;
	for (int i = 0; i < SHEET_HINTS; i++)
		st->hint[i] = hints ? config_setting_get_string_elem(hints, i) : NULL;
	s->n_steps++;
	return st->id && strlen(st->id) < SHEET_ID && st->title && st->why && st->test && st->hint[SHEET_HINTS - 1];
}

static enum err read_steps(struct sheet *s, const char *path, struct why *w)
{
	config_setting_t *steps = config_lookup(&s->conf, "steps");

	if (!config_lookup_string(&s->conf, "topic", &s->topic) || !steps)
		return why(w, ERR_FORMAT, "%s: topic or steps are missing", path);
	for (int i = 0; i < config_setting_length(steps); i++) {
		config_setting_t *setting = config_setting_get_elem(steps, (unsigned)i);
		if (s->n_steps == SHEET_MAX_STEPS || !read_step(s, setting))
			return why(w, ERR_FORMAT, "%s:%d: a step needs id, title, why, test and %d hints", path,
			    config_setting_source_line(setting), SHEET_HINTS);
		const struct sheet_step *st = &s->step[s->n_steps - 1];
		struct why bad;
		if ((step_wants_packets(st) && step_packets_check(st, &bad) != ERR_OK) ||
		    (step_is_state(st) && step_state_check(st, &bad) != ERR_OK))
			return why(w, ERR_FORMAT, "%s: step %s: %s", path, st->id, bad.text);
	}
	return ERR_OK;
}

enum err sheet_load(struct sheet *s, const char *data_dir, unsigned number, struct why *w)
{
	char path[PATH_MAX];

	memset(s, 0, sizeof *s);
	if (!find_file(data_dir, number, path))
		return why(w, ERR_NEGATIVE, "there is no worksheet %u that can be checked", number);
	config_init(&s->conf);
	s->number = number;
	snprintf(s->prose, sizeof s->prose, "%.*s.md", (int)(strlen(path) - strlen(".conf")), path);
	const char *base = strrchr(s->prose, '/') + 1;
	snprintf(s->name, sizeof s->name, "%.*s", (int)(strlen(base) - 3), base);
	enum err e = ERR_OK;
	if (access(s->prose, R_OK) != 0)
		e = why_errno(w, ERR_IO, "%s", s->prose);
	else if (!config_read_file(&s->conf, path))
		e = why(w, ERR_FORMAT, "%s:%d: %s", path, config_error_line(&s->conf), config_error_text(&s->conf));
	if (e == ERR_OK)
		e = read_steps(s, path, w);
	if (e != ERR_OK)
		sheet_release(s);
	return e;
}

void sheet_release(struct sheet *s)
{
	config_destroy(&s->conf);
	s->n_steps = 0;
}

const struct sheet_step *sheet_find(const struct sheet *s, const char *id)
{
	for (size_t i = 0; i < s->n_steps; i++)
		if (strcmp(s->step[i].id, id) == 0)
			return &s->step[i];
	return NULL;
}
