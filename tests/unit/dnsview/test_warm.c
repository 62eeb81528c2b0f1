/* The server's short path: an answer straight from the cache. */
#include <stdarg.h>
#include <string.h>

#include "dnsview/message.h"
#include "dnsview/warm.h"
#include "glassnet/clock.h"
#include "torture.h"

#define NOW (1000 * NS_PER_S)

static struct cache *cache;
static uint8_t out[DNS_MESSAGE_MAX];
static size_t out_len;
static struct message m;

static struct dname name(const char *text)
{
	struct dname n;
	const char *why;
	assert_int_equal(dname_parse(&n, text, &why), ERR_OK);
	return n;
}

static ldns_rr_list *list_of(const char *text)
{
	ldns_rr_list *list = text ? ldns_rr_list_new() : NULL;
	char line[2000];
	while (text && *text) {
		size_t n = strcspn(text, "\n");
		ldns_rr *rr;
		memcpy(line, text, n);
		line[n] = '\0';
		text += n + (text[n] == '\n');
		assert_int_equal(ldns_rr_new_frm_str(&rr, line, 0, NULL, NULL), LDNS_STATUS_OK);
		ldns_rr_list_push_rr(list, rr);
	}
	return list;
}

struct known {
	enum cache_kind kind;
	const char *owner;
	uint16_t type;
	uint32_t ttl;
	const char *rrs, *proof;
	enum cache_security security;
	uint64_t lookup;
};

static void know(struct known k)
{
	struct dname n = name(k.owner), from = name("ns.edu");
	assert_int_equal(cache_put(cache, (struct cache_put){.kind = k.kind,
	                                      .name = &n,
	                                      .type = k.type,
	                                      .ttl = k.ttl,
	                                      .rrs = list_of(k.rrs),
	                                      .proof = list_of(k.proof),
	                                      .security = k.security,
	                                      .from = &from,
	                                      .lookup = k.lookup,
	                                      .now = NOW}),
	    ERR_OK);
}

static int set_up(void **state)
{
	(void)state;
	cache = cache_new(100);
	return cache ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	message_release(&m);
	cache_free(cache);
	return 0;
}

static struct request question(const char *text, uint16_t type)
{
	return (struct request){
	    .id = 7, .rd = true, .has_question = true, .size = 512, .qname = name(text), .qtype = type, .qclass = 1};
}

static enum warm_state ask_as(struct request q, struct warm how)
{
	size_t at;
	how.now = how.now ? how.now : NOW;
	message_release(&m);
	out_len = 0;
	enum warm_state s = warm_answer(out, cache, &q, &how, &out_len);
	if (s == WARM_ANSWER)
		assert_int_equal(message_parse(&m, out, out_len, &at), ERR_OK);
	return s;
}

static enum warm_state ask(const char *text, uint16_t type)
{
	return ask_as(question(text, type), (struct warm){.udp = true});
}

static const char *data(size_t i)
{
	static char text[512];
	assert_true(i < m.n_records);
	return rdata_text(text, sizeof(text), m.records[i].rr);
}

/* --- what is answered ---------------------------------------------------------------------------- */

static void answer_has_the_clients_spelling_and_what_is_left_of_the_ttl(void **state)
{
	(void)state;
	know((struct known){
	    CACHE_ANSWER, "www.edu", 1, 60, "www.edu. 9 A 192.0.2.1\nwww.edu. 9 A 192.0.2.2", .lookup = 1});
	assert_int_equal(
	    ask_as(question("WwW.edu", 1), (struct warm){.udp = true, .now = NOW + 20 * NS_PER_S}), WARM_ANSWER);
	assert_true(m.qr && m.ra && m.rd && !m.aa && !m.tc && m.rcode == 0 && m.id == 7);
	assert_memory_equal(m.qname.b + 1, "WwW", 3);
	assert_int_equal(m.n_records, 2);
	assert_int_equal(m.records[0].ttl, 40);
	assert_string_equal(data(1), "192.0.2.2");
	assert_int_equal(m.records[1].len, 16); /* its owner is a pointer to the question */
	assert_int_equal(ask_as(question("www.edu", 1), (struct warm){.now = NOW + 60 * NS_PER_S}), WARM_MORE);
	assert_int_equal(ask("www.edu", 28), WARM_MORE);
}

