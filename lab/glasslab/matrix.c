/* The matrix: plays its cells, draws the verdicts, and holds them against what was predicted. */
#include "matrix.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static const struct cell_family *const families[] = {
    &matrix_web, &matrix_dns, &matrix_tls, &matrix_ca, &matrix_suites, &matrix_ssh, &matrix_dh, &matrix_download};

#define N_FAMILIES (sizeof(families) / sizeof(families[0]))

const struct cell_family *matrix_family(size_t i)
{
	return i < N_FAMILIES ? families[i] : NULL;
}

/* --- prose --- */

struct prose {
	config_t file;
	bool open;
	char path[4096];
};

static bool read_prose(struct cli *c, struct prose *p, const char *data_dir, const char *family)
{
	snprintf(p->path, sizeof(p->path), "%s/scenes/matrix/%s.conf", data_dir, family);
	config_init(&p->file);
	p->open = true;
	if (config_read_file(&p->file, p->path))
		return true;
	if (config_error_type(&p->file) == CONFIG_ERR_FILE_IO)
		cli_fail(c, ERR_IO, "can't read %s: %s", p->path, strerror(errno));
	else
		cli_fail(
		    c, ERR_FORMAT, "%s:%d: %s", p->path, config_error_line(&p->file), config_error_text(&p->file));
	return false;
}

static const config_setting_t *prose_of(const struct prose *p, const char *id)
{
	const config_setting_t *cells = config_lookup(&p->file, "cells");
	const char *name;

	for (int i = 0; cells && i < config_setting_length(cells); i++) {
		const config_setting_t *cell = config_setting_get_elem(cells, (unsigned)i);
		if (config_setting_lookup_string(cell, "id", &name) && strcmp(name, id) == 0)
			return cell;
	}
	return NULL;
}

static const char *prose_text(const config_setting_t *cell, const char *key)
{
	const char *text = "";

	return cell && config_setting_lookup_string(cell, key, &text) ? text : "";
}

static const char *verdict_word(enum cell_verdict v)
{
	static const char *const words[] = {"undecided", "stopped", "not stopped"};

	return words[v];
}

static bool read_texts(struct matrix_row *r, const struct prose *p, const struct cell *cell)
{
	const config_setting_t *s = prose_of(p, cell->id);

	r->id = cell->id;
	r->attack = prose_text(s, "attack");
	r->protection = prose_text(s, "protection");
	r->explain = prose_text(s, "explain");
	r->lesson = prose_text(s, "lesson");
	r->predict = prose_text(s, "predict");
	return *r->attack && *r->protection && *r->explain && *r->lesson &&
	       (strcmp(r->predict, "stopped") == 0 || strcmp(r->predict, "not stopped") == 0);
}

/* --- one cell --- */

static bool as_predicted(const struct matrix_row *r)
{
	return strcmp(r->verdict, r->predict) == 0;
}

static void tell_outcome(struct trace *t, const struct matrix_row *r)
{
	const struct outcome *o = &r->outcome;

	ev_decision(t, "tried", NULL, "mallory tried: %s", *o->tried ? o->tried : "nothing that could be seen");
	ev_decision(t, "got", NULL, "mallory got: %s", *o->got ? o->got : "nothing");
	if (*o->not_got)
		ev_decision(t, "not-got", NULL, "mallory could not get: %s", o->not_got);
	if (*o->decided) {
		char packet[32] = "";
		if (o->packet)
			snprintf(packet, sizeof(packet), " (packet #%llu)", (unsigned long long)o->packet);
		ev_decision(t, "decided", NULL, "what decided%s: %s: %s%s", o->overruled ? ", and was overruled" : "",
		    o->check, o->decided, packet);
	}
	ev_check(t, "as-predicted", as_predicted(r) ? VERDICT_PASS : VERDICT_FAIL, NULL, "did it end as predicted?",
	    "%s; predicted: %s", r->verdict, r->predict);
	if (as_predicted(r))
		ev_explain(t, "%s", r->lesson);
}

/* Nothing of one cell is left to the next but where the laptop is. */
static void begin_cell(struct matrix *m)
{
	matrix_sh(m, "laptop", "umask 077; rm -rf \"$1\" && mkdir -p \"$1\"", MATRIX_FOLDER);
}

