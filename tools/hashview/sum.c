/* Making and checking lists. Files are read by several threads; what is said of them comes in order. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "sum.h"

#define PROGRESS_MS 100

/* --- the queue, with progress --- */

static struct digest_job *wait_oldest(struct digest_queue *q, const struct sum_options *o)
{
	struct digest_job *job;

	if (!o->progress)
		return digest_queue_oldest(q, -1);
	while (!(job = digest_queue_oldest(q, PROGRESS_MS)) && !digest_queue_empty(q))
		o->progress(o->progress_ctx, digest_queue_octets(q));
	return job;
}

/* Hands every job to use(): those that are done already, or all. */
typedef void use_job(void *ctx, const struct digest_job *job);

static void drain(struct digest_queue *q, const struct sum_options *o, bool all, use_job *use, void *ctx)
{
	struct digest_job *job;

	while ((job = all ? wait_oldest(q, o) : digest_queue_oldest(q, 0))) {
		use(ctx, job);
		digest_queue_drop(q);
	}
}

/* Submits one file; alone: there is no other to keep the other threads busy. Standard input is read here and now: two
 * threads must not share it. */
static bool submit(struct digest_queue *q, const struct sum_options *o, const char *path, bool alone, algo_set algos,
    const struct list_entry *entry, use_job *use, void *ctx)
{
	struct digest_job *job;
	char *copy = strdup(path);

	if (!copy)
		return false;
	if (strcmp(path, "-") == 0) {
		struct digest_job here = {.path = copy, .algos = algos};
		struct digester *d = digester_new();
		drain(q, o, true, use, ctx);
		if (entry)
			here.entry = *entry;
		here.error = ENOMEM;
		if (d)
			digester_run(d, &here, NULL);
		digester_free(d);
		use(ctx, &here);
		free(copy);
		return true;
	}
	while (!(job = digest_queue_slot(q))) {
		use(ctx, wait_oldest(q, o));
		digest_queue_drop(q);
	}
	job->path = copy;
	job->algos = algos;
	job->ahead = alone && o->threads > 1;
	if (entry)
		job->entry = *entry;
	digest_queue_submit(q);
	return true;
}

/* --- making --- */

struct making {
	const struct sum_options *o;
	const struct sum_report *r;
	struct sum_counts *c;
};

static void use_made(void *ctx, const struct digest_job *job)
{
	struct making *m = ctx;

	m->c->written_to += job->changed;
	if (job->error) {
		*(job->error == ENOENT ? &m->c->missing : &m->c->unreadable) += 1;
		report_unreadable(m->r, job->path, job->error);
		return;
	}
	m->c->made++;
	report_made(m->r, m->o, job);
}

int sum_make(
    const struct sum_options *o, const struct sum_report *r, char *const files[], size_t n, struct sum_counts *counts)
{
	struct making m = {o, r, counts};
	struct digest_queue *q = digest_queue_new(o->threads);
	bool ok = q != NULL;

	*counts = (struct sum_counts){0};
	if (algo_info(o->algo)->broken)
		report_broken(r, o->algo);
	for (size_t i = 0; ok && i < n; i++) {
		ok = submit(q, o, files[i], n == 1, ALGO_BIT(o->algo), NULL, use_made, &m);
		drain(q, o, false, use_made, &m);
	}
	if (q)
		drain(q, o, true, use_made, &m);
	digest_queue_free(q);
	int status = !ok || counts->missing || counts->unreadable ? EXIT_INTERNAL : EXIT_YES;
	report_end(r, counts, false, status);
	return status;
}

/* --- checking --- */

struct checking {
	const struct sum_options *o;
	const struct sum_report *r;
	struct sum_counts *c; /* of this list */
	algo_set warned;
};

/* Which of the functions that may have made the line did? */
static bool matches(const struct digest_job *job, enum algo *which)
{
	for (enum algo a = 0; a < ALGO_COUNT; a++) {
		if (!(job->algos & ALGO_BIT(a)))
			continue;
		*which = a;
		if (memcmp(job->digest[a], job->entry.digest, job->entry.len) == 0)
			return true;
	}
	return false;
}

