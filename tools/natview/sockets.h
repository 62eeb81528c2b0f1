/* Which process holds which socket: sock_diag tells the sockets, /proc the processes. */
#ifndef NATVIEW_SOCKETS_H
#define NATVIEW_SOCKETS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "glassnet/addr.h"

#define PROCESS_NAME 64

struct holder {
	unsigned long inode; /* of the socket */
	pid_t pid;
	char name[PROCESS_NAME];
};

struct open_socket {
	uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP */
	uint8_t state;    /* TCP_LISTEN, ... as in <netinet/tcp.h>; UDP: TCP_CLOSE is unconnected */
	struct endpoint local, remote;
	bool six_only;  /* an IPv6 socket that does not take IPv4 */
	unsigned index; /* bound to that interface; 0: to none */
	unsigned long inode;
	uid_t uid;
};

struct sockets {
	size_t n, n_holders;
	struct open_socket *at;
	struct holder *holders; /* by inode */
};

/* All of them in the network that this process is in now. On ERR_OK the caller releases *out. */
enum err sockets_load(struct sockets *out) MUST_USE;
void sockets_release(struct sockets *s);

bool socket_listens(const struct open_socket *s);

/* The first process that holds it, and how many there are; NULL: none that we may see. */
const struct holder *socket_holder(const struct sockets *s, const struct open_socket *o, size_t *n);

/* Which listening socket takes a packet for that address and port (the most special one); NULL: nobody. */
const struct open_socket *sockets_find(const struct sockets *s, uint8_t protocol, const struct endpoint *to);

/* "nginx, pid 51" or "a process of another user (uid 33)". */
#define HOLDER_TEXT 128
char *holder_text(char out[static HOLDER_TEXT], const struct sockets *s, const struct open_socket *o);

const char *protocol_name(uint8_t protocol); /* "TCP" */

#endif
