/* known_hosts: who is which server, as OpenSSH keeps it (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").
 *
 *     [@marker] names keytype key [comment]
 *
 * names is a list with commas, of which * and ? are wildcards and ! takes a name out again; or one hashed name,
 * |1|salt|HMAC-SHA1(salt, name). A port other than 22 is part of the name: [host]:port. */
#ifndef SSHVIEW_KNOWN_HOSTS_H
#define SSHVIEW_KNOWN_HOSTS_H

#include <stdio.h>

#include "glassnet/ssh_key.h"

#define KH_NAME 320                /* "[" a name "]:65535" and a NUL */
#define KH_FILE ((size_t)64 << 20) /* octets of a file that is read */

enum kh_marker { KH_PLAIN, KH_AUTHORITY, KH_REVOKED };
enum kh_kind { KH_ENTRY, KH_COMMENT, KH_INVALID };

/* One line. Offsets in text; the key is not decoded yet. */
struct kh_line {
	const char *text; /* borrowed; no newline, may hold a CR */
	size_t len;       /* without what follows a NUL, as OpenSSH sees it */
	size_t whole;     /* with it, and with the newline */
	size_t number;    /* from 1 */
	enum kh_kind kind;
	enum kh_marker marker;
	size_t names, names_len, key; /* the key runs to the end of the line, with its comment */
	const char *why;              /* of an invalid line */
};

struct kh_reader {
	const char *text; /* borrowed */
	size_t len, pos, number;
};

struct kh_reader kh_read(const char *text, size_t len);
bool kh_next(struct kh_reader *r, struct kh_line *out);

/* Does name (lower case) fit? A line whose hash is malformed becomes KH_INVALID. */
bool kh_line_fits(struct kh_line *l, const char *name);
bool kh_line_hashed(const struct kh_line *l);
/* The key of an entry. On an error the line becomes KH_INVALID. */
enum err kh_line_key(struct kh_line *l, struct sshkey *out, const char **comment, size_t *comment_len) MUST_USE;

/* Does a list of patterns fit a name? Never more than length of the pattern times length of the name steps. */
bool kh_patterns_fit(const char *patterns, size_t len, const char *name);

/* "|1|salt|hash" of a name; salt has 20 octets. Returns out. */
#define KH_HASHED 72
char *kh_hash(char out[static KH_HASHED], const uint8_t *salt, const char *name);

const char *kh_marker_word(enum kh_marker m); /* "", "@cert-authority", "@revoked" */

/* The name under which a host is kept: lower case, with its port where that is not 22. Returns out. */
char *kh_name(char out[static KH_NAME], const char *host, uint16_t port);

/* --- what the files say of one host --- */

struct kh_entry {
	enum kh_marker marker;
	struct sshkey key;
	const char *file; /* borrowed */
	size_t line;
};

struct kh_set {
	struct kh_entry *entry;
	size_t n, cap;
};

/* Adds the entries of a file's text that fit the name. */
enum err kh_set_add(struct kh_set *s, const char *file, const char *text, size_t len, const char *name) MUST_USE;
void kh_set_release(struct kh_set *s);

enum kh_verdict { KH_NEW, KH_KNOWN, KH_CHANGED, KH_IS_REVOKED };

/* What that set says of a key. A certificate is looked up by its authority. *found is the entry that it rests on:
 * the first that is equal; where none is, the last with another key; NULL for a new host. */
enum kh_verdict kh_check(const struct kh_set *s, const struct sshkey *key, const struct kh_entry **found);

/* --- files --- */

/* Reads a file; no file is an empty one (and *missing). ERR_IO (errno tells), ERR_TOO_LONG. The caller frees *text. */
enum err kh_file_read(const char *path, char **text, size_t *len, bool *missing) MUST_USE;

/* Changes a file under a lock: edit() is given its text, and writes the new one to out, or returns false to leave it
 * as it is. Written beside it and renamed; permissions and owner stay; a new file is 0600. A symbolic link stays
 * one. why (or "") is what is to be said on an error. */
typedef bool kh_edit(void *ctx, const char *text, size_t len, FILE *out);
enum err kh_file_edit(const char *path, kh_edit *edit, void *ctx, char why[static 256]) MUST_USE;

/* One line at the end: "[marker ]names type key\n". names is hashed before where hashed is set. */
enum err kh_file_append(const char *path, enum kh_marker marker, const char *name, bool hashed,
    const struct sshkey *key, const char *comment, char why[static 256]) MUST_USE;

#endif
