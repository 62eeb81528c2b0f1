/* The connection, told while it happens: OpenSSL's message callback turned into events.
 *
 * The callback gives handshake messages decrypted. Whether a listener can read them is told by the record
 * that carries them: in TLS 1.3 encrypted records are of type 23, whatever is inside; in TLS 1.2 everything
 * after a ChangeCipherSpec is encrypted. */
#ifndef TLSVIEW_NARRATE_H
#define TLSVIEW_NARRATE_H

#include <openssl/ssl.h>

#include "hs.h"
#include "tlsview.h"

#define MESSAGES_MAX 256 /* more than that are counted, not told */

struct narrator {
	struct trace *t;
	struct result *res;
	struct keywatch *keys;    /* NULL: nobody computes them */
	const char *me;           /* our role */
	char here[ENDPOINT_TEXT]; /* our address */
	bool serving;             /* we are the server */
	uint16_t version;         /* agreed; 0: not yet */
	uint8_t outer[2];         /* type of the last record in, out */
	bool sealed[2];           /* TLS 1.2: a ChangeCipherSpec came, went */
	uint64_t taught;          /* lessons given, a bit each */
	unsigned messages;
	bool server_signed;         /* a CertificateVerify came; TLS 1.2: a signed ServerKeyExchange */
	bool could_do_better;       /* the server's random says that it can do a newer version */
	bool key_told, finish_told; /* the verdicts are out */
	uint8_t alert_in, alert_out;
	bool has_alert_in, has_alert_out;
};

/* Makes ssl tell n, which must outlive it. */
void narrate(SSL *ssl, struct narrator *n);

/* The verdicts on the proof of the key and on Finished, where they are not out yet. */
void narrate_handshake_done(struct narrator *n, SSL *ssl);
void narrate_key_verdict(struct narrator *n, enum verdict v, const char *text);
void narrate_finished_verdict(struct narrator *n, enum verdict v, const char *text);

/* Application data, out or in: the record as a listener has it, and what is in it. secret: what we send may be a
 * password, so its octets are in no event. */
void narrate_data(struct narrator *n, bool out, const uint8_t *text, size_t len, bool secret);

#endif
