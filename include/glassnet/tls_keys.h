/* TLS's keys: from a shared secret and the messages to every key, and what one opens with them.
 *
 * TLS 1.3 (RFC 8446 7.1), with the hash H of the cipher suite:
 *
 *            0                                   PSK (or 0)
 *            └────────── HKDF-Extract ───────────┘
 *                             │
 *                        Early Secret ──▶ binder_key, client_early_traffic_secret, early_exporter_master_secret
 *                             │ Derive-Secret "derived"
 *                             └────────── HKDF-Extract ◀── shared secret of (EC)DHE
 *                                              │
 *                                      Handshake Secret ──▶ client_, server_handshake_traffic_secret
 *                                              │ Derive-Secret "derived"
 *                                              └────── HKDF-Extract ◀── 0
 *                                                          │
 *                                                    Master Secret ──▶ client_, server_application_traffic_secret_0,
 *                                                                      exporter_, resumption_master_secret
 *
 * TLS 1.2 (RFC 5246 6.3, 8.1): master secret and randoms through the PRF into one block of keys; its AEAD
 * suites only (RFC 5288, 6655, 7905).
 *
 * Everything here is computed with public functions of OpenSSL from what the caller gives: nothing asks a
 * connection. Secrets lie in the caller's structs; the release functions wipe them. */
#ifndef GLASSNET_TLS_KEYS_H
#define GLASSNET_TLS_KEYS_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

#define TLS_HASH_MAX   48 /* octets: SHA-384 */
#define TLS_KEY_MAX    32
#define TLS_IV_LEN     12
#define TLS_RANDOM_LEN 32
#define TLS_MASTER_LEN 48 /* of TLS 1.2, whatever the suite */
#define TLS_HEADER_LEN 5
#define TLS_INNER_MAX  (16384 + 1)                               /* RFC 8446 5.4: text, type and padding */
#define TLS_RECORD_MAX (TLS_HEADER_LEN + 16384 + 2048)           /* RFC 5246 6.2.3; TLS 1.3 allows less */
#define TLS_SEALED_MAX (TLS_HEADER_LEN + 8 + TLS_INNER_MAX + 16) /* what tls_record_seal() writes at most */

/* --- cipher suites --- */

enum tls_aead {
	TLS_AES_128_GCM,
	TLS_AES_256_GCM,
	TLS_CHACHA20_POLY1305,
	TLS_AES_128_CCM,
	TLS_AES_256_CCM,
	TLS_AES_128_CCM_8,
	TLS_AES_256_CCM_8
};

struct tls_suite {
	uint16_t id;
	bool tls13;
	enum tls_aead aead;
	unsigned hash_len; /* 32: SHA-256, 48: SHA-384 */
};

/* NULL: no AEAD suite that is known here (CBC and stream ciphers of TLS 1.2 are not). */
const struct tls_suite *tls_suite_find(uint16_t id);
const char *tls_suite_hash(const struct tls_suite *s); /* "SHA256", as OpenSSL calls it */
size_t tls_suite_key_len(const struct tls_suite *s);
size_t tls_suite_tag_len(const struct tls_suite *s);

/* --- the building blocks (RFC 5869, RFC 8446 7.1) --- */

/* All write hash_len octets but tls_expand_label, which writes n. */
enum err tls_extract(const struct tls_suite *s, const uint8_t *salt, size_t salt_len, const uint8_t *ikm,
    size_t ikm_len, uint8_t out[static TLS_HASH_MAX]) MUST_USE;
/* HKDF-Expand-Label: label without "tls13 ". */
enum err tls_expand_label(const struct tls_suite *s, const uint8_t *secret, const char *label, const uint8_t *context,
    size_t context_len, uint8_t *out, size_t n) MUST_USE;
/* Derive-Secret, with the transcript's hash already taken. */
enum err tls_derive_secret(const struct tls_suite *s, const uint8_t *secret, const char *label, const uint8_t *hash,
    uint8_t out[static TLS_HASH_MAX]) MUST_USE;

/* --- the transcript (RFC 8446 4.4.1) --- */

struct tls_transcript {
	const struct tls_suite *suite;
	EVP_MD_CTX *md; /* owned */
};

