/* What is remembered of a worksheet: one JSON file each, replaced as a whole under a lock. */
#include "sheet.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/file.h"

/* Makes every folder of path. */
static bool make_folders(char *path)
{
	for (char *p = path + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			bool ok = mkdir(path, 0700) == 0 || errno == EEXIST;
			*p = '/';
			if (!ok)
				return false;
		}
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

enum err state_folder(char out[static PATH_MAX], struct why *w)
{
	const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	bool given = state && *state == '/';

	if (!given && !(home && *home))
		return why(w, ERR_IO, "neither XDG_STATE_HOME nor HOME says where to remember anything");
	int n = given ? snprintf(out, PATH_MAX, "%s/glassnet/worksheets", state)
	              : snprintf(out, PATH_MAX, "%s/.local/state/glassnet/worksheets", home);
	if (n < 0 || n >= PATH_MAX - 64)
		return why(w, ERR_TOO_LONG, "the path of the folder to remember things in is too long");
	return ERR_OK;
}

/* Only who has something to remember makes it. */
static enum err make_state_folder(struct why *w)
{
	char folder[PATH_MAX];
	enum err e = state_folder(folder, w);

	return e != ERR_OK || make_folders(folder) ? e : why_errno(w, ERR_IO, "%s", folder);
}

static enum err file_of(unsigned number, const char *suffix, char out[static PATH_MAX], struct why *w)
{
	char folder[PATH_MAX];
	enum err e = state_folder(folder, w);

	if (e == ERR_OK && snprintf(out, PATH_MAX, "%s/%02u%s", folder, number, suffix) >= PATH_MAX)
		e = why(w, ERR_TOO_LONG, "%s: the path is too long", folder);
	return e;
}

json_t *state_load(unsigned number, struct why *w)
{
	char path[PATH_MAX];
	json_error_t at;

	w->text[0] = '\0';
	if (file_of(number, ".json", path, w) != ERR_OK || access(path, F_OK) != 0)
		return NULL;
	json_t *o = json_load_file(path, 0, &at);
	if (!json_is_object(o)) {
		why(w, ERR_FORMAT, "%s:%d: %s; `glasslab reset %u` begins again", path, at.line, at.text, number);
		json_decref(o);
		return NULL;
	}
	return o;
}

static enum err write_state(const char *path, const json_t *o, struct why *w)
{
	struct replacement r;
	enum err e = replacement_open(&r, path);

	if (e == ERR_OK) {
		(void)json_dumpf(o, r.out, JSON_INDENT(1) | JSON_SORT_KEYS);
		fputc('\n', r.out);
		e = replacement_commit(&r);
	}
	return e == ERR_OK ? e : why_errno(w, e, "%s cannot be written", path);
}

enum err state_change(unsigned number, void (*change)(json_t *state, void *ctx), void *ctx, struct why *w)
{
	char path[PATH_MAX], lock[PATH_MAX];
	enum err e = make_state_folder(w);

	if (e == ERR_OK)
		e = file_of(number, ".json", path, w);
	if (e == ERR_OK)
		e = file_of(number, ".lock", lock, w);
	if (e != ERR_OK)
		return e;
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0) {
		e = why_errno(w, ERR_IO, "%s", lock);
		if (fd >= 0)
			close(fd);
		return e;
	}
	json_t *o = state_load(number, w);
	if (!o && w->text[0]) {
		close(fd);
		return ERR_FORMAT;
	}
	o = o ? o : json_object();
	change(o, ctx);
	e = write_state(path, o, w);
	json_decref(o);
	close(fd);
	return e;
}

enum err state_remove(unsigned number, struct why *w)
{
	char path[PATH_MAX];
	json_t *o = state_load(number, w), *item;
	size_t i;

	json_array_foreach(json_object_get(o, "evidence"), i, item)
	{
		const char *file = json_string_value(json_object_get(item, "file"));
		if (file)
			unlink(file);
	}
	json_decref(o);
	enum err e = file_of(number, ".json", path, w);
	if (e == ERR_OK && unlink(path) != 0 && errno != ENOENT)
		e = why_errno(w, ERR_IO, "%s", path);
	return e;
}

void lab_key(const json_t *facts, char out[static 160])
{
	const char *seed = json_string_value(json_object_get(facts, "seed"));
	const char *root =
	    json_string_value(json_object_get(json_object_get(json_object_get(facts, "pki"), "root"), "sha256"));

	snprintf(out, 160, "%s%.140s", seed ? "seed:" : "lab:", seed ? seed : root ? root : "?");
}
