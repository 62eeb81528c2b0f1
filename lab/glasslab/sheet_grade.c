/* grade: the table of many bundles, and what is wrong with them. It needs no lab: it checks the digest, judges each step again
 * (sheet_again.c), and compares the bundles with each other. */
#include <errno.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/file.h"
#include "seed.h"
#include "sheet.h"
#include "verbs.h"

#define MAX_SHEETS 100

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

struct graded {
	const char *file;
	json_t *bundle; /* NULL: it could not be read */
	char verdict[256];
	bool good;
};

struct table {
	struct cli *c;
	const char *data_dir;
	struct again again;
	uint8_t key[CLASS_KEY_MAX];
	size_t key_len;
	struct graded *row;
	size_t n;
	bool column[MAX_SHEETS]; /* worksheets that somebody did */
	char *missing;           /* of the roster; or NULL */
};

static void blame(struct graded *g, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void blame(struct graded *g, const char *fmt, ...)
{
	va_list ap;
	size_t at = g->good ? 0 : strlen(g->verdict);

	if (at > 0)
		at += (size_t)snprintf(g->verdict + at, sizeof g->verdict - at, "; ");
	g->good = false;
	va_start(ap, fmt);
	if (at < sizeof g->verdict)
		vsnprintf(g->verdict + at, sizeof g->verdict - at, fmt, ap);
	va_end(ap);
}

static void check_sheet(struct table *t, struct graded *g, const json_t *one, const struct seed *seed)
{
	struct sheet s;
	struct why w;
	char text[128];
	json_int_t number = json_integer_value(json_object_get(one, "worksheet")), passed = 0;
	json_t *step;
	size_t i, known = 0;

	if (number < 0 || number >= MAX_SHEETS || sheet_load(&s, t->data_dir, (unsigned)number, &w) != ERR_OK) {
		blame(g, "worksheet %lld is not known here", (long long)number);
		return;
	}
	t->column[number] = true;
	json_array_foreach(json_object_get(one, "steps"), i, step)
	{
		const struct sheet_step *st = sheet_find(&s, text_of(step, "id"));
		bool passes = strcmp(text_of(step, "verdict"), "passed") == 0;
		known += i < s.n_steps && st == &s.step[i]; /* each once, in order */
		passed += passes;
		if (st && passes && !again_step(&t->again, &s, st, step, seed, text))
			blame(g, "%s", text);
	}
	if (known != s.n_steps || i != s.n_steps)
		blame(g, "worksheet %lld has other steps here", (long long)number);
	if (passed != json_integer_value(json_object_get(one, "passed")) ||
	    json_integer_value(json_object_get(one, "count")) != (json_int_t)s.n_steps)
		blame(g, "worksheet %lld does not add up", (long long)number);
	sheet_release(&s);
}

static void grade_one(struct table *t, struct graded *g)
{
	json_error_t at;
	char hex[65];
	struct seed seed;
	json_t *one;
	size_t i;

	g->good = true;
	g->bundle = json_load_file(g->file, 0, &at);
	const char *student = text_of(g->bundle, "student");
	if (!g->bundle || strcmp(text_of(g->bundle, "schema"), BUNDLE_SCHEMA) != 0 || !*student) {
		if (g->bundle)
			blame(g, "no bundle");
		else if (at.line > 0)
			blame(g, "line %d: %s", at.line, at.text);
		else
			blame(g, "%s", at.text);
		json_decref(g->bundle);
		g->bundle = NULL;
		return;
	}
	bundle_digest(g->bundle, student, t->key, t->key_len, hex);
	if (strlen(text_of(g->bundle, "digest")) != 64 || sodium_memcmp(hex, text_of(g->bundle, "digest"), 64) != 0)
		blame(g, "it was changed after it was made (or made with another class key)");
	json_int_t version = json_integer_value(json_object_get(g->bundle, "version"));
	if (version != BUNDLE_VERSION) {
		blame(g, "made by another version of glasslab (bundle %lld, here %d)", (long long)version,
		    BUNDLE_VERSION);
		return;
	}
	seed_from_name(&seed, student);
	json_array_foreach(json_object_get(g->bundle, "worksheets"), i, one) check_sheet(t, g, one, &seed);
	sodium_memzero(&seed, sizeof seed);
}

/* Each packet that decided a step goes into seen: who has it. One that another student has, too, was copied. Its time is in ns, so
 * no two labs have the same by chance. */
static void compare_packets(struct table *t, size_t row, json_t *seen)
{
	json_t *sheet, *step, *r;
	size_t i, k, n, other = row;

	json_array_foreach(json_object_get(t->row[row].bundle, "worksheets"), i, sheet) json_array_foreach(
	    json_object_get(sheet, "steps"), k, step) json_array_foreach(json_object_get(step, "evidence"), n, r)
	{
		char *text = json_dumps(r, JSON_COMPACT | JSON_SORT_KEYS);
		const json_t *who = text ? json_object_get(seen, text) : NULL;
		if (who)
			other = (size_t)json_integer_value(who);
		else if (text)
			json_object_set_new(seen, text, json_integer((json_int_t)row));
		free(text);
	}
	if (other == row ||
	    strcmp(text_of(t->row[row].bundle, "student"), text_of(t->row[other].bundle, "student")) == 0)
		return;
	blame(&t->row[row], "the same packets as %s", t->row[other].file);
	blame(&t->row[other], "the same packets as %s", t->row[row].file);
}

/* The same student twice, and the same packets under two names. */
static void compare_rows(struct table *t)
{
	json_t *seen = json_object(), *students = json_object();

	for (size_t i = 0; i < t->n; i++) {
		if (!t->row[i].bundle)
			continue;
		const char *student = text_of(t->row[i].bundle, "student");
		const json_t *first = json_object_get(students, student);
		size_t k = (size_t)json_integer_value(first);
		if (first) {
			blame(&t->row[i], "there is another bundle of %s: %s", student, t->row[k].file);
			if (t->row[k].good || !strstr(t->row[k].verdict, "there is another bundle"))
				blame(&t->row[k], "there is another bundle of %s: %s", student, t->row[i].file);
		} else
			json_object_set_new(students, student, json_integer((json_int_t)i));
		compare_packets(t, i, seen);
	}
	json_decref(students);
	json_decref(seen);
}

static bool is_graded(const struct table *t, const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(text_of(t->row[i].bundle, "student"), name) == 0)
			return true;
	return false;
}

