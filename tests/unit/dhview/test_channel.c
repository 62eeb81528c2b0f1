/* Agreement, frames, records and signatures, each with what must be refused. */
#include "torture.h"

#include <openssl/bn.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "glassnet/dh.h"

static const uint16_t groups[] = {DH_GROUP_X25519, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104};

static void agree_both_sides_get_the_same_in_each_group(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
		struct dh_pair a, b;
		uint8_t x[DH_PUBLIC_MAX], y[DH_PUBLIC_MAX];
		const char *why;
		uint16_t parsed;
		assert_int_equal(dh_group_parse(&parsed, dh_group_name(groups[i])), ERR_OK);
		assert_int_equal(parsed, groups[i]);
		assert_int_equal(dh_pair_make(&a, groups[i]), ERR_OK);
		assert_int_equal(dh_pair_make(&b, groups[i]), ERR_OK);
		assert_int_equal(a.len, dh_group_len(groups[i]));
		assert_memory_not_equal(a.public_key, b.public_key, a.len);
		assert_int_equal(dh_agree(&a, b.public_key, b.len, x, &why), ERR_OK);
		assert_int_equal(dh_agree(&b, a.public_key, a.len, y, &why), ERR_OK);
		assert_memory_equal(x, y, a.len);
		assert_int_equal(dh_agree(&a, b.public_key, b.len - 1, x, &why), ERR_FORMAT);
		dh_pair_release(&a);
		dh_pair_release(&b);
	}
	uint16_t none;
	struct dh_pair p;
	assert_int_equal(dh_group_parse(&none, "ffdhe1024"), ERR_VERSION);
	assert_int_equal(dh_pair_make(&p, 0x0017), ERR_VERSION);
}

static void agree_x25519_small_order_is_refused(void **state)
{
	(void)state;
	uint8_t point[32] = {0}, out[DH_PUBLIC_MAX];
	struct dh_pair p;
	const char *why;
	assert_int_equal(dh_pair_make(&p, DH_GROUP_X25519), ERR_OK);
	for (uint8_t low = 0; low < 2; low++)
		for (int high = 0; high < 2; high++) {
			point[0] = low;
			point[31] = (uint8_t)(high << 7);
			assert_int_equal(dh_agree(&p, point, 32, out, &why), ERR_NEGATIVE);
			assert_non_null(strstr(why, "small order"));
		}
	dh_pair_release(&p);
}

/* RFC 7919 5.1: 0, 1, p - 1, p, all ones; and p - 4, which is in range, but no square. */
static void agree_ffdhe_numbers_outside_of_the_group_are_refused(void **state)
{
	(void)state;
	uint8_t y[256], out[DH_PUBLIC_MAX], top[256];
	struct dh_pair p;
	const char *why;
	assert_int_equal(dh_pair_make(&p, 0x0100), ERR_OK);
	memset(y, 0, sizeof(y));
	assert_int_equal(dh_agree(&p, y, 256, out, &why), ERR_NEGATIVE);
	y[255] = 1;
	assert_int_equal(dh_agree(&p, y, 256, out, &why), ERR_NEGATIVE);
	assert_non_null(strstr(why, "p - 1"));
	memset(y, 0xff, sizeof(y));
	assert_int_equal(dh_agree(&p, y, 256, out, &why), ERR_NEGATIVE);
	/* p is 7 modulo 8, so 2 is a square and -1 is none: the negative of a square is outside */
	BIGNUM *m = NULL, *v = BN_new();
	assert_int_equal(EVP_PKEY_get_bn_param(p.ffdhe, "p", &m), 1);
	for (BN_ULONG off = 1; off <= 4; off *= 2) {
		assert_int_equal(BN_sub(v, m, BN_value_one()), 1);
		BN_sub_word(v, off - 1);
		BN_bn2binpad(v, top, sizeof(top));
		assert_int_equal(dh_agree(&p, top, 256, out, &why), ERR_NEGATIVE);
		assert_non_null(strstr(why, off == 1 ? "p - 1" : "outside of the group"));
	}
	BN_bn2binpad(m, top, sizeof(top));
	assert_int_equal(dh_agree(&p, top, 256, out, &why), ERR_NEGATIVE);
	memset(y, 0, sizeof(y));
	y[255] = 2; /* the generator itself is unwise, but in the group */
	assert_int_equal(dh_agree(&p, y, 256, out, &why), ERR_OK);
	BN_free(m);
	BN_free(v);
	dh_pair_release(&p);
}

/* --- HELLO --- */

static size_t hello(uint8_t out[static DH_FRAME_MAX], uint8_t fill)
{
	uint8_t key[32];
	memset(key, fill, sizeof(key));
	struct dh_hello h = {.auth = fill & 1, .group = DH_GROUP_X25519, .public_key = key, .len = 32};
	memset(h.nonce, fill + 1, sizeof(h.nonce));
	return dh_hello_write(out, DH_FRAME_MAX, &h);
}

