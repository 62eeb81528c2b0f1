/* What the page's buttons do: each starts programs that a learner could start, and passes on what they say. */
#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>
#include <glob.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "classroom.h"
#include "demo.h"

#define WORKSHEET_MAX (1U << 20)

/* --- the lab's facts */

static void facts_end(void *ctx, int status, const char *said)
{
	struct waiting *w = ctx;
	(void)status;
	w->text[w->text_len] = '\0';
	w->reply = json_loads(w->text, 0, NULL);
	if (!w->reply)
		w->reply = json_pack("{s:s}", "error", said);
	waiting_finish(w);
}

bool facts_start(struct waiting *w)
{
	static const struct job_calls calls = {waiting_line, facts_end};
	const char *args[] = {"facts", "--lab", w->room->lab, NULL};
	struct why why = {""};
	w->text = malloc(WAITING_TEXT_MAX);
	if (!w->text || job_start(NULL, w->room, "glasslab", args, &calls, w, &why) != ERR_OK)
		return false;
	MHD_suspend_connection(w->connection);
	return true;
}

/* --- scenes */

static void scene_line(void *ctx, const char *line, size_t len)
{
	struct classroom *room = ctx;
	json_t *ev = json_loadb(line, len, 0, NULL);
	const char *kind = json_string_value(json_object_get(ev, "kind"));
	if (kind && strcmp(kind, "field")) {
		json_t *data = json_object_get(ev, "data");
		const char *cell = json_string_value(json_object_get(data, "cell"));
		if (cell) /* of the matrix: kept for pages that are opened later */
			json_object_set(room->cells, cell, data);
		json_object_del(ev, "bytes");
		json_object_set_new(ev, "scene", json_string(room->scene_name));
		feed_send(room->feed, "scene", ev);
	}
	json_decref(ev);
}

static void scene_end(void *ctx, int status, const char *said)
{
	struct classroom *room = ctx;
	json_t *o = json_pack("{s:s,s:i,s:s}", "scene", room->scene_name, "status", status, "said", said);
	room->scene = NULL;
	if (o)
		feed_send(room->feed, "scene-end", o);
	json_decref(o);
	http_wake(room);
}

/* Plays a scene; option and its value: a part of it, or NULL. */
static enum err demo_start_part(
    struct classroom *room, const char *scene, const char *option, const char *value, struct why *w)
{
	static const struct job_calls calls = {scene_line, scene_end};
	const char *args[] = {"demo", scene, "--lab", room->lab, "--json", option, value, NULL};
	if (room->scene)
		return why(w, ERR_NEGATIVE, "%s is being played; one at a time", room->scene_name);
	snprintf(room->scene_name, sizeof room->scene_name, "%s%s%s", scene, option ? " " : "", option ? option : "");
	return job_start(&room->scene, room, "glasslab", args, &calls, room, w);
}

enum err scene_start(struct classroom *room, const char *name, struct why *w)
{
	const struct scene *s;
	size_t i = 0;
	while ((s = scene_at(i)) && strcmp(s->name, name))
		i++;
	if (!s)
		return why(w, ERR_USAGE, "there is no scene of that name");
	return demo_start_part(room, s->name, NULL, NULL, w);
}

enum err matrix_start(struct classroom *room, const char *cell, struct why *w)
{
	if (!*cell)
		return demo_start_part(room, "freewifi", "--matrix", NULL, w);
	if (cell[0] == '-' || cell[strspn(cell, "abcdefghijklmnopqrstuvwxyz0123456789-/")])
		return why(w, ERR_USAGE, "that is no name of a cell");
	return demo_start_part(room, "freewifi", "--cell", cell, w);
}

/* --- worksheets */

