/* The certificates that a server showed, and the trusted one that they lead to. */
#ifndef TLSVIEW_CHAIN_H
#define TLSVIEW_CHAIN_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stddef.h>

#include "glassnet/trace.h"
#include "glassnet/x509.h"

#define CHAIN_MAX 16

struct chain {
	struct {
		struct x509_info info;
		bool sent; /* the server showed it (else it came from the trust store) */
	} cert[CHAIN_MAX]; /* as the server sent them; then the root, when it came from the store */
	size_t n, n_sent;
	size_t not_shown; /* certificates beyond CHAIN_MAX */
	char anchor[128]; /* the name of the trusted root that the chain ends at; "" when it does not */
};

/* Adds it to the chain; what the server sent is told to the trace. */
void chain_add(struct chain *c, struct trace *t, X509 *cert, bool sent);

#endif
