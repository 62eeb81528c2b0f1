/* DNS in every server's place: which questions are answered, with what, and what nft keeps from the servers. */
#include <string.h>

#include "torture.h"

#include "glassnet/proto/dns.h"
#include "glassnet/proto/ip.h"
#include "glassnet/proto/transport.h"
#include "glassnet/wire.h"
#include "mallory/dnsspoof.h"

static const struct ip self = {.family = 4, .b = {10, 66, 0, 1}};

struct asked {
	const char *name; /* as on the wire */
	size_t name_len;
	uint16_t type, klass, flags, port;
	bool edns;
};

#define BANK "\4bAnk\7example"

static size_t put_question(uint8_t *out, size_t cap, const struct asked *a)
{
	uint8_t msg[300];
	struct wr m = wr_init(msg, sizeof msg), w = wr_init(out, cap);

	wr_u16(&m, 0x1234);
	wr_u16(&m, a->flags);
	wr_u16(&m, 1);
	wr_u16(&m, 0);
	wr_u16(&m, 0);
	wr_u16(&m, a->edns);
	wr_bytes(&m, a->name, a->name_len);
	wr_u16(&m, a->type);
	wr_u16(&m, a->klass);
	if (a->edns)
		wr_bytes(&m, "\0\0\x29\4\xd0\0\0\x80\0\0\0", 11); /* 1232 octets, DNSSEC OK */
	wr_bytes(&w, "\x45\0", 2);
	wr_u16(&w, (uint16_t)(28 + m.pos));
	wr_bytes(&w,
	    "\0\0\0\0\x40\x11\0\0"
	    "\x0a\x42\0\x79"
	    "\xc6\x33\x64\x12",
	    16);
	wr_u16(&w, 40000);
	wr_u16(&w, a->port);
	wr_u16(&w, (uint16_t)(8 + m.pos));
	wr_u16(&w, 0);
	wr_bytes(&w, msg, m.pos);
	assert_false(m.bad || w.bad);
	return w.pos;
}

static size_t answer_to(const struct asked *a, uint8_t out[static DNSSPOOF_PACKET_MAX], struct dnsspoof_lie *lie)
{
	uint8_t p[400];
	size_t n = put_question(p, sizeof p, a);
	return dnsspoof_answer(out, p, n, "bank.example", &self, lie);
}

static void spoof_answers_in_the_servers_place(void **state)
{
	(void)state;
	struct asked a = {BANK, sizeof BANK, DNS_A, 1, 0x0100, 53, true};
	uint8_t out[DNSSPOOF_PACKET_MAX];
	struct dnsspoof_lie lie;
	struct ipv4 ip;
	struct udp udp;
	struct dns dns;
	struct dns_rr rr;
	size_t at, n = answer_to(&a, out, &lie);
	char text[IP_TEXT];

	assert_int_equal(ipv4_parse(&ip, out, n, &at), ERR_OK);
	assert_int_equal(inet_checksum(out, ip.header_len, NULL, 0), 0);
	assert_string_equal(ip_text(text, &ip.src), "198.51.100.18");
	assert_string_equal(ip_text(text, &ip.dst), "10.66.0.121");
	assert_int_equal(udp_parse(&udp, out + 20, ip.payload_len, &at), ERR_OK);
	assert_int_equal(udp.sport, 53);
	assert_int_equal(udp.dport, 40000);
	uint8_t pseudo[12] = {[9] = 17, [10] = (uint8_t)(udp.length >> 8), [11] = (uint8_t)udp.length};
	memcpy(pseudo, out + 12, 8);
	assert_int_equal(inet_checksum(pseudo, sizeof pseudo, out + 20, udp.length), 0);
	const uint8_t *msg = out + 28;
	assert_int_equal(dns_parse(&dns, msg, udp.data_len, &at), ERR_OK);
	assert_true(dns.response && dns.aa && dns.rd && dns.id == 0x1234 && dns.dnssec_ok);
	assert_memory_equal(msg + dns.question.off, BANK, sizeof BANK); /* its letters as they were asked */
	struct dns_cursor c = dns_records(&dns, msg, udp.data_len);
	assert_true(dns_next(&c, &rr) && dns_next(&c, &rr));
	assert_int_equal(rr.section, DNS_ANSWER);
	assert_memory_equal(msg + rr.rdata_off, self.b, 4);
	assert_string_equal(lie.server, "198.51.100.18");
	assert_string_equal(lie.name, "bAnk.example.");
}

