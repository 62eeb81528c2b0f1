/* Steps that say in their worksheet's .conf what must have been seen, and need no code of their own.
 *
 *     test = "packets"   the packets of seen have passed, in that order
 *     test = "value"     the same, and the written answer is what a packet, or a program in the lab, says
 *
 *     seen = ( { from = "laptop"; to = "bank"; label = "HTTP GET"; says = "the laptop asks for the page"; }, ... );
 *     none = { ...; says = "no question to anybody"; }; within = 1.0;   what must not have followed, in seconds
 *     value = { seen = 0; of = "label"; take = "TTL ([0-9]+)"; };       the first group, of the first packet
 *     value = { run = [ "HOST", "PROGRAM", ... ]; take = "..."; };      of what a program in a host prints
 *     value = { count = { ...; says = "..."; }; };                      how many, from the first packet of seen to its last
 *     answer = "host"; alias = "ns1.hosting.com";                       another name of the host that is right
 *     answer = "number" | "host" | "text"; least = 8;                   the first 8 characters of a text are enough
 *     answer = "number"; factor = 5;                                    a measurement: five times more or less is right
 *
 * from and to are regular expressions (POSIX, extended, any case) for the whole name of a host; label for a part. What other
 * settings a step may have: wrong and accept in sheet_check.c, the test "state" in sheet_run.c, seeded in sheet_again.c. */
#include "sheet.h"

#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "glassnet/clock.h"

#define MAX_STARTS 20000 /* how often the first packet of a sequence is tried: a bound on the work */
#define PARTS      3

static const char *const parts[PARTS] = {"from", "to", "label"};

/* --- patterns --- */

struct pattern {
	regex_t re[PARTS];
	bool has[PARTS];
	const char *says;
};

struct wanted {
	struct pattern seen[SHEET_MAX_SEEN], none;
	size_t n;
	bool has_none;
	int64_t within; /* ns */
};

static bool compile(regex_t *out, const char *text, bool whole)
{
	char all[1024];
	int n = snprintf(all, sizeof all, whole ? "^(%s)$" : "%s", text);

	return n < (int)sizeof all && regcomp(out, all, REG_EXTENDED | REG_ICASE) == 0;
}

static enum err pattern_load(struct pattern *p, config_setting_t *group, struct why *w)
{
	memset(p, 0, sizeof *p);
	if (!config_setting_lookup_string(group, "says", &p->says))
		return why(w, ERR_FORMAT, "line %d: says = \"...\" is missing", config_setting_source_line(group));
	for (size_t i = 0; i < PARTS; i++) {
		const char *text;
		if (!config_setting_lookup_string(group, parts[i], &text))
			continue;
		if (!compile(&p->re[i], text, i < 2))
			return why(w, ERR_FORMAT, "line %d: \"%s\" is no regular expression",
			    config_setting_source_line(group), text);
		p->has[i] = true;
	}
	return ERR_OK;
}

static void pattern_release(struct pattern *p)
{
	for (size_t i = 0; i < PARTS; i++)
		if (p->has[i])
			regfree(&p->re[i]);
}

static void wanted_release(struct wanted *x)
{
	for (size_t i = 0; i < SHEET_MAX_SEEN; i++)
		pattern_release(&x->seen[i]);
	pattern_release(&x->none);
}

static enum err wanted_load(struct wanted *x, const struct sheet_step *st, struct why *w)
{
	config_setting_t *list = config_setting_get_member(st->setting, "seen"),
	                 *none = config_setting_get_member(st->setting, "none");
	int n = list ? config_setting_length(list) : 0;
	double within = 1.0;
	int whole; /* 2 is as good as 2.0 */
	enum err e = ERR_OK;

	memset(x, 0, sizeof *x);
	if (n > SHEET_MAX_SEEN || (none && !n))
		return why(w, ERR_FORMAT, "line %d: seen is a list of 1 to %d packets",
		    config_setting_source_line(st->setting), SHEET_MAX_SEEN);
	if (!config_setting_lookup_float(st->setting, "within", &within) &&
	    config_setting_lookup_int(st->setting, "within", &whole))
		within = whole;
	x->within = (int64_t)(within * (double)NS_PER_S);
	for (; (int)x->n < n && e == ERR_OK; x->n += e == ERR_OK)
		e = pattern_load(&x->seen[x->n], config_setting_get_elem(list, (unsigned)x->n), w);
	if (e == ERR_OK && none)
		e = pattern_load(&x->none, none, w);
	x->has_none = e == ERR_OK && none;
	if (e != ERR_OK)
		wanted_release(x);
	return e;
}

static const char *part_of(const struct row *r, size_t part)
{
	return part == 0 ? r->from : part == 1 ? r->to : r->label;
}

static bool is_it(const struct pattern *p, const struct row *r)
{
	for (size_t i = 0; i < PARTS; i++)
		if (p->has[i] && regexec(&p->re[i], part_of(r, i), 0, NULL, 0) != 0)
			return false;
	return true;
}

