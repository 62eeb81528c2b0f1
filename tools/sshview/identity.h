/* The keys that a user may prove to be himself with: from files, or held by the agent. */
#ifndef SSHVIEW_IDENTITY_H
#define SSHVIEW_IDENTITY_H

#include "agent.h"
#include "sshview.h"

struct identity {
	struct sshkey_private key; /* its public half always; the private one only where has_private */
	bool has_private, in_agent;
	char from[NOTE_MAX]; /* "/home/alice/.ssh/id_ed25519", "the agent (alice@laptop)" */
};

struct identities {
	struct identity at[IDENTITIES_MAX + AGENT_KEYS_MAX];
	size_t n;
	struct agent agent;
};

/* All there are, in the order in which they are tried. An -i file that can't be used is an error, said in res. */
enum err identities_find(struct session *s, struct identities *out) MUST_USE;
void identities_release(struct identities *ids);

/* A signature blob by that key, appended to out. */
enum err identity_sign(struct identities *ids, const struct identity *id, const char *alg, const uint8_t *data,
    size_t len, struct sbuf *out) MUST_USE;

/* Reads a private key's file: regular, and nobody else's to read. ERR_IO, ERR_PERM, ERR_FORMAT and a sentence in
 * why. *encrypted: the public half alone is there. */
enum err identity_read(
    const char *path, struct sshkey_private *out, bool *encrypted, char why[static NOTE_MAX]) MUST_USE;

#endif
