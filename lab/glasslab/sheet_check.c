/* The tests that a step of a worksheet can name: each looks at what the wire showed, or holds a written answer against
 * it. No right answer stands in any file: the wire has it, or the lab's facts have. */
#include "sheet.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "glassnet/proto/dns.h"

/* --- verdicts --- */

static void say(struct finding_of_step *out, enum verdict v, const struct dns_seen *evidence, const char *fmt, ...)
    PRINTF_LIKE(4, 5);
static void say(struct finding_of_step *out, enum verdict v, const struct dns_seen *evidence, const char *fmt, ...)
{
	va_list ap;

	out->verdict = v;
	out->packet = evidence ? evidence->packet : 0;
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof out->text, fmt, ap);
	va_end(ap);
}

/* --- what the laptop did --- */

static const char *name_of(const struct sheet_step *st)
{
	const char *name = step_text(st, "name");

	return name ? name : "";
}

static bool is_walk_query(const struct dns_seen *s, const char *name)
{
	return !s->response && !s->rd && strcasecmp(s->name, name) == 0;
}

/* The query with which a walk from the root began: asked of a server of the root, and answered. NULL: none did. */
static const struct dns_seen *root_query(const struct sheet_case *c, const char *name)
{
	for (size_t i = 0; i < c->wire->n; i++) {
		const struct dns_seen *s = &c->wire->seen[i];
		if (!is_walk_query(s, name) || !wire_serves(c->wire, s->peer, "."))
			continue;
		for (size_t k = i + 1; k < c->wire->n; k++)
			if (c->wire->seen[k].response && strcmp(c->wire->seen[k].peer, s->peer) == 0)
				return s;
	}
	return NULL;
}

