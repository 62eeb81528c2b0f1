#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/trace.h"
#include "torture.h"
#include "lib/trace/page_data.h"

/* A page with its trace, in a folder of its own. */
struct fixture {
	char dir[64], path[80];
	struct trace t;
};

static void set_up(struct fixture *f)
{
	struct trace_sink sink;

	strcpy(f->dir, "/tmp/glassnet-page.XXXXXX");
	assert_non_null(mkdtemp(f->dir));
	snprintf(f->path, sizeof(f->path), "%s/page.html", f->dir);
	trace_init(&f->t, &clock_real, "laptop");
	assert_int_equal(sink_html(&sink, f->path, "dnsview </title><script>alert(1)</script>"), ERR_OK);
	assert_int_equal(trace_add(&f->t, sink), ERR_OK);
}

static void tear_down(struct fixture *f)
{
	unlink(f->path);
	assert_int_equal(rmdir(f->dir), 0); /* nothing else is left there */
}

static char *read_page(const struct fixture *f)
{
	FILE *in = fopen(f->path, "r");
	char *s = calloc(1, 1 << 20);

	assert_non_null(in);
	assert_non_null(s);
	assert_true(fread(s, 1, (1 << 20) - 1, in) > 0);
	fclose(in);
	return s;
}

static json_t *data_of(const char *page)
{
	static const char open[] = "id=\"trace\">";
	const char *begin = strstr(page, open), *end;

	assert_non_null(begin);
	begin += strlen(open);
	end = strstr(begin, "</script>");
	assert_non_null(end);
	json_t *o = json_loadb(begin, (size_t)(end - begin), 0, NULL);
	assert_non_null(o);
	return o;
}

static const char *string_at(json_t *data, json_t *event, size_t member)
{
	json_int_t i = json_integer_value(json_array_get(event, member));

	return i ? json_string_value(json_array_get(json_object_get(data, "strings"), (size_t)i - 1)) : NULL;
}

static size_t count_of(const char *s, const char *what)
{
	size_t n = 0;

	for (; (s = strstr(s, what)); s += strlen(what))
		n++;
	return n;
}

static void page_text_from_a_peer_ends_no_element(void **state)
{
	struct fixture f;
	(void)state;

	set_up(&f);
	ev_send(
	    &f.t, "laptop", "</script><img src=x onerror=alert(1)>", "DNS", "\x01\xff", 2, "<!--<script>\x1b[2J\xff");
	ev_field(
	    &f.t, (struct ev_field){.layer = "DNS", .name = "id", .value = "]]><svg onload=alert(1)>", .len = 2});
	assert_int_equal(trace_release(&f.t), ERR_OK);
	char *page = read_page(&f);
	assert_int_equal(count_of(page, "<script"), 2); /* the data and the script */
	assert_int_equal(count_of(page, "</script>"), 2);
	assert_null(strstr(page, "<img"));
	assert_null(strstr(page, "<svg"));
	assert_null(strstr(page, "<!--"));
	assert_null(strchr(page, '\x1b'));
	assert_non_null(strstr(page, "<title>dnsview &#60;/title&#62;"));
	json_t *data = data_of(page), *event = json_array_get(json_object_get(data, "events"), 0);
	assert_string_equal(string_at(data, event, 4), "</script><img src=x onerror=alert(1)>");
	assert_string_equal(string_at(data, event, 6), "<!--<script>\\x1b[2J\\xff");
	assert_string_equal(json_string_value(json_array_get(event, 12)), "01ff");
	json_decref(data);
	free(page);
	tear_down(&f);
}

