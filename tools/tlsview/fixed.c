/* RAND_set_rand_method(3): the whole of OpenSSL, its providers among it, asks the method that is set. */
/* OpenSSL 3.0 wants a provider for that; the method that it deprecates still works, and is ten lines. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <openssl/rand.h>
#include <sodium.h>
#include <string.h>

#include "fixed.h"

/* RAND_METHOD has no place for a context: one process has one stream. */
static struct {
	uint8_t key[crypto_stream_chacha20_ietf_KEYBYTES];
	uint64_t number;
} stream;

static int draw(unsigned char *out, int n)
{
	uint8_t nonce[crypto_stream_chacha20_ietf_NONCEBYTES] = {0};

	if (n < 0)
		return 0;
	memcpy(nonce, &stream.number, sizeof(stream.number));
	stream.number++;
	return crypto_stream_chacha20_ietf(out, (unsigned long long)n, nonce, stream.key) == 0;
}

static int always(void)
{
	return 1;
}

bool fixed_random(const char *seed)
{
	static const RAND_METHOD method = {.bytes = draw, .pseudorand = draw, .status = always};

	_Static_assert(crypto_hash_sha256_BYTES == sizeof(stream.key), "the seed's hash is the key");
	stream.number = 0;
	crypto_hash_sha256(stream.key, (const unsigned char *)seed, strlen(seed));
	return RAND_set_rand_method(&method) == 1;
}

static int64_t tick(void *ctx)
{
	struct fixed_clock *c = ctx;

	c->now += NS_PER_MS;
	return c->now;
}

void fixed_clock_init(struct fixed_clock *c)
{
	c->now = FIXED_START * NS_PER_S;
	c->clock = (struct clock){.now = tick, .ctx = c};
}
