#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "glassnet/trace.h"
#include "torture.h"

/* A clock that moves a millisecond each time it is read. */
static int64_t tick(void *ctx)
{
	int64_t *now = ctx;

	return *now += NS_PER_MS;
}

struct fixture {
	int64_t now;
	struct clock clock;
	char *text;
	size_t len;
	FILE *out;
	struct trace t;
};

static void fixture_init(struct fixture *f)
{
	f->now = NS_PER_S;
	f->clock = (struct clock){.now = tick, .ctx = &f->now};
	f->out = open_memstream(&f->text, &f->len);
	assert_non_null(f->out);
	trace_init(&f->t, &f->clock, "laptop");
}

static void add_terminal(struct fixture *f, struct term_style style)
{
	struct trace_sink s;

	assert_int_equal(sink_terminal(&s, f->out, &style), ERR_OK);
	assert_int_equal(trace_add(&f->t, s), ERR_OK);
}

static void add_ladder(struct fixture *f, struct ladder_options opt)
{
	struct trace_sink s;

	assert_int_equal(sink_ladder(&s, f->out, &opt), ERR_OK);
	assert_int_equal(trace_add(&f->t, s), ERR_OK);
}

/* Ends the trace; the text then stands in f->text until the test frees it. */
static void finish(struct fixture *f)
{
	assert_int_equal(trace_release(&f->t), ERR_OK);
	fclose(f->out);
}

