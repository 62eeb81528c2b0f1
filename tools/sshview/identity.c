/* Finding the user's keys. */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "home.h"
#include "identity.h"

#define KEY_FILE_MAX 65536

static enum err read_file(int fd, const char *path, char *text, size_t *len, char why[static NOTE_MAX])
{
	struct stat st;
	ssize_t n = 0;

	*len = 0;
	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(why, NOTE_MAX, "%s: %s", path, strerror(errno));
		return ERR_IO;
	}
	if (!S_ISREG(st.st_mode)) {
		snprintf(why, NOTE_MAX, "%s: a key is a regular file", path);
		return ERR_IO;
	}
	while (*len < KEY_FILE_MAX && (n = read(fd, text + *len, KEY_FILE_MAX - *len)) > 0)
		*len += (size_t)n;
	if (n < 0 || *len == KEY_FILE_MAX) {
		snprintf(why, NOTE_MAX, "%s: %s", path, n < 0 ? strerror(errno) : "this is no key: it is too long");
		return n < 0 ? ERR_IO : ERR_FORMAT;
	}
	/* Whoever can read it can be us. Only the owner's own file is judged: root may read anything. */
	if ((st.st_mode & 077) && st.st_uid == getuid() && memmem(text, *len, "PRIVATE KEY", 11)) {
		snprintf(why, NOTE_MAX, "%s: others can read this private key: chmod 600 %s", path, path);
		return ERR_PERM;
	}
	return ERR_OK;
}

/* The public half alone, from FILE.pub or a file that holds only that. */
static bool take_public(const char *text, size_t len, struct sshkey_private *out)
{
	const char *nl = memchr(text, '\n', len);
	size_t comment, line = nl ? (size_t)(nl - text) : len;

	if (sshkey_line_read(&out->public, text, line, &comment) != ERR_OK)
		return false;
	while (line > comment && strchr(" \t\r", text[line - 1]))
		line--;
	escape_text(out->comment, sizeof(out->comment), text + comment, line - comment);
	return true;
}

enum err identity_read(const char *path, struct sshkey_private *out, bool *encrypted, char why[static NOTE_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = malloc(KEY_FILE_MAX);
	size_t len = 0, at = 0;
	const char *reason;

	*out = (struct sshkey_private){0};
	*encrypted = false;
	enum err e = text ? read_file(fd, path, text, &len, why) : ERR_NOMEM;
	if (fd >= 0)
		close(fd);
	if (e == ERR_OK && take_public(text, len, out)) {
		*encrypted = true;
	} else if (e == ERR_OK) {
		enum sshkey_file f = sshkey_private_read(out, text, len, &reason, &at);
		*encrypted = f == SSHKEY_FILE_ENCRYPTED;
		if (f == SSHKEY_FILE_BAD) {
			snprintf(why, NOTE_MAX, "%s: offset %zu: %s", path, at, reason);
			e = ERR_FORMAT;
		}
	}
	if (text)
		sodium_memzero(text, KEY_FILE_MAX);
	free(text);
	return e;
}

/* --- the list --- */

static struct identity *already(struct identities *ids, const struct sshkey *key)
{
	for (size_t i = 0; i < ids->n; i++)
		if (sshkey_equal(&ids->at[i].key.public, key))
			return &ids->at[i];
	return NULL;
}

static void add_file(struct session *s, struct identities *ids, const char *path, bool wanted)
{
	struct identity *id = &ids->at[ids->n];
	char why[NOTE_MAX];
	bool encrypted;

	if (s->res->err != ERR_OK || ids->n >= IDENTITIES_MAX)
		return;
	enum err e = identity_read(path, &id->key, &encrypted, why);
	if (e != ERR_OK) {
		if (wanted)
			result_set(s->res, e == ERR_PERM ? ERR_IO : e, "key-file", "%s", why);
		else if (e != ERR_IO)
			ev_decision(s->t, "key-skipped", NULL, "not used: %s", why);
		return;
	}
	id->has_private = !encrypted;
	snprintf(id->from, sizeof(id->from), "%s", path);
	ids->n++;
}

static void merge_agent(struct session *s, struct identities *ids, struct agent_key *keys, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct identity *id = already(ids, &keys[i].key);
		if (id) {
			id->in_agent = true;
			continue;
		}
		if (!s->o->default_identities)
			continue;
		id = &ids->at[ids->n++];
		id->key.public = keys[i].key;
		keys[i].key = (struct sshkey){0};
		id->in_agent = true;
		snprintf(id->from, sizeof(id->from), "the agent (%s)", keys[i].comment);
	}
}

static void ask_agent(struct session *s, struct identities *ids)
{
	struct agent_key *keys = calloc(AGENT_KEYS_MAX, sizeof(*keys));
	size_t n = 0;

	if (!s->o->agent || !keys) {
		free(keys);
		return;
	}
	enum err e = agent_open(&ids->agent, s->o->agent, s->tr.o.deadline);
	if (e == ERR_OK)
		e = agent_list(&ids->agent, keys, &n);
	if (e == ERR_OK)
		ev_decision(s->t, "agent", "draft-miller-ssh-agent",
		    "the agent at %s holds %zu key%s that can be used here. It signs with them; it never gives them "
		    "out",
		    s->o->agent, n, n == 1 ? "" : "s");
	else
		ev_decision(s->t, "agent", NULL, "the agent at %s is of no use: %s", s->o->agent, err_text(e));
	if (e == ERR_OK)
		merge_agent(s, ids, keys, n);
	for (size_t i = 0; i < n; i++)
		sshkey_release(&keys[i].key);
	free(keys);
}

/* An encrypted key that the agent does not hold can't sign. */
static void drop_locked(struct session *s, struct identities *ids)
{
	size_t kept = 0;

	for (size_t i = 0; i < ids->n; i++) {
		struct identity *id = &ids->at[i];
		if (!id->has_private && !id->in_agent) {
			ev_decision(s->t, "key-locked", NULL,
			    "%s: its private half is under a passphrase (or elsewhere), and no agent holds it: "
			    "ssh-add %s",
			    id->from, id->from);
			sshkey_private_release(&id->key);
			continue;
		}
		if (kept != i)
			ids->at[kept] = *id;
		kept++;
	}
	if (kept < ids->n)
		memset(&ids->at[kept], 0, (ids->n - kept) * sizeof(ids->at[0]));
	ids->n = kept;
}

enum err identities_find(struct session *s, struct identities *out)
{
	static const char *const names[] = {"id_ed25519", "id_ecdsa", "id_rsa"};
	char path[4096];

	*out = (struct identities){.agent = {.fd = -1}};
	for (size_t i = 0; i < s->o->n_identities; i++)
		add_file(s, out, s->o->identity[i], true);
	for (size_t i = 0; s->o->default_identities && i < 3; i++)
		if (home_ssh_file(path, sizeof(path), names[i]))
			add_file(s, out, path, false);
	if (s->res->err == ERR_OK)
		ask_agent(s, out);
	if (s->res->err == ERR_OK)
		drop_locked(s, out);
	return s->res->err;
}

void identities_release(struct identities *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		sshkey_private_release(&ids->at[i].key);
	agent_close(&ids->agent);
	ids->n = 0;
}

enum err identity_sign(struct identities *ids, const struct identity *id, const char *alg, const uint8_t *data,
    size_t len, struct sbuf *out)
{
	return id->has_private ? sshkey_sign(&id->key, alg, data, len, out)
	                       : agent_sign(&ids->agent, &id->key.public, alg, data, len, out);
}
