/* The worksheets that are shipped: each is whole, and so is each step of it. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "glasslab/sheet.h"
#include "torture.h"

static struct sheet sheet;
static int bad; /* how much was found */

#define BAD(st, ...)                                                                                                 \
	do {                                                                                                         \
		print_error("%s, step %s: ", sheet.name, (st)->id);                                                  \
		print_error(__VA_ARGS__);                                                                            \
		print_error("\n");                                                                                   \
		bad++;                                                                                               \
	} while (0)

/* Calls look() for each worksheet. */
static void for_each_sheet(void (*look)(void))
{
	unsigned found = 0;

	bad = 0;
	for (unsigned i = 0; i < 100; i++) {
		struct why w = {""};
		enum err e = sheet_load(&sheet, "lab", i, &w);
		if (e == ERR_NEGATIVE)
			continue;
		if (e != ERR_OK)
			fail_msg("%s", w.text);
		look();
		sheet_release(&sheet);
		found++;
	}
	assert_true(found >= 4);
	assert_int_equal(bad, 0);
}

static bool read_text(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(out, 1, cap - 1, f) : 0;

	out[n] = '\0';
	if (f)
		fclose(f);
	return n > 0 && n < cap - 1;
}

/* --- */

static void look_at_texts(void)
{
	bool seeded = false;

	for (size_t i = 0; i < sheet.n_steps; i++) {
		const struct sheet_step *st = &sheet.step[i];
		char id[SHEET_ID];
		snprintf(id, sizeof id, "%u.%zu", sheet.number, i + 1);
		if (strcmp(id, st->id) != 0)
			BAD(st, "it is the step %s", id);
		if (!*st->title || !*st->why)
			BAD(st, "title or why is empty");
		for (int k = 0; k < SHEET_HINTS; k++)
			if (!st->hint[k] || !*st->hint[k])
				BAD(st, "hint %d is empty", k + 1);
		seeded |= step_text(st, "seeded") != NULL;
	}
	if (!seeded)
		BAD(&sheet.step[0], "no step is seeded: nobody would notice another student's bundle");
}

static void each_step_has_its_texts_and_each_sheet_something_of_its_own(void **state)
{
	(void)state;
	for_each_sheet(look_at_texts);
}

/* A line "Answer 2.4: ____" for each step that wants an answer, and for no other. */
static void look_at_blanks(void)
{
	static char text[1 << 17];
	char blank[64], id[SHEET_ID];

	assert_true(read_text(sheet.prose, text, sizeof text));
	for (size_t i = 0; i < sheet.n_steps; i++) {
		const struct sheet_step *st = &sheet.step[i];
		snprintf(blank, sizeof blank, "\nAnswer %s: ____", st->id);
		if (st->answer != (strstr(text, blank) != NULL))
			BAD(st, st->answer ? "no blank for the answer" : "a blank, and no answer is wanted");
	}
	for (const char *p = text; (p = strstr(p, "\nAnswer ")); p++)
		if (sscanf(p, "\nAnswer %11[0-9.]:", id) == 1 && !sheet_find(&sheet, id)) {
			print_error("%s: a blank for %s, which is no step\n", sheet.prose, id);
			bad++;
		}
}

static void each_answer_has_its_blank(void **state)
{
	(void)state;
	for_each_sheet(look_at_blanks);
}

/* An answer that is known to be wrong gets the reply that belongs to it, and is not taken. */
static void look_at_misconceptions(void)
{
	const struct wire wire = {0};

	for (size_t i = 0; i < sheet.n_steps; i++) {
		const struct sheet_step *st = &sheet.step[i];
		config_setting_t *list = config_setting_get_member(st->setting, "wrong");
		int n = list ? config_setting_length(list) : 0;
		if (st->answer && n == 0)
			BAD(st, "no misconception is known");
		for (int k = 0; k < n; k++) {
			config_setting_t *one = config_setting_get_elem(list, (unsigned)k);
			const char *like = NULL, *example = NULL, *say = "";
			struct sheet_answers answers = {.n = 1};
			const struct sheet_case c = {&sheet, &answers, &wire, NULL};
			struct finding_of_step f;
			(void)config_setting_lookup_string(one, "like", &like);
			(void)config_setting_lookup_string(one, "say", &say);
			example = config_setting_lookup_string(one, "example", &example) ? example : like;
			if (!example) {
				BAD(st, "wrong %d: is = \"...\" wants an example = \"...\"", k + 1);
				continue;
			}
			const char *reply = step_misconception(st, example);
			if (!*say || !reply || strcmp(reply, say) != 0)
				BAD(st, "wrong %d: '%s' gets the reply '%s'", k + 1, example, reply ? reply : "");
			snprintf(answers.at[0].id, SHEET_ID, "%s", st->id);
			snprintf(answers.at[0].text, SHEET_TEXT, "%s", example);
			sheet_judge(&c, st, &f);
			if (f.verdict == VERDICT_PASS)
				BAD(st, "wrong %d: '%s' is taken", k + 1, example);
		}
	}
}

static void each_misconception_is_reached_and_not_taken(void **state)
{
	(void)state;
	for_each_sheet(look_at_misconceptions);
}

/* What words are accepted is not refused as a misconception. */
static void look_at_accepted(void)
{
	for (size_t i = 0; i < sheet.n_steps; i++) {
		config_setting_t *accept = config_setting_get_member(sheet.step[i].setting, "accept");
		for (int k = 0; accept && k < config_setting_length(accept); k++) {
			const char *word = config_setting_get_string_elem(accept, k);
			if (word && step_misconception(&sheet.step[i], word))
				BAD(&sheet.step[i], "'%s' is accepted, and is a misconception", word);
		}
	}
}

static void no_accepted_word_is_a_misconception(void **state)
{
	(void)state;
	for_each_sheet(look_at_accepted);
}

static bool names(const char *text, const char *id)
{
	size_t n = strlen(id);

	for (const char *p = text; (p = strstr(p, id)); p++)
		if ((p == text || (!isdigit((unsigned char)p[-1]) && p[-1] != '.')) && !isdigit((unsigned char)p[n]))
			return true;
	return false;
}

static void look_at_instructor(void)
{
	static char text[1 << 17];
	char path[PATH_MAX + 128];

	snprintf(path, sizeof path, "worksheets/instructor/%s.md", sheet.name);
	if (!read_text(path, text, sizeof text)) {
		print_error("%s is missing\n", path);
		bad++;
		return;
	}
	for (size_t i = 0; i < sheet.n_steps; i++)
		if (!names(text, sheet.step[i].id))
			BAD(&sheet.step[i], "the instructor's page does not name it");
}

static void each_sheet_has_an_instructors_page_that_names_its_steps(void **state)
{
	(void)state;
	for_each_sheet(look_at_instructor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_step_has_its_texts_and_each_sheet_something_of_its_own),
	    cmocka_unit_test(each_answer_has_its_blank),
	    cmocka_unit_test(each_misconception_is_reached_and_not_taken),
	    cmocka_unit_test(no_accepted_word_is_a_misconception),
	    cmocka_unit_test(each_sheet_has_an_instructors_page_that_names_its_steps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
