/* The wire between the holder of a lab and its clients: one JSON object a message, descriptors beside it
 * (SOCK_SEQPACKET over a unix socket). Shared by tools/lib/lab and the holder in lab/glasslab. */
#ifndef GLASSNET_LAB_CHANNEL_H
#define GLASSNET_LAB_CHANNEL_H

#include <jansson.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "glassnet/err.h"

#define CHANNEL_MAX     (1U << 20) /* octets of a message */
#define CHANNEL_MAX_FDS 8
#define CHANNEL_INSIDE  "/run/glassnet/socket" /* where the holder listens in every host */

/* The holder's address outside: an abstract name made of the user and the lab. Returns the length. */
socklen_t channel_address(struct sockaddr_un *out, uid_t uid, const char *lab);

enum err channel_send(int sock, const json_t *message, const int *fds, size_t n_fds) MUST_USE;

/* On ERR_OK the caller owns *message and the *n_fds descriptors in fds (close-on-exec). ERR_CLOSED at the
 * end, ERR_FORMAT when it is no JSON object, ERR_TIMEOUT as the socket's SO_RCVTIMEO says. */
enum err channel_receive(int sock, json_t **message, int fds[static CHANNEL_MAX_FDS], size_t *n_fds) MUST_USE;

#endif
