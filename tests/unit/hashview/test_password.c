/* Password lines and the file that holds them. */
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "events.h"
#include "hashview/password.h"
#include "torture.h"

#define GOOD "$argon2id$v=19$m=8,t=1,p=1$H6panwYPZScE648R+BW2/Q$8C/W2zlF2R267XUHfsx2zV52jYIMNWnAkTiMogqlWRM"

static void line_as_libsodium_writes_it_is_read(void **state)
{
	struct password_line l;

	(void)state;
	assert_int_equal(password_line_parse(&l, "al:" GOOD, strlen("al:" GOOD)), ERR_OK);
	assert_string_equal(l.user, "al");
	assert_string_equal(l.hash, GOOD);
	assert_int_equal(l.memory_kib, 8);
	assert_int_equal(l.passes, 1);
}

static void line_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"", ":", "al", "al:", ":" GOOD, "al:x" GOOD, "al:" GOOD "x", "a l:" GOOD,
	    "al:$argon2i$v=19$m=8,t=1,p=1$H6panwYPZScE648R+BW2/Q$8C/W2zlF2R267XUHfsx2zV52jYIMNWnAkTiMogqlWRM",
	    "al:$argon2id$v=19$m=08,t=1,p=1$H6panwYPZScE648R+BW2/Q$8C/"
	    "W2zlF2R267XUHfsx2zV52jYIMNWnAkTiMogqlWRM",
	    "al:$argon2id$v=19$m=8,t=1,p=2$H6panwYPZScE648R+BW2/Q$8C/"
	    "W2zlF2R267XUHfsx2zV52jYIMNWnAkTiMogqlWRM",
	    "al:$argon2id$v=19$m=99999999999,t=1,p=1$H6panwYPZScE648R+BW2/Q$8C/"
	    "W2zlF2R267XUHfsx2zV52jYIMNWnAkTiMogqlWRM",
	    "al:$argon2id$v=19$m=8,t=1,p=1$H6panwYPZScE648R+BW2$8C/W2zlF2R267XUHfsx2zV52jYIMNWnAkTiMogqlWRM"};
	struct password_line l;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (password_line_parse(&l, bad[i], strlen(bad[i])) != ERR_FORMAT)
			fail_msg("'%s' was taken", bad[i]);
}

static void line_that_asks_for_too_much_is_refused(void **state)
{
	static const char huge[] = "al:$argon2id$v=19$m=4194304,t=1,p=1$H6panwYPZScE648R+BW2/Q$8C/"
	                           "W2zlF2R267XUHfsx2zV52jYIMNWnAkTiMogqlWRM";
	struct password_line l;

	(void)state;
	assert_int_equal(password_line_parse(&l, huge, strlen(huge)), ERR_BUDGET);
}

/* The library computes what the Argon2 reference implementation does (its test.c, version 0x13, Argon2id; the
 * vectors of RFC 9106 have four lanes, which libsodium does not do). */
static void argon2id_reference_vector_comes_out(void **state)
{
	static const char ref[crypto_pwhash_STRBYTES] =
	    "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";

	(void)state;
	assert_int_equal(crypto_pwhash_str_verify(ref, "password", 8), 0);
	assert_int_not_equal(crypto_pwhash_str_verify(ref, "passwore", 8), 0);
}

struct place {
	char folder[64], file[80];
	struct trace t;
	struct recorder r;
};

static int make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	strcpy(p->folder, "/tmp/test_password.XXXXXX");
	if (!p || !mkdtemp(p->folder))
		return -1;
	snprintf(p->file, sizeof(p->file), "%s/pw", p->folder);
	trace_init(&p->t, &clock_real, "test");
	recorder_attach(&p->r, &p->t);
	*state = p;
	return 0;
}

static int drop_place(void **state)
{
	struct place *p = *state;
	char command[128];

	(void)!trace_release(&p->t);
	recorder_release(&p->r);
	snprintf(command, sizeof(command), "rm -r %s", p->folder);
	int failed = system(command);
	free(p);
	return failed;
}

