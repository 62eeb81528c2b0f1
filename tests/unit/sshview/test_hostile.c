/* Servers that break the rules: each is refused, and the reason has a name. The server is a child with the library's own
 * server side, bent where it matters. */
#include <netinet/in.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "events.h"
#include "torture.h"

#include "sshview/sshview.h"

typedef void behave(int fd);

/* --- the bad server's tools --- */

static void put(int fd, const void *p, size_t n)
{
	const uint8_t *at = p;

	while (n) {
		ssize_t k = write(fd, at, n);
		if (k <= 0)
			_exit(0); /* the client has hung up, as it should */
		at += k;
		n -= (size_t)k;
	}
}

static void put_version(int fd)
{
	put(fd, "SSH-2.0-hostile\r\n", 17);
}

static void put_plain(int fd, struct sshdir *d, const struct sbuf *payload)
{
	struct sbuf out = {0};

	if (sshdir_seal(d, payload->p, payload->len, &out) != ERR_OK)
		_exit(1);
	put(fd, out.p, out.len);
}

static void put_ignore(int fd, struct sshdir *d)
{
	struct sbuf b = {0};

	sbuf_u8(&b, SSHMSG_IGNORE);
	sbuf_text(&b, "");
	put_plain(fd, d, &b);
}

static void put_kexinit(int fd, struct sshdir *d, bool strict, const char *hostkey)
{
	struct sbuf b = {0};
	uint8_t cookie[16] = {0};

	sbuf_u8(&b, SSHMSG_KEXINIT);
	sbuf_bytes(&b, cookie, sizeof(cookie));
	sbuf_text(&b, strict ? "curve25519-sha256,kex-strict-s-v00@openssh.com" : "curve25519-sha256");
	sbuf_text(&b, hostkey);
	for (int i = 0; i < 2; i++)
		sbuf_text(&b, "chacha20-poly1305@openssh.com");
	for (int i = 0; i < 2; i++)
		sbuf_text(&b, "hmac-sha2-256");
	for (int i = 0; i < 2; i++)
		sbuf_text(&b, "none");
	for (int i = 0; i < 2; i++)
		sbuf_text(&b, "");
	sbuf_bool(&b, false);
	sbuf_u32(&b, 0);
	put_plain(fd, d, &b);
}

/* Reads until the client goes. */
static void drain(int fd)
{
	char buf[4096];

	while (read(fd, buf, sizeof(buf)) > 0)
		;
}

/* A proper server up to the end of the key exchange. */
static void begin(struct sshtr *tr, int fd, const struct sshkey_private *key, const char *hostkey)
{
	struct sshtr_options o = {.fd = fd,
	    .server = true,
	    .deadline = deadline_in(5 * NS_PER_S, -1),
	    .me = "server",
	    .peer = "client",
	    .offer = {SSH_OFFER_KEX, hostkey, SSH_OFFER_CIPHER, true},
	    .keylog_fd = -1,
	    .host_key = key};

	sshtr_init(tr, &o);
	if (sshtr_start(tr) != ERR_OK)
		_exit(0);
}

static void good_key(struct sshkey_private *k)
{
	static const uint8_t seed[32] = {1};

	if (sshkey_generate(k, seed, "") != ERR_OK)
		_exit(1);
}

static void reply(struct sshtr *tr, struct sbuf *b)
{
	if (sshtr_send(tr, b, false, NULL) != ERR_OK || sshtr_flush(tr, true) != ERR_OK)
		_exit(0);
	sbuf_clear(b);
}

/* Up to a running command: everybody is let in. */
static void serve_command(struct sshtr *tr, int fd)
{
	static struct sshkey_private key;
	struct sbuf b = {0};

	good_key(&key);
	begin(tr, fd, &key, "ssh-ed25519");
	for (int step = 0; step < 4; step++) {
		if (sshtr_recv(tr, true) != ERR_OK)
			_exit(0);
		switch (tr->payload.p[0]) {
		case SSHMSG_SERVICE_REQUEST:
			sbuf_u8(&b, SSHMSG_SERVICE_ACCEPT);
			sbuf_text(&b, "ssh-userauth");
			break;
		case SSHMSG_USERAUTH_REQUEST:
			sbuf_u8(&b, SSHMSG_USERAUTH_SUCCESS);
			break;
		case SSHMSG_CHANNEL_OPEN:
			sbuf_u8(&b, SSHMSG_CHANNEL_OPEN_CONFIRMATION);
			for (unsigned i = 0; i < 4; i++)
				sbuf_u32(&b, i < 2 ? 0 : 65536);
			break;
		default:
			sbuf_u8(&b, SSHMSG_CHANNEL_SUCCESS);
			sbuf_u32(&b, 0);
			break;
		}
		reply(tr, &b);
	}
}

