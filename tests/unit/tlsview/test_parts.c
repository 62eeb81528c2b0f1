/* The small parts: HOST:PORT, guessing what a port speaks, replies, name lookup, chains in words. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pki.h"
#include "tlsview/chain.h"
#include "tlsview/guess.h"
#include "glassnet/resolve.h"
#include "tlsview/reply.h"
#include "glassnet/target.h"
#include "torture.h"

/* --- HOST:PORT --- */

static void target_with_and_without_port_is_read(void **state)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} good[] = {{"bank.example", "bank.example", 443}, {"bank.example:8443", "bank.example", 8443},
	    {"192.0.2.1:1", "192.0.2.1", 1}, {"[2001:db8::1]:65535", "2001:db8::1", 65535}, {"[::1]", "::1", 443},
	    {"2001:db8::1", "2001:db8::1", 443}, {"bank.example.", "bank.example.", 443},
	    {"localhost:443", "localhost", 443}};
	struct target t;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(target_parse(&t, good[i].text, &why), ERR_OK);
		assert_string_equal(t.host, good[i].host);
		assert_int_equal(t.port, good[i].port);
	}
}

static void target_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {"", ":443", "a b", "bank.example:", "bank.example:0", "bank.example:65536",
	    "bank.example:443x", "bank.example: 443", "bank.example:-1", "[::1", "[::1]443", "[192.0.2.1]:443",
	    "[]:443", "a..b", ".a", "b\xc3\xa4nk.example", "https://bank.example", "\033[2J", "1:2:3",
	    "user@bank.example"};
	struct target t;
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = NULL;
		if (target_parse(&t, bad[i], &why) != ERR_USAGE)
			fail_msg("'%s' was taken", bad[i]);
		assert_non_null(why);
	}
}

static void target_too_long_is_refused(void **state)
{
	char text[1000];
	struct target t;
	const char *why;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(target_parse(&t, text, &why), ERR_USAGE);
	text[64] = '\0'; /* a label has at most 63 */
	assert_int_equal(target_parse(&t, text, &why), ERR_USAGE);
	text[63] = '\0';
	assert_int_equal(target_parse(&t, text, &why), ERR_OK);
}

/* --- guessing --- */

#define BYTES(s) (const uint8_t *)(s), sizeof(s) - 1

static void guess_knows_tls_from_its_first_octet(void **state)
{
	(void)state;
	assert_true(guess_is_tls(BYTES("\x16\x03\x03\x00\x7a")));
	assert_true(guess_is_tls(BYTES("\x15\x03\x01")));
	assert_true(guess_is_tls(BYTES("\x16")));
	assert_true(guess_is_tls(BYTES("")));
	assert_false(guess_is_tls(BYTES("H")));
	assert_false(guess_is_tls(BYTES("\x16\x02")));
	assert_false(guess_is_tls(BYTES("\x19\x03\x03")));
}

static void guess_names_what_is_spoken(void **state)
{
	(void)state;
	assert_non_null(strstr(guess_protocol(BYTES("HTTP/1.1 400 Bad Request\r\n")), "HTTP"));
	assert_non_null(strstr(guess_protocol(BYTES("SSH-2.0-x")), "SSH"));
	assert_non_null(strstr(guess_protocol(BYTES("220 mail ESMTP\r\n")), "SMTP"));
	assert_non_null(strstr(guess_protocol(BYTES("\x4a\x00\x00\x00\x0a"
	                                            "8.0")),
	    "MySQL"));
	assert_null(guess_protocol(BYTES("hello")));
	assert_null(guess_protocol(BYTES("HT")));
}

/* --- replies --- */

static void reply_ends_where_http_says(void **state)
{
	(void)state;
	assert_true(reply_is_whole(BYTES("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")));
	assert_true(reply_is_whole(BYTES("HTTP/1.1 204 No Content\r\n\r\n")));
	assert_true(
	    reply_is_whole(BYTES("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")));
	assert_false(reply_is_whole(BYTES("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi")));
	assert_false(reply_is_whole(BYTES("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n")));
	assert_false(reply_is_whole(BYTES("HTTP/1.1 200 OK\r\n\r\nuntil it is closed")));
	assert_false(reply_is_whole(BYTES("hello")));
	assert_false(reply_is_whole(NULL, 0));
}

