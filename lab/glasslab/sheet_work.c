#include "sheet_work.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_SHEETS 100

/* --- keeping the lab's packets --- */

struct keeping {
	const json_t *facts;
	const char *lab, *key, *file;
};

static void note_evidence(json_t *state, void *ctx)
{
	const struct keeping *k = ctx;
	json_t *list = json_object_get(state, "evidence");
	const char *seed = json_string_value(json_object_get(k->facts, "seed"));

	if (!list) {
		list = json_array();
		json_object_set_new(state, "evidence", list);
	}
	if (k->file)
		json_array_append_new(list, json_pack("{s:s,s:s}", "file", k->file, "key", k->key));
	json_object_set_new(state, "lab", json_string(k->lab));
	json_object_set_new(state, "key", json_string(k->key));
	json_object_set_new(state, "student", seed ? json_string(seed) : json_null());
	json_object_set_new(state, "facts", json_deep_copy(k->facts));
}

/* A name for the next file of packets. */
static enum err new_file(unsigned number, char out[static PATH_MAX], struct why *w)
{
	char folder[PATH_MAX];
	enum err e = state_folder(folder, w);

	for (int i = 1; e == ERR_OK && i < 10000; i++)
		if (snprintf(out, PATH_MAX, "%s/%02u-%d.pcapng", folder, number, i) < PATH_MAX &&
		    access(out, F_OK) != 0)
			return ERR_OK;
	return e == ERR_OK ? why(w, ERR_IO, "%s is full of files", folder) : e;
}

/* If the lab runs, its packets are kept from now on; *kept: they are. */
static enum err keep(unsigned number, const char *lab_name, bool *kept, struct why *w)
{
	char key[160], path[PATH_MAX];
	struct lab *lab;
	enum err e = lab_open(&lab, lab_name);

	*kept = false;
	if (e != ERR_OK)
		return e == ERR_CLOSED ? ERR_OK : why(w, e, "the lab \"%s\": %s", lab_name, err_text(e));
	lab_key(lab_facts(lab), key);
	bool running = keep_sync(number);
	struct keeping k = {.facts = lab_facts(lab), .lab = lab_name, .key = key, .file = running ? NULL : path};
	if (!running)
		e = new_file(number, path, w);
	if (e == ERR_OK)
		e = state_change(number, note_evidence, &k, w);
	lab_close(lab);
	if (e == ERR_OK && !running)
		e = keep_start(lab_name, number, path, w);
	*kept = e == ERR_OK;
	return e;
}

void work_resume(const char *lab_name)
{
	struct why w;
	bool kept;

	for (unsigned i = 0; i < MAX_SHEETS; i++) {
		json_t *state = state_load(i, &w);
		const char *lab = json_string_value(json_object_get(state, "lab"));
		if (lab && strcmp(lab, lab_name) == 0)
			(void)!keep(i, lab_name, &kept, &w);
		json_decref(state);
	}
}

/* --- the copy --- */

static enum err copy_prose(const char *from, const char *to, bool *made, struct why *w)
{
	char buf[16384];
	size_t n;
	FILE *in = fopen(from, "re");
	int fd = in ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;
	FILE *out = fd >= 0 ? fdopen(fd, "w") : NULL;
	enum err e = ERR_OK;

	*made = out != NULL;
	if (!out && !(in && errno == EEXIST))
		e = why_errno(w, ERR_IO, "%s", in ? to : from);
	while (out && (n = fread(buf, 1, sizeof buf, in)) > 0)
		fwrite(buf, 1, n, out);
	if (out && (ferror(out) || fclose(out) != 0))
		e = why_errno(w, ERR_IO, "%s", to);
	if (in)
		fclose(in);
	return e;
}

static void note_copy(json_t *state, void *ctx)
{
	json_object_set_new(state, "copy", json_string(ctx));
}

struct begun {
	unsigned number;
	const char *lab;
};

static void note_begun(json_t *state, void *ctx)
{
	const struct begun *b = ctx;

	json_object_set_new(state, "worksheet", json_integer(b->number));
	json_object_set_new(state, "lab", json_string(b->lab));
}

