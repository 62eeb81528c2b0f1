/* A file, and what vouches for it. */
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "download.h"
#include "list.h"
#include "minisign.h"
#include "newborn.h"

char *download_host(const char *url, char *room, size_t cap)
{
	const char *p = strstr(url, "://");

	p = p ? p + 3 : "";
	snprintf(room, cap, "%.*s", (int)strcspn(p, "/?#"), p);
	return room;
}

const char *download_name(const char *url, char *room, size_t cap)
{
	const char *p = strstr(url, "://"), *path = p ? strchr(p + 3, '/') : NULL;
	size_t n = path ? strcspn(path, "?#") : 0;

	for (const char *s = path; s && s < path + n; s++)
		if (*s == '/') {
			n -= (size_t)(s + 1 - path);
			path = s + 1;
		}
	snprintf(room, cap, "%.*s", (int)n, n > 0 ? path : "");
	return room;
}

static bool is_https(const char *url)
{
	return strncmp(url, "https://", 8) == 0;
}

static enum err get(const struct download_request *q, const struct download_fetch *f, const char *url, size_t max,
    uint8_t **data, size_t *len, struct trace *t)
{
	char host[128], why[160] = "";

	download_host(url, host, sizeof(host));
	enum err e = f->get(f->ctx, url, max, data, len, why);
	if (e == ERR_OK)
		ev_recv(t, host, q->self, is_https(url) ? "HTTPS" : "HTTP", NULL, *len, "%s", url);
	else
		ev_result(t, e, NULL, "%s: %s", url, why);
	return e;
}

/* Who could have changed what is at url, on its way or where it lies? */
static void weigh(const struct download_request *q, const char *url, const char *what, struct trace *t)
{
	char here[128], there[128];

	download_host(url, here, sizeof(here));
	download_host(q->url, there, sizeof(there));
	if (strcmp(here, there) == 0)
		ev_warning(t,
		    "The %s comes from where the file comes from, %s. Whoever changed the one there can "
		    "change the "
		    "other: that the two agree says that nothing was damaged by accident, and no more.",
		    what, here);
	else if (!is_https(url))
		ev_warning(t, "The %s came by http: anybody on the way could have changed it.", what);
	else
		ev_explain(t,
		    "The %s came by https from %s, which proved its name: to lie here, too, an attacker "
		    "needs that server "
		    "as well as the mirror.",
		    what, here);
}

/* The line of the list that is of this file. */
static bool find_line(char *text, size_t len, const char *name, struct list_entry *e)
{
	struct list_format f = {.reversed = -1};

	for (size_t pos = 0; pos < len;) {
		char *nl = memchr(text + pos, '\n', len - pos);
		size_t n = nl ? (size_t)(nl - text) - pos : len - pos;
		if (list_parse(&f, text + pos, n, e) == LINE_ENTRY) {
			const char *base = strrchr(e->name, '/');
			if (strcmp(base ? base + 1 : e->name, name) == 0)
				return true;
		}
		pos += n + 1;
	}
	return false;
}

static enum err check_list(const struct download_request *q, const struct download_fetch *f, const uint8_t *file,
    size_t len, struct trace *t)
{
	char name[256], want[DIGEST_MAX * 2 + 1], got[DIGEST_MAX * 2 + 1];
	uint8_t *list = NULL, digest[DIGEST_MAX];
	size_t list_len = 0;
	struct list_entry e;

	enum err err = get(q, f, q->checksum, DOWNLOAD_LIST_MAX, &list, &list_len, t);
	if (err != ERR_OK)
		return err;
	uint8_t *more = realloc(list, list_len + 1); /* list_parse() needs room behind a line */
	if (!more) {
		free(list);
		return ERR_NOMEM;
	}
	list = more;
	bool found = find_line((char *)list, list_len, download_name(q->url, name, sizeof(name)), &e), same = false;
	enum algo which = ALGO_COUNT; /* the one that fits; else the first of those that may have made the line */
	for (enum algo a = 0; found && !same && a < ALGO_COUNT; a++)
		if ((e.algos & ALGO_BIT(a)) && algo_hash(a, file, len, digest) == ERR_OK) {
			same = memcmp(digest, e.digest, e.len) == 0;
			if (!same && which != ALGO_COUNT)
				continue;
			which = a;
			sodium_bin2hex(got, sizeof(got), digest, e.len);
		}
	if (found)
		sodium_bin2hex(want, sizeof(want), e.digest, e.len);
	free(list);
	if (!found)
		ev_check(t, "checksum", VERDICT_FAIL, NULL, "is the fingerprint the one in the list?",
		    "%s is not in the list", name);
	else if (same)
		ev_check(t, "checksum", VERDICT_PASS, NULL, "is the fingerprint the one in the list?",
		    "yes, by %s: %s", algo_info(which)->name, want);
	else
		ev_check(t, "checksum", VERDICT_FAIL, NULL, "is the fingerprint the one in the list?",
		    "no: the list says %s, the file has %s", want, which == ALGO_COUNT ? "none" : got);
	if (same && algo_info(which)->broken)
		ev_warning(t, "%s is broken: %s", algo_info(which)->tag, algo_info(which)->broken);
	weigh(q, q->checksum, "checksum", t);
	return same ? ERR_OK : ERR_NEGATIVE;
}

