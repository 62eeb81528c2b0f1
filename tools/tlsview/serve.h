/* A TLS server that tells what comes: one page for everybody, any certificate, also wrong ones. */
#ifndef TLSVIEW_SERVE_H
#define TLSVIEW_SERVE_H

#include <openssl/ssl.h>

#include "glassnet/cli.h"
#include "tlsview.h"

#define SERVE_CERTS_MAX CLI_MAX_MANY
#define SERVE_CONNS_MAX 64

/* What no honest server does. */
enum hostile {
	HOSTILE_NOT,
	HOSTILE_SILENT,  /* takes the connection and says nothing */
	HOSTILE_SLOW,    /* an octet a tenth of a second */
	HOSTILE_GARBAGE, /* random octets after its ServerHello */
	HOSTILE_CHAIN,   /* its chain of certificates goes on and on */
	HOSTILE_BIG,     /* its certificate has nearly 16 MB */
};

struct serve_options {
	struct endpoint at;
	const char *cert[SERVE_CERTS_MAX], *key[SERVE_CERTS_MAX], *chain[SERVE_CERTS_MAX]; /* PEM files */
	size_t n;                                                                          /* 0: one is made */
	const char *save_root; /* the root of the one that is made goes into this file; NULL: nowhere */
	uint16_t min, max;
	const char *ciphers, *groups;
	const uint8_t *alpn; /* as on the wire; in our order */
	size_t alpn_len;
	const char *client_ca; /* ask who the client is, and believe these authorities; NULL: do not ask */
	const char *ocsp;      /* a response (DER) to staple */
	long hsts;             /* Strict-Transport-Security: max-age; negative: not said */
	enum hostile hostile;
	long count; /* connections, then the end; 0: until told to stop */
	bool secrets;
	int keylog_fd, cancel_fd;
	int64_t timeout_ns; /* for one connection */
	const char *actor;
	const struct clock *clock;
};

struct served {
	unsigned taken, agreed, refused_by_client, failed;
	char text[512];
	enum err err;
};

enum err serve_run(const struct serve_options *opt, struct trace *t, struct served *out);

/* --- its parts --- */

struct server {
	const struct serve_options *opt;
	struct trace *t;
	struct served *out;
	SSL_CTX *ctx[SERVE_CERTS_MAX];
	X509 *leaf[SERVE_CERTS_MAX]; /* borrowed from ctx */
	size_t n;
	uint8_t *staple; /* owned */
	size_t staple_len;
	int fd;
	char here[ENDPOINT_TEXT];
};

/* serve_certs.c: contexts from files, or one that is made; ERR_IO, ERR_FORMAT: out says why. */
enum err serve_load(struct server *s) MUST_USE;

enum err served_set(struct served *out, enum err err, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