static void aliases_are_followed_to_the_end(void **state)
{
	(void)state;
	know((struct known){CACHE_ANSWER, "a.edu", 5, 60, "a.edu. 9 CNAME b.edu.", .lookup = 1});
	know((struct known){CACHE_ANSWER, "b.edu", 5, 30, "b.edu. 9 CNAME www.far.edu.", .lookup = 1});
	assert_int_equal(ask("a.edu", 1), WARM_MORE);
	know((struct known){CACHE_ANSWER, "www.far.edu", 1, 10, "www.far.edu. 9 A 192.0.2.1", .lookup = 1});
	assert_int_equal(ask("a.edu", 1), WARM_ANSWER);
	assert_int_equal(m.n_records, 3);
	assert_string_equal(data(0), "b.edu.");
	assert_string_equal(data(1), "www.far.edu.");
	assert_string_equal(data(2), "192.0.2.1");
	assert_int_equal(m.records[1].ttl, 30);
	assert_int_equal(ask("a.edu", 5), WARM_ANSWER); /* the alias itself was asked for */
	assert_int_equal(m.n_records, 1);
}

static void dname_brings_the_cname_that_it_means(void **state)
{
	(void)state;
	know((struct known){CACHE_ANSWER, "old.edu", 39, 60, "old.edu. 9 DNAME new.edu.", .lookup = 1});
	know((struct known){CACHE_ANSWER, "x.new.edu", 1, 10, "x.new.edu. 9 A 192.0.2.1", .lookup = 1});
	assert_int_equal(ask("x.old.edu", 1), WARM_ANSWER);
	assert_int_equal(m.n_records, 3);
	assert_int_equal(m.records[1].type, 5);
	assert_string_equal(data(1), "x.new.edu.");
	assert_string_equal(data(2), "192.0.2.1");
}

static void circle_of_aliases_is_left_to_the_lookup(void **state)
{
	(void)state;
	know((struct known){CACHE_ANSWER, "a.edu", 5, 60, "a.edu. 9 CNAME b.edu.", .lookup = 1});
	know((struct known){CACHE_ANSWER, "b.edu", 5, 30, "b.edu. 9 CNAME a.edu.", .lookup = 1});
	assert_int_equal(ask("a.edu", 1), WARM_MORE);
}

#define SOA "edu. 9 SOA ns.edu. host.edu. 1 2 3 4 5"

static void a_no_covers_the_type_or_all_names_below(void **state)
{
	(void)state;
	know((struct known){CACHE_NODATA, "www.edu", 28, 60, SOA, .lookup = 1});
	know((struct known){CACHE_NXDOMAIN, "no.edu", 0, 60, SOA, .lookup = 1});
	assert_int_equal(ask("www.edu", 28), WARM_ANSWER);
	assert_true(m.rcode == 0 && m.n_records == 1 && m.records[0].section == SECTION_AUTHORITY);
	assert_int_equal(m.records[0].ttl, 60);
	assert_int_equal(ask("deep.no.edu", 1), WARM_ANSWER);
	assert_int_equal(m.rcode, LDNS_RCODE_NXDOMAIN);
	assert_string_equal(data(0), "ns.edu. host.edu. 1 2 3 4 5");
}

static void failure_and_no_without_soa_are_left_to_the_lookup(void **state)
{
	(void)state;
	know((struct known){CACHE_FAILURE, "www.edu", 1, 60, .lookup = 1});
	know((struct known){CACHE_NXDOMAIN, "no.edu", 0, 60, .lookup = 1});
	assert_int_equal(ask("www.edu", 1), WARM_MORE);
	assert_int_equal(ask("no.edu", 1), WARM_MORE);
}

static void ended_is_used_by_its_own_lookup_or_as_stale_alone(void **state)
{
	(void)state;
	know((struct known){CACHE_ANSWER, "www.edu", 1, 0, "www.edu. 9 A 192.0.2.1", .lookup = 3});
	assert_int_equal(ask("www.edu", 1), WARM_MORE);
	assert_int_equal(ask_as(question("www.edu", 1), (struct warm){.lookup = 3}), WARM_ANSWER);
	assert_int_equal(m.records[0].ttl, 0);
	assert_int_equal(ask_as(question("www.edu", 1), (struct warm){.lookup = 2}), WARM_MORE);
	assert_int_equal(
	    ask_as(question("www.edu", 1), (struct warm){.stale = 100, .now = NOW + 99 * NS_PER_S}), WARM_ANSWER);
	assert_int_equal(m.records[0].ttl, 30);
	assert_int_equal(
	    ask_as(question("www.edu", 1), (struct warm){.stale = 100, .now = NOW + 100 * NS_PER_S}), WARM_MORE);
}

