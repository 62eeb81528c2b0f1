/* The server's side of a message: what a client may ask, and the answer in store that goes back. */
#include <stdio.h>
#include <string.h>

#include "dnsview/request.h"
#include "torture.h"

static struct dname name(const char *text)
{
	struct dname n;
	const char *why;
	assert_int_equal(dname_parse(&n, text, &why), ERR_OK);
	return n;
}

static uint16_t rcode_of(const uint8_t *pkt, size_t len)
{
	struct request q;
	assert_true(request_parse(&q, pkt, len));
	return q.rcode;
}

#define QUESTION 1, 'A', 3, 'e', 'd', 'u', 0, 0, 1, 0, 1

static void request_is_read_to_the_letter(void **state)
{
	static const uint8_t good[] = {
	    0x12, 0x34, 1, 0x10, 0, 1, 0, 0, 0, 0, 0, 1, QUESTION, 0, 0, 41, 0x10, 0, 0, 0, 0x80, 0, 0, 0};
	struct request q;
	(void)state;
	assert_true(request_parse(&q, good, sizeof(good)));
	assert_true(q.rd && q.cd && q.edns && q.dnssec_ok && q.rcode == 0 && q.qtype == 1);
	assert_int_equal(q.id, 0x1234);
	assert_int_equal(q.size, DNS_EDNS_SIZE); /* more is not sent, whatever the client takes */
	assert_int_equal(q.qname.b[1], 'A');
}

static void what_is_no_question_gets_its_own_refusal(void **state)
{
	uint8_t pkt[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, QUESTION, 0, 0, 41, 2, 0, 0, 1, 0, 0, 0, 0};
	size_t plain = 12 + 11;
	struct request q;
	(void)state;
	assert_int_equal(rcode_of(pkt, plain), 0);
	for (size_t cut = 12; cut < plain; cut++)
		assert_int_equal(rcode_of(pkt, cut), LDNS_RCODE_FORMERR);
	assert_false(request_parse(&q, pkt, 11)); /* no header: nobody to answer */
	pkt[2] = 0x81;
	assert_false(request_parse(&q, pkt, plain)); /* an answer is not answered */
	pkt[2] = 0x21;
	assert_int_equal(rcode_of(pkt, plain), LDNS_RCODE_NOTIMPL);
	pkt[2] = 1;
	pkt[5] = 2;
	assert_int_equal(rcode_of(pkt, plain), LDNS_RCODE_FORMERR);
	pkt[5] = 1;
	pkt[plain - 3] = 252;
	assert_int_equal(rcode_of(pkt, plain), LDNS_RCODE_REFUSED); /* a transfer */
	pkt[plain - 3] = 1;
	pkt[plain - 1] = 3;
	assert_int_equal(rcode_of(pkt, plain), LDNS_RCODE_REFUSED); /* CHAOS */
	pkt[plain - 1] = 1;
	pkt[11] = 1;
	assert_int_equal(rcode_of(pkt, sizeof(pkt)), 16); /* EDNS version 1: BADVERS */
}

static void add(ldns_rr_list **list, const char *text)
{
	ldns_rr *rr;
	if (!*list)
		*list = ldns_rr_list_new();
	assert_int_equal(ldns_rr_new_frm_str(&rr, text, 60, NULL, NULL), LDNS_STATUS_OK);
	ldns_rr_list_push_rr(*list, rr);
}

static void stored_from(struct stored *s, struct lookup_result *res)
{
	assert_int_equal(stored_make(s, res), ERR_OK);
	ldns_rr_list_deep_free(res->answer);
	ldns_rr_list_deep_free(res->authority);
}

static void answer_goes_out_in_the_clients_spelling_with_ttls_counted_down(void **state)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	struct lookup_result res = {.name = name("a.b.edu"), .type = 1};
	struct request q = {.id = 7, .rd = true, .edns = true, .size = 512, .qname = name("A.b.EDU"), .qtype = 1};
	struct stored s;
	struct message m;
	size_t at;
	(void)state;
	add(&res.answer, "b.edu. 100 DNAME c.edu.");
	add(&res.answer, "a.c.edu. 30 A 192.0.2.1");
	stored_from(&s, &res);
	assert_int_equal(s.ttl_min, 30);
	size_t len = stored_write(out, &s, &q, (struct stored_use){.age = 10, .udp = true});
	assert_int_equal(message_parse(&m, out, len, &at), ERR_OK);
	assert_true(m.qr && m.ra && m.rd && !m.aa && m.edns && m.id == 7);
	assert_true(dname_same_case(&m.qname, &q.qname));
	assert_int_equal(m.n_records, 4); /* DNAME, the CNAME that it means, A, OPT */
	assert_int_equal(m.records[1].type, LDNS_RR_TYPE_CNAME);
	assert_true(dname_equal(&m.records[1].owner, &q.qname));
	assert_int_equal(m.records[0].ttl, 90);
	assert_int_equal(m.records[2].ttl, 20);
	message_release(&m);
	len = stored_write(out, &s, &q, (struct stored_use){.ttl_max = 30});
	assert_int_equal(message_parse(&m, out, len, &at), ERR_OK);
	assert_int_equal(m.records[0].ttl, 30);
	message_release(&m);
	stored_release(&s);
}

static void what_does_not_fit_is_cut_over_udp_and_whole_over_tcp(void **state)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	struct lookup_result res = {.name = name("a.edu"), .type = 1};
	struct request q = {.size = 512, .qname = name("a.edu"), .qtype = 1};
	struct stored s;
	char text[64];
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "a.edu. 30 A 192.0.2.%u", i);
		add(&res.answer, text);
	}
	stored_from(&s, &res);
	assert_int_equal(stored_write(out, &s, &q, (struct stored_use){.udp = true}), 12 + 7 + 4);
	assert_int_equal(out[2] & 2, 2);
	assert_int_equal(out[7], 0);
	assert_int_equal(stored_write(out, &s, &q, (struct stored_use){0}), s.len);
	assert_int_equal(out[2] & 2, 0);
	stored_release(&s);
}

static void a_no_carries_its_soa_and_a_failure_nothing(void **state)
{
	struct lookup_result res = {.name = name("no.edu"), .type = 1, .outcome = OUTCOME_NXDOMAIN};
	struct stored s;
	(void)state;
	add(&res.authority, "edu. 60 SOA a. b. 1 2 3 4 60");
	stored_from(&s, &res);
	assert_int_equal(s.wire[3] & 15, LDNS_RCODE_NXDOMAIN);
	assert_int_equal(s.wire[9], 1);
	stored_release(&s);
	res = (struct lookup_result){.name = name("no.edu"), .type = 1, .outcome = OUTCOME_FAILURE};
	stored_from(&s, &res);
	assert_int_equal(s.wire[3] & 15, LDNS_RCODE_SERVFAIL);
	stored_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request_is_read_to_the_letter),
	    cmocka_unit_test(what_is_no_question_gets_its_own_refusal),
	    cmocka_unit_test(answer_goes_out_in_the_clients_spelling_with_ttls_counted_down),
	    cmocka_unit_test(what_does_not_fit_is_cut_over_udp_and_whole_over_tcp),
	    cmocka_unit_test(a_no_carries_its_soa_and_a_failure_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
