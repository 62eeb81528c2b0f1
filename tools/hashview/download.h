/* hashview download: a file from a mirror, and who vouches for it. */
#ifndef HASHVIEW_DOWNLOAD_H
#define HASHVIEW_DOWNLOAD_H

#include "glassnet/trace.h"

#define DOWNLOAD_MAX      ((size_t)256 << 20)
#define DOWNLOAD_LIST_MAX ((size_t)4 << 20)

/* Gets what is at url: ERR_OK, and the caller frees *data; ERR_NET, ERR_TIMEOUT, ERR_TOO_LONG. *why is in
 * words. The network is a parameter. */
struct download_fetch {
	enum err (*get)(void *ctx, const char *url, size_t max, uint8_t **data, size_t *len, char why[static 160]);
	void *ctx;
};

struct download_request {
	const char *url, *to;  /* to: the file to make */
	const char *self;      /* this host's name */
	const char *checksum;  /* where the list of checksums is, or NULL */
	const char *signature; /* where the signature is, or NULL */
	const char *key;       /* with signature: the text of the publisher's public key */
	size_t key_len;
};

/* The file gets its name when everything that was asked for agrees; else ERR_NEGATIVE, and there is no file.
 */
enum err download_run(const struct download_request *q, const struct download_fetch *f, struct trace *t) MUST_USE;

/* The host of a URL, in room; "" where it has none. */
char *download_host(const char *url, char *room, size_t cap);
/* The last part of its path. */
const char *download_name(const char *url, char *room, size_t cap);

/* fetch.c: by the program curl, for http and https. */
struct curl_options {
	unsigned timeout_s;
};
enum err curl_get(void *ctx, const char *url, size_t max, uint8_t **data, size_t *len, char why[static 160]);

#endif
