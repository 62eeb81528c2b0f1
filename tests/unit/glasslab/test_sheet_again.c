/* What is said of a step of a bundle without its lab. The worksheets are the shipped ones. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "glasslab/sheet.h"
#include "torture.h"

static struct again again;
static struct sheet sheet;
static struct seed alice, bob;

static int open_all(void **state)
{
	struct why w = {""};

	(void)state;
	seed_from_name(&alice, "alice");
	seed_from_name(&bob, "bob");
	return again_open(&again, "lab", &w) == ERR_OK ? 0 : -1;
}

static int close_all(void **state)
{
	(void)state;
	again_close(&again);
	return 0;
}

/* Is this step of worksheet number, with this answer and evidence, believed of the seed's student? evidence: rows as JSON, or NULL */
static bool believed(unsigned number, const char *id, const char *answer, const char *said, const char *evidence,
    const struct seed *seed, char blame[static 128])
{
	struct why w = {""};

	blame[0] = '\0';
	if (sheet_load(&sheet, "lab", number, &w) != ERR_OK)
		fail_msg("%s", w.text);
	json_t *one = json_pack("{s:s,s:s,s:s*,s:s*,s:o}", "id", id, "verdict", "passed", "answer", answer, "said",
	    said, "evidence", evidence ? json_loads(evidence, 0, NULL) : json_array());
	assert_non_null(one);
	bool yes = again_step(&again, &sheet, sheet_find(&sheet, id), one, seed, blame);
	json_decref(one);
	sheet_release(&sheet);
	return yes;
}

static void a_number_is_that_of_the_seed(void **state)
{
	char blame[128], answer[64];
	unsigned long long a = seed_number(&alice, "ttl/bank.example", 300, 3600);

	(void)state;
	assert_int_not_equal(a, seed_number(&bob, "ttl/bank.example", 300, 3600));
	snprintf(answer, sizeof answer, "%llu seconds", a);
	assert_true(believed(3, "3.2", answer, NULL, NULL, &alice, blame));
	assert_false(believed(3, "3.2", answer, NULL, NULL, &bob, blame));
	assert_string_equal(blame, "step 3.2 has the answer of another seed");
	snprintf(answer, sizeof answer, "%llu0", a);
	assert_false(believed(3, "3.2", answer, NULL, NULL, &alice, blame));
	assert_false(believed(3, "3.2", NULL, NULL, NULL, &alice, blame));
}

static void a_number_in_a_text_is_that_of_the_seed(void **state)
{
	char blame[128], answer[64], said[128];

	(void)state;
	snprintf(answer, sizeof answer, "192.168.1.%llu/24",
	    (unsigned long long)seed_number(&alice, "home/laptop", 101, 199));
	snprintf(said, sizeof said, "2: eth0 inet %s brd", answer);
	assert_true(believed(0, "0.1", answer, said, NULL, &alice, blame));
	assert_false(believed(0, "0.1", answer, said, NULL, &bob, blame));
	assert_false(believed(0, "0.1", answer, NULL, NULL, &alice, blame)); /* the lab never said so */
	assert_non_null(strstr(blame, "does not follow"));
	snprintf(answer, sizeof answer, "192.168.1.%llu",
	    10 * (unsigned long long)seed_number(&alice, "home/laptop", 101, 199));
	assert_false(believed(0, "0.1", answer, said, NULL, &alice, blame));
}

/* 4.7: the password in a file of the laptop's, which is a template; and the login was seen. */
static void a_program_is_run_again_with_the_files_of_the_seed(void **state)
{
	static const char login[] =
	    "[{\"time\":1,\"packet\":7,\"from\":\"laptop\",\"to\":\"bank\",\"label\":\"HTTP POST /login\"}]";
	char blame[128], word[17];

	(void)state;
	seed_word(&alice, "password/alice", word, 16);
	char said[64];
	snprintf(said, sizeof said, "user=alice&password=%s\n", word);
	assert_true(believed(4, "4.7", word, said, login, &alice, blame));
	assert_false(
	    believed(4, "4.7", word, said, login, &bob, blame)); /* whatever the bundle says that the lab said */
	assert_string_equal(blame, "step 4.7 has the answer of another seed");
	assert_false(believed(4, "4.7", word, said, NULL, &alice, blame)); /* no login among the packets */
}

static void a_verdict_follows_from_the_packets_and_words(void **state)
{
	static const char get[] =
	    "[{\"time\":1,\"packet\":7,\"from\":\"laptop\",\"to\":\"mse-www\",\"label\":\"HTTP GET "
	    "/paper.txt\"},{\"time\":2,\"packet\":9,\"from\":\"mse-www\",\"to\":\"laptop\",\"label\":\"HTTP 200 "
	    "OK\"}]";
	static const char other[] =
	    "[{\"time\":1,\"packet\":7,\"from\":\"laptop\",\"to\":\"mallory\",\"label\":\"HTTP GET "
	    "/paper.txt\"},{\"time\":2,\"packet\":9,\"from\":\"mse-www\",\"to\":\"laptop\",\"label\":\"HTTP 200 "
	    "OK\"}]";
	char blame[128];

	(void)state;
	assert_true(believed(4, "4.1", NULL, NULL, get, &alice, blame));
	assert_false(believed(4, "4.1", NULL, NULL, other, &alice, blame));
	assert_string_equal(blame, "step 4.1 does not follow from its answer and evidence");
	assert_false(believed(4, "4.1", NULL, NULL, NULL, &alice, blame));
	assert_true(believed(4, "4.4", "mallory made the list", NULL, NULL, &alice, blame));
	assert_false(believed(4, "4.4", "it is broken", NULL, NULL, &alice, blame));
	assert_false(believed(4, "4.4", NULL, NULL, NULL, &alice, blame));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_number_is_that_of_the_seed),
	    cmocka_unit_test(a_number_in_a_text_is_that_of_the_seed),
	    cmocka_unit_test(a_program_is_run_again_with_the_files_of_the_seed),
	    cmocka_unit_test(a_verdict_follows_from_the_packets_and_words),
	};
	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, open_all, close_all);
}
