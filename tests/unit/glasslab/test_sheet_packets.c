/* Steps of worksheets that name packets and values: what their .conf may say, and the verdicts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glasslab/sheet.h"
#include "glassnet/clock.h"
#include "torture.h"

/* --- a worksheet of one step, in a folder of its own --- */

static char folder[] = "/tmp/glassnet-sheet.XXXXXX";
static struct sheet sheet;
static struct sheet_answers answers;
static struct wire wire;
static json_t *facts, *said;

#define HEAD "id = \"7.1\"; title = \"t\"; why = \"y\"; hints = [ \"a\", \"b\", \"c\" ]; "

static void put_file(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof path, "%s/worksheets/%s", folder, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static enum err load(const char *step, struct why *w)
{
	char text[2048];

	snprintf(text, sizeof text, "topic = \"t\";\nsteps = (\n{ " HEAD "%s }\n);\n", step);
	put_file("07-t.conf", text);
	put_file("07-t.md", "# t\n");
	return sheet_load(&sheet, folder, 7, w);
}

static int make_folder(void **state)
{
	char path[128];

	(void)state;
	strcpy(folder, "/tmp/glassnet-sheet.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "mkdir %s/worksheets", folder);
	facts = json_loads("{\"hosts\":[{\"name\":\"k-root\",\"title\":\"root server k.root-servers.net\"},"
	                   "{\"name\":\"bank-ns\",\"title\":\"name server of bank.example\"}]}",
	    0, NULL);
	said = NULL;
	wire = (struct wire){.facts = facts};
	answers.n = 0;
	memset(&sheet, 0, sizeof sheet);
	return system(path) == 0 && facts ? 0 : -1;
}

static int drop_folder(void **state)
{
	char path[128];

	(void)state;
	if (sheet.n_steps)
		sheet_release(&sheet);
	wire_release(&wire);
	json_decref(facts);
	json_decref(said);
	snprintf(path, sizeof path, "rm -r %s", folder);
	return system(path) == 0 ? 0 : -1;
}

static void begin(const char *step)
{
	struct why w = {""};

	if (load(step, &w) != ERR_OK)
		fail_msg("%s: %s", step, w.text);
}

/* A packet at this many seconds. */
static void see(uint64_t packet, double seconds, const char *from, const char *to, const char *label)
{
	struct row r = {.packet = packet, .time = (int64_t)(seconds * (double)NS_PER_S)};

	snprintf(r.from, sizeof r.from, "%s", from);
	snprintf(r.to, sizeof r.to, "%s", to);
	snprintf(r.label, sizeof r.label, "%s", label);
	assert_int_equal(rows_add(&wire.rows, &r), ERR_OK);
}

static struct finding_of_step judge(const char *answer)
{
	const struct sheet_case c = {&sheet, &answers, &wire, said};
	struct finding_of_step f;
	char line[128];

	snprintf(line, sizeof line, "Answer 7.1: %s\n", answer);
	answers_parse(&answers, line, strlen(line));
	sheet_judge(&c, &sheet.step[0], &f);
	return f;
}

/* --- */

static void confs_that_are_wrong_are_named(void **state)
{
	static const char *const bad[] = {"test = \"packets\";", "test = \"packets\"; seen = ( { from = \"x\"; } );",
	    "test = \"packets\"; seen = ( { says = \"s\"; label = \"(\"; } );",
	    "test = \"packets\"; none = { says = \"s\"; };", "test = \"value\"; answer = \"text\";",
	    "test = \"value\"; value = { run = [ \"h\", \"p\" ]; };",
	    "test = \"value\"; answer = \"text\"; value = { run = [ \"h\" ]; };",
	    "test = \"value\"; answer = \"text\"; value = { of = \"to\"; };",
	    "test = \"value\"; answer = \"text\"; seen = ( { says = \"s\"; } ); value = { seen = 1; };",
	    "test = \"value\"; answer = \"text\"; seen = ( { says = \"s\"; } ); value = { of = \"toe\"; };",
	    "test = \"value\"; answer = \"text\"; seen = ( { says = \"s\"; } ); value = { take = \"x\"; };",
	    "test = \"value\"; answer = \"number\"; value = { count = { says = \"s\"; }; };",
	    "test = \"state\"; like = \"x\"; says = \"s\";",
	    "test = \"state\"; run = [ \"h\" ]; like = \"x\"; says = \"s\";",
	    "test = \"state\"; run = [ \"h\", \"p\" ]; like = \"(\"; says = \"s\";",
	    "test = \"state\"; run = [ \"h\", \"p\" ]; like = \"x\";",
	    "test = \"value\"; answer = \"number\"; seen = ( { says = \"s\"; } ); value = { count = { }; };"};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct why w = {""};
		if (load(bad[i], &w) != ERR_FORMAT || !strstr(w.text, "line 3"))
			fail_msg("%s: %s", bad[i], w.text);
	}
}

static void order_decides_and_what_must_not_follow(void **state)
{
	(void)state;
	begin("test = \"packets\"; seen = ( { from = \"laptop\"; label = \"query\"; says = \"a query\"; }, { to = "
	      "\"laptop\"; says = \"an answer\"; } ); none = { from = \"resolver\"; to = \"root\"; says = \"no "
	      "question\"; }; within = 2;");
	struct finding_of_step f = judge("");
	assert_int_equal(f.verdict, VERDICT_SKIP);
	assert_non_null(strstr(f.text, "a query"));
	see(1, 0, "laptop", "resolver", "query");
	f = judge("");
	assert_int_equal(f.verdict, VERDICT_SKIP);
	assert_non_null(strstr(f.text, "an answer"));
	assert_int_equal(f.packet, 1);
	see(2, 0.1, "resolver", "laptop", "answer");
	see(3, 1.9, "resolver", "root", "query"); /* 1.8 s after it */
	f = judge("");
	assert_int_equal(f.verdict, VERDICT_SKIP);
	assert_int_equal(f.packet, 3);
	/* done again, rightly: what went wrong before does not count */
	see(4, 5, "laptop", "resolver", "query");
	see(5, 5.1, "resolver", "laptop", "answer");
	see(6, 7.2, "resolver", "root", "query"); /* too late to belong to it */
	f = judge("");
	assert_int_equal(f.verdict, VERDICT_PASS);
	assert_int_equal(f.packet, 5);
}

static void hosts_are_matched_as_a_whole(void **state)
{
	(void)state;
	begin("test = \"packets\"; seen = ( { from = \"lap|top\"; says = \"s\"; } );");
	see(1, 0, "laptop", "x", "y");
	assert_int_equal(judge("").verdict, VERDICT_SKIP);
	see(2, 0, "TOP", "x", "y");
	assert_int_equal(judge("").verdict, VERDICT_PASS);
}

static void an_answer_is_compared_with_a_packet(void **state)
{
	(void)state;
	begin(
	    "test = \"value\"; answer = \"host\"; seen = ( { to = \".*-root\"; says = \"s\"; } ); value = { of = "
	    "\"to\"; }; wrong = ( { like = \"edu\"; say = \"not edu\"; }, { is = \"[0-9]+\"; say = \"digits\"; } );");
	assert_int_equal(judge("k-root").verdict, VERDICT_SKIP); /* nothing seen yet */
	see(7, 0, "laptop", "k-root", "query");
	assert_int_equal(judge("").verdict, VERDICT_SKIP);
	assert_int_equal(judge("K.root-servers.net.").verdict, VERDICT_PASS);
	struct finding_of_step f = judge("j-root");
	assert_int_equal(f.verdict, VERDICT_FAIL);
	assert_int_equal(f.packet, 7);
	assert_null(strstr(f.text, "k-root")); /* it does not give the answer away */
	assert_null(f.misconception);
	assert_string_equal(judge("the edu server").misconception, "not edu");
	assert_string_equal(judge("13").misconception, "digits");
	assert_null(judge("13 servers").misconception);
	see(8, 1, "laptop", "j-root", "query"); /* either time is right */
	assert_int_equal(judge("j-root").verdict, VERDICT_PASS);
	assert_int_equal(judge("k-root").verdict, VERDICT_PASS);
}

static void a_host_has_its_names_and_not_that_of_what_it_serves(void **state)
{
	(void)state;
	begin("test = \"value\"; answer = \"host\"; alias = \"ns1.hosting.com\"; seen = ( { to = \"bank-ns\"; says = "
	      "\"s\"; } ); value = { of = \"to\"; };");
	see(1, 0, "resolver", "bank-ns", "query");
	assert_int_equal(judge("bank-ns").verdict, VERDICT_PASS);
	assert_int_equal(judge("NS1.hosting.com.").verdict, VERDICT_PASS);
	assert_int_equal(judge("bank.example").verdict, VERDICT_FAIL);
}

static void packets_are_counted_from_the_first_seen_to_the_last(void **state)
{
	(void)state;
	begin("test = \"value\"; answer = \"number\"; seen = ( { from = \"laptop\"; label = \"query\"; says = \"s\"; "
	      "}, { to "
	      "= \"laptop\"; says = \"s\"; } ); value = { count = { from = \"resolver\"; label = \"query\"; says = "
	      "\"s\"; "
	      "}; };");
	see(1, 0, "resolver", "root", "query"); /* before it began */
	see(2, 1, "laptop", "resolver", "query");
	assert_int_equal(judge("0").verdict, VERDICT_SKIP); /* not over yet */
	see(3, 1.1, "resolver", "root", "query");
	see(4, 1.2, "root", "resolver", "referral");
	see(5, 1.3, "resolver", "edu", "query");
	see(6, 1.4, "resolver", "laptop", "answer");
	see(7, 1.5, "resolver", "edu", "query"); /* after it */
	assert_int_equal(judge("2 questions").verdict, VERDICT_PASS);
	assert_int_equal(judge("3").verdict, VERDICT_FAIL);
	assert_int_equal(judge("4").verdict, VERDICT_FAIL);
	assert_int_equal(judge("0").verdict, VERDICT_FAIL);
}

static void an_answer_is_compared_with_what_a_program_said(void **state)
{
	(void)state;
	begin("test = \"value\"; answer = \"number\"; value = { run = [ \"host\", \"prog\" ]; take = \"TTL "
	      "([0-9]+)\"; };");
	assert_int_equal(judge("1757").verdict, VERDICT_SKIP); /* the lab cannot be asked */
	said = json_pack("{s:s}", "7.1", "x TTL 1757\n");
	assert_int_equal(judge("1757 seconds").verdict, VERDICT_PASS);
	assert_int_equal(judge("17571").verdict, VERDICT_FAIL);
	assert_int_equal(judge("much").verdict, VERDICT_FAIL);
	json_object_set_new(said, "7.1", json_string("nothing"));
	assert_int_equal(judge("1757").verdict, VERDICT_SKIP);
}

static void a_measurement_is_right_within_its_factor(void **state)
{
	(void)state;
	begin("test = \"value\"; answer = \"number\"; factor = 5; value = { run = [ \"host\", \"prog\" ]; };");
	said = json_pack("{s:s}", "7.1", "100 times\n");
	assert_int_equal(judge("20").verdict, VERDICT_PASS);
	assert_int_equal(judge("about 500 times").verdict, VERDICT_PASS);
	assert_int_equal(judge("19").verdict, VERDICT_FAIL);
	assert_int_equal(judge("501").verdict, VERDICT_FAIL);
	assert_int_equal(judge("0").verdict, VERDICT_FAIL);
	assert_int_equal(judge("99999999999999999999").verdict, VERDICT_FAIL);
	assert_int_equal(judge("very much").verdict, VERDICT_FAIL);
}

static void the_start_of_a_text_is_enough_if_it_is_long(void **state)
{
	(void)state;
	begin("test = \"value\"; answer = \"text\"; least = 4; value = { run = [ \"host\", \"prog\" ]; };");
	said = json_pack("{s:s}", "7.1", "c0ffee00\nmore");
	assert_int_equal(judge("c0ffee00").verdict, VERDICT_PASS);
	assert_int_equal(judge("C0FF").verdict, VERDICT_PASS);
	assert_int_equal(judge("c0f").verdict, VERDICT_FAIL);
	assert_int_equal(judge("c0ffee001").verdict, VERDICT_FAIL);
	assert_int_equal(judge("more").verdict, VERDICT_FAIL);
}

static void a_state_is_what_a_line_of_a_program_shows(void **state)
{
	(void)state;
	begin("test = \"state\"; run = [ \"host\", \"prog\" ]; like = \"^inet 10[.]66[.]\"; says = \"it is there\";");
	struct finding_of_step f = judge("");
	assert_int_equal(f.verdict, VERDICT_SKIP); /* the lab cannot be asked */
	assert_non_null(strstr(f.text, "could not be asked"));
	said = json_pack("{s:s}", "7.1", "eth0\ninet 192.168.1.4 10.66.0.1\n");
	f = judge("");
	assert_int_equal(f.verdict, VERDICT_SKIP);
	assert_non_null(strstr(f.text, "it is there"));
	json_object_set_new(said, "7.1", json_string("eth0\ninet 10.66.0.4 x\nmore"));
	f = judge("");
	assert_int_equal(f.verdict, VERDICT_PASS);
	assert_string_equal(f.text, "host says: inet 10.66.0.4 x");
}

static void words_of_every_group_are_wanted(void **state)
{
	(void)state;
	begin("test = \"words\"; answer = \"words\"; accept = ( [ \"key\", \"secret\" ], [ \"private\" ] );");
	assert_int_equal(judge("the key").verdict, VERDICT_FAIL);
	assert_int_equal(judge("it is private").verdict, VERDICT_FAIL);
	assert_int_equal(judge("the private secret").verdict, VERDICT_PASS);
	sheet_release(&sheet);
	begin("test = \"words\"; answer = \"words\"; accept = [ \"key\", \"secret\" ];");
	assert_int_equal(judge("the key").verdict, VERDICT_PASS);
	assert_int_equal(judge("keys").verdict, VERDICT_FAIL);
	sheet_release(&sheet);
	begin("test = \"words\"; answer = \"words\"; accept = ( );");
	assert_int_equal(judge("anything").verdict, VERDICT_FAIL);
}

/* --- programs --- */

static bool hear(const char *script, int64_t patience, char *out, size_t cap)
{
	const char *argv[] = {"sh", "-c", script, NULL};

	return hear_program("sh", (char *const *)(uintptr_t)argv, patience, out, cap);
}

static void a_program_is_heard_to_its_end(void **state)
{
	char out[8];

	(void)state;
	assert_true(hear("echo abc; echo no >&2", 5 * NS_PER_S, out, sizeof out));
	assert_string_equal(out, "abc\n");
	assert_true(hear("printf 123456; yes | head -c 200000", 5 * NS_PER_S, out,
	    sizeof out)); /* what does not fit is read, too */
	assert_string_equal(out, "123456y");
	assert_true(hear("printf 'a\\377b'", 5 * NS_PER_S, out, sizeof out));
	assert_string_equal(out, "a?b");
	assert_false(hear("echo abc; exit 1", 5 * NS_PER_S, out, sizeof out));
	assert_false(hear("kill -9 $$", 5 * NS_PER_S, out, sizeof out));
}

/* It is killed, and what it started as well; also if it has closed its output. */
static void a_program_that_does_not_end_is_killed(void **state)
{
	char out[64], path[128];

	(void)state;
	int64_t start = clock_now(&clock_real);
	snprintf(path, sizeof path, "sleep 100 & echo $! >%s/pid; wait", folder);
	assert_false(hear(path, 300 * NS_PER_MS, out, sizeof out));
	assert_false(hear("exec >/dev/null; sleep 100", 300 * NS_PER_MS, out, sizeof out));
	assert_true(clock_now(&clock_real) - start < 20 * NS_PER_S);
	snprintf(path, sizeof path, "%s/pid", folder);
	FILE *f = fopen(path, "r");
	int pid = 0;
	assert_true(f && fscanf(f, "%d", &pid) == 1);
	fclose(f);
	char stat[64] = "gone";
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	if ((f = fopen(path, "r"))) {
		assert_true(fread(stat, 1, sizeof stat - 1, f) > 0);
		fclose(f);
	}
	if (f && !strstr(stat, ") Z ") && !strstr(stat, ") X "))
		fail_msg("%s runs still", path);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, make_folder, drop_folder)
	const struct CMUnitTest tests[] = {
	    CASE(confs_that_are_wrong_are_named),
	    CASE(order_decides_and_what_must_not_follow),
	    CASE(hosts_are_matched_as_a_whole),
	    CASE(an_answer_is_compared_with_a_packet),
	    CASE(a_host_has_its_names_and_not_that_of_what_it_serves),
	    CASE(packets_are_counted_from_the_first_seen_to_the_last),
	    CASE(an_answer_is_compared_with_what_a_program_said),
	    CASE(a_measurement_is_right_within_its_factor),
	    CASE(the_start_of_a_text_is_enough_if_it_is_long),
	    CASE(a_state_is_what_a_line_of_a_program_shows),
	    CASE(words_of_every_group_are_wanted),
	    CASE(a_program_is_heard_to_its_end),
	    CASE(a_program_that_does_not_end_is_killed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
