/* What the server answers: STUN by RFC 8489, 5780 and 3489, and the page. */
#include "torture.h"

#include <sodium.h>
#include <string.h>

#include "natview/page.h"
#include "natview/stun_site.h"

static struct stun_site site(bool two)
{
	struct stun_site s = {.port = {3478, 3479}};
	assert_int_equal(ip_parse(&s.ip[0], "192.0.2.82"), ERR_OK);
	if (two)
		assert_int_equal(ip_parse(&s.ip[1], "192.0.2.83"), ERR_OK);
	return s;
}

static struct endpoint at(const char *text)
{
	struct endpoint e;
	assert_int_equal(endpoint_parse(&e, text, 0), ERR_OK);
	return e;
}

struct exchange {
	uint8_t q[STUN_WRITE_MAX];
	struct wr w;
	struct stun_answer a;
	struct stun head;
};

static void begin(struct exchange *x, bool cookie)
{
	uint8_t id[STUN_ID];
	stun_new_id(id);
	if (!cookie)
		memset(id, 7, sizeof id);
	x->w = wr_init(x->q, sizeof x->q);
	stun_begin(&x->w, STUN_BINDING, STUN_REQUEST, id);
}

static enum err put(struct exchange *x, const struct stun_site *s, struct stun_place place)
{
	struct endpoint from = at("203.0.113.10:40000");
	size_t off;
	enum err e = stun_site_answer(s, place, &from, x->q, stun_end(&x->w), &x->a, &off);
	if (e == ERR_OK) {
		assert_int_equal(stun_parse(&x->head, x->a.bytes, x->a.len, &off), ERR_OK);
		assert_memory_equal(x->a.bytes + 4, x->q + 4, STUN_ID);
	}
	return e;
}

static bool is(const struct endpoint *e, const char *text)
{
	char s[ENDPOINT_TEXT];
	return strcmp(endpoint_text(s, e), text) == 0;
}

static void answer_tells_the_address_and_the_other_place(void **state)
{
	(void)state;
	struct stun_site s = site(true);
	struct exchange x;
	begin(&x, true);
	assert_int_equal(put(&x, &s, (struct stun_place){0, 1}), ERR_OK);
	assert_int_equal(x.head.class, STUN_SUCCESS);
	assert_true(is(&x.head.mapped, "203.0.113.10:40000"));
	assert_true(is(&x.head.origin, "192.0.2.82:3479"));
	assert_true(is(&x.head.other, "192.0.2.83:3478"));
	assert_true(is(&x.a.to, "203.0.113.10:40000"));
	assert_false(x.head.has_fingerprint);
}

/* RFC 5780 6.1, table 1: from where is answered. */
static void change_request_moves_the_answer(void **state)
{
	(void)state;
	static const struct {
		uint32_t change;
		struct stun_place asked, from;
	} cases[] = {{0, {0, 0}, {0, 0}}, {STUN_CHANGE_PORT, {0, 0}, {0, 1}}, {STUN_CHANGE_IP, {0, 0}, {1, 0}},
	    {STUN_CHANGE_IP | STUN_CHANGE_PORT, {0, 0}, {1, 1}}, {STUN_CHANGE_IP | STUN_CHANGE_PORT, {1, 1}, {0, 0}},
	    {STUN_CHANGE_PORT, {1, 1}, {1, 0}}};
	struct stun_site s = site(true);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct exchange x;
		begin(&x, true);
		stun_put_u32(&x.w, STUN_CHANGE_REQUEST, cases[i].change);
		assert_int_equal(put(&x, &s, cases[i].asked), ERR_OK);
		assert_int_equal(x.a.from.ip, cases[i].from.ip);
		assert_int_equal(x.a.from.port, cases[i].from.port);
	}
}

static void response_port_moves_only_the_port(void **state)
{
	(void)state;
	struct stun_site s = site(true);
	struct exchange x;
	begin(&x, true);
	stun_put_u32(&x.w, STUN_RESPONSE_PORT, 41000U << 16);
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_OK);
	assert_true(is(&x.a.to, "203.0.113.10:41000"));
	assert_true(is(&x.head.mapped, "203.0.113.10:40000"));
}

static void one_address_says_that_it_cannot(void **state)
{
	(void)state;
	struct stun_site s = site(false);
	struct exchange x;
	begin(&x, true);
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_OK);
	assert_int_equal(x.head.other.ip.family, 0);
	stun_put_u32(&x.w, STUN_CHANGE_REQUEST, STUN_CHANGE_IP);
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_OK);
	assert_int_equal(x.head.error_code, 420);
	begin(&x, true);
	stun_put_u32(&x.w, STUN_CHANGE_REQUEST, STUN_CHANGE_PORT);
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_OK);
	assert_int_equal(x.a.from.port, 1);
}

static void unknown_attribute_is_named(void **state)
{
	(void)state;
	struct stun_site s = site(true);
	struct exchange x;
	struct stun_attribute a;
	size_t pos = 0;
	bool named = false;
	begin(&x, true);
	stun_put_u32(&x.w, 0x8fff, 1); /* may be ignored */
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_OK);
	assert_int_equal(x.head.class, STUN_SUCCESS);
	stun_put_u32(&x.w, 0x7fff, 1); /* must be understood */
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_OK);
	assert_int_equal(x.head.error_code, 420);
	while (stun_attribute_next(x.a.bytes, x.a.len, &pos, &a))
		named = named || (a.type == STUN_UNKNOWN_ATTRIBUTES && a.len == 2 && x.a.bytes[a.data_off] == 0x7f);
	assert_true(named);
}

