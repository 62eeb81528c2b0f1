/* Worksheets: answers in the learner's copy, the worksheets themselves, verdicts on a scripted wire, bundles. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glasslab/sheet.h"
#include "torture.h"

/* --- answers --- */

static const char *parse_one(const char *text, const char *id, struct sheet_answers *a)
{
	answers_parse(a, text, strlen(text));
	return answers_find(a, id);
}

static void answers_are_read_as_people_write_them(void **state)
{
	struct sheet_answers a;

	(void)state;
	assert_string_equal(parse_one("Answer 2.1: the root\n", "2.1", &a), "the root");
	assert_string_equal(parse_one("text\n- **Answer 2.1**: `k-root` \r\nmore", "2.1", &a), "k-root");
	assert_string_equal(parse_one("> answer 2.10:x", "2.10", &a), "x");
	assert_string_equal(parse_one("Answer 2.1: ____ 3600 s ____\n", "2.1", &a), "3600 s");
	assert_string_equal(parse_one("Answer 2.1: a\nAnswer 2.1: b\n", "2.1", &a), "b");
	assert_string_equal(parse_one("Answer 2.1: a:b\033[2J\n", "2.1", &a), "a:b [2J");
	answers_parse(&a, "Answer 2.1: \0a\0b\n", 17);
	assert_string_equal(answers_find(&a, "2.1"), "a b");
}

static void answers_that_are_none_are_not_taken(void **state)
{
	static const char *const none[] = {"", "Answer 2.1:\n", "Answer 2.1: ______\n", "Answer 2.1 the root\n",
	    "Answer : x\n", "Answered 2.1: x\n", "The answer 2.1: x\n", "Answer two: x\n",
	    "Answer 2.1111111111111: x\n"};
	struct sheet_answers a;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		answers_parse(&a, none[i], strlen(none[i]));
		if (a.n != 0)
			fail_msg("'%s' gave an answer to %s", none[i], a.at[0].id);
	}
}

static void answers_too_many_or_too_long_are_bounded(void **state)
{
	struct sheet_answers a;
	char *text = calloc(1, 100000), *p = text;

	(void)state;
	for (int i = 0; i < 200; i++)
		p += sprintf(p, "Answer 2.%d: x\n", i);
	answers_parse(&a, text, strlen(text));
	assert_int_equal(a.n, SHEET_MAX_STEPS);
	strcpy(text, "Answer 2.1: ");
	memset(text + strlen(text), 'x', 5000);
	answers_parse(&a, text, strlen(text));
	assert_int_equal(strlen(a.at[0].text), SHEET_TEXT - 1);
	free(text);
}

/* --- verdicts on a wire that was never there --- */

static struct dns_seen seen[16];
static struct wire wire;
static struct sheet sheet;
static struct sheet_answers answers;

static struct dns_seen *add(bool response, const char *peer, const char *name)
{
	struct dns_seen *s = &seen[wire.n++];

	*s = (struct dns_seen){.packet = wire.n * 10, .response = response, .type = 1};
	strcpy(s->peer, peer);
	strcpy(s->name, name);
	return s;
}

static int make_case(void **state)
{
	static const char facts[] =
	    "{\"hosts\":[{\"name\":\"k-root\",\"title\":\"root server k.root-servers.net\",\"zones\":[\".\"],"
	    "\"interfaces\":[{\"addresses\":[\"193.0.14.129/24\"]}]},"
	    "{\"name\":\"edu-ns\",\"title\":\"name server of edu\",\"zones\":[\"edu\"]},"
	    "{\"name\":\"cmu-ns\",\"title\":\"name server of cmu.edu\",\"zones\":[\"cmu.edu\"]},"
	    "{\"name\":\"isr-ns\",\"zones\":[\"isr.cmu.edu\"]},{\"name\":\"mse-ns\",\"zones\":[\"mse.isr.cmu.edu\"]},"
	    "{\"name\":\"resolver\",\"zones\":[]}]}";
	struct why w;

	(void)state;
	wire = (struct wire){.seen = seen, .facts = json_loads(facts, 0, NULL)};
	answers.n = 0;
	return wire.facts && sheet_load(&sheet, "lab", 2, &w) == ERR_OK ? 0 : -1;
}

