/* TCP connections and waiting, with an end. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "glassnet/net.h"

int64_t net_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

struct deadline deadline_in(int64_t ns, int cancel_fd)
{
	return (struct deadline){.at = net_now() + ns, .cancel_fd = cancel_fd};
}

struct deadline deadline_within(struct deadline d, int64_t ns)
{
	int64_t at = net_now() + ns;

	if (at < d.at)
		d.at = at;
	return d;
}

int64_t deadline_left(struct deadline d)
{
	int64_t left = d.at - net_now();

	return left > 0 ? left : 0;
}

enum err net_wait(int fd, short events, struct deadline d)
{
	struct pollfd p[2] = {{.fd = fd, .events = events}, {.fd = d.cancel_fd, .events = POLLIN}};

	for (;;) {
		int64_t left = deadline_left(d);
		struct timespec ts = {.tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S)};
		int n = ppoll(p, 2, &ts, NULL);

		if (n < 0 && errno != EINTR)
			return ERR_NET;
		if (n > 0 && p[1].revents) {
			errno = EINTR;
			return ERR_NET;
		}
		if (n > 0)
			return ERR_OK;
		if (n == 0)
			return ERR_TIMEOUT;
	}
}

static enum err from_errno(int e)
{
	switch (e) {
	case ECONNREFUSED:
		return ERR_REFUSED;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case ENETDOWN:
	case EACCES:
	case EPERM:
		return ERR_UNREACHABLE;
	default:
		return ERR_NET;
	}
}

/* Waits for a connect() under way, and learns how it ended. */
static enum err finish(int fd, struct deadline d)
{
	int failed = 0;
	socklen_t len = sizeof(failed);
	enum err e = net_wait(fd, POLLOUT, d);

	if (e != ERR_OK)
		return e;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) < 0)
		return ERR_NET;
	errno = failed;
	return failed ? from_errno(failed) : ERR_OK;
}

enum err dial(const struct endpoint *to, struct deadline d, int *fd)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, to);
	enum err e = ERR_OK;
	int one = 1;

	*fd = -1;
	if (!len)
		return ERR_UNREACHABLE;
	int s = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (s < 0)
		return from_errno(errno);
	/* Without it, Nagle's algorithm holds our last message back until the one before is acknowledged. */
	(void)setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (connect(s, (struct sockaddr *)&sa, len) < 0)
		e = errno == EINPROGRESS ? finish(s, d) : from_errno(errno);
	if (e != ERR_OK) {
		int keep = errno;

		close(s);
		errno = keep;
		return e;
	}
	*fd = s;
	return ERR_OK;
}

char *local_text(char out[static ENDPOINT_TEXT], int fd)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	struct endpoint e;

	out[0] = '\0';
	if (getsockname(fd, (struct sockaddr *)&sa, &len) == 0 &&
	    endpoint_from_sockaddr(&e, (struct sockaddr *)&sa, len) == ERR_OK)
		endpoint_text(out, &e);
	return out;
}
