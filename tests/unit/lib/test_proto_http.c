/* HTTP heads and forms: well-formed, cut short at every length, and malformed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "glassnet/proto/http.h"

static const char post[] = "POST /login HTTP/1.1\r\n"
                           "Host: bank.example\r\n"
                           "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
                           "Content-Length:  30 \r\n"
                           "\r\n"
                           "user=alice&pass%77ord=a%26b+c1";

static enum err parse(struct http *h, const char *s, size_t *at)
{
	return http_parse(h, (const uint8_t *)s, strlen(s), at);
}

static void assert_span(const char *s, struct http_span span, const char *want)
{
	assert_int_equal(span.len, strlen(want));
	assert_memory_equal(s + span.off, want, span.len);
}

static void parse_post_gives_all_parts(void **state)
{
	struct http h;
	struct http_header hd;
	size_t at, pos = 0;

	(void)state;
	assert_int_equal(parse(&h, post, &at), ERR_OK);
	assert_false(h.response);
	assert_span(post, h.method, "POST");
	assert_span(post, h.target, "/login");
	assert_int_equal(h.n_headers, 3);
	assert_true(h.has_length);
	assert_int_equal(h.content_length, 30);
	assert_false(h.close);
	assert_string_equal(post + h.body_off, "user=alice&pass%77ord=a%26b+c1");
	assert_true(http_header_next(&h, (const uint8_t *)post, &pos, &hd));
	assert_span(post, hd.name, "Host");
	assert_span(post, hd.value, "bank.example");
	assert_span(post, hd.line, "Host: bank.example\r\n");
	assert_true(http_header_find(&h, (const uint8_t *)post, "CONTENT-length", &hd));
	assert_span(post, hd.value, "30");
	assert_false(http_header_find(&h, (const uint8_t *)post, "cookie", &hd));
	assert_true(http_is_form(&h, (const uint8_t *)post));
}

static void parse_response_gives_status_and_reason(void **state)
{
	static const char s[] = "HTTP/1.0 404 Not Found\nTransfer-Encoding: gzip, Chunked\n\nx";
	struct http h;
	size_t at;

	(void)state;
	assert_int_equal(parse(&h, s, &at), ERR_OK);
	assert_true(h.response);
	assert_int_equal(h.status, 404);
	assert_int_equal(h.minor, 0);
	assert_true(h.close);
	assert_true(h.chunked);
	assert_span(s, h.reason, "Not Found");
	assert_string_equal(s + h.body_off, "x");
}

static void parse_response_without_reason_is_accepted(void **state)
{
	struct http h;
	size_t at;

	(void)state;
	assert_int_equal(parse(&h, "HTTP/1.1 200\r\n\r\n", &at), ERR_OK);
	assert_int_equal(h.status, 200);
	assert_int_equal(h.reason.len, 0);
	assert_int_equal(parse(&h, "HTTP/1.1 200 \r\nConnection: close\r\n\r\n", &at), ERR_OK);
	assert_true(h.close);
}

static void parse_head_cut_anywhere_is_truncated(void **state)
{
	size_t head = (size_t)(strstr(post, "\r\n\r\n") - post) + 4;

	(void)state;
	for (size_t len = 0; len < head; len++) {
		struct http h;
		size_t at = 99999;
		uint8_t *copy = malloc(len ? len : 1); /* so that the sanitizer sees a read past the end */

		assert_non_null(copy);
		memcpy(copy, post, len);
		assert_int_equal(http_parse(&h, copy, len, &at), ERR_TRUNCATED);
		assert_int_equal(at, len);
		assert_int_equal(h.body_off, 0);
		free(copy);
	}
}

