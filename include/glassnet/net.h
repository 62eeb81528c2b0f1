/* Waiting with an end: deadlines, and TCP connections that give up in time. */
#ifndef GLASSNET_NET_H
#define GLASSNET_NET_H

#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"

/* A point in time of the monotonic clock: waiting does not depend on anyone setting the date. */
struct deadline {
	int64_t at;    /* ns, CLOCK_MONOTONIC */
	int cancel_fd; /* readable: stop waiting; -1: none */
};

int64_t net_now(void); /* ns, CLOCK_MONOTONIC */
struct deadline deadline_in(int64_t ns, int cancel_fd);
/* The earlier of d and ns from now. */
struct deadline deadline_within(struct deadline d, int64_t ns);
int64_t deadline_left(struct deadline d); /* ns; 0 when it has passed */

/* Waits until fd is ready for events (POLLIN, POLLOUT) or has failed. ERR_TIMEOUT, or ERR_NET
 * (errno EINTR: told to stop). */
enum err net_wait(int fd, short events, struct deadline d) MUST_USE;

/* A connected, non-blocking TCP socket, which the caller closes. On an error *fd is -1. */
enum err dial(const struct endpoint *to, struct deadline d, int *fd) MUST_USE;

/* The address of our own end, as text; "" when it cannot be told. */
char *local_text(char out[static ENDPOINT_TEXT], int fd);

#endif
