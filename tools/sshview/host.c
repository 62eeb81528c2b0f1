/* Is it the server that we mean? What known_hosts says, and what follows from it. */
#include <fcntl.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/line.h"
#include "home.h"
#include "sshview.h"

#define CERT_SUFFIX "-cert-v01@openssh.com"

struct judge {
	struct session *s;
	const struct sshkey *key;
	struct kh_set named, portless; /* entries for the name as it is kept, and for it without its port */
	char *text[KNOWN_FILES_MAX];
	const struct kh_entry *found;
	enum host_verdict verdict;
};

static const char *const verdict_words[] = {"unseen", "known", "certified", "new", "changed", "revoked"};

const char *host_verdict_word(enum host_verdict v)
{
	return verdict_words[v];
}

/* --- what is on file --- */

static enum err load(struct judge *j, const char *host, uint16_t port)
{
	char name[KH_NAME], plain[KH_NAME];
	enum err e = ERR_OK;

	kh_name(name, host, port);
	kh_name(plain, host, 22);
	for (size_t i = 0; e == ERR_OK && i < j->s->o->n_known; i++) {
		const char *path = j->s->o->known[i];
		size_t len;
		bool missing;
		e = kh_file_read(path, &j->text[i], &len, &missing);
		if (e != ERR_OK) {
			result_set(j->s->res, e == ERR_TOO_LONG ? e : ERR_IO, "known-hosts-file", "%s: %s", path,
			    e == ERR_IO ? strerror(errno) : err_text(e));
			return e;
		}
		e = kh_set_add(&j->named, path, j->text[i], len, name);
		if (e == ERR_OK && port != 22)
			e = kh_set_add(&j->portless, path, j->text[i], len, plain);
	}
	return e;
}

static void judge_release(struct judge *j)
{
	kh_set_release(&j->named);
	kh_set_release(&j->portless);
	for (size_t i = 0; i < KNOWN_FILES_MAX; i++)
		free(j->text[i]);
}

/* --- the order of the proposal --- */

static const char *const algs_of[][3] = {{"ssh-ed25519"}, {"ecdsa-sha2-nistp256"}, {"rsa-sha2-512", "rsa-sha2-256"}};
static const enum sshkey_type types_of[] = {SSHKEY_ED25519, SSHKEY_ECDSA256, SSHKEY_RSA};

static bool has_type(const struct kh_set *s, enum sshkey_type type)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->entry[i].marker == KH_PLAIN && s->entry[i].key.type == type)
			return true;
	return false;
}

static bool has_authority(const struct kh_set *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->entry[i].marker == KH_AUTHORITY)
			return true;
	return false;
}

static void add_algs(struct line *l, size_t type, const char *suffix)
{
	for (size_t i = 0; i < 3 && algs_of[type][i]; i++)
		line_add(l, "%s%s%s", l->len ? "," : "", algs_of[type][i], suffix);
}

enum err host_order(struct session *s)
{
	struct judge j = {.s = s};
	struct line l = line_on(s->order, sizeof(s->order));
	enum err e = load(&j, s->o->target.host, s->o->target.port);
	const struct kh_set *known = j.named.n ? &j.named : &j.portless;
	bool authority = has_authority(&j.named) || has_authority(&j.portless);
	size_t first = 0;

	if (authority)
		for (size_t i = 0; i < 3; i++)
			add_algs(&l, i, CERT_SUFFIX);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < 3; i++) {
			if (has_type(known, types_of[i]) != (pass == 0))
				continue;
			add_algs(&l, i, "");
			first += pass == 0;
		}
	if (e == ERR_OK && authority)
		ev_decision(s->t, "hostkey-order", NULL,
		    "an authority is on file for this host: host certificates come first in what we propose");
	if (e == ERR_OK && first)
		ev_decision(s->t, "hostkey-order", NULL,
		    "%s is on file here: the key types that we know come first in what we propose (%s)", s->res->name,
		    s->order);
	if (first)
		ev_explain(s->t,
		    "A server has several host keys, one a type. Were we to ask for a type that is not on file, the "
		    "answer would look like a changed key, and be none: a false alarm teaches people to ignore "
		    "alarms.");
	judge_release(&j);
	return e;
}

/* --- the verdict --- */

static uint64_t now_s(const struct session *s)
{
	return (uint64_t)(clock_now(s->o->clock) / NS_PER_S);
}