static void hello_read_back_as_written(void **state)
{
	(void)state;
	uint8_t frame[DH_FRAME_MAX];
	size_t len = hello(frame, 7), whole, at;
	struct dh_hello h;
	assert_int_equal(len, 77);
	assert_int_equal(dh_frame(frame, len, &whole), ERR_OK);
	assert_int_equal(whole, len);
	assert_int_equal(dh_hello_parse(&h, frame, len, &at), ERR_OK);
	assert_true(h.auth);
	assert_int_equal(h.group, DH_GROUP_X25519);
	assert_int_equal(h.nonce[31], 8);
	assert_int_equal(h.public_key[31], 7);
}

static void hello_cut_anywhere_is_refused(void **state)
{
	(void)state;
	uint8_t frame[DH_FRAME_MAX];
	size_t len = hello(frame, 7), whole, at;
	struct dh_hello h;
	for (size_t n = 0; n < len; n++) {
		assert_int_equal(dh_frame(frame, n, &whole), ERR_TRUNCATED);
		assert_int_not_equal(dh_hello_parse(&h, frame, n, &at), ERR_OK);
		assert_in_range(at, 0, n);
	}
}

static void hello_wrong_fields_are_named_by_offset(void **state)
{
	(void)state;
	static const struct {
		size_t off;
		uint8_t value;
		enum err err;
		size_t at;
	} cases[] = {{2, 9, ERR_FORMAT, 2}, {3, 'X', ERR_FORMAT, 3}, {7, 2, ERR_VERSION, 7}, {8, 2, ERR_FORMAT, 8},
	    {9, 5, ERR_VERSION, 9}, {44, 31, ERR_FORMAT, 76}, {9, 1, ERR_VERSION, 9}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t frame[DH_FRAME_MAX];
		size_t len = hello(frame, 7), at = 0;
		struct dh_hello h;
		frame[cases[i].off] = cases[i].value;
		assert_int_equal(dh_hello_parse(&h, frame, len, &at), cases[i].err);
		assert_int_equal(at, cases[i].at);
	}
	uint8_t huge[2] = {0xff, 0xff}, empty[2] = {0, 0};
	size_t whole;
	assert_int_equal(dh_frame(huge, 2, &whole), ERR_TOO_LONG);
	assert_int_equal(dh_frame(empty, 2, &whole), ERR_FORMAT);
}

/* --- records --- */

static void channels(struct dh_channel *c, struct dh_channel *s, uint8_t secret_fill)
{
	uint8_t ch[DH_FRAME_MAX], sh[DH_FRAME_MAX], secret[32];
	size_t cl = hello(ch, 3), sl = hello(sh, 5);
	memset(secret, secret_fill, sizeof(secret));
	assert_int_equal(dh_channel_init(c, DH_CLIENT, secret, sizeof(secret), ch, cl, sh, sl), ERR_OK);
	assert_int_equal(dh_channel_init(s, DH_SERVER, secret, sizeof(secret), ch, cl, sh, sl), ERR_OK);
}

static void channel_keys_depend_on_everything(void **state)
{
	(void)state;
	struct dh_channel c, s, other, other_s;
	char a[DH_FINGERPRINT_TEXT], b[DH_FINGERPRINT_TEXT];
	channels(&c, &s, 9);
	assert_memory_equal(c.key, s.key, sizeof(c.key));
	assert_memory_not_equal(c.key[0], c.key[1], 32);
	assert_string_equal(dh_fingerprint_text(a, &c), dh_fingerprint_text(b, &s));
	assert_int_equal(strlen(a), 47);
	channels(&other, &other_s, 10);
	assert_memory_not_equal(c.key, other.key, sizeof(c.key));
	assert_string_not_equal(a, dh_fingerprint_text(b, &other));
	/* the same secret under another HELLO: other keys */
	uint8_t ch[DH_FRAME_MAX], sh[DH_FRAME_MAX], secret[32];
	size_t cl = hello(ch, 3), sl = hello(sh, 5);
	memset(secret, 9, sizeof(secret));
	sh[20] ^= 1;
	assert_int_equal(dh_channel_init(&other, DH_CLIENT, secret, 32, ch, cl, sh, sl), ERR_OK);
	assert_memory_not_equal(c.key[0], other.key[0], 32);
}