/* Who is missing, and who is not of the class. */
static int call_roster(struct table *t)
{
	const char *path = cli_get(t->c, "roster");
	FILE *in = path ? fopen(path, "re") : NULL;
	char line[256];
	size_t len = 0;

	if (!path)
		return EXIT_YES;
	if (!in)
		return cli_fail(t->c, ERR_IO, "%s: %s", path, strerror(errno));
	json_t *names = json_object();
	FILE *missing = open_memstream(&t->missing, &len);
	while (missing && fgets(line, sizeof line, in)) {
		line[strcspn(line, "\r\n")] = '\0';
		if (!*line)
			continue;
		json_object_set_new(names, line, json_true());
		if (!is_graded(t, line))
			fprintf(missing, "%s\n", line);
	}
	if (missing)
		fclose(missing);
	fclose(in);
	for (size_t i = 0; i < t->n; i++)
		if (t->row[i].bundle && !json_object_get(names, text_of(t->row[i].bundle, "student")))
			blame(&t->row[i], "not of this class");
	json_decref(names);
	return EXIT_YES;
}

/* A field of a CSV file (RFC 4180), which no spreadsheet takes for a formula. */
static void put_csv(FILE *out, const char *s)
{
	fputc('"', out);
	if (strchr("=+-@\t", *s) && *s)
		fputc('\'', out);
	for (; *s; s++) {
		if (*s == '"')
			fputc('"', out);
		fputc(*s, out);
	}
	fputc('"', out);
}

