/* What the server showed, in order. The engine (glassnet/x509.h) puts certificates into words. */
#include <stdio.h>

#include "chain.h"

void chain_add(struct chain *c, struct trace *t, X509 *cert, bool sent)
{
	char key[32], text[640];

	if (c->n == CHAIN_MAX) {
		c->not_shown++;
		return;
	}
	struct x509_info *info = &c->cert[c->n].info;
	x509_info_from(info, cert);
	c->cert[c->n].sent = sent;
	if (sent && trace_on(t)) {
		snprintf(key, sizeof(key), "certificate %zu", c->n);
		snprintf(
		    text, sizeof(text), "%s; issued by %s", info->name, info->self_issued ? "itself" : info->issuer);
		ev_state(t, "the server showed", key, NULL, text, "SHA-256 %s", info->sha256);
	}
	c->n++;
	c->n_sent += sent;
}
