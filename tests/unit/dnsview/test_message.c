#include <string.h>

#include "dnsview/message.h"
#include "torture.h"

/* a response with one A record whose owner points to the question */
static const uint8_t response[] = "\x12\x34\x84\x00\0\1\0\1\0\0\0\0"
                                  "\3wWw\7eXample\0\0\1\0\1"
                                  "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\x42";
#define RESPONSE_LEN (sizeof(response) - 1)

static struct question question(void)
{
	struct question q = {.id = 0x1234, .qtype = 1, .edns = true, .qname = {.len = 13, .b = "\3wWw\7eXample"}};
	return q;
}

static enum match match_with(size_t at, uint8_t value)
{
	uint8_t m[sizeof(response)];
	struct question q = question();
	memcpy(m, response, sizeof(m));
	m[at] = value;
	return response_match(&q, m, RESPONSE_LEN);
}

static void match_each_difference_has_its_name(void **state)
{
	struct question q = question();
	(void)state;
	assert_int_equal(response_match(&q, response, RESPONSE_LEN), MATCH_YES);
	assert_int_equal(match_with(0, 0x13), MATCH_ID);
	assert_int_equal(match_with(2, 0x04), MATCH_QR);
	assert_int_equal(match_with(2, 0xa4), MATCH_OPCODE);
	assert_int_equal(match_with(13, 'x'), MATCH_QUESTION);
	assert_int_equal(match_with(13, 'W'), MATCH_CASE);
	assert_int_equal(match_with(26, 28), MATCH_QUESTION); /* type */
	assert_int_equal(match_with(28, 3), MATCH_QUESTION);  /* class */
	assert_int_equal(match_with(5, 0), MATCH_QUESTION);   /* no question at all */
	assert_int_equal(match_with(5, 2), MATCH_QUESTION);
	assert_int_equal(response_match(&q, response, 11), MATCH_SHORT);
	assert_int_equal(response_match(&q, response, 20), MATCH_SHORT);
}

static void match_complaint_without_question_is_taken(void **state)
{
	static const uint8_t formerr[] = "\x12\x34\x80\x01\0\0\0\0\0\0\0\0";
	struct question q = question();
	(void)state;
	assert_int_equal(response_match(&q, formerr, 12), MATCH_YES);
}

static void query_written_reads_back(void **state)
{
	struct question q = question();
	uint8_t out[DNS_QUERY_MAX];
	struct message m;
	size_t at, len = query_write(out, &q);
	(void)state;
	assert_int_equal(message_parse(&m, out, len, &at), ERR_OK);
	assert_int_equal(m.id, 0x1234);
	assert_false(m.qr || m.rd || m.aa || m.tc || m.ra);
	assert_true(dname_same_case(&m.qname, &q.qname));
	assert_true(m.edns);
	assert_int_equal(m.edns_size, 1232);
	message_release(&m);
	q.edns = false;
	assert_int_equal(query_write(out, &q), len - 11);
}

static void query_of_the_longest_name_fits(void **state)
{
	struct question q = {.edns = true, .qtype = 1, .qname = {.len = 255}};
	uint8_t out[DNS_QUERY_MAX];
	(void)state;
	for (unsigned i = 0; i < 254; i += 2)
		q.qname.b[i] = 1;
	assert_int_equal(query_write(out, &q), DNS_QUERY_MAX);
}

static void parse_flags_above_the_low_octet_are_seen(void **state)
{
	struct message m;
	size_t at;
	(void)state;
	assert_int_equal(message_parse(&m, response, RESPONSE_LEN, &at), ERR_OK);
	assert_true(m.qr == true && m.aa == true);
	message_release(&m);
}

static void parse_records_know_their_place(void **state)
{
	struct message m;
	size_t at;
	char text[64];
	(void)state;
	assert_int_equal(message_parse(&m, response, RESPONSE_LEN, &at), ERR_OK);
	assert_int_equal(m.n_records, 1);
	assert_int_equal(m.records[0].off, 29);
	assert_int_equal(m.records[0].len, 16);
	assert_int_equal(m.records[0].ttl, 300);
	assert_true(dname_same_case(&m.records[0].owner, &m.qname));
	assert_string_equal(rdata_text(text, sizeof(text), m.records[0].rr), "192.0.2.66");
	message_release(&m);
}

static void response_parse_spells_names_as_asked(void **state)
{
	struct question q = question();
	struct dname asked = {.len = 13, .b = "\3www\7example"};
	struct message m;
	size_t at;
	(void)state;
	assert_int_equal(response_parse(&m, &q, &asked, response, RESPONSE_LEN, &at), ERR_OK);
	assert_true(dname_same_case(&m.records[0].owner, &asked));
	assert_true(dname_same_case(&m.qname, &q.qname));
	message_release(&m);
}

