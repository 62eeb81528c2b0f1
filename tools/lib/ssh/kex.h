/* Key exchange, seen from the transport. */
#ifndef GLASSNET_LIB_SSH_KEX_H
#define GLASSNET_LIB_SSH_KEX_H

#include "glassnet/ssh_transport.h"

#include <poll.h>

/* Sends our KEXINIT, if none is out. */
enum err sshkex_begin(struct sshtr *tr) MUST_USE;
/* A whole exchange, up to both NEWKEYS. peer_began: the peer's KEXINIT is in tr->payload. */
enum err sshkex_run(struct sshtr *tr, bool peer_began) MUST_USE;

/* The next packet, whatever it is. */
enum err sshtr_packet(struct sshtr *tr, bool wait) MUST_USE;
enum err sshtr_disconnected(struct sshtr *tr) MUST_USE;

#endif
