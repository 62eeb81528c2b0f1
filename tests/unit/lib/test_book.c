/* Several traces in one page: each part's events are there, what comes from peers ends no block, a file is whole or absent. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/trace.h"
#include "torture.h"

static const char evil[] = "</script><script>alert(1)</script>";

static char *read_all(const char *path)
{
	FILE *in = fopen(path, "r");
	char *s = calloc(1, 1 << 20);

	assert_non_null(in);
	assert_non_null(s);
	assert_true(fread(s, 1, (1 << 20) - 1, in) > 0);
	fclose(in);
	return s;
}

/* The JSON of the block that begins with this tag. */
static json_t *block(const char *page, const char *tag)
{
	const char *begin = strstr(page, tag), *end;

	assert_non_null(begin);
	begin += strlen(tag);
	end = strstr(begin, "</script>");
	assert_non_null(end);
	json_t *o = json_loadb(begin, (size_t)(end - begin), 0, NULL);
	assert_non_null(o);
	return o;
}

static void part(struct trace_book *b, const char *id, const char *text)
{
	struct trace t;
	struct trace_sink sink;

	trace_init(&t, &clock_real, "laptop");
	assert_int_equal(trace_book_part(b, &sink, id, evil), ERR_OK);
	assert_int_equal(trace_add(&t, sink), ERR_OK);
	ev_decision(&t, "id", NULL, "%s", text);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void book_holds_the_events_of_each_part(void **state)
{
	static const char *const cells[] = {"{\"cell\":\"a/b\",\"got\":\"</script>\"}", "{\"cell\":\"c\"}"};
	char path[] = "/tmp/glassnet-book.XXXXXX";
	struct trace_book *b;
	(void)state;

	close(mkstemp(path));
	assert_int_equal(trace_book_open(&b, path, evil, NULL), ERR_OK);
	part(b, "a/b", "the first");
	part(b, "c\">", evil);
	assert_int_equal(trace_book_write(b, cells, 2), ERR_OK);
	trace_book_close(b);

	char *page = read_all(path);
	json_t *front = block(page, "id=\"book\">"), *one = block(page, "data-part=\"a/b\">"),
	       *two = block(page, "data-part=\"c&#34;&#62;\">");
	assert_int_equal(json_array_size(json_object_get(front, "cells")), 2);
	assert_string_equal(
	    json_string_value(json_object_get(json_array_get(json_object_get(front, "cells"), 0), "got")),
	    "</script>");
	assert_true(json_is_null(json_object_get(front, "lab")));
	assert_string_equal(json_string_value(json_object_get(front, "title")), evil);
	assert_int_equal(json_array_size(json_object_get(one, "events")), 1);
	assert_int_equal(json_array_size(json_object_get(two, "events")), 1);
	char *texts = json_dumps(json_object_get(one, "strings"), 0);
	assert_non_null(strstr(texts, "the first"));
	free(texts);
	assert_null(strstr(page, "<script>alert"));
	json_decref(front);
	json_decref(one);
	json_decref(two);
	free(page);
	unlink(path);
}

static void book_that_is_not_written_leaves_what_was_there(void **state)
{
	char path[] = "/tmp/glassnet-book.XXXXXX";
	struct trace_book *b;
	struct stat st;
	(void)state;

	close(mkstemp(path));
	assert_int_equal(trace_book_open(&b, path, "t", NULL), ERR_OK);
	part(b, "a", "text");
	trace_book_close(b);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_int_equal(trace_book_open(&b, "/nonexistent/page.html", "t", NULL), ERR_IO);
	assert_int_equal(errno, ENOENT);
	assert_null(b);
	assert_int_equal(trace_book_open(&b, "/dev/full", "t", NULL), ERR_OK);
	assert_int_equal(trace_book_write(b, NULL, 0), ERR_IO);
	trace_book_close(b);
	unlink(path);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(book_holds_the_events_of_each_part),
	    cmocka_unit_test(book_that_is_not_written_leaves_what_was_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
