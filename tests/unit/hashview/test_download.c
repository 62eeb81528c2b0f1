/* Signatures of minisign 0.11 (tests/unit/hashview/minisign, made by that program), and downloads from a
 * network that is a table. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "hashview/algo.h"
#include "hashview/download.h"
#include "hashview/minisign.h"
#include "torture.h"

#define FOLDER "tests/unit/hashview/minisign/"

static size_t load(const char *name, char out[static 4096])
{
	char path[128];

	snprintf(path, sizeof(path), FOLDER "%s", name);
	FILE *in = fopen(path, "re");
	assert_non_null(in);
	size_t n = fread(out, 1, 4096, in);
	fclose(in);
	return n;
}

static void signature_of_minisign_is_verified(void **state)
{
	static const char *const files[] = {"modern.minisig", "legacy.minisig"};
	char key[4096], text[4096], file[4096];
	size_t key_len = load("pub", key), len = load("tool.txt", file);
	struct minisign_key k;
	struct minisign_signature s;
	const char *why;

	(void)state;
	assert_int_equal(minisign_key_parse(&k, key, key_len), ERR_OK);
	for (int i = 0; i < 2; i++) {
		size_t n = load(files[i], text);
		assert_int_equal(minisign_signature_parse(&s, text, n), ERR_OK);
		assert_int_equal(s.hashed, i == 0);
		assert_string_equal(s.comment, "tool.txt of glassnet 1.0");
		assert_int_equal(minisign_verify(&k, &s, (uint8_t *)file, len, &why), ERR_OK);
		file[3] ^= 1;
		assert_int_equal(minisign_verify(&k, &s, (uint8_t *)file, len, &why), ERR_NEGATIVE);
		assert_non_null(strstr(why, "not of this file"));
		file[3] ^= 1;
		s.comment[0] ^= 1;
		assert_int_equal(minisign_verify(&k, &s, (uint8_t *)file, len, &why), ERR_NEGATIVE);
		assert_non_null(strstr(why, "comment"));
		s.comment[0] ^= 1;
		s.id[0] ^= 1;
		assert_int_equal(minisign_verify(&k, &s, (uint8_t *)file, len, &why), ERR_NEGATIVE);
		assert_non_null(strstr(why, "another key"));
	}
}

static void signature_cut_or_damaged_is_refused(void **state)
{
	char text[4096];
	size_t n = load("modern.minisig", text);
	struct minisign_signature s;
	struct minisign_key k;

	(void)state;
	for (size_t len = 0; len < n - 1; len++)
		if (minisign_signature_parse(&s, text, len) != ERR_FORMAT)
			fail_msg("cut to %zu octets it was taken", len);
	assert_int_equal(minisign_key_parse(&k, text, n), ERR_FORMAT);
	assert_int_equal(minisign_key_parse(&k, "", 0), ERR_FORMAT);
}

static void url_parts_are_found(void **state)
{
	char room[64];

	(void)state;
	assert_string_equal(download_host("http://a.example:80/b/c", room, sizeof(room)), "a.example:80");
	assert_string_equal(download_host("nothing", room, sizeof(room)), "");
	assert_string_equal(download_name("http://a.example/b/c.tar?x=/y", room, sizeof(room)), "c.tar");
	assert_string_equal(download_name("http://a.example/b/", room, sizeof(room)), "");
	assert_string_equal(download_name("http://a.example", room, sizeof(room)), "");
	assert_string_equal(download_name("x", room, sizeof(room)), "");
}

/* --- downloads
 * ---------------------------------------------------------------------------------------------------- */

struct page {
	const char *url;
	char text[4096];
	size_t len;
};

static struct page net[8];

static enum err table_get(void *ctx, const char *url, size_t max, uint8_t **data, size_t *len, char why[static 160])
{
	(void)ctx;
	for (size_t i = 0; i < sizeof(net) / sizeof(net[0]); i++)
		if (net[i].url && strcmp(net[i].url, url) == 0 && net[i].len <= max) {
			*data = malloc(net[i].len + 1);
			memcpy(*data, net[i].text, net[i].len);
			*len = net[i].len;
			return ERR_OK;
		}
	snprintf(why, 160, "not there");
	return ERR_NET;
}

