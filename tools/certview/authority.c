/* The folder that a certification authority is. */
#include "authority.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/wire.h"

#define PATH_TEXT 4352
#define DAY       86400

static char *path_in(char out[static PATH_TEXT], const char *dir, const char *name)
{
	snprintf(out, PATH_TEXT, "%s/%s", dir, name);
	return out;
}

static enum err read_pair(struct pair *p, const char *dir, const char *cert, const char *key, struct trouble *w)
{
	char path[PATH_TEXT];
	struct cert_set set = {0};
	enum err e = input_certs(&set, path_in(path, dir, cert), w);

	if (e == ERR_OK && X509_up_ref(set.x[0]))
		p->cert = set.x[0];
	cert_set_release(&set);
	if (e == ERR_OK)
		e = issue_read_key(&p->key, path_in(path, dir, key), w);
	if (e == ERR_OK && X509_check_private_key(p->cert, p->key) != 1)
		e = trouble_set(w, ERR_FORMAT, "%s/%s is not the key of %s", dir, key, cert);
	return e;
}

enum err authority_read(struct pair *root, struct pair *mid, const char *dir, struct trouble *w)
{
	enum err e = read_pair(root, dir, "root.pem", "root.key", w);

	return e == ERR_OK ? read_pair(mid, dir, "intermediate.pem", "intermediate.key", w) : e;
}

enum err authority_lock(const char *dir, int *fd, struct trouble *w)
{
	char path[PATH_TEXT];

	*fd = open(path_in(path, dir, "lock"), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd >= 0 && flock(*fd, LOCK_EX) == 0)
		return ERR_OK;
	return trouble_set(w, ERR_IO, "%s: %s", path, strerror(errno));
}

static enum err make_ca(struct pair *out, const struct pair *by, const char *subject, const char *basic, int64_t now,
    int64_t days, struct trouble *w)
{
	const struct issue_spec s = {.subject = subject,
	    .issuer = by,
	    .from = now - 3600,
	    .to = now + days * DAY,
	    .extension = {basic, "keyUsage=critical,keyCertSign,cRLSign", "subjectKeyIdentifier=hash",
	        by ? "authorityKeyIdentifier=keyid" : "authorityKeyIdentifier="}};

	return issue(out, &s, w);
}

static enum err write_pair(const struct pair *p, const char *dir, const char *name, struct trouble *w)
{
	char path[PATH_TEXT];

	snprintf(path, sizeof(path), "%s/%s.key", dir, name);
	enum err e = issue_write_key(path, p->key, w);
	snprintf(path, sizeof(path), "%s/%s.pem", dir, name);
	return e == ERR_OK ? issue_write_certs(path, &p->cert, 1, w) : e;
}

enum err authority_make(const char *dir, const char *name, int64_t now, long days, struct trouble *w)
{
	char subject[300], path[PATH_TEXT];
	struct pair root = {0}, mid = {0};
	struct register_book none = {0};

	if (strchr(name, '/'))
		return trouble_set(w, ERR_USAGE, "an authority's name has no '/'");
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		return trouble_set(w, ERR_IO, "%s: %s", dir, strerror(errno));
	if (access(path_in(path, dir, "root.key"), F_OK) == 0)
		return trouble_set(
		    w, ERR_USAGE, "%s: there is an authority in it already; its key is not thrown away", dir);
	snprintf(subject, sizeof(subject), "/O=%s/CN=%s Root", name, name);
	enum err e = make_ca(&root, NULL, subject, "basicConstraints=critical,CA:TRUE", now, days * 2, w);
	snprintf(subject, sizeof(subject), "/O=%s/CN=%s Intermediate", name, name);
	if (e == ERR_OK)
		e = make_ca(&mid, &root, subject, "basicConstraints=critical,CA:TRUE,pathlen:0", now, days, w);
	if (e == ERR_OK)
		e = write_pair(&mid, dir, "intermediate", w);
	if (e == ERR_OK)
		e = book_write(&none, dir, w);
	if (e == ERR_OK)
		e = write_pair(&root, dir, "root", w);
	pair_release(&root);
	pair_release(&mid);
	return e;
}

/* --- the book --- */

enum err book_add(struct register_book *b, const struct issued *one)
{
	if (b->n == b->cap) {
		size_t cap = b->cap ? b->cap * 2 : 16;
		struct issued *more = realloc(b->line, cap * sizeof(*more));

		if (!more)
			return ERR_NOMEM;
		b->line = more;
		b->cap = cap;
	}
	b->line[b->n++] = *one;
	return ERR_OK;
}

void book_release(struct register_book *b)
{
	free(b->line);
	*b = (struct register_book){0};
}

struct issued *book_find(struct register_book *b, const char *serial)
{
	while (serial[0] == '0' && serial[1])
		serial++;
	for (size_t i = 0; i < b->n; i++) {
		const char *s = b->line[i].serial;

		while (s[0] == '0' && s[1])
			s++;
		if (strcasecmp(s, serial) == 0)
			return &b->line[i];
	}
	return NULL;
}

static bool parse_line(struct issued *out, const char *text)
{
	char state[32];
	int at = 0;

	*out = (struct issued){0};
	if (sscanf(text, "%63[0-9a-fA-F]\t%31[^\t]\t%d\t%" SCNd64 "\t%n", out->serial, state, &out->reason, &out->to,
	        &at) < 4 ||
	    !at)
		return false;
	if (strcmp(state, "good") != 0 && sscanf(state, "%" SCNd64, &out->revoked) != 1)
		return false;
	snprintf(out->subject, sizeof(out->subject), "%.*s", (int)strcspn(text + at, "\n"), text + at);
	return true;
}

enum err book_read(struct register_book *b, const char *dir, struct trouble *w)
{
	char path[PATH_TEXT], text[512];
	FILE *f = fopen(path_in(path, dir, "issued.tsv"), "re");
	enum err e = ERR_OK;
	unsigned line = 0;

	*b = (struct register_book){0};
	if (!f)
		return trouble_set(w, ERR_IO, "%s: %s (is it an authority's folder? 'certview ca init' makes one)",
		    path, strerror(errno));
	while (e == ERR_OK && fgets(text, sizeof(text), f)) {
		struct issued one;

		line++;
		if (text[0] == '#')
			continue;
		e = parse_line(&one, text)
		        ? book_add(b, &one)
		        : trouble_set(w, ERR_FORMAT, "%s:%u: this is no line of the book", path, line);
	}
	fclose(f);
	if (e != ERR_OK)
		book_release(b);
	return e;
}

enum err book_write(const struct register_book *b, const char *dir, struct trouble *w)
{
	char path[PATH_TEXT], state[32];
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return ERR_NOMEM;
	fprintf(f, "# number\tgood, or revoked at\treason\tlast second\tsubject\n");
	for (size_t i = 0; i < b->n; i++) {
		const struct issued *l = &b->line[i];

		snprintf(state, sizeof(state), l->revoked ? "%" PRId64 : "good", l->revoked);
		fprintf(f, "%s\t%s\t%d\t%" PRId64 "\t%s\n", l->serial, state, l->reason, l->to, l->subject);
	}
	enum err e = fclose(f) == 0 ? issue_write_text(path_in(path, dir, "issued.tsv"), text, len, w) : ERR_NOMEM;
	free(text);
	return e;
}
