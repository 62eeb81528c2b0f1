/* The options of tlsview, from text to what the rest works with. */
#ifndef TLSVIEW_OPTIONS_H
#define TLSVIEW_OPTIONS_H

#include "glassnet/cli.h"
#include "glassnet/target.h"
#include "tlsview.h"

#define PINS_MAX CLI_MAX_MANY
#define ALPN_MAX 256

/* Whom to trust, and where to go. */
#define OPTIONS_WHERE                                                                                                \
	{.name = "cafile",                                                                                           \
	    .arg = "FILE",                                                                                           \
	    .help = "trust the certificates in FILE and no others (default: the system's)"},                         \
	    {.name = "crl",                                                                                          \
	        .arg = "FILE|URL",                                                                                   \
	        .help = "refuse what the CRLs there say is revoked, or do not know of"},                             \
	    {.name = "crl-soft", .help = "with --crl URL: go on when they cannot be fetched"},                       \
	    {.name = "name",                                                                                         \
	        .arg = "NAME",                                                                                       \
	        .help = "the name that the server must prove, and that it is asked for (default: HOST)"},            \
	    {.name = "connect", .arg = "ADDR[:PORT]", .help = "go to this address, whatever DNS says"},              \
	    {.name = "starttls",                                                                                     \
	        .arg = "PROTO",                                                                                      \
	        .choices = "smtp|imap",                                                                              \
	        .help = "begin in the clear, as that protocol does, then ask for TLS"},                              \
	    {.name = "client-cert",                                                                                  \
	        .arg = "FILE",                                                                                       \
	        .help = "who we are, when the server asks: certificate chain and key, PEM"},                         \
	    {.name = "client-key", .arg = "FILE", .help = "its private key, when that is in a file of its own"},     \
	    {.name = "ipv4", .letter = '4', .help = "use IPv4 only"},                                                \
	    {.name = "ipv6", .letter = '6', .help = "use IPv6 only"},                                                \
	{                                                                                                            \
		.name = "timeout", .arg = "SECONDS", .help = "give up after SECONDS, all in all (default 10)"        \
	}

/* What the texts of the options become; the options point into it. */
struct option_store {
	struct target target;
	char url[PATH_TEXT_MAX]; /* the argument, cut into pieces */
	char path[PATH_TEXT_MAX + 1];
	uint8_t pins[PINS_MAX][PIN_LEN];
	uint8_t alpn[ALPN_MAX];
};

/* HOST[:PORT] or URL, and the options of connect. Returns an exit status; says what is wrong. */
int options_connect(struct cli *c, struct connect_options *o, struct option_store *s);

uint16_t options_version(const char *text, uint16_t otherwise);
/* "h2,http/1.1" as on the wire (RFC 7301 3.1). 0: it is no such list, or too long. */
size_t options_alpn(uint8_t *out, size_t cap, const char *list);

#endif
