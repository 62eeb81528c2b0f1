/* The middle of a key agreement: the change of a word, and what a relay between two honest ends has. */
#include "torture.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/dh.h"
#include "mallory/dhmiddle.h"

static void rewritten(const char *line, const char *change, const char *into, const char *want, size_t times)
{
	uint8_t text[24];
	size_t len = strlen(line);
	memcpy(text, line, len);
	assert_int_equal(dhmiddle_rewrite(text, &len, sizeof(text), change, into), times);
	assert_int_equal(len, strlen(want));
	assert_memory_equal(text, want, len);
}

static void rewrite_each_place_within_bounds(void **state)
{
	(void)state;
	rewritten("at noon", "noon", "nine", "at nine", 1);
	rewritten("noon or noon", "noon", "ten", "ten or ten", 2);
	rewritten("noo", "noon", "nine", "noo", 0);
	rewritten("aaaa", "a", "aa", "aaaaaaaa", 4); /* what was put in is not changed again */
	rewritten("noon", "noon", "", "", 1);
	rewritten("", "noon", "nine", "", 0);
	rewritten("20 octets and a word", "word", "wordwordword", "20 octets and a word", 0); /* no room */
}

struct side {
	struct dh_link link;
	enum dh_side side;
	bool sign;
	struct dh_channel ch;
	uint8_t secret_key[64];
	char read[64];
	bool signature_fits;
	enum err err;
};

/* An honest end: the exchange; a signature, or a line from the client; END. */
static void *honest(void *arg)
{
	struct side *s = arg;
	struct deadline d = deadline_in(3 * NS_PER_S, -1);
	uint8_t mine[DH_FRAME_MAX], theirs[DH_FRAME_MAX], frame[DH_FRAME_MAX], text[DH_FRAME_MAX],
	    secret[DH_PUBLIC_MAX];
	size_t mine_len, theirs_len = 0, len, n, at;
	struct dh_pair pair;
	const char *why;
	enum dh_kind kind = DH_END;
	if (dh_pair_make(&pair, DH_GROUP_X25519) != ERR_OK)
		return NULL;
	struct dh_hello h = {.auth = s->sign, .group = DH_GROUP_X25519, .public_key = pair.public_key, .len = 32},
	                got;
	mine_len = dh_hello_write(mine, sizeof(mine), &h);
	if (s->side == DH_CLIENT)
		s->err = dh_link_send(&s->link, d, mine, mine_len);
	if (s->err == ERR_OK)
		s->err = dh_link_receive(&s->link, d, theirs, &theirs_len);
	if (s->err == ERR_OK)
		s->err = dh_hello_parse(&got, theirs, theirs_len, &at);
	if (s->err == ERR_OK && s->side == DH_SERVER)
		s->err = dh_link_send(&s->link, d, mine, mine_len);
	if (s->err == ERR_OK)
		s->err = dh_agree(&pair, got.public_key, got.len, secret, &why);
	if (s->err == ERR_OK)
		s->err = s->side == DH_CLIENT
		             ? dh_channel_init(&s->ch, s->side, secret, 32, mine, mine_len, theirs, theirs_len)
		             : dh_channel_init(&s->ch, s->side, secret, 32, theirs, theirs_len, mine, mine_len);
	if (s->err == ERR_OK && s->sign) {
		uint8_t auth[DH_AUTH_LEN];
		dh_sign(&s->ch, s->side, s->secret_key, auth);
		s->err = dh_link_send(&s->link, d, frame, dh_seal(&s->ch, DH_AUTH, auth, sizeof(auth), frame));
	} else if (s->err == ERR_OK && s->side == DH_CLIENT) {
		s->err = dh_link_send(&s->link, d, frame, dh_seal(&s->ch, DH_TEXT, "at noon", 7, frame));
	}
	if (s->err == ERR_OK && !s->sign)
		s->err = dh_link_send(&s->link, d, frame, dh_seal(&s->ch, DH_END, NULL, 0, frame));
	while (s->err == ERR_OK && dh_link_receive(&s->link, d, frame, &len) == ERR_OK) {
		if (dh_open(&s->ch, frame, len, &kind, text, &n) != DH_FINE)
			s->err = ERR_FORMAT;
		else if (kind == DH_TEXT)
			memcpy(s->read, text, n < sizeof(s->read) ? n : sizeof(s->read) - 1);
		else if (kind == DH_AUTH)
			s->signature_fits = dh_verify(&s->ch, text, n);
		if (kind != DH_TEXT)
			break;
	}
	close(s->link.fd);
	dh_pair_release(&pair);
	return NULL;
}

static void between(struct side *alice, struct side *bob, struct dhmiddle_talk *talk)
{
	const struct dhmiddle_options opt = {
	    .change = "noon", .into = "nine", .limit_ns = 3 * NS_PER_S, .stop_fd = -1};
	int a[2], b[2];
	pthread_t ta, tb;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, a), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, b), 0);
	alice->link.fd = a[0];
	bob->link.fd = b[0];
	alice->side = DH_CLIENT;
	bob->side = DH_SERVER;
	assert_int_equal(pthread_create(&ta, NULL, honest, alice), 0);
	assert_int_equal(pthread_create(&tb, NULL, honest, bob), 0);
	dhmiddle_relay(&opt, NULL, a[1], "alice", b[1], "bob", talk);
	close(a[1]);
	close(b[1]);
	pthread_join(ta, NULL);
	pthread_join(tb, NULL);
}

static void relay_has_two_keys_and_every_word(void **state)
{
	(void)state;
	struct side alice = {0}, bob = {0};
	struct dhmiddle_talk talk = {0};
	char print[DH_FINGERPRINT_TEXT];
	between(&alice, &bob, &talk);
	assert_string_equal(talk.end, "ended");
	assert_int_equal(talk.lines, 1);
	assert_int_equal(talk.changed, 1);
	assert_string_equal(talk.heard[0], "alice: at noon");
	assert_string_equal(bob.read, "at nine");
	assert_string_equal(dh_fingerprint_text(print, &alice.ch), talk.fingerprint[0]);
	assert_string_equal(dh_fingerprint_text(print, &bob.ch), talk.fingerprint[1]);
	assert_string_not_equal(talk.fingerprint[0], talk.fingerprint[1]);
}

static void relay_cannot_make_signatures_fit(void **state)
{
	(void)state;
	struct side alice = {.sign = true}, bob = {.sign = true};
	struct dhmiddle_talk talk = {0};
	uint8_t pk[32];
	crypto_sign_keypair(pk, alice.secret_key);
	crypto_sign_keypair(pk, bob.secret_key);
	alice.signature_fits = bob.signature_fits = true;
	between(&alice, &bob, &talk);
	assert_string_equal(talk.end, "refused");
	assert_int_equal(talk.lines, 0);
	assert_false(alice.signature_fits);
	assert_false(bob.signature_fits);
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(rewrite_each_place_within_bounds),
	    cmocka_unit_test(relay_has_two_keys_and_every_word),
	    cmocka_unit_test(relay_cannot_make_signatures_fit),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
