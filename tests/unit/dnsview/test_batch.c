/* The input of a batch, line by line, and what a line of its output looks like. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "dnsview/batch_input.h"
#include "dnsview/batch_line.h"
#include "torture.h"

static enum err parse(struct batch_line *l, const char *text)
{
	return batch_line_parse(l, text, strlen(text), 1);
}

static void line_has_a_name_and_maybe_a_type(void **state)
{
	struct batch_line l;
	char text[DNAME_TEXT];
	(void)state;
	assert_int_equal(parse(&l, "www.Example"), ERR_OK);
	assert_string_equal(dname_text(text, &l.name), "www.Example.");
	assert_int_equal(l.type, 1);
	assert_int_equal(parse(&l, "  example.\tmx \r"), ERR_OK);
	assert_int_equal(l.type, 15);
	assert_int_equal(parse(&l, "example TYPE65280"), ERR_OK);
	assert_int_equal(l.type, 65280);
}

static void line_without_a_name_is_left_out(void **state)
{
	static const char *const texts[] = {"", "   \t\r", "# a comment", "; one, too", "#"};
	struct batch_line l;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(parse(&l, texts[i]), ERR_NEGATIVE);
}

static void bad_line_is_said_to_be_so_and_why(void **state)
{
	static const char *const texts[] = {"a..b", "192.0.2.1", "::1 A", "example NOTYPE", "example AXFR",
	    "example OPT", "example A more", "example TYPE0", "example TYPE65536", "ex\xc3\xa4mple", "a\\",
	    "example AVERYLONGTYPENAMEINDEED",
	    "0123456789012345678901234567890123456789012345678901234567890123.edu"};
	struct batch_line l;
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(parse(&l, texts[i]), ERR_FORMAT);
		assert_true(strlen(l.why) > 8);
	}
	assert_int_equal(batch_line_parse(&l, "a\0b", 3, 1), ERR_FORMAT);
}

/* --- lines from a file or a pipe ------------------------------------------------------------------ */

static void file_is_read_line_by_line_whatever_the_buffer(void **state)
{
	char path[] = "/tmp/glassnet-test.XXXXXX";
	struct batch_input in;
	struct batch_line l;
	(void)state;
	int fd = mkstemp(path);
	FILE *f = fdopen(fd, "w");
	for (int i = 0; i < 3000; i++)
		fprintf(f, "host%d.example %s\n", i, i % 2 ? "A" : "");
	for (int i = 0; i < 3 * BATCH_LINE_MAX; i++)
		putc('x', f);
	fputs("\n\n..\nlast.example TXT", f); /* no newline at the end */
	fclose(f);
	assert_int_equal(batch_input_open(&in, path, 1), ERR_OK);
	for (unsigned i = 1; i <= 3000; i++) {
		assert_int_equal(batch_input_next(&in, &l), BATCH_LINE);
		assert_int_equal(l.number, i);
	}
	assert_int_equal(batch_input_next(&in, &l), BATCH_BAD);
	assert_int_equal(l.number, 3001);
	assert_non_null(strstr(l.why, "longer"));
	assert_int_equal(batch_input_next(&in, &l), BATCH_BAD);
	assert_int_equal(l.number, 3003);
	assert_int_equal(batch_input_next(&in, &l), BATCH_LINE);
	assert_true(l.number == 3004 && l.type == 16);
	assert_int_equal(batch_input_next(&in, &l), BATCH_END);
	assert_int_equal(batch_input_next(&in, &l), BATCH_END);
	batch_input_close(&in);
	unlink(path);
}

static void pipe_is_read_only_when_there_is_something(void **state)
{
	struct batch_input in = {.waits = true, .type = 1};
	struct batch_line l;
	int fds[2];
	(void)state;
	assert_int_equal(pipe(fds), 0);
	in.fd = fds[0];
	assert_int_equal(batch_input_next(&in, &l), BATCH_WAIT); /* a read would wait for ever */
	assert_int_equal(write(fds[1], "a.example\nb.exa", 15), 15);
	in.ready = true;
	assert_int_equal(batch_input_next(&in, &l), BATCH_LINE);
	assert_int_equal(batch_input_next(&in, &l), BATCH_WAIT);
	assert_int_equal(write(fds[1], "mple", 4), 4);
	in.ready = true;
	assert_int_equal(batch_input_next(&in, &l), BATCH_WAIT);
	close(fds[1]);
	in.ready = true;
	assert_int_equal(batch_input_next(&in, &l), BATCH_LINE);
	assert_int_equal(l.name.len, 11);
	assert_int_equal(batch_input_next(&in, &l), BATCH_END);
	close(fds[0]);
}

