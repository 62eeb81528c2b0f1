/* `sshview known-hosts list|find|add|remove|hash`: who is on file. */
#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "home.h"
#include "identity.h"
#include "verbs.h"

struct known {
	struct cli *c;
	struct trace t;
	char own[4096];
	const char *path;
	char name[KH_NAME]; /* of the host; "" for all */
	json_t *lines, *invalid;
	size_t n, n_invalid; /* lines that were told, hashed or removed; lines that are none */
};

/* --- telling a line --- */

static void tell_key(
    struct known *k, const struct kh_line *l, const struct sshkey *key, const char *comment, size_t n)
{
	char print[SSHKEY_FINGERPRINT], names[400], text[200];
	const char *marker = kh_marker_word(l->marker);
	char *base64 = base64_text(key->blob, key->len, true);

	escape_text(names, sizeof(names), l->text + l->names, l->names_len);
	escape_text(text, sizeof(text), comment, n);
	sshkey_fingerprint(print, key->plain, key->plain_len);
	ev_decision(&k->t, "line", NULL, "line %zu: %s%s%s: %s %s%s%s", l->number, marker, *marker ? " " : "",
	    kh_line_hashed(l) ? "(a hashed name)" : names, sshkey_type_name(key), print, *text ? ", " : "", text);
	json_array_append_new(
	    k->lines, json_pack("{s:I, s:s, s:s, s:b, s:s, s:s, s:s, s:s}", "line", (json_int_t)l->number, "marker",
	                  marker, "names", names, "hashed", kh_line_hashed(l), "type", sshkey_type_name(key), "key",
	                  base64 ? base64 : "", "fingerprint", print, "comment", text));
	free(base64);
	k->n++;
}

static void tell_invalid(struct known *k, const struct kh_line *l)
{
	ev_warning(&k->t, "line %zu is no line of known_hosts: %s; it counts for nothing", l->number, l->why);
	json_array_append_new(k->invalid, json_pack("{s:I, s:s}", "line", (json_int_t)l->number, "why", l->why));
	k->n_invalid++;
}

static void tell_all(struct known *k, const char *text, size_t len)
{
	struct kh_reader r = kh_read(text, len);
	struct kh_line l;

	while (kh_next(&r, &l)) {
		struct sshkey key = {0};
		const char *comment;
		size_t n;
		bool fits = l.kind == KH_ENTRY && (!k->name[0] || kh_line_fits(&l, k->name));
		if (fits && kh_line_key(&l, &key, &comment, &n) == ERR_OK)
			tell_key(k, &l, &key, comment, n);
		if (l.kind == KH_INVALID)
			tell_invalid(k, &l);
		sshkey_release(&key);
	}
}

/* --- the end --- */

static int known_end(struct known *k, enum err e, const char *verb, const char *text)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:O, s:O}", "verb", verb, "file", k->path, "host", k->name,
	    strcmp(verb, "find") == 0 ? "matches" : "lines", k->lines, "invalid", k->invalid);
	char *data = o ? json_dumps(o, JSON_COMPACT) : NULL;

	ev_result(&k->t, e, data, "%s", text);
	free(data);
	json_decref(o);
	return (int)err_exit(e);
}

static int tell(struct known *k, const char *verb)
{
	char *text, said[KH_NAME + 400];
	size_t len;
	bool missing;
	enum err e = kh_file_read(k->path, &text, &len, &missing);

	if (e != ERR_OK || (missing && cli_has(k->c, "file"))) {
		snprintf(said, sizeof(said), "%s: %s", k->path,
		    e == ERR_OK || e == ERR_IO ? strerror(errno) : err_text(e));
		return cli_fail(k->c, e == ERR_OK ? ERR_IO : e, "%s", said);
	}
	tell_all(k, text, len);
	free(text);
	snprintf(said, sizeof(said), "%zu line%s%s%s in %.200s", k->n, k->n == 1 ? "" : "s",
	    k->name[0] ? " for " : "", k->name, k->path);
	return known_end(k, k->name[0] && !k->n ? ERR_NEGATIVE : ERR_OK, verb, said);
}

/* --- changing --- */

