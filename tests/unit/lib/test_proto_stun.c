/* STUN. The vectors of RFC 5769 2.1 to 2.3; the rest hand-made after RFC 8489 and RFC 5780. */
#include "glassnet/proto/stun.h"
#include <string.h>

#include "glassnet/proto/stun_write.h"
#include "proto_support.h"

static const char request[] = "00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74"
                              "00240004 6e0001ff 80290008 932ff9b151263b36 00060009 6576746a3a68367659 202020"
                              "00080014 9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2 80280004 e57a3bcf";
static const char response4[] = "0101003c 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
                                "00200008 0001a147e112a643 00080014 2b91f599fd9e90c38c7489f92af9ba53f06be7d7"
                                "80280004 c07d4c96";
static const char response6[] = "01010048 2112a442 b7e7a701bc34d686fa87dfae 8022000b 7465737420766563746f7220"
                                "00200014 0002a1470113a9faa5d3f179bc25f4b5bed2b9d9"
                                "00080014 a382954e4be67bf11784c97c8292c275bfe3ed41 80280004 c8fb0b4c";

/* A header with the right length, and the attributes behind it. */
static struct bytes message(const char *type, const char *attributes)
{
	struct bytes b = from_hex(type);

	add_hex(&b, "0000 2112a442 000102030405060708090a0b");
	add_hex(&b, attributes);
	b.b[2] = (uint8_t)((b.n - 20) >> 8);
	b.b[3] = (uint8_t)(b.n - 20);
	return b;
}

static struct stun parsed(const struct bytes *b)
{
	struct stun h;
	size_t at;

	assert_int_equal(stun_parse(&h, b->b, b->n, &at), ERR_OK);
	assert_int_equal(at, b->n);
	return h;
}

static void rfc5769_request_is_read(void **state)
{
	struct bytes b = from_hex(request);
	struct stun h = parsed(&b);
	struct kept k;
	struct trace t = keeping_trace(&k);

	(void)state;
	assert_true(stun_looks_like(b.b, b.n));
	assert_int_equal(h.class, STUN_REQUEST);
	assert_int_equal(h.method, STUN_BINDING);
	assert_true(h.has_fingerprint && h.fingerprint_right);
	ASSERT_LINE("STUN binding request: what is my address?", stun_summary(&h, b.b, b.n, &out));
	stun_describe(&h, b.b, b.n, 42, &t);
	assert_field(&k, "SOFTWARE", "STUN test client", 62, 20);
	assert_field(&k, "PRIORITY", "1845494271", 82, 8);
	assert_field(&k, "USERNAME", "evtj:h6vY", 102, 13);
	assert_field(&k, "FINGERPRINT", "e57a3bcf (right)", 142, 8);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void rfc5769_responses_give_the_address(void **state)
{
	struct bytes b4 = from_hex(response4), b6 = from_hex(response6);
	struct stun h = parsed(&b4);

	(void)state;
	assert_true(h.fingerprint_right);
	ASSERT_LINE("STUN binding response: you are 192.0.2.1:32853", stun_summary(&h, b4.b, b4.n, &out));
	h = parsed(&b6);
	assert_true(h.fingerprint_right);
	ASSERT_LINE("STUN binding response: you are [2001:db8:1234:5678:11:2233:4455:6677]:32853",
	    stun_summary(&h, b6.b, b6.n, &out));
}

/* RFC 5769 2.4: long-term authentication; its key is the MD5 of "USERNAME:REALM:PASSWORD". The user's name is
 * written in Japanese, the password with a soft hyphen that SASLprep takes out. */
static const char request_long[] = "00010060 2112a442 78ad3433c6ad72c029da412e"
                                   "00060012 e3839ee38388e383aae38383e382afe382b90000"
                                   "0015001c 662f2f3439396b39353464364f4c33346f4c39465354767936347341"
                                   "0014000b 6578616d706c652e6f726700"
                                   "00080014 f67024656dd64a3e02b8e0712e85c9a28ca89666";
static const char password[] = "VOkJxbRl1RmTxUk/WvJxBt"; /* of 2.1 to 2.3 */

static void rfc5769_integrity_is_right_with_the_password_alone(void **state)
{
	(void)state;
	const char *const texts[] = {request, response4, response6};
	for (size_t i = 0; i < 3; i++) {
		struct bytes b = from_hex(texts[i]);
		assert_true(stun_integrity_right(b.b, b.n, password, strlen(password)));
		assert_false(stun_integrity_right(b.b, b.n, "VOkJxbRl1RmTxUk/WvJxBT", strlen(password)));
		b.b[30] ^= 1;
		assert_false(stun_integrity_right(b.b, b.n, password, strlen(password)));
	}
}

static void rfc5769_long_term_request_is_right(void **state)
{
	(void)state;
	struct bytes b = from_hex(request_long);
	/* MD5 of "\u30DE\u30C8\u30EA\u30C3\u30AF\u30B9:example.org:TheMatrIX" */
	struct bytes key = from_hex("e8ca7ad59d5eb0518e312911d2dab2a9");
	(void)parsed(&b);
	assert_true(stun_integrity_right(b.b, b.n, key.b, key.n));
	key.b[0] ^= 1;
	assert_false(stun_integrity_right(b.b, b.n, key.b, key.n));
	assert_false(stun_integrity_right(b.b, 20, key.b, key.n)); /* nothing but a header */
}

/* What is written is what RFC 5769 has, but for its padding, which is not zero there. */
static void rfc5769_response_is_written(void **state)
{
	(void)state;
	struct bytes want = from_hex(response4);
	uint8_t buf[STUN_WRITE_MAX], id[STUN_ID];
	struct wr w = wr_init(buf, sizeof(buf));
	struct endpoint mapped = {.port = 32853};
	assert_int_equal(ip_parse(&mapped.ip, "192.0.2.1"), ERR_OK);
	memcpy(id, want.b + 4, sizeof(id));
	stun_begin(&w, STUN_BINDING, STUN_SUCCESS, id);
	stun_put(&w, STUN_SOFTWARE, "test vector", 11);
	w.buf[w.pos - 1] = ' ';
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &mapped);
	assert_true(stun_put_integrity(&w, password, strlen(password)));
	stun_put_fingerprint(&w);
	assert_int_equal(stun_end(&w), want.n);
	assert_memory_equal(buf, want.b, want.n);
}

