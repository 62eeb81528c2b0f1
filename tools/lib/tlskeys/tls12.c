/* TLS 1.2's keys. RFC 5246 6.3, 7.4.9, 8.1; RFC 7627 4. */
#include <sodium.h>
#include <string.h>

#include "private.h"

static enum err prf_of_randoms(const struct tls_suite *s, const uint8_t *secret, size_t n, const char *label,
    const uint8_t *first, const uint8_t *second, uint8_t *out, size_t out_len)
{
	uint8_t seed[2 * TLS_RANDOM_LEN];

	memcpy(seed, first, TLS_RANDOM_LEN);
	memcpy(seed + TLS_RANDOM_LEN, second, TLS_RANDOM_LEN);
	return tls12_prf(s, secret, n, label, seed, sizeof(seed), out, out_len);
}

enum err tls12_master(const struct tls_suite *s, const uint8_t *premaster, size_t n,
    const uint8_t client_random[static TLS_RANDOM_LEN], const uint8_t server_random[static TLS_RANDOM_LEN],
    const uint8_t *session_hash, uint8_t out[static TLS_MASTER_LEN])
{
	if (session_hash)
		return tls12_prf(
		    s, premaster, n, "extended master secret", session_hash, s->hash_len, out, TLS_MASTER_LEN);
	return prf_of_randoms(s, premaster, n, "master secret", client_random, server_random, out, TLS_MASTER_LEN);
}

enum err tls12_keys(struct tls_keys *client, struct tls_keys *server, const struct tls_suite *s,
    const uint8_t master[static TLS_MASTER_LEN], const uint8_t client_random[static TLS_RANDOM_LEN],
    const uint8_t server_random[static TLS_RANDOM_LEN])
{
	const struct tls_cipher *c = tls_cipher_of(s);
	size_t iv = c->explicit ? 4 : TLS_IV_LEN;
	uint8_t block[2 * (TLS_KEY_MAX + TLS_IV_LEN)];

	memset(client, 0, sizeof(*client));
	memset(server, 0, sizeof(*server));
	if (s->tls13)
		return ERR_USAGE;
	client->suite = server->suite = s;
	/* the server's random first: here the order is the other way round than for the master secret */
	enum err e = prf_of_randoms(
	    s, master, TLS_MASTER_LEN, "key expansion", server_random, client_random, block, 2 * (c->key_len + iv));
	if (e == ERR_OK) {
		memcpy(client->key, block, c->key_len);
		memcpy(server->key, block + c->key_len, c->key_len);
		memcpy(client->iv, block + 2 * c->key_len, iv);
		memcpy(server->iv, block + 2 * c->key_len + iv, iv);
	}
	sodium_memzero(block, sizeof(block));
	return e;
}

enum err tls12_finished(const struct tls_suite *s, const uint8_t master[static TLS_MASTER_LEN], bool client,
    const uint8_t *hash, uint8_t out[static TLS12_FINISHED_LEN])
{
	return tls12_prf(s, master, TLS_MASTER_LEN, client ? "client finished" : "server finished", hash, s->hash_len,
	    out, TLS12_FINISHED_LEN);
}
