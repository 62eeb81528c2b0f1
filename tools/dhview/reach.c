#include "reach.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static enum err take_one(int listener, struct deadline d, int *fd, struct endpoint *from)
{
	struct sockaddr_storage sa;
	int one = 1;

	for (;;) {
		socklen_t len = sizeof(sa);
		enum err e = net_wait(listener, POLLIN, d);
		if (e != ERR_OK)
			return e;
		*fd = accept4(listener, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (*fd < 0 && (errno == EAGAIN || errno == ECONNABORTED || errno == EINTR))
			continue;
		if (*fd < 0)
			return ERR_NET;
		(void)setsockopt(*fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		return endpoint_from_sockaddr(from, (struct sockaddr *)&sa, len);
	}
}

enum err reach_listen(const struct endpoint *at, struct deadline d, struct trace *t, int *fd, struct endpoint *from)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, at);
	char here[ENDPOINT_TEXT];
	int listener = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;

	*fd = -1;
	if (listener < 0)
		return ERR_NET;
	(void)setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	enum err e = bind(listener, (struct sockaddr *)&sa, len) == 0 && listen(listener, 1) == 0 ? ERR_OK : ERR_NET;
	if (e == ERR_OK) {
		len = sizeof(sa);
		struct endpoint really = *at;
		if (getsockname(listener, (struct sockaddr *)&sa, &len) == 0)
			(void)!endpoint_from_sockaddr(&really, (struct sockaddr *)&sa, len);
		ev_decision(t, "listening", NULL, "waiting at %s for one who connects", endpoint_text(here, &really));
		trace_flush(t);
		e = take_one(listener, d, fd, from);
	}
	int keep = errno;
	close(listener);
	errno = keep;
	return e;
}
