/* From a name to addresses, by c-ares: getaddrinfo() cannot be told to give up in time. It reads the same
 * files
 * (/etc/hosts, /etc/resolv.conf) and sorts as RFC 6724 says. */
#include <ares.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "glassnet/clock.h"
#include "glassnet/resolve.h"

struct answer {
	struct resolved *out;
	int status;
	bool done;
};

static void on_addresses(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct answer *a = arg;
	struct resolved *out = a->out;

	(void)timeouts;
	a->done = true;
	a->status = status;
	if (status != ARES_SUCCESS)
		return;
	for (struct ares_addrinfo_node *n = info->nodes; n && out->n < RESOLVE_MAX; n = n->ai_next)
		if (endpoint_from_sockaddr(&out->at[out->n], n->ai_addr, (socklen_t)n->ai_addrlen) == ERR_OK)
			out->n++;
	ares_freeaddrinfo(info);
}

/* One turn of c-ares' loop: waits for its sockets, no longer than until d, and lets it work. */
static enum err turn(ares_channel ch, struct deadline d)
{
	ares_socket_t socks[ARES_GETSOCK_MAXNUM];
	struct pollfd p[ARES_GETSOCK_MAXNUM + 1];
	int mask = ares_getsock(ch, socks, ARES_GETSOCK_MAXNUM);
	nfds_t n = 0;

	for (int i = 0; i < ARES_GETSOCK_MAXNUM; i++) {
		/* c-ares' own macros shift into the sign bit */
		unsigned bits = (unsigned)mask >> i;
		int events = (bits & 1 ? POLLIN : 0) | (bits >> ARES_GETSOCK_MAXNUM & 1 ? POLLOUT : 0);

		if (events)
			p[n++] = (struct pollfd){.fd = socks[i], .events = (short)events};
	}
	p[n] = (struct pollfd){.fd = d.cancel_fd, .events = POLLIN};

	int64_t left = deadline_left(d);
	struct timeval max = {.tv_sec = left / NS_PER_S, .tv_usec = left % NS_PER_S / 1000};
	struct timeval own, *next = ares_timeout(ch, &max, &own);
	struct timespec ts = {.tv_sec = next->tv_sec, .tv_nsec = next->tv_usec * 1000};

	if (ppoll(p, n + 1, &ts, NULL) < 0 && errno != EINTR)
		return ERR_NET;
	if (p[n].revents) {
		errno = EINTR;
		return ERR_NET;
	}
	for (nfds_t i = 0; i < n; i++)
		ares_process_fd(ch, p[i].revents & (POLLIN | POLLERR | POLLHUP) ? p[i].fd : ARES_SOCKET_BAD,
		    p[i].revents & POLLOUT ? p[i].fd : ARES_SOCKET_BAD);
	ares_process_fd(ch, ARES_SOCKET_BAD, ARES_SOCKET_BAD); /* its own timers */
	return deadline_left(d) ? ERR_OK : ERR_TIMEOUT;
}

/* Was the end asked for already? */
static bool stopped(struct deadline d)
{
	struct pollfd p = {.fd = d.cancel_fd, .events = POLLIN};

	return d.cancel_fd >= 0 && poll(&p, 1, 0) > 0;
}

static enum err verdict_of(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return ERR_OK;
	case ARES_ETIMEOUT:
		return ERR_TIMEOUT;
	case ARES_ENOMEM:
		return ERR_NOMEM;
	default:
		return ERR_UNREACHABLE;
	}
}

/* c-ares says "could not contact DNS servers" also when the resolver answered that it failed. */
static const char *reason(int status)
{
	switch (status) {
	case ARES_SUCCESS:
	case ARES_ENODATA:
		return "the name has no address of that kind";
	case ARES_ENOTFOUND:
		return "there is no such name";
	case ARES_ESERVFAIL:
	case ARES_ECONNREFUSED:
		return "the resolver cannot be reached, or could not find out";
	default:
		return ares_strerror(status);
	}
}

/* opt and mask as for ares_init_options(3). */
static enum err look_up(const char *host, uint16_t port, uint8_t family, struct deadline d, struct resolved *out,
    struct ares_options *opt, int mask)
{
	ares_channel ch;
	struct answer a = {.out = out};
	struct ares_addrinfo_hints hints = {.ai_family = family == 4   ? AF_INET
	                                                 : family == 6 ? AF_INET6
	                                                               : AF_UNSPEC,
	    .ai_socktype = SOCK_STREAM};
	char service[8];
	enum err e = ERR_OK;

	memset(out, 0, sizeof(*out));
	if (stopped(d)) { /* before the first question goes out */
		errno = EINTR;
		return ERR_NET;
	}
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS ||
	    ares_init_options(&ch, opt, mask) != ARES_SUCCESS) {
		snprintf(out->why, sizeof(out->why), "the resolver cannot be set up (/etc/resolv.conf)");
		return ERR_NET;
	}
	snprintf(service, sizeof(service), "%u", port);
	hints.ai_flags = ARES_AI_NUMERICSERV;
	ares_getaddrinfo(ch, host, port ? service : NULL, &hints, on_addresses, &a);
	while (!a.done && e == ERR_OK)
		e = turn(ch, d);
	if (a.done) {
		e = verdict_of(a.status);
		if (e == ERR_OK && out->n == 0)
			e = ERR_UNREACHABLE;
		if (e != ERR_OK)
			snprintf(out->why, sizeof(out->why), "%s", reason(a.status));
	}
	int keep = errno;
	ares_destroy(ch); /* calls on_addresses with ARES_EDESTRUCTION where it is still owed */
	ares_library_cleanup();
	errno = keep;
	return e;
}

enum err resolve(const char *host, uint16_t port, uint8_t family, struct deadline d, struct resolved *out)
{
	return look_up(host, port, family, d, out, &(struct ares_options){0}, 0);
}

enum err resolve_by_dns(const char *host, uint16_t port, uint8_t family, struct deadline d, struct resolved *out)
{
	char dns[] = "b";
	struct ares_options opt = {.timeout = 1000, .tries = 3, .lookups = dns};

	return look_up(host, port, family, d, out, &opt, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS);
}
