/* The server's UDP side: as many questions as are there are read at once, and what can be answered from store
 * leaves at once, too: two system calls for up to 64 questions. */
#include <errno.h>
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
	int fd;
	uint8_t in[UDP_BATCH][QUESTION_MAX], out[UDP_BATCH][ANSWER_MAX];
	struct sockaddr_storage from[UDP_BATCH];
	struct iovec in_iov[UDP_BATCH], out_iov[UDP_BATCH];
	struct mmsghdr in_msg[UDP_BATCH], out_msg[UDP_BATCH];
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

/* Answers what can be answered at once; the rest goes on as lookups. */
static void answer_batch(struct answering *s, unsigned n)
{
	struct udp_side *u = s->udp;
	unsigned ready = 0;
	for (unsigned i = 0; i < n; i++) {
		struct asker a;
		size_t len;
		a.udp = true;
		a.connection = NULL;
		a.to_len = u->in_msg[i].msg_hdr.msg_namelen;
		if (u->in_msg[i].msg_hdr.msg_flags & MSG_TRUNC)
			continue;
		bool now = answer_now(s, &a, u->in[i], u->in_msg[i].msg_len, &len);
		if (!now) {
			a.to = u->from[i];
			answer_later(&a);
		} else if (len > 0 && len <= ANSWER_MAX) {
			memcpy(u->out[ready], s->out, len);
			u->out_iov[ready] = (struct iovec){.iov_base = u->out[ready], .iov_len = len};
			u->out_msg[ready].msg_hdr = (struct msghdr){.msg_name = &u->from[i],
			    .msg_namelen = a.to_len,
			    .msg_iov = &u->out_iov[ready],
			    .msg_iovlen = 1};
			ready++;
		}
	}
	send_batch(u, ready);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct answering *s = poll->data;
	struct udp_side *u = s->udp;
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
			    .msg_iovlen = 1};
		}
		int n = recvmmsg(u->fd, u->in_msg, UDP_BATCH, MSG_DONTWAIT, NULL);
		if (n <= 0)
			return;
		answer_batch(s, (unsigned)n);
		if (n < UDP_BATCH)
			return;
	}
}

void udp_send(struct answering *s, const struct asker *a, size_t len)
{
	(void)sendto(s->udp->fd, s->out, len, MSG_DONTWAIT, (const struct sockaddr *)&a->to, a->to_len);
}

enum err udp_open(struct answering *s)
{
	struct sockaddr_storage sa;
	socklen_t len = endpoint_to_sockaddr(&sa, &s->config.listen);
	int on = 1, size = SOCKET_BYTES;
	struct udp_side *u = calloc(1, sizeof(*u));
	if (!u)
		return ERR_NOMEM;
	u->fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (u->fd >= 0 && sa.ss_family == AF_INET6)
		(void)setsockopt(u->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
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
	s->udp = u;
	u->poll.data = s;
	uv_poll_start(&u->poll, UV_READABLE, on_readable);
	return ERR_OK;
}

static void on_closed(uv_handle_t *h)
{
	free(h); /* it is the first thing in its udp_side */
}

void udp_close(struct answering *s)
{
	struct udp_side *u = s->udp;
	if (!u)
		return;
	uv_poll_stop(&u->poll);
	uv_close((uv_handle_t *)&u->poll, on_closed);
	close(u->fd);
	s->udp = NULL;
}