static void end_cell(struct matrix *m)
{
	demo_stop(m->d, &m->middle);
	demo_stop(m->d, &m->wifi);
	demo_process_release(&m->middle);
	demo_process_release(&m->wifi);
}

/* Plays one cell in the demo d, whose trace is its own. */
static void play_cell(struct matrix *m, struct demo *d, const struct cell *cell, struct matrix_row *r)
{
	struct trace *t = &d->trace;

	m->d = d;
	ev_heading(t, "%s against: %s", r->attack, r->protection);
	ev_explain(t, "%s", r->explain);
	ev_decision(t, "predicted", NULL, "predicted: %s", r->predict);
	begin_cell(m);
	if (m->ready)
		cell->run(m, &r->outcome);
	end_cell(m);
	if (d->unexpected > 0) /* it could not be played as it should */
		r->outcome.ran = false;
	r->verdict = verdict_word(cli_interrupted() ? CELL_UNDECIDED : cell_judge(&r->outcome));
	tell_outcome(t, r);
}

/* --- all of them --- */

struct table {
	struct demo *d;
	struct matrix m;
	struct trace_book *book; /* the page; or NULL */
	const char *only;        /* --cell; or NULL */
	struct prose prose[N_FAMILIES];
	size_t n;
	struct matrix_row rows[MATRIX_MAX];
};

static json_t *row_json(const struct matrix_row *r)
{
	const struct outcome *o = &r->outcome;
	json_t *by = *o->decided ? json_pack("{s:s,s:s}", "check", o->check, "text", o->decided) : NULL;

	return json_pack("{s:s,s:s,s:s,s:s,s:s,s:s,s:b,s:b,s:s,s:s,s:s,s:o?,s:o?,s:s,s:s}", "cell", r->id, "family",
	    r->family, "attack", r->attack, "protection", r->protection, "verdict", r->verdict, "predicted",
	    r->predict, "as_predicted", as_predicted(r), "overruled", o->overruled, "tried", o->tried, "got", o->got,
	    "not_got", o->not_got, "decided_by", by, "packet", o->packet ? json_integer((json_int_t)o->packet) : NULL,
	    "explain", r->explain, "lesson", r->lesson);
}

/* The one event of a cell in the scene's trace. */
static void say_cell(struct demo *d, const struct matrix_row *r)
{
	static const char *const marks[] = {"undecided", "stopped", "NOT STOPPED"};
	const struct outcome *o = &r->outcome;
	bool stopped = strcmp(r->verdict, "stopped") == 0, open = strcmp(r->verdict, "not stopped") == 0;
	json_t *j = row_json(r);
	char *data = j ? json_dumps(j, JSON_COMPACT) : NULL;
	char why[2 * CELL_TEXT], end[64] = "", packet[32] = "";

	if (o->packet)
		snprintf(packet, sizeof(packet), ", #%llu", (unsigned long long)o->packet);
	if (stopped)
		snprintf(why, sizeof(why), "%s (%s%s)", o->decided, o->check, packet);
	else if (open)
		snprintf(why, sizeof(why), "mallory has %s%s", o->got, packet);
	else
		snprintf(
		    why, sizeof(why), "%s", o->ran ? "nothing is known that stopped it" : "the attack did not run");
	if (!as_predicted(r))
		snprintf(end, sizeof(end), " (predicted: %s)", r->predict);
	ev_result(&d->trace, stopped ? ERR_OK : ERR_NEGATIVE, data, "%-11s  %s: %s against %s - %s%s",
	    marks[stopped ? CELL_STOPPED
	          : open  ? CELL_NOT_STOPPED
	                  : CELL_UNDECIDED],
	    r->id, r->attack, r->protection, why, end);
	free(data);
	json_decref(j);
}

static bool goes_on(const struct demo *d)
{
	return d->err == ERR_OK && !cli_interrupted();
}

static void take_errors(struct demo *d, struct demo *from, const struct matrix_row *r)
{
	enum err e = trace_release(&from->trace);

	if (d->err == ERR_OK)
		d->err = from->err != ERR_OK ? from->err : e;
	if (cli_interrupted())
		return;
	d->checks++;
	d->unexpected += !as_predicted(r);
}

