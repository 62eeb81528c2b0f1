/* bundle: a student's answers and evidence in one file. It belongs to the seed that the student's lab was drawn from: that
 * is the student's name. */
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sheet_work.h"
#include "verbs.h"

#define MAX_SHEETS 100

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

void bundle_digest(
    const json_t *bundle, const char *student, const uint8_t *class_key, size_t key_len, char hex[static 65])
{
	static const char prefix[] = "glassnet bundle 1: ";
	uint8_t key[crypto_generichash_KEYBYTES], digest[32];
	crypto_generichash_state state;
	json_t *copy = json_copy((json_t *)(uintptr_t)bundle);

	crypto_generichash_init(&state, NULL, 0, sizeof key);
	crypto_generichash_update(&state, (const uint8_t *)prefix, strlen(prefix));
	crypto_generichash_update(&state, (const uint8_t *)student, strlen(student) + 1);
	crypto_generichash_update(&state, class_key, key_len);
	crypto_generichash_final(&state, key, sizeof key);
	json_object_del(copy, "digest");
	char *text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	crypto_generichash(
	    digest, sizeof digest, (const uint8_t *)(text ? text : ""), text ? strlen(text) : 0, key, sizeof key);
	sodium_bin2hex(hex, 65, digest, sizeof digest);
	sodium_memzero(key, sizeof key);
	sodium_memzero(&state, sizeof state);
	free(text);
	json_decref(copy);
}

int bundle_class_key(struct cli *c, uint8_t key[static CLASS_KEY_MAX], size_t *len)
{
	const char *path = cli_get(c, "class-key");
	FILE *in = path ? fopen(path, "re") : NULL;

	*len = 0;
	if (path && !in)
		return cli_fail(c, ERR_IO, "%s: %s", path, strerror(errno));
	if (in) {
		*len = fread(key, 1, CLASS_KEY_MAX, in);
		fclose(in);
		if (*len == 0)
			return cli_fail(c, ERR_FORMAT, "%s: offset 0: a key has at least one octet", path);
	}
	return EXIT_YES;
}

/* --- bundle --- */

static const char *verdict_name(enum verdict v)
{
	return v == VERDICT_PASS ? "passed" : v == VERDICT_FAIL ? "wrong" : "not yet";
}

/* The packets that decided a step. */
static json_t *rows_json(const struct finding_of_step *f)
{
	json_t *out = json_array();

	for (size_t i = 0; i < f->n_rows; i++) {
		struct row r = f->row[i];
		text_clean(r.label);
		json_array_append_new(out, json_pack("{s:I,s:I,s:s,s:s,s:s}", "time", (json_int_t)r.time, "packet",
		                               (json_int_t)r.packet, "from", r.from, "to", r.to, "label", r.label));
	}
	return out;
}

/* Each step: the verdict, and all that it rests on. */
static json_t *steps_json(const struct work *k)
{
	const char *key = json_string_value(json_object_get(k->state, "key"));
	const json_t *said = key ? json_object_get(json_object_get(k->state, "said"), key) : NULL;
	json_t *out = json_array();

	for (size_t i = 0; i < k->sheet.n_steps; i++) {
		const struct sheet_step *st = &k->sheet.step[i];
		const struct finding_of_step *f = &k->found[i];
		json_array_append_new(
		    out, json_pack("{s:s,s:s,s:s,s:I,s:s*,s:I,s:s*,s:o}", "id", st->id, "verdict",
		             verdict_name(f->verdict), "found", f->text, "packet", (json_int_t)f->packet, "answer",
		             answers_find(&k->answers, st->id), "hints",
		             json_integer_value(json_object_get(json_object_get(k->state, "hints"), st->id)), "said",
		             json_string_value(json_object_get(said, st->id)), "evidence", rows_json(f)));
	}
	return out;
}

/* Adds worksheet number if it is open. */
static enum err add_sheet(
    json_t *sheets, const char *data_dir, unsigned number, const char *lab, char student[static 160], struct why *w)
{
	struct work k;
	json_t *state = state_load(number, w);

	if (!state)
		return w->text[0] ? ERR_FORMAT : ERR_OK;
	json_decref(state);
	enum err e = work_load(&k, data_dir, number, lab, w);
	if (e != ERR_OK)
		return e;
	const char *its = text_of(k.state, "student");
	if (!*its)
		e = why(w, ERR_NEGATIVE,
		    "worksheet %u was done in a lab without a name: `glasslab up --seed YOUR-NAME`", number);
	else if (*student && strcmp(student, its) != 0)
		e = why(w, ERR_NEGATIVE, "worksheet %u is of %s, another one of %s: one bundle is of one student",
		    number, its, student);
	else {
		snprintf(student, 160, "%s", its);
		json_array_append_new(sheets,
		    json_pack("{s:i,s:s,s:I,s:I,s:o}", "worksheet", (int)number, "topic", k.sheet.topic, "count",
		        (json_int_t)k.sheet.n_steps, "passed", (json_int_t)k.passed, "steps", steps_json(&k)));
	}
	work_release(&k);
	return e;
}

int verb_bundle(struct cli *c)
{
	struct places places;
	struct why w = {""};
	uint8_t key[CLASS_KEY_MAX];
	size_t key_len;
	char student[160] = "", hex[65];
	const char *lab = lab_name(c);
	json_t *sheets = json_array();
	int status = lab ? bundle_class_key(c, key, &key_len) : EXIT_USAGE;
	enum err e = status == EXIT_YES ? places_find(&places, cli_get(c, "data"), &w) : ERR_OK;

	for (unsigned i = 0; status == EXIT_YES && e == ERR_OK && i < MAX_SHEETS; i++)
		e = add_sheet(sheets, places.data, i, lab, student, &w);
	if (e == ERR_OK && status == EXIT_YES && json_array_size(sheets) == 0)
		e = why(&w, ERR_NEGATIVE, "no worksheet is open: `glasslab start N` opens one");
	if (e != ERR_OK)
		status = cli_fail(c, e, "%s", w.text);
	if (status == EXIT_YES) {
		json_t *o = json_pack("{s:s,s:i,s:s,s:O}", "schema", BUNDLE_SCHEMA, "version", BUNDLE_VERSION,
		    "student", student, "worksheets", sheets);
		bundle_digest(o, student, key, key_len, hex);
		json_object_set_new(o, "digest", json_string(hex));
		(void)json_dumpf(o, c->out, JSON_INDENT(1) | JSON_SORT_KEYS);
		fputc('\n', c->out);
		json_decref(o);
	}
	sodium_memzero(key, sizeof key);
	json_decref(sheets);
	return status;
}