static void fingerprint_is_checked_and_given_back(void **state)
{
	(void)state;
	struct stun_site s = site(true);
	struct exchange x;
	begin(&x, true);
	stun_put_fingerprint(&x.w);
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_OK);
	assert_true(x.head.has_fingerprint && x.head.fingerprint_right);
	x.q[x.w.pos - 1] ^= 1;
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_NEGATIVE);
}

/* A client of RFC 3489 gets that document's attributes, and its 16 octets of ID back. */
static void old_client_gets_an_old_answer(void **state)
{
	(void)state;
	struct stun_site s = site(true);
	struct exchange x;
	struct stun_attribute a;
	size_t pos = 0;
	unsigned seen = 0;
	begin(&x, false);
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_OK);
	assert_true(is(&x.head.mapped, "203.0.113.10:40000"));
	while (stun_attribute_next(x.a.bytes, x.a.len, &pos, &a)) {
		assert_true(a.type < 0x20); /* nothing that came later */
		seen |= 1U << a.type;
	}
	assert_int_equal(seen, 1U << STUN_MAPPED_ADDRESS | 1U << STUN_SOURCE_ADDRESS | 1U << STUN_CHANGED_ADDRESS);
}

static void what_is_no_request_gets_no_answer(void **state)
{
	(void)state;
	struct stun_site s = site(true);
	struct exchange x;
	uint8_t id[STUN_ID];
	stun_new_id(id);
	x.w = wr_init(x.q, sizeof x.q);
	stun_begin(&x.w, STUN_BINDING, STUN_SUCCESS, id); /* two servers must not answer each other */
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_NEGATIVE);
	x.w = wr_init(x.q, sizeof x.q);
	stun_begin(&x.w, 3, STUN_REQUEST, id); /* TURN's Allocate */
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_NEGATIVE);
	x.w.pos = 12;
	assert_int_equal(put(&x, &s, (struct stun_place){0, 0}), ERR_TRUNCATED);
}

/* --- the page --- */

static const char *page(struct page *out, const char *request)
{
	struct http h;
	struct endpoint peer = at("203.0.113.10:40000");
	size_t off;
	assert_int_equal(http_parse(&h, (const uint8_t *)request, strlen(request), &off), ERR_OK);
	page_answer(out, &h, (const uint8_t *)request, &peer);
	assert_true(out->len > 0 && out->len < sizeof out->bytes);
	out->bytes[out->len] = '\0';
	assert_int_equal(http_parse(&h, (const uint8_t *)out->bytes, out->len, &off), ERR_OK);
	assert_int_equal(h.status, out->status);
	return out->bytes + h.body_off;
}

static void page_speaks_as_it_is_asked(void **state)
{
	(void)state;
	struct page p;
	assert_string_equal(page(&p, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "203.0.113.10\n");
	assert_string_equal(page(&p, "GET / HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"), "203.0.113.10\n");
	assert_string_equal(page(&p, "GET /ip HTTP/1.0\r\n\r\n"), "203.0.113.10\n");
	assert_string_equal(page(&p, "GET /json HTTP/1.1\r\nHost: x\r\n\r\n"),
	    "{\"address\":\"203.0.113.10\",\"port\":40000,\"family\":4}\n");
	assert_non_null(strstr(page(&p, "GET / HTTP/1.1\r\nHost: x\r\nAccept: text/html, */*\r\n\r\n"),
	    "<h1 id=\"address\">203.0.113.10<"));
	assert_string_equal(page(&p, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"), "");
}

static void page_believes_no_header(void **state)
{
	(void)state;
	struct page p;
	assert_string_equal(
	    page(&p, "GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 1.2.3.4\r\nForwarded: for=1.2.3.4\r\n\r\n"),
	    "203.0.113.10\n");
}

static void page_refuses_other_things(void **state)
{
	(void)state;
	struct page p;
	page(&p, "GET /favicon.ico HTTP/1.1\r\nHost: x\r\n\r\n");
	assert_int_equal(p.status, 404);
	page(&p, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
	assert_int_equal(p.status, 405);
	assert_non_null(strstr(p.bytes, "\r\nAllow: GET, HEAD\r\n"));
}

static int init(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answer_tells_the_address_and_the_other_place),
	    cmocka_unit_test(change_request_moves_the_answer),
	    cmocka_unit_test(response_port_moves_only_the_port),
	    cmocka_unit_test(one_address_says_that_it_cannot),
	    cmocka_unit_test(unknown_attribute_is_named),
	    cmocka_unit_test(fingerprint_is_checked_and_given_back),
	    cmocka_unit_test(old_client_gets_an_old_answer),
	    cmocka_unit_test(what_is_no_request_gets_no_answer),
	    cmocka_unit_test(page_speaks_as_it_is_asked),
	    cmocka_unit_test(page_believes_no_header),
	    cmocka_unit_test(page_refuses_other_things),
	};
	return cmocka_run_group_tests(tests, init, NULL);
}