enum err tls_transcript_init(struct tls_transcript *t, const struct tls_suite *s) MUST_USE;
/* A handshake message with its header of 4 octets. */
enum err tls_transcript_add(struct tls_transcript *t, const uint8_t *msg, size_t len) MUST_USE;
/* The hash of what was added so far: hash_len octets. More may be added. */
enum err tls_transcript_hash(const struct tls_transcript *t, uint8_t out[static TLS_HASH_MAX]) MUST_USE;
/* A HelloRetryRequest came: what was added, the first ClientHello, is replaced by a message_hash. */
enum err tls_transcript_retry(struct tls_transcript *t) MUST_USE;
void tls_transcript_release(struct tls_transcript *t);

/* --- TLS 1.3: the key schedule, every secret by its name --- */

enum tls_secret {
	TLS_EARLY_SECRET,
	TLS_BINDER_KEY,
	TLS_CLIENT_EARLY_TRAFFIC,
	TLS_EARLY_EXPORTER,
	TLS_HANDSHAKE_SECRET,
	TLS_CLIENT_HANDSHAKE_TRAFFIC,
	TLS_SERVER_HANDSHAKE_TRAFFIC,
	TLS_MASTER_SECRET,
	TLS_CLIENT_TRAFFIC_0,
	TLS_SERVER_TRAFFIC_0,
	TLS_EXPORTER_MASTER,
	TLS_RESUMPTION_MASTER,
	TLS_SECRET_COUNT
};

struct tls_secret_info {
	const char *name;     /* "client_handshake_traffic_secret" */
	const char *label;    /* "c hs traffic"; NULL: it is extracted, not derived */
	const char *keylog;   /* "CLIENT_HANDSHAKE_TRAFFIC_SECRET"; NULL: key logs do not have it */
	const char *covers;   /* the messages that its hash is over: "ClientHello to ServerHello"; NULL: none */
	const char *use;      /* what it is for, in plain words */
	enum tls_secret from; /* derived from; of an extracted one: the one above it (itself: none) */
};

const struct tls_secret_info *tls_secret_info(enum tls_secret id);

struct tls_schedule {
	const struct tls_suite *suite;
	uint8_t secret[TLS_SECRET_COUNT][TLS_HASH_MAX]; /* hash_len octets each */
	bool known[TLS_SECRET_COUNT];
};

/* Computes the Early Secret and, with a PSK, the binder key. psk NULL: none, zeros stand for it. external: the
 * PSK is not of an earlier session (another label for the binder). */
enum err tls_schedule_early(
    struct tls_schedule *k, const struct tls_suite *s, const uint8_t *psk, size_t psk_len, bool external) MUST_USE;
/* The secrets for data before the handshake (0-RTT); hash over the ClientHello. */
enum err tls_schedule_early_data(struct tls_schedule *k, const uint8_t *hash) MUST_USE;
/* shared: what (EC)DHE gave; NULL: the handshake has none (psk_ke). hash: ClientHello to ServerHello. */
enum err tls_schedule_handshake(
    struct tls_schedule *k, const uint8_t *shared, size_t shared_len, const uint8_t *hash) MUST_USE;
/* hash: ClientHello to the server's Finished. */
enum err tls_schedule_master(struct tls_schedule *k, const uint8_t *hash) MUST_USE;
/* hash: ClientHello to the client's Finished. */
enum err tls_schedule_resumption(struct tls_schedule *k, const uint8_t *hash) MUST_USE;
void tls_schedule_release(struct tls_schedule *k); /* wipes */

/* What a Finished message holds (RFC 8446 4.4.4), also a PSK binder (with the binder key): hash_len octets. */
enum err tls_finished(
    const struct tls_suite *s, const uint8_t *secret, const uint8_t *hash, uint8_t out[static TLS_HASH_MAX]) MUST_USE;
/* The PSK that a NewSessionTicket stands for (RFC 8446 4.6.1): hash_len octets. */
enum err tls_ticket_psk(const struct tls_suite *s, const uint8_t *resumption_master, const uint8_t *nonce,
    size_t nonce_len, uint8_t out[static TLS_HASH_MAX]) MUST_USE;
/* The traffic secret after a KeyUpdate (RFC 8446 7.2); out may be the secret itself. */
enum err tls_next_traffic_secret(
    const struct tls_suite *s, const uint8_t *secret, uint8_t out[static TLS_HASH_MAX]) MUST_USE;

