/* Argon2id beside the reference implementation (libargon2). RFC 9106's own vectors have four lanes, a secret and
 * associated data, which libsodium does not do: so the reference is held against the RFC's vector first, and
 * libsodium, which hashview uses, against the reference. */
#include <argon2.h>
#include <sodium.h>
#include <string.h>

#include "torture.h"

/* RFC 9106 5.3 */
static void reference_rfc_vector_comes_out(void **state)
{
	static const uint8_t tag[32] = {0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a,
	    0x8b, 0x53, 0xc9, 0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01,
	    0xe6, 0x59};
	uint8_t password[32], salt[16], secret[8], ad[12], out[32];

	(void)state;
	memset(password, 1, sizeof(password));
	memset(salt, 2, sizeof(salt));
	memset(secret, 3, sizeof(secret));
	memset(ad, 4, sizeof(ad));
	argon2_context c = {.out = out,
	    .outlen = sizeof(out),
	    .pwd = password,
	    .pwdlen = sizeof(password),
	    .salt = salt,
	    .saltlen = sizeof(salt),
	    .secret = secret,
	    .secretlen = sizeof(secret),
	    .ad = ad,
	    .adlen = sizeof(ad),
	    .t_cost = 3,
	    .m_cost = 32,
	    .lanes = 4,
	    .threads = 4,
	    .version = ARGON2_VERSION_13,
	    .flags = ARGON2_DEFAULT_FLAGS};
	assert_int_equal(argon2id_ctx(&c), ARGON2_OK);
	assert_memory_equal(out, tag, sizeof(tag));
}

/* Memory, passes, lengths of password and tag: one lane, as everywhere in hashview. */
static void argon2id_any_cost_is_what_the_reference_says(void **state)
{
	static const uint32_t memory_kib[] = {8, 9, 64, 100, 1024, 4096}, passes[] = {1, 2, 3, 5};
	static const size_t lengths[] = {0, 1, 15, 64, 127, 128, 129, 1000}, tags[] = {16, 32, 33, 64};
	char password[1000];
	uint8_t salt[crypto_pwhash_SALTBYTES], ours[64], theirs[64];
	size_t n = 0;

	(void)state;
	for (size_t m = 0; m < sizeof(memory_kib) / sizeof(memory_kib[0]); m++)
		for (size_t p = 0; p < sizeof(passes) / sizeof(passes[0]); p++)
			for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
				size_t tag = tags[n++ % 4];
				randombytes_buf(password, lengths[l]);
				randombytes_buf(salt, sizeof(salt));
				assert_int_equal(crypto_pwhash(ours, tag, password, lengths[l], salt, passes[p],
				                     (size_t)memory_kib[m] * 1024, crypto_pwhash_ALG_ARGON2ID13),
				    0);
				assert_int_equal(argon2id_hash_raw(passes[p], memory_kib[m], 1, password, lengths[l],
				                     salt, sizeof(salt), theirs, tag),
				    ARGON2_OK);
				assert_memory_equal(ours, theirs, tag);
			}
	assert_int_equal(n, 192);
}

/* What stands in the password file is read by others, too, and the other way round. */
static void password_line_is_the_references(void **state)
{
	char line[crypto_pwhash_STRBYTES];

	(void)state;
	assert_int_equal(crypto_pwhash_str_alg(line, "Alice's", 7, 2, 65536, crypto_pwhash_ALG_ARGON2ID13), 0);
	assert_int_equal(argon2id_verify(line, "Alice's", 7), ARGON2_OK);
	assert_int_equal(argon2id_verify(line, "Alice'S", 7), ARGON2_VERIFY_MISMATCH);
	assert_int_equal(
	    argon2id_hash_encoded(2, 64, 1, "Bob's", 5, "sixteen of salt.", 16, 32, line, sizeof(line)), ARGON2_OK);
	assert_int_equal(crypto_pwhash_str_verify(line, "Bob's", 5), 0);
	assert_int_not_equal(crypto_pwhash_str_verify(line, "bob's", 5), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(reference_rfc_vector_comes_out),
	    cmocka_unit_test(argon2id_any_cost_is_what_the_reference_says),
	    cmocka_unit_test(password_line_is_the_references),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