/* The answer from a server of the name's own zone. */
static const struct dns_seen *own_answer(const struct sheet_case *c, const char *name, uint16_t type)
{
	for (size_t i = 0; i < c->wire->n; i++) {
		const struct dns_seen *s = &c->wire->seen[i];
		if (s->response && s->aa && s->has_answer && s->type == type && strcasecmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

/* A question that asks somebody else to do the walking. */
static const struct dns_seen *asked_a_resolver(const struct sheet_case *c, const char *name)
{
	for (size_t i = 0; i < c->wire->n; i++)
		if (!c->wire->seen[i].response && c->wire->seen[i].rd && strcasecmp(c->wire->seen[i].name, name) == 0)
			return &c->wire->seen[i];
	return NULL;
}

static void test_root_first(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *name = name_of(st);
	const struct dns_seen *s = root_query(c, name), *other = asked_a_resolver(c, name);

	if (s)
		say(out, VERDICT_PASS, s, "%s was asked for %s, and not to look further", s->peer, name);
	else if (other)
		say(out, VERDICT_SKIP, other,
		    "saw: %s was asked to find %s, with recursion desired; expected: a root server is asked, without "
		    "it",
		    other->peer, name);
	else
		say(out, VERDICT_SKIP, NULL, "saw: the laptop has asked nobody for %s; expected: a root server",
		    name);
}

/* The zones of the setting "zones", each server asked after the one before. */
static void test_walk(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	config_setting_t *zones = config_setting_get_member(st->setting, "zones");
	const char *name = name_of(st);
	const struct dns_seen *s = root_query(c, name), *last = s;
	int n = zones ? config_setting_length(zones) : 0, reached = 0;
	char way[256];

	if (!s) {
		say(out, VERDICT_SKIP, NULL, "saw: no walk from the root for %s", name);
		return;
	}
	size_t at = (size_t)snprintf(way, sizeof way, "%s", s->peer);
	for (; reached < n && s < c->wire->seen + c->wire->n; s++)
		if (is_walk_query(s, name) &&
		    wire_serves(c->wire, s->peer, config_setting_get_string_elem(zones, reached))) {
			at += (size_t)snprintf(way + at, at < sizeof way ? sizeof way - at : 0, ", %s", s->peer);
			last = s;
			reached++;
		}
	say(out, reached == n ? VERDICT_PASS : VERDICT_SKIP, last,
	    reached == n ? "asked: %s" : "saw: %s, and then no server of the next zone", way);
}

static void test_denied(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *zone = step_text(st, "zone");
	size_t zl = zone ? strlen(zone) : 0;

	for (size_t i = 0; i < c->wire->n; i++) {
		const struct dns_seen *s = &c->wire->seen[i];
		size_t n = strlen(s->name);
		if (s->response && s->aa && s->rcode == DNS_NXDOMAIN && n > zl && s->name[n - zl - 1] == '.' &&
		    strcasecmp(s->name + n - zl, zone) == 0) {
			say(out, VERDICT_PASS, s, "%s says that there is no %s (NXDOMAIN)", s->peer, s->name);
			return;
		}
	}
	say(out, VERDICT_SKIP, NULL,
	    "saw: no server of %s that says a name is not there; ask for one that you invent", zone);
}

/* --- what the learner wrote --- */

/* Without a last dot, in whatever letters. */
static bool same_name(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	n -= n > 1 && a[n - 1] == '.';
	m -= m > 1 && b[m - 1] == '.';
	return n == m && strncasecmp(a, b, n) == 0;
}

/* A host of the lab by its name there, an address, or the name that stands in its title. */
static bool names_host(const struct wire *w, const char *answer, const char *host)
{
	const json_t *h = wire_host(w, host);
	const char *title = json_string_value(json_object_get(h, "title")),
	           *last = title ? strrchr(title, ' ') : NULL;
	json_t *f, *a;
	size_t i, k;

	if (same_name(answer, host) || (last && strchr(last, '.') && same_name(answer, last + 1)))
		return true;
	json_array_foreach(json_object_get(h, "interfaces"), i, f)
	{
		json_array_foreach(json_object_get(f, "addresses"), k, a)
		{
			const char *s = json_string_value(a);
			size_t n = s ? strcspn(s, "/") : 0;
			if (n && strlen(answer) == n && strncasecmp(s, answer, n) == 0)
				return true;
		}
	}
	return false;
}

static bool has_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; (p = strcasestr(p, word)); p++)
		if ((p == text || !isalnum((unsigned char)p[-1])) && !isalnum((unsigned char)p[n]))
			return true;
	return false;
}

/* The first whole number in it; -1: there is none. */
static long long number_in(const char *text)
{
	const char *p = text + strcspn(text, "0123456789");

	return *p ? strtoll(p, NULL, 10) : -1;
}

/* What is known of this wrong answer; NULL: nothing. */
static const char *misconception(const struct sheet_step *st, const char *answer)
{
	config_setting_t *list = config_setting_get_member(st->setting, "wrong");

	for (int i = 0; list && i < config_setting_length(list); i++) {
		config_setting_t *one = config_setting_get_elem(list, (unsigned)i);
		const char *like = NULL, *says = NULL;
		if (config_setting_lookup_string(one, "like", &like) &&
		    config_setting_lookup_string(one, "say", &says) && has_word(answer, like))
			return says;
	}
	return NULL;
}

/* The answer to this step; NULL, and out says that there is none. */
static const char *answer_to(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answers_find(c->answers, st->id);

	if (!answer)
		say(out, VERDICT_SKIP, NULL, "there is no answer yet in the line \"Answer %s:\" of your copy",
		    st->id);
	return answer;
}

static void judge_answer(const struct sheet_step *st, const char *answer, bool right, const struct dns_seen *evidence,
    struct finding_of_step *out)
{
	out->misconception = right ? NULL : misconception(st, answer);
	say(out, right ? VERDICT_PASS : VERDICT_FAIL, evidence,
	    right ? "you wrote: %s" : "you wrote: %s; that is not what the wire shows", answer);
}

static void test_first_server(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answer_to(c, st, out), *name = name_of(st);
	const struct dns_seen *first = root_query(c, name);

	if (!answer)
		return;
	if (!first) {
		say(out, VERDICT_SKIP, NULL, "you wrote: %s; the wire has shown no walk from the root yet", answer);
		return;
	}
	for (size_t i = 0; i < c->wire->n; i++) { /* who walked twice may have begun at two servers */
		const struct dns_seen *s = &c->wire->seen[i];
		if (is_walk_query(s, name) && wire_serves(c->wire, s->peer, ".") &&
		    names_host(c->wire, answer, s->peer)) {
			judge_answer(st, answer, true, s, out);
			return;
		}
	}
	judge_answer(st, answer, false, first, out);
}

static void test_answer_server(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answer_to(c, st, out), *alias = step_text(st, "alias");
	const struct dns_seen *s = own_answer(c, name_of(st), DNS_A);

	if (answer && !s)
		say(out, VERDICT_SKIP, NULL,
		    "you wrote: %s; the wire has shown no answer of the zone's own server yet", answer);
	else if (answer)
		judge_answer(
		    st, answer, names_host(c->wire, answer, s->peer) || (alias && same_name(answer, alias)), s, out);
}

static void test_answer_ttl(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answer_to(c, st, out);
	const struct dns_seen *s = own_answer(c, name_of(st), DNS_A);

	if (answer && !s)
		say(out, VERDICT_SKIP, NULL,
		    "you wrote: %s; the wire has shown no answer of the zone's own server yet", answer);
	else if (answer)
		judge_answer(st, answer, number_in(answer) == (long long)s->ttl, s, out);
}

/* A word of the setting "accept", and none that belongs to a known misconception. */
static void test_words(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	config_setting_t *accept = config_setting_get_member(st->setting, "accept");
	const char *answer = answer_to(c, st, out);
	bool right = false;

	if (!answer)
		return;
	for (int i = 0; accept && i < config_setting_length(accept); i++)
		right |= has_word(answer, config_setting_get_string_elem(accept, i));
	right = right && !misconception(st, answer);
	judge_answer(st, answer, right, NULL, out);
	if (!right)
		say(out, VERDICT_FAIL, NULL, "you wrote: %s", answer);
}

/* --- the table --- */

static const struct {
	const char *name;
	void (*run)(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out);
} tests[] = {
    {"dns-root-first", test_root_first},
    {"dns-walk", test_walk},
    {"dns-denied", test_denied},
    {"dns-first-server", test_first_server},
    {"dns-answer-server", test_answer_server},
    {"dns-answer-ttl", test_answer_ttl},
    {"words", test_words},
};

void sheet_judge(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	*out = (struct finding_of_step){.verdict = VERDICT_SKIP};
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		if (strcmp(tests[i].name, st->test) == 0) {
			tests[i].run(c, st, out);
			return;
		}
	say(out, VERDICT_SKIP, NULL, "this glasslab has no test that is called %s", st->test);
}
