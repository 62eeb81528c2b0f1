/* The cache between commands: what is written is read again, and nothing else is believed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dnsview/cache_file.h"
#include "glassnet/clock.h"
#include "torture.h"

#define NOW (1000000 * NS_PER_S)

static char path[64];

static int setup(void **state)
{
	(void)state;
	strcpy(path, "/tmp/glassnet-cache-XXXXXX");
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	close(fd);
	return unlink(path);
}

static int teardown(void **state)
{
	char lock[80];
	(void)state;
	snprintf(lock, sizeof(lock), "%s.lock", path);
	unlink(path);
	unlink(lock);
	return 0;
}

static struct dname name(const char *text)
{
	struct dname n;
	const char *why;
	assert_int_equal(dname_parse(&n, text, &why), ERR_OK);
	return n;
}

/* Learns a record, or (text NULL) that there is none. */
static void learn(struct cache *c, enum cache_kind kind, const char *owner, const char *text, uint32_t ttl)
{
	struct dname n = name(owner), from = name("ns1.cmu.edu");
	struct ip ip = ip_from(4, "\xc0\x00\x02\x12");
	ldns_rr_list *rrs = NULL;
	ldns_rr *rr;
	uint16_t type = kind == CACHE_NXDOMAIN ? 0 : LDNS_RR_TYPE_A;
	if (text) {
		assert_int_equal(ldns_rr_new_frm_str(&rr, text, ttl, NULL, NULL), LDNS_STATUS_OK);
		type = (uint16_t)ldns_rr_get_type(rr);
		rrs = ldns_rr_list_new();
		ldns_rr_list_push_rr(rrs, rr);
	}
	assert_int_equal(cache_put(c, (struct cache_put){.kind = kind,
	                                  .name = &n,
	                                  .type = type,
	                                  .ttl = ttl,
	                                  .rrs = rrs,
	                                  .from = &from,
	                                  .from_ip = &ip,
	                                  .lookup = 1,
	                                  .now = NOW}),
	    ERR_OK);
}

static void save(const struct cache *c, int64_t now, int64_t offset, enum err want)
{
	size_t at;
	struct cache_save s = {.path = path, .now = now, .offset_ns = offset};
	assert_int_equal(cache_file_save(c, &s, &at), want);
}

static struct cache *load(void)
{
	size_t at;
	struct cache *c = cache_new(100);
	assert_int_equal(cache_file_load(c, path, &at), ERR_OK);
	return c;
}

static const struct cache_entry *find(struct cache *c, enum cache_kind kind, const char *text, uint16_t type)
{
	struct dname n = name(text);
	const struct cache_entry *e;
	cache_find(c, kind, &n, type, NOW, &e);
	return e;
}

static void what_is_saved_comes_back_with_its_end_and_its_source(void **state)
{
	struct cache *c = cache_new(100);
	(void)state;
	learn(c, CACHE_ANSWER, "www.cmu.edu", "www.cmu.edu. 100 IN A 192.0.2.66", 100);
	learn(c, CACHE_DELEGATION, "cmu.edu", "cmu.edu. 50 IN NS ns1.cmu.edu.", 50);
	learn(c, CACHE_NXDOMAIN, "no.cmu.edu", NULL, 30);
	save(c, NOW, 0, ERR_OK);
	cache_free(c);
	c = load();
	assert_int_equal(cache_count(c), 3);
	const struct cache_entry *e = find(c, CACHE_ANSWER, "www.cmu.edu", 1);
	assert_non_null(e);
	assert_int_equal(e->expires, NOW + 100 * NS_PER_S);
	assert_int_equal(e->from_ip.b[3], 0x12);
	assert_int_equal(e->lookup, 0);
	struct cache_record r = {0};
	assert_true(cache_record_next(e, &r));
	assert_false(cache_record_next(e, &r));
	assert_non_null(find(c, CACHE_DELEGATION, "cmu.edu", 2));
	assert_non_null(find(c, CACHE_NXDOMAIN, "no.cmu.edu", 0));
	assert_null(find(c, CACHE_GLUE, "www.cmu.edu", 1));
	cache_free(c);
}

static void what_has_ended_and_failures_are_not_kept(void **state)
{
	struct cache *c = cache_new(100);
	(void)state;
	learn(c, CACHE_ANSWER, "a.cmu.edu", "a.cmu.edu. 10 IN A 192.0.2.66", 10);
	learn(c, CACHE_ANSWER, "b.cmu.edu", "b.cmu.edu. 20 IN A 192.0.2.66", 20);
	learn(c, CACHE_FAILURE, "c.cmu.edu", NULL, 20);
	save(c, NOW + 10 * NS_PER_S, 0, ERR_OK);
	cache_free(c);
	c = load();
	assert_int_equal(cache_count(c), 1);
	assert_non_null(find(c, CACHE_ANSWER, "b.cmu.edu", 1));
	cache_free(c);
}

