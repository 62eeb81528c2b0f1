/* DNS messages. Names: the example of RFC 1035 4.1.4; messages: hand-made. */
#include "glassnet/proto/dns.h"
#include "proto_support.h"

/* A message under construction. */
static struct bytes header(uint16_t flags, unsigned qd, unsigned an, unsigned ns, unsigned ar)
{
	struct bytes b = {.n = 0};
	uint16_t words[6] = {0x1234, flags, (uint16_t)qd, (uint16_t)an, (uint16_t)ns, (uint16_t)ar};

	for (int i = 0; i < 6; i++) {
		b.b[b.n++] = (uint8_t)(words[i] >> 8);
		b.b[b.n++] = (uint8_t)words[i];
	}
	return b;
}

static void add_name(struct bytes *b, const char *name)
{
	while (*name) {
		size_t n = strcspn(name, ".");
		b->b[b->n++] = (uint8_t)n;
		add_octets(b, name, n);
		name += n + (name[n] == '.');
	}
	b->b[b->n++] = 0;
}

static void add_question(struct bytes *b, const char *name, unsigned type)
{
	add_name(b, name);
	uint8_t tail[] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1};
	add_octets(b, tail, 4);
}

/* owner "" is a pointer to the question's name */
static void add_record(struct bytes *b, const char *owner, unsigned type, uint8_t ttl, const char *rdata_hex)
{
	struct bytes rdata = from_hex(rdata_hex);
	uint8_t mid[] = {(uint8_t)(type >> 8), (uint8_t)type, 0, 1, 0, 0, 0, ttl, 0, (uint8_t)rdata.n};

	if (*owner)
		add_name(b, owner);
	else
		add_hex(b, "c00c");
	add_octets(b, mid, sizeof(mid));
	add_octets(b, rdata.b, rdata.n);
}

static void assert_summary(const struct bytes *b, const char *want)
{
	uint8_t *p = exact(b->b, b->n);
	struct dns m;
	size_t at;

	assert_int_equal(dns_parse(&m, p, b->n, &at), ERR_OK);
	ASSERT_LINE(want, dns_summary(&m, p, b->n, &out));
	free(p);
}

static void name_of_rfc_1035_is_followed(void **state)
{
	struct bytes b = {.n = 93};
	static const struct {
		size_t pos, behind;
		const char *text;
	} names[] = {{20, 32, "F.ISI.ARPA."}, {40, 46, "FOO.F.ISI.ARPA."}, {64, 66, "ARPA."}, {92, 93, "."}};

	(void)state;
	memset(b.b, 0xee, sizeof(b.b));
	memcpy(b.b + 20, "\1F\3ISI\4ARPA", 12);
	memcpy(b.b + 40, "\3FOO\xc0\x14", 6);
	memcpy(b.b + 64, "\xc0\x1a", 2);
	b.b[92] = 0;
	for (size_t i = 0; i < 4; i++) {
		size_t pos = names[i].pos, at = 0;
		assert_int_equal(dns_name_skip(b.b, b.n, &pos, &at), ERR_OK);
		assert_int_equal(pos, names[i].behind);
		ASSERT_LINE(names[i].text, dns_name_text(&out, b.b, b.n, names[i].pos));
	}
}

static void name_pointers_must_go_backwards(void **state)
{
	static const struct {
		const char *hex; /* from offset 12 on; the name under test is at 20 */
		enum err e;
		size_t at;
	} bad[] = {
	    {"0000000000000000 c014", ERR_LOOP, 20},      /* to itself */
	    {"0000000000000000 c016 00", ERR_LOOP, 20},   /* forwards */
	    {"0000000000000000 0161 c014", ERR_LOOP, 22}, /* to its own begin */
	    {"0161 c00c 00000000 c00c", ERR_LOOP, 14},    /* to a name that loops */
	    {"0000000000000000 c00b", ERR_FORMAT, 20},    /* into the header */
	    {"0000000000000000 4061", ERR_FORMAT, 20},    /* a label type that was never defined */
	    {"0000000000000000 8061", ERR_FORMAT, 20},
	    {"0000000000000000 c0", ERR_TRUNCATED, 21},
	    {"0000000000000000 0361", ERR_TRUNCATED, 22},
	    {"0000000000000000 0161", ERR_TRUNCATED, 22},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes b = header(0, 0, 0, 0, 0);
		add_hex(&b, bad[i].hex);
		uint8_t *p = exact(b.b, b.n);
		size_t pos = 20, at = 0;
		assert_int_equal(dns_name_skip(p, b.n, &pos, &at), bad[i].e);
		assert_int_equal(at, bad[i].at);
		free(p);
	}
}

