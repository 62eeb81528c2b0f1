/* The hash functions: their names in every list format, what is known about them, and one way to run them
 * all. */
#ifndef HASHVIEW_ALGO_H
#define HASHVIEW_ALGO_H

#include <openssl/evp.h>
#include <sodium.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

enum algo {
	ALGO_SHA3_256, /* the default */
	ALGO_SHA3_512,
	ALGO_SHA256,
	ALGO_SHA512,
	ALGO_BLAKE2B,
	ALGO_SHA1,
	ALGO_MD5,
	ALGO_SHA224,
	ALGO_SHA384,
	ALGO_SHA512_256,
	ALGO_SHA3_224,
	ALGO_SHA3_384,
	ALGO_BLAKE2B_256,
	ALGO_COUNT
};

#define DIGEST_MAX 64 /* octets of the longest digest */

struct algo_info {
	const char *name;    /* "sha3-256", as the command line has it */
	const char *tag;     /* "SHA256", as coreutils and BSD write it */
	const char *alias;   /* "SHA2-256", as openssl dgst writes it; or NULL */
	const char *openssl; /* what OpenSSL calls it; NULL: it is libsodium's BLAKE2b */
	size_t len;          /* octets of a digest */
	const char *broken;  /* why it must not be trusted, and where that is written; NULL: it may */
};

const struct algo_info *algo_info(enum algo a);

/* By its name on the command line, or by a tag of a list (len octets); false: there is none. */
bool algo_by_name(const char *name, enum algo *out);
bool algo_by_tag(const char *tag, size_t len, enum algo *out);

/* A set of them, one bit each. */
typedef uint32_t algo_set;
#define ALGO_BIT(a) (UINT32_C(1) << (a))
/* Those with digests of len octets that are not broken; where all are, those. */
algo_set algos_of_length(size_t len);

/* One function at work, for any number of messages one after another. */
struct hasher {
	enum algo algo;
	EVP_MD *md;
	EVP_MD_CTX *ctx;
	crypto_generichash_blake2b_state blake2b;
};

enum err hasher_init(struct hasher *h, enum algo a) MUST_USE;
void hasher_release(struct hasher *h);
/* begin, then update any number of times, then final, which writes the digest. false: the library failed. */
bool hasher_begin(struct hasher *h);
bool hasher_update(struct hasher *h, const void *data, size_t len);
bool hasher_final(struct hasher *h, uint8_t out[static DIGEST_MAX]);

/* All at once. */
enum err algo_hash(enum algo a, const void *data, size_t len, uint8_t out[static DIGEST_MAX]) MUST_USE;

#endif
