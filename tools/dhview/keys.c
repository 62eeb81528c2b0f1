#include "keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/wire.h"

#define SECRET_WORD "glassnet-ed25519-secret"

enum { FILE_MAX = 64 * 1024, KEY_TEXT = 128 };

/* --- the texts --- */

struct word {
	const char *at;
	size_t len;
};

/* The next word of the line that *pos is in; len 0: none. */
static struct word next_word(const char *text, size_t end, size_t *pos)
{
	while (*pos < end && (text[*pos] == ' ' || text[*pos] == '\t'))
		++*pos;
	struct word w = {text + *pos, 0};
	while (*pos < end && text[*pos] != ' ' && text[*pos] != '\t')
		++*pos;
	w.len = (size_t)(text + *pos - w.at);
	return w;
}

static bool is(struct word w, const char *text)
{
	return w.len == strlen(text) && memcmp(w.at, text, w.len) == 0;
}

static bool hex32(struct word w, uint8_t out[static 32])
{
	size_t n;

	return w.len == 64 && sodium_hex2bin(out, 32, w.at, w.len, NULL, &n, NULL) == 0 && n == 32;
}

static size_t line_end(const char *text, size_t len, size_t pos)
{
	const char *nl = memchr(text + pos, '\n', len - pos);
	size_t end = nl ? (size_t)(nl - text) : len;

	return end > pos && text[end - 1] == '\r' ? end - 1 : end;
}

enum err key_parse(uint8_t secret_key[static 64], const char *text, size_t len, size_t *at)
{
	uint8_t seed[32], public_key[32];
	size_t pos = 0, end = len ? line_end(text, len, 0) : 0;
	struct word kind = next_word(text, end, &pos), hex = next_word(text, end, &pos),
	            more = next_word(text, end, &pos);

	*at = !is(kind, SECRET_WORD) ? 0 : (size_t)((more.len ? more.at : hex.at) - text);
	if (!is(kind, SECRET_WORD) || more.len || !hex32(hex, seed))
		return ERR_FORMAT;
	while (end < len && strchr("\r\n\t ", text[end]) && text[end])
		end++;
	*at = end;
	if (end == len)
		crypto_sign_seed_keypair(public_key, secret_key, seed);
	sodium_memzero(seed, sizeof(seed));
	return end == len ? ERR_OK : ERR_FORMAT;
}

static bool is_taken(const struct peers *p, const struct peer *new_one)
{
	for (size_t i = 0; i < p->n; i++)
		if (strcmp(p->at[i].name, new_one->name) == 0 || memcmp(p->at[i].key, new_one->key, 32) == 0)
			return true;
	return false;
}

static enum err parse_peer(struct peers *out, const char *text, size_t pos, size_t end, size_t *at)
{
	struct word name = next_word(text, end, &pos), kind, hex, more;
	struct peer p = {0};

	if (name.len == 0 || name.at[0] == '#')
		return ERR_OK;
	*at = (size_t)(name.at - text);
	if (name.len >= PEER_NAME || memchr(name.at, 0, name.len))
		return ERR_FORMAT;
	memcpy(p.name, name.at, name.len);
	kind = next_word(text, end, &pos);
	hex = next_word(text, end, &pos);
	more = next_word(text, end, &pos);
	if (!is(kind, "ed25519")) {
		*at = (size_t)(kind.at - text);
		return ERR_FORMAT;
	}
	if (!hex32(hex, p.key) || (more.len && more.at[0] != '#')) {
		*at = (size_t)((hex32(hex, p.key) ? more.at : hex.at) - text);
		return ERR_FORMAT;
	}
	if (is_taken(out, &p))
		return ERR_FORMAT;
	if (out->n == PEERS_MAX)
		return ERR_TOO_LONG;
	out->at[out->n++] = p;
	return ERR_OK;
}

enum err peers_parse(struct peers *out, const char *text, size_t len, size_t *at)
{
	enum err e = ERR_OK;