static void name_over_255_octets_is_too_long(void **state)
{
	struct bytes b = header(0, 0, 0, 0, 0);
	size_t pos = 12, at = 0;

	(void)state;
	for (int i = 0; i < 127; i++)
		add_hex(&b, "0161");
	add_hex(&b, "00");
	assert_int_equal(dns_name_skip(b.b, b.n, &pos, &at), ERR_OK); /* 255 octets exactly */
	b.n--;
	add_hex(&b, "0161 00");
	pos = 12;
	assert_int_equal(dns_name_skip(b.b, b.n, &pos, &at), ERR_TOO_LONG);
}

static void name_text_escapes_as_zone_files_do(void **state)
{
	struct bytes b = header(0, 0, 0, 0, 0);

	(void)state;
	add_hex(&b, "06 612e5c1b20ff 00");
	ASSERT_LINE("a\\.\\\\\\027\\032\\255.", dns_name_text(&out, b.b, b.n, 12));
}

static void query_summary_names_type_and_name(void **state)
{
	struct bytes b = header(0, 1, 0, 0, 0);

	(void)state;
	add_question(&b, "www.example", DNS_A);
	assert_summary(&b, "DNS query A www.example.");
	b.b[2] = 1;
	assert_summary(&b, "DNS query A www.example., recursion desired");
}

static void answer_summary_shows_records(void **state)
{
	struct bytes b = header(0x8400, 1, 2, 0, 0);

	(void)state;
	add_question(&b, "alias.cmu.edu", DNS_A);
	add_record(&b, "", DNS_CNAME, 60, "0161 c012");
	add_record(&b, "a.cmu.edu", DNS_A, 44, "c0000242");
	assert_summary(&b, "DNS answer alias.cmu.edu. CNAME a.cmu.edu. TTL 60; a.cmu.edu. A 192.0.2.66 TTL 44");
	b.b[7] = 3;
	add_record(&b, "a.cmu.edu", DNS_A, 44, "c0000243");
	assert_summary(
	    &b, "DNS answer alias.cmu.edu. CNAME a.cmu.edu. TTL 60; a.cmu.edu. A 192.0.2.66 TTL 44 and 1 more");
}

static void referral_summary_counts_servers_and_glue(void **state)
{
	struct bytes b = header(0x8000, 1, 0, 1, 2);

	(void)state;
	add_question(&b, "www.edu", DNS_A);
	add_record(&b, "edu", DNS_NS, 60, "0162 c010");
	add_record(&b, "b.edu", DNS_A, 60, "c0210e1e");
	add_record(&b, "b.edu", DNS_AAAA, 60, "20010503231d00000000000000020030");
	assert_summary(&b, "DNS referral: edu. NS 1 server, glue 2");
}

static void negative_answers_are_told_apart(void **state)
{
	struct bytes b = header(0x8403, 1, 0, 1, 0);

	(void)state;
	add_question(&b, "missing.cmu.edu", DNS_A);
	add_record(&b, "cmu.edu", DNS_SOA, 60, "016e00 016800 00000001 00000002 00000003 00000004 00000005");
	assert_summary(&b, "DNS answer no such name: missing.cmu.edu. (NXDOMAIN)");
	b.b[3] = 0;
	assert_summary(&b, "DNS answer no data: missing.cmu.edu. has no A (NODATA)");
	b.b[3] = 5;
	assert_summary(&b, "DNS answer refused: A missing.cmu.edu. (REFUSED)");
	b.b[3] = 2;
	assert_summary(&b, "DNS answer error: A missing.cmu.edu. (SERVFAIL)");
}

static void truncated_answer_says_ask_over_tcp(void **state)
{
	struct bytes b = header(0x8600, 1, 0, 0, 0);

	(void)state;
	add_question(&b, "big.cmu.edu", DNS_TXT);
	assert_summary(&b, "DNS truncated (ask again over TCP): TXT big.cmu.edu.");
}