static void emit_to_nobody_is_dropped(void **state)
{
	(void)state;
	struct trace t;

	ev_explain(NULL, "nobody listens");
	trace_init(&t, &clock_real, "x");
	ev_explain(&t, "nobody listens");
	assert_false(trace_on(NULL));
	assert_false(trace_on(&t));
	assert_int_equal(t.seq, 0);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void emit_fills_in_sequence_time_and_actor(void **state)
{
	(void)state;
	struct fixture f;
	struct recorder r;

	fixture_init(&f);
	recorder_attach(&r, &f.t);
	ev_explain(&f.t, "one");
	emit(&f.t, (struct event){.kind = EV_NOTE, .time = 42, .actor = "mallory", .u.note = {.text = "two"}});
	assert_int_equal(r.n, 2);
	assert_int_equal(r.ev[0].time, NS_PER_S + NS_PER_MS);
	assert_string_equal(r.ev[0].actor, "laptop");
	assert_int_equal(r.ev[1].time, 42);
	assert_string_equal(r.ev[1].actor, "mallory");
	assert_int_equal(f.t.seq, 2);
	recorder_release(&r);
	finish(&f);
	free(f.text);
}

static void too_many_sinks_are_refused(void **state)
{
	(void)state;
	struct fixture f;

	fixture_init(&f);
	for (int i = 0; i < TRACE_MAX_SINKS; i++)
		add_terminal(&f, (struct term_style){0});
	struct trace_sink s;
	assert_int_equal(sink_terminal(&s, f.out, &(struct term_style){0}), ERR_OK);
	assert_int_equal(trace_add(&f.t, s), ERR_TOO_LONG);
	finish(&f);
	free(f.text);
}

static void failed_write_is_remembered(void **state)
{
	(void)state;
	FILE *full = fopen("/dev/full", "w");
	struct trace t;
	struct trace_sink s;
	struct term_style style = {0};

	assert_non_null(full);
	trace_init(&t, &clock_real, "x");
	assert_int_equal(sink_terminal(&s, full, &style), ERR_OK);
	assert_int_equal(trace_add(&t, s), ERR_OK);
	ev_result(&t, ERR_OK, NULL, "no room");
	assert_int_equal(trace_release(&t), ERR_IO);
	fclose(full);
}

static void narrate(struct trace *t)
{
	ev_heading(t, "Looking up www.example");
	ev_explain(t, "A sentence that teaches.");
	ev_decision(t, "ask", "RFC 1034 5.3.3", "ask a.root-servers.net for the root zone");
	ev_send(t, "laptop", "a.root-servers.net", "DNS", "abc", 3, "query A www.example.");
	ev_recv(t, "a.root-servers.net", "laptop", "DNS", "abcd", 4, "referral \033[31m to example.");
	ev_field(t, (struct ev_field){.name = "TTL", .value = "172800", .off = 12, .len = 4, .depth = 1});
	ev_state(t, "cache", "example. NS", NULL, "TTL 300", "referral");
	ev_state(t, "cache", "example. NS", "TTL 300", NULL, "expired");
	ev_check(t, "X509_V_ERR_CERT_HAS_EXPIRED", VERDICT_FAIL, NULL, "is it in date?", "it ended yesterday");
	ev_timer(t, "wait", NS_PER_S, "waited a second");
	ev_result(t, ERR_OK, NULL, "192.0.2.1");
}

static void terminal_piped_is_plain_and_stable(void **state)
{
	(void)state;
	struct fixture f;

	fixture_init(&f);
	add_terminal(&f, (struct term_style){.explain = true});
	narrate(&f.t);
	finish(&f);
	assert_string_equal(f.text,
	    "\n== Looking up www.example\n"
	    "            | A sentence that teaches.\n"
	    "            * ask a.root-servers.net for the root zone [RFC 1034 5.3.3]\n"
	    "    3.0 ms  laptop --> a.root-servers.net  query A www.example. (3 bytes)\n"
	    "    4.0 ms  laptop <-- a.root-servers.net  referral \\x1b[31m to example. (4 bytes, +1.0 ms)\n"
	    "            = cache: + example. NS = TTL 300 (referral)\n"
	    "            = cache: - example. NS = TTL 300 (expired)\n"
	    "            NO is it in date? - it ended yesterday X509_V_ERR_CERT_HAS_EXPIRED\n"
	    "            t waited a second\n"
	    "=> 192.0.2.1\n");
	free(f.text);
}

static void terminal_quiet_prints_the_result_alone(void **state)
{
	(void)state;
	struct fixture f;

	fixture_init(&f);
	add_terminal(&f, (struct term_style){.explain = true, .quiet = true});
	narrate(&f.t);
	finish(&f);
	assert_string_equal(f.text, "192.0.2.1\n");
	free(f.text);
}

static void terminal_verbose_shows_fields_with_their_place(void **state)
{
	(void)state;
	struct fixture f;

	fixture_init(&f);
	add_terminal(&f, (struct term_style){.verbose = 1});
	narrate(&f.t);
	finish(&f);
	assert_non_null(strstr(f.text, "TTL: 172800 @12+4\n"));
	assert_null(strstr(f.text, "teaches"));
	free(f.text);
}

/* Every line fits, whatever the width. */
static void terminal_wraps_to_the_width(void **state)
{
	(void)state;
	for (unsigned width = 60; width <= 120; width += 20) {
		struct fixture f;

		fixture_init(&f);
		add_terminal(&f, (struct term_style){.width = width, .explain = true});
		narrate(&f.t);
		ev_explain(&f.t, "one two three four five six seven eight nine ten eleven twelve thirteen fourteen");
		ev_explain(&f.t,
		    "a hash: 2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b98242cf24dba5fb0a30e2"
		    "6e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
		ev_explain(&f.t, "a list: curve25519-sha256,ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521,"
		                 "diffie-hellman-group14-sha256,diffie-hellman-group16-sha512");
		finish(&f);
		assert_non_null(strstr(f.text, ",\n"));
		for (char *line = strtok(f.text, "\n"); line; line = strtok(NULL, "\n"))
			assert_true(strlen(line) <= width);
		free(f.text);
	}
}

static void ladder_draws_an_arrow_a_message(void **state)
{
	(void)state;
	static const char *const columns[] = {"laptop", "nobody", "root"};
	struct fixture f;

	fixture_init(&f);
	add_ladder(&f, (struct ladder_options){.style = {.width = 60}, .columns = columns, .n_columns = 3});
	ev_send(&f.t, "laptop", "root", "DNS", "abc", 3, "query");
	ev_recv(&f.t, "laptop", "root", "DNS", "abc", 3, "query"); /* the same message, seen by the other side */
	ev_recv(&f.t, "root", "laptop", "DNS", "abcd", 4, "answer");
	finish(&f);
	assert_string_equal(f.text, "\n"
	                            "                      laptop                           root\n"
	                            "    0.0 ms               | query                         |\n"
	                            "                         +------------------------------>|\n"
	                            "    2.0 ms +2.0 ms       | answer                        |\n"
	                            "                         |<------------------------------+\n");
	free(f.text);
}

static void ladder_tells_secrecy_by_word_and_shape(void **state)
{
	(void)state;
	static const enum secrecy kinds[] = {SECRECY_CLEAR, SECRECY_ENCRYPTED, SECRECY_TAMPERED};
	struct fixture f;

	fixture_init(&f);
	add_ladder(&f, (struct ladder_options){.style = {.width = 60}});
	for (size_t i = 0; i < 3; i++)
		emit(
		    &f.t, (struct event){.kind = EV_SEND,
		              .u.msg = {.from = "a", .to = "b", .label = "m", .secrecy = kinds[i], .packet = i + 1}});
	finish(&f);
	assert_non_null(strstr(f.text, "#1 m "));
	assert_non_null(strstr(f.text, "---->|"));
	assert_non_null(strstr(f.text, "#2 [encrypted] m "));
	assert_non_null(strstr(f.text, "====>|"));
	assert_non_null(strstr(f.text, "#3 [TAMPERED] m "));
	assert_non_null(strstr(f.text, "~~~~>|"));
	free(f.text);
}

static void ladder_too_narrow_lists_the_arrows(void **state)
{
	(void)state;
	struct fixture f;
	char name[32];

	fixture_init(&f);
	add_ladder(&f, (struct ladder_options){.style = {.width = 60}});
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "host-%d", i);
		ev_send(&f.t, "laptop", name, "X", NULL, 0, "hello");
	}
	finish(&f);
	assert_non_null(strstr(f.text, "laptop -> host-19  hello\n"));
	free(f.text);
}

