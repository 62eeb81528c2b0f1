#include "sending.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "sockets.h"

#define EVENTS    128
#define READS_MAX 64 /* packets from one socket before the others have their turn */

/* The sockets are in an epoll set of their own, which is one descriptor to the loop: libuv would need three
 * system calls more for each. */
struct senders {
	uv_poll_t poll;
	int epoll;
	bool shared; /* with children: see senders_share() */
	uint8_t in[DNS_MESSAGE_MAX + 1];
};

static void fill(const struct sending *q, struct dns_reply *reply, enum err e)
{
	*reply = (struct dns_reply){.err = e, .rtt_ns = query_clock() - q->begun, .n_strays = q->n_strays};
	memcpy(reply->stray, q->stray, sizeof(reply->stray));
}

void sending_drop(struct sending *q)
{
	if (q->fd) {
		if (q->all->shared) /* closing it is not enough, as a child may still have it open */
			(void)epoll_ctl(q->all->epoll, EPOLL_CTL_DEL, q->fd - 1, NULL);
		close(q->fd - 1);
	}
	q->fd = 0;
}

void sending_time_out(struct sending *q, struct dns_reply *reply)
{
	fill(q, reply, ERR_TIMEOUT);
	sending_drop(q);
}

static void end(struct sending *q, struct dns_reply *reply)
{
	sending_drop(q);
	q->done(q->ctx, reply);
}

/* True: this one is the response. */
static bool take(struct sending *q, const uint8_t *bytes, size_t len, struct dns_reply *reply)
{
	enum match match = response_match(&q->query->question, bytes, len);
	if (match != MATCH_YES && match != MATCH_CASE) {
		if (q->n_strays < STRAYS_MAX)
			q->stray[q->n_strays] = (struct stray){.why = match, .from = q->query->to};
		q->n_strays++;
		return false;
	}
	fill(q, reply, ERR_OK);
	reply->bytes = bytes;
	reply->len = len;
	reply->from = q->query->to;
	return true;
}

static void on_readable(struct senders *s, struct sending *q)
{
	struct dns_reply reply;
	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(q->fd - 1, s->in, sizeof(s->in), MSG_DONTWAIT);
		if (n < 0 && (errno == EINTR || errno == EMSGSIZE)) /* EMSGSIZE: news about the path, no failure */
			continue;
		if (n < 0 && errno == EAGAIN)
			return;
		if (n < 0) {
			fill(q, &reply, query_error(errno));
			reply.reporter = query_reporter(q->fd - 1);
			end(q, &reply);
			return;
		}
		if (take(q, s->in, (size_t)n, &reply)) {
			end(q, &reply);
			return;
		}
	}
}

static void on_events(uv_poll_t *poll, int status, int events)
{
	struct senders *s = poll->data;
	struct epoll_event ev[EVENTS];
	(void)status;
	(void)events;
	int n = epoll_wait(s->epoll, ev, EVENTS, 0);
	for (int i = 0; i < n; i++)
		on_readable(s, ev[i].data.ptr);
}

static enum err send_from(struct senders *s, struct sending *q, int fd, struct endpoint *local)
{
	struct sockaddr_storage to, from;
	socklen_t len = endpoint_to_sockaddr(&to, &q->query->to), from_len = sizeof(from);
	struct epoll_event ev = {.events = EPOLLIN, .data.ptr = q};
	if (connect(fd, (struct sockaddr *)&to, len) != 0)
		return query_error(errno);
	if (local && (getsockname(fd, (struct sockaddr *)&from, &from_len) != 0 ||
	                 endpoint_from_sockaddr(local, (struct sockaddr *)&from, from_len)))
		*local = (struct endpoint){0};
	if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev) != 0)
		return ERR_NOMEM;
	return send(fd, q->query->bytes, q->query->len, MSG_NOSIGNAL) < 0 ? query_error(errno) : ERR_OK;
}

enum err sending_start(struct senders *s, struct sending *q, struct endpoint *local)
{
	int fd = query_socket(q->query->to.ip.family == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM);
	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS ? ERR_NOMEM
		                                                                                 : query_error(errno);
	q->all = s;
	q->n_strays = 0;
	q->begun = query_clock();
	q->fd = fd + 1;
	enum err e = send_from(s, q, fd, local);
	if (e)
		sending_drop(q);
	return e;
}

struct senders *senders_new(uv_loop_t *loop)
{
	struct senders *s = calloc(1, sizeof(*s));
	if (!s)
		return NULL;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (s->epoll < 0 || uv_poll_init(loop, &s->poll, s->epoll) != 0) {
		if (s->epoll >= 0)
			close(s->epoll);
		free(s);
		return NULL;
	}
	s->poll.data = s;
	uv_poll_start(&s->poll, UV_READABLE, on_events);
	return s;
}

void senders_share(struct senders *s)
{
	s->shared = true;
}

static void on_closed(uv_handle_t *h)
{
	free(h); /* it is the first thing in its senders */
}

void senders_free(struct senders *s)
{
	if (!s)
		return;
	uv_poll_stop(&s->poll);
	uv_close((uv_handle_t *)&s->poll, on_closed);
	close(s->epoll);
}
