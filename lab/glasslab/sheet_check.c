/* The tests that a step of a worksheet can name: each looks at what the wire showed, or holds a written answer against
 * it. No right answer stands in any file: the wire has it, or the lab's facts have. Steps that name packets are in
 * sheet_packets.c. */
#include "sheet.h"

#include <ctype.h>
#include <regex.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "glassnet/proto/dns.h"

/* --- verdicts --- */

void step_say(struct finding_of_step *out, enum verdict v, const struct row *seen, const char *fmt, ...)
{
	va_list ap;

	out->verdict = v;
	out->packet = seen ? seen->packet : 0;
	out->n_rows = seen ? 1 : 0;
	if (seen && seen != out->row)
		out->row[0] = *seen;
	va_start(ap, fmt);
	vsnprintf(out->text, sizeof out->text, fmt, ap);
	va_end(ap);
}

/* A DNS message as the packet that decided; NULL stays NULL. */
static const struct row *as_row(struct row *r, const struct dns_seen *s)
{
	static const char *const hosts[] = {[AT_LAPTOP] = "laptop", [AT_RESOLVER] = "resolver"};
	const char *here = s ? hosts[s->at] : "";

	if (!s)
		return NULL;
	*r = (struct row){.packet = s->packet, .time = s->time};
	snprintf(r->from, sizeof r->from, "%s", s->response ? s->peer : here);
	snprintf(r->to, sizeof r->to, "%s", s->response ? here : s->peer);
	snprintf(r->label, sizeof r->label, "DNS %s %.200s type %u", s->response ? "answer" : "question", s->name,
	    (unsigned)s->type);
	if (s->has_answer || s->has_soa) {
		size_t n = strlen(r->label);
		snprintf(r->label + n, sizeof r->label - n, " TTL %u", s->has_answer ? s->ttl : s->negative);
	}
	return r;
}

/* Another packet that it rests on. */
static void also(struct finding_of_step *out, const struct dns_seen *s)
{
	if (out->n_rows < SHEET_MAX_SEEN)
		as_row(&out->row[out->n_rows++], s);
}

/* --- what the laptop did --- */

static const char *name_of(const struct sheet_step *st)
{
	const char *name = step_text(st, "name");

	return name ? name : "";
}

static bool is_walk_query(const struct dns_seen *s, const char *name)
{
	return s->at == AT_LAPTOP && !s->response && !s->rd && strcasecmp(s->name, name) == 0;
}