static void ladder_flush_begins_anew(void **state)
{
	(void)state;
	struct fixture f;

	fixture_init(&f);
	add_ladder(&f, (struct ladder_options){.style = {.width = 60}});
	ev_send(&f.t, "a", "b", "X", NULL, 0, "first");
	assert_int_equal(trace_flush(&f.t), ERR_OK);
	ev_send(&f.t, "c", "d", "X", NULL, 0, "second");
	finish(&f);
	char *second = strstr(f.text, "second"), *first = strstr(f.text, "first");
	assert_non_null(first);
	assert_non_null(second);
	assert_null(strstr(first + 1, "first"));
	free(f.text);
}

static void jsonl_lines_are_objects_of_the_schema(void **state)
{
	(void)state;
	static const char *const kinds[] = {
	    "note", "note", "decision", "send", "recv", "field", "state", "state", "check", "timer", "result"};
	struct fixture f;
	struct trace_sink s;
	size_t n = 0;

	fixture_init(&f);
	assert_int_equal(sink_jsonl(&s, f.out), ERR_OK);
	assert_int_equal(trace_add(&f.t, s), ERR_OK);
	narrate(&f.t);
	ev_result(&f.t, ERR_NEGATIVE, "{\"answer\":[]}", "\xff is not UTF-8");
	finish(&f);
	char *save = NULL, *line = strtok_r(f.text, "\n", &save);
	json_t *o = json_loads(line, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(o, "schema")), "glassnet-trace");
	assert_int_equal(json_integer_value(json_object_get(o, "version")), TRACE_SCHEMA_VERSION);
	json_decref(o);
	while ((line = strtok_r(NULL, "\n", &save))) {
		o = json_loads(line, 0, NULL);
		assert_non_null(o);
		assert_int_equal(json_integer_value(json_object_get(o, "seq")), n + 1);
		if (n < 11)
			assert_string_equal(json_string_value(json_object_get(o, "kind")), kinds[n]);
		if (n == 3)
			assert_string_equal(json_string_value(json_object_get(o, "bytes")), "616263");
		if (n == 11) {
			assert_string_equal(json_string_value(json_object_get(o, "status")), "negative");
			assert_string_equal(json_string_value(json_object_get(o, "text")), "\\xff is not UTF-8");
			assert_true(json_is_array(json_object_get(json_object_get(o, "data"), "answer")));
		}
		json_decref(o);
		n++;
	}
	assert_int_equal(n, 12);
	free(f.text);
}