static void put_sum(struct page *p, const char *url, const char *text, size_t len)
{
	uint8_t digest[DIGEST_MAX];
	char hex[65];

	assert_int_equal(algo_hash(ALGO_SHA256, text, len, digest), ERR_OK);
	sodium_bin2hex(hex, sizeof(hex), digest, 32);
	p->url = url;
	p->len = (size_t)snprintf(p->text, sizeof(p->text), "%064d  other\n%s  tool.txt\n", 0, hex);
}

/* The mirror's file and list were changed by mallory; the publisher's were not. */
static int make_net(void **state)
{
	char file[4096];
	size_t n = load("tool.txt", file);

	(void)state;
	memset(net, 0, sizeof(net));
	memcpy(net[0].text, file, n);
	net[0].url = "http://good.example/tool.txt";
	net[0].len = n;
	put_sum(&net[1], "https://publisher.example/SHA256SUMS", file, n);
	file[0] ^= 1;
	memcpy(net[2].text, file, n);
	net[2].url = "http://mirror.example/tool.txt";
	net[2].len = n;
	put_sum(&net[3], "http://mirror.example/SHA256SUMS", file, n);
	net[4].url = "http://mirror.example/tool.txt.minisig";
	net[4].len = load("modern.minisig", net[4].text);
	return 0;
}

static enum err fetch(const char *url, const char *checksum, const char *signature, struct recorder *r)
{
	char key[4096], folder[] = "/tmp/test_download.XXXXXX", to[64];
	struct download_fetch f = {.get = table_get};
	struct trace t;

	assert_non_null(mkdtemp(folder));
	snprintf(to, sizeof(to), "%s/kept", folder);
	struct download_request q = {.url = url,
	    .to = to,
	    .self = "laptop",
	    .checksum = checksum,
	    .signature = signature,
	    .key = key,
	    .key_len = load("pub", key)};
	trace_init(&t, &clock_real, "test");
	recorder_attach(r, &t);
	enum err e = download_run(&q, &f, &t);
	(void)!trace_release(&t);
	assert_int_equal(access(to, F_OK) == 0, e == ERR_OK); /* the file is there exactly when all agreed */
	unlink(to);
	assert_int_equal(rmdir(folder), 0);
	return e;
}

static void expect(const char *url, const char *checksum, const char *signature, enum err want, enum ev_kind kind,
    const char *id, const char *text)
{
	struct recorder r = {0};
	enum err e = fetch(url, checksum, signature, &r);

	if (e != want || !recorder_find(&r, 0, kind, id, text))
		fail_msg("%s, %s, %s: %s, and '%s' %s", url, checksum ? checksum : "-", signature ? signature : "-",
		    err_name(e), text, recorder_find(&r, 0, kind, id, text) ? "was said" : "was not said");
	recorder_release(&r);
}

static void download_story_is_told(void **state)
{
	static const char good[] = "http://good.example/tool.txt", bad[] = "http://mirror.example/tool.txt",
	                  lie[] = "http://mirror.example/SHA256SUMS",
	                  truth[] = "https://publisher.example/SHA256SUMS",
	                  sig[] = "http://mirror.example/tool.txt.minisig";

	(void)state;
	expect(bad, NULL, NULL, ERR_OK, EV_NOTE, NULL, "Nothing vouches");
	expect(bad, lie, NULL, ERR_OK, EV_NOTE, NULL, "Whoever changed the one there can change the other");
	expect(bad, truth, NULL, ERR_NEGATIVE, EV_CHECK, "checksum", "no: the list says");
	expect(bad, NULL, sig, ERR_NEGATIVE, EV_CHECK, "signature", "not of this file");
	expect(bad, lie, sig, ERR_NEGATIVE, EV_CHECK, "signature", "not of this file");
	expect(good, truth, NULL, ERR_OK, EV_CHECK, "checksum", "yes, by sha256");
	expect(good, NULL, sig, ERR_OK, EV_CHECK, "signature", "tool.txt of glassnet 1.0");
	expect(good, lie, NULL, ERR_NEGATIVE, EV_NOTE, NULL, "came by http");
	expect(good, "https://publisher.example/nothing", NULL, ERR_NET, EV_RESULT, NULL, "not there");
	expect(good, sig, NULL, ERR_NEGATIVE, EV_CHECK, "checksum", "is not in the list");
	expect(good, NULL, lie, ERR_NEGATIVE, EV_CHECK, "signature", "no minisign signature");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(signature_of_minisign_is_verified),
	    cmocka_unit_test(signature_cut_or_damaged_is_refused),
	    cmocka_unit_test(url_parts_are_found),
	    cmocka_unit_test_setup(download_story_is_told, make_net),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