static void reply_is_shown_without_markup_and_escaped(void **state)
{
	char out[400], small[24];

	(void)state;
	reply_text(out, sizeof(out),
	    BYTES("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>\n<h1>Welcome,\n "
	          "alice</h1>\n<p>1,234.56</html>"));
	assert_string_equal(out, "HTTP 200 OK: \"Welcome, alice 1,234.56\"");
	reply_text(out, sizeof(out), BYTES("\033[31mred"));
	assert_string_equal(out, "\"\\x1b[31mred\"");
	reply_text(small, sizeof(small), BYTES("a reply that is longer than the room for it"));
	assert_int_equal(strlen(small), sizeof(small) - 1);
	assert_string_equal(reply_text(out, sizeof(out), NULL, 0), "");
}

/* --- addresses --- */

static void resolve_reads_the_hosts_file(void **state)
{
	struct resolved r;

	(void)state;
	char *hosts = NULL;
	size_t cap = 0;
	FILE *f = fopen("/etc/hosts", "r");
	bool there = f && getdelim(&hosts, &cap, '\0', f) > 0 && strstr(hosts, "localhost");
	if (f)
		fclose(f);
	free(hosts);
	if (!there)
		skip(); /* this machine's hosts file does not name it, and nobody else is to be asked */
	assert_int_equal(resolve("localhost", 443, 4, deadline_in(5 * NS_PER_S, -1), &r), ERR_OK);
	assert_int_equal(r.n, 1);
	assert_int_equal(r.at[0].port, 443);
	assert_int_equal(r.at[0].ip.family, 4);
	assert_int_equal(r.at[0].ip.b[0], 127);
}

static void resolve_gives_up_when_told_to(void **state)
{
	struct resolved r;
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	int64_t start = net_now();
	/* no resolver can know this name, and some would take their time to say so */
	enum err e = resolve("glassnet-test.invalid", 443, 0, deadline_in(5 * NS_PER_S, fds[0]), &r);
	assert_true(e == ERR_NET || e == ERR_UNREACHABLE);
	assert_true(net_now() - start < 3 * NS_PER_S);
	close(fds[0]);
	close(fds[1]);
}

static void dial_a_closed_port_is_refused(void **state)
{
	struct endpoint to;
	int fd = 7;

	(void)state;
	assert_int_equal(endpoint_parse(&to, "127.0.0.1:1", 0), ERR_OK);
	assert_int_equal(dial(&to, deadline_in(5 * NS_PER_S, -1), &fd), ERR_REFUSED);
	assert_int_equal(fd, -1);
}

/* --- certificates in words --- */

static void chain_longer_than_its_room_is_counted(void **state)
{
	static struct chain chain;
	struct pki_cert c;

	(void)state;
	pki_make(&c, &(struct pki_spec){.cn = "again", .from = 0, .to = 1});
	for (int i = 0; i < CHAIN_MAX + 3; i++)
		chain_add(&chain, NULL, c.cert, true);
	assert_int_equal(chain.n, CHAIN_MAX);
	assert_int_equal(chain.not_shown, 3);
	pki_release(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(target_with_and_without_port_is_read),
	    cmocka_unit_test(target_that_is_none_is_refused),
	    cmocka_unit_test(target_too_long_is_refused),
	    cmocka_unit_test(guess_knows_tls_from_its_first_octet),
	    cmocka_unit_test(guess_names_what_is_spoken),
	    cmocka_unit_test(reply_ends_where_http_says),
	    cmocka_unit_test(reply_is_shown_without_markup_and_escaped),
	    cmocka_unit_test(resolve_reads_the_hosts_file),
	    cmocka_unit_test(resolve_gives_up_when_told_to),
	    cmocka_unit_test(dial_a_closed_port_is_refused),
	    cmocka_unit_test(chain_longer_than_its_room_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