/* --- how long it may be --------------------------------------------------------------------------- */

static void names_are_compressed_and_what_does_not_fit_is_cut_over_udp(void **state)
{
	char text[4000] = "";
	(void)state;
	for (int i = 0; i < 30; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text),
		    "a.long.name.of.a.zone.edu. 9 NS n%d.a.long.name.of.a.zone.edu.\n", i);
	know((struct known){CACHE_ANSWER, "a.long.name.of.a.zone.edu", 2, 60, text, .lookup = 1});
	struct request q = question("a.long.name.of.a.zone.edu", 2);
	assert_int_equal(ask_as(q, (struct warm){.udp = true}), WARM_ANSWER);
	assert_true(m.tc && m.n_records == 0 && out_len < 60);
	q.edns = true;
	q.size = 1232;
	assert_int_equal(ask_as(q, (struct warm){.udp = true}), WARM_ANSWER);
	assert_true(!m.tc && m.n_records == 31 && m.edns && out_len <= 1232);
	assert_int_equal(m.records[3].len, 12 + 5); /* pointer, ten octets, "n3" and a pointer */
	assert_string_equal(data(29), "n29.a.long.name.of.a.zone.edu.");
	assert_int_equal(ask_as(question("a.long.name.of.a.zone.edu", 2), (struct warm){.udp = false}), WARM_ANSWER);
	assert_int_equal(m.n_records, 30);
}

static void cut_answers_have_room_for_edns_to_the_octet(void **state)
{
	(void)state;
	know((struct known){CACHE_ANSWER, "www.edu", 1, 60, "www.edu. 9 A 192.0.2.1", .lookup = 1});
	struct request q = question("www.edu", 1);
	q.edns = true;
	for (uint16_t size = 36; size < 70; size++) {
		q.size = size;
		assert_int_equal(ask_as(q, (struct warm){.udp = true}), WARM_ANSWER);
		assert_int_equal(m.tc, size < 12 + 13 + 16 + OPT_LEN);
		assert_true(out_len <= size);
	}
}

/* --- signatures ----------------------------------------------------------------------------------- */

#define SIG  "www.edu. 9 RRSIG A 8 2 9 20300101000000 20200101000000 1 edu. AAAA"
#define NSEC "a.edu. 9 NSEC z.edu. A RRSIG NSEC\na.edu. 9 RRSIG NSEC 8 2 9 20300101000000 20200101000000 1 edu. AAAA"

static void signatures_and_proofs_go_to_whom_they_concern(void **state)
{
	(void)state;
	know((struct known){CACHE_ANSWER, "www.edu", 1, 60, "www.edu. 9 A 192.0.2.1\n" SIG, NSEC, .lookup = 1});
	know((struct known){CACHE_NXDOMAIN, "no.edu", 0, 60, SOA, NSEC, .lookup = 1});
	assert_int_equal(ask("www.edu", 1), WARM_ANSWER);
	assert_int_equal(m.n_records, 1);
	struct request q = question("www.edu", 1);
	q.dnssec_ok = q.edns = true;
	q.size = 1232;
	assert_int_equal(ask_as(q, (struct warm){.udp = true}), WARM_ANSWER);
	assert_int_equal(m.n_records, 5); /* A, its signature; NSEC, its signature; OPT */
	assert_int_equal(m.records[2].section, SECTION_AUTHORITY);
	assert_int_equal(ask("no.edu", 1), WARM_ANSWER);
	assert_int_equal(m.n_records, 1);
	q.qname = name("no.edu");
	assert_int_equal(ask_as(q, (struct warm){.udp = true}), WARM_ANSWER);
	assert_int_equal(m.n_records, 4);
}

static bool ad(void)
{
	return out[3] & 0x20;
}

