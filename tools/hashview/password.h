/* hashview password: a file of users and Argon2id hashes of their passwords.
 *
 *     alice:$argon2id$v=19$m=65536,t=3,p=1$<salt>$<hash>
 *
 * The file is 0600 and is replaced as a whole: written beside it, synced, renamed, under a lock. */
#ifndef HASHVIEW_PASSWORD_H
#define HASHVIEW_PASSWORD_H

#include "glassnet/trace.h"

#define USER_MAX          64
#define PASSWORD_HASH_MAX 128
#define PASSWORD_FILE_MAX ((size_t)16 << 20)

struct password_line {
	char user[USER_MAX + 1];
	char hash[PASSWORD_HASH_MAX]; /* as crypto_pwhash_str() writes it */
	uint32_t memory_kib, passes;
};

/* What an Argon2id computation may cost that somebody else's file asks for. */
#define PASSWORD_MEMORY_MAX_KIB (UINT32_C(1) << 20)
#define PASSWORD_PASSES_MAX     UINT32_C(16)

bool password_user_is_good(const char *user);
/* Parses one line without its newline. ERR_FORMAT: it is none; ERR_BUDGET: it asks for more than the bounds.
 */
enum err password_line_parse(struct password_line *out, const char *line, size_t len) MUST_USE;

struct password_request {
	const char *file, *user;
	const char *password;
	size_t len;
	bool replace; /* add: the user may be there already */
	uint32_t memory_kib, passes;
};

/* Adds the user. ERR_NEGATIVE: is there already; ERR_FORMAT: a line of the file is none; ERR_PERM: others can
 * read the file, or it is no regular file; ERR_IO. What happened is said to t. */
enum err password_add(const struct password_request *q, struct trace *t) MUST_USE;
/* ERR_OK: it is the password; ERR_NEGATIVE: it is not, or there is no such user (which takes as long). */
enum err password_check(const struct password_request *q, struct trace *t) MUST_USE;

#endif