static void parse_malformed_heads_are_rejected_at_the_octet(void **state)
{
	static const struct {
		const char *s;
		enum err e;
		size_t at;
	} bad[] = {
	    {"\r\n\r\n", ERR_FORMAT, 0},
	    {"GET\r\n\r\n", ERR_FORMAT, 3},
	    {"GET /\r\n\r\n", ERR_FORMAT, 5},
	    {"GET / HTTP/1.1 \r\n\r\n", ERR_FORMAT, 6},
	    {"GET / HTTP/2.0\r\n\r\n", ERR_VERSION, 11},
	    {"G(T / HTTP/1.1\r\n\r\n", ERR_FORMAT, 1},
	    {"HTTP/1.1 20 OK\r\n\r\n", ERR_FORMAT, 8},
	    {"HTTP/1.1 2000 OK\r\n\r\n", ERR_FORMAT, 8},
	    {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", ERR_FORMAT, 20},
	    {"GET / HTTP/1.1\r\nA: b\r\n folded\r\n\r\n", ERR_FORMAT, 22},
	    {"GET / HTTP/1.1\r\nContent-Length: 5x\r\n\r\n", ERR_FORMAT, 33},
	    {"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n", ERR_FORMAT, 32},
	    {"GET / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n", ERR_FORMAT, 32},
	    {"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", ERR_FORMAT, 51},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct http h;
		size_t at = 99999;
		assert_int_equal(parse(&h, bad[i].s, &at), bad[i].e);
		assert_int_equal(at, bad[i].at);
	}
}

static void parse_endless_head_is_too_long(void **state)
{
	static uint8_t s[HTTP_MAX_HEAD + 100];
	struct http h;
	size_t at;

	(void)state;
	memset(s, 'a', sizeof(s));
	assert_int_equal(http_parse(&h, s, sizeof(s), &at), ERR_TOO_LONG);
	memcpy(s, "GET / HTTP/1.1\r\n", 16);
	for (size_t i = 16; i + 5 < sizeof(s); i += 5)
		memcpy(s + i, "a: b\n", 5);
	assert_int_equal(http_parse(&h, s, sizeof(s), &at), ERR_TOO_LONG);
	assert_int_equal(at, 16 + 5 * HTTP_MAX_HEADERS);
}

static void form_fields_come_in_order(void **state)
{
	static const char body[] = "&a=1&&b&=c&d=e=f&";
	static const char *const want[][2] = {{"a", "1"}, {"b", ""}, {"", "c"}, {"d", "e=f"}};
	struct http_form_field f;
	size_t pos = 0;

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		assert_true(http_form_next((const uint8_t *)body, strlen(body), &pos, &f));
		assert_span(body, f.name, want[i][0]);
		assert_span(body, f.value, want[i][1]);
	}
	assert_false(http_form_next((const uint8_t *)body, strlen(body), &pos, &f));
}

static void form_find_decodes_name_and_value(void **state)
{
	static const char body[] = "user=alice&pass%77ord=a%26b+c1%zz%";
	char out[32];
	size_t n;

	(void)state;
	assert_true(http_form_find(out, sizeof(out), &n, (const uint8_t *)body, strlen(body), "password"));
	assert_string_equal(out, "a&b c1%zz%");
	assert_int_equal(n, strlen(out));
	assert_false(http_form_find(out, sizeof(out), &n, (const uint8_t *)body, strlen(body), "pass"));
	assert_false(http_form_find(out, sizeof(out), &n, (const uint8_t *)body, strlen(body), "passwords"));
}

static void form_value_longer_than_buffer_is_refused(void **state)
{
	char out[5] = "xxxx";
	size_t n;

	(void)state;
	assert_int_equal(http_form_decode(out, 5, &n, (const uint8_t *)"abcde", 5), ERR_TOO_LONG);
	assert_string_equal(out, "");
	assert_int_equal(http_form_decode(out, 5, &n, (const uint8_t *)"ab%63d", 6), ERR_OK);
	assert_string_equal(out, "abcd");
}

static void summary_says_what_is_posted(void **state)
{
	char line[100];
	struct http h;
	struct text t = text_init(line, sizeof(line));
	size_t at;

	(void)state;
	assert_int_equal(parse(&h, post, &at), ERR_OK);
	http_summary(&h, (const uint8_t *)post, strlen(post), &t);
	assert_string_equal(line, "HTTP POST /login (30 bytes of form data)");
}

static void summary_escapes_what_the_peer_wrote(void **state)
{
	static const char s[] = "HTTP/1.1 200 \033[2J\r\nContent-Length: 10\r\n\r\nab";
	char line[100];
	struct http h;
	struct text t = text_init(line, sizeof(line));
	size_t at;

	(void)state;
	assert_int_equal(parse(&h, s, &at), ERR_OK);
	http_summary(&h, (const uint8_t *)s, strlen(s), &t);
	assert_string_equal(line, "HTTP 200 \\x1b[2J (10 bytes of body, 2 of them here)");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(parse_post_gives_all_parts),
	    cmocka_unit_test(parse_response_gives_status_and_reason),
	    cmocka_unit_test(parse_response_without_reason_is_accepted),
	    cmocka_unit_test(parse_head_cut_anywhere_is_truncated),
	    cmocka_unit_test(parse_malformed_heads_are_rejected_at_the_octet),
	    cmocka_unit_test(parse_endless_head_is_too_long),
	    cmocka_unit_test(form_fields_come_in_order),
	    cmocka_unit_test(form_find_decodes_name_and_value),
	    cmocka_unit_test(form_value_longer_than_buffer_is_refused),
	    cmocka_unit_test(summary_says_what_is_posted),
	    cmocka_unit_test(summary_escapes_what_the_peer_wrote),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
