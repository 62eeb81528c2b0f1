/* hashview compare: what symmetric ciphers, asymmetric ones and hash functions cost on this machine. */
#ifndef HASHVIEW_COMPARE_H
#define HASHVIEW_COMPARE_H

#include <openssl/evp.h>

#include "glassnet/trace.h"

#define COMPARE_MAX 40

enum compare_kind { COMPARE_SYMMETRIC, COMPARE_ASYMMETRIC, COMPARE_HASH };

struct compare_row {
	enum compare_kind kind;
	char name[40];
	size_t octets; /* handled by one operation */
	double ns;     /* of one operation */
};

struct compare_result {
	struct compare_row row[COMPARE_MAX];
	size_t n;
};

struct compare_options {
	const struct clock *clock;
	int64_t each_ns;   /* measure each so long */
	unsigned rsa_bits; /* the longest RSA key: making one of 4,096 bits takes seconds */
	bool (*interrupted)(void);
	void (*progress)(const char *what); /* or NULL */
	unsigned width;                     /* of the chart, in columns */
};

enum err compare_run(const struct compare_options *o, struct trace *t, struct compare_result *res) MUST_USE;

/* The row of that name and size; NULL: it was not measured. */
const struct compare_row *compare_find(const struct compare_result *res, const char *name, size_t octets);

/* compare_ops.c: one operation, ready to be repeated. */
struct compare_op {
	EVP_CIPHER_CTX *cipher;
	EVP_MD_CTX *md;
	EVP_MD *md_type;
	EVP_PKEY *key, *peer;
	EVP_PKEY_CTX *pkey;
	uint8_t *in, *out, sealed[512], iv[12];
	size_t len, sealed_len;
	bool (*run)(struct compare_op *op);
};

#define COMPARE_ROOM ((size_t)16384 + 64)

void compare_op_release(struct compare_op *op);
enum err compare_cipher(struct compare_op *op, const EVP_CIPHER *cipher, size_t len) MUST_USE;
enum err compare_digest(struct compare_op *op, const char *name, size_t len) MUST_USE; /* "BLAKE2b": libsodium's */
/* The key is borrowed. secret: decrypt one message (RSA-OAEP), sign it (Ed25519), derive a secret (X25519).
 */
enum err compare_rsa(struct compare_op *op, EVP_PKEY *key, bool secret) MUST_USE;
enum err compare_ed25519(struct compare_op *op, EVP_PKEY *key, bool secret) MUST_USE;
enum err compare_x25519(struct compare_op *op, EVP_PKEY *key, EVP_PKEY *peer) MUST_USE;

#endif
