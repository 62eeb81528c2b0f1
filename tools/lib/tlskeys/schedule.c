/* TLS 1.3's key schedule. RFC 8446 7.1, 7.2, 7.3, 4.4.4, 4.6.1. */
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#include "private.h"

static const uint8_t zeros[TLS_HASH_MAX];

const struct tls_secret_info *tls_secret_info(enum tls_secret id)
{
	static const struct tls_secret_info all[TLS_SECRET_COUNT] = {
	    [TLS_EARLY_SECRET] = {"early_secret", NULL, NULL, NULL,
	        "the first step: a secret of an earlier session (PSK), or zeros", TLS_EARLY_SECRET},
	    [TLS_BINDER_KEY] = {"binder_key", "res binder", NULL, "nothing",
	        "shows that the client knows the PSK that it offers", TLS_EARLY_SECRET},
	    [TLS_CLIENT_EARLY_TRAFFIC] = {"client_early_traffic_secret", "c e traffic", "CLIENT_EARLY_TRAFFIC_SECRET",
	        "ClientHello", "encrypts what a client says before the handshake is done (0-RTT)", TLS_EARLY_SECRET},
	    [TLS_EARLY_EXPORTER] = {"early_exporter_master_secret", "e exp master", "EARLY_EXPORTER_SECRET",
	        "ClientHello", "for other protocols that need a key early", TLS_EARLY_SECRET},
	    [TLS_HANDSHAKE_SECRET] = {"handshake_secret", NULL, NULL, NULL,
	        "the shared secret of the key agreement (Diffie-Hellman) comes in here", TLS_EARLY_SECRET},
	    [TLS_CLIENT_HANDSHAKE_TRAFFIC] = {"client_handshake_traffic_secret", "c hs traffic",
	        "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "ClientHello to ServerHello",
	        "encrypts the client's part of the handshake", TLS_HANDSHAKE_SECRET},
	    [TLS_SERVER_HANDSHAKE_TRAFFIC] = {"server_handshake_traffic_secret", "s hs traffic",
	        "SERVER_HANDSHAKE_TRAFFIC_SECRET", "ClientHello to ServerHello",
	        "encrypts the server's part of the handshake, its certificate among it", TLS_HANDSHAKE_SECRET},
	    [TLS_MASTER_SECRET] = {"master_secret", NULL, NULL, NULL,
	        "the last step: everything after the handshake comes from it", TLS_HANDSHAKE_SECRET},
	    [TLS_CLIENT_TRAFFIC_0] = {"client_application_traffic_secret_0", "c ap traffic",
	        "CLIENT_TRAFFIC_SECRET_0", "ClientHello to the server's Finished", "encrypts what the client says",
	        TLS_MASTER_SECRET},
	    [TLS_SERVER_TRAFFIC_0] = {"server_application_traffic_secret_0", "s ap traffic",
	        "SERVER_TRAFFIC_SECRET_0", "ClientHello to the server's Finished", "encrypts what the server says",
	        TLS_MASTER_SECRET},
	    [TLS_EXPORTER_MASTER] = {"exporter_master_secret", "exp master", "EXPORTER_SECRET",
	        "ClientHello to the server's Finished", "for other protocols that need a key", TLS_MASTER_SECRET},
	    [TLS_RESUMPTION_MASTER] = {"resumption_master_secret", "res master", NULL,
	        "ClientHello to the client's Finished", "makes the PSK of the next session", TLS_MASTER_SECRET},
	};

	return &all[id];
}

/* Derives the secret id from the one above it. */
static enum err derive(struct tls_schedule *k, enum tls_secret id, const char *label, const uint8_t *hash)
{
	const struct tls_secret_info *info = tls_secret_info(id);

	if (!k->known[info->from])
		return ERR_INTERNAL; /* called in the wrong order */
	enum err e =
	    tls_derive_secret(k->suite, k->secret[info->from], label ? label : info->label, hash, k->secret[id]);
	k->known[id] = e == ERR_OK;
	return e;
}

static enum err empty_hash(const struct tls_suite *s, uint8_t out[static TLS_HASH_MAX])
{
	return EVP_Q_digest(NULL, tls_suite_hash(s), NULL, "", 0, out, NULL) == 1 ? ERR_OK : ERR_INTERNAL;
}

/* One step down the middle: the secret above, "derived", is the salt; ikm comes in. */
static enum err step(struct tls_schedule *k, enum tls_secret id, const uint8_t *ikm, size_t n)
{
	uint8_t hash[TLS_HASH_MAX], salt[TLS_HASH_MAX];
	enum tls_secret above = tls_secret_info(id)->from;
	enum err e = k->known[above] ? empty_hash(k->suite, hash) : ERR_INTERNAL;