static enum err check_signature(const struct download_request *q, const struct download_fetch *f, const uint8_t *file,
    size_t len, struct trace *t)
{
	struct minisign_key key;
	struct minisign_signature s;
	uint8_t *text = NULL;
	size_t text_len = 0;
	const char *why = NULL;

	if (minisign_key_parse(&key, q->key, q->key_len) != ERR_OK) {
		ev_result(t, ERR_FORMAT, NULL, "the key is no minisign public key, at offset 0");
		return ERR_FORMAT;
	}
	enum err e = get(q, f, q->signature, MINISIGN_TEXT_MAX, &text, &text_len, t);
	if (e != ERR_OK)
		return e;
	e = minisign_signature_parse(&s, (const char *)text, text_len);
	free(text);
	if (e != ERR_OK) {
		ev_check(t, "signature", VERDICT_FAIL, NULL, "did the publisher sign this file?",
		    "what is there is no minisign signature");
		return ERR_NEGATIVE;
	}
	e = minisign_verify(&key, &s, file, len, &why);
	if (e == ERR_OK)
		ev_check(t, "signature", VERDICT_PASS, "RFC 8032", "did the publisher sign this file?",
		    "yes (Ed25519): \"%s\"", s.comment);
	else
		ev_check(t, "signature", VERDICT_FAIL, "RFC 8032", "did the publisher sign this file?",
		    "no: the signature is good for "
		    "nothing here, %s",
		    why);
	ev_explain(t, "A signature may lie beside the file, on the same mirror: nobody can make one who has "
	              "not the publisher's "
	              "private key. What has to be right is the public key, and that is needed once, not for "
	              "each file.");
	return e;
}

static enum err keep(const struct download_request *q, const uint8_t *file, size_t len, struct trace *t)
{
	struct newborn b = {.fd = -1};
	enum err e = newborn_make(&b, q->to);

	if (e == ERR_OK)
		e = newborn_write(&b, file, len);
	if (e == ERR_OK)
		e = newborn_name(&b, q->to);
	if (e != ERR_OK)
		ev_result(t, e, NULL, "%s: %s", q->to, strerror(errno));
	newborn_release(&b);
	return e;
}

enum err download_run(const struct download_request *q, const struct download_fetch *f, struct trace *t)
{
	uint8_t *file = NULL;
	size_t len = 0;

	enum err e = get(q, f, q->url, DOWNLOAD_MAX, &file, &len, t), sum = ERR_OK, sig = ERR_OK;
	if (e != ERR_OK)
		return e;
	if (q->checksum)
		sum = check_list(q, f, file, len, t);
	if (q->signature && (sum == ERR_OK || sum == ERR_NEGATIVE))
		sig = check_signature(q, f, file, len, t);
	if (!q->checksum && !q->signature)
		ev_warning(t, "Nothing vouches for this file: it is what the mirror, or anybody on the way, "
		              "wants it to be.");
	e = sum != ERR_OK && sum != ERR_NEGATIVE   ? sum
	    : sig != ERR_OK && sig != ERR_NEGATIVE ? sig
	    : sum != ERR_OK                        ? sum
	                                           : sig;
	if (e == ERR_OK)
		e = keep(q, file, len, t);
	else if (e == ERR_NEGATIVE)
		ev_result(t, e, NULL, "not kept: this is not the file that was published");
	if (e == ERR_OK)
		ev_result(t, e, NULL, "%s, %zu octets", q->to, len);
	free(file);
	return e;
}