/* The query with which a walk from the root began: asked of a server of the root, and answered. NULL: none did. */
static const struct dns_seen *root_query(const struct sheet_case *c, const char *name)
{
	for (size_t i = 0; i < c->wire->n; i++) {
		const struct dns_seen *s = &c->wire->seen[i];
		if (!is_walk_query(s, name) || !wire_serves(c->wire, s->peer, "."))
			continue;
		for (size_t k = i + 1; k < c->wire->n; k++)
			if (c->wire->seen[k].at == AT_LAPTOP && c->wire->seen[k].response &&
			    strcmp(c->wire->seen[k].peer, s->peer) == 0)
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
	for (size_t i = 0; i < c->wire->n; i++) {
		const struct dns_seen *s = &c->wire->seen[i];
		if (s->at == AT_LAPTOP && !s->response && s->rd && strcasecmp(s->name, name) == 0)
			return s;
	}
	return NULL;
}

static void test_root_first(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *name = name_of(st);
	const struct dns_seen *s = root_query(c, name), *other = asked_a_resolver(c, name);

	if (s)
		step_say(out, VERDICT_PASS, as_row(out->row, s), "%s was asked for %s, and not to look further",
		    s->peer, name);
	else if (other)
		step_say(out, VERDICT_SKIP, as_row(out->row, other),
		    "saw: %s was asked to find %s, with recursion desired; expected: a root server is asked, without "
		    "it",
		    other->peer, name);
	else
		step_say(out, VERDICT_SKIP, NULL, "saw: the laptop has asked nobody for %s; expected: a root server",
		    name);
}

/* The zones of the setting "zones", each server asked after the one before. */
static void test_walk(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	config_setting_t *zones = config_setting_get_member(st->setting, "zones");
	const char *name = name_of(st);
	const struct dns_seen *s = root_query(c, name), *last = s, *asked[SHEET_MAX_SEEN] = {s};
	int n = zones ? config_setting_length(zones) : 0, reached = 0;
	char way[256];

	if (!s) {
		step_say(out, VERDICT_SKIP, NULL, "saw: no walk from the root for %s", name);
		return;
	}
	size_t at = (size_t)snprintf(way, sizeof way, "%s", s->peer);
	for (; reached < n && s < c->wire->seen + c->wire->n; s++)
		if (is_walk_query(s, name) &&
		    wire_serves(c->wire, s->peer, config_setting_get_string_elem(zones, reached))) {
			at += (size_t)snprintf(way + at, at < sizeof way ? sizeof way - at : 0, ", %s", s->peer);
			asked[reached % SHEET_MAX_SEEN] = last;
			last = s;
			reached++;
		}
	step_say(out, reached == n ? VERDICT_PASS : VERDICT_SKIP, as_row(out->row, last),
	    reached == n ? "asked: %s" : "saw: %s, and then no server of the next zone", way);
	for (int i = 0; i < reached && i < SHEET_MAX_SEEN; i++)
		also(out, asked[i]);
}

/* --- what the resolver remembered --- */

/* Is name below zone (both with their last dot)? */
static bool is_below(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	return n > z && name[n - z - 1] == '.' && strcasecmp(name + n - z, zone) == 0;
}

/* What the resolver told the laptop, without authority of its own. */
static bool is_repeated(const struct dns_seen *s)
{
	return s->at == AT_LAPTOP && s->response && !s->aa;
}

/* Between these two answers the resolver asked nobody for that name. */
static bool asked_nobody(const struct wire *w, const struct dns_seen *a, const struct dns_seen *b)
{
	for (const struct dns_seen *s = w->seen; s < w->seen + w->n; s++)
		if (s->at == AT_RESOLVER && !s->response && strcmp(s->peer, a->peer) != 0 &&
		    strcasecmp(s->name, a->name) == 0 && s->time > a->time && s->time < b->time)
			return false;
	return true;
}

/* A server with authority said that a name below zone is not there: to the laptop, or to anybody. */
static const struct dns_seen *own_denial(const struct sheet_case *c, const char *zone, bool to_laptop)
{
	for (size_t i = 0; zone && i < c->wire->n; i++) {
		const struct dns_seen *s = &c->wire->seen[i];
		if (s->response && s->aa && s->rcode == DNS_NXDOMAIN && is_below(s->name, zone) &&
		    (s->at == AT_LAPTOP || !to_laptop))
			return s;
	}
	return NULL;
}

static void test_denied(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *zone = step_text(st, "zone");
	const struct dns_seen *s = own_denial(c, zone, true);

	if (s)
		step_say(out, VERDICT_PASS, as_row(out->row, s), "%s says that there is no %s (NXDOMAIN)", s->peer,
		    s->name);
	else
		step_say(out, VERDICT_SKIP, NULL,
		    "saw: no server of %s that tells the laptop that a name is not there; ask for one that you "
		    "invent",
		    zone);
}

/* The same answer twice; the second time there is less of its time left, and nobody else was asked. */
static void test_cached(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const struct dns_seen *end = c->wire->seen + c->wire->n, *first = NULL;
	const char *name = name_of(st);

	for (const struct dns_seen *s = c->wire->seen; s < end; s++) {
		if (!is_repeated(s) || !s->has_answer || s->type != DNS_A || strcasecmp(s->name, name) != 0)
			continue;
		if (first && s->ttl < first->ttl && asked_nobody(c->wire, first, s)) {
			step_say(out, VERDICT_PASS, as_row(out->row, s),
			    "%s said %u s, and %.1f s later %u s, and asked nobody meanwhile", s->peer, first->ttl,
			    (double)(s->time - first->time) / 1e9, s->ttl);
			also(out, first);
			return;
		}
		first = s;
	}
	if (first)
		step_say(out, VERDICT_SKIP, as_row(out->row, first),
		    "saw: %s answered with %u s to go; ask again after a second or two", first->peer, first->ttl);
	else
		step_say(out, VERDICT_SKIP, NULL, "saw: no answer of the resolver for the address of %s", name);
}

/* The same no twice, and the second time nobody else was asked. */
static void test_denied_cached(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const struct dns_seen *end = c->wire->seen + c->wire->n, *once = NULL;
	const char *zone = step_text(st, "zone");

	for (const struct dns_seen *a = c->wire->seen; zone && a < end; a++) {
		if (!is_repeated(a) || a->rcode != DNS_NXDOMAIN || !is_below(a->name, zone))
			continue;
		once = a;
		for (const struct dns_seen *b = a + 1; b < end; b++)
			if (is_repeated(b) && b->rcode == DNS_NXDOMAIN && strcasecmp(a->name, b->name) == 0 &&
			    asked_nobody(c->wire, a, b)) {
				step_say(out, VERDICT_PASS, as_row(out->row, b),
				    "%s said twice that there is no %s, and asked nobody meanwhile", b->peer,
				    b->name);
				also(out, a);
				return;
			}
	}
	if (once)
		step_say(out, VERDICT_SKIP, as_row(out->row, once),
		    "saw: %s said once that there is no %s; ask for the same name again", once->peer, once->name);
	else
		step_say(out, VERDICT_SKIP, NULL,
		    "saw: the resolver was asked for no name below %s that is not there", zone);
}

/* --- what the learner wrote --- */

/* Without a last dot, in whatever letters. */
bool answer_same_name(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	n -= n > 1 && a[n - 1] == '.';
	m -= m > 1 && b[m - 1] == '.';
	return n == m && strncasecmp(a, b, n) == 0;
}

/* A host of the lab by its name there, an address, or the name that stands in its title; "name server of bank.example" is not
 * called bank.example. */
bool answer_names_host(const struct wire *w, const char *answer, const char *host)
{
	const json_t *h = wire_host(w, host);
	const char *title = json_string_value(json_object_get(h, "title")),
	           *last = title && !strstr(title, " of ") ? strrchr(title, ' ') : NULL;
	json_t *f, *a;
	size_t i, k;

	if (answer_same_name(answer, host) || (last && strchr(last, '.') && answer_same_name(answer, last + 1)))
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
long long answer_number(const char *text)
{
	const char *p = text + strcspn(text, "0123456789");

	return *p ? strtoll(p, NULL, 10) : -1;
}

/* Is all of the answer what this regular expression describes? */
static bool is_like(const char *answer, const char *pattern)
{
	char whole[SHEET_TEXT];
	regex_t re;

	if (snprintf(whole, sizeof whole, "^(%s)$", pattern) >= (int)sizeof whole ||
	    regcomp(&re, whole, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
		return false;
	bool found = regexec(&re, answer, 0, NULL, 0) == 0;
	regfree(&re);
	return found;
}

/* wrong = ( { like = "a word of it"; say = "..."; }, { is = "all of it"; example = "such as this"; say = "..."; } ) */
const char *step_misconception(const struct sheet_step *st, const char *answer)
{
	config_setting_t *list = config_setting_get_member(st->setting, "wrong");

	for (int i = 0; list && i < config_setting_length(list); i++) {
		config_setting_t *one = config_setting_get_elem(list, (unsigned)i);
		const char *like = NULL, *is = NULL, *says = NULL;
		(void)config_setting_lookup_string(one, "like", &like);
		(void)config_setting_lookup_string(one, "is", &is);
		if (config_setting_lookup_string(one, "say", &says) &&
		    ((like && has_word(answer, like)) || (is && is_like(answer, is))))
			return says;
	}
	return NULL;
}

/* The answer to this step; NULL, and out says that there is none. */
static const char *answer_to(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answers_find(c->answers, st->id);

	if (!answer)
		step_say(out, VERDICT_SKIP, NULL, "there is no answer yet in the line \"Answer %s:\" of your copy",
		    st->id);
	return answer;
}

static void judge_answer(const struct sheet_step *st, const char *answer, bool right, const struct dns_seen *evidence,
    struct finding_of_step *out)
{
	out->misconception = right ? NULL : step_misconception(st, answer);
	step_say(out, right ? VERDICT_PASS : VERDICT_FAIL, as_row(out->row, evidence),
	    right ? "you wrote: %s" : "you wrote: %s; that is not what the wire shows", answer);
}

static void test_first_server(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answer_to(c, st, out), *name = name_of(st);
	const struct dns_seen *first = root_query(c, name);

	if (!answer)
		return;
	if (!first) {
		step_say(
		    out, VERDICT_SKIP, NULL, "you wrote: %s; the wire has shown no walk from the root yet", answer);
		return;
	}
	for (size_t i = 0; i < c->wire->n; i++) { /* who walked twice may have begun at two servers */
		const struct dns_seen *s = &c->wire->seen[i];
		if (is_walk_query(s, name) && wire_serves(c->wire, s->peer, ".") &&
		    answer_names_host(c->wire, answer, s->peer)) {
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
		step_say(out, VERDICT_SKIP, NULL,
		    "you wrote: %s; the wire has shown no answer of the zone's own server yet", answer);
	else if (answer)
		judge_answer(st, answer,
		    answer_names_host(c->wire, answer, s->peer) || (alias && answer_same_name(answer, alias)), s,
		    out);
}

static void test_answer_ttl(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answer_to(c, st, out);
	const struct dns_seen *s = own_answer(c, name_of(st), DNS_A);

	if (answer && !s)
		step_say(out, VERDICT_SKIP, NULL,
		    "you wrote: %s; the wire has shown no answer of the zone's own server yet", answer);
	else if (answer)
		judge_answer(st, answer, answer_number(answer) == (long long)s->ttl, s, out);
}

static void test_negative_ttl(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answer_to(c, st, out);
	const struct dns_seen *s = own_denial(c, step_text(st, "zone"), false);

	if (answer && !(s && s->has_soa))
		step_say(out, VERDICT_SKIP, NULL,
		    "you wrote: %s; the wire has shown no server of the zone that says no yet", answer);
	else if (answer)
		judge_answer(st, answer, answer_number(answer) == (long long)s->negative, s, out);
}

static bool has_any(const char *answer, config_setting_t *words)
{
	for (int i = 0; i < config_setting_length(words); i++)
		if (has_word(answer, config_setting_get_string_elem(words, i)))
			return true;
	return false;
}

/* accept = [ "a", "b" ]: one of these words; accept = ( [ "a", "b" ], [ "c" ] ): one of each of these. */
static bool is_accepted(const char *answer, config_setting_t *accept)
{
	if (!accept || config_setting_length(accept) == 0)
		return false;
	if (!config_setting_is_list(accept))
		return has_any(answer, accept);
	for (int i = 0; i < config_setting_length(accept); i++)
		if (!has_any(answer, config_setting_get_elem(accept, (unsigned)i)))
			return false;
	return true;
}

/* What the setting "accept" wants, and no word that belongs to a known misconception. */
static void test_words(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	const char *answer = answer_to(c, st, out);

	if (!answer)
		return;
	bool right =
	    is_accepted(answer, config_setting_get_member(st->setting, "accept")) && !step_misconception(st, answer);
	judge_answer(st, answer, right, NULL, out);
	if (!right)
		step_say(out, VERDICT_FAIL, NULL, "you wrote: %s", answer);
}

/* --- the table --- */

static const struct {
	const char *name;
	void (*run)(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out);
} tests[] = {
    {"dns-root-first", test_root_first},
    {"dns-walk", test_walk},
    {"dns-denied", test_denied},
    {"dns-cached", test_cached},
    {"dns-denied-cached", test_denied_cached},
    {"dns-negative-ttl", test_negative_ttl},
    {"dns-first-server", test_first_server},
    {"dns-answer-server", test_answer_server},
    {"dns-answer-ttl", test_answer_ttl},
    {"words", test_words},
    {"packets", test_packets},
    {"value", test_packets},
    {"state", test_state},
};

void sheet_judge(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out)
{
	*out = (struct finding_of_step){.verdict = VERDICT_SKIP};
	for (size_t i = 0; i < sizeof tests / sizeof *tests; i++)
		if (strcmp(tests[i].name, st->test) == 0) {
			tests[i].run(c, st, out);
			return;
		}
	step_say(out, VERDICT_SKIP, NULL, "this glasslab has no test that is called %s", st->test);
}
