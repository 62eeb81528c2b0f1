/* What can be said of a student's bundle without the student's lab.
 *
 * The right answers that the seed draws are drawn anew, as the settings of the step say:
 *
 *     seeded = "ttl/bank.example 300 3600"   @{number ttl/bank.example 300 3600} of the lab's templates
 *     seeded = "home/laptop 101 199 192.168.1.@"   the answer begins with 192.168.1. and that number
 *     seeded = "password/alice"              @{word password/alice}
 *     seeded = "run"                         the program of value = { run } reads nothing but files that the lab makes from
 *                                            templates: they are filled in for this seed, and it is run here, with them
 *
 * Beyond that the step is judged again: does its verdict follow from the answer, and from the packets and the words of programs
 * that are in the bundle? That shows what was changed carelessly, and what belongs to somebody else's lab. It does not show
 * that the packets were ever on a wire: who can make a bundle can make them, too. Only a class's key helps against that. */
#include "sheet.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "template.h"
#include "verbs.h"

#define MAX_ARGS  16
#define MAX_FILES 8
#define FILE_MAX  (64L << 10)

enum err again_open(struct again *a, const char *data_dir, struct why *w)
{
	char path[PATH_MAX + 32];

	*a = (struct again){.data_dir = data_dir};
	snprintf(path, sizeof path, "%s/topology.conf", data_dir);
	enum err e = topology_load(&a->topology, path, w);
	if (e == ERR_OK)
		a->facts = facts_from_topology(&a->topology);
	return e;
}

void again_close(struct again *a)
{
	json_decref(a->facts);
	topology_release(&a->topology);
}

/* --- a program that reads files which are drawn from the seed --- */

struct scene {
	struct template_ctx ctx;
	const char *data_dir;
	int fd[MAX_FILES];
	size_t n_files;
};

/* The file that is at HOST_RUN/name in the host, filled in for this seed. Its descriptor; -1: it is none that is drawn. */
static int draw_file(const struct scene *s, const char *name, size_t len)
{
	char path[PATH_MAX], *text = calloc(1, FILE_MAX + 1);
	struct why w;
	bool conf = len > 5 && memcmp(name, "conf/", 5) == 0; /* the files beside the folders */

	snprintf(path, sizeof path, "%s/hosts/%s/%.*s", s->data_dir, s->ctx.host->name, (int)(len - (conf ? 5 : 0)),
	    name + (conf ? 5 : 0));
	FILE *in = memmem(name, len, "..", 2) ? NULL : fopen(path, "re");
	size_t n = in && text ? fread(text, 1, FILE_MAX, in) : 0;
	int fd = n > 0 ? memfd_create("drawn", 0) : -1; /* the program inherits it */
	FILE *out =
	    fd >= 0 && fchmod(fd, 0600) == 0 ? fdopen(dup(fd), "w") : NULL; /* ssh reads no key that others may */
	bool good = out && template_fill(out, text, path, &s->ctx, &w) == ERR_OK;

	if (in)
		fclose(in);
	if (out)
		good = fclose(out) == 0 && good;
	free(text);
	if (!good && fd >= 0)
		close(fd);
	return good ? fd : -1;
}

/* arg with the names of drawn files in place of those in the lab. False: one is not drawn. */
static bool put_arg(struct scene *s, FILE *out, const char *arg)
{
	static const char start[] = HOST_RUN "/",
	                  letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/";

	for (const char *p; (p = strstr(arg, start)); arg = p) {
		fwrite(arg, 1, (size_t)(p - arg), out);
		p += sizeof start - 1;
		size_t n = strspn(p, letters);
		int fd = s->n_files < MAX_FILES ? draw_file(s, p, n) : -1;
		if (fd < 0)
			return false;
		s->fd[s->n_files++] = fd;
		fprintf(out, "/proc/self/fd/%d", fd);
		p += n;
	}
	fputs(arg, out);
	return true;
}

/* What the program of the step would print in the lab of this seed. False: that cannot be said here. */
static bool draw_said(
    const struct again *a, const struct sheet_step *st, const struct seed *seed, char *out, size_t cap)
{
	config_setting_t *run = step_run(st);
	int host = run ? topology_host(&a->topology, config_setting_get_string_elem(run, 0)) : -1,
	    n = run ? config_setting_length(run) : 0;
	char *argv[MAX_ARGS + 1] = {NULL};
	bool good = host >= 0 && n > 1 && n <= MAX_ARGS;

	if (!good)
		return false;
	struct scene s = {.ctx = {&a->topology, &a->topology.host[host], seed}, .data_dir = a->data_dir};
	for (int i = 1; good && i < n; i++) {
		size_t len = 0;
		FILE *text = open_memstream(&argv[i - 1], &len);
		good = text && put_arg(&s, text, config_setting_get_string_elem(run, i));
		if (text)
			fclose(text);
	}
	good = good && s.n_files > 0 && hear_program(argv[0], argv, SHEET_PATIENCE, out, cap);
	for (size_t i = 0; i < s.n_files; i++)
		close(s.fd[i]);
	for (int i = 0; i < n; i++)
		free(argv[i]);
	return good;
}

