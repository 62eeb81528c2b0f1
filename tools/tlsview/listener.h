/* What a passive listener on the path can know of a TLS connection, from the octets on the wire and nothing else: it
 * has no key. Everything that it tells was read from the records. */
#ifndef TLSVIEW_LISTENER_H
#define TLSVIEW_LISTENER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/clock.h"
#include "glassnet/trace.h"
#include "tlsview.h"

#define HEARD_MAX ((size_t)64 << 10) /* octets of a side's handshake in the clear that are kept */

struct listener {
	struct trace *t;
	const char *client, *server;           /* roles in the trace; borrowed */
	const char *client_addr, *server_addr; /* or NULL */
	const struct clock *clock;
	/* what it knows in the end; texts are escaped, "" unknown */
	uint16_t version;
	char sni[NAME_MAX_TEXT], alpn[128], cipher[64], group[32];
	unsigned offered; /* cipher suites */
	char certificate[400], fingerprint[65];
	bool has_hello, retried, certificate_asked;
	struct {
		unsigned records, encrypted;
		size_t octets, encrypted_octets;
		bool sealed; /* TLS 1.2: ChangeCipherSpec */
		uint8_t heard[HEARD_MAX];
		size_t n_heard, n_read;
	} side[2];           /* server's, client's */
	int64_t first, last; /* ns */
};

/* A whole record. */
void listener_record(struct listener *l, bool from_client, const uint8_t *record, size_t len);
/* What it knows and what it does not, as events. */
void listener_summary(struct listener *l);
/* The same as a JSON object; the caller frees it. NULL: out of memory. */
char *listener_json(const struct listener *l);

#endif
