/* --pin, --alpn, --hsts, --starttls, and what helps against what. */
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tlsview/hsts.h"
#include "tlsview/options.h"
#include "tlsview/pin.h"
#include "tlsview/remedies.h"
#include "tlsview/starttls.h"
#include "world.h"

/* --- pins --- */

static void pins_are_read_in_every_usual_form(void **state)
{
	static const char *const good[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55",
	    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=", "sha256//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="};
	static const char *const bad[] = {"", "e3",
	    "x3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b85500",
	    "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU", "sha256//",
	    "sha1//47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="};
	uint8_t out[PIN_LEN];

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		memset(out, 0, sizeof(out));
		assert_true(pin_parse(out, good[i]));
		assert_int_equal(out[0], 0xe3);
		assert_int_equal(out[31], 0x55);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(pin_parse(out, bad[i]));
}

static void pin_decides_beside_the_other_checks(void **state)
{
	struct world *w = *state;
	struct pki_spec spec = good_leaf(&w->mid);
	uint8_t pins[2][PIN_LEN] = {{1}, {2}}, *spki = NULL;
	const struct pki_cert *chain[] = {&w->mid};
	struct pki_cert leaf;
	struct run r;
	unsigned n;

	pki_make(&leaf, &spec);
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf.cert), &spki);
	for (int i = 0; i < 3; i++) {
		prepare(&r, w);
		r.peer.leaf = &leaf;
		r.peer.chain = chain;
		r.peer.n_chain = 1;
		r.opt.pins = (const uint8_t(*)[PIN_LEN])pins;
		r.opt.n_pins = 2;
		if (i == 1)
			EVP_Digest(spki, (size_t)len, pins[1], &n, EVP_sha256(), NULL);
		if (i == 2)
			X509_digest(leaf.cert, EVP_sha256(), pins[1], &n);
		connect_to(&r);
		if (i == 0)
			assert_refused(&r, 42, "pin-mismatch", NULL);
		else
			assert_int_equal(r.err, ERR_OK);
		finish(&r);
	}
	OPENSSL_free(spki);
	pki_release(&leaf);
}

static void alpn_lists_are_put_on_the_wire(void **state)
{
	uint8_t out[16];

	(void)state;
	assert_int_equal(options_alpn(out, sizeof(out), "h2,http/1.1"), 12);
	assert_memory_equal(out, "\2h2\10http/1.1", 12);
	assert_int_equal(options_alpn(out, sizeof(out), ""), 0);
	assert_int_equal(options_alpn(out, sizeof(out), "h2,"), 0);
	assert_int_equal(options_alpn(out, sizeof(out), ",h2"), 0);
	assert_int_equal(options_alpn(out, sizeof(out), "0123456789abcdef"), 0);
}

/* --- HSTS --- */

#define TEXT(s) (s), strlen(s)

static void hsts_file_is_curls(void **state)
{
	static const char good[] = "# comment\nbank.example \"20260601 00:00:00\"\r\n.Sub.Example \"unlimited\"\n\n"
	                           "old.example \"20200101 00:00:00\"";
	static const char *const bad[] = {"bank.example", "bank.example 20260601", "bank.example \"2026-06-01\"",
	    "a..b \"unlimited\"", "bank.example \"20261301 00:00:00\"", "\"unlimited\"", ". \"unlimited\"",
	    "\x1b[2J \"unlimited\"", "bank.example \"20260601 00:00:00"};
	struct hsts h;
	size_t line;

	(void)state;
	assert_int_equal(hsts_parse(&h, TEXT(good), &line), ERR_OK);
	assert_int_equal(h.n, 3);
	assert_non_null(hsts_find(&h, "bank.example", NOW));
	assert_non_null(hsts_find(&h, "BANK.example.", NOW));
	assert_null(hsts_find(&h, "www.bank.example", NOW));
	assert_null(hsts_find(&h, "ank.example", NOW));
	assert_non_null(hsts_find(&h, "sub.example", NOW));
	assert_non_null(hsts_find(&h, "a.b.sub.example", NOW));
	assert_null(hsts_find(&h, "notsub.example", NOW));
	assert_null(hsts_find(&h, "old.example", NOW));
	assert_null(hsts_find(&h, "192.0.2.1", NOW));
	assert_null(hsts_find(&h, "bank.example", NOW + 30 * DAY));
	hsts_release(&h);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(hsts_parse(&h, TEXT(bad[i]), &line), ERR_FORMAT);
		assert_int_equal(line, 1);
	}
}

