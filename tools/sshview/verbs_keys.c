/* `sshview fingerprint`, `keygen`, `authorize`: keys in files. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "home.h"
#include "identity.h"
#include "verbs.h"

#define TEXT_MAX ((size_t)4 << 20)

/* --- fingerprint --- */

static void tell_key(struct trace *t, const struct sshkey *k, const char *comment, const char *where)
{
	char print[SSHKEY_FINGERPRINT], art[SSHKEY_RANDOMART], *save = NULL;

	ev_decision(t, "fingerprint", NULL, "%u %s %s (%s%s)%s%s", k->bits,
	    sshkey_fingerprint(print, k->plain, k->plain_len), *comment ? comment : "no comment",
	    sshkey_short_name(k), k->cert ? "-CERT" : "", *where ? ", " : "", where);
	sshkey_randomart(art, k);
	for (char *line = strtok_r(art, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		ev_decision(t, "randomart", NULL, "%s", line);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A line of a .pub file, of authorized_keys (options first) or of known_hosts (names first): the key begins at the
 * first word that is a type's name. */
static bool line_key(const char *line, size_t len, struct sshkey *out, char *comment, size_t cap)
{
	size_t rest, word;

	for (size_t at = 0; at < len; at += word) {
		word = 0;
		while (at < len && blank(line[at]))
			at++;
		while (at + word < len && !blank(line[at + word]))
			word++;
		bool cert;
		if (sshkey_type_of(line + at, word, &cert) == SSHKEY_UNKNOWN)
			continue;
		if (sshkey_line_read(out, line + at, len - at, &rest) != ERR_OK)
			return false;
		escape_text(comment, cap, line + at + rest, len - at - rest);
		return true;
	}
	return false;
}

/* Returns how many keys were told. *bad: the first line that holds none. */
static size_t tell_lines(struct trace *t, const char *text, size_t len, const char *path, size_t *bad)
{
	size_t n = 0, number = 0;

	*bad = 0;
	for (size_t at = 0; at < len;) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t line = nl ? (size_t)(nl - text) - at : len - at, use = line;
		struct sshkey k;
		char comment[256], where[300];
		number++;
		while (use && strchr(" \t\r", text[at + use - 1]))
			use--;
		snprintf(where, sizeof(where), "%.200s, line %zu", path, number);
		if (use && text[at] != '#' && line_key(text + at, use, &k, comment, sizeof(comment))) {
			tell_key(t, &k, comment, where);
			sshkey_release(&k);
			n++;
		} else if (use && text[at] != '#' && !*bad) {
			*bad = number;
		}
		at += line + 1;
	}
	return n;
}

static enum err fingerprint_file(struct cli *c, struct trace *t, const char *path)
{
	struct sshkey_private k;
	const char *why = "";
	char *text;
	size_t len, at = 0, bad;
	bool missing;
	enum err e = kh_file_read(strcmp(path, "-") == 0 ? "/dev/stdin" : path, &text, &len, &missing);

	if (e != ERR_OK || missing) {
		cli_fail(c, ERR_IO, "%s: %s", path, strerror(errno));
		return ERR_IO;
	}
	if (len < TEXT_MAX && memmem(text, len, "-----BEGIN", 10)) {
		enum sshkey_file f = sshkey_private_read(&k, text, len, &why, &at);
		if (f == SSHKEY_FILE_BAD) {
			cli_fail(c, e = ERR_FORMAT, "%s: offset %zu: %s", path, at, why);
		} else {
			tell_key(t, &k.public, k.comment,
			    f == SSHKEY_FILE_ENCRYPTED ? "a private key under a passphrase" : "a private key");
			sshkey_private_release(&k);
		}
	} else if (tell_lines(t, text, len, path, &bad) == 0 || bad) {
		if (bad)
			cli_fail(c, ERR_FORMAT, "%s: line %zu: there is no key in it", path, bad);
		else
			cli_fail(c, ERR_FORMAT, "%s: there is no key in it", path);
		e = ERR_FORMAT;
	}
	if (text)
		sodium_memzero(text, len);
	free(text);
	return e;
}

int verb_fingerprint(struct cli *c)
{
	struct trace t;
	enum err e = sodium_init() < 0 ? ERR_INTERNAL : cli_trace_open(c, &t, &clock_real, "sshview"), worst = e;

	if (e != ERR_OK)
		return (int)err_exit(e);
	for (int i = 0; i < c->argc; i++)
		if ((e = fingerprint_file(c, &t, c->argv[i])) != ERR_OK && worst == ERR_OK)
			worst = e;
	ev_explain(&t,
	    "A fingerprint is the SHA-256 of a key: short enough to be compared by eye or by voice. The picture is "
	    "the same number, drawn by a walk over a field: a glance tells that it is another one, not that it is "
	    "the same.");
	return cli_trace_close(c, &t, (int)err_exit(worst));
}

/* --- keygen --- */

static enum err write_new(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	size_t n = strlen(text);

	if (fd < 0)
		return ERR_IO;
	bool ok = write(fd, text, n) == (ssize_t)n && fsync(fd) == 0;
	int why = errno;
	if (close(fd) != 0)
		ok = false;
	if (!ok)
		unlink(path);
	errno = why;
	return ok ? ERR_OK : ERR_IO;
}

static char *public_line(const struct sshkey_private *k)
{
	char *base64 = base64_text(k->public.blob, k->public.len, true), *line = NULL;

	if (!base64 || asprintf(&line, "%s %s%s%s\n", sshkey_type_name(&k->public), base64, *k->comment ? " " : "",
	                   k->comment) < 0)
		line = NULL;
	free(base64);
	return line;
}

static int keygen(struct cli *c, struct trace *t, const char *path, const char *comment)
{
	struct sshkey_private k;
	char pub[4096], print[SSHKEY_FINGERPRINT], *text = NULL, *line = NULL;

	if (snprintf(pub, sizeof(pub), "%s.pub", path) >= (int)sizeof(pub))
		return cli_usage(c, "the name of the file is too long");
	if (access(path, F_OK) == 0 || access(pub, F_OK) == 0)
		return cli_fail(c, ERR_IO, "%s is there already: a key is never replaced here",
		    access(path, F_OK) == 0 ? path : pub);
	enum err e = sshkey_generate(&k, NULL, comment);
	if (e == ERR_OK)
		e = sshkey_private_text(&k, &text);
	if (e == ERR_OK && !(line = public_line(&k)))
		e = ERR_NOMEM;
	if (e == ERR_OK && (e = write_new(path, text, 0600)) == ERR_OK && (e = write_new(pub, line, 0644)) != ERR_OK)
		unlink(path);
	if (e != ERR_OK) {
		cli_fail(c, e, "%s: %s", path, e == ERR_IO ? strerror(errno) : err_text(e));
	} else {
		sshkey_fingerprint(print, k.public.blob, k.public.len);
		ev_state(t, "keys", path, NULL, "the private half",
		    "for its owner's eyes only (0600): whoever has it is you");
		ev_state(t, "keys", pub, NULL, "the public half",
		    "for everybody: it goes into authorized_keys on the servers");
		ev_explain(t,
		    "There is no passphrase on it. Who wants one: ssh-keygen -p -f %s, and then ssh-add puts it into "
		    "the "
		    "agent.",
		    path);
		ev_result(t, ERR_OK, NULL, "a new Ed25519 key: %s %s", print, comment);
	}
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
	free(line);
	sshkey_private_release(&k);
	return (int)err_exit(e);
}

int verb_keygen(struct cli *c)
{
	const char *path = c->argc ? c->argv[0] : cli_get(c, "file"), *comment = cli_get(c, "comment");
	char own[4096], host[65] = "", made[160];
	const char *user = getenv("USER");
	struct trace t;

	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "libsodium cannot be set up");
	if (!path) {
		if (!home_ssh_file(own, sizeof(own), "id_ed25519"))
			return cli_fail(c, ERR_IO, "there is no home directory: say which file");
		home_make_ssh_dir();
		path = own;
	}
	if (!comment) {
		gethostname(host, sizeof(host) - 1);
		snprintf(made, sizeof(made), "%.64s@%s", user ? user : "user", host);
		comment = made;
	}
	if (strlen(comment) > 200 || strpbrk(comment, "\r\n"))
		return cli_usage(c, "--comment takes one line of at most 200 characters");
	enum err e = cli_trace_open(c, &t, &clock_real, "sshview");
	return e == ERR_OK ? cli_trace_close(c, &t, keygen(c, &t, path, comment)) : (int)err_exit(e);
}

/* --- authorize --- */

struct addition {
	const char *line;
	const struct sshkey *key;
	bool there;
};

static bool add_line(void *ctx, const char *text, size_t len, FILE *out)
{
	struct addition *a = ctx;
	char comment[256];

	for (size_t at = 0; at < len && !a->there;) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t n = nl ? (size_t)(nl - text) - at : len - at;
		struct sshkey k;
		if (n && text[at] != '#' && line_key(text + at, n, &k, comment, sizeof(comment))) {
			a->there = sshkey_equal(&k, a->key);
			sshkey_release(&k);
		}
		at += n + 1;
	}
	fwrite(text, 1, len, out);
	if (len && text[len - 1] != '\n')
		fputc('\n', out);
	fputs(a->line, out);
	return !a->there;
}