static void put_html(FILE *out, const char *s)
{
	for (; *s; s++)
		if (strchr("<>&\"'", *s))
			fprintf(out, "&#%d;", *s);
		else
			fputc(*s, out);
}

/* What stands in the cell of a worksheet: "5/7, 2 hints"; "" where it was not done. */
static void cell_text(const struct graded *g, unsigned number, char out[static 64])
{
	json_t *one, *step;
	size_t i, k;

	out[0] = '\0';
	json_array_foreach(json_object_get(g->bundle, "worksheets"), i, one)
	{
		json_int_t hints = 0;
		if (json_integer_value(json_object_get(one, "worksheet")) != (json_int_t)number)
			continue;
		json_array_foreach(json_object_get(one, "steps"), k, step) hints +=
		    json_integer_value(json_object_get(step, "hints"));
		snprintf(out, 64, "%lld/%lld, hints: %lld",
		    (long long)json_integer_value(json_object_get(one, "passed")),
		    (long long)json_integer_value(json_object_get(one, "count")), (long long)hints);
	}
}

static void print_csv(const struct table *t, FILE *out)
{
	char cell[64];

	fputs("student,file,bundle", out);
	for (unsigned i = 0; i < MAX_SHEETS; i++)
		if (t->column[i])
			fprintf(out, ",worksheet %u", i);
	fputs("\n", out);
	for (size_t r = 0; r < t->n; r++) {
		const struct graded *g = &t->row[r];
		put_csv(out, text_of(g->bundle, "student"));
		fputc(',', out);
		put_csv(out, g->file);
		fputc(',', out);
		put_csv(out, g->good ? "sound" : g->verdict);
		for (unsigned i = 0; i < MAX_SHEETS; i++)
			if (t->column[i]) {
				cell_text(g, i, cell);
				fputc(',', out);
				put_csv(out, cell);
			}
		fputs("\n", out);
	}
	for (const char *p = t->missing; p && *p; p += strcspn(p, "\n") + 1) {
		char name[256];
		snprintf(name, sizeof name, "%.*s", (int)strcspn(p, "\n"), p);
		put_csv(out, name);
		fputs(",\"\",\"no bundle\"\n", out);
	}
}

/* An object a bundle, and one for each student of the roster who has none. */
static void print_json(const struct table *t, FILE *out)
{
	for (size_t r = 0; r < t->n; r++) {
		const struct graded *g = &t->row[r];
		json_t *sheets = json_array(), *one;
		size_t i;
		json_array_foreach(json_object_get(g->bundle, "worksheets"), i, one) json_array_append_new(
		    sheets, json_pack("{s:O?,s:O?,s:O?}", "worksheet", json_object_get(one, "worksheet"), "passed",
		                json_object_get(one, "passed"), "steps", json_object_get(one, "count")));
		json_t *o = json_pack("{s:s,s:s,s:b,s:s,s:o}", "student", text_of(g->bundle, "student"), "file",
		    g->file, "sound", g->good, "why", g->verdict, "worksheets", sheets);
		(void)json_dumpf(o, out, JSON_COMPACT);
		fputc('\n', out);
		json_decref(o);
	}
	for (const char *p = t->missing; p && *p; p += strcspn(p, "\n") + 1) {
		json_t *o = json_pack("{s:o,s:n,s:b,s:s}", "student", json_stringn(p, strcspn(p, "\n")), "file",
		    "sound", false, "why", "no bundle");
		(void)json_dumpf(o, out, JSON_COMPACT);
		fputc('\n', out);
		json_decref(o);
	}
}

