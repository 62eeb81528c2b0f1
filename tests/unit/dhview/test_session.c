/* A whole session against a peer who misbehaves, over a socket pair; and the key files. */
#include "torture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dhview/session.h"
#include "events.h"

struct bench {
	struct session_options o;
	struct session_result res;
	struct trace t;
	struct recorder r;
	pthread_t thread;
	int ours; /* the peer's end of the socket */
	int input;
	/* the peer */
	struct dh_link link;
	struct dh_pair pair;
	struct dh_channel ch;
	struct deadline d;
};

static void *run(void *arg)
{
	struct bench *b = arg;
	(void)session_run(&b->o, &b->t, &b->res);
	close(b->o.fd);
	return NULL;
}

/* A session as server, with nothing to say. */
static void begin(struct bench *b, const uint8_t *secret_key, const struct peers *peers)
{
	int fds[2], in[2];
	memset(b, 0, sizeof(*b));
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(pipe(in), 0);
	b->o = (struct session_options){.side = DH_SERVER,
	    .self = "bob",
	    .peer = "alice",
	    .fd = fds[0],
	    .input_fd = in[0],
	    .cancel_fd = -1,
	    .timeout_ns = 3 * NS_PER_S,
	    .idle_ns = 3 * NS_PER_S,
	    .secret_key = secret_key,
	    .peers = peers};
	b->ours = fds[1];
	b->input = in[1];
	b->link.fd = fds[1];
	b->d = deadline_in(3 * NS_PER_S, -1);
	trace_init(&b->t, &clock_real, "bob");
	recorder_attach(&b->r, &b->t);
	assert_int_equal(pthread_create(&b->thread, NULL, run, b), 0);
}

static void finish(struct bench *b)
{
	if (b->ours >= 0)
		close(b->ours);
	pthread_join(b->thread, NULL);
	close(b->input);
	close(b->o.input_fd);
	dh_pair_release(&b->pair);
}

static void release(struct bench *b)
{
	assert_int_equal(trace_release(&b->t), ERR_OK);
	recorder_release(&b->r);
}

static void put(struct bench *b, const uint8_t *frame, size_t len)
{
	assert_int_equal(dh_link_send(&b->link, b->d, frame, len), ERR_OK);
}

/* The peer's half of the exchange; public_key replaces its own if not NULL. */
static void shake(struct bench *b, uint16_t group, bool auth, const uint8_t *public_key)
{
	uint8_t mine[DH_FRAME_MAX], theirs[DH_FRAME_MAX], secret[DH_PUBLIC_MAX];
	struct dh_hello h = {.auth = auth, .group = group}, got;
	size_t mine_len, theirs_len, at;
	const char *why;
	assert_int_equal(dh_pair_make(&b->pair, group), ERR_OK);
	h.public_key = public_key ? public_key : b->pair.public_key;
	h.len = b->pair.len;
	mine_len = dh_hello_write(mine, sizeof(mine), &h);
	put(b, mine, mine_len);
	if (dh_link_receive(&b->link, b->d, theirs, &theirs_len) != ERR_OK || public_key)
		return;
	assert_int_equal(dh_hello_parse(&got, theirs, theirs_len, &at), ERR_OK);
	assert_int_equal(dh_agree(&b->pair, got.public_key, got.len, secret, &why), ERR_OK);
	assert_int_equal(
	    dh_channel_init(&b->ch, DH_CLIENT, secret, b->pair.len, mine, mine_len, theirs, theirs_len), ERR_OK);
	if (auth) /* its signature, so that it is not left writing to nobody */
		(void)!dh_link_receive(&b->link, b->d, theirs, &theirs_len);
}

static void say(struct bench *b, enum dh_kind kind, const char *text)
{
	uint8_t frame[DH_FRAME_MAX];
	put(b, frame, dh_seal(&b->ch, kind, text, strlen(text), frame));
}

static void session_lines_both_ways_and_ended(void **state)
{
	(void)state;
	struct bench b;
	begin(&b, NULL, NULL);
	shake(&b, DH_GROUP_X25519, false, NULL);
	assert_int_equal(write(b.input, "hi\nthere", 8), 8);
	close(b.input);
	say(&b, DH_TEXT, "hello bob");
	say(&b, DH_END, "");
	char fingerprint[DH_FINGERPRINT_TEXT];
	dh_fingerprint_text(fingerprint, &b.ch);
	b.input = open("/dev/null", O_RDONLY);
	pthread_join(b.thread, NULL);
	assert_int_equal(b.res.err, ERR_OK);
	assert_int_equal(b.res.sent, 2);
	assert_int_equal(b.res.received, 1);
	assert_string_equal(b.res.fingerprint, fingerprint);
	assert_non_null(recorder_find(&b.r, 0, EV_RECV, "DH", "\"hello bob\""));
	assert_non_null(recorder_find(&b.r, 0, EV_SEND, "DH", "\"there\""));
	close(b.ours);
	close(b.input);
	close(b.o.input_fd);
	dh_pair_release(&b.pair);
	release(&b);
}