static const struct {
	unsigned type;
	const char *rdata, *text;
} kinds[] = {
    {DNS_A, "c0000201", "192.0.2.1"},
    {DNS_AAAA, "20010db8000000000000000000000001", "2001:db8::1"},
    {DNS_NS, "016e c00c", "n.x."},
    {DNS_PTR, "c00c", "x."},
    {DNS_SOA, "c00c 0168 c00c 00000001 00000e10 00000002 00000003 00000004", "x. h.x. 1 3600 2 3 4"},
    {DNS_MX, "000a c00c", "10 x."},
    {DNS_TXT, "026869 0121 00", "\"hi\" \"!\" \"\""},
    {DNS_SRV, "0001 0002 01bb c00c", "1 2 443 x."},
    {DNS_DS, "0102 08 02 abcd", "258 8 2 abcd"},
    {DNS_DNSKEY, "0101 03 08 0badc0de", "257 3 8 0badc0de"},
    {DNS_RRSIG, "0001 08 01 00000e10 00000000 00000001 0102 c00c abcd",
        "A 8 1 3600 1970-01-01T00:00:00Z 1970-01-01T00:00:01Z 258 x. abcd"},
    {DNS_NSEC, "c00c 0001 40 0102 8001", "x. A URI TYPE271"},
};

static void rdata_of_every_type_is_shown_and_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct bytes b = header(0x8400, 1, 1, 0, 0);
		struct dns m;
		struct dns_rr rr;
		size_t at;
		add_question(&b, "x", kinds[i].type);
		size_t record = b.n;
		add_record(&b, "", kinds[i].type, 1, kinds[i].rdata);
		assert_int_equal(dns_parse(&m, b.b, b.n, &at), ERR_OK);
		struct dns_cursor c = dns_records(&m, b.b, b.n);
		assert_true(dns_next(&c, &rr) && dns_next(&c, &rr));
		ASSERT_LINE(kinds[i].text, dns_rdata_text(&out, b.b, b.n, &rr));
		/* an octet more in the data, which no field claims; those that take all that is left excepted
		 */
		bool open = kinds[i].type == DNS_DS || kinds[i].type == DNS_DNSKEY || kinds[i].type == DNS_RRSIG;
		b.b[record + 11]++;
		add_hex(&b, kinds[i].type == DNS_TXT ? "05" : "01");
		assert_int_equal(dns_parse(&m, b.b, b.n, &at), open ? ERR_OK : ERR_FORMAT);
	}
}

static void rdata_shorter_than_its_fields_is_rejected(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct bytes whole = from_hex(kinds[i].rdata), b = header(0x8400, 1, 1, 0, 0);
		struct dns m;
		size_t at;
		add_question(&b, "x", kinds[i].type);
		add_record(&b, "", kinds[i].type, 1, kinds[i].rdata);
		/* every shorter length leaves octets behind the last record, which are not its data */
		size_t fixed = kinds[i].type == DNS_DS || kinds[i].type == DNS_DNSKEY ? 4
		               : kinds[i].type == DNS_RRSIG                           ? 20
		                                                                      : whole.n;
		for (size_t n = 1; n < fixed; n++) {
			enum err e;
			if (kinds[i].type == DNS_TXT && (n == 3 || n == 5))
				continue; /* whole strings */
			if (kinds[i].type == DNS_NSEC && (n == 2 || n == 5))
				continue; /* no bitmap at all, one window */
			b.b[b.n - whole.n - 1] = (uint8_t)n;
			e = dns_parse(&m, b.b, b.n, &at);
			assert_int_not_equal(e, ERR_OK);
			assert_true(at <= b.n);
		}
	}
}

static void message_cut_anywhere_is_truncated(void **state)
{
	struct bytes b = header(0x8000, 1, 1, 1, 1);
	struct dns m;

	(void)state;
	add_question(&b, "www.edu", DNS_A);
	add_record(&b, "", DNS_A, 60, "c0000201");
	add_record(&b, "edu", DNS_NS, 60, "0162 c010");
	add_record(&b, "b.edu", DNS_A, 60, "c0210e1e");
	ASSERT_TRUNCATED_BELOW(b, b.n, dns_parse(&m, p, len, &where));
}

static void counts_beyond_the_data_are_truncated(void **state)
{
	struct bytes b = header(0x8000, 65535, 65535, 65535, 65535);
	struct dns m;
	size_t at;

	(void)state;
	add_question(&b, "x", DNS_A);
	assert_int_equal(dns_parse(&m, b.b, b.n, &at), ERR_TRUNCATED);
	assert_int_equal(at, b.n);
}