static void page_names_no_other_file(void **state)
{
	struct fixture f;
	(void)state;

	set_up(&f);
	ev_result(&f.t, ERR_OK, NULL, "done");
	assert_int_equal(trace_release(&f.t), ERR_OK);
	char *page = read_page(&f);
	assert_non_null(strstr(page, "default-src 'none'; style-src 'sha256-"));
	assert_non_null(strstr(page, "script-src 'sha256-"));
	assert_null(strstr(page, "unsafe-inline"));
	assert_null(strstr(page, " src="));
	assert_null(strstr(page, "href="));
	assert_null(strstr(page, "url("));
	assert_null(strstr(page, "@import"));
	assert_null(strstr(page, "innerHTML"));
	assert_null(strstr(page, "https:"));
	free(page);
	tear_down(&f);
}

static void page_every_kind_of_event_is_kept(void **state)
{
	struct fixture f;
	(void)state;

	set_up(&f);
	ev_heading(&f.t, "Act 1");
	ev_send(&f.t, "laptop", "bank", "HTTP", NULL, 42, "GET /");
	ev_recv(&f.t, "bank", "laptop", "HTTP", "ok", 2, "200");
	ev_field(&f.t,
	    (struct ev_field){.layer = "HTTP", .name = "status", .value = "200", .off = 0, .len = 2, .depth = 1});
	ev_state(&f.t, "cache", "a", NULL, "b", "because");
	ev_decision(&f.t, "id", "RFC 1", "so");
	ev_check(&f.t, "id", VERDICT_FAIL, NULL, "is it?", "no");
	ev_timer(&f.t, "wait", 1, "waited");
	ev_result(&f.t, ERR_NEGATIVE, "{}", "no");
	assert_int_equal(trace_release(&f.t), ERR_OK);
	char *page = read_page(&f);
	json_t *data = data_of(page), *events = json_object_get(data, "events");
	static const int kinds[] = {7, 0, 1, 2, 3, 4, 5, 6, 8};
	assert_int_equal(json_array_size(events), 9);
	for (size_t i = 0; i < 9; i++)
		assert_int_equal(json_integer_value(json_array_get(json_array_get(events, i), 0)), kinds[i]);
	json_t *send = json_array_get(events, 1), *state_event = json_array_get(events, 4);
	assert_int_equal(json_array_size(send), 12); /* its bytes are not at hand */
	assert_int_equal(json_integer_value(json_array_get(send, 11)), 42);
	assert_null(string_at(data, state_event, 5)); /* there was none before */
	assert_string_equal(string_at(data, state_event, 6), "b");
	json_decref(data);
	free(page);
	tear_down(&f);
}

static void page_text_said_twice_is_kept_once(void **state)
{
	struct page_strings st = {0};
	char text[32];
	(void)state;

	assert_int_equal(page_intern(&st, NULL), 0);
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t i = 1; i <= 3000; i++) {
			snprintf(text, sizeof(text), "text %u", (unsigned)i);
			assert_int_equal(page_intern(&st, text), i);
		}
	assert_int_equal(st.n, 3000);
	page_strings_release(&st);
}

static void page_past_its_limit_counts_what_it_leaves_out(void **state)
{
	struct page_data data = {0};
	struct page_text out = {0};
	struct event ev = {.kind = EV_SEND, .time = 5, .u.msg = {.from = "a", .to = "b"}};
	(void)state;

	for (size_t i = 0; i < PAGE_MAX_MESSAGES + 8; i++)
		assert_int_equal(page_data_add(&data, &ev), ERR_OK);
	assert_int_equal(data.messages, PAGE_MAX_MESSAGES);
	assert_int_equal(data.left_out, 8);
	assert_int_equal(page_data_put(&data, "t", NULL, &out), ERR_OK);
	assert_non_null(strstr(out.s, "\"left_out\":8"));
	free(out.s);
	page_data_release(&data);
}

