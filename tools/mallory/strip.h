/* What keeps a victim on http although the bank insists on https: the redirect that stays with mallory, and in
 * replies the links, the Strict-Transport-Security header (RFC 6797 6.1) and the Secure of cookies (RFC 6265
 * 4.1.2.5), all gone. */
#ifndef MALLORY_STRIP_H
#define MALLORY_STRIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/proto/http.h"

#include "buf.h"

#define STRIP_HOST_MAX 64
#define STRIP_HOSTS    8

/* The names that wanted https: mallory goes there by https at once, the next time. */
struct strip {
	char host[STRIP_HOSTS][STRIP_HOST_MAX];
	size_t n;
};

bool strip_insists(const struct strip *s, const char *host);
void strip_remember(struct strip *s, const char *host);

/* The name at the begin of p, as in a Host header, in small letters: the bank's or one below it. False: another's. */
bool strip_host(char out[static STRIP_HOST_MAX], const uint8_t *p, size_t len, const char *bank);

/* "https://" and a name of the bank's. */
struct strip_link {
	size_t off, len;   /* of the whole: scheme, name and port */
	size_t scheme_len; /* of "https" */
	size_t name_len;   /* … and with the name, without the port */
	char host[STRIP_HOST_MAX];
};

/* The first at or after `from`. */
bool strip_find(const uint8_t *p, size_t len, size_t from, const char *bank, struct strip_link *out);

/* Is this reply a redirect (RFC 9110 15.4) to https at the bank? */
bool strip_is_redirect(const struct http *h, const uint8_t *p, const char *bank, struct strip_link *out);

struct strip_report {
	unsigned links;                 /* https:// that became http:// */
	unsigned headers;               /* Strict-Transport-Security headers that were cut out */
	unsigned cookies;               /* that may now travel in the clear */
	char link[STRIP_HOST_MAX + 16]; /* the first of the links, as it was: "https://www.bank.example" */
};

/* Changes a reply that is whole up to its head's end; with page, its body, too. Content-Length is the caller's
 * affair. ERR_FORMAT: that is no HTTP reply, and stays as it is. */
enum err strip_reply(struct buf *reply, const char *bank, bool page, struct strip_report *out) MUST_USE;

#endif
