#include "uplink.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/resolve.h"

enum err uplink_resolve(struct ip *out, const char *name, int64_t timeout_ns)
{
	struct resolved found;
	enum err e = resolve_by_dns(name, 0, 4, deadline_in(timeout_ns, -1), &found);

	if (e == ERR_OK)
		*out = found.at[0].ip;
	return e;
}

int uplink_dial(void *ctx, uint16_t port)
{
	const struct uplink *u = ctx;
	struct endpoint to = {u->bank, port};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, &to);
	int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (connect(fd, (struct sockaddr *)&sa, len) && errno != EINPROGRESS) {
		int saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}