/* --- the keys of one direction --- */

struct tls_keys {
	const struct tls_suite *suite;
	uint8_t key[TLS_KEY_MAX]; /* tls_suite_key_len() octets */
	uint8_t iv[TLS_IV_LEN];   /* TLS 1.2 with GCM or CCM: the first 4 */
};

/* TLS 1.3: from a traffic secret (RFC 8446 7.3). */
enum err tls_traffic_keys(struct tls_keys *out, const struct tls_suite *s, const uint8_t *secret) MUST_USE;
void tls_keys_release(struct tls_keys *k); /* wipes */

/* --- TLS 1.2 --- */

/* n octets of PRF(secret, label, seed) (RFC 5246 5). */
enum err tls12_prf(const struct tls_suite *s, const uint8_t *secret, size_t secret_len, const char *label,
    const uint8_t *seed, size_t seed_len, uint8_t *out, size_t n) MUST_USE;
/* The master secret from what the key exchange gave. session_hash: of the messages to ClientKeyExchange, where
 * extended_master_secret was agreed (RFC 7627); NULL: from the randoms. */
enum err tls12_master(const struct tls_suite *s, const uint8_t *premaster, size_t n,
    const uint8_t client_random[static TLS_RANDOM_LEN], const uint8_t server_random[static TLS_RANDOM_LEN],
    const uint8_t *session_hash, uint8_t out[static TLS_MASTER_LEN]) MUST_USE;
enum err tls12_keys(struct tls_keys *client, struct tls_keys *server, const struct tls_suite *s,
    const uint8_t master[static TLS_MASTER_LEN], const uint8_t client_random[static TLS_RANDOM_LEN],
    const uint8_t server_random[static TLS_RANDOM_LEN]) MUST_USE;
#define TLS12_FINISHED_LEN 12
/* hash: of the messages before this Finished. */
enum err tls12_finished(const struct tls_suite *s, const uint8_t master[static TLS_MASTER_LEN], bool client,
    const uint8_t *hash, uint8_t out[static TLS12_FINISHED_LEN]) MUST_USE;

/* --- records --- */

/* Which records need keys: in TLS 1.3 those of type application data, in TLS 1.2 all after ChangeCipherSpec. */
struct tls_opened {
	uint8_t type;   /* of what is inside */
	size_t len;     /* octets of text */
	size_t padding; /* TLS 1.3: zeros that were added to hide the length */
};

/* Opens one whole record, header included; number: of the record under these keys, from 0. cap must be at least the length of the record's body. The text is in
 * out, which the caller wipes. ERR_TRUNCATED: the record is not whole, or too short for its tag; ERR_TOO_LONG:
 * longer than any record may be, or than cap; ERR_NEGATIVE: another key, another number, or altered on the
 * way; ERR_FORMAT: it fits, and there is no type inside. */
enum err tls_record_open(const struct tls_keys *k, uint64_t number, const uint8_t *record, size_t len, uint8_t *out,
    size_t cap, struct tls_opened *what) MUST_USE;

/* Makes one whole record of at most 16384 octets of text; *n octets are written. ERR_TOO_LONG: it does not fit. */
enum err tls_record_seal(const struct tls_keys *k, uint64_t number, uint8_t type, const uint8_t *text, size_t len,
    uint8_t *out, size_t cap, size_t *n) MUST_USE;

/* --- key logs (the format of NSS: LABEL client_random secret, in hex) --- */

struct tls_logged {
	uint8_t client_random[TLS_RANDOM_LEN];
	bool master;         /* CLIENT_RANDOM: the master secret of TLS 1.2, and id means nothing */
	enum tls_secret id;  /* a secret of the schedule */
	unsigned generation; /* CLIENT_TRAFFIC_SECRET_N: N; else 0 */
	uint8_t secret[TLS_HASH_MAX];
	size_t len;
};

/* One line without its newline. ERR_VERSION: a comment, an empty line or a label that is not known here (skip
 * it); ERR_FORMAT: *at is the octet that is wrong. */
enum err tls_keylog_parse(struct tls_logged *out, const char *line, size_t len, size_t *at) MUST_USE;

#endif