static void written_message_that_does_not_fit_is_none(void **state)
{
	(void)state;
	uint8_t buf[64], id[STUN_ID], again[STUN_ID];
	stun_new_id(id);
	stun_new_id(again);
	assert_memory_not_equal(id, again, sizeof(id));
	struct wr w = wr_init(buf, 30);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, id);
	stun_put_u32(&w, STUN_CHANGE_REQUEST, 4);
	assert_int_equal(stun_end(&w), 28);
	stun_put_fingerprint(&w);
	assert_int_equal(stun_end(&w), 0);
	assert_false(stun_put_integrity(&w, "x", 1));
}

static void written_error_and_addresses_are_read_back(void **state)
{
	(void)state;
	uint8_t id[STUN_ID];
	struct bytes b = {0};
	struct endpoint e = {.port = 65535};
	assert_int_equal(ip_parse(&e.ip, "2001:db8::1"), ERR_OK);
	stun_new_id(id);
	struct wr w = wr_init(b.b, sizeof(b.b) < STUN_WRITE_MAX ? sizeof(b.b) : STUN_WRITE_MAX);
	stun_begin(&w, STUN_BINDING, STUN_ERROR, id);
	stun_put_error(&w, 420, "Unknown Attribute");
	stun_put_address(&w, STUN_XOR_MAPPED_ADDRESS, &e);
	stun_put_address(&w, STUN_OTHER_ADDRESS, &e);
	b.n = stun_end(&w);
	struct stun h = parsed(&b);
	assert_int_equal(h.class, STUN_ERROR);
	assert_int_equal(h.error_code, 420);
	assert_true(ip_equal(&h.mapped.ip, &e.ip) && h.mapped.port == 65535);
	assert_true(ip_equal(&h.other.ip, &e.ip) && h.other.port == 65535);
}