static void use_checked(void *ctx, const struct digest_job *job)
{
	struct checking *k = ctx;
	enum sum_state state;
	enum algo a = ALGO_SHA3_256;

	k->c->written_to += job->changed;
	if (job->error == ENOENT && k->o->ignore_missing) {
		k->c->ignored++;
		return;
	}
	if (job->error)
		state = job->error == ENOENT ? SUM_MISSING : SUM_UNREADABLE;
	else
		state = matches(job, &a) ? SUM_OK : SUM_CHANGED;
	*(state == SUM_OK          ? &k->c->ok
	    : state == SUM_CHANGED ? &k->c->changed
	    : state == SUM_MISSING ? &k->c->missing
	                           : &k->c->unreadable) += 1;
	if (!job->error && algo_info(a)->broken && !(k->warned & ALGO_BIT(a)) && !k->o->status) {
		k->warned |= ALGO_BIT(a);
		report_broken(k->r, a);
	}
	report_checked(k->r, k->o, job, state, a);
}

/* Reads one list, line by line. false: the list itself can't be read. */
static bool check_lines(struct checking *k, struct digest_queue *q, FILE *in, const char *list, bool *proper)
{
	struct list_format f = {
	    .only = k->o->algo_given ? ALGO_BIT(k->o->algo) : 0, .zero = k->o->zero, .reversed = -1};
	bool from_stdin = strcmp(list, "-") == 0, too_long, ok = true;
	size_t cap = 0, len;
	char *line = NULL;

	for (uint64_t number = 1; ok && list_read_line(in, f.zero, &line, &cap, &len, &too_long); number++) {
		struct list_entry e;
		enum line_kind kind = too_long ? LINE_BAD : list_parse(&f, line, len, &e);
		if (kind == LINE_ENTRY && from_stdin && strcmp(e.name, "-") == 0)
			kind = LINE_BAD;
		if (kind == LINE_BAD) {
			k->c->bad_lines++;
			if (k->o->warn)
				report_bad_line(k->r, list, number);
		} else if (kind == LINE_ENTRY) {
			*proper = true;
			ok = submit(q, k->o, e.name, false, e.algos, &e, use_checked, k);
			drain(q, k->o, false, use_checked, k);
		}
	}
	free(line);
	drain(q, k->o, true, use_checked, k);
	return ok && !ferror(in);
}

static bool check_list(struct checking *k, struct digest_queue *q, const char *list)
{
	bool proper = false, from_stdin = strcmp(list, "-") == 0;
	FILE *in = from_stdin ? stdin : fopen(list, "re");
	const struct sum_counts *c = k->c;

	if (!in) {
		report_unreadable(k->r, list, errno);
		k->c->bad_lists = 1;
		return false;
	}
	errno = 0;
	bool ok = check_lines(k, q, in, list, &proper);
	if (!ok)
		report_unreadable(k->r, list, errno);
	if (!from_stdin)
		fclose(in);
	k->c->lists = ok;
	k->c->bad_lists = !ok;
	k->c->empty_lists = ok && !proper;
	k->c->unverified_lists = ok && proper && k->o->ignore_missing && c->ok == 0;
	if (ok)
		report_list(k->r, k->o, list, c);
	return ok && proper && c->changed == 0 && c->missing == 0 && c->unreadable == 0 &&
	       !(k->o->strict && c->bad_lines > 0) && !(k->o->ignore_missing && c->ok == 0);
}

static void add_counts(struct sum_counts *to, const struct sum_counts *c)
{
	to->ok += c->ok;
	to->changed += c->changed;
	to->missing += c->missing;
	to->unreadable += c->unreadable;
	to->ignored += c->ignored;
	to->bad_lines += c->bad_lines;
	to->lists += c->lists;
	to->bad_lists += c->bad_lists;
	to->empty_lists += c->empty_lists;
	to->unverified_lists += c->unverified_lists;
	to->written_to += c->written_to;
}

int sum_check(
    const struct sum_options *o, const struct sum_report *r, char *const lists[], size_t n, struct sum_counts *counts)
{
	struct digest_queue *q = digest_queue_new(o->threads);
	bool all = q != NULL;

	*counts = (struct sum_counts){0};
	for (size_t i = 0; q && i < n; i++) {
		struct sum_counts of = {0};
		struct checking k = {.o = o, .r = r, .c = &of};
		if (!check_list(&k, q, lists[i]))
			all = false;
		add_counts(counts, &of);
	}
	digest_queue_free(q);
	int status = all ? EXIT_YES : EXIT_NO;
	report_end(r, counts, true, status);
	return status;
}
