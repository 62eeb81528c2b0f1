/* The lab's certification authority: a folder.
 *
 *     root.pem root.key                  the root, which only signs the next one
 *     intermediate.pem intermediate.key  signs everybody else's
 *     issued.tsv                         a line each: number, "good" or when it was revoked, reason, last day, subject
 *     crl-number                         of the last CRL
 *     crl.pem                            the last CRLs
 *     challenge-*                        what somebody has to show who says that he holds a name
 */
#ifndef CERTVIEW_AUTHORITY_H
#define CERTVIEW_AUTHORITY_H

#include "issue.h"

/* Both pairs of the authority in dir, keys included. */
enum err authority_read(struct pair *root, struct pair *mid, const char *dir, struct trouble *w) MUST_USE;
enum err authority_make(const char *dir, const char *name, int64_t now, long days, struct trouble *w) MUST_USE;

/* issued.tsv, in memory. */
struct issued {
	char serial[64];
	int64_t revoked; /* 0: good */
	int reason;
	int64_t to;
	char subject[256];
};
struct register_book {
	struct issued *line;
	size_t n, cap;
};
enum err book_read(struct register_book *b, const char *dir, struct trouble *w) MUST_USE;
enum err book_write(const struct register_book *b, const char *dir, struct trouble *w) MUST_USE;
enum err book_add(struct register_book *b, const struct issued *one) MUST_USE;
void book_release(struct register_book *b);
/* NULL: it is not in the book. serial is hex, of either case. */
struct issued *book_find(struct register_book *b, const char *serial);

/* One at a time works on a folder: takes the lock; the caller closes *fd. */
enum err authority_lock(const char *dir, int *fd, struct trouble *w) MUST_USE;

/* Does whoever asks hold the name? He has to show, at http://NAME/.well-known/glassnet-challenge/TOKEN, the token and
 * the fingerprint of the key that he wants certified (the idea is RFC 8555 8.3). at: where to look; NULL: where the name
 * leads. ERR_NEGATIVE: not proved, and w says what to do. */
enum err prove_name(const char *dir, const char *name, EVP_PKEY *key, const char *at, int64_t timeout_ns,
    struct trace *t, struct trouble *w) MUST_USE;

#endif
