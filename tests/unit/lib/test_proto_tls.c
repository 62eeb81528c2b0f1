/* TLS records and hello messages. The TLS 1.3 hellos are those of RFC 8448 3; the rest is hand-made. */
#include "glassnet/proto/tls.h"
#include "proto_support.h"

static const char client_hello[] =
    "16030100c4 010000c0 0303 cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 00 "
    "0006130113031302 0100"
    "0091 0000000b0009000006736572766572 ff01000100 000a00140012001d0017001800190100010101020103010400230000"
    "003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c 002b0003020304"
    "000d0020001e040305030603020308040805080604010501060102010402050206020202 002d00020101 001c00024001";
static const char server_hello[] =
    "160303005a 02000056 0303 a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e26928 00 1301 00 "
    "002e"
    "00330024001d0020c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f 002b00020304";

static void assert_summary(const char *hex, const char *want, bool encrypted)
{
	struct bytes b = from_hex(hex);
	uint8_t *p = exact(b.b, b.n);
	struct tls h;
	size_t at;

	assert_true(tls_looks_like(p, b.n));
	assert_int_equal(tls_parse(&h, p, b.n, &at), ERR_OK);
	assert_int_equal(h.encrypted, encrypted);
	ASSERT_LINE(want, tls_summary(&h, p, b.n, &out));
	free(p);
}

static void client_hello_of_rfc_8448_is_read(void **state)
{
	struct bytes b = from_hex(client_hello);
	struct tls_cursor c = tls_records(b.b, b.n);
	struct tls_record r;
	struct tls_message m;
	struct tls_hello h;
	size_t pos = 0, at;

	(void)state;
	assert_summary(client_hello, "TLS ClientHello server name server, TLS 1.3 offered", false);
	assert_true(tls_next_record(&c, &r));
	assert_true(tls_next_message(b.b, &r, &pos, &m));
	assert_int_equal(m.length, 192);
	assert_int_equal(tls_hello_parse(&h, b.b, &m, &at), ERR_OK);
	assert_int_equal(h.version, 0x0303);
	assert_int_equal(h.best, 0x0304);
	assert_int_equal(h.ciphers.len, 6);
	assert_int_equal(h.groups.len, 18);
	assert_int_equal(h.key_shares.len, 36);
	assert_false(h.partial);
	assert_false(tls_next_message(b.b, &r, &pos, &m));
	assert_false(tls_next_record(&c, &r));
	assert_int_equal(c.err, ERR_OK);
}