static void expect_end(struct bench *b, const char *id, enum err e)
{
	finish(b);
	assert_string_equal(b->res.id, id);
	assert_int_equal(b->res.err, e);
	release(b);
}

static void session_replayed_record_is_refused(void **state)
{
	(void)state;
	struct bench b;
	uint8_t frame[DH_FRAME_MAX];
	begin(&b, NULL, NULL);
	shake(&b, DH_GROUP_X25519, false, NULL);
	size_t len = dh_seal(&b.ch, DH_TEXT, "pay 10", 6, frame);
	put(&b, frame, len);
	put(&b, frame, len);
	finish(&b);
	assert_int_equal(b.res.received, 1);
	assert_string_equal(b.res.id, "replayed");
	assert_int_equal(b.res.err, ERR_NEGATIVE);
	release(&b);
}

static void session_reordered_records_are_refused(void **state)
{
	(void)state;
	struct bench b;
	uint8_t one[DH_FRAME_MAX], two[DH_FRAME_MAX];
	begin(&b, NULL, NULL);
	shake(&b, DH_GROUP_X25519, false, NULL);
	dh_seal(&b.ch, DH_TEXT, "1", 1, one);
	put(&b, two, dh_seal(&b.ch, DH_TEXT, "2", 1, two));
	expect_end(&b, "out-of-order", ERR_NEGATIVE);
}

static void session_forged_record_is_refused(void **state)
{
	(void)state;
	struct bench b;
	uint8_t frame[DH_FRAME_MAX];
	begin(&b, NULL, NULL);
	shake(&b, 0x0100, false, NULL);
	size_t len = dh_seal(&b.ch, DH_TEXT, "noon", 4, frame);
	frame[12] ^= 1;
	put(&b, frame, len);
	expect_end(&b, "forged", ERR_NEGATIVE);
}

/* Cut after a line, in the middle of a record, and within HELLO: never a success, and the half is not shown.
 */
static void session_cut_anywhere_is_no_end(void **state)
{
	(void)state;
	uint8_t frame[DH_FRAME_MAX];
	struct bench b;
	begin(&b, NULL, NULL);
	shake(&b, DH_GROUP_X25519, false, NULL);
	say(&b, DH_TEXT, "one");
	finish(&b);
	assert_string_equal(b.res.id, "cut");
	assert_int_equal(b.res.err, ERR_CLOSED);
	release(&b);

	begin(&b, NULL, NULL);
	shake(&b, DH_GROUP_X25519, false, NULL);
	size_t len = dh_seal(&b.ch, DH_TEXT, "half a message", 14, frame);
	put(&b, frame, len - 1);
	finish(&b);
	assert_int_equal(b.res.received, 0);
	assert_null(recorder_find(&b.r, 0, EV_RECV, "DH", "half"));
	assert_string_equal(b.res.id, "cut");
	release(&b);

	begin(&b, NULL, NULL);
	put(&b, (const uint8_t *)"\0\113\1GND", 6);
	expect_end(&b, "cut", ERR_CLOSED);
}

static void session_other_protocol_is_malformed(void **state)
{
	(void)state;
	struct bench b;
	begin(&b, NULL, NULL);
	put(&b, (const uint8_t *)"GET / HTTP/1.1\r\n\r\n", 18);
	expect_end(&b, "malformed", ERR_TOO_LONG);
	begin(&b, NULL, NULL);
	shake(&b, DH_GROUP_X25519, false, NULL);
	put(&b, (const uint8_t *)"\0\1\7", 3);
	expect_end(&b, "malformed", ERR_FORMAT);
}

static void session_small_order_point_is_refused(void **state)
{
	(void)state;
	static const uint8_t one[DH_PUBLIC_MAX] = {1};
	struct bench b;
	begin(&b, NULL, NULL);
	shake(&b, DH_GROUP_X25519, false, one);
	expect_end(&b, "bad-public-key", ERR_NEGATIVE);
	uint8_t top[DH_PUBLIC_MAX] = {0};
	begin(&b, NULL, NULL);
	shake(&b, 0x0100, false, top);
	expect_end(&b, "bad-public-key", ERR_NEGATIVE);
}

