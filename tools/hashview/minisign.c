/* Reading and verifying minisign's signatures. */
#include <sodium.h>
#include <string.h>

#include "minisign.h"

static const char trusted[] = "trusted comment: ";

/* The next line without its end; false: there is none. */
static bool next_line(const char **p, const char *end, const char **line, size_t *len)
{
	if (*p >= end)
		return false;
	const char *nl = memchr(*p, '\n', (size_t)(end - *p));
	*line = *p;
	*len = nl ? (size_t)(nl - *p) : (size_t)(end - *p);
	*p = nl ? nl + 1 : end;
	if (*len > 0 && (*line)[*len - 1] == '\r')
		--*len;
	return true;
}

static bool decode(const char *line, size_t len, uint8_t *out, size_t octets)
{
	size_t n = 0;

	return sodium_base642bin(out, octets, line, len, NULL, &n, NULL, sodium_base64_VARIANT_ORIGINAL) == 0 &&
	       n == octets;
}

static bool begins(const char *line, size_t len, const char *with)
{
	return len >= strlen(with) && memcmp(line, with, strlen(with)) == 0;
}

enum err minisign_key_parse(struct minisign_key *k, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *line;
	uint8_t raw[42];
	size_t n;

	*k = (struct minisign_key){0};
	if (len > MINISIGN_TEXT_MAX || !next_line(&p, end, &line, &n))
		return ERR_FORMAT;
	if (begins(line, n, "untrusted comment:") && !next_line(&p, end, &line, &n))
		return ERR_FORMAT;
	if (!decode(line, n, raw, sizeof(raw)) || memcmp(raw, "Ed", 2) != 0)
		return ERR_FORMAT;
	memcpy(k->id, raw + 2, 8);
	memcpy(k->key, raw + 10, 32);
	return ERR_OK;
}

enum err minisign_signature_parse(struct minisign_signature *s, const char *text, size_t len)
{
	const char *p = text, *end = text + len, *line;
	uint8_t raw[74];
	size_t n;

	*s = (struct minisign_signature){0};
	if (len > MINISIGN_TEXT_MAX || !next_line(&p, end, &line, &n) || !begins(line, n, "untrusted comment:") ||
	    !next_line(&p, end, &line, &n) || !decode(line, n, raw, sizeof(raw)) || raw[0] != 'E' ||
	    (raw[1] != 'd' && raw[1] != 'D'))
		return ERR_FORMAT;
	s->hashed = raw[1] == 'D';
	memcpy(s->id, raw + 2, 8);
	memcpy(s->signature, raw + 10, 64);
	if (!next_line(&p, end, &line, &n) || !begins(line, n, trusted))
		return ERR_FORMAT;
	line += strlen(trusted);
	n -= strlen(trusted);
	if (n >= sizeof(s->comment) || memchr(line, '\0', n))
		return ERR_FORMAT;
	memcpy(s->comment, line, n);
	return next_line(&p, end, &line, &n) && decode(line, n, s->global, sizeof(s->global)) ? ERR_OK : ERR_FORMAT;
}

enum err minisign_verify(const struct minisign_key *k, const struct minisign_signature *s, const uint8_t *data,
    size_t len, const char **why)
{
	uint8_t hash[64], global[64 + sizeof(s->comment)];
	size_t n = strlen(s->comment);

	*why = "it was made with another key";
	if (sodium_memcmp(k->id, s->id, sizeof(k->id)) != 0)
		return ERR_NEGATIVE;
	*why = "it is not of this file";
	if (s->hashed) {
		crypto_generichash_blake2b(hash, sizeof(hash), data, len, NULL, 0);
		data = hash;
		len = sizeof(hash);
	}
	if (crypto_sign_verify_detached(s->signature, data, len, k->key) != 0)
		return ERR_NEGATIVE;
	*why = "its comment was changed";
	memcpy(global, s->signature, 64);
	memcpy(global + 64, s->comment, n);
	if (crypto_sign_verify_detached(s->global, global, 64 + n, k->key) != 0)
		return ERR_NEGATIVE;
	*why = NULL;
	return ERR_OK;
}