static void ad_is_set_for_what_was_validated_and_to_whom_it_concerns(void **state)
{
	(void)state;
	know((struct known){
	    CACHE_ANSWER, "a.edu", 5, 60, "a.edu. 9 CNAME b.edu.", .security = CACHE_SECURE, .lookup = 1});
	know((struct known){
	    CACHE_ANSWER, "b.edu", 1, 60, "b.edu. 9 A 192.0.2.1", .security = CACHE_SECURE, .lookup = 1});
	struct request q = question("a.edu", 1);
	struct warm how = {.udp = true, .validate = true};
	assert_int_equal(ask_as(q, how), WARM_ANSWER);
	assert_false(ad()); /* it did not ask */
	q.ad = true;
	assert_int_equal(ask_as(q, how), WARM_ANSWER);
	assert_true(ad());
	assert_int_equal(ask_as(q, (struct warm){.udp = true}), WARM_ANSWER);
	assert_false(ad()); /* nothing is validated here */
	know((struct known){
	    CACHE_ANSWER, "b.edu", 1, 60, "b.edu. 9 A 192.0.2.1", .security = CACHE_INSECURE, .lookup = 1});
	assert_int_equal(ask_as(q, how), WARM_ANSWER);
	assert_false(ad());
	know((struct known){CACHE_ANSWER, "b.edu", 1, 60, "b.edu. 9 A 192.0.2.1", .lookup = 1});
	assert_int_equal(ask_as(q, how), WARM_MORE); /* to be judged first */
	know((struct known){
	    CACHE_ANSWER, "b.edu", 1, 60, "b.edu. 9 A 192.0.2.1", .security = CACHE_BOGUS, .lookup = 1});
	assert_int_equal(ask_as(q, how), WARM_BOGUS);
	q.cd = true;
	assert_int_equal(ask_as(q, how), WARM_ANSWER); /* whoever checks for himself gets it */
	assert_true(!ad() && out[3] & 0x10);
}

static void secure_is_no_longer_than_its_signature(void **state)
{
	/* made for a TTL of 9, of what came with 60; and one that expires 40 s from now, of what came with 60 */
	char soon[200];
	const struct cache_entry *e;
	struct dname a = name("a.edu"), www = name("www.edu");
	(void)state;
	know((struct known){CACHE_ANSWER, "www.edu", 1, 60, "www.edu. 60 A 192.0.2.1\n" SIG, .lookup = 1});
	assert_int_equal(cache_find(cache, CACHE_ANSWER, &www, 1, NOW, &e), CACHE_FRESH);
	cache_judge(cache, e, CACHE_SECURE, NOW);
	assert_int_equal(cache_left(e, NOW), 9);
	snprintf(soon, sizeof(soon),
	    "a.edu. 60 A 192.0.2.1\na.edu. 60 RRSIG A 8 2 60 19700101001720 19700101000000 1 edu. AAAA");
	know((struct known){CACHE_ANSWER, "a.edu", 1, 60, soon, .lookup = 1});
	assert_int_equal(cache_find(cache, CACHE_ANSWER, &a, 1, NOW, &e), CACHE_FRESH);
	cache_judge(cache, e, CACHE_INSECURE, NOW);
	assert_int_equal(cache_left(e, NOW), 60);
	cache_judge(cache, e, CACHE_SECURE, NOW);
	assert_int_equal(cache_left(e, NOW), 40);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    TEST(answer_has_the_clients_spelling_and_what_is_left_of_the_ttl),
	    TEST(aliases_are_followed_to_the_end),
	    TEST(dname_brings_the_cname_that_it_means),
	    TEST(circle_of_aliases_is_left_to_the_lookup),
	    TEST(a_no_covers_the_type_or_all_names_below),
	    TEST(failure_and_no_without_soa_are_left_to_the_lookup),
	    TEST(ended_is_used_by_its_own_lookup_or_as_stale_alone),
	    TEST(names_are_compressed_and_what_does_not_fit_is_cut_over_udp),
	    TEST(cut_answers_have_room_for_edns_to_the_octet),
	    TEST(signatures_and_proofs_go_to_whom_they_concern),
	    TEST(secure_is_no_longer_than_its_signature),
	    TEST(ad_is_set_for_what_was_validated_and_to_whom_it_concerns),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
