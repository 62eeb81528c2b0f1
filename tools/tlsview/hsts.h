/* Hosts that insist on https: HTTP Strict Transport Security, RFC 6797. The file is curl's (curl --hsts FILE), a line a
 * host:
 *
 *     bank.example "20271122 20:15:00"          until then (UTC)
 *     .mse.isr.cmu.edu "unlimited"              the dot: its subdomains, too
 */
#ifndef TLSVIEW_HSTS_H
#define TLSVIEW_HSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"
#include "tlsview.h"

#define HSTS_HOSTS_MAX  10000
#define HSTS_FOREVER    INT64_MAX
#define HSTS_UNTIL_TEXT 24

struct hsts_host {
	char name[NAME_MAX_TEXT]; /* lower case, without the last dot */
	bool subdomains;
	int64_t until; /* seconds since 1970 */
};

struct hsts {
	struct hsts_host *host; /* owned */
	size_t n;
};

/* Reads the file's text. ERR_FORMAT: *line, from 1, is no such line; ERR_TOO_LONG: too many hosts. */
enum err hsts_parse(struct hsts *out, const char *text, size_t len, size_t *line) MUST_USE;
/* A file that is not there is an empty one. ERR_IO: errno tells. */
enum err hsts_read(struct hsts *out, const char *path, size_t *line) MUST_USE;
void hsts_release(struct hsts *h);

/* The entry that holds for name at that time: its own, or that of a domain above it with includeSubDomains
 * (RFC 6797 8.2). NULL: none; addresses have none. */
const struct hsts_host *hsts_find(const struct hsts *h, const char *name, int64_t now);

/* Strict-Transport-Security's value (RFC 6797 6.1). False: it is not well-formed, and counts for nothing. */
bool hsts_header(const uint8_t *value, size_t len, int64_t *max_age, bool *subdomains);

/* Remembers the host (max_age 0: forgets it): under a lock, the file replaced as a whole. *before is what was known,
 * with name "" where nothing was. */
enum err hsts_remember(const char *path, const char *name, int64_t max_age, bool subdomains, int64_t now,
    struct hsts_host *before, size_t *line) MUST_USE;

/* "2027-11-22 20:15:00 UTC", "for ever". Returns out. */
char *hsts_until_text(char out[static HSTS_UNTIL_TEXT], int64_t until);

/* Asks the file before the connection. http: the user asked for http://. ERR_OK: go on, with https. res says why not. */
enum err hsts_before(const char *path, bool http, bool *insists, const struct clock *clock, struct trace *t,
    struct result *res) MUST_USE;
/* Learns from the answer of a server that proved its name. */
enum err hsts_after(const char *path, const struct clock *clock, struct trace *t, struct result *res) MUST_USE;

#endif
