/* The secrets of an SSH key log. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ssh_opener.h"

#define MAX_SECRETS 65536

static enum err make_room(struct ssh_keys *k)
{
	if (k->n < k->cap)
		return ERR_OK;
	size_t cap = k->cap ? 2 * k->cap : 8, n = k->n;
	struct ssh_logged *grown = calloc(cap, sizeof *grown);
	if (!grown)
		return ERR_NOMEM;
	if (n)
		memcpy(grown, k->at, n * sizeof *grown);
	ssh_keys_release(k);
	*k = (struct ssh_keys){.at = grown, .n = n, .cap = cap};
	return ERR_OK;
}

/* The next word of a line; its length, 0 at the end. */
static size_t next_word(const char **p, const char *end, const char **word)
{
	while (*p < end && (**p == ' ' || **p == '\t'))
		++*p;
	*word = *p;
	while (*p < end && **p != ' ' && **p != '\t')
		++*p;
	return (size_t)(*p - *word);
}

/* Exactly n octets in hex. */
static bool hex_octets(uint8_t *out, size_t n, const char *word, size_t len)
{
	size_t got;

	return len == 2 * n && sodium_hex2bin(out, n, word, len, NULL, &got, NULL) == 0 && got == n;
}

static bool is_word(const char *word, size_t len, const char *want)
{
	return len == strlen(want) && memcmp(word, want, len) == 0;
}

static bool parse(struct ssh_logged *out, const char *line, size_t len)
{
	const char *p = line, *end = line + len, *word;
	size_t n = next_word(&p, end, &word);

	*out = (struct ssh_logged){0};
	if (!hex_octets(out->cookie, sizeof out->cookie, word, n))
		return false;
	n = next_word(&p, end, &word);
	out->shared = is_word(word, n, "SHARED_SECRET");
	if (out->shared || is_word(word, n, "PRIVATE_KEY"))
		n = next_word(&p, end, &word);
	if (!hex_octets(out->secret, sizeof out->secret, word, n))
		return false;
	return next_word(&p, end, &word) == 0;
}

enum err ssh_keys_add(struct ssh_keys *k, const char *keylog, size_t len, size_t *used)
{
	enum err e = ERR_OK;

	*used = 0;
	for (size_t pos = 0; pos < len && !e && k->n < MAX_SECRETS;) {
		const char *end = memchr(keylog + pos, '\n', len - pos);
		size_t n = end ? (size_t)(end - keylog) - pos : len - pos;
		size_t line = n > 0 && keylog[pos + n - 1] == '\r' ? n - 1 : n;
		struct ssh_logged l;
		if (parse(&l, keylog + pos, line) && !(e = make_room(k))) {
			l.nth = (uint32_t)k->n;
			k->at[k->n++] = l;
			++*used;
		}
		sodium_memzero(&l, sizeof l);
		pos += n + 1;
	}
	k->sorted = false;
	return e;
}

static int compare(const void *a, const void *b)
{
	const struct ssh_logged *x = a, *y = b;
	int d = memcmp(x->cookie, y->cookie, sizeof x->cookie);

	return d ? d : (x->nth > y->nth) - (x->nth < y->nth);
}

const struct ssh_logged *ssh_keys_find(struct ssh_keys *k, const uint8_t *cookie)
{
	size_t low = 0, high = k->n;

	if (k->n == 0)
		return NULL;
	if (!k->sorted)
		qsort(k->at, k->n, sizeof *k->at, compare);
	k->sorted = true;
	while (low < high) { /* behind the last one that is not greater */
		size_t mid = low + (high - low) / 2;
		if (memcmp(k->at[mid].cookie, cookie, SSHKEX_COOKIE) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low > 0 && memcmp(k->at[low - 1].cookie, cookie, SSHKEX_COOKIE) == 0 ? &k->at[low - 1] : NULL;
}

void ssh_keys_release(struct ssh_keys *k)
{
	if (k->at)
		sodium_memzero(k->at, k->cap * sizeof *k->at);
	free(k->at);
	*k = (struct ssh_keys){0};
}
