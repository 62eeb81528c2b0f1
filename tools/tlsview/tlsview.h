/* tlsview: one TLS connection, made visible. What goes in, what comes out.
 *
 *     connect_run()   finds the address (resolve.c), makes the TCP connection (dial.c) and calls
 *     session_run()   which does TLS over any stream socket: the handshake (session.c), told message by
 * message (narrate.c, with the bytes taken apart by hs_parse.c, hs_label.c, hs_fields.c), the certificate's
 * checks (chain.c, verify.c, checks.c), then the data (exchange.c)
 *
 * All of it narrates to a trace and returns a struct result; main.c has the options. */
#ifndef TLSVIEW_H
#define TLSVIEW_H

#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks.h"
#include "chain.h"
#include "keywatch.h"
#include "glassnet/addr.h"
#include "glassnet/clock.h"
#include "glassnet/err.h"
#include "glassnet/target.h"
#include "glassnet/trace.h"

#define REPLY_MAX     ((size_t)1 << 20) /* octets of a reply that are read; then the connection is closed */
#define SENT_LIST_MAX 24
#define PATH_TEXT_MAX 1024
#define PIN_LEN       32 /* SHA-256 */

enum ask {
	ASK_NOTHING,
	ASK_USUAL, /* what clients of that protocol ask: for HTTP the page at / */
	ASK_GIVEN, /* --send */
};

enum starttls { STARTTLS_NONE, STARTTLS_SMTP, STARTTLS_IMAP };

struct connect_options {
	const char *host; /* a name or an address, as given */
	uint16_t port;
	const char *name;   /* the name the certificate must prove and the SNI; NULL: host */
	const char *cafile; /* trust the certificates in it and no others; NULL: the system's */
	const char *crl;    /* file or URL: the lists there know of each certificate that is shown; NULL: not asked */
	bool crl_soft;      /* … unless they cannot be fetched */
	const char *ciphers; /* OpenSSL's cipher list for TLS 1.2; NULL: its default */
	const char *groups;  /* OpenSSL's list of groups; NULL: its default */
	uint16_t min, max;   /* versions to offer: 0x0303, 0x0304 */
	bool insecure;       /* go on after a refusal */
	enum ask ask;        /* what to say after the handshake */
	const uint8_t *send; /* ASK_GIVEN: borrowed; maybe a secret: its octets are in no event */
	size_t send_len;
	bool secrets; /* show the keys, not their fingerprints */
	bool quick;   /* nobody watches: leave out what is only told */
	enum starttls starttls;
	const uint8_t *alpn; /* as on the wire (RFC 7301 3.1); borrowed */
	size_t alpn_len;
	const char *client_cert,
	    *client_key;                /* PEM files; NULL: none; the key is in the first where there is no second */
	const uint8_t (*pins)[PIN_LEN]; /* borrowed */
	size_t n_pins;
	bool again;                /* connect several times, and compare */
	bool listener;             /* tell only what a passive listener can know */
	bool http;                 /* the user asked for http:// */
	const char *path;          /* what to ask for; NULL: "/" */
	const char *hsts;          /* the file of hosts that insist on https; NULL: none */
	SSL_SESSION *session;      /* borrowed: to be resumed; NULL: none */
	uint8_t family;            /* 4 or 6: only such addresses; 0: any */
	struct endpoint via;       /* go there, whatever DNS says; ip.family 0: ask DNS */
	int64_t timeout_ns;        /* for all of it together */
	int keylog_fd;             /* the secrets are written there; -1: nowhere */
	int cancel_fd;             /* readable: give up at once; -1: none */
	const char *actor;         /* our own role in the trace: the host's name */
	const struct clock *clock; /* tells the day that certificates are judged by */
};

struct result {
	enum err err;    /* ERR_OK: the peer proved its name. ERR_NEGATIVE: it did not. Else what went wrong. */
	char text[1024]; /* that, in a sentence */
	char name[NAME_MAX_TEXT];
	char peer[ENDPOINT_TEXT]; /* where it was; "" when nothing was reached */
	char role[NAME_MAX_TEXT]; /* what the trace calls the peer: its address. Its name is what it has to
	                             prove. */

	bool handshake_done;
	bool accepted; /* every check passed */
	bool insecure; /* not accepted, but we went on, as told */
	char protocol[16], cipher[64], group[32], alpn[64];
	uint8_t alert_in; /* the alert that ended it; 0: none */
	bool resumed;
	bool asked_for_certificate; /* the server wants to know who we are, too */
	struct key_summary keys;
	char *heard;          /* owned: with the option listener what that one knows, as JSON */
	SSL_SESSION *session; /* owned: to come back with; NULL: none */
	struct checks checks;
	struct chain chain;

	char sent[SENT_LIST_MAX][40]; /* the messages that the peer got from us, by name */
	size_t n_sent;
	size_t wire_in, wire_out; /* octets on the TCP connection */
	size_t data_in, data_out; /* octets of application data */
	uint8_t *reply;           /* owned: data_in octets */
	bool reply_cut;           /* there was more than REPLY_MAX */
};

/* The result holds nothing yet. */
void result_init(struct result *res);
/* Frees and wipes what it holds. */
void result_release(struct result *res);

/* Everything, from the name to the goodbye. The outcome is in res, and res->err is returned. */
enum err connect_run(const struct connect_options *opt, struct trace *t, struct result *res);

/* What connections are made with. */
struct setup {
	SSL_CTX *ctx;
	struct path_store *trusted;
};

/* Gets ready: the trusted roots, the versions, the ciphers. Says in res what is wrong with them. The caller releases
 * *out in any case. */
enum err session_prepare(const struct connect_options *opt, struct setup *out, struct result *res) MUST_USE;
void setup_release(struct setup *s);

/* TLS over the connected stream socket fd, which it neither owns nor closes but makes non-blocking. peer and
 * role in res are set by the caller. left_ns is what is left of the time. */
enum err session_run(const struct connect_options *opt, const struct setup *setup, int fd, int64_t left_ns,
    struct trace *t, struct result *res);

/* The particulars of a result as a JSON object; the caller frees it. NULL: out of memory. */
char *report_data(const struct result *res);

/* Sets err and the sentence that says why; returns err. */
enum err result_set(struct result *res, enum err err, const char *fmt, ...) PRINTF_LIKE(3, 4);

#endif
