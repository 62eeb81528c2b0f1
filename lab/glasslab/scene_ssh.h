/* The cast of SSH's scene, and of the matrix's SSH cells: Alice with her laptop, two servers, and mallory between them. */
#ifndef GLASSLAB_SCENE_SSH_H
#define GLASSLAB_SCENE_SSH_H

#include "demo.h"

#define SSH_SERVER   "server"
#define SSH_NAME     "alice@server.example"
#define SSH_SHELL    "alice@shell.example" /* has a host certificate */
#define SSH_FOLDER   "/run/glassnet/ssh-scene"
#define SSH_KEY      SSH_FOLDER "/id_ed25519"
#define SSH_TRUSTED  SSH_FOLDER "/known_hosts.authority" /* the authority's line, and nothing else */
#define SSH_PASSWORD "/run/glassnet/user/ssh.password"
#define SSH_NOTE     "/run/glassnet/home/scene-note" /* on the servers: what Alice's command prints */
#define SSH_PORT     22

struct ssh_cast {
	struct demo *d;
	char code[32];  /* what the note says: drawn anew */
	char print[96]; /* the server's fingerprint */
	struct demo_process sshview, middle;
	int status; /* sshview's */
};

/* A key for Alice, its public half on both servers, the authority's line on the laptop, and a note on the servers. */
bool ssh_cast_open(struct ssh_cast *c, struct demo *d);
/* Ends what still runs, and frees. */
void ssh_cast_close(struct ssh_cast *c);
/* Puts the hosts back; also after an interrupt. */
void ssh_cast_clean(struct demo *d);

/* One login that reads the note. strict: "yes", "accept-new"; option: one more with its value, or NULL. */
void ssh_login(struct ssh_cast *c, const char *target, const char *known, const char *strict, const char *option,
    const char *value);
/* What sshview says of it in its result: host or user, and which member of it; "" where it is not said. */
const char *ssh_said(const struct ssh_cast *c, const char *part, const char *member);
const char *ssh_end(const struct ssh_cast *c);
/* Did the note come? */
bool ssh_note_came(const struct ssh_cast *c);

/* The fingerprint of a server's own host key, as the server has it. */
bool ssh_true_fingerprint(struct ssh_cast *c, const char *host, char *out, size_t cap);

bool ssh_start_middle(struct ssh_cast *c);
/* Ends mallory's part and retells its deeds; what it has of the last conversation (borrowed), or NULL. */
const json_t *ssh_end_middle(struct ssh_cast *c);
/* The first that mallory heard in it: the command; "" where it heard nothing. */
const char *ssh_heard(const json_t *talk);

/* What a program printed in a host, without its newline; false when it failed. */
bool ssh_text_from(struct ssh_cast *c, const char *host, const char *const argv[], char *out, size_t cap);

/* A member of an object of JSON: its text or "", and whether it is true. */
const char *ssh_text(const json_t *o, const char *key);
bool ssh_yes(const json_t *o, const char *key);

#endif