static int drop_case(void **state)
{
	(void)state;
	json_decref((json_t *)(uintptr_t)wire.facts);
	sheet_release(&sheet);
	return 0;
}

static void walk(const char *const *peers, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		add(false, peers[i], "www.mse.isr.cmu.edu.");
		struct dns_seen *r = add(true, peers[i], "www.mse.isr.cmu.edu.");
		r->aa = r->has_answer = strcmp(peers[i], "mse-ns") == 0;
		r->ttl = 1234;
	}
}

static enum verdict judge(const char *id, const char *answer, struct finding_of_step *f)
{
	const struct sheet_case c = {&sheet, &answers, &wire, NULL};
	char line[128];

	snprintf(line, sizeof(line), "Answer %s: %s\n", id, answer ? answer : "");
	answers_parse(&answers, line, strlen(line));
	const struct sheet_step *st = sheet_find(&sheet, id);
	assert_non_null(st);
	sheet_judge(&c, st, f);
	return f->verdict;
}

static void walk_in_order_passes_and_only_then(void **state)
{
	static const char *const whole[] = {"k-root", "edu-ns", "cmu-ns", "isr-ns", "mse-ns"};
	static const char *const wrong[] = {"edu-ns", "k-root", "isr-ns", "cmu-ns", "mse-ns"};
	struct finding_of_step f;

	(void)state;
	assert_int_equal(judge("2.1", NULL, &f), VERDICT_SKIP);
	walk(wrong, 5);
	assert_int_equal(judge("2.1", NULL, &f), VERDICT_PASS); /* the root was asked, at last */
	assert_int_equal(judge("2.2", NULL, &f), VERDICT_SKIP);
	wire.n = 0;
	walk(whole, 4);
	assert_int_equal(judge("2.2", NULL, &f), VERDICT_SKIP);
	walk(whole + 4, 1);
	assert_int_equal(judge("2.2", NULL, &f), VERDICT_PASS);
	assert_non_null(strstr(f.text, "k-root, edu-ns, cmu-ns, isr-ns, mse-ns"));
	wire.n = 0;
	add(false, "resolver", "www.mse.isr.cmu.edu.")->rd = true;
	assert_int_equal(judge("2.1", NULL, &f), VERDICT_SKIP);
	assert_int_equal(f.packet, 10);
	assert_non_null(strstr(f.text, "resolver was asked"));
}

/* A question to the root that nobody answered began no walk. */
static void query_without_answer_is_no_evidence(void **state)
{
	struct finding_of_step f;

	(void)state;
	add(false, "k-root", "www.mse.isr.cmu.edu.");
	assert_int_equal(judge("2.1", NULL, &f), VERDICT_SKIP);
	add(true, "edu-ns", "www.mse.isr.cmu.edu.");
	assert_int_equal(judge("2.1", NULL, &f), VERDICT_SKIP);
}