/* What one program wrote, another reads back: the same lines come out again. */
static void jsonl_replayed_is_the_same(void **state)
{
	(void)state;
	struct fixture f, g;
	struct trace_sink s;

	fixture_init(&f);
	assert_int_equal(sink_jsonl(&s, f.out), ERR_OK);
	assert_int_equal(trace_add(&f.t, s), ERR_OK);
	narrate(&f.t);
	ev_result(&f.t, ERR_NEGATIVE, "{\"answer\":[1,\"x\"]}", "no");
	finish(&f);
	fixture_init(&g);
	assert_int_equal(sink_jsonl(&s, g.out), ERR_OK);
	assert_int_equal(trace_add(&g.t, s), ERR_OK);
	for (char *line = f.text, *end; (end = strchr(line, '\n')); line = end + 1)
		assert_int_equal(trace_replay(&g.t, line, (size_t)(end - line)), ERR_OK);
	finish(&g);
	assert_string_equal(f.text, g.text);
	free(f.text);
	free(g.text);
}

static void replay_of_other_lines_is_refused(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum err err;
	} bad[] = {{"", ERR_FORMAT}, {"[]", ERR_FORMAT}, {"{}", ERR_FORMAT}, {"{\"kind\":\"note\"}", ERR_FORMAT},
	    {"{\"schema\":\"other\",\"version\":1}", ERR_VERSION},
	    {"{\"schema\":\"glassnet-trace\",\"version\":2}", ERR_VERSION},
	    {"{\"kind\":\"dance\",\"time\":\"1.000000000\"}", ERR_FORMAT},
	    {"{\"kind\":\"note\",\"time\":\"1.0\",\"level\":\"explain\"}", ERR_FORMAT},
	    {"{\"kind\":\"check\",\"time\":\"1.000000000\",\"verdict\":\"maybe\"}", ERR_FORMAT},
	    {"{\"kind\":\"send\",\"time\":\"1.000000000\",\"bytes\":\"0g\"}", ERR_FORMAT}};
	struct fixture f;

	fixture_init(&f);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(trace_replay(&f.t, bad[i].line, strlen(bad[i].line)), bad[i].err);
	finish(&f);
	free(f.text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(emit_to_nobody_is_dropped),
	    cmocka_unit_test(emit_fills_in_sequence_time_and_actor),
	    cmocka_unit_test(too_many_sinks_are_refused),
	    cmocka_unit_test(failed_write_is_remembered),
	    cmocka_unit_test(terminal_piped_is_plain_and_stable),
	    cmocka_unit_test(terminal_quiet_prints_the_result_alone),
	    cmocka_unit_test(terminal_verbose_shows_fields_with_their_place),
	    cmocka_unit_test(terminal_wraps_to_the_width),
	    cmocka_unit_test(ladder_draws_an_arrow_a_message),
	    cmocka_unit_test(ladder_tells_secrecy_by_word_and_shape),
	    cmocka_unit_test(ladder_too_narrow_lists_the_arrows),
	    cmocka_unit_test(ladder_flush_begins_anew),
	    cmocka_unit_test(jsonl_lines_are_objects_of_the_schema),
	    cmocka_unit_test(jsonl_replayed_is_the_same),
	    cmocka_unit_test(replay_of_other_lines_is_refused),
	};

	setlocale(LC_CTYPE, "C");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
