/* What mallory holds: names and values that it parsed from bytes that passed through it, and where each came
 * from. */
#ifndef MALLORY_LOOT_H
#define MALLORY_LOOT_H

#include <jansson.h>
#include <stddef.h>

#include "glassnet/err.h"
#include "glassnet/trace.h"

#define LOOT_MAX       64 /* items; further ones are only counted */
#define LOOT_KEY_MAX   64
#define LOOT_VALUE_MAX 256
#define LOOT_WHERE_MAX 128

struct loot_item {
	char key[LOOT_KEY_MAX];
	char value[LOOT_VALUE_MAX];
	char where[LOOT_WHERE_MAX]; /* "http POST /login" */
	unsigned connection;
};

struct loot {
	size_t n;
	size_t dropped; /* more than LOOT_MAX */
	struct loot_item items[LOOT_MAX];
};

void loot_init(struct loot *l);
void loot_release(struct loot *l); /* wipes */

/* Keeps an item and emits it as a STATE of the table "loot". Texts are the victim's and may hold any octet:
 * they are kept as they are, cut to their limits, a NUL in them as U+FFFD. */
void loot_add(struct loot *l, struct trace *t, unsigned connection, const char *where, const void *key,
    size_t key_len, const void *value, size_t value_len);

/* A new array of {key, value, where, connection}; NULL when out of memory. A text that is not UTF-8 stands
 * there escaped (\\xNN). */
json_t *loot_json(const struct loot *l);

/* Writes the array to path, for the owner only (0600), in one step: a reader sees all of it or none. On
 * ERR_IO errno tells. */
enum err loot_write(const struct loot *l, const char *path) MUST_USE;

#endif
