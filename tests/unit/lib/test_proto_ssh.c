/* SSH-2 before its keys. Hand-made after RFC 4253 6 to 8 and RFC 5656 4. */
#include "glassnet/proto/ssh.h"
#include "proto_support.h"

/* A packet around a payload. */
static void add_packet(struct bytes *b, const char *payload_hex)
{
	static const uint8_t zeros[16] = {0};
	struct bytes payload = from_hex(payload_hex);
	size_t pad = 8 - (5 + payload.n) % 8;

	pad += pad < 4 ? 8 : 0;
	size_t length = 1 + payload.n + pad;
	uint8_t head[5] = {0, 0, (uint8_t)(length >> 8), (uint8_t)length, (uint8_t)pad};
	add_octets(b, head, 5);
	add_octets(b, payload.b, payload.n);
	add_octets(b, zeros, pad);
}

/* curve25519-sha256,a | ssh-ed25519 | aes256-gcm@openssh.com … */
static const char kexinit[] =
    "14 000102030405060708090a0b0c0d0e0f"
    "00000013 637572766532353531392d7368613235362c61 0000000b 7373682d65643235353139"
    "00000016 6165733235362d67636d406f70656e7373682e636f6d"
    "00000016 6165733235362d67636d406f70656e7373682e636f6d"
    "00000001 62 00000001 62 00000004 6e6f6e65 00000004 6e6f6e65 00000000 00000000 00 00000000";
/* host key (ssh-ed25519, four octets), public value, signature */
static const char reply[] =
    "1f 00000017 0000000b7373682d65643235353139 0000000401020304 00000002 0506 00000003 070809";

static struct ssh parsed(const struct bytes *b)
{
	struct ssh h;
	size_t at;

	assert_int_equal(ssh_parse(&h, b->b, b->n, &at), ERR_OK);
	assert_int_equal(at, b->n);
	return h;
}

#define ASSERT_SSH(bytes_, want)                                                                                     \
	do {                                                                                                         \
		struct ssh h_ = parsed(&(bytes_));                                                                   \
		ASSERT_LINE(want, ssh_summary(&h_, (bytes_).b, (bytes_).n, &out));                                   \
	} while (0)

static void version_and_kexinit_in_one_segment_are_both_told(void **state)
{
	struct bytes b = {.n = 0};

	(void)state;
	add_octets(&b, "SSH-2.0-x\r\n", 11);
	assert_true(ssh_looks_like(b.b, b.n));
	add_packet(&b, kexinit);
	ASSERT_SSH(b, "SSH version SSH-2.0-x; KEXINIT, first of each list: curve25519-sha256, ssh-ed25519, "
	              "aes256-gcm@openssh.com");
	assert_false(parsed(&b).encrypted);
}

static void what_follows_newkeys_is_encrypted(void **state)
{
	struct bytes b = {.n = 0};

	(void)state;
	add_packet(&b, reply);
	add_packet(&b, "15");
	assert_true(parsed(&b).newkeys);
	assert_false(parsed(&b).encrypted);
	add_packet(&b, "02 00000000"); /* looks like a message, but cannot be one */
	ASSERT_SSH(b, "SSH KEX_ECDH_REPLY, host key ssh-ed25519; NEWKEYS: from here on this side's packets are "
	              "encrypted; 16 bytes encrypted");
	assert_true(parsed(&b).encrypted);
}

static void chance_is_not_taken_for_a_message(void **state)
{
	/* as with AES-GCM: the length is in the clear, the rest is not */
	static const char *const cases[] = {"0000000c 04 14 5a5a5a5a5a5a5a5a5a5a",
	    "0000000c 0a 16 000000000000000000 00", "00000014 0415 0102030405060708090a0b0c0d0e0f1011 12",
	    "0000000c 04 1e 5a5a5a5a5a5a5a5a5a5a", "00000000", "00", "ffffffffffffffffffffffff",
	    "0000000c ff 15 000000000000000000 00"};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = from_hex(cases[i]);
		assert_true(parsed(&b).encrypted);
	}
}