static void answers_are_held_against_the_wire(void **state)
{
	static const char *const whole[] = {"k-root", "edu-ns", "cmu-ns", "isr-ns", "mse-ns"};
	static const struct {
		const char *id, *answer;
		enum verdict want;
		const char *says; /* of a misconception */
	} cases[] = {
	    {"2.3", "k-root", VERDICT_PASS, NULL},
	    {"2.3", "K.ROOT-SERVERS.NET.", VERDICT_PASS, NULL},
	    {"2.3", "193.0.14.129", VERDICT_PASS, NULL},
	    {"2.3", "a.root-servers.net", VERDICT_FAIL, NULL},
	    {"2.3", "193.0.14.12", VERDICT_FAIL, NULL},
	    {"2.3", "the router", VERDICT_FAIL, "Routers"},
	    {"2.3", NULL, VERDICT_SKIP, NULL},
	    {"2.4", "ns1.mse.isr.cmu.edu", VERDICT_PASS, NULL},
	    {"2.4", "mse-ns", VERDICT_PASS, NULL},
	    {"2.4", "ns1.isr.cmu.edu", VERDICT_FAIL, "can only refer"},
	    {"2.5", "1234", VERDICT_PASS, NULL},
	    {"2.5", "TTL 1234 s", VERDICT_PASS, NULL},
	    {"2.5", "12345", VERDICT_FAIL, NULL},
	    {"2.5", "7200", VERDICT_FAIL, "refresh"},
	    {"2.5", "long", VERDICT_FAIL, NULL},
	    {"2.6", "from the root hints", VERDICT_PASS, NULL},
	    {"2.6", "the router has the root hints", VERDICT_FAIL, "slide"},
	    {"2.6", "hintsight", VERDICT_FAIL, NULL},
	};
	struct finding_of_step f;

	(void)state;
	walk(whole, 5);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum verdict v = judge(cases[i].id, cases[i].answer, &f);
		bool says =
		    cases[i].says ? f.misconception && strstr(f.misconception, cases[i].says) : !f.misconception;
		if (v != cases[i].want || !says)
			fail_msg("%s '%s': verdict %d (%s), %s", cases[i].id, cases[i].answer ? cases[i].answer : "",
			    (int)v, f.text, f.misconception ? f.misconception : "-");
	}
}

static void denied_needs_authority_and_the_right_zone(void **state)
{
	struct finding_of_step f;
	struct dns_seen *s;

	(void)state;
	s = add(true, "mse-ns", "no.mse.isr.cmu.edu.");
	s->rcode = 3;
	assert_int_equal(judge("2.7", NULL, &f), VERDICT_SKIP);
	s->aa = true;
	assert_int_equal(judge("2.7", NULL, &f), VERDICT_PASS);
	strcpy(s->name, "nomse.isr.cmu.edu.");
	assert_int_equal(judge("2.7", NULL, &f), VERDICT_SKIP);
	strcpy(s->name, "mse.isr.cmu.edu.");
	assert_int_equal(judge("2.7", NULL, &f), VERDICT_SKIP);
}

/* --- bundles --- */

static void digest_depends_on_all_that_it_is_of(void **state)
{
	json_t *o = json_pack("{s:s,s:i,s:s}", "student", "alice", "passed", 7, "digest", "x");
	char a[65], b[65];

	(void)state;
	bundle_digest(o, "alice", NULL, 0, a);
	json_object_set_new(o, "digest", json_string("y"));
	bundle_digest(o, "alice", NULL, 0, b);
	assert_string_equal(a, b);
	bundle_digest(o, "bob", NULL, 0, b);
	assert_string_not_equal(a, b);
	bundle_digest(o, "alice", (const uint8_t *)"k", 1, b);
	assert_string_not_equal(a, b);
	json_object_set_new(o, "passed", json_integer(8));
	bundle_digest(o, "alice", NULL, 0, b);
	assert_string_not_equal(a, b);
	json_decref(o);
}

static void sheet_that_is_not_there_is_a_no(void **state)
{
	struct sheet s;
	struct why w;

	(void)state;
	assert_int_equal(sheet_load(&s, "lab", 99, &w), ERR_NEGATIVE);
	assert_int_equal(sheet_load(&s, "/nonexistent", 2, &w), ERR_NEGATIVE);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_case, drop_case)
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_are_read_as_people_write_them),
	    cmocka_unit_test(answers_that_are_none_are_not_taken),
	    cmocka_unit_test(answers_too_many_or_too_long_are_bounded),
	    CASE(walk_in_order_passes_and_only_then),
	    CASE(query_without_answer_is_no_evidence),
	    CASE(answers_are_held_against_the_wire),
	    CASE(denied_needs_authority_and_the_right_zone),
	    cmocka_unit_test(digest_depends_on_all_that_it_is_of),
	    cmocka_unit_test(sheet_that_is_not_there_is_a_no),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