	out->n = 0;
	*at = 0;
	for (size_t pos = 0; pos < len && e == ERR_OK;) {
		const char *nl = memchr(text + pos, '\n', len - pos);
		e = parse_peer(out, text, pos, line_end(text, len, pos), at);
		pos = nl ? (size_t)(nl - text) + 1 : len;
	}
	return e;
}

const struct peer *peers_find(const struct peers *p, const uint8_t key[static 32])
{
	for (size_t i = 0; i < p->n; i++)
		if (memcmp(p->at[i].key, key, 32) == 0)
			return &p->at[i];
	return NULL;
}

/* --- the files --- */

static enum err fail(char why[static 256], enum err e, const char *path, const char *text)
{
	snprintf(why, 256, "%s: %s", path, text);
	return e;
}

/* Reads up to cap octets. For a secret, nobody else may be able to. */
static enum err slurp(const char *path, bool secret, char *out, size_t cap, size_t *len, char why[static 256])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st) != 0) {
		enum err e = fail(why, ERR_IO, path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return e;
	}
	enum err e =
	    !S_ISREG(st.st_mode) ? fail(why, ERR_IO, path, "this is no file")
	    : secret && st.st_mode & 077
	        ? fail(why, ERR_PERM, path, "others can read this key; chmod 600 it, or better make a new one")
	        : ERR_OK;
	for (*len = 0; e == ERR_OK && *len < cap && (n = read(fd, out + *len, cap - *len)) > 0;)
		*len += (size_t)n;
	if (e == ERR_OK && n < 0)
		e = fail(why, ERR_IO, path, strerror(errno));
	if (e == ERR_OK && *len == cap)
		e = fail(why, ERR_TOO_LONG, path, "it is too long");
	close(fd);
	return e;
}

static void say_where(char why[static 256], enum err e, const char *path, size_t at, const char *want)
{
	if (e != ERR_OK)
		snprintf(why, 256, "%s: offset %zu: %s", path, at, want);
}

enum err key_read(uint8_t secret_key[static 64], const char *path, char why[static 256])
{
	char text[KEY_TEXT];
	size_t len, at = 0;
	enum err e = slurp(path, true, text, sizeof(text), &len, why);

	if (e == ERR_OK) {
		e = key_parse(secret_key, text, len, &at);
		say_where(why, e, path, at, "this is no key file (\"" SECRET_WORD " HEX\"; dhview keygen makes one)");
	}
	sodium_memzero(text, sizeof(text));
	return e;
}

enum err peers_read(struct peers *out, const char *path, char why[static 256])
{
	char *text = malloc(FILE_MAX);
	size_t len, at = 0;

	if (!text)
		return fail(why, ERR_NOMEM, path, "out of memory");
	enum err e = slurp(path, false, text, FILE_MAX, &len, why);
	if (e == ERR_OK) {
		e = peers_parse(out, text, len, &at);
		say_where(why, e, path, at, "each line is \"NAME ed25519 HEX\", each name and key stands there once");
	}
	free(text);
	return e;
}

enum err key_make(const char *path, const char *name, char line[static PEER_LINE], char why[static 256])
{
	uint8_t secret_key[64], public_key[32];
	char hex[65], text[KEY_TEXT];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fail(
		    why, ERR_IO, path, errno == EEXIST ? "it exists already, and is left as it is" : strerror(errno));
	crypto_sign_keypair(public_key, secret_key);
	sodium_bin2hex(hex, sizeof(hex), secret_key, 32);
	int n = snprintf(text, sizeof(text), SECRET_WORD " %s\n", hex);
	bool ok = write(fd, text, (size_t)n) == n && fsync(fd) == 0;
	enum err e = ok ? ERR_OK : fail(why, ERR_IO, path, strerror(errno));
	if (close(fd) != 0 && e == ERR_OK)
		e = fail(why, ERR_IO, path, strerror(errno));
	if (e != ERR_OK)
		unlink(path);
	sodium_bin2hex(hex, sizeof(hex), public_key, 32);
	snprintf(line, PEER_LINE, "%s ed25519 %s", name, hex);
	sodium_memzero(secret_key, sizeof(secret_key));
	sodium_memzero(text, sizeof(text));
	return e;
}