static int authorize(struct cli *c, struct trace *t, struct sshkey_private *k, char *line)
{
	const char *file = cli_get(c, "file");
	struct addition a = {.line = line, .key = &k->public};
	char why[256];

	if (file && kh_file_edit(file, add_line, &a, why) != ERR_OK)
		return cli_fail(c, ERR_IO, "%s", why);
	if (cli_has(c, "quiet") && !cli_has(c, "json"))
		fputs(file ? "" : line, c->out);
	if (file)
		ev_state(t, "authorized keys", file, a.there ? "there already" : NULL,
		    a.there ? "there already" : "one line more",
		    "whoever holds that key may log in as the owner of this file");
	ev_explain(t,
	    "Two files, two questions. known_hosts, on your side: who is the server? authorized_keys, on the server, "
	    "in the home of the user: who am I? The line goes into ~/.ssh/authorized_keys there; the private half "
	    "never leaves your machine.");
	line[strcspn(line, "\n")] = '\0';
	if (!(cli_has(c, "quiet") && !cli_has(c, "json")))
		ev_result(t, ERR_OK, NULL, "%s", line);
	return EXIT_YES;
}

int verb_authorize(struct cli *c)
{
	struct sshkey_private k;
	struct trace t;
	char why[NOTE_MAX], own[4096], pub[4096 + 8], *line = NULL;
	const char *path = c->argc ? c->argv[0] : own;
	bool encrypted;

	if (sodium_init() < 0 || (!c->argc && !home_ssh_file(own, sizeof(own), "id_ed25519")))
		return cli_fail(c, ERR_IO, "there is no home directory: say which key");
	/* the public half has the comment, and whoever hands it out need not touch the private one */
	snprintf(pub, sizeof(pub), "%s.pub", path);
	enum err e = identity_read(access(pub, R_OK) == 0 ? pub : path, &k, &encrypted, why);
	if (e != ERR_OK)
		return cli_fail(c, e == ERR_PERM ? ERR_IO : e, "%s", why);
	int status = EXIT_INTERNAL;
	if ((line = public_line(&k)) && cli_trace_open(c, &t, &clock_real, "sshview") == ERR_OK)
		status = cli_trace_close(c, &t, authorize(c, &t, &k, line));
	free(line);
	sshkey_private_release(&k);
	return status;
}
