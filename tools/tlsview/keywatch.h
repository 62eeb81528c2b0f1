/* The keys of the connection, computed beside OpenSSL from what is seen of it, and compared with what OpenSSL logs.
 *
 * TLS 1.3: our own half of the key agreement is OpenSSL's (SSL_get_tmp_key(3) gives it, as long as the ServerHello is
 * not dealt with), the other half is in the ServerHello, the transcript is every message that went by: from these
 * three everything is computed (glassnet/tls_keys.h). TLS 1.2: OpenSSL keeps its half to itself, so the master secret
 * is taken from its log, and the rest is computed from it.
 *
 * With these keys each record is opened as it came off the wire. What OpenSSL decrypted is only compared with that. */
#ifndef TLSVIEW_KEYWATCH_H
#define TLSVIEW_KEYWATCH_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "glassnet/tls_keys.h"
#include "glassnet/trace.h"

#define SHARED_MAX 1024 /* octets of a shared secret: ffdhe8192 */

/* One direction of the records. */
struct opener {
	bool ready;
	bool sealed; /* TLS 1.2: ChangeCipherSpec was on the wire */
	bool data;   /* TLS 1.3: the handshake's keys are done with */
	struct tls_keys keys;
	uint8_t secret[TLS_HASH_MAX]; /* TLS 1.3: the traffic secret that the keys are from */
	uint64_t number;
	/* the last record of application data, as it was on the wire, and opened */
	uint8_t record[TLS_RECORD_MAX], text[TLS_RECORD_MAX];
	size_t record_len, text_len;
	bool opened;
};

/* What a connection's keys were, for a comparison with the next one's. */
struct key_summary {
	bool tls13, resumed;
	struct tls_schedule schedule;
	uint8_t master[TLS_MASTER_LEN]; /* TLS 1.2 */
	bool has_master;
	uint8_t shared[SHARED_MAX];
	size_t shared_len;
	uint8_t psk[TLS_HASH_MAX]; /* TLS 1.3: what the last ticket stands for */
	bool has_psk;
	uint8_t used_psk[TLS_HASH_MAX]; /* what this session began with: psk_len octets, 0: nothing */
	size_t psk_len;
	unsigned computed, logged, same; /* secrets: by us, by OpenSSL, of these the same */
	bool differs;
};

/* Wipes it. */
void key_summary_release(struct key_summary *s);

struct keywatch {
	struct trace *t;
	SSL *ssl;
	bool show; /* the secrets themselves, not their fingerprints */

	const struct tls_suite *suite; /* NULL: not chosen yet, or none that is known here */
	struct tls_transcript transcript;
	uint8_t *hello; /* owned: the first ClientHello, until the hash is known */
	size_t hello_len;
	uint8_t random[2][TLS_RANDOM_LEN]; /* the server's, the client's */
	bool finished[2];                  /* a Finished came, went */
	bool broken;                       /* something could not be computed: no more is said */
	struct opener dir[2];              /* in, out */
	struct key_summary sum;
};

/* NULL: out of memory. */
struct keywatch *keywatch_new(SSL *ssl, struct trace *t, bool show);
void keywatch_free(struct keywatch *k); /* wipes; NULL is allowed */

/* A handshake message, after it was told. */
void keywatch_message(struct keywatch *k, bool out, const uint8_t *msg, size_t len);
/* A line of the key log. */
void keywatch_logged(struct keywatch *k, const char *line);
/* A whole record on the wire. */
void keywatch_record(struct keywatch *k, bool out, const uint8_t *record, size_t len);

/* "3f2a91b0c4d5e6f7", or all of it with show; out takes 2 * n + 40 octets. Returns out. */
char *secret_text(char *out, size_t cap, const uint8_t *secret, size_t n, bool show);

#endif
