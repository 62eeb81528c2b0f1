/* What sum says: lines as coreutils writes them, and words on standard error; or events. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "glassnet/wire.h"
#include "sum.h"

#define NAME_MAX_SHOWN 1024

static void say(const struct sum_report *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(const struct sum_report *r, const char *fmt, ...)
{
	char text[NAME_MAX_SHOWN * 2], safe[NAME_MAX_SHOWN * 4];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (r->trace)
		ev_warning(r->trace, "%s", text);
	else
		fprintf(r->err, "%s: %s\n", r->tool, escape_text(safe, sizeof(safe), text, strlen(text)));
}

static void write_name(const struct sum_report *r, const char *name)
{
	char safe[NAME_MAX_SHOWN * 4];

	if (r->terminal)
		fputs(escape_text(safe, sizeof(safe), name, strlen(name)), r->out);
	else
		list_write_name(r->out, name);
}

static void warn_written_to(const struct sum_report *r, const char *path)
{
	say(r, "%s was written to while it was read: the fingerprint may be of a mixture", path);
}

void report_made(const struct sum_report *r, const struct sum_options *o, const struct digest_job *job)
{
	char hex[DIGEST_MAX * 2 + 1];
	const struct algo_info *a = algo_info(o->algo);
	const uint8_t *digest = job->digest[o->algo];

	if (job->changed)
		warn_written_to(r, job->path);
	if (!r->trace) {
		list_write(r->out, o->style, o->zero, o->algo, digest, job->path);
		return;
	}
	sodium_bin2hex(hex, sizeof(hex), digest, a->len);
	ev_field(r->trace, (struct ev_field){.layer = a->name, .name = job->path, .value = hex});
}

static const char *state_id(enum sum_state s)
{
	switch (s) {
	case SUM_MADE:
		return "made";
	case SUM_OK:
		return "ok";
	case SUM_CHANGED:
		return "changed";
	case SUM_MISSING:
		return "missing";
	case SUM_UNREADABLE:
		return "unreadable";
	}
	return "";
}

static void checked_event(
    const struct sum_report *r, const struct digest_job *job, enum sum_state state, enum algo algo)
{
	char want[DIGEST_MAX * 2 + 1], got[DIGEST_MAX * 2 + 1];

	sodium_bin2hex(want, sizeof(want), job->entry.digest, job->entry.len);
	if (state == SUM_OK)
		ev_check(r->trace, state_id(state), VERDICT_PASS, NULL, job->path, "%s is the one in the list",
		    algo_info(algo)->name);
	else if (state == SUM_CHANGED)
		ev_check(r->trace, state_id(state), VERDICT_FAIL, NULL, job->path, "%s is %s, the list says %s",
		    algo_info(algo)->name, sodium_bin2hex(got, sizeof(got), job->digest[algo], algo_info(algo)->len),
		    want);
	else
		ev_check(r->trace, state_id(state), VERDICT_FAIL, NULL, job->path, "%s", strerror(job->error));
}

void report_checked(const struct sum_report *r, const struct sum_options *o, const struct digest_job *job,
    enum sum_state state, enum algo algo)
{
	if (job->changed)
		warn_written_to(r, job->path);
	if (r->trace) {
		checked_event(r, job, state, algo);
		return;
	}
	if (o->status)
		return;
	if (state == SUM_MISSING || state == SUM_UNREADABLE)
		report_unreadable(r, job->path, job->error);
	if (state == SUM_OK && o->quiet)
		return;
	write_name(r, job->path);
	fputs(state == SUM_OK ? ": OK\n" : state == SUM_CHANGED ? ": FAILED\n" : ": FAILED open or read\n", r->out);
}

void report_unreadable(const struct sum_report *r, const char *path, int error)
{
	say(r, "%.*s: %s", NAME_MAX_SHOWN, path, strerror(error));
}

void report_bad_line(const struct sum_report *r, const char *list, uint64_t line)
{
	say(r, "%s: line %" PRIu64 " is no checksum line", list, line);
}

static const char *plural(uint64_t n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

void report_list(
    const struct sum_report *r, const struct sum_options *o, const char *list, const struct sum_counts *c)
{
	if (c->empty_lists) {
		say(r, "%s: no line in it is a checksum line: nothing was checked", list);
		return;
	}
	if (o->status)
		return;
	if (c->bad_lines)
		say(r, "%s: %" PRIu64 " %s", list, c->bad_lines,
		    plural(c->bad_lines, "line is no checksum line", "lines are no checksum lines"));
	if (c->changed)
		say(r, "%s: %" PRIu64 " %s CHANGED: not what the list was made of", list, c->changed,
		    plural(c->changed, "file has", "files have"));
	if (c->missing)
		say(r, "%s: %" PRIu64 " %s MISSING", list, c->missing, plural(c->missing, "file is", "files are"));
	if (c->unreadable)
		say(r, "%s: %" PRIu64 " %s: what is in there is not known", list, c->unreadable,
		    plural(c->unreadable, "file is UNREADABLE", "files are UNREADABLE"));
	if (c->unverified_lists)
		say(r, "%s: no file was verified", list);
}

void report_broken(const struct sum_report *r, enum algo a)
{
	say(r, "%s is broken: %s. It tells an accident from no accident, it does not stop an attacker",
	    algo_info(a)->tag, algo_info(a)->broken);
}

void report_end(const struct sum_report *r, const struct sum_counts *c, bool check, int status)
{
	char json[512], text[128];

	if (!r->trace)
		return;
	if (check)
		snprintf(text, sizeof(text),
		    "%" PRIu64 " as they were, %" PRIu64 " changed, %" PRIu64 " missing, %" PRIu64 " unreadable",
		    c->ok, c->changed, c->missing, c->unreadable);
	else
		snprintf(
		    text, sizeof(text), "%" PRIu64 " %s", c->made, plural(c->made, "fingerprint", "fingerprints"));
	snprintf(json, sizeof(json),
	    "{\"made\":%" PRIu64 ",\"ok\":%" PRIu64 ",\"changed\":%" PRIu64 ",\"missing\":%" PRIu64
	    ",\"unreadable\":%" PRIu64 ",\"ignored\":%" PRIu64 ",\"bad_lines\":%" PRIu64 ",\"lists\":%" PRIu64
	    ",\"unreadable_lists\":%" PRIu64 ",\"lists_without_lines\":%" PRIu64 ",\"written_to\":%" PRIu64 "}",
	    c->made, c->ok, c->changed, c->missing, c->unreadable, c->ignored, c->bad_lines, c->lists, c->bad_lists,
	    c->empty_lists, c->written_to);
	ev_result(r->trace,
	    status == EXIT_YES  ? ERR_OK
	    : status == EXIT_NO ? ERR_NEGATIVE
	                        : ERR_IO,
	    json, "%s", text);
}