/* --- a step --- */

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

/* Does text begin with start, and what begins so end there? */
static bool begins(const char *text, const char *start)
{
	size_t n = strlen(start);

	return strncasecmp(text, start, n) == 0 && !isalnum((unsigned char)text[n]);
}

/* Is the answer what the seed draws as a number, a number in a text, or a word? */
static bool is_drawn(const struct sheet_case *c, const struct sheet_step *st, const char *rule, const char *answer,
    const struct seed *seed)
{
	char what[128], word[WORD_CHARS + 1], form[64], whole[128];
	unsigned long long min, max;
	int n = sscanf(rule, "%127s %llu %llu %63s", what, &min, &max, form);

	if (n == 1) {
		seed_word(seed, what, word, WORD_CHARS);
		return step_same(c, st, answer, word);
	}
	if (n < 3 || min > max)
		return false;
	unsigned long long number = seed_number(seed, what, min, max);
	if (n == 3)
		return answer_number(answer) == (long long)number;
	size_t at = strcspn(form, "@");
	snprintf(whole, sizeof whole, "%.*s%llu%s", (int)at, form, number, form[at] ? form + at + 1 : "");
	return begins(answer, whole);
}

static enum err take_rows(struct rows *rows, const json_t *one)
{
	json_t *r;
	size_t i;
	enum err e = ERR_OK;

	json_array_foreach(json_object_get(one, "evidence"), i, r)
	{
		struct row row = {.packet = (uint64_t)json_integer_value(json_object_get(r, "packet")),
		    .time = json_integer_value(json_object_get(r, "time"))};
		snprintf(row.from, sizeof row.from, "%s", text_of(r, "from"));
		snprintf(row.to, sizeof row.to, "%s", text_of(r, "to"));
		snprintf(row.label, sizeof row.label, "%s", text_of(r, "label"));
		if (e == ERR_OK)
			e = rows_add(rows, &row);
	}
	return e;
}

/* Can its verdict be found again from what is in the bundle? Not where packets were counted, which are not all in it, where
 * DNS was looked at as a whole, nor where an address was given out by DHCP. */
static bool can_judge(const struct sheet_step *st, const char *answer)
{
	const char *kind = step_text(st, "answer");

	if (kind && strcmp(kind, "host") == 0 && strspn(answer, "0123456789.:abcdefABCDEF") == strlen(answer))
		return false;
	return (step_wants_packets(st) && !step_counts(st)) || step_is_state(st) || strcmp(st->test, "words") == 0;
}

bool again_step(const struct again *a, const struct sheet *s, const struct sheet_step *st, const json_t *one,
    const struct seed *seed, char blame[static 128])
{
	const char *rule = step_text(st, "seeded"), *answer = text_of(one, "answer"), *said = text_of(one, "said");
	struct sheet_answers answers = {.n = 1};
	struct finding_of_step f;
	char drawn[SHEET_SAID];
	bool run = rule && strcmp(rule, "run") == 0;
	struct wire wire = {.facts = a->facts};
	struct sheet_case c = {s, &answers, &wire, NULL};

	snprintf(answers.at[0].id, SHEET_ID, "%s", st->id);
	snprintf(answers.at[0].text, SHEET_TEXT, "%s", answer);
	answers.n = *answer ? 1 : 0;
	if (rule && !run && !is_drawn(&c, st, rule, answer, seed)) {
		snprintf(blame, 128, "step %s has the answer of another seed", st->id);
		return false;
	}
	run = run && draw_said(a, st, seed, drawn, sizeof drawn);
	if (!can_judge(st, answer))
		return true;
	json_t *all = json_pack("{s:s}", st->id, run ? drawn : said);
	c.said = *said || run ? all : NULL;
	if (take_rows(&wire.rows, one) == ERR_OK)
		sheet_judge(&c, st, &f);
	else
		f.verdict = VERDICT_SKIP;
	wire_release(&wire);
	json_decref(all);
	if (f.verdict == VERDICT_PASS)
		return true;
	snprintf(blame, 128,
	    run ? "step %s has the answer of another seed" : "step %s does not follow from its answer and evidence",
	    st->id);
	return false;
}
