/* The secrets of a key log. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "opener.h"

#define MAX_SECRETS 262144

static enum err make_room(struct keys *k)
{
	if (k->n < k->cap)
		return ERR_OK;
	size_t cap = k->cap ? 2 * k->cap : 32;
	struct tls_logged *grown = calloc(cap, sizeof *grown);
	if (!grown)
		return ERR_NOMEM;
	if (k->n)
		memcpy(grown, k->at, k->n * sizeof *grown);
	size_t n = k->n;
	keys_release(k);
	*k = (struct keys){.at = grown, .n = n, .cap = cap};
	return ERR_OK;
}

enum err keys_add(struct keys *k, const char *keylog, size_t len, size_t *used)
{
	enum err e = ERR_OK;
	size_t taken = 0, at;
	for (size_t pos = 0; pos < len && !e && k->n < MAX_SECRETS;) {
		const char *end = memchr(keylog + pos, '\n', len - pos);
		size_t n = end ? (size_t)(end - keylog) - pos : len - pos;
		size_t line = n > 0 && keylog[pos + n - 1] == '\r' ? n - 1 : n;
		e = make_room(k);
		if (!e && tls_keylog_parse(&k->at[k->n], keylog + pos, line, &at) == ERR_OK) {
			k->n++;
			taken++;
		}
		pos += n + 1;
	}
	k->sorted = false;
	if (used)
		*used = taken;
	return e;
}

void keys_release(struct keys *k)
{
	if (k->at)
		sodium_memzero(k->at, k->cap * sizeof *k->at);
	free(k->at);
	*k = (struct keys){0};
}