static void html_row(const struct table *t, const struct graded *g, FILE *out)
{
	char cell[64];

	fprintf(out, "<tr class=\"%s\"><th scope=\"row\">", g->good ? "good" : "bad");
	put_html(out, text_of(g->bundle, "student"));
	fputs("</th><td>", out);
	put_html(out, g->file);
	fprintf(out, "</td><td>%s", g->good ? "\xe2\x9c\x93 sound" : "\xe2\x9c\x97 ");
	put_html(out, g->good ? "" : g->verdict);
	fputs("</td>", out);
	for (unsigned i = 0; i < MAX_SHEETS; i++)
		if (t->column[i]) {
			cell_text(g, i, cell);
			fputs("<td>", out);
			put_html(out, cell);
			fputs("</td>", out);
		}
	fputs("</tr>\n", out);
}

static int print_html(const struct table *t)
{
	const char *path = cli_get(t->c, "html");
	struct replacement r;
	enum err e = path ? replacement_open(&r, path) : ERR_OK;

	if (!path)
		return EXIT_YES;
	if (e == ERR_OK) {
		fputs(
		    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Glassnet: the "
		    "class</title>\n"
		    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><style>\n"
		    ":root{color-scheme:light dark}body{font:15px/1.5 system-ui,sans-serif;margin:1.5rem}\n"
		    "table{border-collapse:collapse}th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px "
		    "solid #8886}\n"
		    ".bad td:nth-child(3){font-weight:700}</style></head><body><h1>The class</h1><table><thead><tr>\n"
		    "<th>student</th><th>file</th><th>bundle</th>",
		    r.out);
		for (unsigned i = 0; i < MAX_SHEETS; i++)
			if (t->column[i])
				fprintf(r.out, "<th>worksheet %u</th>", i);
		fputs("</tr></thead><tbody>\n", r.out);
		for (size_t i = 0; i < t->n; i++)
			html_row(t, &t->row[i], r.out);
		fputs("</tbody></table>\n", r.out);
		if (t->missing && *t->missing) {
			fputs("<p>No bundle: ", r.out);
			put_html(r.out, t->missing);
			fputs("</p>\n", r.out);
		}
		fputs("</body></html>\n", r.out);
		e = replacement_commit(&r);
	}
	return e == ERR_OK ? EXIT_YES : cli_fail(t->c, e, "can't write %s: %s", path, strerror(errno));
}

/* The programs that are run here are Glassnet's own first. */
static void use_own_programs(const char *bin)
{
	char path[2 * PATH_MAX];
	const char *old = getenv("PATH");

	if (snprintf(path, sizeof path, "%s:%s", bin, old ? old : "/usr/bin:/bin") < (int)sizeof path)
		setenv("PATH", path, 1);
}

int verb_grade(struct cli *c)
{
	struct places places;
	struct why w = {""};
	struct table t = {.c = c, .n = (size_t)c->argc};
	int status = bundle_class_key(c, t.key, &t.key_len);
	enum err e = places_find(&places, cli_get(c, "data"), &w);

	if (status != EXIT_YES || e != ERR_OK)
		return status != EXIT_YES ? status : cli_fail(c, e, "%s", w.text);
	t.data_dir = places.data;
	e = again_open(&t.again, places.data, &w);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", w.text);
	use_own_programs(places.bin);
	t.row = calloc(t.n, sizeof *t.row);
	if (!t.row) {
		again_close(&t.again);
		return cli_fail(c, ERR_NOMEM, "out of memory");
	}
	for (size_t i = 0; i < t.n; i++) {
		t.row[i].file = c->argv[i];
		grade_one(&t, &t.row[i]);
	}
	compare_rows(&t);
	status = call_roster(&t);
	if (status == EXIT_YES)
		status = print_html(&t);
	if (status == EXIT_YES) {
		(cli_has(c, "json") ? print_json : print_csv)(&t, c->out);
		for (size_t i = 0; i < t.n; i++)
			status = t.row[i].good ? status : EXIT_NO;
	}
	for (size_t i = 0; i < t.n; i++)
		json_decref(t.row[i].bundle);
	again_close(&t.again);
	free(t.row);
	free(t.missing);
	sodium_memzero(t.key, sizeof t.key);
	return status;
}
