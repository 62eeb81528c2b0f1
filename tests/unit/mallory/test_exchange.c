/* One HTTP request and reply through mallory's hands: bytes in, bytes out. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "events.h"
#include "torture.h"

#include "mallory/exchange.h"

static const char post[] = "POST /login HTTP/1.1\r\nHost: bank.example\r\nAccept-Encoding: gzip\r\n"
                           "Connection: keep-alive\r\nContent-Type: application/x-www-form-urlencoded\r\n"
                           "Content-Length: 32\r\n\r\nuser=alice&password=tr%26ub+4dor";

struct fixture {
	struct trace trace;
	struct recorder rec;
	struct loot loot;
	struct exchange x;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);
	assert_non_null(f);
	trace_init(&f->trace, &clock_real, "mallory");
	recorder_attach(&f->rec, &f->trace);
	loot_init(&f->loot);
	exchange_init(&f->x, &f->trace, &f->loot,
	    &(struct exchange_names){"laptop", "mallory", "bank.example", "http"}, 7, false, true);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	exchange_release(&f->x);
	assert_int_equal(trace_release(&f->trace), ERR_OK);
	recorder_release(&f->rec);
	free(f);
	return 0;
}

/* Hands over text in pieces of the given size, as segments that TCP cut. */
static void victim_says(struct fixture *f, const char *text, size_t piece)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i += piece) {
		struct buf *in = exchange_victim_input(&f->x);
		if (!in)
			return;
		assert_int_equal(buf_append(in, text + i, len - i < piece ? len - i : piece), ERR_OK);
		exchange_from_victim(&f->x);
	}
}

static void bank_says(struct fixture *f, const char *text, size_t piece)
{
	size_t len = strlen(text);
	for (size_t i = 0; i < len; i += piece) {
		struct buf *in = exchange_bank_input(&f->x);
		assert_non_null(in);
		assert_int_equal(buf_append(in, text + i, len - i < piece ? len - i : piece), ERR_OK);
		exchange_from_bank(&f->x);
	}
}

static void output_is(struct buf *b, const char *want)
{
	assert_non_null(b);
	assert_int_equal(b->len, strlen(want));
	assert_memory_equal(b->data, want, b->len);
}

static void holds_the_password(const struct fixture *f)
{
	assert_int_equal(f->loot.n, 2);
	assert_string_equal(f->loot.items[0].key, "user");
	assert_string_equal(f->loot.items[0].value, "alice");
	assert_string_equal(f->loot.items[1].key, "password");
	assert_string_equal(f->loot.items[1].value, "tr&ub 4dor");
	assert_string_equal(f->loot.items[1].where, "http POST /login");
	assert_int_equal(f->loot.items[1].connection, 7);
}

static void exchange_form_in_one_segment_becomes_loot(void **state)
{
	struct fixture *f = *state;
	victim_says(f, post, sizeof post);
	holds_the_password(f);
	assert_non_null(recorder_find(&f->rec, 0, EV_STATE, "loot", "tr&ub 4dor"));
	output_is(exchange_bank_output(&f->x),
	    "POST /login HTTP/1.0\r\nHost: bank.example\r\nContent-Type: "
	    "application/x-www-form-urlencoded\r\n"
	    "Content-Length: 32\r\nConnection: close\r\n\r\nuser=alice&password=tr%26ub+4dor");
}

static void exchange_form_in_single_octets_becomes_loot(void **state)
{
	struct fixture *f = *state;
	victim_says(f, post, 1);
	holds_the_password(f);
}

static void exchange_request_before_it_is_whole_gives_nothing(void **state)
{
	struct fixture *f = *state;
	char most[sizeof post];
	memcpy(most, post, sizeof post);
	most[sizeof post - 2] = 0;
	victim_says(f, most, 5);
	assert_int_equal(f->loot.n, 0);
	assert_null(exchange_bank_output(&f->x));
	exchange_victim_end(&f->x);
	assert_int_equal(f->x.state, EXCHANGE_DONE);
	assert_int_equal(f->x.err, ERR_FORMAT);
}