/* --- the right answer --- */

struct value {
	config_setting_t *setting; /* NULL: no answer is wanted */
	regex_t take;
	bool has_take;
	int seen;
	size_t part;
	bool run; /* a program says it, not a packet */
	bool counts;
	struct pattern count;
};

static enum err value_load(struct value *v, const struct sheet_step *st, size_t n_seen, struct why *w)
{
	const char *text, *of = "label";

	memset(v, 0, sizeof *v);
	if (strcmp(st->test, "value") != 0)
		return ERR_OK;
	int line = (int)config_setting_source_line(st->setting);
	if (!st->answer || !(v->setting = config_setting_get_member(st->setting, "value")))
		return why(w, ERR_FORMAT, "line %d: answer and value = { ... } are missing", line);
	config_setting_t *run = config_setting_get_member(v->setting, "run"),
	                 *count = config_setting_get_member(v->setting, "count");
	if (count && (!n_seen || run))
		return why(w, ERR_FORMAT, "line %d: count counts between the packets of seen", line);
	v->run = run != NULL;
	(void)config_setting_lookup_int(v->setting, "seen", &v->seen);
	(void)config_setting_lookup_string(v->setting, "of", &of);
	while (v->part < PARTS && strcmp(parts[v->part], of) != 0)
		v->part++;
	if (v->run ? config_setting_length(run) < 2 : v->part == PARTS || v->seen < 0 || (size_t)v->seen >= n_seen)
		return why(w, ERR_FORMAT, "line %d: value wants run = [ host, program ... ], or seen and of", line);
	v->has_take = config_setting_lookup_string(v->setting, "take", &text) && compile(&v->take, text, false);
	if (config_setting_get_member(v->setting, "take") && !(v->has_take && v->take.re_nsub))
		return why(w, ERR_FORMAT, "line %d: take is a regular expression with a group ( )", line);
	v->counts = count != NULL;
	return count ? pattern_load(&v->count, count, w) : ERR_OK;
}

static void value_release(struct value *v)
{
	if (v->has_take)
		regfree(&v->take);
	if (v->counts)
		pattern_release(&v->count);
}

/* The first group of take in text, or its first line. */
static bool value_in(const struct value *v, const char *text, char out[static SHEET_TEXT])
{
	regmatch_t m[2] = {{0, 0}, {0, (regoff_t)strcspn(text, "\n")}};

	if (v->has_take && (regexec(&v->take, text, 2, m, 0) != 0 || m[1].rm_so < 0))
		return false;
	snprintf(out, SHEET_TEXT, "%.*s", (int)(m[1].rm_eo - m[1].rm_so), text + m[1].rm_so);
	return out[0] != '\0';
}

static bool same_start(const char *answer, const char *value, size_t least)
{
	size_t n = strlen(answer), m = strlen(value);

	return n >= (least ? least : m) && n <= m && strncasecmp(answer, value, n) == 0;
}

bool step_same(const struct sheet_case *c, const struct sheet_step *st, const char *answer, const char *value)
{
	const char *kind = step_text(st, "answer"), *alias = step_text(st, "alias");
	int least = 0, factor = 1;

	(void)config_setting_lookup_int(st->setting, "least", &least);
	(void)config_setting_lookup_int(st->setting, "factor", &factor);
	if (strcmp(kind, "number") == 0) {
		long long a = answer_number(answer), b = answer_number(value);
		return a >= 0 && b >= 0 && (double)a <= (double)b * factor && (double)b <= (double)a * factor;
	}
	if (strcmp(kind, "host") == 0)
		return answer_names_host(c->wire, answer, value) || (alias && answer_same_name(answer, alias));
	return same_start(answer, value, (size_t)least) || answer_same_name(answer, value);
}

/* --- the verdict --- */

struct judged {
	const struct sheet_case *c;
	const struct sheet_step *st;
	const struct wanted *x;
	const struct value *v;
	const char *answer;
	struct finding_of_step *out;
};

/* The packet that must not have come; NULL: it did not. */
static const struct row *intruder(const struct judged *j, const struct row *last)
{
	const struct rows *rows = &j->c->wire->rows;

	for (const struct row *r = last + 1; j->x->has_none && r < rows->at + rows->n; r++)
		if (r->time <= last->time + j->x->within && is_it(&j->x->none, r))
			return r;
	return NULL;
}

/* How many packets are like the one that is counted. */
static const char *counted(
    const struct judged *j, const struct row *first, const struct row *last, char out[static 24])
{
	unsigned n = 0;

	for (const struct row *r = first; r <= last; r++)
		n += is_it(&j->v->count, r);
	snprintf(out, 24, "%u", n);
	return out;
}

