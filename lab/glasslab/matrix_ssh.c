/* The matrix: mallory in an SSH server's place. Who is the server, and what is a login worth to whoever is not? */
#include <sodium.h>
#include <string.h>

#include "matrix.h"
#include "matrix_find.h"
#include "scene_ssh.h"

#define KNOWN SSH_FOLDER "/known_hosts"

struct login {
	const char *target;
	const char *known; /* file; NULL: one with the server's true key */
	const char *strict;
	bool password;
};

/* Does this packet bring the server's half of the key exchange, with its host key? [RFC 5656 4: message 31, first in a
 * binary packet, RFC 4253 6] */
static bool has_host_key(void *ctx, const struct packet *p)
{
	(void)ctx;
	return p->src.port == SSH_PORT && p->payload_len > 5 && p->bytes[p->payload_off + 5] == 31;
}

/* known_hosts as Alice has it from her logins at home. */
static bool know_server(struct matrix *m, struct ssh_cast *c)
{
	static const char *const public_half[] = {
	    "ssh-keygen", "-y", "-f", "/run/glassnet/conf/ssh_host_ed25519_key", NULL};
	char key[1024];

	return ssh_text_from(c, SSH_SERVER, public_half, key, sizeof(key)) &&
	       matrix_sh(m, "laptop", "printf 'server.example %s\\n' \"$1\" >" KNOWN, key) == 0;
}

static const json_t *last_of(const json_t *result)
{
	const json_t *all = json_object_get(result, "conversations");

	return json_array_get(all, json_array_size(all) - 1);
}

static void read_password(struct ssh_cast *c, char *out, size_t cap)
{
	static const char *const cat[] = {"cat", SSH_PASSWORD, NULL};

	if (!ssh_text_from(c, "laptop", cat, out, cap))
		out[0] = '\0';
}

/* What mallory itself says that it has, held against what Alice has to lose. */
static void take_loot(struct outcome *o, struct ssh_cast *c, const json_t *talk)
{
	const char *has = ssh_text(talk, "password"), *heard = ssh_heard(talk);
	char password[64];

	read_password(c, password, sizeof(password));
	if (*has && strcmp(has, password) == 0)
		cell_got(o, true, "Alice's password%s",
		    ssh_yes(talk, "password_works") ? ", and a login on the true server with it" : "");
	else
		cell_not_got(o, "a password");
	if (strstr(heard, SSH_NOTE))
		cell_got(o, true, "her %s", heard);
	if (ssh_yes(talk, "signature") && ssh_yes(talk, "signature_refused"))
		cell_not_got(o, "a login on the true server: it refused the signature that was made for mallory");
	if (*ssh_text(talk, "user"))
		cell_got(o, false, "her name there, %s", ssh_text(talk, "user"));
	else
		cell_not_got(o, "not even her name");
	sodium_memzero(password, sizeof(password));
}

static void log_in(struct ssh_cast *c, const struct login *l)
{
	ssh_login(c, l->target, l->known ? l->known : KNOWN, l->strict,
	    l->password ? "--password-file" : "--identity", l->password ? SSH_PASSWORD : SSH_KEY);
}

/* Which check decided; of a key that no line of known_hosts is about that is who may vouch for it. */
static void decide(struct outcome *o, const struct ssh_cast *c, uint64_t packet)
{
	if (strcmp(ssh_end(c), "host-unknown") == 0)
		cell_decided(o, "known-host", packet,
		    "nobody vouches for this key: it has no certificate of the authority on file, and is not on file "
		    "itself");
	else
		(void)!cell_decided_by(o, &c->sshview, "known-host", packet);
}

/* A check that refuses everybody has shown nothing: without mallory the same login must work. */
static void try_without_mallory(struct matrix *m, struct outcome *o, struct ssh_cast *c, const struct login *l)
{
	ev_heading(&m->d->trace, "The same without mallory");
	log_in(c, l);
	if (c->status == EXIT_YES && ssh_note_came(c))
		return;
	ev_warning(&m->d->trace, "the same login fails without mallory, too (%s)", ssh_end(c));
	o->ran = false;
}

static void attack(struct matrix *m, struct outcome *o, struct ssh_cast *c, const struct login *l)
{
	static const char *const argv[] = {"mallory", "ssh", NULL};
	struct packet_find reply = {.port = SSH_PORT, .is = has_host_key, .to = "laptop"};
	char own[96];

	if (!ssh_true_fingerprint(c, strcmp(l->target, SSH_SHELL) == 0 ? "shell" : SSH_SERVER, own, sizeof(own)) ||
	    !matrix_freewifi(m, NULL) || !matrix_middle(m, argv))
		return;
	log_in(c, l);
	const json_t *talk = last_of(matrix_middle_end(m));
	packet_find(m->d, "SSH, answered by mallory", &reply);
	/* Alice was shown a host key, and it is not the server's. */
	const char *shown = ssh_said(c, "host", "fingerprint");
	cell_tried(o, talk && reply.n > 0 && *shown && strcmp(shown, own) != 0,
	    "answered in the server's place, with a host key of its own");
	take_loot(o, c, talk);
	decide(o, c, reply.first);
	if (!o->reached)
		try_without_mallory(m, o, c, l);
}

static void play(struct matrix *m, struct outcome *o, const struct login *l)
{
	struct ssh_cast c;

	if (ssh_cast_open(&c, m->d) && (l->known || know_server(m, &c)))
		attack(m, o, &c, l);
	else
		ev_warning(&m->d->trace, "Alice's key, or what she knows of the server, could not be prepared");
	ssh_cast_close(&c);
	ssh_cast_clean(m->d);
}

static void first_password(struct matrix *m, struct outcome *o)
{
	play(m, o,
	    &(struct login){
	        .target = SSH_NAME, .known = MATRIX_FOLDER "/empty", .strict = "accept-new", .password = true});
}

static void first_key(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct login){.target = SSH_NAME, .known = MATRIX_FOLDER "/empty", .strict = "accept-new"});
}

static void first_certificate(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct login){.target = SSH_SHELL, .known = SSH_TRUSTED, .strict = "yes", .password = true});
}

static void changed_password(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct login){.target = SSH_NAME, .strict = "accept-new", .password = true});
}

static void changed_key(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct login){.target = SSH_NAME, .strict = "accept-new"});
}

static void changed_ignored(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct login){.target = SSH_NAME, .strict = "no"});
}

static const struct cell cells[] = {
    {"ssh-first/password", first_password},
    {"ssh-first/key", first_key},
    {"ssh-first/certificate", first_certificate},
    {"ssh-changed/password", changed_password},
    {"ssh-changed/key", changed_key},
    {"ssh-changed/ignored", changed_ignored},
};

const struct cell_family matrix_ssh = {
    .name = "ssh", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .clean = ssh_cast_clean};