static void hsts_header_is_read_as_rfc_6797_says(void **state)
{
	static const struct {
		const char *value;
		bool ok;
		int64_t age;
		bool sub;
	} rows[] = {{"max-age=31536000", true, 31536000, false}, {"max-age=0", true, 0, false},
	    {"max-age=\"31536000\"; includeSubDomains", true, 31536000, true},
	    {" MAX-AGE = 5 ; INCLUDESUBDOMAINS ; preload", true, 5, true}, {";;max-age=1;;", true, 1, false},
	    {"max-age=1; x=\"a;b\"", true, 1, false}, {"max-age=99999999999999999999999", true, 3155760000, false},
	    {"", false, 0, false}, {"includeSubDomains", false, 0, false}, {"max-age", false, 0, false},
	    {"max-age=", false, 0, false}, {"max-age=-1", false, 0, false}, {"max-age=1x", false, 0, false},
	    {"max-age=1; max-age=2", false, 0, false}, {"max-age=1; includeSubDomains=yes", false, 0, false},
	    {"max-age=\"1", false, 0, false}, {"max-age=1 includeSubDomains", false, 0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t age = -1;
		bool sub;

		if (hsts_header((const uint8_t *)rows[i].value, strlen(rows[i].value), &age, &sub) != rows[i].ok)
			fail_msg("'%s'", rows[i].value);
		if (rows[i].ok) {
			assert_int_equal(age, rows[i].age);
			assert_int_equal(sub, rows[i].sub);
		}
	}
}

static void hsts_is_remembered_and_forgotten(void **state)
{
	char dir[] = "/tmp/tlsview-hsts-XXXXXX", path[64], lock[80];
	struct hsts_host before;
	struct hsts h;
	struct stat st;
	size_t line;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/hsts", dir);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	assert_int_equal(hsts_remember(path, "a.example", 100, true, NOW, &before, &line), ERR_OK);
	assert_string_equal(before.name, "");
	assert_int_equal(hsts_remember(path, "b.example", 100, false, NOW, &before, &line), ERR_OK);
	assert_int_equal(hsts_remember(path, "a.example", 200, false, NOW, &before, &line), ERR_OK);
	assert_int_equal(before.until, NOW + 100);
	assert_true(before.subdomains);
	assert_int_equal(hsts_read(&h, path, &line), ERR_OK);
	assert_int_equal(h.n, 2);
	assert_false(hsts_find(&h, "a.example", NOW)->subdomains);
	hsts_release(&h);
	assert_int_equal(hsts_remember(path, "a.example", 0, false, NOW, &before, &line), ERR_OK);
	assert_int_equal(hsts_read(&h, path, &line), ERR_OK);
	assert_int_equal(h.n, 1);
	hsts_release(&h);
	assert_int_equal(stat(path, &st), 0);
	unlink(path);
	unlink(lock);
	rmdir(dir);
}

/* --- STARTTLS --- */

struct script {
	const char *first, *second, *third; /* the greeting, the answer to the greeting, and to STARTTLS */
	char heard[256];
};

static void hear_line(int fd, char *out, size_t cap)
{
	size_t n = strlen(out);

	while (n + 1 < cap && read(fd, out + n, 1) == 1 && out[n++] != '\n')
		;
	out[n] = '\0';
}

static void raw_script(int fd, void *arg)
{
	struct script *s = arg;
	const char *lines[] = {s->first, s->second, s->third};

	for (size_t i = 0; i < 3 && lines[i]; i++) {
		if (write(fd, lines[i], strlen(lines[i])) < 0)
			return;
		hear_line(fd, s->heard, sizeof(s->heard));
	}
}

static void run_script(struct script *s, enum starttls kind, enum err err, const char *text)
{
	struct tls_peer peer = {.raw = raw_script, .raw_arg = s};
	struct result res;

	result_init(&res);
	strcpy(res.role, "192.0.2.1");
	tls_peer_start(&peer);
	(void)fcntl(peer.fd, F_SETFL, O_NONBLOCK);
	enum err e = starttls_run(kind, peer.fd, deadline_in(3 * NS_PER_S, -1), "laptop", NULL, &res);
	if (e != err)
		fail_msg("%d instead of %d: %s", (int)e, (int)err, res.text);
	if (text && !strstr(res.text, text))
		fail_msg("'%s' is not in: %s", text, res.text);
	result_release(&res);
	tls_peer_join(&peer);
}

static void starttls_begins_where_it_is_offered(void **state)
{
	struct script smtp = {
	    "220-mail\r\n220 ready\r\n", "250-mail\r\n250-STARTTLS\r\n250 HELP\r\n", "220 go\r\n", ""};
	struct script imap = {
	    "* OK ready\r\n", "* CAPABILITY IMAP4rev1 STARTTLS\r\na1 OK done\r\n", "a2 OK begin\r\n", ""};

	(void)state;
	run_script(&smtp, STARTTLS_SMTP, ERR_OK, NULL);
	assert_string_equal(smtp.heard, "EHLO tlsview.example\r\nSTARTTLS\r\n");
	run_script(&imap, STARTTLS_IMAP, ERR_OK, NULL);
	assert_string_equal(imap.heard, "a1 CAPABILITY\r\na2 STARTTLS\r\n");
}

static void starttls_that_is_taken_away_is_a_refusal(void **state)
{
	static char endless[5000];
	struct script rows[] = {{"220 ready\r\n", "250-mail\r\n250 HELP\r\n", NULL, ""},
	    {"220 ready\r\n", "250 STARTTLS\r\n", "454 not now\r\n", ""},
	    {"220 STARTTLS\r\n", "250 HELP\r\n", NULL, ""},                          /* a greeting is no offer */
	    {"220 ready\r\n", "250 STARTTLS\r\n", "220 go\r\n250 injected\r\n", ""}, /* CVE-2011-0411 */
	    {"554 go away\r\n", NULL, NULL, ""}};
	struct script imap[] = {{"* OK\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK\r\n", NULL, ""},
	    {"* OK\r\n", "* CAPABILITY STARTTLS\r\na1 OK\r\n", "a2 BAD no\r\n", ""}};
	struct script none[] = {{"SSH-2.0-x\r\n", NULL, NULL, ""}, {endless, NULL, NULL, ""}};

	(void)state;
	memset(endless, 'x', sizeof(endless) - 1);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		run_script(&rows[i], STARTTLS_SMTP, ERR_NEGATIVE, "No data");
	for (size_t i = 0; i < sizeof(imap) / sizeof(imap[0]); i++)
		run_script(&imap[i], STARTTLS_IMAP, ERR_NEGATIVE, "No data");
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		run_script(&none[i], STARTTLS_SMTP, ERR_FORMAT, "is no SMTP");
	run_script(&(struct script){NULL, NULL, NULL, ""}, STARTTLS_SMTP, ERR_CLOSED, "before TLS began");
}

/* --- remedies --- */

static void every_question_has_a_remedy(void **state)
{
	(void)state;
	for (enum path_question q = 0; q < Q_SECOND; q++) {
		struct remedy r = remedy_for_check("no such id", path_question_id(q), 0);

		if (!r.who || strcmp(r.how, "look at the check that failed") == 0)
			fail_msg("no remedy where '%s' is answered with no", path_question_id(q));
	}
	assert_non_null(strstr(remedy_for_check("X509_V_ERR_CERT_HAS_EXPIRED", "dates", 0).how, "renew"));
	assert_non_null(strstr(remedy_for_check("X509_V_ERR_CERT_HAS_EXPIRED", "dates", 1).how, "on the way"));
	for (unsigned a = 0; a < 256; a++)
		assert_non_null(remedy_for_alert((uint8_t)a).how);
	for (enum err e = 0; e < ERR_COUNT; e++)
		assert_non_null(remedy_for_error(e).how);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(pins_are_read_in_every_usual_form),
	    cmocka_unit_test(pin_decides_beside_the_other_checks),
	    cmocka_unit_test(alpn_lists_are_put_on_the_wire),
	    cmocka_unit_test(hsts_file_is_curls),
	    cmocka_unit_test(hsts_header_is_read_as_rfc_6797_says),
	    cmocka_unit_test(hsts_is_remembered_and_forgotten),
	    cmocka_unit_test(starttls_begins_where_it_is_offered),
	    cmocka_unit_test(starttls_that_is_taken_away_is_a_refusal),
	    cmocka_unit_test(every_question_has_a_remedy),
	};

	return cmocka_run_group_tests(tests, make_world, end_world);
}
