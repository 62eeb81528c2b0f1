/* --pin. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <sodium.h>
#include <string.h>

#include "glassnet/wire.h"
#include "pin.h"

bool pin_parse(uint8_t out[static PIN_LEN], const char *text)
{
	static const char prefix[] = "sha256//";
	size_t n;

	if (sodium_hex2bin(out, PIN_LEN, text, strlen(text), ":", &n, NULL) == 0 && n == PIN_LEN &&
	    strspn(text, "0123456789abcdefABCDEF:") == strlen(text))
		return true;
	if (strncmp(text, prefix, sizeof(prefix) - 1) == 0)
		text += sizeof(prefix) - 1;
	return strlen(text) == sodium_base64_ENCODED_LEN(PIN_LEN, sodium_base64_VARIANT_ORIGINAL) - 1 &&
	       sodium_base642bin(out, PIN_LEN, text, strlen(text), NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) ==
	           0 &&
	       n == PIN_LEN;
}

static bool pinned(const struct connect_options *opt, const uint8_t hash[static PIN_LEN])
{
	for (size_t i = 0; i < opt->n_pins; i++)
		if (sodium_memcmp(opt->pins[i], hash, PIN_LEN) == 0)
			return true;
	return false;
}

bool pin_check(const struct connect_options *opt, X509 *leaf, struct trace *t, struct result *res)
{
	uint8_t key[EVP_MAX_MD_SIZE], whole[EVP_MAX_MD_SIZE], *spki = NULL;
	char hex[2 * PIN_LEN + 1], hex_whole[2 * PIN_LEN + 1];
	unsigned n = 0;
	int len = leaf ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(leaf), &spki) : 0;
	bool ok = len > 0 && EVP_Digest(spki, (size_t)len, key, &n, EVP_sha256(), NULL) == 1 &&
	          X509_digest(leaf, EVP_sha256(), whole, &n) == 1;

	OPENSSL_free(spki);
	if (!ok) {
		checks_add(&res->checks, t, Q_PIN, "no-key", VERDICT_FAIL, 0, "no key was shown");
		return false;
	}
	bool by_key = pinned(opt, key), by_whole = pinned(opt, whole);
	hex_text(hex, sizeof(hex), key, PIN_LEN);
	hex_text(hex_whole, sizeof(hex_whole), whole, PIN_LEN);
	checks_add(&res->checks, t, Q_PIN, by_key || by_whole ? question_id(Q_PIN) : "pin-mismatch",
	    by_key || by_whole ? VERDICT_PASS : VERDICT_FAIL, 0,
	    by_key     ? "its public key (SHA-256 %s) is the one that was pinned"
	    : by_whole ? "its certificate is the one that was pinned (public key %s, certificate %s)"
	               : "its public key, SHA-256 %s, is none that was pinned, nor is its certificate, %s",
	    hex, hex_whole);
	return by_key || by_whole;
}