/* Lines of that name go; revocations and authorities stay, as with ssh-keygen -R. */
static bool edit_remove(void *ctx, const char *text, size_t len, FILE *out)
{
	struct known *k = ctx;
	struct kh_reader r = kh_read(text, len);
	struct kh_line l;

	while (kh_next(&r, &l)) {
		bool fits = l.kind == KH_ENTRY && kh_line_fits(&l, k->name) && l.kind == KH_ENTRY;
		if (fits && l.marker == KH_PLAIN) {
			ev_state(&k->t, "known hosts", k->name, "a key", NULL, "line %zu is taken out", l.number);
			json_array_append_new(k->lines, json_pack("{s:I}", "line", (json_int_t)l.number));
			k->n++;
			continue;
		}
		if (fits)
			ev_warning(&k->t,
			    "line %zu stays: it is %s, and whoever removes that decides more than about one key",
			    l.number, kh_marker_word(l.marker));
		fwrite(l.text, 1, l.whole, out);
	}
	return k->n > 0;
}

static void put_hashed(FILE *out, const struct kh_line *l, bool newline)
{
	char names[4096];
	const char *end = newline ? "\n" : "";

	snprintf(names, sizeof(names), "%.*s", (int)l->names_len, l->text + l->names);
	for (char *save = NULL, *n = strtok_r(names, ",", &save); n;) {
		char *next = strtok_r(NULL, ",", &save), lower[4096], hash[KH_HASHED];
		uint8_t salt[20];
		size_t i = 0;
		for (; n[i]; i++)
			lower[i] = (char)(n[i] >= 'A' && n[i] <= 'Z' ? n[i] + 32 : n[i]);
		lower[i] = '\0';
		randombytes_buf(salt, sizeof(salt));
		fprintf(out, "%s %.*s%s", kh_hash(hash, salt, lower), (int)(l->len - l->key), l->text + l->key,
		    next ? "\n" : end);
		n = next;
	}
}

/* Names become hashes; lines with wildcards or markers stay, as with ssh-keygen -H. */
static bool edit_hash(void *ctx, const char *text, size_t len, FILE *out)
{
	struct known *k = ctx;
	struct kh_reader r = kh_read(text, len);
	struct kh_line l;

	while (kh_next(&r, &l)) {
		bool plain = l.kind == KH_ENTRY && l.marker == KH_PLAIN && !kh_line_hashed(&l) && l.names_len < 4096;
		bool wild = false;
		for (size_t i = 0; plain && i < l.names_len; i++)
			wild = wild || strchr("*?!", l.text[l.names + i]);
		struct sshkey key = {0};
		const char *comment;
		size_t n;
		if (plain && !wild && kh_line_key(&l, &key, &comment, &n) == ERR_OK) {
			put_hashed(out, &l, l.text[l.whole - 1] == '\n');
			k->n++;
		} else {
			if (wild)
				ev_warning(&k->t, "line %zu stays: a hash has no room for wildcards", l.number);
			if (l.kind == KH_INVALID)
				tell_invalid(k, &l);
			fwrite(l.text, 1, l.whole, out);
		}
		sshkey_release(&key);
	}
	return k->n > 0;
}

static int change(struct known *k, const char *verb, kh_edit *edit)
{
	char why[256], said[KH_NAME + 400];
	bool removing = strcmp(verb, "remove") == 0;

	if (access(k->path, F_OK) != 0) {
		if (cli_has(k->c, "file"))
			return cli_fail(k->c, ERR_IO, "%s: %s", k->path, strerror(errno));
		snprintf(said, sizeof(said), "there is no %.200s", k->path);
		return known_end(k, ERR_NEGATIVE, verb, said);
	}
	enum err e = kh_file_edit(k->path, edit, k, why);
	if (e != ERR_OK)
		return cli_fail(k->c, e, "%s", why);
	if (removing)
		snprintf(said, sizeof(said), "%zu line%s of %s taken out of %.200s", k->n, k->n == 1 ? "" : "s",
		    k->name, k->path);
	else
		snprintf(said, sizeof(said),
		    "%zu line%s of %.200s hashed: who reads it can check a name, and not list them", k->n,
		    k->n == 1 ? "" : "s", k->path);
	return known_end(k, removing && !k->n ? ERR_NEGATIVE : ERR_OK, verb, said);
}