static enum err open_part(struct trace_book *book, struct trace *t, const struct matrix_row *r)
{
	char title[256];
	struct trace_sink sink;

	snprintf(title, sizeof(title), "%s against: %s", r->attack, r->protection);
	enum err e = trace_book_part(book, &sink, r->id, title);
	return e == ERR_OK ? trace_add(t, sink) : e;
}

/* In detail the cell's events are the scene's; else they become its page, and the scene has one event of it. */
static void one_cell(struct table *t, const struct cell *cell, struct matrix_row *r)
{
	struct demo own = *t->d;
	enum err e = ERR_OK;

	own.checks = own.unexpected = 0;
	own.apart = t->only == NULL;
	trace_init(&own.trace, &clock_real, "glasslab");
	if (t->only)
		e = trace_add(&own.trace, sink_tee(&t->d->trace));
	else if (t->book)
		e = open_part(t->book, &own.trace, r);
	if (e == ERR_OK)
		play_cell(&t->m, &own, cell, r);
	else
		own.err = e;
	take_errors(t->d, &own, r);
	t->m.d = t->d;
	if (!cli_interrupted() && e == ERR_OK)
		say_cell(t->d, r);
}

/* Nobody has to see how that is done. */
static bool prepare(struct table *t, const struct cell_family *family)
{
	struct demo unseen = *t->d;

	trace_init(&unseen.trace, &clock_real, "glasslab");
	t->m.d = &unseen;
	bool ok = !family->prepare || family->prepare(&t->m);
	t->m.d = t->d;
	if (t->d->err == ERR_OK)
		t->d->err = unseen.err;
	if (!ok && goes_on(t->d))
		ev_warning(&t->d->trace, "what these attacks need is not there: %s.conf", family->name);
	return ok;
}

static void play_family(struct table *t, size_t f)
{
	const struct cell_family *family = families[f];
	const char *title = "";
	bool ready = false, begun = false;

	if (!read_prose(t->d->cli, &t->prose[f], t->d->data_dir, family->name)) {
		t->d->err = t->d->err == ERR_OK ? ERR_FORMAT : t->d->err;
		return;
	}
	config_lookup_string(&t->prose[f].file, "title", &title);
	for (size_t i = 0; i < family->n && goes_on(t->d) && t->n < MATRIX_MAX; i++) {
		struct matrix_row *r = &t->rows[t->n];
		if (t->only && strcmp(t->only, family->cells[i].id) != 0)
			continue;
		r->family = title;
		if (!read_texts(r, &t->prose[f], &family->cells[i])) {
			cli_fail(t->d->cli, ERR_FORMAT, "%s: the texts of the cell %s are not there, or not whole",
			    t->prose[f].path, family->cells[i].id);
			t->d->err = ERR_FORMAT;
			return;
		}
		if (!begun && !t->only)
			ev_heading(&t->d->trace, "%s", title);
		if (!begun)
			ready = prepare(t, family);
		begun = true;
		t->m.ready = ready;
		one_cell(t, &family->cells[i], r);
		t->n++;
	}
	if (begun && family->clean)
		family->clean(t->d);
}

/* The table at the end; in JSON each cell has its event. */
static void draw_table(struct table *t)
{
	struct trace *trace = &t->d->trace;
	const char *family = "";

	ev_heading(trace, "The matrix, as measured");
	if (cli_has(t->d->cli, "json"))
		return;
	ev_decision(trace, "row", NULL, "%-27s %-25s %s", "ATTACK", "PROTECTION", "VERDICT");
	for (size_t i = 0; i < t->n; i++) {
		const struct matrix_row *r = &t->rows[i];
		if (strcmp(family, r->family) != 0)
			ev_decision(trace, "row", NULL, "- %s", family = r->family);
		bool open = strcmp(r->verdict, "not stopped") == 0;
		ev_decision(trace, "row", NULL, "%-27s %-25s %s", r->attack, r->protection,
		    open ? "NOT STOPPED" : r->verdict);
	}
}

/* --- the page --- */

bool matrix_has_page(const struct cli *c)
{
	return cli_get(c, "html") && !cli_has(c, "cell") && !cli_has(c, "story");
}

