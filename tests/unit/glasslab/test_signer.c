/* The lab's signed zones: keys from the seed, signatures that fit them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glasslab/signer.h"
#include "torture.h"

typedef bool put_fn(FILE *, const struct seed *, const char *);

static char *text_of(put_fn *put, const char *seed, const char *zone)
{
	struct seed s;
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	seed_from_name(&s, seed);
	assert_true(put(f, &s, zone));
	fclose(f);
	return text;
}

static void key_comes_from_seed_and_zone(void **state)
{
	(void)state;
	char *a = text_of(signer_put_dnskey, "x", "edu"), *b = text_of(signer_put_dnskey, "x", "edu"),
	     *other = text_of(signer_put_dnskey, "y", "edu"), *zone = text_of(signer_put_dnskey, "x", "cmu.edu");
	assert_string_equal(a, b);
	assert_string_not_equal(a, other);
	assert_string_not_equal(a, zone);
	assert_memory_equal(a, "257 3 13 ", 9);
	free(a);
	free(b);
	free(other);
	free(zone);
}

/* Signs a zone with this apex record; returns the file's text. */
static char *signed_text(const char *dnskey)
{
	char path[] = "/tmp/glassnet-zone.XXXXXX", *text = calloc(1, 20000);
	int fd = mkstemp(path);
	struct seed s;
	struct why w = {""};
	seed_from_name(&s, "x");
	FILE *f = fdopen(fd, "w+");
	fprintf(
	    f, "$ORIGIN edu.\n$TTL 300\n@ SOA ns x 1 2 3 4 5\n@ NS ns\n%s\nns A 192.0.2.1\ncut NS ns.cut\n", dnskey);
	fclose(f);
	assert_int_equal(signer_sign(path, &s, "edu", 1700000000, &w), ERR_OK);
	f = fopen(path, "r");
	assert_true(fread(text, 1, 19999, f) > 0);
	fclose(f);
	unlink(path);
	return text;
}

static void zone_with_key_is_signed_but_not_its_delegations(void **state)
{
	(void)state;
	char line[256], *key = text_of(signer_put_dnskey, "x", "edu");
	snprintf(line, sizeof line, "@ DNSKEY %s", key);
	char *text = signed_text(line);
	assert_non_null(strstr(text, "RRSIG\tSOA 13 1"));
	assert_non_null(strstr(text, "ns.edu.\t300\tIN\tRRSIG\tA 13 2"));
	assert_non_null(strstr(text, "cut.edu.\t5\tIN\tNSEC"));
	assert_null(strstr(text, "cut.edu.\t300\tIN\tRRSIG\tNS"));
	assert_non_null(strstr(text, "20231114211320")); /* an hour before */
	free(text);
	free(key);
}

static void zone_without_key_stays_as_it_is(void **state)
{
	(void)state;
	char *text = signed_text("");
	assert_memory_equal(text, "$ORIGIN edu.\n", 13);
	assert_null(strstr(text, "RRSIG"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(key_comes_from_seed_and_zone),
	    cmocka_unit_test(zone_with_key_is_signed_but_not_its_delegations),
	    cmocka_unit_test(zone_without_key_stays_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
