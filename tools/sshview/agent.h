/* The agent: it holds private keys and signs with them; nobody gets them out of it (draft-miller-ssh-agent). */
#ifndef SSHVIEW_AGENT_H
#define SSHVIEW_AGENT_H

#include "glassnet/net.h"
#include "glassnet/ssh_key.h"

#define AGENT_KEYS_MAX 64

struct agent {
	int fd;
	struct deadline deadline;
};

struct agent_key {
	struct sshkey key;
	char comment[128]; /* escaped */
};

/* ERR_REFUSED, ERR_NET: nobody listens on that socket. */
enum err agent_open(struct agent *a, const char *socket_path, struct deadline d) MUST_USE;
void agent_close(struct agent *a);
/* The keys that it holds and we can use; the caller releases them. */
enum err agent_list(struct agent *a, struct agent_key out[static AGENT_KEYS_MAX], size_t *n) MUST_USE;
/* A signature blob by it, appended to out. ERR_NEGATIVE: it says no. */
enum err agent_sign(struct agent *a, const struct sshkey *key, const char *alg, const uint8_t *data, size_t len,
    struct sbuf *out) MUST_USE;

/* An answer, from its type on, taken apart: also for the fuzzer. */
enum err agent_parse_keys(
    const uint8_t *p, size_t len, struct agent_key out[static AGENT_KEYS_MAX], size_t *n) MUST_USE;
enum err agent_parse_signature(const uint8_t *p, size_t len, struct sbuf *out) MUST_USE;

#endif
