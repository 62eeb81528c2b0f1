#include "bare.h"

#include <ctype.h>
#include <sodium.h>
#include <string.h>

#include "glassnet/dh.h"
#include "glassnet/wire.h"

enum { HEX = 2 * X25519_LEN + 1 };

static int digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

enum err bare_parse(uint8_t out[static X25519_LEN], const char *text, size_t len, size_t *at)
{
	size_t i = 0, n = 0;

	while (i < len && isspace((unsigned char)text[i]))
		i++;
	for (; n < 2 * X25519_LEN && i < len && digit(text[i]) >= 0; i++, n++)
		out[n / 2] = (uint8_t)(n % 2 ? out[n / 2] << 4 | digit(text[i]) : digit(text[i]));
	while (n == 2 * X25519_LEN && i < len && isspace((unsigned char)text[i]))
		i++;
	*at = i;
	return n == 2 * X25519_LEN && i == len ? ERR_OK : ERR_FORMAT;
}

enum err bare_run(const uint8_t private_key[static X25519_LEN], const uint8_t *public_key, struct trace *t,
    uint8_t out[static X25519_LEN])
{
	char hex[HEX], data[HEX + 32];
	unsigned order = public_key ? dh_x25519_small_order(public_key) : 0;

	ev_explain(t, "The private number is clamped first (RFC 7748 5): its lowest three bits are cleared, "
	              "so that it is a "
	              "multiple of 8, and bit 254 is set, so that every one takes the same number of steps.");
	if (public_key && public_key[X25519_LEN - 1] & 0x80)
		ev_explain(t, "The point's highest bit is set; X25519 ignores it.");
	if (public_key)
		ev_check(t, "small-order", order ? VERDICT_FAIL : VERDICT_PASS, "RFC 7748 6.1",
		    "is the point of large order?",
		    order ? "no: its order is %u, and every private number gives zero" : "yes", order);
	enum err e = dh_x25519(out, private_key, public_key);
	if (e != ERR_OK) {
		ev_result(t, e, "{\"refused\":\"small-order\"}",
		    "refused: the result is all zero, whatever the private number is; a key that everybody "
		    "knows");
		return e;
	}
	hex_text(hex, sizeof(hex), out, X25519_LEN);
	snprintf(data, sizeof(data), "{\"%s\":\"%s\"}", public_key ? "shared" : "public", hex);
	ev_result(t, ERR_OK, data, "%s", hex);
	sodium_memzero(hex, sizeof(hex));
	sodium_memzero(data, sizeof(data));
	return ERR_OK;
}

/* --- the vectors of RFC 7748 --- */

struct vector {
	const char *name, *scalar, *u, *result; /* u NULL: the base point */
};

#define ALICE        "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
#define BOB          "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
#define ALICE_PUBLIC "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
#define BOB_PUBLIC   "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
#define SHARED       "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"

static const struct vector vectors[] = {
    {"5.2 first", "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
    {"5.2 second", "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957"},
    {"6.1 Alice's public key", ALICE, NULL, ALICE_PUBLIC},
    {"6.1 Bob's public key", BOB, NULL, BOB_PUBLIC},
    {"6.1 what Alice computes", ALICE, BOB_PUBLIC, SHARED},
    {"6.1 what Bob computes", BOB, ALICE_PUBLIC, SHARED},
};

static const struct {
	long n;
	const char *result;
} iterated[] = {{1, "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079"},
    {1000, "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"},
    {1000000, "7c3911e0ab2586fd864497297e575e6f3bc601c0883c30df5f4dd2d24f665424"}};

static void from_hex(uint8_t out[static X25519_LEN], const char *hex)
{
	size_t at;

	if (bare_parse(out, hex, strlen(hex), &at) != ERR_OK)
		memset(out, 0, X25519_LEN);
}

static bool judge(struct trace *t, const char *name, const uint8_t got[static X25519_LEN], const char *want)
{
	char hex[HEX];
	bool right = strcmp(hex_text(hex, sizeof(hex), got, X25519_LEN), want) == 0;

	ev_check(
	    t, "vector", right ? VERDICT_PASS : VERDICT_FAIL, "RFC 7748", name, "%s%s", right ? "" : "got ", hex);
	return right;
}

static bool test_vectors(struct trace *t)
{
	bool right = true;

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t scalar[X25519_LEN], u[X25519_LEN], out[X25519_LEN];
		from_hex(scalar, vectors[i].scalar);
		if (vectors[i].u)
			from_hex(u, vectors[i].u);
		(void)!dh_x25519(out, scalar, vectors[i].u ? u : NULL);
		right &= judge(t, vectors[i].name, out, vectors[i].result);
	}
	return right;
}

/* RFC 7748 5.2: k = u = 9; then again and again k, u = X25519(k, u), k. */
static enum err test_iterated(struct trace *t, long iterations, bool (*progress)(void *ctx, long done), void *ctx)
{
	uint8_t k[X25519_LEN] = {9}, u[X25519_LEN] = {9}, out[X25519_LEN];
	size_t next = 0;
	bool right = true;

	for (long i = 1; i <= iterations; i++) {
		char name[64];
		(void)!dh_x25519(out, k, u);
		memcpy(u, k, X25519_LEN);
		memcpy(k, out, X25519_LEN);
		if (progress && i % 1000 == 0 && progress(ctx, i))
			return ERR_CLOSED;
		if (next == sizeof(iterated) / sizeof(iterated[0]) || i != iterated[next].n)
			continue;
		snprintf(name, sizeof(name), "5.2 iterated %ld time%s", i, i == 1 ? "" : "s");
		right &= judge(t, name, k, iterated[next++].result);
	}
	return right ? ERR_OK : ERR_NEGATIVE;
}

/* The points of small order in hexadecimal, as a peer might send them; each with the highest bit set, too. */
static bool test_small_order(struct trace *t)
{
	static const char *const points[] = {"0000000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000000",
	    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
	uint8_t scalar[X25519_LEN], u[X25519_LEN], out[X25519_LEN];
	size_t refused = 0, n = sizeof(points) / sizeof(points[0]);

	from_hex(scalar, ALICE);
	for (size_t i = 0; i < 2 * n; i++) {
		from_hex(u, points[i / 2]);
		u[X25519_LEN - 1] |= (uint8_t)(i % 2 << 7);
		refused += dh_x25519(out, scalar, u) == ERR_NEGATIVE && dh_x25519_small_order(u) > 0;
	}
	ev_check(t, "small-order", refused == 2 * n ? VERDICT_PASS : VERDICT_FAIL, "RFC 7748 6.1",
	    "are the points of small order refused?", "%zu of %zu", refused, 2 * n);
	return refused == 2 * n;
}

enum err bare_self_test(struct trace *t, long iterations, bool (*progress)(void *ctx, long done), void *ctx)
{
	bool right = test_vectors(t);

	right &= test_small_order(t);
	enum err e = test_iterated(t, iterations, progress, ctx);
	if (e == ERR_CLOSED) {
		ev_result(t, e, NULL, "interrupted");
		return e;
	}
	e = e == ERR_OK && right ? ERR_OK : ERR_NEGATIVE;
	ev_result(t, e, NULL,
	    e == ERR_OK ? "X25519 gives what RFC 7748 says, also after %ld iterations"
	                : "X25519 does not give what RFC 7748 says (%ld iterations): do not use it",
	    iterations);
	return e;
}
