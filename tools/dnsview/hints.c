#include "hints.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define LINE_MAX_OCTETS 1024
#define FIELDS_MAX      5

static enum err fail(struct hints_error *where, enum err e, const char *why)
{
	snprintf(where->why, sizeof(where->why), "%s", why);
	return e;
}

/* Splits a line in place; the comment goes. Returns the number of fields, at most FIELDS_MAX. */
static unsigned split(char *line, char *fields[static FIELDS_MAX])
{
	unsigned n = 0;
	char *save = NULL;
	line[strcspn(line, ";")] = '\0';
	for (char *f = strtok_r(line, " \t\r", &save); f && n < FIELDS_MAX; f = strtok_r(NULL, " \t\r", &save))
		fields[n++] = f;
	return n;
}

static struct hint *find(struct hints *h, const struct dname *name)
{
	for (unsigned i = 0; i < h->n; i++)
		if (dname_equal(&h->server[i].name, name))
			return &h->server[i];
	return NULL;
}

static enum err add_server(struct hints *out, const struct dname *owner, const char *data, struct hints_error *where)
{
	struct dname name;
	const char *why;
	if (!dname_is_root(owner))
		return fail(
		    where, ERR_FORMAT, "an NS record here must be the root's (its first field must be \".\")");
	enum err e = dname_parse(&name, data, &why);
	if (e)
		return fail(where, e, why);
	if (find(out, &name))
		return ERR_OK;
	if (out->n == HINTS_MAX_SERVERS)
		return fail(where, ERR_TOO_LONG, "more than 16 root servers");
	out->server[out->n++] = (struct hint){.name = dname_lower(&name)};
	return ERR_OK;
}

static enum err add_address(
    struct hints *out, const struct dname *owner, uint8_t family, const char *data, struct hints_error *where)
{
	struct ip ip;
	if (ip_parse(&ip, data) || ip.family != family)
		return fail(where, ERR_FORMAT, family == 4 ? "no IPv4 address" : "no IPv6 address");
	struct hint *s = find(out, owner);
	if (!s)
		return fail(where, ERR_FORMAT, "an address of a server that no NS record before it names");
	if (s->n_ip == HINTS_MAX_ADDRESSES)
		return fail(where, ERR_TOO_LONG, "more than 4 addresses of one server");
	s->ip[s->n_ip++] = ip;
	return ERR_OK;
}

/* NAME TTL [IN] TYPE DATA */
static enum err parse_line(struct hints *out, char *line, struct hints_error *where)
{
	char *field[FIELDS_MAX] = {0};
	unsigned n = split(line, field);
	struct dname owner;
	const char *why;
	if (n == 0)
		return ERR_OK;
	if (n == 5 && strcasecmp(field[2], "IN") == 0) {
		field[2] = field[3];
		field[3] = field[4];
		n = 4;
	}
	if (n != 4)
		return fail(where, ERR_FORMAT, "expected: NAME TTL TYPE DATA, as in named.root");
	enum err e = dname_parse(&owner, field[0], &why);
	if (e)
		return fail(where, e, why);
	if (field[1][strspn(field[1], "0123456789")] != '\0' || strlen(field[1]) > 10)
		return fail(where, ERR_FORMAT, "the second field must be a TTL in seconds");
	if (strcasecmp(field[2], "NS") == 0)
		return add_server(out, &owner, field[3], where);
	if (strcasecmp(field[2], "A") == 0)
		return add_address(out, &owner, 4, field[3], where);
	if (strcasecmp(field[2], "AAAA") == 0)
		return add_address(out, &owner, 6, field[3], where);
	return fail(where, ERR_FORMAT, "the type must be NS, A or AAAA");
}

/* At least one server that has an address. */
static enum err check_usable(const struct hints *h, struct hints_error *where)
{
	for (unsigned i = 0; i < h->n; i++)
		if (h->server[i].n_ip)
			return ERR_OK;
	return fail(where, ERR_TRUNCATED,
	    h->n ? "the file ends without an address of a root server" : "the file ends without a root server");
}

enum err hints_parse(struct hints *out, const char *text, size_t len, struct hints_error *where)
{
	char line[LINE_MAX_OCTETS];
	*out = (struct hints){0};
	*where = (struct hints_error){0};
	for (size_t pos = 0; pos < len;) {
		const char *nl = memchr(text + pos, '\n', len - pos);
		size_t n = nl ? (size_t)(nl - text) - pos : len - pos;
		where->line++;
		if (n >= sizeof(line))
			return fail(where, ERR_TOO_LONG, "a line of more than 1,023 octets");
		if (memchr(text + pos, '\0', n))
			return fail(where, ERR_FORMAT, "a zero octet: this is no text");
		memcpy(line, text + pos, n);
		line[n] = '\0';
		enum err e = parse_line(out, line, where);
		if (e)
			return e;
		pos += n + 1;
	}
	where->line += where->line == 0;
	return check_usable(out, where);
}

enum err hints_load(struct hints *out, const char *path, struct hints_error *where)
{
	*where = (struct hints_error){.line = 1};
	FILE *f = fopen(path, "re");
	if (!f)
		return ERR_IO;
	enum err e = ERR_NOMEM;
	char *text = malloc(HINTS_MAX_FILE + 1);
	if (text) {
		size_t n = fread(text, 1, HINTS_MAX_FILE + 1, f);
		if (ferror(f))
			e = ERR_IO;
		else if (n > HINTS_MAX_FILE)
			e = fail(where, ERR_TOO_LONG, "more than 65,536 octets: no hints file is so long");
		else
			e = hints_parse(out, text, n, where);
	}
	int saved = errno;
	free(text);
	(void)fclose(f);
	errno = saved;
	return e;
}