static void page_failed(struct table *t, enum err e)
{
	cli_fail(t->d->cli, e, "can't write %s: %s", cli_get(t->d->cli, "html"),
	    e == ERR_IO ? strerror(errno) : err_text(e));
	if (t->d->err == ERR_OK)
		t->d->err = e;
}

static void open_page(struct table *t)
{
	if (!matrix_has_page(t->d->cli))
		return;
	enum err e = trace_book_open(
	    &t->book, cli_get(t->d->cli, "html"), "freewifi: attacks and protections", lab_facts(t->d->lab));
	if (e != ERR_OK)
		page_failed(t, e);
}

static void write_page(struct table *t)
{
	char *cells[MATRIX_MAX] = {NULL};
	enum err e = ERR_OK;

	for (size_t i = 0; i < t->n && e == ERR_OK; i++) {
		json_t *j = row_json(&t->rows[i]);
		cells[i] = j ? json_dumps(j, JSON_COMPACT) : NULL;
		e = cells[i] ? ERR_OK : ERR_NOMEM;
		json_decref(j);
	}
	if (e == ERR_OK)
		e = trace_book_write(t->book, (const char *const *)cells, t->n);
	if (e != ERR_OK)
		page_failed(t, e);
	for (size_t i = 0; i < t->n; i++)
		free(cells[i]);
}

void matrix_play(struct demo *d)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t) {
		d->err = ERR_NOMEM;
		return;
	}
	t->d = d;
	t->only = cli_get(d->cli, "cell");
	t->m = (struct matrix){.d = d};
	t->m.wifi = t->m.middle = (struct demo_process){.pid = -1, .out = -1};
	open_page(t);
	for (size_t f = 0; f < N_FAMILIES && goes_on(d); f++)
		play_family(t, f);
	if (goes_on(d) && !t->only)
		draw_table(t);
	if (goes_on(d) && t->book)
		write_page(t);
	trace_book_close(t->book);
	for (size_t f = 0; f < N_FAMILIES; f++)
		if (t->prose[f].open)
			config_destroy(&t->prose[f].file);
	sodium_memzero(t, sizeof(*t));
	free(t);
}

void matrix_clean(struct demo *d)
{
	static const char *const home[] = {"move", "laptop", "home", NULL};
	static const char *const forget[] = {"exec", "laptop", "--", "rm", "-rf", MATRIX_FOLDER, MATRIX_HTTP, NULL};

	demo_glasslab(d, home);
	demo_glasslab(d, forget);
}

/* --- options --- */

static const struct cell *find_cell(const char *id)
{
	for (size_t f = 0; f < N_FAMILIES; f++)
		for (size_t i = 0; i < families[f]->n; i++)
			if (strcmp(families[f]->cells[i].id, id) == 0)
				return &families[f]->cells[i];
	return NULL;
}

/* One line a cell, for people and for --cell. */
static int list(struct cli *c, const char *data_dir)
{
	for (size_t f = 0; f < N_FAMILIES; f++) {
		struct prose p = {0};
		bool ok = read_prose(c, &p, data_dir, families[f]->name);
		for (size_t i = 0; ok && i < families[f]->n; i++) {
			struct matrix_row r;
			ok = read_texts(&r, &p, &families[f]->cells[i]);
			if (ok)
				fprintf(c->out, "%-22s %-28s %s\n", r.id, r.attack, r.protection);
			else
				cli_fail(c, ERR_FORMAT, "%s: the texts of the cell %s are not there, or not whole",
				    p.path, families[f]->cells[i].id);
		}
		config_destroy(&p.file);
		if (!ok)
			return EXIT_MALFORMED;
	}
	return EXIT_YES;
}

int matrix_options(struct cli *c, const char *data_dir)
{
	const char *id = cli_get(c, "cell");
	int one = (id != NULL) + cli_has(c, "story") + cli_has(c, "matrix") + cli_has(c, "list");

	if (one > 1)
		return cli_usage(c, "--cell, --story, --matrix and --list exclude each other");
	if (id && !find_cell(id))
		return cli_usage(c, "there is no cell '%s'; --list names all", id);
	return cli_has(c, "list") ? list(c, data_dir) : -1;
}