static void page_that_fails_leaves_what_was_there(void **state)
{
	struct fixture f;
	struct trace_sink sink;
	struct stat st;
	(void)state;

	set_up(&f);
	ev_result(&f.t, ERR_OK, NULL, "the first");
	assert_int_equal(trace_release(&f.t), ERR_OK);
	assert_int_equal(stat(f.path, &st), 0);
	off_t size = st.st_size;
	/* one that is given up before it is written */
	assert_int_equal(sink_html(&sink, f.path, "second"), ERR_OK);
	sink.release(sink.ctx);
	assert_int_equal(stat(f.path, &st), 0);
	assert_int_equal(st.st_size, size);
	/* a folder that is not there, and a full disk */
	assert_int_equal(sink_html(&sink, "/nonexistent/page.html", "t"), ERR_IO);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(sink_html(&sink, "/dev/full", "t"), ERR_OK);
	assert_int_equal(sink.flush(sink.ctx), ERR_IO);
	sink.release(sink.ctx);
	tear_down(&f);
}

static void tee_hands_events_on_with_their_actor(void **state)
{
	struct fixture f;
	struct trace from;
	(void)state;

	set_up(&f);
	trace_init(&from, &clock_real, "mallory");
	assert_int_equal(trace_add(&from, sink_tee(&f.t)), ERR_OK);
	ev_decision(&from, "id", NULL, "a decision");
	assert_int_equal(trace_release(&from), ERR_OK);
	assert_int_equal(trace_release(&f.t), ERR_OK);
	char *page = read_page(&f);
	json_t *data = data_of(page);
	assert_string_equal(string_at(data, json_array_get(json_object_get(data, "events"), 0), 2), "mallory");
	json_decref(data);
	free(page);
	tear_down(&f);
}

/* The text of the page's data. "": no lab is in it. */
static void page_with_lab(const char *facts, char out[static 1024])
{
	struct fixture f;

	set_up(&f);
	json_t *lab = json_loads(facts, 0, NULL);
	assert_non_null(lab);
	sink_html_lab(&f.t.sinks[0], lab);
	json_decref(lab);
	ev_decision(&f.t, "id", NULL, "a decision");
	assert_int_equal(trace_release(&f.t), ERR_OK);
	char *page = read_page(&f), *text;
	json_t *data = data_of(page);
	assert_null(strstr(page, "</b>"));
	text = json_dumps(json_object_get(data, "lab"), JSON_COMPACT | JSON_ENCODE_ANY);
	snprintf(out, 1024, "%s", text);
	free(text);
	json_decref(data);
	free(page);
	tear_down(&f);
}

static void page_lab_has_links_and_addresses(void **state)
{
	char got[1024];
	(void)state;

	page_with_lab(
	    "{\"hosts\":[{\"name\":\"laptop\",\"title\":\"Alice's </b>\",\"forwards\":false,\"interfaces\":["
	    "{\"lan\":\"home\",\"addresses\":[\"192.0.2.1/24\",\"2001:db8::1/64\"]},"
	    "{\"peer\":{\"host\":\"vm\"},\"addresses\":[]}]},"
	    "{\"name\":\"vm\",\"forwards\":true,\"interfaces\":[{\"addresses\":[7]}]}],"
	    "\"lans\":[{\"name\":\"home\",\"title\":\"a home\"}]}",
	    got);
	assert_string_equal(got,
	    "{\"hosts\":[[\"laptop\",\"Alice's </b>\",0,[[\"home\",1],[\"vm\",0]],"
	    "[\"192.0.2.1\",\"2001:db8::1\"]],[\"vm\",\"\",1,[],[]]],\"lans\":[[\"home\",\"a home\"]]}");
	page_with_lab("{\"hosts\":7}", got);
	assert_string_equal(got, "null");
	page_with_lab("[]", got);
	assert_string_equal(got, "null");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(page_text_from_a_peer_ends_no_element),
	    cmocka_unit_test(page_names_no_other_file),
	    cmocka_unit_test(page_every_kind_of_event_is_kept),
	    cmocka_unit_test(page_text_said_twice_is_kept_once),
	    cmocka_unit_test(page_past_its_limit_counts_what_it_leaves_out),
	    cmocka_unit_test(page_that_fails_leaves_what_was_there),
	    cmocka_unit_test(tee_hands_events_on_with_their_actor),
	    cmocka_unit_test(page_lab_has_links_and_addresses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