static void two_writers_lose_nothing(void **state)
{
	struct cache *a = cache_new(100), *b = cache_new(100);
	(void)state;
	learn(a, CACHE_ANSWER, "a.cmu.edu", "a.cmu.edu. 10 IN A 192.0.2.66", 10);
	learn(b, CACHE_ANSWER, "b.cmu.edu", "b.cmu.edu. 20 IN A 192.0.2.66", 20);
	save(a, NOW, 0, ERR_OK);
	save(b, NOW, 0, ERR_OK);
	cache_free(a);
	cache_free(b);
	a = load();
	assert_int_equal(cache_count(a), 2);
	cache_free(a);
}

static void a_clock_moved_forward_prolongs_nothing(void **state)
{
	struct cache *c = cache_new(100);
	(void)state;
	learn(c, CACHE_ANSWER, "a.cmu.edu", "a.cmu.edu. 100 IN A 192.0.2.66", 100);
	save(c, NOW - 50 * NS_PER_S, 50 * NS_PER_S, ERR_OK);
	cache_free(c);
	c = load();
	assert_int_equal(find(c, CACHE_ANSWER, "a.cmu.edu", 1)->expires, NOW + 50 * NS_PER_S);
	cache_free(c);
}

static void flush_takes_a_name_and_all_below_it(void **state)
{
	struct cache *c = cache_new(100);
	struct dname n = name("CMU.edu");
	size_t gone, at;
	(void)state;
	learn(c, CACHE_ANSWER, "www.cmu.edu", "www.cmu.edu. 100 IN A 192.0.2.66", 100);
	learn(c, CACHE_DELEGATION, "cmu.edu", "cmu.edu. 50 IN NS ns1.cmu.edu.", 50);
	learn(c, CACHE_DELEGATION, "edu", "edu. 50 IN NS b.edu-servers.net.", 50);
	save(c, NOW, 0, ERR_OK);
	cache_free(c);
	assert_int_equal(cache_file_flush(path, &n, NOW, &gone, &at), ERR_OK);
	assert_int_equal(gone, 2);
	c = load();
	assert_int_equal(cache_count(c), 1);
	assert_non_null(find(c, CACHE_DELEGATION, "edu", 2));
	cache_free(c);
}

static void a_file_that_is_no_cache_is_refused_and_left_alone(void **state)
{
	struct cache *c = cache_new(100);
	char text[32] = "";
	(void)state;
	FILE *f = fopen(path, "w");
	fputs("dear diary\n", f);
	fclose(f);
	learn(c, CACHE_ANSWER, "a.cmu.edu", "a.cmu.edu. 100 IN A 192.0.2.66", 100);
	save(c, NOW, 0, ERR_VERSION);
	f = fopen(path, "r");
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "dear diary\n");
	cache_free(c);
}

/* Every octet of a good file wrong, and the file cut at every place: never more than what was written. */
static void damage_is_found_or_harmless(void **state)
{
	struct cache *c = cache_new(100);
	uint8_t buf[512], bad[512];
	size_t at;
	(void)state;
	learn(c, CACHE_ANSWER, "www.cmu.edu", "www.cmu.edu. 100 IN A 192.0.2.66", 100);
	save(c, NOW, 0, ERR_OK);
	cache_free(c);
	FILE *f = fopen(path, "r");
	size_t len = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	for (size_t i = 0; i < len; i++) {
		c = cache_new(100);
		memcpy(bad, buf, len);
		bad[i] ^= 0xff;
		enum err e = cache_file_parse(c, bad, len, &at);
		assert_true(cache_count(c) <= 1 && (e || cache_count(c) == 1));
		cache_free(c);
		c = cache_new(100);
		e = cache_file_parse(c, buf, i, &at);
		assert_true(cache_count(c) == 0 && (e || i == 0 || i == 21));
		cache_free(c);
	}
}

static void the_entry_not_used_for_longest_makes_room(void **state)
{
	struct cache *c = cache_new(2);
	(void)state;
	learn(c, CACHE_ANSWER, "a.", "a. 100 IN A 192.0.2.1", 100);
	learn(c, CACHE_ANSWER, "b.", "b. 100 IN A 192.0.2.2", 100);
	assert_non_null(find(c, CACHE_ANSWER, "a.", 1));
	learn(c, CACHE_ANSWER, "c.", "c. 100 IN A 192.0.2.3", 100);
	assert_non_null(find(c, CACHE_ANSWER, "a.", 1));
	assert_null(find(c, CACHE_ANSWER, "b.", 1));
	size_t one = cache_bytes(c) / 2;
	cache_free(c);
	c = cache_new(100);
	cache_limit_bytes(c, 3 * one + one / 2);
	for (char n[3] = "a."; n[0] < 'k'; n[0]++) {
		char text[32];
		snprintf(text, sizeof(text), "%s 100 IN A 192.0.2.1", n);
		learn(c, CACHE_ANSWER, n, text, 100);
		assert_true(cache_bytes(c) <= 3 * one + one / 2);
	}
	assert_int_equal(cache_count(c), 3);
	cache_free(c);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    T(what_is_saved_comes_back_with_its_end_and_its_source),
	    T(what_has_ended_and_failures_are_not_kept),
	    T(two_writers_lose_nothing),
	    T(a_clock_moved_forward_prolongs_nothing),
	    T(flush_takes_a_name_and_all_below_it),
	    T(a_file_that_is_no_cache_is_refused_and_left_alone),
	    T(damage_is_found_or_harmless),
	    T(the_entry_not_used_for_longest_makes_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