static void spoof_says_that_there_is_no_other_address(void **state)
{
	(void)state;
	static const char www[] = "\3www\4bank\7example";
	struct asked a = {www, sizeof www, DNS_AAAA, 1, 0, 53, false};
	uint8_t out[DNSSPOOF_PACKET_MAX];
	struct dnsspoof_lie lie;
	struct dns dns;
	size_t at, n = answer_to(&a, out, &lie);
	assert_true(n > 28);
	assert_int_equal(dns_parse(&dns, out + 28, n - 28, &at), ERR_OK);
	assert_int_equal(dns.count[DNS_ANSWER], 0);
	assert_false(dns.has_edns || dns.rd);
	assert_true(lie.aaaa);
}

static void spoof_leaves_everything_else_alone(void **state)
{
	(void)state;
	static const char other[] = "\5other\7example", below[] = "\1x\4bank\7example", my[] = "\6mybank\7example";
	const struct asked asked[] = {
	    {BANK, sizeof BANK, DNS_DNSKEY, 1, 0, 53, true},
	    {BANK, sizeof BANK, DNS_DS, 1, 0, 53, true},
	    {BANK, sizeof BANK, DNS_A, 3, 0, 53, true},
	    {BANK, sizeof BANK, DNS_A, 1, 0x8000, 53, true},
	    {BANK, sizeof BANK, DNS_A, 1, 0x2800, 53, true},
	    {BANK, sizeof BANK, DNS_A, 1, 0, 5353, true},
	    {other, sizeof other, DNS_A, 1, 0, 53, true},
	    {below, sizeof below, DNS_A, 1, 0, 53, true},
	    {my, sizeof my, DNS_A, 1, 0, 53, true},
	};
	uint8_t out[DNSSPOOF_PACKET_MAX];
	struct dnsspoof_lie lie;
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++)
		assert_int_equal(answer_to(&asked[i], out, &lie), 0);
}

static void spoof_broken_packets_get_no_answer(void **state)
{
	(void)state;
	struct asked a = {BANK, sizeof BANK, DNS_A, 1, 0x0100, 53, true};
	uint8_t p[400], out[DNSSPOOF_PACKET_MAX];
	struct dnsspoof_lie lie;
	size_t n = put_question(p, sizeof p, &a);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(dnsspoof_answer(out, p, i, "bank.example", &self, &lie), 0);
	assert_true(dnsspoof_answer(out, p, n, "bank.example", &self, &lie) > 0);
	memcpy(p + 16, self.b, 4); /* who asks mallory itself */
	assert_int_equal(dnsspoof_answer(out, p, n, "bank.example", &self, &lie), 0);
}

static void spoof_rules_match_the_names_as_they_stand_in_packets(void **state)
{
	(void)state;
	char rules[2048], cut[100];
	size_t n = dnsspoof_rules(rules, sizeof rules, "lan", "b-1.ex");
	assert_true(n < sizeof rules);
	assert_non_null(
	    strstr(rules, "iifname \"lan\" udp dport 53  @th,160,56 & 0xffdfffffffdfdf == 0x03422d31024558 "
	                  "@th,216,24 { 0x000001, 0x00001c } drop\n"));
	assert_non_null(strstr(rules, "@th,160,32 & 0xffdfdfdf == 0x03575757 @th,192,56 & 0xffdfffffffdfdf"));
	assert_true(dnsspoof_rules(cut, sizeof cut, "lan", "b-1.ex") >= sizeof cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(spoof_answers_in_the_servers_place),
	    cmocka_unit_test(spoof_says_that_there_is_no_other_address),
	    cmocka_unit_test(spoof_leaves_everything_else_alone),
	    cmocka_unit_test(spoof_broken_packets_get_no_answer),
	    cmocka_unit_test(spoof_rules_match_the_names_as_they_stand_in_packets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
