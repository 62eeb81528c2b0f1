/* The password file. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "password.h"
#include "store.h"

bool password_user_is_good(const char *user)
{
	size_t n = strlen(user);

	for (size_t i = 0; i < n; i++)
		if ((unsigned char)user[i] <= ' ' || user[i] == ':' || user[i] == 0x7f)
			return false;
	return n > 0 && n <= USER_MAX;
}

/* A decimal number without leading zeros, up to end. */
static bool read_number(const char **p, const char *end, uint32_t *out)
{
	uint64_t v = 0;
	const char *s = *p;

	if (s < end && *s == '0')
		return false;
	for (; s < end && *s >= '0' && *s <= '9' && v < UINT32_MAX; s++)
		v = v * 10 + (uint64_t)(*s - '0');
	if (s == *p || v > UINT32_MAX)
		return false;
	*p = s;
	*out = (uint32_t)v;
	return true;
}

static bool expect(const char **p, const char *end, const char *text)
{
	size_t n = strlen(text);

	if ((size_t)(end - *p) < n || memcmp(*p, text, n) != 0)
		return false;
	*p += n;
	return true;
}

/* The unpadded base64 of `octets` octets. */
static bool expect_base64(const char **p, const char *end, size_t octets)
{
	uint8_t room[64];
	size_t n = 0, chars = (octets * 8 + 5) / 6;

	if ((size_t)(end - *p) < chars || octets > sizeof(room) ||
	    sodium_base642bin(
	        room, sizeof(room), *p, chars, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0)
		return false;
	*p += chars;
	return n == octets;
}

enum err password_line_parse(struct password_line *out, const char *line, size_t len)
{
	const char *colon = memchr(line, ':', len), *end = line + len;
	uint32_t lanes;

	*out = (struct password_line){0};
	if (!colon || colon - line > USER_MAX || end - colon - 1 >= PASSWORD_HASH_MAX || memchr(line, '\0', len))
		return ERR_FORMAT;
	memcpy(out->user, line, (size_t)(colon - line));
	memcpy(out->hash, colon + 1, (size_t)(end - colon - 1));
	const char *p = colon + 1;
	if (!password_user_is_good(out->user) || !expect(&p, end, "$argon2id$v=19$m=") ||
	    !read_number(&p, end, &out->memory_kib) || !expect(&p, end, ",t=") ||
	    !read_number(&p, end, &out->passes) || !expect(&p, end, ",p=") || !read_number(&p, end, &lanes) ||
	    lanes != 1 || !expect(&p, end, "$") || !expect_base64(&p, end, 16) || !expect(&p, end, "$") ||
	    !expect_base64(&p, end, 32) || p != end)
		return ERR_FORMAT;
	return out->memory_kib > PASSWORD_MEMORY_MAX_KIB || out->passes > PASSWORD_PASSES_MAX ? ERR_BUDGET : ERR_OK;
}

/* --- the file as a whole
 * ----------------------------------------------------------------------------------------- */

/* Looks for the user in the file's text; every line is checked on the way. *at and *n: the line's place; *n
 * is 0 where there is none, and *found has then the cost of the last line. */
static enum err find_user(const struct password_request *q, const char *text, size_t len, struct password_line *found,
    size_t *at, size_t *n, struct trace *t)
{
	*n = 0;
	for (size_t pos = 0, number = 1; pos < len; number++) {
		struct password_line line;
		const char *nl = memchr(text + pos, '\n', len - pos);
		size_t size = nl ? (size_t)(nl - text) - pos : len - pos;
		enum err e = password_line_parse(&line, text + pos, size);
		if (e == ERR_OK && !nl)
			e = ERR_TRUNCATED;
		if (e != ERR_OK) {
			ev_result(t, e, NULL, "%s, line %zu: %s", q->file, number,
			    e == ERR_BUDGET      ? "it asks for more memory or passes than is given to it here"
			    : e == ERR_TRUNCATED ? "the file ends in the middle of a line"
			                         : "this is not USER:$argon2id$... as hashview writes it");
			return e == ERR_BUDGET ? ERR_FORMAT : e;
		}
		if (*n == 0) { /* what a line of this file costs, also where the user is not found */
			found->memory_kib = line.memory_kib;
			found->passes = line.passes;
		}
		if (strcmp(line.user, q->user) == 0) {
			*found = line;
			*at = pos;
			*n = size + 1;
		}
		pos += size + 1;
	}
	return ERR_OK;
}

static enum err complain(struct trace *t, enum err e, const char *file)
{
	if (e == ERR_PERM && errno == 0)
		ev_result(t, e, NULL,
		    "%s: it must be a regular file that nobody but its owner can read or write (chmod 600 "
		    "%s)",
		    file, file);
	else if (e == ERR_TOO_LONG)
		ev_result(t, e, NULL, "%s is over 16 MiB: that is no password file", file);
	else
		ev_result(t, e, NULL, "%s: %s", file, errno ? strerror(errno) : err_text(e));
	return e;
}

static void tell_line(const struct password_line *l, struct trace *t)
{
	char cost[96];

	snprintf(cost, sizeof(cost), "m=%u KiB, t=%u passes", l->memory_kib, l->passes);
	ev_state(t, "password file", l->user, NULL, l->hash, "%s", cost);
	ev_explain(t,
	    "What is kept is not the password but its Argon2id hash: the function's name and version, what "
	    "one "
	    "try costs (%s), a random salt of its own, and the hash. Whoever steals the file has to guess, "
	    "and pays "
	    "for each guess and each user anew.",
	    cost);
}

/* The new text: the old one without the old line, and the new line. */
static enum err put_line(const struct password_request *q, const struct password_line *l, const char *text,
    size_t len, size_t at, size_t n)
{
	size_t room = len + USER_MAX + PASSWORD_HASH_MAX + 3;
	char *next = malloc(room);

	if (!next)
		return ERR_NOMEM;
	if (text) { /* there is a file already */
		memcpy(next, text, at);
		memcpy(next + at, text + at + n, len - at - n);
	}
	size_t used = len - n;
	used += (size_t)snprintf(next + used, room - used, "%s:%s\n", l->user, l->hash);
	enum err e = store_replace(q->file, next, used);
	sodium_memzero(next, room);
	free(next);
	return e;
}

enum err password_add(const struct password_request *q, struct trace *t)
{
	struct password_line l = {0}, old = {0};
	char *text = NULL;
	size_t len = 0, at = 0, n = 0;
	struct store_lock lock;

	if (!password_user_is_good(q->user)) {
		ev_result(t, ERR_USAGE, NULL, "a user's name has 1 to 64 characters, and neither spaces nor ':'");
		return ERR_USAGE;
	}
	snprintf(l.user, sizeof(l.user), "%s", q->user);
	if (crypto_pwhash_str_alg(l.hash, q->password, q->len, q->passes, (size_t)q->memory_kib * 1024,
	        crypto_pwhash_ALG_ARGON2ID13) != 0)
		return complain(t, ERR_NOMEM, q->file);
	l.memory_kib = q->memory_kib;
	l.passes = q->passes;
	enum err e = store_lock(&lock, q->file);
	if (e != ERR_OK)
		return complain(t, e, q->file);
	e = store_read(q->file, PASSWORD_FILE_MAX, &text, &len);
	if (e == ERR_OK) {
		e = find_user(q, text, len, &old, &at, &n, t);
		if (e == ERR_OK && n > 0 && !q->replace) {
			ev_result(
			    t, ERR_NEGATIVE, NULL, "%s has a password already; --replace gives another", q->user);
			e = ERR_NEGATIVE;
		} else if (e == ERR_OK && (e = put_line(q, &l, text, len, n ? at : len, n)) != ERR_OK) {
			complain(t, e, q->file);
		}
	} else {
		complain(t, e, q->file);
	}
	store_unlock(&lock);
	if (e == ERR_OK) {
		tell_line(&l, t);
		ev_result(t, ERR_OK, NULL, "%s is in %s", q->user, q->file);
	}
	free(text);
	return e;
}

enum err password_check(const struct password_request *q, struct trace *t)
{
	struct password_line l = {0};
	char *text = NULL;
	size_t len = 0, at = 0, n = 0;
	enum err e = store_read(q->file, PASSWORD_FILE_MAX, &text, &len);

	if (e == ERR_OK && !text) {
		errno = ENOENT;
		e = ERR_IO;
	}
	if (e != ERR_OK)
		return complain(t, e, q->file);
	e = find_user(q, text, len, &l, &at, &n, t);
	free(text);
	if (e != ERR_OK)
		return e;
	if (n > 0) {
		bool same = crypto_pwhash_str_verify(l.hash, q->password, q->len) == 0;
		e = same ? ERR_OK : ERR_NEGATIVE;
	} else {
		/* As long as for a user that is there: how long it takes tells nobody which users there are.
		 */
		char hash[crypto_pwhash_STRBYTES];
		(void)!crypto_pwhash_str_alg(hash, q->password, q->len, l.passes ? l.passes : q->passes,
		    (size_t)(l.memory_kib ? l.memory_kib : q->memory_kib) * 1024, crypto_pwhash_ALG_ARGON2ID13);
		e = ERR_NEGATIVE;
	}
	ev_explain(t, "The password that was typed is hashed with the salt and the cost of the user's line, "
	              "and the two hashes "
	              "are compared. A user that does not exist gets the same answer after the same time.");
	if (e == ERR_OK)
		ev_result(t, e, NULL, "yes: this is %s's password", q->user);
	else
		ev_result(t, e, NULL, "no: there is no user '%s' with this password", q->user);
	return e;
}