static void put_data(struct sbuf *b, uint32_t channel, size_t n)
{
	sbuf_u8(b, SSHMSG_CHANNEL_DATA);
	sbuf_u32(b, channel);
	sbuf_u32(b, (uint32_t)n);
	uint8_t *p = sbuf_grow(b, n);
	memset(p, 'x', n);
}

/* --- what they do --- */

static void endless_banner(int fd)
{
	for (;;)
		put(fd, "come in\r\n", 9);
}

static void endless_line(int fd)
{
	for (;;)
		put(fd, "xxxxxxxxxxxxxxxx", 16);
}

static void old_version(int fd)
{
	put(fd, "SSH-1.5-old\n", 12);
	drain(fd);
}

static void not_ssh(int fd)
{
	put(fd, "HTTP/1.1 400 Bad Request\r\n\r\n", 28);
}

static void huge_length(int fd)
{
	put_version(fd);
	put(fd, "\xff\xff\xff\xff", 4);
	drain(fd);
}

static void odd_length(int fd)
{
	put_version(fd);
	put(fd, "\0\0\0\x0d\4", 5);
	drain(fd);
}

static void ignore_first(int fd)
{
	struct sshdir d = {0};

	put_version(fd);
	put_ignore(fd, &d);
	put_kexinit(fd, &d, true, "ssh-ed25519");
	drain(fd);
}

static void ignore_within(int fd)
{
	struct sshdir d = {0};

	put_version(fd);
	put_kexinit(fd, &d, true, "ssh-ed25519");
	put_ignore(fd, &d);
	drain(fd);
}

static void nothing_in_common(int fd)
{
	struct sshdir d = {0};

	put_version(fd);
	put_kexinit(fd, &d, true, "ssh-dss");
	drain(fd);
}

static void reply_with(int fd, size_t q_len, uint8_t q, const struct sshkey_private *key)
{
	struct sshdir d = {0};
	struct sbuf b = {0};
	uint8_t point[64];

	memset(point, q, sizeof(point));
	put_version(fd);
	put_kexinit(fd, &d, true, key->public.type == SSHKEY_RSA ? "rsa-sha2-512" : "ssh-ed25519");
	sbuf_u8(&b, SSHMSG_ECDH_REPLY);
	sbuf_string(&b, key->public.blob, key->public.len);
	sbuf_string(&b, point, q_len);
	sbuf_text(&b, "no signature");
	put_plain(fd, &d, &b);
	drain(fd);
}

static void weak_point(int fd)
{
	struct sshkey_private k;

	good_key(&k);
	reply_with(fd, 32, 0, &k);
}

static void short_point(int fd)
{
	struct sshkey_private k;

	good_key(&k);
	reply_with(fd, 31, 9, &k);
}

static void no_signature(int fd)
{
	struct sshkey_private k;

	good_key(&k);
	reply_with(fd, 32, 9, &k);
}

/* Signed, and well, with another key than the one that is shown. */
static void wrong_signature(int fd)
{
	static struct sshkey_private k, other;
	struct sshtr tr;

	good_key(&k);
	if (sshkey_generate(&other, NULL, "") != ERR_OK)
		_exit(1);
	memcpy(k.ed25519, other.ed25519, sizeof(k.ed25519));
	begin(&tr, fd, &k, "ssh-ed25519");
	drain(fd);
}