static void client_hello_fields_stand_where_they_are(void **state)
{
	struct bytes b = from_hex(client_hello);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct tls h;
	size_t at;

	(void)state;
	assert_int_equal(tls_parse(&h, b.b, b.n, &at), ERR_OK);
	tls_describe(&h, b.b, b.n, 1000, &t);
	assert_field(&k, "handshake message", "ClientHello, 192 bytes", 1005, 196);
	assert_field(&k, "cipher suite", "TLS_CHACHA20_POLY1305_SHA256", 1048, 2);
	assert_field(&k, "server name", "server", 1065, 6);
	assert_field(&k, "group", "ffdhe2048", 1090, 2);
	assert_field(&k, "key share", "x25519, 32 bytes", 1110, 36);
	assert_field(&k, "version", "TLS 1.3", 1151, 2);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void server_hello_of_rfc_8448_is_read(void **state)
{
	(void)state;
	assert_summary(server_hello, "TLS ServerHello TLS 1.3, TLS_AES_128_GCM_SHA256", false);
}

static void retry_is_known_by_its_random(void **state)
{
	(void)state;
	assert_summary("1603030038 02000034 0303 "
	               "cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c 00 1302 00"
	               "000c 002b00020304 003300020017",
	    "TLS HelloRetryRequest TLS 1.3, TLS_AES_256_GCM_SHA384", false);
}

static void hello_cut_anywhere_shows_what_is_here(void **state)
{
	struct bytes b = from_hex(client_hello);

	(void)state;
	for (size_t len = 5; len < b.n; len++) {
		uint8_t *p = exact(b.b, len);
		struct kept k;
		struct trace t = keeping_trace(&k);
		struct tls h;
		size_t at;
		char line[200];
		struct text out = text_init(line, sizeof(line));
		assert_int_equal(tls_parse(&h, p, len, &at), ERR_OK);
		assert_false(h.encrypted);
		tls_summary(&h, p, len, &out);
		/* from octet 71 on the extension with the name is whole */
		assert_int_equal(strstr(line, "server name server") != NULL, len >= 71);
		tls_describe(&h, p, len, 0, &t);
		assert_int_equal(trace_release(&t), ERR_OK);
		free(p);
	}
}

static void hello_with_wrong_lengths_is_rejected(void **state)
{
	static const struct {
		size_t octet;
		uint8_t value;
		enum err e;
	} bad[] = {
	    {43, 33, ERR_TRUNCATED},   /* session id: swallows what follows */
	    {45, 5, ERR_FORMAT},       /* cipher suites: an odd number of octets */
	    {52, 0xff, ERR_TRUNCATED}, /* compression methods beyond the end */
	    {55, 0x92, ERR_TRUNCATED}, /* extensions: one octet more than there is */
	    {55, 0x90, ERR_FORMAT},    /* one less: the last extension is cut */
	    {61, 0x0a, ERR_FORMAT},    /* the list of names differs from its extension */
	    {64, 7, ERR_FORMAT},       /* the name is longer than the list */
	    {109, 0x27, ERR_FORMAT},   /* the list of key shares differs from its extension */
	    {113, 0x21, ERR_FORMAT},   /* a key longer than the list */
	    {150, 3, ERR_FORMAT},      /* versions: an odd number of octets */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct bytes b = from_hex(client_hello);
		struct tls h;
		size_t at = 99999;
		b.b[bad[i].octet] = bad[i].value;
		assert_int_equal(tls_parse(&h, b.b, b.n, &at), bad[i].e);
		assert_true(at <= b.n);
	}
}

static void records_are_told_by_what_can_be_read(void **state)
{
	(void)state;
	assert_summary("1503030002 0230", "TLS alert (fatal): unknown_ca", false);
	assert_summary("1503030002 0100", "TLS alert (warning): close_notify", false);
	assert_summary("1503030002 02ff", "TLS alert (fatal): number 255", false);
	assert_summary(
	    "150303001a 00000000000000000102030405060708090a0b0c0d0e0f101112", "TLS encrypted alert", true);
	assert_summary(
	    "1703030004 01020304 1703030003 010203", "TLS application data, 7 bytes encrypted in 2 records", true);
	assert_summary(
	    "1403030001 01 1703030003 010203", "TLS change cipher spec; application data, 3 bytes encrypted", true);
	assert_summary("1403030001 01", "TLS change cipher spec", false);
}

static void handshake_of_tls_12_is_read_up_to_change_cipher_spec(void **state)
{
	(void)state;
	assert_summary(
	    "1603030008 0c000004 01020304 1603030004 0e000000", "TLS ServerKeyExchange; ServerHelloDone", false);
	assert_summary("1603030008 10000004 01020304 1403030001 01 1603030010 01000000000000000102030405060708",
	    "TLS ClientKeyExchange; change cipher spec; encrypted handshake message", true);
	/* Finished is never sent in the clear: alone it cannot be told from noise, and is not shown as
	 * readable */
	assert_summary("1603030010 1400000c0102030405060708090a0b0c", "TLS encrypted handshake message", true);
}

static void certificate_list_is_described_by_sizes(void **state)
{
	struct bytes b = from_hex("1603030012 0b00000e 00000b 000003 010203 000002 0405");
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct tls h;
	size_t at;

	(void)state;
	assert_int_equal(tls_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("TLS Certificate (14 bytes)", tls_summary(&h, b.b, b.n, &out));
	tls_describe(&h, b.b, b.n, 0, &t);
	assert_field(&k, "certificate", "3 bytes", 12, 6);
	assert_field(&k, "certificate", "2 bytes", 18, 5);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void message_over_two_records_goes_on(void **state)
{
	(void)state;
	assert_summary("1603030008 0c000006 01020304 1603030002 ffff",
	    "TLS ServerKeyExchange (goes on in the next segment); handshake message continued", false);
}

static void record_cut_by_the_segment_is_no_error(void **state)
{
	(void)state;
	assert_summary(
	    "1703030100 01020304", "TLS application data, 256 bytes encrypted (goes on in the next segment)", true);
	assert_summary("1703030001 01 170303", "TLS application data, 1 byte encrypted", true);
}

static void what_is_no_record_is_rejected(void **state)
{
	struct bytes b = from_hex("1703030001 01 47455420");
	struct tls h;
	size_t at;

	(void)state;
	add_hex(&b, "2f20");
	assert_int_equal(tls_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 6);
	static const char *const not_tls[] = {
	    "1703030000", "17030548ff", "1903030001", "1302030001", "170202000a", "16030300"};
	for (size_t i = 0; i < sizeof(not_tls) / sizeof(not_tls[0]); i++) {
		struct bytes n = from_hex(not_tls[i]);
		assert_false(tls_looks_like(n.b, n.n));
	}
}

static void grease_is_not_taken_for_a_version(void **state)
{
	struct bytes b = from_hex(client_hello);
	struct tls h;
	size_t at;

	(void)state;
	b.b[151] = b.b[152] = 0xfa;
	assert_int_equal(tls_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("TLS ClientHello server name server", tls_summary(&h, b.b, b.n, &out));
	assert_true(tls_is_grease(0x0a0a) && tls_is_grease(0xfafa));
	assert_false(tls_is_grease(0x0a1a) || tls_is_grease(0x0304));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(client_hello_of_rfc_8448_is_read),
	    cmocka_unit_test(client_hello_fields_stand_where_they_are),
	    cmocka_unit_test(server_hello_of_rfc_8448_is_read),
	    cmocka_unit_test(retry_is_known_by_its_random),
	    cmocka_unit_test(hello_cut_anywhere_shows_what_is_here),
	    cmocka_unit_test(hello_with_wrong_lengths_is_rejected),
	    cmocka_unit_test(records_are_told_by_what_can_be_read),
	    cmocka_unit_test(handshake_of_tls_12_is_read_up_to_change_cipher_spec),
	    cmocka_unit_test(certificate_list_is_described_by_sizes),
	    cmocka_unit_test(message_over_two_records_goes_on),
	    cmocka_unit_test(record_cut_by_the_segment_is_no_error),
	    cmocka_unit_test(what_is_no_record_is_rejected),
	    cmocka_unit_test(grease_is_not_taken_for_a_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
