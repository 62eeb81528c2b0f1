/* Certificates in words: whose, by whom, for which names, how long, which key. */
#ifndef TLSVIEW_CHAIN_H
#define TLSVIEW_CHAIN_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/clock.h"
#include "glassnet/trace.h"

#define CHAIN_MAX 16

/* Texts are escaped (escape_text) and cut where they do not fit. */
struct cert_info {
	char subject[256], issuer[256];
	char names[512]; /* the subject alternative names: "bank.example, 192.0.2.1"; "" when there are none */
	unsigned n_names;
	char not_before[24], not_after[24]; /* "2026-11-22 16:00:00" UTC */
	char key[48];                       /* "EC P-256", "RSA 2048" */
	char signature[48];                 /* "ecdsa-with-SHA256" */
	char sha256[65];                    /* the fingerprint of its DER bytes, hex */
	char serial[48];                    /* hex */
	bool self_issued;                   /* its issuer is its subject */
	bool ca;                            /* basicConstraints say CA */
	bool sent;                          /* the server showed it (else it came from the trust store) */
};

struct chain {
	struct cert_info cert[CHAIN_MAX]; /* as the server sent them; then the root, when it came from the store */
	size_t n, n_sent;
	size_t not_shown; /* certificates beyond CHAIN_MAX */
	char anchor[256]; /* the subject of the trusted root that the chain ends at; "" when it does not */
};

void cert_info_from(struct cert_info *out, X509 *cert);

/* Adds it to the chain and tells the trace. */
void chain_add(struct chain *c, struct trace *t, X509 *cert, bool sent);

/* The subject's common name, or all of the subject where it has none; escaped. Returns out. */
char *cert_short_name(char *out, size_t cap, X509 *cert);

/* "bank.example, www.bank.example", at most a few, then how many more; escaped. *n is their number. */
char *cert_names_text(char *out, size_t cap, X509 *cert, unsigned *n);

#endif