enum err work_begin(
    const struct sheet *s, const char *copy, const char *lab_name, bool *made, bool *kept, struct why *w)
{
	char path[PATH_MAX];
	struct begun b = {s->number, lab_name};
	enum err e = copy_prose(s->prose, copy, made, w);

	*kept = false;
	if (e == ERR_OK && !realpath(copy, path))
		e = why_errno(w, ERR_IO, "%s", copy);
	if (e == ERR_OK)
		e = state_change(s->number, note_copy, path, w);
	if (e == ERR_OK)
		e = state_change(s->number, note_begun, &b, w);
	return e == ERR_OK ? keep(s->number, lab_name, kept, w) : e;
}

/* --- an open worksheet --- */

static enum err read_evidence(struct work *k, struct why *w)
{
	const char *key = json_string_value(json_object_get(k->state, "key"));
	json_t *one;
	size_t i;
	bool packets = false;
	enum err e = ERR_OK;

	for (i = 0; i < k->sheet.n_steps; i++)
		packets |= step_wants_packets(&k->sheet.step[i]);
	k->wire = (struct wire){.facts = json_object_get(k->state, "facts")};
	json_array_foreach(json_object_get(k->state, "evidence"), i, one)
	{
		const char *file = json_string_value(json_object_get(one, "file"));
		const char *its = json_string_value(json_object_get(one, "key"));
		/* what was seen under another seed has other right answers */
		if (e == ERR_OK && file && its && key && strcmp(its, key) == 0 && access(file, F_OK) == 0)
			e = wire_read(&k->wire, file, i, w);
		else
			continue;
		if (e == ERR_OK && packets)
			e = rows_read(&k->wire.rows, file, w);
	}
	return e;
}

static void note_passed(json_t *state, void *ctx)
{
	const struct work *k = ctx;
	json_t *passed = json_object();

	for (size_t i = 0; i < k->sheet.n_steps; i++)
		if (k->found[i].verdict == VERDICT_PASS)
			json_object_set_new(passed, k->sheet.step[i].id, json_string(k->found[i].text));
	json_object_set_new(state, "passed", passed);
}

static void judge_all(struct work *k)
{
	const char *key = json_string_value(json_object_get(k->state, "key"));
	const struct sheet_case c = {
	    &k->sheet, &k->answers, &k->wire, key ? json_object_get(json_object_get(k->state, "said"), key) : NULL};

	k->passed = 0;
	for (size_t i = 0; i < k->sheet.n_steps; i++) {
		sheet_judge(&c, &k->sheet.step[i], &k->found[i]);
		k->passed += k->found[i].verdict == VERDICT_PASS;
	}
}

enum err work_load(struct work *k, const char *data_dir, unsigned number, const char *lab_name, struct why *w)
{
	bool kept = false;

	memset(k, 0, sizeof *k);
	enum err e = sheet_load(&k->sheet, data_dir, number, w);
	if (e != ERR_OK)
		return e;
	k->state = state_load(number, w);
	if (!k->state)
		e = w->text[0] ? ERR_FORMAT
		               : why(w, ERR_NEGATIVE, "worksheet %u is not open: `glasslab start %u` opens it",
		                     number, number);
	if (e == ERR_OK) {
		k->unkept = !keep_sync(number);
		e = keep(number, lab_name, &kept, w);
		k->unkept = k->unkept && kept;
	}
	if (e == ERR_OK && kept) {
		json_decref(k->state);
		k->state = state_load(number, w);
		const char *key = json_string_value(json_object_get(k->state, "key"));
		e = key ? work_ask(&k->sheet, lab_name, key, w) : ERR_OK;
	}
	if (e == ERR_OK) {
		json_decref(k->state);
		k->state = state_load(number, w);
		const char *copy = json_string_value(json_object_get(k->state, "copy"));
		e = copy ? answers_read(&k->answers, copy, w)
		         : why(w, ERR_FORMAT, "what is remembered of worksheet %u has no copy", number);
	}
	if (e == ERR_OK)
		e = read_evidence(k, w);
	if (e == ERR_OK) {
		judge_all(k);
		e = state_change(number, note_passed, k, w);
	}
	if (e != ERR_OK)
		work_release(k);
	return e;
}

void work_release(struct work *k)
{
	wire_release(&k->wire);
	json_decref(k->state);
	k->state = NULL;
	sheet_release(&k->sheet);
}
