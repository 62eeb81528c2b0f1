/* SSH connections of sshview and OpenSSH's sshd, opened with sshview's key log. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/capture.h"
#include "glassnet/flow.h"

#define FOLDER "tests/golden/captures/opened-ssh-"

static const char *const ciphers[] = {"chacha20-poly1305", "aes128-gcm", "aes256-gcm"};

struct seen {
	unsigned types[256]; /* messages of each number */
	size_t opened, inner, closed;
	char why[200];
};

/* turn: an octet of the key log's hex that is changed; skip: a packet that the capture lacks. */
static struct seen run(const char *cipher, size_t turn, uint64_t skip)
{
	struct seen seen = {0};
	struct capture *c;
	struct capture_packet cp;
	struct flows *f;
	char path[200], msg[256], log[200];
	size_t used;

	snprintf(path, sizeof path, FOLDER "%s.keys", cipher);
	FILE *keys = fopen(path, "r");
	assert_non_null(keys);
	size_t n = fread(log, 1, sizeof log, keys);
	fclose(keys);
	if (turn < n)
		log[turn] = log[turn] == '7' ? '8' : '7';
	assert_int_equal(flows_new(&f, &flows_limits), ERR_OK);
	assert_false(flows_has_keys(f));
	assert_int_equal(flows_add_keys(f, log, n, &used), ERR_OK);
	assert_int_equal(used, 1);
	assert_true(flows_has_keys(f) && !flows_has_tls_keys(f));
	snprintf(path, sizeof path, FOLDER "%s.cap", cipher);
	assert_int_equal(capture_open_file(&c, path, NULL, msg), ERR_OK);
	while (capture_next(c, &cp, -1, -1) == ERR_OK) {
		struct packet p = cp.packet;
		if (p.number == skip)
			continue;
		assert_int_equal(flows_take(f, &p, NULL, 0), ERR_OK);
		const struct segment *s = p.segment;
		if (!s)
			continue;
		seen.opened += s->n_opened;
		seen.inner += s->inner_len;
		for (unsigned i = 0; i < s->n_opened; i++) {
			assert_int_equal(s->opened[i].type, s->opened[i].bytes[0]);
			assert_true(s->opened[i].record_off + s->opened[i].record_len <= s->len);
			seen.types[s->opened[i].type]++;
		}
		if (s->not_opened) {
			seen.closed++;
			snprintf(seen.why, sizeof seen.why, "%s", s->not_opened);
		}
	}
	capture_close(c);
	flows_free(f);
	return seen;
}

static void every_cipher_opens_in_both_directions(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct seen s = run(ciphers[i], SIZE_MAX, 0);
		assert_int_equal(s.closed, 0);
		assert_int_equal(s.types[5], 1);  /* SERVICE_REQUEST */
		assert_int_equal(s.types[6], 1);  /* SERVICE_ACCEPT */
		assert_int_equal(s.types[50], 3); /* USERAUTH_REQUEST: none, asked, signed */
		assert_int_equal(s.types[52], 1); /* USERAUTH_SUCCESS */
		assert_int_equal(s.types[94], 1); /* CHANNEL_DATA */
		assert_int_equal(s.types[95], 1);
		assert_int_equal(s.types[1], 1);
		assert_int_equal(s.inner, strlen("fine\nbad\n"));
	}
}

static void another_cookie_or_key_opens_nothing_and_it_is_said(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct seen s = run(ciphers[i], 5, 0);
		assert_int_equal(s.opened, 0);
		assert_true(s.closed > 10);
		assert_non_null(strstr(s.why, "no secret of this key exchange"));
		s = run(ciphers[i], 60, 0);
		assert_int_equal(s.opened, 0);
		assert_true(s.closed > 10);
		assert_non_null(strstr(s.why, "does not fit"));
	}
}

/* Each packet away in turn: what is opened never grows, and the other direction goes on behind the exchange. */
static void a_packet_that_the_capture_lacks_closes_its_side_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct seen whole = run(ciphers[i], SIZE_MAX, 0);
		bool less = false;
		for (uint64_t n = 1; n < 60; n++) {
			struct seen s = run(ciphers[i], SIZE_MAX, n);
			assert_true(s.opened <= whole.opened);
			if (s.opened < whole.opened)
				less = true;
			if (n == 14) { /* the client's SERVICE_REQUEST */
				assert_true(s.closed > 0);
				assert_int_equal(s.types[6], 1);
				assert_int_equal(s.types[94], 1);
				assert_int_equal(s.types[50], 0);
				assert_non_null(strstr(s.why, "missing"));
			}
		}
		assert_true(less);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_cipher_opens_in_both_directions),
	    cmocka_unit_test(another_cookie_or_key_opens_nothing_and_it_is_said),
	    cmocka_unit_test(a_packet_that_the_capture_lacks_closes_its_side_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