static void judge_answer(const struct judged *j, const struct row *const *at)
{
	char number[24];
	const struct row *r = j->v->run ? NULL : at[j->v->seen];
	const char *says = j->v->run      ? step_said(j->c, j->st)
	                   : j->v->counts ? counted(j, at[0], at[j->x->n - 1], number)
	                                  : part_of(r, j->v->part);
	char value[SHEET_TEXT];

	if (!says || !value_in(j->v, says, value))
		step_say(j->out, VERDICT_SKIP, r,
		    "you wrote: %s; the lab does not tell the right answer now: is it up?", j->answer);
	else if (step_same(j->c, j->st, j->answer, value))
		step_say(j->out, VERDICT_PASS, r ? r : at[0], "you wrote: %s", j->answer);
	else {
		step_say(j->out, VERDICT_FAIL, r, "you wrote: %s; that is not what the %s", j->answer,
		    r ? "packet shows" : "lab says");
		j->out->misconception = step_misconception(j->st, j->answer);
	}
}

/* All of seen was there, in at[0 .. n-1]. */
static void judge_once(const struct judged *j, const struct row *const *at)
{
	const struct row *last = j->x->n ? at[j->x->n - 1] : NULL, *other = last ? intruder(j, last) : NULL;

	j->out->misconception = NULL;
	if (other)
		step_say(j->out, VERDICT_SKIP, other, "saw: %.200s, from %s to %s; expected: %s", other->label,
		    other->from, other->to, j->x->none.says);
	else if (j->v->setting)
		judge_answer(j, at);
	else
		step_say(j->out, VERDICT_PASS, last, "%.300s, from %s to %s", last->label, last->from, last->to);
	for (j->out->n_rows = 0; j->out->n_rows < j->x->n; j->out->n_rows++)
		j->out->row[j->out->n_rows] = *at[j->out->n_rows];
}

/* Follows seen from row start on; how far it came. */
static size_t follow(const struct judged *j, size_t start, const struct row **at)
{
	const struct rows *rows = &j->c->wire->rows;
	size_t n = 0;

	for (size_t i = start; i < rows->n && n < j->x->n; i++)
		if (is_it(&j->x->seen[n], &rows->at[i]))
			at[n++] = &rows->at[i];
	return n;
}

/* Every time that it happened: the first that is right decides, else the last one. */
static void judge_packets(const struct judged *j)
{
	const struct row *at[SHEET_MAX_SEEN] = {NULL};
	const struct rows *rows = &j->c->wire->rows;
	bool complete = false;
	size_t tried = 0, n = 0;

	for (size_t i = 0; i < rows->n && tried < MAX_STARTS; i++) {
		const struct row *before[SHEET_MAX_SEEN];
		if (!is_it(&j->x->seen[0], &rows->at[i]))
			continue;
		tried++;
		size_t now = follow(j, i, before);
		if (now < j->x->n) { /* what begins later cannot come further */
			if (!complete) {
				n = now;
				memcpy(at, before, sizeof at);
			}
			break;
		}
		complete = true;
		judge_once(j, before);
		if (j->out->verdict == VERDICT_PASS)
			return;
	}
	if (!complete && !n)
		step_say(j->out, VERDICT_SKIP, NULL, "not seen on the wire yet: %s", j->x->seen[0].says);
	else if (!complete)
		step_say(j->out, VERDICT_SKIP, at[n - 1], "saw that %s; not seen after it yet: %s",
		    j->x->seen[n - 1].says, j->x->seen[n].says);
}

void test_packets(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	struct wanted x;
	struct value v;
	struct why w;
	struct judged j = {c, st, &x, &v, st->answer ? answers_find(c->answers, st->id) : NULL, out};
	const struct row *none[SHEET_MAX_SEEN] = {NULL};

	if (wanted_load(&x, st, &w) != ERR_OK) /* sheet_load() has said so already */
		return;
	if (value_load(&v, st, x.n, &w) != ERR_OK)
		step_say(out, VERDICT_SKIP, NULL, "%s", w.text);
	else if (v.setting && !j.answer)
		step_say(out, VERDICT_SKIP, NULL, "there is no answer yet in the line \"Answer %s:\" of your copy",
		    st->id);
	else if (x.n)
		judge_packets(&j);
	else
		judge_once(&j, none);
	value_release(&v);
	wanted_release(&x);
}

bool step_counts(const struct sheet_step *st)
{
	config_setting_t *value = config_setting_get_member(st->setting, "value");

	return value && config_setting_get_member(value, "count");
}

bool step_wants_packets(const struct sheet_step *st)
{
	return strcmp(st->test, "packets") == 0 || strcmp(st->test, "value") == 0;
}

enum err step_packets_check(const struct sheet_step *st, struct why *w)
{
	struct wanted x;
	struct value v;
	enum err e = wanted_load(&x, st, w);

	if (e != ERR_OK)
		return e;
	e = value_load(&v, st, x.n, w);
	if (e == ERR_OK && !v.setting && !x.n)
		e = why(w, ERR_FORMAT, "line %d: there is no packet to look for",
		    (int)config_setting_source_line(st->setting));
	value_release(&v);
	wanted_release(&x);
	return e;
}