static void exchange_body_that_is_no_form_is_no_loot(void **state)
{
	struct fixture *f = *state;
	victim_says(f, "POST /x HTTP/1.1\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\npassword=x", 99);
	assert_int_equal(f->loot.n, 0);
	assert_non_null(exchange_bank_output(&f->x));
}

static void exchange_page_is_changed_and_its_length_corrected(void **state)
{
	struct fixture *f = *state;
	victim_says(f, "GET / HTTP/1.1\r\n\r\n", 99);
	static const char reply[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\ncontent-length: 22\r\n"
	    "X: y\r\n\r\npay to account 123456!";
	for (size_t piece = 1; piece < sizeof reply; piece += 30) {
		f->x.state = EXCHANGE_REPLY;
		buf_release(&f->x.to_victim);
		bank_says(f, reply, piece);
		assert_int_equal(f->x.state, EXCHANGE_DONE);
		output_is(exchange_victim_output(&f->x),
		    "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\ncontent-length: 31\r\n"
		    "X: y\r\n\r\npay to account " MALLORY_ACCOUNT "!");
	}
	assert_string_equal(f->x.changed.before, "123456");
	assert_non_null(recorder_find(&f->rec, 0, EV_STATE, "page", "123456"));
}

static void exchange_page_without_length_is_changed_at_its_end(void **state)
{
	struct fixture *f = *state;
	victim_says(f, "GET / HTTP/1.1\r\n\r\n", 99);
	bank_says(f, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\naccount 123456", 9);
	assert_null(exchange_victim_output(&f->x));
	exchange_bank_end(&f->x);
	output_is(exchange_victim_output(&f->x),
	    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\naccount " MALLORY_ACCOUNT);
}

static void exchange_reply_that_cannot_be_changed_passes(void **state)
{
	struct fixture *f = *state;
	static const char chunked[] =
	    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "e\r\naccount 123456\r\n0\r\n\r\n";
	static const char *const replies[] = {
	    chunked,
	    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\r\naccount 123456",
	    "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 14\r\n\r\naccount 123456",
	    "this is not HTTP: account 123456",
	};
	victim_says(f, "GET / HTTP/1.1\r\n\r\n", 99);
	for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
		f->x.state = EXCHANGE_REPLY;
		buf_release(&f->x.to_victim);
		bank_says(f, replies[i], 999);
		exchange_bank_end(&f->x);
		output_is(exchange_victim_output(&f->x), replies[i]);
		assert_int_equal(f->x.changed.changed, 0);
	}
}

static void exchange_page_over_the_bound_passes(void **state)
{
	struct fixture *f = *state;
	victim_says(f, "GET / HTTP/1.1\r\n\r\n", 99);
	bank_says(f, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\naccount 123456", 999);
	char spaces[1001];
	memset(spaces, ' ', 1000);
	spaces[1000] = '\0';
	for (size_t i = 0; i < EXCHANGE_REPLY_MAX / 1000 && f->x.state == EXCHANGE_REPLY; i++)
		bank_says(f, spaces, buf_room(&f->x.to_victim) < 1000 ? buf_room(&f->x.to_victim) : 1000);
	if (f->x.state == EXCHANGE_REPLY) {
		spaces[buf_room(&f->x.to_victim)] = '\0';
		bank_says(f, spaces, 1000);
	}
	assert_int_equal(f->x.state, EXCHANGE_PASS);
	assert_int_equal(f->x.changed.changed, 0);
	assert_non_null(exchange_victim_output(&f->x));
}

static void exchange_bad_requests_are_refused(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *text, *status;
	} bad[] = {
	    {"\x16\x03\x01\x02\r\n\r\n", "400"},
	    {"HTTP/1.1 200 OK\r\n\r\n", "400"},
	    {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", "411"},
	    {"POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n", "413"},
	};
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		f->x.state = EXCHANGE_REQUEST;
		buf_release(&f->x.request);
		buf_release(&f->x.to_victim);
		victim_says(f, bad[i].text, 99);
		assert_int_equal(f->x.state, EXCHANGE_DONE);
		assert_int_not_equal(f->x.err, ERR_OK);
		assert_memory_equal(f->x.to_victim.data + strlen("HTTP/1.1 "), bad[i].status, 3);
		assert_null(exchange_bank_output(&f->x));
	}
}

static void exchange_endless_head_is_refused(void **state)
{
	struct fixture *f = *state;
	victim_says(f, "GET / HTTP/1.1\r\n", 99);
	for (int i = 0; i < 10000 && f->x.state == EXCHANGE_REQUEST; i++)
		victim_says(f, "X: y\r\n", 99);
	assert_int_equal(f->x.state, EXCHANGE_DONE);
	assert_int_equal(f->x.err, ERR_TOO_LONG);
	assert_true(f->x.request.len < EXCHANGE_HEAD_MAX + 99);
}

static void exchange_expected_continue_is_given(void **state)
{
	struct fixture *f = *state;
	victim_says(f, "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", 999);
	output_is(exchange_victim_output(&f->x), "HTTP/1.1 100 Continue\r\n\r\n");
	assert_null(exchange_victim_input(&f->x)); /* first that has to go out */
	buf_consume(&f->x.to_victim, f->x.to_victim.len);
	victim_says(f, "abc", 3);
	assert_int_equal(f->x.state, EXCHANGE_REPLY);
}

static void exchange_bank_that_fails_gives_an_error_page(void **state)
{
	struct fixture *f = *state;
	victim_says(f, post, 999);
	exchange_bank_failed(&f->x, ERR_REFUSED, "Connection refused");
	assert_int_equal(f->x.state, EXCHANGE_DONE);
	assert_memory_equal(exchange_victim_output(&f->x)->data, "HTTP/1.1 502", 12);
	holds_the_password(f);
}

static void loot_of_any_octets_is_kept_and_is_json(void **state)
{
	struct fixture *f = *state;
	loot_add(&f->loot, &f->trace, 1, "here", "k", 1, "a\0b", 3);
	loot_add(&f->loot, &f->trace, 1, "here", "k", 1, "\xff\x1b[", 3);
	json_t *j = loot_json(&f->loot);
	assert_string_equal(json_string_value(json_object_get(json_array_get(j, 0), "value")), "a\xEF\xBF\xBD"
	                                                                                       "b");
	assert_string_equal(json_string_value(json_object_get(json_array_get(j, 1), "value")), "\\xff\\x1b[");
	json_decref(j);
	for (int i = 0; i < LOOT_MAX; i++)
		loot_add(&f->loot, &f->trace, 1, "here", "k", 1, "v", 1);
	assert_int_equal(f->loot.n, LOOT_MAX);
	assert_int_equal(f->loot.dropped, 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/* --- stripping --- */

static void stripping(struct fixture *f, struct strip *s)
{
	*s = (struct strip){.n = 0};
	f->x.strip = s;
}

static void exchange_redirect_to_https_stays_with_mallory(void **state)
{
	struct fixture *f = *state;
	struct strip s;
	stripping(f, &s);
	victim_says(f, "GET /a?b HTTP/1.1\r\nHost: WWW.bank.example\r\n\r\n", 7);
	assert_false(f->x.secure);
	buf_consume(exchange_bank_output(&f->x), exchange_bank_output(&f->x)->len);
	bank_says(f, "HTTP/1.1 301 Moved\r\nLocation: https://www.bank.example/a?b\r\nContent-Length: 3\r\n\r\n", 99);
	assert_true(f->x.again && f->x.secure && f->x.kept);
	assert_string_equal(f->x.host, "www.bank.example");
	assert_null(exchange_victim_output(&f->x));
	output_is(
	    exchange_bank_output(&f->x), "GET /a?b HTTP/1.0\r\nHost: WWW.bank.example\r\nConnection: close\r\n\r\n");
	f->x.again = false;
	bank_says(f,
	    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nStrict-Transport-Security: max-age=1\r\n"
	    "Content-Length: 37\r\n\r\n<form action=https://bank.example/x> ",
	    5);
	output_is(exchange_victim_output(&f->x),
	    "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 36\r\n\r\n"
	    "<form action=http://bank.example/x> ");
	assert_int_equal(f->x.stripped.links, 1);
	assert_int_equal(f->x.stripped.headers, 1);
	assert_true(strip_insists(&s, "www.bank.example"));
	assert_non_null(recorder_find(&f->rec, 0, EV_DECISION, "redirect-kept", NULL));
	/* who listens reads what goes over http, and not what goes over https */
	static const enum secrecy want[] = {
	    SECRECY_CLEAR, SECRECY_CLEAR, SECRECY_CLEAR, SECRECY_ENCRYPTED, SECRECY_ENCRYPTED, SECRECY_TAMPERED};
	size_t n = 0;
	for (size_t i = 0; i < f->rec.n; i++) {
		const struct recorded *r = &f->rec.ev[i];
		if (r->kind != EV_SEND && r->kind != EV_RECV)
			continue;
		assert_true(n < sizeof want / sizeof *want);
		assert_int_equal(r->secrecy, want[n++]);
	}
	assert_int_equal(n, sizeof want / sizeof *want);
}

static void exchange_redirect_to_another_page_is_lowered(void **state)
{
	struct fixture *f = *state;
	struct strip s;
	stripping(f, &s);
	victim_says(f, "GET / HTTP/1.1\r\nHost: bank.example\r\n\r\n", 99);
	bank_says(f, "HTTP/1.1 302 Found\r\nLocation: https://www.bank.example/in\r\nContent-Length: 0\r\n\r\n", 99);
	assert_false(f->x.again);
	output_is(exchange_victim_output(&f->x),
	    "HTTP/1.1 302 Found\r\nLocation: http://www.bank.example/in\r\nContent-Length: 0\r\n\r\n");
	assert_true(strip_insists(&s, "www.bank.example"));
	assert_false(strip_insists(&s, "bank.example"));
}

static void exchange_name_that_insists_is_asked_by_https_at_once(void **state)
{
	struct fixture *f = *state;
	struct strip s;
	stripping(f, &s);
	strip_remember(&s, "www.bank.example");
	victim_says(f, "GET / HTTP/1.1\r\nHost: www.bank.example:80\r\n\r\n", 99);
	assert_true(f->x.secure);
	/* and a second redirect is not followed: the bank would send us round in a ring */
	bank_says(f, "HTTP/1.1 301 Moved\r\nLocation: https://www.bank.example/\r\nContent-Length: 0\r\n\r\n", 99);
	assert_false(f->x.again);
	assert_non_null(exchange_victim_output(&f->x));
}

static void exchange_without_stripping_a_redirect_passes(void **state)
{
	struct fixture *f = *state;
	static const char moved[] =
	    "HTTP/1.1 301 Moved\r\nLocation: https://bank.example/\r\nStrict-Transport-Security: x\r\n\r\n";
	victim_says(f, "GET / HTTP/1.1\r\nHost: bank.example\r\n\r\n", 99);
	bank_says(f, moved, 99);
	output_is(exchange_victim_output(&f->x), moved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    T(exchange_form_in_one_segment_becomes_loot),
	    T(exchange_form_in_single_octets_becomes_loot),
	    T(exchange_request_before_it_is_whole_gives_nothing),
	    T(exchange_body_that_is_no_form_is_no_loot),
	    T(exchange_page_is_changed_and_its_length_corrected),
	    T(exchange_page_without_length_is_changed_at_its_end),
	    T(exchange_reply_that_cannot_be_changed_passes),
	    T(exchange_page_over_the_bound_passes),
	    T(exchange_bad_requests_are_refused),
	    T(exchange_endless_head_is_refused),
	    T(exchange_expected_continue_is_given),
	    T(exchange_bank_that_fails_gives_an_error_page),
	    T(loot_of_any_octets_is_kept_and_is_json),
	    cmocka_unit_test_setup_teardown(exchange_redirect_to_https_stays_with_mallory, setup, teardown),
	    cmocka_unit_test_setup_teardown(exchange_redirect_to_another_page_is_lowered, setup, teardown),
	    cmocka_unit_test_setup_teardown(exchange_name_that_insists_is_asked_by_https_at_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(exchange_without_stripping_a_redirect_passes, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