static void edns_is_read(void **state)
{
	struct bytes b = header(0x8000, 1, 0, 0, 1);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct dns m;
	size_t at;

	(void)state;
	add_question(&b, "x", DNS_A);
	add_hex(&b, "00 0029 04d0 01 00 8000 000c 000a 0008 0102030405060708");
	assert_int_equal(dns_parse(&m, b.b, b.n, &at), ERR_OK);
	assert_true(m.has_edns);
	assert_int_equal(m.udp_size, 1232);
	assert_true(m.dnssec_ok);
	assert_int_equal(m.rcode, 16);
	dns_describe(&m, b.b, b.n, 42, &t);
	assert_field(&k, "UDP size", "1232", 42 + 22, 2);
	assert_field(&k, "DO", "set", 42 + 26, 1);
	assert_field(&k, "option", "10, 8 octets", 42 + 30, 12);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void fields_stand_where_their_octets_are(void **state)
{
	struct bytes b = header(0x8400, 1, 1, 0, 0);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct dns m;
	size_t at;

	(void)state;
	add_question(&b, "x.example", DNS_MX);
	add_record(&b, "", DNS_MX, 60, "000a c00e");
	assert_int_equal(dns_parse(&m, b.b, b.n, &at), ERR_OK);
	dns_describe(&m, b.b, b.n, 0, &t);
	assert_field(&k, "ID", "0x1234", 0, 2);
	assert_field(&k, "AA", "set", 2, 1);
	assert_field(&k, "question", "x.example. MX", 12, 15);
	assert_field(&k, "name", "x.example.", 27, 2);
	assert_field(&k, "TTL", "60", 33, 4);
	assert_field(&k, "preference", "10", 39, 2);
	assert_field(&k, "mail server", "example.", 41, 2);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void tcp_message_is_behind_its_length(void **state)
{
	struct bytes b = header(0, 1, 0, 0, 0), s = {.n = 0};
	struct dns m;
	size_t at;

	(void)state;
	add_question(&b, "www.example", DNS_A);
	s.b[s.n++] = 0;
	s.b[s.n++] = (uint8_t)b.n;
	add_octets(&s, b.b, b.n);
	assert_true(dns_tcp_looks_like(s.b, s.n));
	assert_int_equal(dns_tcp_parse(&m, s.b, s.n, &at), ERR_OK);
	assert_false(m.partial);
	assert_int_equal(m.question.type, DNS_A);
	s.b[0] = 4; /* a message of 1,024 octets more, of which the rest comes later */
	assert_true(dns_tcp_looks_like(s.b, s.n));
	assert_int_equal(dns_tcp_parse(&m, s.b, s.n, &at), ERR_OK);
	assert_true(m.partial);
	assert_false(dns_tcp_looks_like(b.b, b.n)); /* no length before it */
	for (size_t len = 0; len < s.n; len++) {
		uint8_t *p = exact(s.b, len);
		assert_int_equal(dns_tcp_parse(&m, p, len, &at), ERR_OK);
		assert_true(m.partial);
		free(p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(name_of_rfc_1035_is_followed),
	    cmocka_unit_test(name_pointers_must_go_backwards),
	    cmocka_unit_test(name_over_255_octets_is_too_long),
	    cmocka_unit_test(name_text_escapes_as_zone_files_do),
	    cmocka_unit_test(query_summary_names_type_and_name),
	    cmocka_unit_test(answer_summary_shows_records),
	    cmocka_unit_test(referral_summary_counts_servers_and_glue),
	    cmocka_unit_test(negative_answers_are_told_apart),
	    cmocka_unit_test(truncated_answer_says_ask_over_tcp),
	    cmocka_unit_test(rdata_of_every_type_is_shown_and_checked),
	    cmocka_unit_test(rdata_shorter_than_its_fields_is_rejected),
	    cmocka_unit_test(message_cut_anywhere_is_truncated),
	    cmocka_unit_test(counts_beyond_the_data_are_truncated),
	    cmocka_unit_test(edns_is_read),
	    cmocka_unit_test(fields_stand_where_their_octets_are),
	    cmocka_unit_test(tcp_message_is_behind_its_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