static void weak_key(int fd)
{
	EVP_PKEY *rsa = EVP_RSA_gen(1024);
	BIGNUM *n = NULL, *e = NULL;
	uint8_t octets[128];
	struct sbuf b = {0};
	struct sshkey_private k = {0};
	size_t at;

	EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_N, &n);
	EVP_PKEY_get_bn_param(rsa, OSSL_PKEY_PARAM_RSA_E, &e);
	sbuf_text(&b, "ssh-rsa");
	sbuf_mpint(&b, octets, (size_t)BN_bn2bin(e, octets));
	sbuf_mpint(&b, octets, (size_t)BN_bn2bin(n, octets));
	if (sshkey_parse(&k.public, b.p, b.len, &at) != ERR_OK)
		_exit(1);
	reply_with(fd, 32, 9, &k);
}

/* What comes after NEWKEYS, changed. */
static void after_newkeys(int fd, size_t cut, bool flip)
{
	struct sshkey_private k;
	struct sshtr tr;
	struct sbuf b = {0}, out = {0};

	good_key(&k);
	begin(&tr, fd, &k, "ssh-ed25519");
	sbuf_u8(&b, SSHMSG_SERVICE_ACCEPT);
	sbuf_text(&b, "ssh-userauth");
	if (sshdir_seal(&tr.out, b.p, b.len, &out) != ERR_OK)
		_exit(1);
	if (flip)
		out.p[out.len - 1] ^= 1;
	put(fd, out.p, out.len - cut);
	shutdown(fd, SHUT_WR);
	drain(fd);
}

static void altered_mac(int fd)
{
	after_newkeys(fd, 0, true);
}

static void truncated_mac(int fd)
{
	after_newkeys(fd, 3, false);
}

static void unasked(int fd)
{
	struct sshkey_private k;
	struct sshtr tr;
	struct sbuf b = {0};

	good_key(&k);
	begin(&tr, fd, &k, "ssh-ed25519");
	sbuf_u8(&b, SSHMSG_USERAUTH_SUCCESS); /* in place of SERVICE_ACCEPT */
	reply(&tr, &b);
	drain(fd);
}

static void window_overflow(int fd)
{
	struct sshtr tr;
	struct sbuf b = {0}, out = {0};

	serve_command(&tr, fd);
	put_data(&b, 0, 32000);
	for (int i = 0; i < 400; i++)
		if (sshdir_seal(&tr.out, b.p, b.len, &out) != ERR_OK)
			_exit(1);
	put(fd, out.p, out.len);
	drain(fd);
}

static void big_message(int fd)
{
	struct sshtr tr;
	struct sbuf b = {0};

	serve_command(&tr, fd);
	put_data(&b, 0, 100000);
	reply(&tr, &b);
	drain(fd);
}

static void other_channel(int fd)
{
	struct sshtr tr;
	struct sbuf b = {0};

	serve_command(&tr, fd);
	put_data(&b, 7, 10);
	reply(&tr, &b);
	drain(fd);
}

static void no_exit_status(int fd)
{
	struct sshtr tr;
	struct sbuf b = {0};

	serve_command(&tr, fd);
	sbuf_u8(&b, SSHMSG_CHANNEL_CLOSE);
	sbuf_u32(&b, 0);
	reply(&tr, &b);
	drain(fd);
}

static void newkeys_again(int fd)
{
	struct sshtr tr;
	struct sbuf b = {0};

	serve_command(&tr, fd);
	sbuf_u8(&b, SSHMSG_NEWKEYS);
	reply(&tr, &b);
	drain(fd);
}

static void silence(int fd)
{
	drain(fd);
}

/* --- the client --- */

static int listen_here(uint16_t *port)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0 && listen(fd, 4) == 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	*port = ntohs(sa.sin_port);
	return fd;
}

static void refused(behave *server, const char *end, enum err err)
{
	struct connect_options o = {.user = "alice",
	    .command = "true",
	    .strict = STRICT_NO,
	    .offer = {SSH_OFFER_KEX, SSH_OFFER_HOSTKEY, SSH_OFFER_CIPHER, true},
	    .hostkey_given = true,
	    .timeout_ns = 3 * NS_PER_S,
	    .keylog_fd = -1,
	    .cancel_fd = -1,
	    .no_input = true,
	    .actor = "client",
	    .clock = &clock_real};
	struct result *res = malloc(sizeof(*res));
	int fd = listen_here(&o.target.port), status;

	strcpy(o.target.host, "127.0.0.1");
	if (server == silence)
		o.timeout_ns = NS_PER_S / 5;
	pid_t pid = fork();
	if (pid == 0) {
		int c = accept(fd, NULL, NULL);
		alarm(10);
		server(c);
		_exit(0);
	}
	close(fd);
	result_init(res);
	assert_int_equal(connect_run(&o, NULL, res), err);
	if (strcmp(res->end, end) != 0)
		fail_msg("ended with %s (%s), not %s", res->end, res->text, end);
	assert_true(strlen(res->text) > 10);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	free(res);
}

