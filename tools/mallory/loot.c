#include "loot.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "glassnet/wire.h"

void loot_init(struct loot *l)
{
	*l = (struct loot){0};
}

void loot_release(struct loot *l)
{
	sodium_memzero(l, sizeof *l);
}

/* A C string of the octets, with U+FFFD for each NUL. */
static void keep(char *out, size_t cap, const char *text, size_t len)
{
	static const char nul[] = "\xEF\xBF\xBD";
	size_t n = 0;
	for (size_t i = 0; i < len && n + sizeof nul < cap; i++) {
		if (text[i] == '\0') {
			memcpy(out + n, nul, sizeof nul - 1);
			n += sizeof nul - 1;
		} else {
			out[n++] = text[i];
		}
	}
	out[n] = '\0';
}

void loot_add(struct loot *l, struct trace *t, unsigned connection, const char *where, const void *key,
    size_t key_len, const void *value, size_t value_len)
{
	if (l->n == LOOT_MAX) {
		l->dropped++;
		return;
	}
	struct loot_item *it = &l->items[l->n++];
	keep(it->key, sizeof it->key, key, key_len);
	keep(it->value, sizeof it->value, value, value_len);
	keep(it->where, sizeof it->where, where, strlen(where));
	it->connection = connection;
	ev_state(t, "loot", it->key, NULL, it->value, "%s, connection %u", it->where, connection);
}

static json_t *json_text(const char *text)
{
	json_t *s = json_string(text);
	if (s)
		return s;
	char escaped[4 * LOOT_VALUE_MAX];
	s = json_string(escape_text(escaped, sizeof escaped, text, strlen(text)));
	sodium_memzero(escaped, sizeof escaped);
	return s;
}

json_t *loot_json(const struct loot *l)
{
	json_t *all = json_array();
	for (size_t i = 0; all && i < l->n; i++) {
		const struct loot_item *it = &l->items[i];
		json_t *o = json_pack("{s:o, s:o, s:o, s:i}", "key", json_text(it->key), "value",
		    json_text(it->value), "where", json_text(it->where), "connection", (int)it->connection);
		if (!o || json_array_append_new(all, o)) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

static enum err write_whole(int fd, const char *text, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, text, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ERR_IO;
		text += n;
		len -= (size_t)n;
	}
	return fsync(fd) ? ERR_IO : ERR_OK;
}

static enum err replace_file(const char *path, const char *text, size_t len)
{
	char tmp[4096];
	int n = snprintf(tmp, sizeof tmp, "%s.XXXXXX", path);
	if (n < 0 || (size_t)n >= sizeof tmp) {
		errno = ENAMETOOLONG;
		return ERR_IO;
	}
	int fd = mkostemp(tmp, O_CLOEXEC); /* made with mode 0600 */
	if (fd < 0)
		return ERR_IO;
	enum err e = write_whole(fd, text, len);
	if (close(fd) && e == ERR_OK)
		e = ERR_IO;
	if (e == ERR_OK && rename(tmp, path))
		e = ERR_IO;
	if (e) {
		int saved = errno;
		unlink(tmp);
		errno = saved;
	}
	return e;
}

enum err loot_write(const struct loot *l, const char *path)
{
	json_t *all = loot_json(l);
	char *text = all ? json_dumps(all, JSON_INDENT(2)) : NULL;
	json_decref(all);
	if (!text)
		return ERR_NOMEM;
	size_t len = strlen(text);
	text[len] = '\n'; /* in place of the NUL */
	enum err e = replace_file(path, text, len + 1);
	sodium_memzero(text, len + 1);
	free(text);
	return e;
}
