#include "sockets.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include "glassnet/clock.h"

int64_t query_clock(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * NS_PER_S + ts.tv_nsec;
}

int query_socket(int family, int type)
{
	int on = 1, fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (type == SOCK_DGRAM)
		(void)setsockopt(fd, family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
		    family == AF_INET6 ? IPV6_RECVERR : IP_RECVERR, &on, sizeof(on));
	else
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* The offender of one message of the error queue, if an ICMP message is what it tells of. */
static void take_offender(struct ip *out, const struct cmsghdr *c)
{
	bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
	bool v6 = c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR;
	struct sock_extended_err e;
	struct sockaddr_in6 offender;
	struct endpoint who;
	if ((!v4 && !v6) || c->cmsg_len < CMSG_LEN(sizeof(e) + sizeof(struct sockaddr_in)))
		return;
	memcpy(&e, CMSG_DATA(c), sizeof(e));
	if (e.ee_origin != SO_EE_ORIGIN_ICMP && e.ee_origin != SO_EE_ORIGIN_ICMP6)
		return;
	size_t have = c->cmsg_len - CMSG_LEN(sizeof(e));
	memset(&offender, 0, sizeof(offender));
	memcpy(&offender, CMSG_DATA(c) + sizeof(e), have < sizeof(offender) ? have : sizeof(offender));
	if (endpoint_from_sockaddr(&who, (struct sockaddr *)&offender, sizeof(offender)) == ERR_OK)
		*out = who.ip;
}

struct ip query_reporter(int fd)
{
	char control[512], data[64];
	struct iovec iov = {.iov_base = data, .iov_len = sizeof(data)};
	struct msghdr msg = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct ip reporter = {0};
	int saved = errno;
	if (recvmsg(fd, &msg, MSG_ERRQUEUE) >= 0)
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); c; c = CMSG_NXTHDR(&msg, c))
			take_offender(&reporter, c);
	errno = saved;
	return reporter;
}

enum err query_error(int sys_errno)
{
	switch (sys_errno) {
	case ECONNREFUSED:
		return ERR_REFUSED;
	case ECONNRESET:
	case EPIPE:
		return ERR_CLOSED;
	case ETIMEDOUT:
		return ERR_TIMEOUT;
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENETDOWN:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case ENOPROTOOPT:
	case EACCES: /* a firewall said so */
	case EPERM:
		return ERR_UNREACHABLE;
	default:
		return ERR_NET;
	}
}
