/* The server's UDP side: as many questions as are there are read at once, and what can be answered from store
 * leaves at once, too: two system calls for up to 64 questions. */
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "answering.h"

#define QUESTION_MAX 1500
#define ANSWER_MAX   DNS_EDNS_SIZE
#define SOCKET_BYTES (1 << 22)

struct udp_side {
	uv_poll_t poll;
	struct udp_side *next;
	struct answering *s;
	int fd;
	bool any; /* it has every address of the machine: an answer must leave from the one that was asked */
	uint8_t in[UDP_BATCH][QUESTION_MAX], out[UDP_BATCH][ANSWER_MAX];
	struct sockaddr_storage from[UDP_BATCH];
	struct iovec in_iov[UDP_BATCH], out_iov[UDP_BATCH];
	struct mmsghdr in_msg[UDP_BATCH], out_msg[UDP_BATCH];
	_Alignas(size_t) uint8_t control[UDP_BATCH][CONTROL_SIZE];
};

/* A full socket buffer or a client that has gone costs the client its answer, as it may over UDP; it asks
 * again. */
static void send_batch(struct udp_side *u, unsigned n)
{
	for (unsigned done = 0; done < n;) {
		int sent = sendmmsg(u->fd, u->out_msg + done, n - done, 0);
		if (sent < 0 && errno == EINTR)
			continue;
		done += sent > 0 ? (unsigned)sent : 1;
	}
}

/* What came in through one interface may have to leave through another. */
static void any_interface(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		unsigned none = 0;
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO)
			memcpy(CMSG_DATA(c) + offsetof(struct in_pktinfo, ipi_ifindex), &none, sizeof(none));
	}
}

/* Answers what can be answered at once; the rest goes on as lookups. */
static void answer_batch(struct udp_side *u, unsigned n)
{
	struct answering *s = u->s;
	unsigned ready = 0;
	for (unsigned i = 0; i < n; i++) {
		struct msghdr *in = &u->in_msg[i].msg_hdr;
		struct asker a;
		size_t len;
		a.udp = u;
		a.connection = NULL;
		a.to_len = in->msg_namelen;
		a.control_len = u->any ? in->msg_controllen : 0;
		if (in->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
			continue;
		any_interface(in);
		bool now = answer_now(s, &a, u->in[i], u->in_msg[i].msg_len, &len);
		if (!now) {
			a.to = u->from[i];
			memcpy(a.control, u->control[i], a.control_len);
			answer_later(&a);
		} else if (len > 0 && len <= ANSWER_MAX) {
			memcpy(u->out[ready], s->out, len);
			u->out_iov[ready] = (struct iovec){.iov_base = u->out[ready], .iov_len = len};
			u->out_msg[ready].msg_hdr = (struct msghdr){.msg_name = &u->from[i],
			    .msg_namelen = a.to_len,
			    .msg_iov = &u->out_iov[ready],
			    .msg_iovlen = 1,
			    .msg_control = a.control_len ? u->control[i] : NULL,
			    .msg_controllen = a.control_len};
			ready++;
		}
	}
	send_batch(u, ready);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct udp_side *u = poll->data;
	struct answering *s = u->s;
	(void)status;
	(void)events;
	if (s->config.tick)
		s->config.tick(s->config.tick_ctx);
	for (unsigned round = 0; round < 4; round++) { /* then the others on the loop have their turn */
		for (unsigned i = 0; i < UDP_BATCH; i++) {
			u->in_iov[i] = (struct iovec){.iov_base = u->in[i], .iov_len = QUESTION_MAX};
			u->in_msg[i].msg_hdr = (struct msghdr){.msg_name = &u->from[i],
			    .msg_namelen = sizeof(u->from[i]),
			    .msg_iov = &u->in_iov[i],
			    .msg_iovlen = 1,
			    .msg_control = u->any ? u->control[i] : NULL,
			    .msg_controllen = u->any ? CONTROL_SIZE : 0};
		}
		int n = recvmmsg(u->fd, u->in_msg, UDP_BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0)
			return;
		answer_batch(u, (unsigned)n);
		if (n < UDP_BATCH)
			return;
	}
}

void udp_send(struct answering *s, const struct asker *a, size_t len)
{
	struct iovec iov = {.iov_base = s->out, .iov_len = len};
	struct asker copy = *a;
	struct msghdr m = {.msg_name = &copy.to,
	    .msg_namelen = a->to_len,
	    .msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = a->control_len ? copy.control : NULL,
	    .msg_controllen = a->control_len};
	if (len)
		(void)sendmsg(a->udp->fd, &m, MSG_DONTWAIT);
}

enum err udp_open(struct answering *s, const struct endpoint *at)
{
	static const struct ip any4 = {.family = 4}, any6 = {.family = 6};
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, at);
	int on = 1, size = SOCKET_BYTES;
	struct udp_side *u = calloc(1, sizeof(*u));
	if (!u)
		return ERR_NOMEM;
	u->fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd >= 0 && sa.ss_family == AF_INET6)
		(void)setsockopt(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	u->any = ip_equal(&at->ip, &any4) || ip_equal(&at->ip, &any6);
	if (u->fd >= 0 && u->any)
		(void)setsockopt(u->fd, sa.ss_family == AF_INET6 ? IPPROTO_IPV6 : IPPROTO_IP,
		    sa.ss_family == AF_INET6 ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof(on));
	if (u->fd >= 0) {
		(void)setsockopt(u->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
		(void)setsockopt(u->fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	}
	if (u->fd < 0 || bind(u->fd, (struct sockaddr *)&sa, len) != 0 ||
	    uv_poll_init(s->loop, &u->poll, u->fd) != 0) {
		int saved = errno;
		if (u->fd >= 0)
			close(u->fd);
		free(u);
		errno = saved;
		return ERR_NET;
	}
	u->s = s;
	u->next = s->udp;
	s->udp = u;
	u->poll.data = u;
	uv_poll_start(&u->poll, UV_READABLE, on_readable);
	return ERR_OK;
}

static void on_closed(uv_handle_t *h)
{
	free(h); /* it is the first thing in its udp_side */
}

void udp_close(struct answering *s)
{
	for (struct udp_side *u = s->udp, *next; u; u = next) {
		next = u->next;
		uv_poll_stop(&u->poll);
		uv_close((uv_handle_t *)&u->poll, on_closed);
		close(u->fd);
	}
	s->udp = NULL;
}
