/* From a conversation in the clear to TLS on the same connection: SMTP (RFC 3207) and IMAP (RFC 9051 6.2.1). */
#ifndef TLSVIEW_STARTTLS_H
#define TLSVIEW_STARTTLS_H

#include "glassnet/net.h"
#include "tlsview.h"

/* Talks on the connected socket until both sides agreed to begin TLS. ERR_OK: begin now; else res says why not. */
enum err starttls_run(
    enum starttls kind, int fd, struct deadline d, const char *me, struct trace *t, struct result *res) MUST_USE;

#endif