/* add HOST FILE, or add HOST TYPE KEY. */
static int add(struct known *k)
{
	struct cli *c = k->c;
	struct sshkey_private file = {0};
	struct sshkey key = {0};
	char why[NOTE_MAX], line[8192], said[KH_NAME + 400], print[SSHKEY_FINGERPRINT];
	enum kh_marker marker = cli_has(c, "revoked")          ? KH_REVOKED
	                        : cli_has(c, "cert-authority") ? KH_AUTHORITY
	                                                       : KH_PLAIN;
	bool encrypted;
	size_t at;
	enum err e;

	if (cli_has(c, "revoked") && cli_has(c, "cert-authority"))
		return cli_usage(c, "a line has one marker: --revoked or --cert-authority");
	if (c->argc == 3 && strcmp(c->argv[2], "-") != 0) {
		e = identity_read(c->argv[2], &file, &encrypted, why);
		key = file.public;
		file.public = (struct sshkey){0};
	} else {
		snprintf(line, sizeof(line), "%s %s", c->argc > 3 ? c->argv[2] : "", c->argc > 3 ? c->argv[3] : "");
		if (c->argc == 3 && !fgets(line, sizeof(line), stdin))
			line[0] = '\0';
		e = sshkey_line_read(&key, line, strcspn(line, "\r\n"), &at);
		snprintf(why, sizeof(why), "that is no key (as in: ssh-ed25519 AAAA...)");
	}
	sshkey_private_release(&file);
	if (e != ERR_OK)
		return cli_fail(c, e == ERR_VERSION ? ERR_FORMAT : e, "%s", why);
	e = kh_file_append(
	    k->path, marker, k->name, cli_has(c, "hash") && !strpbrk(k->name, "*?!,"), &key, NULL, why);
	sshkey_fingerprint(print, key.plain, key.plain_len);
	if (e == ERR_OK)
		ev_state(&k->t, "known hosts", k->name, NULL, print, "%s%s%s", kh_marker_word(marker),
		    marker ? " " : "", sshkey_type_name(&key));
	sshkey_release(&key);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", why);
	snprintf(said, sizeof(said), "%s is on file in %.200s", k->name, k->path);
	return known_end(k, ERR_OK, "add", said);
}

/* --- the verb --- */

/* A name as it stands in the file: HOST, [HOST]:PORT; HOST:PORT becomes that. */
static void take_name(struct known *k, const char *text)
{
	const char *colon = strchr(text, ':');
	char *end;
	unsigned long port = colon && !strchr(colon + 1, ':') ? strtoul(colon + 1, &end, 10) : 0;
	char host[KH_NAME];

	snprintf(host, sizeof(host), "%.*s", port ? (int)(colon - text) : (int)sizeof(host) - 1, text);
	if (port && port < 65536 && *end == '\0' && text[0] != '[')
		kh_name(k->name, host, (uint16_t)port);
	else
		kh_name(k->name, text[0] == '[' ? text : host, 22);
}

static int run(struct known *k, const char *verb)
{
	struct cli *c = k->c;
	const struct {
		const char *verb;
		int min, max;
	} verbs[] = {{"list", 1, 1}, {"find", 2, 2}, {"add", 3, 4}, {"remove", 2, 2}, {"hash", 1, 1}};
	size_t i = 0;

	while (i < 5 && strcmp(verbs[i].verb, verb) != 0)
		i++;
	if (i == 5)
		return cli_usage(c, "known-hosts takes list, find, add, remove or hash, not '%s'", verb);
	if (c->argc < verbs[i].min || c->argc > verbs[i].max)
		return cli_usage(c, "known-hosts %s takes %s", verb,
		    verbs[i].max == 1   ? "no argument"
		    : verbs[i].max == 2 ? "HOST"
		                        : "HOST FILE, or HOST TYPE KEY");
	if (c->argc > 1 && (!*c->argv[1] || strlen(c->argv[1]) >= KH_NAME - 8 || strpbrk(c->argv[1], " \t\r\n")))
		return cli_usage(c, "'%s' is no host's name", c->argv[1]);
	if (c->argc > 1)
		take_name(k, c->argv[1]);
	switch (i) {
	case 2:
		return add(k);
	case 3:
		return change(k, verb, edit_remove);
	case 4:
		return change(k, verb, edit_hash);
	default:
		return tell(k, verb);
	}
}

int verb_known_hosts(struct cli *c)
{
	struct known k = {.c = c, .lines = json_array(), .invalid = json_array()};
	int status = EXIT_INTERNAL;

	k.path = cli_get(c, "file");
	if (!k.path && home_ssh_file(k.own, sizeof(k.own), "known_hosts"))
		k.path = k.own;
	if (sodium_init() < 0 || !k.lines || !k.invalid)
		status = cli_fail(c, ERR_INTERNAL, "out of memory");
	else if (!k.path)
		status = cli_fail(c, ERR_IO, "there is no home directory: say which file with -f");
	else if (cli_trace_open(c, &k.t, &clock_real, "sshview") == ERR_OK)
		status = cli_trace_close(c, &k.t, run(&k, c->argv[0]));
	json_decref(k.lines);
	json_decref(k.invalid);
	return status;
}