static enum err call(struct place *p, enum err (*f)(const struct password_request *, struct trace *),
    const char *user, const char *password, bool replace)
{
	struct password_request q = {.file = p->file,
	    .user = user,
	    .password = password,
	    .len = strlen(password),
	    .replace = replace,
	    .memory_kib = 8,
	    .passes = 1};

	return f(&q, &p->t);
}

static void password_added_is_checked(void **state)
{
	struct place *p = *state;
	struct stat st;

	assert_int_equal(call(p, password_add, "alice", "correct horse", false), ERR_OK);
	assert_int_equal(call(p, password_add, "bob", "battery", false), ERR_OK);
	assert_int_equal(call(p, password_check, "alice", "correct horse", false), ERR_OK);
	assert_int_equal(call(p, password_check, "bob", "battery", false), ERR_OK);
	assert_int_equal(call(p, password_check, "bob", "correct horse", false), ERR_NEGATIVE);
	assert_int_equal(call(p, password_check, "bo", "battery", false), ERR_NEGATIVE);
	assert_int_equal(stat(p->file, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	for (size_t i = 0; i < p->r.n; i++)
		assert_null(strstr(p->r.ev[i].text, "battery"));
}

static void password_of_user_who_is_there_needs_replace(void **state)
{
	struct place *p = *state;

	assert_int_equal(call(p, password_add, "alice", "one", false), ERR_OK);
	assert_int_equal(call(p, password_add, "alice", "two", false), ERR_NEGATIVE);
	assert_int_equal(call(p, password_check, "alice", "one", false), ERR_OK);
	assert_int_equal(call(p, password_add, "alice", "two", true), ERR_OK);
	assert_int_equal(call(p, password_check, "alice", "two", false), ERR_OK);
	assert_int_equal(call(p, password_check, "alice", "one", false), ERR_NEGATIVE);
}

static void password_file_others_can_read_is_refused(void **state)
{
	struct place *p = *state;

	assert_int_equal(call(p, password_add, "alice", "one", false), ERR_OK);
	assert_int_equal(chmod(p->file, 0644), 0);
	assert_int_equal(call(p, password_check, "alice", "one", false), ERR_PERM);
	assert_int_equal(call(p, password_add, "bob", "one", false), ERR_PERM);
}

static void password_file_that_is_damaged_is_left_alone(void **state)
{
	struct place *p = *state;
	int fd = open(p->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_int_equal(write(fd, "al:" GOOD, strlen("al:" GOOD)), (ssize_t)strlen("al:" GOOD));
	close(fd);
	assert_int_equal(call(p, password_add, "bob", "one", false), ERR_TRUNCATED);
	assert_int_equal(call(p, password_check, "al", "one", false), ERR_TRUNCATED);
	assert_non_null(recorder_find(&p->r, 0, EV_RESULT, NULL, "line 1"));
}

static void password_file_that_is_not_there_is_an_error(void **state)
{
	assert_int_equal(call(*state, password_check, "alice", "one", false), ERR_IO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(line_as_libsodium_writes_it_is_read),
	    cmocka_unit_test(line_that_is_none_is_refused),
	    cmocka_unit_test(line_that_asks_for_too_much_is_refused),
	    cmocka_unit_test(argon2id_reference_vector_comes_out),
	    cmocka_unit_test_setup_teardown(password_added_is_checked, make_place, drop_place),
	    cmocka_unit_test_setup_teardown(password_of_user_who_is_there_needs_replace, make_place, drop_place),
	    cmocka_unit_test_setup_teardown(password_file_others_can_read_is_refused, make_place, drop_place),
	    cmocka_unit_test_setup_teardown(password_file_that_is_damaged_is_left_alone, make_place, drop_place),
	    cmocka_unit_test_setup_teardown(password_file_that_is_not_there_is_an_error, make_place, drop_place),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
