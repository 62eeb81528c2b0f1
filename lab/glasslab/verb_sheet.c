/* start, check, hint, progress, reset: worksheets for the learner. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sheet_work.h"
#include "verbs.h"

#define BAR             12
#define PROGRESS_COLUMN 20

/* "2", "02", and "2.4" as the number before the point. -1: neither. */
static int number_of(struct cli *c, const char *text, bool step)
{
	char *end;
	long n = strtol(text, &end, 10);
	bool good = end != text && n >= 0 && n < 100 && (step ? *end == '.' && end[1] : *end == '\0');

	if (good)
		return (int)n;
	cli_usage(c, "'%s' is no %s", text, step ? "step of a worksheet, as 2.4 is" : "worksheet's number");
	return -1;
}

/* The data folder and the lab's name, or an exit status. */
static int surroundings(struct cli *c, struct places *places, const char **lab)
{
	struct why w = {""};
	enum err e = places_find(places, cli_get(c, "data"), &w);

	if (e != ERR_OK)
		return cli_fail(c, e, "%s", w.text);
	*lab = lab_name(c);
	return *lab ? EXIT_YES : EXIT_USAGE;
}

/* A line from that column on, wrapped on a terminal. */
static void put_line(struct cli *c, unsigned column, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void put_line(struct cli *c, unsigned column, const char *fmt, ...)
{
	char text[PATH_MAX + SHEET_TEXT];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fprintf(c->out, "%*s", (int)column, "");
	write_wrapped(c->out, text, column, column ? column : 4, cli_style(c).width);
}

/* Writes a line of JSON; takes o. */
static void put_json(struct cli *c, json_t *o)
{
	(void)json_dumpf(o, c->out, JSON_COMPACT);
	fputc('\n', c->out);
	json_decref(o);
}

/* --- start and reset --- */

static int begin(struct cli *c, const struct sheet *s, const char *copy, const char *lab)
{
	struct why w = {""};
	bool made, kept;
	enum err e = work_begin(s, copy, lab, &made, &kept, &w);

	if (e != ERR_OK)
		return cli_fail(c, e, "%s", w.text);
	if (cli_has(c, "json")) {
		put_json(c, json_pack("{s:i,s:s,s:s,s:b,s:b}", "worksheet", (int)s->number, "topic", s->topic, "copy",
		                copy, "made", made, "kept", kept));
		return EXIT_YES;
	}
	put_line(
	    c, 0, "%s %s: %s", made ? "Your copy of the worksheet is" : "The worksheet goes on in", copy, s->topic);
	if (kept)
		put_line(c, 0,
		    "The packets of the lab \"%s\" are kept while you work. Look at how far you are: glasslab check "
		    "%u",
		    lab, s->number);
	else
		put_line(c, 0,
		    "No lab called \"%s\" runs: start one with `glasslab up --seed YOUR-NAME`. Its packets are kept "
		    "from then on.",
		    lab);
	return EXIT_YES;
}

/* What start and reset begin with: the worksheet that is named, what is remembered of it, and where its copy is ("": nowhere). */
struct opening {
	struct sheet sheet;
	json_t *state;
	struct why w; /* why there is no state, though there is a file */
	const char *lab;
	char copy[PATH_MAX];
};

/* An exit status; with EXIT_YES the caller closes it. */
static int opening_open(struct cli *c, struct opening *o)
{
	struct places places;
	int number = number_of(c, c->argv[0], false),
	    status = number < 0 ? EXIT_USAGE : surroundings(c, &places, &o->lab);

	if (status != EXIT_YES)
		return status;
	enum err e = sheet_load(&o->sheet, places.data, (unsigned)number, &o->w);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", o->w.text);
	o->state = state_load(o->sheet.number, &o->w);
	const char *copy = json_string_value(json_object_get(o->state, "copy"));
	snprintf(o->copy, sizeof o->copy, "%s", copy ? copy : "");
	return EXIT_YES;
}

static void opening_close(struct opening *o)
{
	json_decref(o->state);
	sheet_release(&o->sheet);
}

int verb_start(struct cli *c)
{
	struct opening o;
	int status = opening_open(c, &o);

	if (status != EXIT_YES)
		return status;
	if (!*o.copy || access(o.copy, F_OK) != 0)
		snprintf(o.copy, sizeof o.copy, "%s.md", o.sheet.name);
	if (!o.state && o.w.text[0])
		status = cli_fail(c, ERR_FORMAT, "%s", o.w.text);
	else
		status = begin(c, &o.sheet, o.copy, o.lab);
	opening_close(&o);
	return status;
}

/* Forgets all, but for what the learner wrote: that is moved aside. */
static enum err forget(struct opening *o, char old[static PATH_MAX + 8])
{
	enum err e;

	keep_stop(o->sheet.number);
	if (!o->state && !o->w.text[0])
		return why(&o->w, ERR_NEGATIVE, "worksheet %u is not open", o->sheet.number);
	e = state_remove(o->sheet.number, &o->w);
	snprintf(old, PATH_MAX + 8, "%s.old", o->copy);
	if (e == ERR_OK && *o->copy && rename(o->copy, old) != 0 && errno != ENOENT)
		e = why_errno(&o->w, ERR_IO, "%s", o->copy);
	return e;
}

int verb_reset(struct cli *c)
{
	struct opening o;
	char old[PATH_MAX + 8];
	int status = opening_open(c, &o);

	if (status != EXIT_YES)
		return status;
	unsigned number = o.sheet.number;
	enum err e = forget(&o, old);
	if (e != ERR_OK)
		status = cli_fail(c, e, "%s", o.w.text);
	else if (*o.copy) {
		if (!cli_has(c, "json"))
			fprintf(c->out, "What you wrote is in %s now.\n", old);
		status = begin(c, &o.sheet, o.copy, o.lab);
	} else if (cli_has(c, "json")) {
		put_json(c, json_pack("{s:i,s:n}", "worksheet", (int)number, "copy"));
	} else {
		fprintf(c->out, "What was remembered of worksheet %u is gone: `glasslab start %u` opens it again.\n",
		    number, number);
	}
	opening_close(&o);
	return status;
}

/* --- check --- */

static void tell_step(struct trace *t, const struct sheet_step *st, const struct finding_of_step *f)
{
	char packet[40] = "", title[256];

	snprintf(title, sizeof title, "%s  %s", st->id, st->title);
	if (f->packet)
		snprintf(packet, sizeof packet, " (packet %llu)", (unsigned long long)f->packet);
	ev_check(t, st->id, f->verdict, NULL, title, "%s%s%s", f->verdict == VERDICT_PASS ? "" : "not yet: ", f->text,
	    packet);
	if (f->verdict == VERDICT_PASS)
		return;
	if (f->misconception)
		ev_decision(t, "misconception", NULL, "%s", f->misconception);
	ev_decision(t, "why", NULL, "why it matters: %s (glasslab hint %s)", st->why, st->id);
}

int verb_check(struct cli *c)
{
	struct places places;
	struct why w = {""};
	struct work k;
	struct trace t;
	const char *lab;
	char data[96];
	int number = number_of(c, c->argv[0], false),
	    status = number < 0 ? EXIT_USAGE : surroundings(c, &places, &lab);

	if (status != EXIT_YES)
		return status;
	enum err e = work_load(&k, places.data, (unsigned)number, lab, &w);
	if (e != ERR_OK) /* that it cannot be checked is no verdict on what was done */
		return cli_fail(c, e == ERR_NEGATIVE ? ERR_IO : e, "%s", w.text);
	e = cli_trace_open(c, &t, &clock_real, "glasslab");
	if (e == ERR_OK) {
		ev_heading(&t, "Worksheet %u: %s", k.sheet.number, k.sheet.topic);
		if (k.unkept)
			ev_warning(&t, "Nobody kept the lab's packets until now; they are kept from here on.");
		for (size_t i = 0; i < k.sheet.n_steps; i++)
			tell_step(&t, &k.sheet.step[i], &k.found[i]);
		bool all = k.passed == k.sheet.n_steps;
		snprintf(data, sizeof data, "{\"worksheet\":%u,\"steps\":%zu,\"passed\":%zu}", k.sheet.number,
		    k.sheet.n_steps, k.passed);
		ev_result(&t, all ? ERR_OK : ERR_NEGATIVE, data, "%zu of %zu steps%s", k.passed, k.sheet.n_steps,
		    all ? ": the worksheet is done" : "; the others are not there yet");
		status = all ? EXIT_YES : EXIT_NO;
	}
	work_release(&k);
	return cli_trace_close(c, &t, e == ERR_OK ? status : (int)err_exit(e));
}

/* --- hint --- */

struct hint_request {
	const char *id;
	int level; /* out */
};

static void one_more(json_t *state, void *ctx)
{
	struct hint_request *h = ctx;
	json_t *hints = json_object_get(state, "hints");

	if (!hints) {
		hints = json_object();
		json_object_set_new(state, "hints", hints);
	}
	h->level = (int)json_integer_value(json_object_get(hints, h->id)) + 1;
	h->level = h->level > SHEET_HINTS ? SHEET_HINTS : h->level;
	json_object_set_new(hints, h->id, json_integer(h->level));
}

static void print_hints(struct cli *c, const struct sheet_step *st, int level)
{
	static const char *const names[SHEET_HINTS] = {"a nudge", "where to look", "almost the answer"};

	if (cli_has(c, "json")) {
		put_json(c, json_pack("{s:s,s:i,s:s}", "step", st->id, "level", level, "hint", st->hint[level - 1]));
		return;
	}
	put_line(c, 0, "%s  %s", st->id, st->title);
	for (int i = 0; i < level; i++)
		put_line(c, 5, "%d of %d, %s: %s", i + 1, SHEET_HINTS, names[i], st->hint[i]);
}

int verb_hint(struct cli *c)
{
	struct places places;
	struct why w = {""};
	struct sheet s;
	struct hint_request h = {.id = c->argv[0]};
	const char *lab;
	int number = number_of(c, c->argv[0], true),
	    status = number < 0 ? EXIT_USAGE : surroundings(c, &places, &lab);

	if (status != EXIT_YES)
		return status;
	enum err e = sheet_load(&s, places.data, (unsigned)number, &w);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", w.text);
	const struct sheet_step *st = sheet_find(&s, h.id);
	json_t *state = state_load(s.number, &w);
	if (!st)
		status = cli_usage(c, "worksheet %u has no step %s; it has %s to %s", s.number, h.id, s.step[0].id,
		    s.step[s.n_steps - 1].id);
	else if (!state)
		status = cli_fail(
		    c, ERR_IO, "%s", w.text[0] ? w.text : "the worksheet is not open: `glasslab start` opens it");
	else if ((e = state_change(s.number, one_more, &h, &w)) != ERR_OK)
		status = cli_fail(c, e, "%s", w.text);
	else
		print_hints(c, st, h.level);
	json_decref(state);
	sheet_release(&s);
	return status;
}

/* --- progress --- */

static void print_progress(struct cli *c, const struct sheet *s, const json_t *state)
{
	const json_t *passed = json_object_get(state, "passed");
	size_t n = 0;
	const struct sheet_step *next = NULL;
	char bar[BAR + 1];

	for (size_t i = 0; i < s->n_steps; i++) {
		bool done = json_object_get(passed, s->step[i].id) != NULL;
		n += done;
		next = done || next ? next : &s->step[i];
	}
	if (cli_has(c, "json")) {
		put_json(c, json_pack("{s:i,s:s,s:b,s:I,s:I,s:s*}", "worksheet", (int)s->number, "topic", s->topic,
		                "open", state != NULL, "steps", (json_int_t)s->n_steps, "passed", (json_int_t)n,
		                "next", next ? next->id : NULL));
		return;
	}
	for (size_t i = 0; i < BAR; i++)
		bar[i] = i * s->n_steps < n * BAR ? '#' : '.';
	bar[BAR] = '\0';
	put_line(c, 0, "%02u  [%s]  %zu of %zu  %s", s->number, bar, n, s->n_steps, s->topic);
	if (!state)
		put_line(c, PROGRESS_COLUMN, "not begun: glasslab start %u", s->number);
	else if (next)
		put_line(c, PROGRESS_COLUMN, "next: %s %s", next->id, next->title);
}

int verb_progress(struct cli *c)
{
	struct places places;
	struct why w = {""};
	const char *lab;
	int status = surroundings(c, &places, &lab);

	for (unsigned i = 0; status == EXIT_YES && i < 100; i++) {
		struct sheet s;
		enum err e = sheet_load(&s, places.data, i, &w);
		if (e == ERR_NEGATIVE)
			continue;
		if (e != ERR_OK)
			return cli_fail(c, e, "%s", w.text);
		json_t *state = state_load(i, &w);
		print_progress(c, &s, state);
		json_decref(state);
		sheet_release(&s);
	}
	return status;
}
