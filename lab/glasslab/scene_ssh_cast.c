/* What Alice, the servers and mallory do where SSH is shown. */
#include "scene_ssh.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

const char *ssh_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

bool ssh_yes(const json_t *o, const char *key)
{
	return json_is_true(json_object_get(o, key));
}

/* --- programs --- */

static int in_host(struct demo *d, const char *host, const char *script, const char *arg)
{
	const char *const argv[] = {"exec", host, "--", "sh", "-c", script, "sh", arg, NULL};

	return demo_glasslab(d, argv);
}

bool ssh_text_from(struct ssh_cast *c, const char *host, const char *const argv[], char *out, size_t cap)
{
	struct demo_process p;
	bool ok = demo_run(c->d, &p, host, DEMO_TEXT, argv, NULL) == EXIT_YES && p.buf;

	snprintf(out, cap, "%s", ok ? p.buf : "");
	out[strcspn(out, "\n")] = '\0';
	demo_process_release(&p);
	return ok;
}

/* --- Alice --- */

void ssh_login(struct ssh_cast *c, const char *target, const char *known, const char *strict, const char *option,
    const char *value)
{
	const char *argv[] = {"sshview", "connect", target, "--known-hosts", known, "--strict", strict, option, value,
	    "cat " SSH_NOTE, NULL};

	demo_process_release(&c->sshview);
	c->status = demo_run(c->d, &c->sshview, "laptop", DEMO_EVENTS, argv, NULL);
}

const char *ssh_said(const struct ssh_cast *c, const char *part, const char *member)
{
	return ssh_text(json_object_get(c->sshview.result, part), member);
}

const char *ssh_end(const struct ssh_cast *c)
{
	return ssh_text(c->sshview.result, "end");
}

bool ssh_note_came(const struct ssh_cast *c)
{
	for (size_t i = 0; i < json_array_size(c->sshview.events); i++) {
		const json_t *ev = json_array_get(c->sshview.events, i);
		if (strcmp(ssh_text(ev, "kind"), "recv") == 0 && strstr(ssh_text(ev, "label"), c->code))
			return true;
	}
	return false;
}

/* --- mallory --- */

bool ssh_start_middle(struct ssh_cast *c)
{
	static const char *const argv[] = {"mallory", "ssh", NULL};

	demo_process_release(&c->middle);
	ev_decision(&c->d->trace, "command", NULL, "$ glasslab exec mallory -- mallory ssh");
	return demo_start(c->d, &c->middle, "mallory", DEMO_SILENT, argv, NULL) &&
	       demo_follow(c->d, &c->middle, "decision", "ready");
}

static bool is_deed(const json_t *ev)
{
	const char *id = ssh_text(ev, "id");

	return strcmp(ssh_text(ev, "table"), "loot") == 0 || strcmp(id, "taken") == 0 || strcmp(id, "refused") == 0 ||
	       strncmp(id, "signature", 9) == 0 || strcmp(id, "password-works") == 0;
}

const json_t *ssh_end_middle(struct ssh_cast *c)
{
	demo_stop(c->d, &c->middle);
	for (size_t i = 0; i < json_array_size(c->middle.events); i++) {
		const json_t *ev = json_array_get(c->middle.events, i);
		char *line = is_deed(ev) ? json_dumps(ev, JSON_COMPACT) : NULL;
		if (line)
			(void)!trace_replay(&c->d->trace, line, strlen(line));
		free(line);
	}
	const json_t *all = json_object_get(c->middle.result, "conversations");
	return json_array_get(all, json_array_size(all) - 1);
}

const char *ssh_heard(const json_t *talk)
{
	const char *s = json_string_value(json_array_get(json_object_get(talk, "heard"), 0));

	return s ? s : "";
}

/* --- before and after --- */

static bool make_key(struct ssh_cast *c, char *line, size_t cap)
{
	static const char *const make[] = {"sshview", "keygen", SSH_KEY, "--comment", "alice", "-q", NULL};
	static const char *const tell[] = {"sshview", "authorize", SSH_KEY, "-q", NULL};

	return in_host(c->d, "laptop", "rm -rf " SSH_FOLDER " && mkdir -m 700 " SSH_FOLDER, "") == 0 &&
	       ssh_text_from(c, "laptop", make, line, cap) && ssh_text_from(c, "laptop", tell, line, cap);
}

static bool prepare_server(struct ssh_cast *c, const char *host, const char *line)
{
	return in_host(c->d, host,
	           "cd /run/glassnet/conf && cp -p authorized_keys authorized_keys.before && printf '%s scene\\n' "
	           "\"$1\" "
	           ">>authorized_keys",
	           line) == 0 &&
	       in_host(c->d, host, "printf '%s\\n' \"$1\" >" SSH_NOTE, c->code) == 0;
}

static bool trust_authority(struct ssh_cast *c)
{
	static const char *const authority[] = {"cat", "/run/glassnet/conf/ssh-ca.pub", NULL};
	char text[1024], known[1200];

	if (!ssh_text_from(c, "shell", authority, text, sizeof(text)))
		return false;
	snprintf(known, sizeof(known), "@cert-authority shell.example %s", text);
	return in_host(c->d, "laptop", "printf '%s\\n' \"$1\" >" SSH_TRUSTED, known) == 0;
}

/* The second word of ssh-keygen's line. */
bool ssh_true_fingerprint(struct ssh_cast *c, const char *host, char *out, size_t cap)
{
	static const char *const print[] = {
	    "ssh-keygen", "-l", "-f", "/run/glassnet/conf/ssh_host_ed25519_key", NULL};
	char text[1024];

	if (!ssh_text_from(c, host, print, text, sizeof(text)))
		return false;
	const char *word = strchr(text, ' ');
	word = word ? word + 1 : "";
	snprintf(out, cap, "%.*s", (int)strcspn(word, " "), word);
	return true;
}

bool ssh_cast_open(struct ssh_cast *c, struct demo *d)
{
	char line[1024];
	uint8_t random[6];

	*c = (struct ssh_cast){.d = d, .sshview = {.pid = -1, .out = -1}, .middle = {.pid = -1, .out = -1}};
	if (sodium_init() < 0)
		return false;
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(c->code, sizeof(c->code), random, sizeof(random));
	return make_key(c, line, sizeof(line)) && prepare_server(c, SSH_SERVER, line) &&
	       prepare_server(c, "shell", line) && trust_authority(c) &&
	       ssh_true_fingerprint(c, SSH_SERVER, c->print, sizeof(c->print));
}

void ssh_cast_close(struct ssh_cast *c)
{
	demo_stop(c->d, &c->middle);
	demo_process_release(&c->sshview);
	demo_process_release(&c->middle);
}

void ssh_cast_clean(struct demo *d)
{
	static const char *const servers[] = {SSH_SERVER, "shell"};

	in_host(d, "laptop", "rm -rf " SSH_FOLDER, "");
	for (int i = 0; i < 2; i++)
		in_host(d, servers[i],
		    "rm -f " SSH_NOTE
		    "; cd /run/glassnet/conf && test -e authorized_keys.before && mv -f authorized_keys.before "
		    "authorized_keys",
		    "");
}
