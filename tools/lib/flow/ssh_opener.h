/* Opening SSH packets with a key log. Private. */
#ifndef FLOW_SSH_OPENER_H
#define FLOW_SSH_OPENER_H

#include "glassnet/ssh_transport.h"
#include "private.h"

/* A line of the key log: of which exchange, and its secret. */
struct ssh_logged {
	uint8_t cookie[SSHKEX_COOKIE]; /* of the KEXINIT of whoever wrote the line */
	bool shared;                   /* secret is K; else the private half of the writer's key pair */
	uint8_t secret[SSHKEX_SECRET];
	uint32_t nth; /* line */
};

struct ssh_keys {
	struct ssh_logged *at;
	size_t n, cap;
	bool sorted;
};

/* "COOKIE PRIVATE", "COOKIE PRIVATE_KEY PRIVATE", "COOKIE SHARED_SECRET K", in hex: as tshark reads them. */
enum err ssh_keys_add(struct ssh_keys *k, const char *keylog, size_t len, size_t *used) MUST_USE;
/* The last one of that cookie, or NULL. */
const struct ssh_logged *ssh_keys_find(struct ssh_keys *k, const uint8_t *cookie);
void ssh_keys_release(struct ssh_keys *k); /* wipes */

/* Learns the key exchange from what is in s, and opens the packets behind it. */
enum err ssh_opener_take(
    struct flow *f, unsigned side, struct ssh_keys *keys, struct account *a, struct segment *s) MUST_USE;
/* Takes away what was given out at the last call. */
void ssh_opener_settle(struct flow *f);
void ssh_opener_free(struct ssh_opener *o, struct account *a); /* NULL is allowed; wipes */

#endif