static void note_entry(struct judge *j)
{
	struct result *r = j->s->res;

	r->verdict = j->verdict;
	r->known_line = 0;
	r->known_marker = KH_PLAIN;
	r->known_file[0] = r->known_type[0] = '\0';
	if (!j->found)
		return;
	r->known_line = j->found->line;
	r->known_marker = j->found->marker;
	snprintf(r->known_file, sizeof(r->known_file), "%s", j->found->file);
	snprintf(r->known_type, sizeof(r->known_type), "%s", sshkey_type_name(&j->found->key));
}

static enum host_verdict plain_verdict(struct judge *j)
{
	const struct kh_entry *other;
	enum kh_verdict v = kh_check(&j->named, j->key, &j->found), w;

	if (v == KH_IS_REVOKED)
		return HOST_REVOKED;
	w = kh_check(&j->portless, j->key, &other);
	if (w == KH_IS_REVOKED) { /* stricter than OpenSSH: a revoked key is good on no port */
		j->found = other;
		return HOST_REVOKED;
	}
	if (v == KH_NEW && w == KH_KNOWN) {
		j->found = other;
		return HOST_KNOWN;
	}
	if (v == KH_NEW && w == KH_CHANGED)
		j->s->res->portless_line = other->line;
	return v == KH_KNOWN ? HOST_KNOWN : v == KH_CHANGED ? HOST_CHANGED : HOST_NEW;
}

/* The bare key of a certificate, for when its authority is not trusted here. */
static enum err bare(const struct sshkey *cert, struct sshkey *out)
{
	size_t at;

	return sshkey_parse(out, cert->plain, cert->plain_len, &at);
}

static void cert_verdict(struct judge *j, struct sshkey *plain)
{
	const char *why = "no authority that is on file for this host made it";
	char names[300];
	struct session *s = j->s;

	sshkey_cert_names(j->key, names, sizeof(names));
	enum host_verdict v = plain_verdict(j);
	if (v == HOST_REVOKED) {
		j->verdict = v;
		return;
	}
	bool trusted = v == HOST_KNOWN,
	     valid = trusted && sshkey_cert_valid(j->key, s->o->target.host, now_s(s), &why);
	ev_check(s->t, "host-certificate",
	    valid     ? VERDICT_PASS
	    : trusted ? VERDICT_FAIL
	              : VERDICT_SKIP,
	    "OpenSSH PROTOCOL.certkeys", "does an authority that we trust vouch for this host key?",
	    "a host certificate for %s: %s", names[0] ? names : "any host",
	    valid ? "signed by the authority on file, for this name, in its time" : why);
	ev_explain(s->t,
	    "A host certificate is the host key with the names it is good for, signed by an authority. Who "
	    "has the authority's key on file (@cert-authority) recognises every host that it vouches for, at "
	    "first contact, too. That is TLS's way; with known_hosts alone everybody vouches for himself.");
	if (valid) {
		j->verdict = HOST_CERTIFIED;
		return;
	}
	j->found = NULL;
	if (bare(j->key, plain) != ERR_OK) {
		j->verdict = HOST_NEW;
		return;
	}
	j->key = plain;
	j->verdict = plain_verdict(j);
}

/* --- what is said --- */