static void record_read_back_as_written(void **state)
{
	(void)state;
	struct dh_channel c, s;
	uint8_t frame[DH_FRAME_MAX], text[DH_FRAME_MAX], line[DH_TEXT_MAX + 1] = "x";
	enum dh_kind kind;
	size_t n;
	channels(&c, &s, 9);
	for (size_t len = 0; len <= DH_TEXT_MAX; len += 128) {
		size_t got = dh_seal(&c, DH_TEXT, line, len, frame);
		assert_int_equal(got, 2 + 1 + 8 + 1 + len + 16);
		assert_int_equal(dh_open(&s, frame, got, &kind, text, &n), DH_FINE);
		assert_int_equal(kind, DH_TEXT);
		assert_int_equal(n, len);
		assert_memory_equal(text, line, len);
	}
	assert_int_equal(dh_seal(&c, DH_TEXT, line, DH_TEXT_MAX + 1, frame), 0);
}

static void record_any_changed_bit_is_refused(void **state)
{
	(void)state;
	struct dh_channel c, s;
	uint8_t frame[DH_FRAME_MAX], text[DH_FRAME_MAX];
	enum dh_kind kind;
	size_t n;
	channels(&c, &s, 9);
	size_t len = dh_seal(&c, DH_TEXT, "noon", 4, frame);
	for (size_t bit = 0; bit < len * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(dh_open(&s, frame, len, &kind, text, &n), DH_FINE);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	for (size_t cut = 0; cut < len; cut++)
		assert_int_not_equal(dh_open(&s, frame, cut, &kind, text, &n), DH_FINE);
	assert_int_equal(dh_open(&s, frame, len, &kind, text, &n), DH_FINE);
	assert_int_equal(dh_open(&c, frame, len, &kind, text, &n), DH_FORGED); /* sent back to whom it came from */
}

static void record_replayed_or_moved_is_told_apart(void **state)
{
	(void)state;
	struct dh_channel c, s;
	uint8_t one[DH_FRAME_MAX], two[DH_FRAME_MAX], three[DH_FRAME_MAX], text[DH_FRAME_MAX];
	enum dh_kind kind;
	size_t n;
	channels(&c, &s, 9);
	size_t l1 = dh_seal(&c, DH_TEXT, "1", 1, one), l2 = dh_seal(&c, DH_TEXT, "2", 1, two),
	       l3 = dh_seal(&c, DH_END, NULL, 0, three);
	assert_int_equal(dh_open(&s, two, l2, &kind, text, &n), DH_OUT_OF_ORDER);
	assert_int_equal(dh_open(&s, one, l1, &kind, text, &n), DH_FINE);
	assert_int_equal(dh_open(&s, one, l1, &kind, text, &n), DH_REPLAYED);
	assert_int_equal(dh_open(&s, three, l3, &kind, text, &n), DH_OUT_OF_ORDER);
	one[10] ^= 3; /* the first with another's number is forged, not replayed */
	assert_int_equal(dh_open(&s, one, l1, &kind, text, &n), DH_FORGED);
	assert_int_equal(dh_open(&s, two, l2, &kind, text, &n), DH_FINE);
	assert_int_equal(dh_open(&s, three, l3, &kind, text, &n), DH_FINE);
	assert_int_equal(kind, DH_END);
}

static void signature_holds_for_this_exchange_and_side_only(void **state)
{
	(void)state;
	struct dh_channel c, s, other, other_s;
	uint8_t pk[32], sk[64], auth[DH_AUTH_LEN];
	crypto_sign_keypair(pk, sk);
	channels(&c, &s, 9);
	dh_sign(&c, DH_CLIENT, sk, auth);
	assert_memory_equal(auth, pk, 32);
	assert_true(dh_verify(&s, auth, sizeof(auth)));
	assert_false(dh_verify(&c, auth, sizeof(auth))); /* mirrored */
	assert_false(dh_verify(&s, auth, sizeof(auth) - 1));
	channels(&other, &other_s, 9);
	other_s.transcript[0] ^= 1; /* relayed into another exchange */
	assert_false(dh_verify(&other_s, auth, sizeof(auth)));
	for (size_t i = 0; i < sizeof(auth); i++) {
		auth[i] ^= 1;
		assert_false(dh_verify(&s, auth, sizeof(auth)));
		auth[i] ^= 1;
	}
}

static int setup(void **state)
{
	(void)state;
	return sodium_init() < 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(agree_both_sides_get_the_same_in_each_group),
	    cmocka_unit_test(agree_x25519_small_order_is_refused),
	    cmocka_unit_test(agree_ffdhe_numbers_outside_of_the_group_are_refused),
	    cmocka_unit_test(hello_read_back_as_written),
	    cmocka_unit_test(hello_cut_anywhere_is_refused),
	    cmocka_unit_test(hello_wrong_fields_are_named_by_offset),
	    cmocka_unit_test(channel_keys_depend_on_everything),
	    cmocka_unit_test(record_read_back_as_written),
	    cmocka_unit_test(record_any_changed_bit_is_refused),
	    cmocka_unit_test(record_replayed_or_moved_is_told_apart),
	    cmocka_unit_test(signature_holds_for_this_exchange_and_side_only),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