/* "worksheets/NN-*.md". False: none has that number. */
static bool worksheet_path(const struct classroom *room, unsigned number, char out[static PATH_MAX])
{
	char pattern[PATH_MAX + 32];
	glob_t found;
	bool is = false;
	snprintf(pattern, sizeof pattern, "%s/%02u-*.md", room->worksheets, number);
	if (number < 100 && glob(pattern, 0, NULL, &found) == 0) {
		is = found.gl_pathc > 0 && strlen(found.gl_pathv[0]) < PATH_MAX;
		if (is)
			snprintf(out, PATH_MAX, "%s", found.gl_pathv[0]);
		globfree(&found);
	}
	return is;
}

/* The whole file, NUL-terminated; the caller frees it. */
static char *read_worksheet(const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = f ? malloc(WORKSHEET_MAX) : NULL;
	if (text)
		text[fread(text, 1, WORKSHEET_MAX - 1, f)] = '\0';
	if (f)
		fclose(f);
	return text;
}

json_t *worksheet_list(const struct classroom *room)
{
	json_t *list = json_array();
	char path[PATH_MAX];
	for (unsigned i = 0; i < 100; i++) {
		char *text = worksheet_path(room, i, path) ? read_worksheet(path) : NULL;
		if (!text)
			continue;
		char *title = text + strspn(text, "# ");
		title[strcspn(title, "\n")] = '\0';
		json_array_append_new(list, json_pack("{s:i,s:s}", "number", (int)i, "title", title));
		free(text);
	}
	return list;
}

char *worksheet_html(const struct classroom *room, unsigned number)
{
	/* The files are Glassnet's own: what they fold away is written in HTML. */
	const int options = CMARK_OPT_UNSAFE | CMARK_OPT_VALIDATE_UTF8;
	char path[PATH_MAX];
	char *text = worksheet_path(room, number, path) ? read_worksheet(path) : NULL;
	if (!text)
		return NULL;
	cmark_gfm_core_extensions_ensure_registered();
	cmark_parser *parser = cmark_parser_new(options);
	cmark_parser_attach_syntax_extension(parser, cmark_find_syntax_extension("table"));
	cmark_parser_feed(parser, text, strlen(text));
	cmark_node *document = cmark_parser_finish(parser);
	char *html = cmark_render_html(document, options, cmark_parser_get_syntax_extensions(parser));
	cmark_node_free(document);
	cmark_parser_free(parser);
	free(text);
	return html;
}

static void check_line(void *ctx, const char *line, size_t len)
{
	struct classroom *room = ctx;
	json_t *ev = json_loadb(line, len, 0, NULL);
	if (json_object_get(ev, "kind")) {
		json_object_set_new(ev, "worksheet", json_integer(room->check_number));
		feed_send(room->feed, "check", ev);
	}
	json_decref(ev);
}

static void check_end(void *ctx, int status, const char *said)
{
	struct classroom *room = ctx;
	json_t *o = json_pack("{s:i,s:i,s:s}", "worksheet", (int)room->check_number, "status", status, "said", said);
	room->check = NULL;
	if (o)
		feed_send(room->feed, "check-end", o);
	json_decref(o);
	http_wake(room);
}

static enum err sheet_job(struct classroom *room, const char *verb, unsigned number, struct why *w)
{
	static const struct job_calls calls = {check_line, check_end};
	char path[PATH_MAX], digits[16];
	if (!worksheet_path(room, number, path))
		return why(w, ERR_USAGE, "there is no worksheet of that number");
	if (room->check && room->check_number == number && strcmp(verb, "check") == 0)
		return ERR_OK; /* it is under way, and every page hears what it says */
	if (room->check)
		return why(w, ERR_NEGATIVE, "a check is running");
	room->check_number = number;
	snprintf(digits, sizeof digits, "%u", number);
	const char *args[] = {verb, digits, "--lab", room->lab, strcmp(verb, "check") ? NULL : "--json", NULL};
	return job_start(&room->check, room, "glasslab", args, &calls, room, w);
}

enum err check_start(struct classroom *room, unsigned number, struct why *w)
{
	return sheet_job(room, "check", number, w);
}

enum err begin_start(struct classroom *room, unsigned number, struct why *w)
{
	return sheet_job(room, "start", number, w);
}