	if (e == ERR_OK)
		e = tls_derive_secret(k->suite, k->secret[above], "derived", hash, salt);
	if (e == ERR_OK)
		e = tls_extract(k->suite, salt, k->suite->hash_len, ikm ? ikm : zeros, ikm ? n : k->suite->hash_len,
		    k->secret[id]);
	k->known[id] = e == ERR_OK;
	sodium_memzero(salt, sizeof(salt));
	return e;
}

enum err tls_schedule_early(
    struct tls_schedule *k, const struct tls_suite *s, const uint8_t *psk, size_t psk_len, bool external)
{
	uint8_t hash[TLS_HASH_MAX];

	memset(k, 0, sizeof(*k));
	k->suite = s;
	enum err e = tls_extract(
	    s, zeros, s->hash_len, psk ? psk : zeros, psk ? psk_len : s->hash_len, k->secret[TLS_EARLY_SECRET]);
	k->known[TLS_EARLY_SECRET] = e == ERR_OK;
	if (e == ERR_OK && psk)
		e = empty_hash(s, hash);
	if (e == ERR_OK && psk)
		e = derive(k, TLS_BINDER_KEY, external ? "ext binder" : NULL, hash);
	return e;
}

enum err tls_schedule_early_data(struct tls_schedule *k, const uint8_t *hash)
{
	enum err e = derive(k, TLS_CLIENT_EARLY_TRAFFIC, NULL, hash);

	return e == ERR_OK ? derive(k, TLS_EARLY_EXPORTER, NULL, hash) : e;
}

enum err tls_schedule_handshake(struct tls_schedule *k, const uint8_t *shared, size_t shared_len, const uint8_t *hash)
{
	enum err e = step(k, TLS_HANDSHAKE_SECRET, shared, shared_len);

	if (e == ERR_OK)
		e = derive(k, TLS_CLIENT_HANDSHAKE_TRAFFIC, NULL, hash);
	return e == ERR_OK ? derive(k, TLS_SERVER_HANDSHAKE_TRAFFIC, NULL, hash) : e;
}

enum err tls_schedule_master(struct tls_schedule *k, const uint8_t *hash)
{
	static const enum tls_secret below[] = {TLS_CLIENT_TRAFFIC_0, TLS_SERVER_TRAFFIC_0, TLS_EXPORTER_MASTER};
	enum err e = step(k, TLS_MASTER_SECRET, NULL, 0);

	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]) && e == ERR_OK; i++)
		e = derive(k, below[i], NULL, hash);
	return e;
}

enum err tls_schedule_resumption(struct tls_schedule *k, const uint8_t *hash)
{
	return derive(k, TLS_RESUMPTION_MASTER, NULL, hash);
}

void tls_schedule_release(struct tls_schedule *k)
{
	sodium_memzero(k, sizeof(*k));
}

enum err tls_finished(
    const struct tls_suite *s, const uint8_t *secret, const uint8_t *hash, uint8_t out[static TLS_HASH_MAX])
{
	uint8_t key[TLS_HASH_MAX];
	enum err e = tls_expand_label(s, secret, "finished", NULL, 0, key, s->hash_len);

	if (e == ERR_OK && !EVP_Q_mac(NULL, "HMAC", NULL, tls_suite_hash(s), NULL, key, s->hash_len, hash,
	                       s->hash_len, out, TLS_HASH_MAX, NULL))
		e = ERR_INTERNAL;
	sodium_memzero(key, sizeof(key));
	return e;
}

enum err tls_ticket_psk(const struct tls_suite *s, const uint8_t *resumption_master, const uint8_t *nonce,
    size_t nonce_len, uint8_t out[static TLS_HASH_MAX])
{
	return tls_expand_label(s, resumption_master, "resumption", nonce, nonce_len, out, s->hash_len);
}

enum err tls_next_traffic_secret(const struct tls_suite *s, const uint8_t *secret, uint8_t out[static TLS_HASH_MAX])
{
	uint8_t next[TLS_HASH_MAX];
	enum err e = tls_expand_label(s, secret, "traffic upd", NULL, 0, next, s->hash_len);

	if (e == ERR_OK)
		memcpy(out, next, s->hash_len);
	sodium_memzero(next, sizeof(next));
	return e;
}

enum err tls_traffic_keys(struct tls_keys *out, const struct tls_suite *s, const uint8_t *secret)
{
	memset(out, 0, sizeof(*out));
	out->suite = s;
	enum err e = tls_expand_label(s, secret, "key", NULL, 0, out->key, tls_suite_key_len(s));
	return e == ERR_OK ? tls_expand_label(s, secret, "iv", NULL, 0, out->iv, TLS_IV_LEN) : e;
}

void tls_keys_release(struct tls_keys *k)
{
	sodium_memzero(k, sizeof(*k));
}
