#include "uplink.h"

#include <ares.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/clock.h"

struct lookup {
	bool done;
	enum err err;
	struct ip ip;
};

static void on_answer(void *arg, int status, int timeouts, struct ares_addrinfo *res)
{
	(void)timeouts;
	struct lookup *l = arg;
	l->done = true;
	l->err = status == ARES_ENOTFOUND || status == ARES_ENODATA ? ERR_NEGATIVE
	         : status == ARES_ETIMEOUT                          ? ERR_TIMEOUT
	                                                            : ERR_NET;
	struct endpoint e;
	if (status == ARES_SUCCESS && res->nodes &&
	    endpoint_from_sockaddr(&e, res->nodes->ai_addr, res->nodes->ai_addrlen) == ERR_OK) {
		l->err = ERR_OK;
		l->ip = e.ip;
	}
	ares_freeaddrinfo(res);
}

/* Waits for one of the channel's sockets, at most until the deadline, and lets the channel work. */
static bool turn(ares_channel channel, int64_t deadline)
{
	ares_socket_t socks[ARES_GETSOCK_MAXNUM];
	/* the low half tells what to read, the high half what to write; ares.h's own macro shifts into the
	 * sign */
	unsigned bits = (unsigned)ares_getsock(channel, socks, ARES_GETSOCK_MAXNUM);
	struct pollfd p[ARES_GETSOCK_MAXNUM];
	nfds_t n = 0;
	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		int in = bits & 1U << i ? POLLIN : 0;
		int out = bits & 1U << (i + ARES_GETSOCK_MAXNUM) ? POLLOUT : 0;
		if (in || out)
			p[n++] = (struct pollfd){.fd = socks[i], .events = (short)(in | out)};
	}
	int64_t left = deadline - clock_now(&clock_real);
	if (left <= 0)
		return false;
	struct timeval max = {(time_t)(left / NS_PER_S), (suseconds_t)(left % NS_PER_S / 1000)}, tv;
	struct timeval *wait = ares_timeout(channel, &max, &tv);
	if (poll(p, n, (int)(wait->tv_sec * 1000 + wait->tv_usec / 1000 + 1)) < 0)
		return false; /* Ctrl-C */
	for (nfds_t i = 0; i < n; i++)
		ares_process_fd(channel, p[i].revents & ~POLLOUT ? p[i].fd : ARES_SOCKET_BAD,
		    p[i].revents & POLLOUT ? p[i].fd : ARES_SOCKET_BAD);
	if (n == 0 || p[0].revents == 0)
		ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	return true;
}

enum err uplink_resolve(struct ip *out, const char *name, int64_t timeout_ns)
{
	char dns_only[] = "b";
	struct ares_options opt = {.timeout = 1000, .tries = 3, .lookups = dns_only};
	ares_channel channel;
	if (ares_library_init(ARES_LIB_INIT_ALL))
		return ERR_NOMEM;
	if (ares_init_options(&channel, &opt, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS)) {
		ares_library_cleanup();
		return ERR_INTERNAL;
	}
	struct lookup l = {.err = ERR_TIMEOUT};
	struct ares_addrinfo_hints hints = {.ai_family = AF_INET};
	ares_getaddrinfo(channel, name, NULL, &hints, on_answer, &l);
	int64_t deadline = clock_now(&clock_real) + timeout_ns;
	while (!l.done && turn(channel, deadline))
		;
	bool answered = l.done;
	ares_destroy(channel); /* calls on_answer if that has not happened */
	ares_library_cleanup();
	if (answered && l.err == ERR_OK)
		*out = l.ip;
	return answered ? l.err : ERR_TIMEOUT;
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