static void behaviour_discovery_is_told(void **state)
{
	struct bytes b = message("0001", "00030004 00000006");
	struct stun h = parsed(&b);
	struct kept k;
	struct trace t = keeping_trace(&k);

	(void)state;
	ASSERT_LINE("STUN binding request: what is my address?, answer from another address and port",
	    stun_summary(&h, b.b, b.n, &out));
	stun_describe(&h, b.b, b.n, 0, &t);
	assert_field(&k, "CHANGE-REQUEST", "address: the other, port: the other", 20, 8);
	assert_int_equal(trace_release(&t), ERR_OK);
	b = message("0101", "00010008 0001 9c40 cb00710a 802c0008 0001 0d97 c0000243");
	h = parsed(&b);
	ASSERT_LINE("STUN binding response: you are 203.0.113.10:40000, other address 192.0.2.67:3479",
	    stun_summary(&h, b.b, b.n, &out));
}

static void error_says_why(void **state)
{
	struct bytes b = message("0111", "00090008 00000414 1b5b324a 000a0004 77770003");
	struct stun h = parsed(&b);
	struct kept k;
	struct trace t = keeping_trace(&k);

	(void)state;
	assert_int_equal(h.class, STUN_ERROR);
	ASSERT_LINE("STUN binding error 420 \\x1b[2J", stun_summary(&h, b.b, b.n, &out));
	stun_describe(&h, b.b, b.n, 0, &t);
	assert_field(&k, "UNKNOWN-ATTRIBUTES", "0x7777, CHANGE-REQUEST", 32, 8);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void class_and_method_are_unwound(void **state)
{
	struct bytes b = message("0113", ""); /* TURN Allocate error response */
	struct stun h = parsed(&b);

	(void)state;
	assert_int_equal(h.method, 3);
	assert_int_equal(h.class, STUN_ERROR);
	b = message("0017", ""); /* TURN Data indication */
	h = parsed(&b);
	assert_int_equal(h.method, 7);
	assert_int_equal(h.class, STUN_INDICATION);
	b = message("3eef", "");
	h = parsed(&b);
	assert_int_equal(h.method, 0xfff);
}

static void changed_octet_breaks_the_fingerprint(void **state)
{
	struct bytes b = from_hex(response4);
	struct stun h;

	(void)state;
	b.b[30] ^= 1;
	h = parsed(&b);
	assert_true(h.has_fingerprint && !h.fingerprint_right);
}

static void message_cut_anywhere_is_truncated(void **state)
{
	struct bytes b = from_hex(request);
	struct stun h;

	(void)state;
	ASSERT_TRUNCATED_BELOW(b, b.n, stun_parse(&h, p, len, &where));
	assert_false(stun_looks_like(b.b, b.n - 1));
}

static void malformed_is_rejected_at_the_octet(void **state)
{
	static const struct {
		const char *attributes;
		size_t at;
	} bad[] = {{"00030003 00000600", 20}, {"00200008 0003a147e112a643", 20}, {"00200004 0001a147", 20},
	    {"80220004 61626364 80280002 00000000", 28}, {"00090004 00000701", 20}, {"00090004 00000464", 20},
	    {"80220004 61626364 80220009 61626364", 28},
	    {"80220004 61626364 00010010 0001a147e112a643e112a643e112a643", 28}};
	struct stun h;
	size_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes b = message("0101", bad[i].attributes);
		assert_int_equal(stun_parse(&h, b.b, b.n, &at), ERR_FORMAT);
		assert_int_equal(at, bad[i].at);
	}
	struct bytes b = message("4101", "");
	assert_int_equal(stun_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rfc5769_request_is_read),
	    cmocka_unit_test(rfc5769_responses_give_the_address),
	    cmocka_unit_test(rfc5769_integrity_is_right_with_the_password_alone),
	    cmocka_unit_test(rfc5769_long_term_request_is_right),
	    cmocka_unit_test(rfc5769_response_is_written),
	    cmocka_unit_test(written_message_that_does_not_fit_is_none),
	    cmocka_unit_test(written_error_and_addresses_are_read_back),
	    cmocka_unit_test(behaviour_discovery_is_told),
	    cmocka_unit_test(error_says_why),
	    cmocka_unit_test(class_and_method_are_unwound),
	    cmocka_unit_test(changed_octet_breaks_the_fingerprint),
	    cmocka_unit_test(message_cut_anywhere_is_truncated),
	    cmocka_unit_test(malformed_is_rejected_at_the_octet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