static void say_art(struct session *s, const struct sshkey *key)
{
	char art[SSHKEY_RANDOMART], *save = NULL;

	sshkey_randomart(art, key);
	for (char *line = strtok_r(art, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		ev_decision(s->t, "randomart", NULL, "%s", line);
}

static void say_new(struct judge *j)
{
	struct session *s = j->s;
	struct result *r = s->res;

	ev_check(s->t, "known-host", VERDICT_SKIP, "RFC 4251 4.1", "is this the key that we know of this host?",
	    "first contact: there is no %s key on file for %s. It is %s %s", sshkey_short_name(j->key), r->name,
	    r->host_type, r->fingerprint);
	if (r->portless_line)
		ev_warning(s->t, "another key is on file for %s without the port (line %zu)", s->o->target.host,
		    r->portless_line);
	say_art(s, j->key);
	ev_explain(s->t,
	    "Whoever says yes now believes that this is the host's key, and will be asked no more: a man in "
	    "the middle who answers at first contact is believed, too (trust on first use). So compare the "
	    "fingerprint with one that came another way: from the administrator, by telephone, on paper, on a "
	    "page that https proves; on the server itself, ssh-keygen -l -f /etc/ssh/ssh_host_*_key.pub.");
}

static void say_changed(struct judge *j)
{
	struct session *s = j->s;
	struct result *r = s->res;
	const struct kh_entry *e = j->found;
	char old[SSHKEY_FINGERPRINT];

	sshkey_fingerprint(old, e->key.plain, e->key.plain_len);
	ev_check(s->t, "known-host", VERDICT_FAIL, "RFC 4251 4.1", "is this the key that we know of this host?",
	    "no. On file (%s, line %zu): %s %s. What came: %s %s", e->file, e->line, sshkey_type_name(&e->key), old,
	    r->host_type, r->fingerprint);
	ev_warning(s->t,
	    "the host key of %s has CHANGED. There are two possible reasons: somebody in the middle answers in "
	    "the server's place, or the server got a new key (installed anew, or moved to another machine)",
	    r->name);
	ev_decision(s->t, "mend", NULL,
	    "ask the administrator which it is. Once it is certain that the server has a new key, this forgets the "
	    "old one: "
	    "sshview known-hosts remove '%s' -f '%s'",
	    r->name, e->file);
}

static void say(struct judge *j)
{
	struct session *s = j->s;
	struct result *r = s->res;

	switch (j->verdict) {
	case HOST_UNSEEN:
		break;
	case HOST_KNOWN:
		ev_check(s->t, "known-host", VERDICT_PASS, "RFC 4251 4.1",
		    "is this the key that we know of this host?", "%s %s, as on file (%s, line %zu)", r->host_type,
		    r->fingerprint, j->found->file, j->found->line);
		break;
	case HOST_CERTIFIED:
		ev_check(s->t, "known-host", VERDICT_PASS, "RFC 4251 4.1",
		    "is this the key that we know of this host?", "its authority is on file (%s, line %zu)",
		    j->found->file, j->found->line);
		break;
	case HOST_NEW:
		say_new(j);
		break;
	case HOST_CHANGED:
		say_changed(j);
		break;
	case HOST_REVOKED:
		ev_check(s->t, "known-host", VERDICT_FAIL, NULL, "is this the key that we know of this host?",
		    "it is on file as REVOKED (%s, line %zu): whoever shows it is not the host, or does not know "
		    "that the "
		    "key was stolen",
		    j->found->file, j->found->line);
		break;
	}
}

/* --- what is done --- */

static enum err refuse(struct judge *j, const char *end, const char *why)
{
	struct session *s = j->s;

	result_set(
	    s->res, ERR_NEGATIVE, end, "refused: %s. Nothing but the key exchange was said; no secret went out", why);
	sshtr_fail(&s->tr, ERR_NEGATIVE, end, "%s", why);
	sshtr_disconnect(&s->tr, 9, "host key not verified"); /* RFC 4253 11.1 */
	return ERR_NEGATIVE;
}

/* With the command that mends it: who runs sshview with -q sees nothing else. */
static enum err refuse_changed(struct judge *j, const char *why)
{
	enum err e = refuse(j, "host-changed", why);
	struct result *r = j->s->res;
	size_t n = strlen(r->text);

	snprintf(r->text + n, sizeof(r->text) - n,
	    ". Once it is certain that the server has a new key: sshview known-hosts remove '%s' -f '%s'", r->name,
	    j->found->file);
	return e;
}

static void learn(struct judge *j)
{
	struct session *s = j->s;
	char why[256], home[4096];
	const char *path = s->o->n_known ? s->o->known[0] : NULL;

	if (!path)
		return;
	if (home_ssh_file(home, sizeof(home), "known_hosts") && strcmp(home, path) == 0)
		home_make_ssh_dir();
	if (kh_file_append(path, KH_PLAIN, s->res->name, s->o->hash_names, j->key, NULL, why) == ERR_OK) {
		s->res->host_written = true;
		ev_state(s->t, "known hosts", s->res->name, NULL, s->res->fingerprint,
		    "written to %s: from now on another key is an alarm", path);
	} else {
		ev_warning(s->t, "the key is not remembered: %s", why);
	}
}

/* Asked on the terminal, whatever standard input is. 'y': yes; 'n': no; 't': there is no terminal. */
static char ask(struct judge *j)
{
	char art[SSHKEY_RANDOMART], answer[256];
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
	char verdict = 0;

	if (fd < 0)
		return 't';
	trace_flush(j->s->t);
	fflush(NULL);
	dprintf(fd,
	    "\nFirst contact with %s. Its %s key is\n  %s\n%s"
	    "Compare it with one that came to you another way. To say yes means: this is the host, now and later.\n",
	    j->s->res->name, sshkey_short_name(j->key), j->s->res->fingerprint, sshkey_randomart(art, j->key));
	while (!verdict) {
		dprintf(fd, "Is it the right one (yes, no, or the fingerprint)? ");
		struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = j->s->o->cancel_fd, .events = POLLIN}};
		ssize_t n = poll(p, 2, -1) > 0 && !p[1].revents ? read(fd, answer, sizeof(answer) - 1) : 0;
		if (n <= 0)
			break;
		answer[n] = '\0';
		answer[strcspn(answer, "\r\n")] = '\0';
		if (strcmp(answer, "yes") == 0 || strcmp(answer, j->s->res->fingerprint) == 0)
			verdict = 'y';
		else if (strcmp(answer, "no") == 0)
			verdict = 'n';
		else if (strncmp(answer, "SHA256:", 7) == 0)
			dprintf(fd, "That is another fingerprint. ");
	}
	close(fd);
	return verdict ? verdict : 'n';
}