static void fields_stand_where_they_are(void **state)
{
	struct bytes b = {.n = 0};
	struct kept k;
	struct trace t = keeping_trace(&k);

	(void)state;
	add_octets(&b, "SSH-2.0-\x1b\r\n", 11);
	add_packet(&b, kexinit);
	size_t second = b.n;
	add_packet(&b, reply);
	struct ssh h = parsed(&b);
	ssh_describe(&h, b.b, b.n, 100, &t);
	assert_field(&k, "version", "SSH-2.0-\\x1b", 100, 9);
	assert_field(&k, "cookie", "000102030405060708090a0b0c0d0e0f", 117, 16);
	assert_field(&k, "key exchange", "curve25519-sha256,a", 137, 19);
	assert_field(&k, "host key", "ssh-ed25519", 160, 11);
	assert_field(&k, "host key", "ssh-ed25519", 100 + second + 14, 11);
	/* printf '\0\0\0\013ssh-ed25519\0\0\0\4\1\2\3\4' | openssl dgst -sha256 -binary | base64 */
	assert_field(&k, "fingerprint", "SHA256:huY78Jldb5S8vXxjT3nKH+i2oG/1vi/D8uOVazYreOQ", 100 + second + 10, 23);
	assert_field(&k, "signature", "070809", 100 + second + 43, 3);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void group_exchange_shares_a_number_with_the_reply(void **state)
{
	struct bytes b = {.n = 0};

	(void)state;
	add_packet(&b, "22 00000800 00000c00 00002000");
	ASSERT_SSH(b, "SSH KEX_DH_GEX_REQUEST");
	b.n = 0;
	add_packet(&b, "1f 00000004 00aabbcc 00000001 02");
	ASSERT_SSH(b, "SSH KEX_DH_GEX_GROUP");
}

static void disconnect_says_why(void **state)
{
	struct bytes b = {.n = 0};

	(void)state;
	add_packet(&b, "01 00000002 00000003 4e6f0a 00000000");
	ASSERT_SSH(b, "SSH DISCONNECT reason 2 No\\x0a");
}

/* A stream is cut where its segments end: whatever the place, that is no error. */
static void every_cut_is_no_error(void **state)
{
	struct bytes b = {.n = 0};
	struct ssh h;
	size_t at;

	(void)state;
	add_octets(&b, "SSH-2.0-x\r\n", 11);
	add_packet(&b, kexinit);
	add_packet(&b, reply);
	for (size_t len = 0; len <= b.n; len++) {
		uint8_t *p = exact(b.b, len);
		assert_int_equal(ssh_parse(&h, p, len, &at), ERR_OK);
		assert_int_equal(at, len);
		free(p);
	}
	b.n = 150;
	ASSERT_SSH(b, "SSH version SSH-2.0-x; KEXINIT, first of each list: curve25519-sha256, ssh-ed25519, "
	              "aes256-gcm@openssh.com (goes on in the next segment)");
}

static void malformed_is_rejected_at_the_octet(void **state)
{
	struct bytes b = {.n = 0};
	struct ssh h;
	size_t at;

	(void)state;
	add_packet(&b, "14 000102030405060708090a0b0c0d0e0f 00000001 61 000000ff 62");
	assert_int_equal(ssh_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 5 + 17 + 5);
	b.n = 0;
	add_octets(&b, "SSH-2.0-", 8);
	memset(b.b + 8, 'y', 300);
	b.n = 308;
	assert_int_equal(ssh_parse(&h, b.b, b.n, &at), ERR_TOO_LONG);
	assert_int_equal(at, 255);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(version_and_kexinit_in_one_segment_are_both_told),
	    cmocka_unit_test(what_follows_newkeys_is_encrypted),
	    cmocka_unit_test(chance_is_not_taken_for_a_message),
	    cmocka_unit_test(fields_stand_where_they_are),
	    cmocka_unit_test(group_exchange_shares_a_number_with_the_reply),
	    cmocka_unit_test(disconnect_says_why),
	    cmocka_unit_test(every_cut_is_no_error),
	    cmocka_unit_test(malformed_is_rejected_at_the_octet),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
