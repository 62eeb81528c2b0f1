/* The operations that are compared. */
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "compare.h"

static enum err rooms(struct compare_op *op, size_t len, bool (*run)(struct compare_op *))
{
	*op = (struct compare_op){
	    .len = len, .run = run, .in = calloc(1, COMPARE_ROOM), .out = calloc(1, COMPARE_ROOM)};
	return op->in && op->out ? ERR_OK : ERR_NOMEM;
}

void compare_op_release(struct compare_op *op)
{
	EVP_CIPHER_CTX_free(op->cipher);
	EVP_MD_CTX_free(op->md);
	EVP_MD_free(op->md_type);
	EVP_PKEY_CTX_free(op->pkey);
	free(op->in);
	free(op->out);
	*op = (struct compare_op){0};
}

/* A new nonce, the message, the tag: what a TLS record costs. */
static bool run_cipher(struct compare_op *op)
{
	uint8_t tag[16];
	int n = 0;

	sodium_increment(op->iv, sizeof(op->iv));
	return EVP_EncryptInit_ex(op->cipher, NULL, NULL, NULL, op->iv) == 1 &&
	       EVP_EncryptUpdate(op->cipher, op->out, &n, op->in, (int)op->len) == 1 &&
	       EVP_EncryptFinal_ex(op->cipher, op->out + n, &n) == 1 &&
	       EVP_CIPHER_CTX_ctrl(op->cipher, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1;
}

enum err compare_cipher(struct compare_op *op, const EVP_CIPHER *cipher, size_t len)
{
	uint8_t key[32] = {1};
	enum err e = rooms(op, len, run_cipher);

	op->cipher = e == ERR_OK ? EVP_CIPHER_CTX_new() : NULL;
	if (e == ERR_OK && (!op->cipher || EVP_EncryptInit_ex(op->cipher, cipher, NULL, key, op->iv) != 1))
		e = ERR_UNSUPPORTED;
	return e;
}

static bool run_digest(struct compare_op *op)
{
	return EVP_DigestInit_ex2(op->md, op->md_type, NULL) == 1 && EVP_DigestUpdate(op->md, op->in, op->len) == 1 &&
	       EVP_DigestFinal_ex(op->md, op->out, NULL) == 1;
}

static bool run_blake2b(struct compare_op *op)
{
	return crypto_generichash_blake2b(op->out, 64, op->in, op->len, NULL, 0) == 0;
}

enum err compare_digest(struct compare_op *op, const char *name, size_t len)
{
	bool blake = strcmp(name, "BLAKE2b") == 0;
	enum err e = rooms(op, len, blake ? run_blake2b : run_digest);

	if (e != ERR_OK || blake)
		return e;
	op->md = EVP_MD_CTX_new();
	op->md_type = EVP_MD_fetch(NULL, name, NULL);
	return op->md && op->md_type ? ERR_OK : ERR_UNSUPPORTED;
}

static bool run_rsa_encrypt(struct compare_op *op)
{
	size_t n = COMPARE_ROOM;

	return EVP_PKEY_encrypt(op->pkey, op->out, &n, op->in, op->len) == 1;
}

static bool run_rsa_decrypt(struct compare_op *op)
{
	size_t n = COMPARE_ROOM;

	return EVP_PKEY_decrypt(op->pkey, op->out, &n, op->sealed, op->sealed_len) == 1;
}

enum err compare_rsa(struct compare_op *op, EVP_PKEY *key, bool secret)
{
	/* What fits into one message with OAEP and SHA-1 (PKCS #1, RFC 8017 7.1): 42 octets less than the
	 * modulus. */
	enum err e = rooms(op, (size_t)EVP_PKEY_get_size(key) - 42, secret ? run_rsa_decrypt : run_rsa_encrypt);

	op->pkey = e == ERR_OK ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	op->sealed_len = sizeof(op->sealed);
	if (e == ERR_OK && (!op->pkey || EVP_PKEY_encrypt_init(op->pkey) != 1 ||
	                       EVP_PKEY_CTX_set_rsa_padding(op->pkey, RSA_PKCS1_OAEP_PADDING) != 1 ||
	                       EVP_PKEY_encrypt(op->pkey, op->sealed, &op->sealed_len, op->in, op->len) != 1))
		e = ERR_UNSUPPORTED;
	if (e == ERR_OK && secret &&
	    (EVP_PKEY_decrypt_init(op->pkey) != 1 ||
	        EVP_PKEY_CTX_set_rsa_padding(op->pkey, RSA_PKCS1_OAEP_PADDING) != 1))
		e = ERR_UNSUPPORTED;
	return e;
}

static bool run_sign(struct compare_op *op)
{
	op->sealed_len = 64;
	return EVP_DigestSignInit(op->md, NULL, NULL, NULL, op->key) == 1 &&
	       EVP_DigestSign(op->md, op->sealed, &op->sealed_len, op->in, op->len) == 1;
}

static bool run_verify(struct compare_op *op)
{
	return EVP_DigestVerifyInit(op->md, NULL, NULL, NULL, op->key) == 1 &&
	       EVP_DigestVerify(op->md, op->sealed, op->sealed_len, op->in, op->len) == 1;
}

enum err compare_ed25519(struct compare_op *op, EVP_PKEY *key, bool secret)
{
	enum err e = rooms(op, 32, secret ? run_sign : run_verify);

	op->key = key;
	op->md = e == ERR_OK ? EVP_MD_CTX_new() : NULL;
	if (e == ERR_OK && (!op->md || !run_sign(op)))
		e = ERR_UNSUPPORTED;
	return e;
}

static bool run_derive(struct compare_op *op)
{
	size_t n = 32;

	return EVP_PKEY_derive(op->pkey, op->out, &n) == 1;
}

enum err compare_x25519(struct compare_op *op, EVP_PKEY *key, EVP_PKEY *peer)
{
	enum err e = rooms(op, 32, run_derive);

	op->pkey = e == ERR_OK ? EVP_PKEY_CTX_new(key, NULL) : NULL;
	if (e == ERR_OK &&
	    (!op->pkey || EVP_PKEY_derive_init(op->pkey) != 1 || EVP_PKEY_derive_set_peer(op->pkey, peer) != 1))
		e = ERR_UNSUPPORTED;
	return e;
}