#define HOSTILE(name, end, err)                                                                                      \
	static void hostile_##name##_is_refused(void **state)                                                        \
	{                                                                                                            \
		(void)state;                                                                                         \
		refused(name, end, err);                                                                             \
	}

HOSTILE(endless_banner, "endless-banner", ERR_TOO_LONG)
HOSTILE(endless_line, "endless-line", ERR_TOO_LONG)
HOSTILE(old_version, "old-version", ERR_VERSION)
HOSTILE(not_ssh, "closed", ERR_CLOSED)
HOSTILE(huge_length, "bad-packet", ERR_FORMAT)
HOSTILE(odd_length, "bad-packet", ERR_FORMAT)
HOSTILE(ignore_first, "strict-order", ERR_FORMAT)
HOSTILE(ignore_within, "strict-order", ERR_FORMAT)
HOSTILE(nothing_in_common, "no-common-algorithm", ERR_NEGATIVE)
HOSTILE(weak_point, "weak-public-key", ERR_NEGATIVE)
HOSTILE(short_point, "bad-reply", ERR_FORMAT)
HOSTILE(no_signature, "bad-signature", ERR_NEGATIVE)
HOSTILE(wrong_signature, "bad-signature", ERR_NEGATIVE)
HOSTILE(weak_key, "weak-key", ERR_NEGATIVE)
HOSTILE(altered_mac, "bad-mac", ERR_NEGATIVE)
HOSTILE(truncated_mac, "closed-in-packet", ERR_CLOSED)
HOSTILE(unasked, "unexpected-message", ERR_FORMAT)
HOSTILE(window_overflow, "window-overflow", ERR_FORMAT)
HOSTILE(big_message, "packet-overflow", ERR_FORMAT)
HOSTILE(other_channel, "bad-channel", ERR_FORMAT)
HOSTILE(no_exit_status, "no-exit-status", ERR_CLOSED)
HOSTILE(newkeys_again, "unexpected-message", ERR_FORMAT)
HOSTILE(silence, "timeout", ERR_TIMEOUT)

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(hostile_endless_banner_is_refused),
	    cmocka_unit_test(hostile_endless_line_is_refused), cmocka_unit_test(hostile_old_version_is_refused),
	    cmocka_unit_test(hostile_not_ssh_is_refused), cmocka_unit_test(hostile_huge_length_is_refused),
	    cmocka_unit_test(hostile_odd_length_is_refused), cmocka_unit_test(hostile_ignore_first_is_refused),
	    cmocka_unit_test(hostile_ignore_within_is_refused),
	    cmocka_unit_test(hostile_nothing_in_common_is_refused), cmocka_unit_test(hostile_weak_point_is_refused),
	    cmocka_unit_test(hostile_short_point_is_refused), cmocka_unit_test(hostile_no_signature_is_refused),
	    cmocka_unit_test(hostile_wrong_signature_is_refused), cmocka_unit_test(hostile_weak_key_is_refused),
	    cmocka_unit_test(hostile_altered_mac_is_refused), cmocka_unit_test(hostile_truncated_mac_is_refused),
	    cmocka_unit_test(hostile_unasked_is_refused), cmocka_unit_test(hostile_window_overflow_is_refused),
	    cmocka_unit_test(hostile_big_message_is_refused), cmocka_unit_test(hostile_other_channel_is_refused),
	    cmocka_unit_test(hostile_no_exit_status_is_refused), cmocka_unit_test(hostile_newkeys_again_is_refused),
	    cmocka_unit_test(hostile_silence_is_refused)};

	signal(SIGPIPE, SIG_IGN);
	return sodium_init() < 0 || cmocka_run_group_tests(tests, NULL, NULL);
}