static void parse_every_cut_is_refused_at_its_place(void **state)
{
	struct message m;
	size_t at;
	(void)state;
	for (size_t len = 0; len < RESPONSE_LEN; len++) {
		assert_int_not_equal(message_parse(&m, response, len, &at), ERR_OK);
		assert_true(at <= len);
		assert_int_equal(m.n_records, 0);
	}
}

static void parse_counts_beyond_the_bytes_are_refused(void **state)
{
	uint8_t m[sizeof(response)];
	struct message out;
	size_t at;
	(void)state;
	memcpy(m, response, sizeof(m));
	m[6] = 0xff;
	assert_int_equal(message_parse(&out, m, RESPONSE_LEN, &at), ERR_TRUNCATED);
	m[6] = 0;
	m[4] = 1; /* 257 questions */
	assert_int_equal(message_parse(&out, m, RESPONSE_LEN, &at), ERR_FORMAT);
}

static void parse_pointer_forward_in_record_data_is_refused(void **state)
{
	/* an MX record whose exchange points at itself */
	static const uint8_t m[] = "\0\1\x84\0\0\0\0\1\0\0\0\0"
	                           "\0\0\x0f\0\1\0\0\0\0\0\4\0\1\xc0\x19";
	struct message out;
	size_t at;
	(void)state;
	assert_int_equal(message_parse(&out, m, sizeof(m) - 1, &at), ERR_LOOP);
}

static void parse_data_that_is_longer_than_its_name_is_refused(void **state)
{
	static const uint8_t m[] = "\0\1\x84\0\0\0\0\1\0\0\0\0"
	                           "\0\0\5\0\1\0\0\0\0\0\4\1a\0x";
	struct message out;
	size_t at;
	(void)state;
	assert_int_equal(message_parse(&out, m, sizeof(m) - 1, &at), ERR_FORMAT);
}

static void parse_record_without_its_data_is_refused(void **state)
{
	static const uint8_t m[] = "\0\1\x84\0\0\0\0\1\0\0\0\0"
	                           "\0\0\1\0\1\0\0\0\0\0\0"; /* A, no octets */
	struct message out;
	size_t at;
	(void)state;
	assert_int_equal(message_parse(&out, m, sizeof(m) - 1, &at), ERR_FORMAT);
}

static void parse_edns_gives_the_upper_bits_of_the_code(void **state)
{
	static const uint8_t m[] = "\0\1\x84\0\0\0\0\0\0\0\0\1"
	                           "\0\0\x29\x04\xd0\1\0\0\0\0\0";
	struct message out;
	size_t at;
	(void)state;
	assert_int_equal(message_parse(&out, m, sizeof(m) - 1, &at), ERR_OK);
	assert_int_equal(out.rcode, 16);
	message_release(&out);
}

static void types_are_read_and_written(void **state)
{
	char text[TYPE_TEXT];
	uint16_t t;
	(void)state;
	assert_true(type_parse(&t, "aaaa") && t == 28);
	assert_true(type_parse(&t, "TYPE65280") && t == 65280);
	assert_true(type_parse(&t, "caa") && t == 257);
	assert_false(type_parse(&t, "TYPE0"));
	assert_false(type_parse(&t, "TYPE65536"));
	assert_false(type_parse(&t, "TYPE1x"));
	assert_false(type_parse(&t, ""));
	assert_false(type_parse(&t, "FOO"));
	assert_string_equal(type_text(text, 1), "A");
	assert_string_equal(type_text(text, 65280), "TYPE65280");
}

static void rdata_that_does_not_fit_is_cut(void **state)
{
	ldns_rr *rr;
	char text[12];
	(void)state;
	assert_int_equal(ldns_rr_new_frm_str(&rr, "a. 1 TXT \"0123456789abcdef\"", 0, NULL, NULL), LDNS_STATUS_OK);
	assert_string_equal(rdata_text(text, sizeof(text), rr), "\"0123456...");
	ldns_rr_free(rr);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(match_each_difference_has_its_name),
	    cmocka_unit_test(match_complaint_without_question_is_taken),
	    cmocka_unit_test(query_written_reads_back),
	    cmocka_unit_test(query_of_the_longest_name_fits),
	    cmocka_unit_test(parse_flags_above_the_low_octet_are_seen),
	    cmocka_unit_test(parse_records_know_their_place),
	    cmocka_unit_test(response_parse_spells_names_as_asked),
	    cmocka_unit_test(parse_every_cut_is_refused_at_its_place),
	    cmocka_unit_test(parse_counts_beyond_the_bytes_are_refused),
	    cmocka_unit_test(parse_pointer_forward_in_record_data_is_refused),
	    cmocka_unit_test(parse_data_that_is_longer_than_its_name_is_refused),
	    cmocka_unit_test(parse_record_without_its_data_is_refused),
	    cmocka_unit_test(parse_edns_gives_the_upper_bits_of_the_code),
	    cmocka_unit_test(types_are_read_and_written),
	    cmocka_unit_test(rdata_that_does_not_fit_is_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