static void what_is_no_file_is_refused(void **state)
{
	struct batch_input in;
	(void)state;
	assert_int_equal(batch_input_open(&in, "/nonexistent", 1), ERR_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(batch_input_open(&in, "/tmp", 1), ERR_IO);
	assert_int_equal(errno, EISDIR);
}

/* --- the output ----------------------------------------------------------------------------------- */

static json_t *written(const struct batch_line *l, const struct lookup_result *res)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);
	batch_line_write(f, l, res);
	fclose(f);
	assert_int_equal(text[len - 1], '\n');
	json_t *o = json_loads(text, 0, NULL);
	assert_non_null(o);
	free(text);
	return o;
}

static const char *str(json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s ? s : "(none)";
}

static void line_of_output_has_all_that_came_of_a_name(void **state)
{
	struct batch_line l = {.number = 7, .type = 16};
	struct lookup_result res = {.outcome = OUTCOME_ANSWER, .queries = 4, .servers = 3, .duration_ns = 12345678};
	const char *why;
	ldns_rr *rr;
	(void)state;
	assert_int_equal(dname_parse(&l.name, "a\\\"b\\\\\\200.example", &why), ERR_OK);
	assert_int_equal(
	    ldns_rr_new_frm_str(&rr, "x.example. 60 TXT \"say \\\"hi\\\" \\255\"", 0, NULL, NULL), LDNS_STATUS_OK);
	res.answer = ldns_rr_list_new();
	ldns_rr_list_push_rr(res.answer, rr);
	json_t *o = written(&l, &res);
	char text[DNAME_TEXT];
	assert_string_equal(str(o, "name"), dname_text(text, &l.name));
	assert_string_equal(str(o, "type"), "TXT");
	assert_string_equal(str(o, "rcode"), "NOERROR");
	assert_string_equal(str(o, "error"), "(none)");
	assert_int_equal(json_integer_value(json_object_get(o, "line")), 7);
	assert_int_equal(json_integer_value(json_object_get(o, "queries")), 4);
	assert_int_equal(json_integer_value(json_object_get(o, "servers")), 3);
	assert_true(
	    json_real_value(json_object_get(o, "ms")) > 12.344 && json_real_value(json_object_get(o, "ms")) < 12.346);
	json_t *record = json_array_get(json_object_get(o, "answer"), 0);
	assert_string_equal(str(record, "name"), "x.example.");
	assert_string_equal(str(record, "data"), "\"say \\\"hi\\\" \\255\"");
	json_decref(o);
	ldns_rr_list_deep_free(res.answer);
}

static void failure_says_why(void **state)
{
	struct batch_line l = {.number = 1, .type = 1, .name = dname_root()};
	struct lookup_result res = {.outcome = OUTCOME_FAILURE, .why = "no \"server\"\x01 answers"};
	(void)state;
	json_t *o = written(&l, &res);
	assert_string_equal(str(o, "rcode"), "SERVFAIL");
	assert_string_equal(str(o, "error"), "no \"server\"\x01 answers");
	assert_int_equal(json_array_size(json_object_get(o, "answer")), 0);
	json_decref(o);
	res.outcome = OUTCOME_NXDOMAIN;
	o = written(&l, &res);
	assert_string_equal(str(o, "rcode"), "NXDOMAIN");
	json_decref(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(line_has_a_name_and_maybe_a_type),
	    cmocka_unit_test(line_without_a_name_is_left_out),
	    cmocka_unit_test(bad_line_is_said_to_be_so_and_why),
	    cmocka_unit_test(file_is_read_line_by_line_whatever_the_buffer),
	    cmocka_unit_test(pipe_is_read_only_when_there_is_something),
	    cmocka_unit_test(what_is_no_file_is_refused),
	    cmocka_unit_test(line_of_output_has_all_that_came_of_a_name),
	    cmocka_unit_test(failure_says_why),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
