/* What stripping changes in a reply, and what it leaves. */
#include <string.h>

#include "torture.h"

#include "mallory/strip.h"

static void stripped(const char *reply, bool page, const char *want, struct strip_report *r)
{
	struct buf b;
	buf_init(&b, 4096);
	*r = (struct strip_report){0};
	assert_int_equal(buf_text(&b, reply), ERR_OK);
	assert_int_equal(strip_reply(&b, "bank.example", page, r), ERR_OK);
	assert_int_equal(b.len, strlen(want));
	assert_memory_equal(b.data, want, b.len);
	buf_release(&b);
}

static void strip_links_of_the_bank_become_http(void **state)
{
	(void)state;
	struct strip_report r;
	stripped("HTTP/1.0 200\r\n\r\n<a href='HTTPS://Bank.Example:443/x'>https://www.bank.example", true,
	    "HTTP/1.0 200\r\n\r\n<a href='http://Bank.Example/x'>http://www.bank.example", &r);
	assert_int_equal(r.links, 2);
	assert_string_equal(r.link, "HTTPS://Bank.Example:443");
}

static void strip_links_of_others_stay(void **state)
{
	(void)state;
	static const char *const links[] = {"https://elsewhere.example/", "https://bank.example.evil/",
	    "https://mybank.example/", "https://bank.example:8443/", "https://bank.example:x@elsewhere/",
	    "https://bank.example@elsewhere/", "https://bank.example:4430/", "http://bank.example",
	    "https:/bank.example", "https://",
	    "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bank.example"};
	for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
		struct strip_report r;
		char reply[200];
		snprintf(reply, sizeof reply, "HTTP/1.0 200\r\n\r\n%s", links[i]);
		stripped(reply, true, reply, &r);
		assert_int_equal(r.links, 0);
	}
}

static void strip_body_that_is_no_page_stays(void **state)
{
	(void)state;
	struct strip_report r;
	stripped("HTTP/1.0 302\r\nLocation: https://bank.example/\r\n\r\nhttps://bank.example", false,
	    "HTTP/1.0 302\r\nLocation: http://bank.example/\r\n\r\nhttps://bank.example", &r);
	assert_int_equal(r.links, 1);
}

static void strip_every_hsts_header_goes(void **state)
{
	(void)state;
	struct strip_report r;
	stripped("HTTP/1.0 200\r\nstrict-transport-security: max-age=1\r\nA: b\r\n"
	         "Strict-Transport-Security: max-age=2; includeSubDomains\r\n\r\n",
	    true, "HTTP/1.0 200\r\nA: b\r\n\r\n", &r);
	assert_int_equal(r.headers, 2);
}

static void strip_cookies_may_travel_in_the_clear(void **state)
{
	(void)state;
	struct strip_report r;
	stripped("HTTP/1.0 200\r\nSet-Cookie: a=secure; Path=/; Secure ; HttpOnly\r\nset-cookie: b=c;SECURE\r\n"
	         "Set-Cookie: d=e; Secured; x=; secure=1\r\n\r\n",
	    false,
	    "HTTP/1.0 200\r\nSet-Cookie: a=secure; Path=/; HttpOnly\r\nset-cookie: b=c\r\n"
	    "Set-Cookie: d=e; Secured; x=; secure=1\r\n\r\n",
	    &r);
	assert_int_equal(r.cookies, 2);
}

static void strip_what_is_no_reply_is_an_error(void **state)
{
	(void)state;
	struct strip_report r = {0};
	struct buf b;
	buf_init(&b, 4096);
	assert_int_equal(buf_text(&b, "GET / HTTP/1.0\r\n\r\n"), ERR_OK);
	assert_int_equal(strip_reply(&b, "bank.example", true, &r), ERR_FORMAT);
	buf_release(&b);
}

static void strip_names_are_kept_up_to_the_bound(void **state)
{
	(void)state;
	struct strip s = {.n = 0};
	char name[STRIP_HOST_MAX];
	for (int i = 0; i < 2 * STRIP_HOSTS; i++) {
		snprintf(name, sizeof name, "h%d.bank.example", i / 2);
		strip_remember(&s, name);
	}
	strip_remember(&s, "one.too.many");
	assert_int_equal(s.n, STRIP_HOSTS);
	assert_true(strip_insists(&s, "h0.bank.example"));
	assert_false(strip_insists(&s, "one.too.many"));
}

static void strip_host_is_the_banks_or_none(void **state)
{
	(void)state;
	char out[STRIP_HOST_MAX];
	assert_true(strip_host(out, (const uint8_t *)"WWW.Bank.example:80", 19, "bank.example"));
	assert_string_equal(out, "www.bank.example");
	assert_false(strip_host(out, (const uint8_t *)"other.example", 13, "bank.example"));
	assert_false(strip_host(out, (const uint8_t *)"bank.example/x", 14, "bank.example"));
	assert_false(strip_host(out, (const uint8_t *)"", 0, "bank.example"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(strip_links_of_the_bank_become_http),
	    cmocka_unit_test(strip_links_of_others_stay),
	    cmocka_unit_test(strip_body_that_is_no_page_stays),
	    cmocka_unit_test(strip_every_hsts_header_goes),
	    cmocka_unit_test(strip_cookies_may_travel_in_the_clear),
	    cmocka_unit_test(strip_what_is_no_reply_is_an_error),
	    cmocka_unit_test(strip_names_are_kept_up_to_the_bound),
	    cmocka_unit_test(strip_host_is_the_banks_or_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