static void session_signature_is_checked(void **state)
{
	(void)state;
	uint8_t bob[64], alice[64], pk[32], auth[DH_AUTH_LEN];
	struct peers peers = {.n = 1, .at = {{.name = "alice"}}};
	struct bench b;
	crypto_sign_keypair(pk, bob);
	crypto_sign_keypair(peers.at[0].key, alice);

	begin(&b, bob, &peers); /* she does not sign */
	shake(&b, DH_GROUP_X25519, false, NULL);
	expect_end(&b, "unsigned", ERR_NEGATIVE);

	begin(&b, NULL, NULL); /* she wants a signature, and he has no key */
	shake(&b, DH_GROUP_X25519, true, NULL);
	expect_end(&b, "signature-wanted", ERR_NEGATIVE);

	begin(&b, bob, &peers); /* a line in the signature's place */
	shake(&b, DH_GROUP_X25519, true, NULL);
	say(&b, DH_TEXT, "trust me");
	expect_end(&b, "unsigned", ERR_NEGATIVE);

	begin(&b, bob, &peers); /* signed for other HELLOs */
	shake(&b, DH_GROUP_X25519, true, NULL);
	b.ch.transcript[0] ^= 1;
	dh_sign(&b.ch, DH_CLIENT, alice, auth);
	uint8_t frame[DH_FRAME_MAX];
	put(&b, frame, dh_seal(&b.ch, DH_AUTH, auth, sizeof(auth), frame));
	expect_end(&b, "bad-signature", ERR_NEGATIVE);

	begin(&b, bob, &peers); /* rightly signed, by a stranger: his own key */
	shake(&b, DH_GROUP_X25519, true, NULL);
	dh_sign(&b.ch, DH_CLIENT, bob, auth);
	put(&b, frame, dh_seal(&b.ch, DH_AUTH, auth, sizeof(auth), frame));
	expect_end(&b, "unknown-key", ERR_NEGATIVE);

	begin(&b, bob, &peers); /* as it should be */
	shake(&b, DH_GROUP_X25519, true, NULL);
	dh_sign(&b.ch, DH_CLIENT, alice, auth);
	put(&b, frame, dh_seal(&b.ch, DH_AUTH, auth, sizeof(auth), frame));
	say(&b, DH_TEXT, "it is me");
	finish(&b);
	assert_string_equal(b.res.peer_name, "alice");
	assert_int_equal(b.res.received, 1);
	release(&b);
}

/* --- files --- */

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static void peers_parse_lines(void **state)
{
	(void)state;
	static const char good[] = "# known\n\nalice ed25519 " KEY "\r\n  bob\ted25519 f" KEY "X";
	struct peers p;
	size_t at;
	char text[512];
	snprintf(text, sizeof(text), "# known\n\nalice ed25519 %s\r\n  bob\ted25519 ff%.62s # his\n", KEY, KEY);
	assert_int_equal(peers_parse(&p, text, strlen(text), &at), ERR_OK);
	assert_int_equal(p.n, 2);
	assert_string_equal(p.at[1].name, "bob");
	assert_ptr_equal(peers_find(&p, p.at[1].key), &p.at[1]);
	assert_int_equal(peers_parse(&p, good, sizeof(good) - 1, &at), ERR_FORMAT);
	assert_int_equal(at, strstr(good, " f0123") + 1 - good);
	static const char *const bad[] = {"alice rsa " KEY, "alice ed25519", "alice", "alice ed25519 " KEY " more",
	    "a ed25519 " KEY "\na ed25519 ff" KEY, "a ed25519 " KEY "\nb ed25519 " KEY};
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(peers_parse(&p, bad[i], strlen(bad[i]), &at), ERR_FORMAT);
}

static void key_file_made_read_and_guarded(void **state)
{
	(void)state;
	char path[] = "/tmp/dhview-test.XXXXXX", line[PEER_LINE], why[256];
	uint8_t sk[64];
	struct peers p;
	struct stat st;
	size_t at;
	close(mkstemp(path));
	assert_int_equal(key_make(path, "alice", line, why), ERR_IO); /* never replaced */
	unlink(path);
	assert_int_equal(key_make(path, "alice", line, why), ERR_OK);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(key_read(sk, path, why), ERR_OK);
	assert_int_equal(peers_parse(&p, line, strlen(line), &at), ERR_OK);
	assert_memory_equal(p.at[0].key, sk + 32, 32);
	chmod(path, 0640);
	assert_int_equal(key_read(sk, path, why), ERR_PERM);
	assert_non_null(strstr(why, "others can read"));
	unlink(path);
	assert_int_equal(key_read(sk, path, why), ERR_IO);
	assert_int_equal(key_parse(sk, "glassnet-ed25519-secret " KEY "\n", 89, &at), ERR_OK);
	assert_int_equal(key_parse(sk, "glassnet-ed25519-secret " KEY " x", 90, &at), ERR_FORMAT);
	assert_int_equal(key_parse(sk, KEY, 64, &at), ERR_FORMAT);
	assert_int_equal(key_parse(sk, "", 0, &at), ERR_FORMAT);
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(session_lines_both_ways_and_ended),
	    cmocka_unit_test(session_replayed_record_is_refused),
	    cmocka_unit_test(session_reordered_records_are_refused),
	    cmocka_unit_test(session_forged_record_is_refused),
	    cmocka_unit_test(session_cut_anywhere_is_no_end),
	    cmocka_unit_test(session_other_protocol_is_malformed),
	    cmocka_unit_test(session_small_order_point_is_refused),
	    cmocka_unit_test(session_signature_is_checked),
	    cmocka_unit_test(peers_parse_lines),
	    cmocka_unit_test(key_file_made_read_and_guarded),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
