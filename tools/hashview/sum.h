/* hashview sum: fingerprints of files, and checking lists of them. */
#ifndef HASHVIEW_SUM_H
#define HASHVIEW_SUM_H

#include "digest.h"
#include "glassnet/trace.h"

struct sum_options {
	enum algo algo;
	bool algo_given; /* else a list's lines may be of any function */
	enum list_style style;
	bool zero;           /* lines end with NUL */
	bool ignore_missing; /* the rest: when checking */
	bool quiet, status, strict, warn;
	unsigned threads;
	/* Called now and then with the octets read so far; may be NULL. */
	void (*progress)(void *ctx, uint64_t octets);
	void *progress_ctx;
};

enum sum_state { SUM_MADE, SUM_OK, SUM_CHANGED, SUM_MISSING, SUM_UNREADABLE };

struct sum_counts {
	uint64_t made, ok, changed, missing, unreadable, ignored; /* files */
	uint64_t bad_lines, lists, bad_lists, empty_lists, unverified_lists;
	uint64_t written_to; /* files that changed while they were read */
};

/* Where results go. Exactly one of the two is used: text on out and words on err, or a trace. */
struct sum_report {
	FILE *out, *err;
	bool terminal; /* out is one: names are made harmless */
	struct trace *trace;
	const char *tool;
};

/* Each returns an exit status. Check: 0 all is as it was; 1 anything else, as coreutils. */
int sum_make(const struct sum_options *o, const struct sum_report *r, char *const files[], size_t n,
    struct sum_counts *counts);
int sum_check(const struct sum_options *o, const struct sum_report *r, char *const lists[], size_t n,
    struct sum_counts *counts);

/* --- report.c --- */

void report_made(const struct sum_report *r, const struct sum_options *o, const struct digest_job *job);
/* The verdict on one line of a list. */
void report_checked(const struct sum_report *r, const struct sum_options *o, const struct digest_job *job,
    enum sum_state state, enum algo algo);
void report_unreadable(const struct sum_report *r, const char *path, int error);
void report_bad_line(const struct sum_report *r, const char *list, uint64_t line);
void report_list(
    const struct sum_report *r, const struct sum_options *o, const char *list, const struct sum_counts *of);
void report_broken(const struct sum_report *r, enum algo a);
void report_end(const struct sum_report *r, const struct sum_counts *c, bool check, int status);

#endif
