/* The cipher suites with authenticated encryption, by IANA's numbers: RFC 8446 B.4 and, for TLS 1.2, RFC 5288,
 * 5289, 5487, 6655, 7251, 7905. */
#include "private.h"

static const struct tls_suite suites[] = {
    {0x1301, true, TLS_AES_128_GCM, 32},
    {0x1302, true, TLS_AES_256_GCM, 48},
    {0x1303, true, TLS_CHACHA20_POLY1305, 32},
    {0x1304, true, TLS_AES_128_CCM, 32},
    {0x1305, true, TLS_AES_128_CCM_8, 32},
    /* RSA, DHE-RSA, DH-RSA, DHE-DSS, DH-DSS, DH-anon */
    {0x009c, false, TLS_AES_128_GCM, 32},
    {0x009d, false, TLS_AES_256_GCM, 48},
    {0x009e, false, TLS_AES_128_GCM, 32},
    {0x009f, false, TLS_AES_256_GCM, 48},
    {0x00a0, false, TLS_AES_128_GCM, 32},
    {0x00a1, false, TLS_AES_256_GCM, 48},
    {0x00a2, false, TLS_AES_128_GCM, 32},
    {0x00a3, false, TLS_AES_256_GCM, 48},
    {0x00a4, false, TLS_AES_128_GCM, 32},
    {0x00a5, false, TLS_AES_256_GCM, 48},
    {0x00a6, false, TLS_AES_128_GCM, 32},
    {0x00a7, false, TLS_AES_256_GCM, 48},
    /* PSK, DHE-PSK, RSA-PSK */
    {0x00a8, false, TLS_AES_128_GCM, 32},
    {0x00a9, false, TLS_AES_256_GCM, 48},
    {0x00aa, false, TLS_AES_128_GCM, 32},
    {0x00ab, false, TLS_AES_256_GCM, 48},
    {0x00ac, false, TLS_AES_128_GCM, 32},
    {0x00ad, false, TLS_AES_256_GCM, 48},
    /* ECDHE-ECDSA, ECDH-ECDSA, ECDHE-RSA, ECDH-RSA */
    {0xc02b, false, TLS_AES_128_GCM, 32},
    {0xc02c, false, TLS_AES_256_GCM, 48},
    {0xc02d, false, TLS_AES_128_GCM, 32},
    {0xc02e, false, TLS_AES_256_GCM, 48},
    {0xc02f, false, TLS_AES_128_GCM, 32},
    {0xc030, false, TLS_AES_256_GCM, 48},
    {0xc031, false, TLS_AES_128_GCM, 32},
    {0xc032, false, TLS_AES_256_GCM, 48},
    /* RSA, DHE-RSA, PSK, DHE-PSK with CCM; ECDHE-ECDSA */
    {0xc09c, false, TLS_AES_128_CCM, 32},
    {0xc09d, false, TLS_AES_256_CCM, 32},
    {0xc09e, false, TLS_AES_128_CCM, 32},
    {0xc09f, false, TLS_AES_256_CCM, 32},
    {0xc0a0, false, TLS_AES_128_CCM_8, 32},
    {0xc0a1, false, TLS_AES_256_CCM_8, 32},
    {0xc0a2, false, TLS_AES_128_CCM_8, 32},
    {0xc0a3, false, TLS_AES_256_CCM_8, 32},
    {0xc0a4, false, TLS_AES_128_CCM, 32},
    {0xc0a5, false, TLS_AES_256_CCM, 32},
    {0xc0a6, false, TLS_AES_128_CCM, 32},
    {0xc0a7, false, TLS_AES_256_CCM, 32},
    {0xc0a8, false, TLS_AES_128_CCM_8, 32},
    {0xc0a9, false, TLS_AES_256_CCM_8, 32},
    {0xc0aa, false, TLS_AES_128_CCM_8, 32},
    {0xc0ab, false, TLS_AES_256_CCM_8, 32},
    {0xc0ac, false, TLS_AES_128_CCM, 32},
    {0xc0ad, false, TLS_AES_256_CCM, 32},
    {0xc0ae, false, TLS_AES_128_CCM_8, 32},
    {0xc0af, false, TLS_AES_256_CCM_8, 32},
    /* ECDHE-RSA, ECDHE-ECDSA, DHE-RSA, PSK, ECDHE-PSK, DHE-PSK, RSA-PSK */
    {0xcca8, false, TLS_CHACHA20_POLY1305, 32},
    {0xcca9, false, TLS_CHACHA20_POLY1305, 32},
    {0xccaa, false, TLS_CHACHA20_POLY1305, 32},
    {0xccab, false, TLS_CHACHA20_POLY1305, 32},
    {0xccac, false, TLS_CHACHA20_POLY1305, 32},
    {0xccad, false, TLS_CHACHA20_POLY1305, 32},
    {0xccae, false, TLS_CHACHA20_POLY1305, 32},
    /* ECDHE-PSK (RFC 8442) */
    {0xd001, false, TLS_AES_128_GCM, 32},
    {0xd002, false, TLS_AES_256_GCM, 48},
    {0xd003, false, TLS_AES_128_CCM_8, 32},
    {0xd005, false, TLS_AES_128_CCM, 32},
};

const struct tls_suite *tls_suite_find(uint16_t id)
{
	for (size_t i = 0; i < sizeof(suites) / sizeof(suites[0]); i++)
		if (suites[i].id == id)
			return &suites[i];
	return NULL;
}

const char *tls_suite_hash(const struct tls_suite *s)
{
	return s->hash_len == 48 ? "SHA384" : "SHA256";
}

const struct tls_cipher *tls_cipher_of(const struct tls_suite *s)
{
	static const struct tls_cipher all[] = {
	    [TLS_AES_128_GCM] = {"AES-128-GCM", 16, 16, false, true},
	    [TLS_AES_256_GCM] = {"AES-256-GCM", 32, 16, false, true},
	    [TLS_CHACHA20_POLY1305] = {"ChaCha20-Poly1305", 32, 16, false, false},
	    [TLS_AES_128_CCM] = {"AES-128-CCM", 16, 16, true, true},
	    [TLS_AES_256_CCM] = {"AES-256-CCM", 32, 16, true, true},
	    [TLS_AES_128_CCM_8] = {"AES-128-CCM", 16, 8, true, true},
	    [TLS_AES_256_CCM_8] = {"AES-256-CCM", 32, 8, true, true},
	};

	return &all[s->aead];
}

size_t tls_suite_key_len(const struct tls_suite *s)
{
	return tls_cipher_of(s)->key_len;
}

size_t tls_suite_tag_len(const struct tls_suite *s)
{
	return tls_cipher_of(s)->tag_len;
}
