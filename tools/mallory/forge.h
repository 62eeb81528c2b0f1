/* The certificates that mallory shows in the bank's place. */
#ifndef MALLORY_FORGE_H
#define MALLORY_FORGE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "glassnet/clock.h"
#include "glassnet/err.h"

enum tls_attack {
	TLS_NONE,           /* pass the bytes on untouched */
	TLS_SELF_SIGNED,    /* a certificate for the bank's name, signed by its own key */
	TLS_OWN_CA,         /* a certificate for the bank's name, issued by a CA that mallory made up */
	TLS_OTHER_NAME,     /* a true certificate of the lab's CA, for mallory's own honest name */
	TLS_EXPIRED,        /* the bank's last certificate, stolen with its key */
	TLS_LEAF_CA,        /* a certificate for the bank's name, issued by mallory's own honest one */
	TLS_COMPROMISED_CA, /* a certificate for the bank's name that the lab's CA made for mallory, and took back */
	TLS_DOWNGRADE,      /* pass the bytes on, but for a weaker offer */
	TLS_ANONYMOUS,      /* none: anonymous Diffie-Hellman (RFC 5246 F.1.1.1) */
	TLS_ATTACK_COUNT
};

#define FORGED_CA_NAME "Freewifi Trust CA"
#define TRUE_DIR       "/run/glassnet/pki" /* what was not made up: NAME.key, NAME.chain.pem */

/* Does TLS pass, with the bank's own certificate? */
bool tls_attack_passes(enum tls_attack a);

/* "self-signed"; never NULL. */
const char *tls_attack_name(enum tls_attack a);
/* ERR_FORMAT: no such attack. */
enum err tls_attack_parse(enum tls_attack *out, const char *name) MUST_USE;
/* What is shown, in a sentence. */
const char *tls_attack_text(enum tls_attack a);

/* A TLS server's context that shows the attack's certificate for `name`; for one that does not pass. Keys that are made here
 * stay in memory and are wiped when the context is freed; true ones are read from dir. ERR_IO: they could not be
 * read. */
enum err forge_context(
    SSL_CTX **out, enum tls_attack a, const char *name, const struct clock *clock, const char *dir) MUST_USE;

/* A proper client's context: the system's CA certificates, and it refuses whoever does not prove its name. */
enum err client_context(SSL_CTX **out) MUST_USE;

/* "subject, issued by issuer" of the certificate that ctx shows, escaped; "" where it shows none. Returns out. */
char *forge_describe(const SSL_CTX *ctx, char *out, size_t cap);

#endif