static enum err decide_new(struct judge *j)
{
	struct session *s = j->s;
	char why[400];

	if (s->o->strict == STRICT_YES) {
		snprintf(why, sizeof(why), "no %s key is on file for %s, and --strict yes means: no unknown host",
		    sshkey_short_name(j->key), s->res->name);
		return refuse(j, "host-unknown", why);
	}
	if (s->o->strict == STRICT_ACCEPT_NEW && s->res->portless_line) {
		snprintf(why, sizeof(why),
		    "another key is on file for %s without the port (line %zu); --strict accept-new trusts only what "
		    "nothing "
		    "speaks against",
		    s->o->target.host, s->res->portless_line);
		return refuse(j, "host-unknown", why);
	}
	if (s->o->strict == STRICT_ASK) {
		char answer = ask(j);
		snprintf(why, sizeof(why), "%s",
		    answer == 't' ? "nobody can be asked whether the key is the right one: there is no terminal "
		                    "(--strict accept-new trusts at first contact)"
		                  : "you did not say that the key is the right one");
		if (answer != 'y')
			return refuse(j, answer == 't' ? "host-unknown" : "host-declined", why);
		s->res->host_accepted = true;
	}
	ev_decision(s->t, "host-accepted", NULL, "trusted at first contact: %s",
	    s->o->strict == STRICT_ASK ? "you said yes" : "as --strict says; nobody compared the fingerprint");
	learn(j);
	return ERR_OK;
}

static enum err decide(struct judge *j)
{
	struct session *s = j->s;
	char why[400];

	switch (j->verdict) {
	case HOST_KNOWN:
	case HOST_CERTIFIED:
	case HOST_UNSEEN:
		return ERR_OK;
	case HOST_NEW:
		return decide_new(j);
	case HOST_REVOKED:
		snprintf(why, sizeof(why), "the key that %s shows is on file as revoked", s->res->name);
		return refuse(j, "host-revoked", why);
	case HOST_CHANGED:
		break;
	}
	snprintf(
	    why, sizeof(why), "the host key of %s is not the one on file (line %zu)", s->res->name, j->found->line);
	if (s->o->strict != STRICT_NO)
		return refuse_changed(j, why);
	s->unsafe = true;
	ev_warning(s->t, "%s; we go on, because --strict no says so. No password will be sent", why);
	return ERR_OK;
}

enum err host_check(void *ctx, struct sshtr *tr, const struct sshkey *key, const char *alg)
{
	struct session *s = ctx;
	struct judge j = {.s = s, .key = key};
	struct sshkey plain = {0};

	(void)alg;
	snprintf(s->res->host_type, sizeof(s->res->host_type), "%s", sshkey_type_name(key));
	sshkey_fingerprint(s->res->fingerprint, key->plain, key->plain_len);
	if (key->plain_len <= sizeof(s->res->host_blob)) {
		memcpy(s->res->host_blob, key->plain, key->plain_len);
		s->res->host_blob_len = key->plain_len;
	}
	if (s->o->scan)
		return sshtr_fail(tr, ERR_NEGATIVE, "scanned", "the host key is there");
	ev_heading(s->t, "Is it %s?", s->res->name);
	enum err e = load(&j, s->o->target.host, s->o->target.port);
	if (e != ERR_OK) {
		sshtr_fail(tr, e, "known-hosts-file", "%s", s->res->text);
	} else {
		if (key->cert)
			cert_verdict(&j, &plain);
		else
			j.verdict = plain_verdict(&j);
		note_entry(&j);
		say(&j);
		e = decide(&j);
		s->res->host_accepted = e == ERR_OK;
	}
	sshkey_release(&plain);
	judge_release(&j);
	return e;
}
