/* The octets of a connection as they were on the wire, cut into records: what a listener on the path has. */
#ifndef TLSVIEW_WIRETAP_H
#define TLSVIEW_WIRETAP_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/tls_keys.h"

#define FIRST_OCTETS 64

struct wiretap {
	/* a whole record; TLS only */
	void (*on_record)(void *arg, bool out, const uint8_t *record, size_t len);
	void *arg;
	bool reads_only;             /* of a tapped BIO */
	size_t octets[2];            /* in, out: all of them */
	uint8_t first[FIRST_OCTETS]; /* the first that came */
	size_t n_first;
	struct {
		uint8_t buf[TLS_RECORD_MAX];
		size_t n;
		bool lost; /* this is no TLS, or a record too long for any */
	} part[2];
};

/* Taps bio, which w must outlive. */
void wiretap_on(struct wiretap *w, BIO *bio);
/* Octets that went another way than through a tapped BIO. */
void wiretap_feed(struct wiretap *w, bool out, const uint8_t *p, size_t n);

#endif
