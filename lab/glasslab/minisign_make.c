/* Writing what hashview reads: "Ed", the key's number and the key; "ED", that number and the signature. The second
 * signature is of the first one and the comment, so that the comment cannot be changed either. */
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "minisign_make.h"

void minisign_publisher_make(struct minisign_publisher *p)
{
	randombytes_buf(p->id, sizeof(p->id));
	crypto_sign_keypair(p->public_key, p->secret_key);
}

void minisign_key_text(const struct minisign_publisher *p, char out[static MINISIGN_KEY_TEXT])
{
	uint8_t raw[2 + sizeof(p->id) + sizeof(p->public_key)] = "Ed";
	char base64[64];

	memcpy(raw + 2, p->id, sizeof(p->id));
	memcpy(raw + 2 + sizeof(p->id), p->public_key, sizeof(p->public_key));
	sodium_bin2base64(base64, sizeof(base64), raw, sizeof(raw), sodium_base64_VARIANT_ORIGINAL);
	snprintf(out, MINISIGN_KEY_TEXT, "untrusted comment: the publisher's public key\n%s\n", base64);
}

void minisign_signature_text(const struct minisign_publisher *p, const void *data, size_t len, const char *comment,
    char out[static MINISIGN_SIGNATURE_TEXT])
{
	uint8_t hash[64], raw[2 + 8 + 64] = "ED", global[64], both[64 + 64];
	char first[128], second[128];
	size_t n = strnlen(comment, sizeof(both) - 64);

	crypto_generichash_blake2b(hash, sizeof(hash), data, len, NULL, 0);
	memcpy(raw + 2, p->id, sizeof(p->id));
	crypto_sign_detached(raw + 10, NULL, hash, sizeof(hash), p->secret_key);
	memcpy(both, raw + 10, 64);
	memcpy(both + 64, comment, n);
	crypto_sign_detached(global, NULL, both, 64 + n, p->secret_key);
	sodium_bin2base64(first, sizeof(first), raw, sizeof(raw), sodium_base64_VARIANT_ORIGINAL);
	sodium_bin2base64(second, sizeof(second), global, sizeof(global), sodium_base64_VARIANT_ORIGINAL);
	snprintf(out, MINISIGN_SIGNATURE_TEXT,
	    "untrusted comment: signature by the publisher's key\n%s\ntrusted comment: %.*s\n%s\n", first, (int)n,
	    comment, second);
}
