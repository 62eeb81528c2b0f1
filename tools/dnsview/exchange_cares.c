/* The real network: c-ares carries each query over a channel of its own, so that it leaves from a fresh port.
 *
 * c-ares 1.18 does some things that a tracer has to see, or must not have done behind its back. It takes a
 * packet with QR=0 for an answer, swallows refusals, repeats over TCP or without EDNS by itself, and drops
 * the reason of an error. So its sockets are ours (ares_set_socket_functions): each datagram passes
 * udp_receive() first, which throws away what does not answer the question and keeps the first packet that
 * does; after that nothing more is sent. ICMP errors are asked for (IP_RECVERR), so that a dead server is
 * known at once, together with the router that said so. */
#include <ares.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"
#include "glassnet/clock.h"
#include "sockets.h"

struct exchange_cares {
	int stop_fd;
	ares_channel channel; /* NULL: none under way */
	const struct dns_query *query;
	int64_t begun, ended;
	bool sent, done, hung_up;
	enum err err;  /* c-ares's own idea of what failed */
	int sys_errno; /* what the system said; 0: nothing */
	struct ip reporter;
	struct endpoint local, from;
	unsigned n_strays;
	struct stray stray[STRAYS_MAX];
	void (*closing)(void *ctx); /* told before a socket goes; NULL: nobody listens */
	void *closing_ctx;
	size_t len; /* of the response */
	uint8_t *response;
};

/* --- sockets ----------------------------------------------------------------------------------- */

static ares_socket_t open_socket(int family, int type, int protocol, void *ctx)
{
	(void)protocol;
	(void)ctx;
	return query_socket(family, type);
}

static int close_socket(ares_socket_t fd, void *ctx)
{
	struct exchange_cares *x = ctx;
	if (x->closing)
		x->closing(x->closing_ctx);
	return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t len, void *ctx)
{
	struct exchange_cares *x = ctx;
	struct sockaddr_storage local;
	socklen_t local_len = sizeof(local);
	int rc = connect(fd, to, len), saved = errno;
	if (rc != 0 && saved != EINPROGRESS)
		x->sys_errno = saved;
	if (getsockname(fd, (struct sockaddr *)&local, &local_len) != 0 ||
	    endpoint_from_sockaddr(&x->local, (struct sockaddr *)&local, local_len))
		x->local = (struct endpoint){0};
	errno = saved;
	return rc;
}

static ares_ssize_t send_vector(ares_socket_t fd, const struct iovec *iov, int n, void *ctx)
{
	struct exchange_cares *x = ctx;
	struct msghdr msg = {.msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n};
	size_t total = 0;
	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (x->len || x->done)
		return (ares_ssize_t)total; /* there is a response: c-ares would repeat the query unseen */
	ares_ssize_t sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
	if (sent >= 0)
		x->sent = true;
	else if (errno != EAGAIN && errno != EINTR)
		x->sys_errno = errno;
	return sent;
}

static bool keep_response(struct exchange_cares *x, const void *data, size_t len)
{
	free(x->response);
	x->response = malloc(len ? len : 1);
	x->len = x->response ? len : 0;
	if (x->response)
		memcpy(x->response, data, len);
	return x->response;
}

/* Takes a datagram as the response, or as a stray. */
static bool take_datagram(
    struct exchange_cares *x, const void *data, size_t len, const struct sockaddr *from, socklen_t from_len)
{
	struct endpoint source = {0};
	if (from && endpoint_from_sockaddr(&source, from, from_len))
		source = (struct endpoint){0};
	enum match match = response_match(&x->query->question, data, len);
	bool right_source =
	    !source.ip.family || (ip_equal(&source.ip, &x->query->to.ip) && source.port == x->query->to.port);
	if (right_source && (match == MATCH_YES || match == MATCH_CASE)) {
		x->ended = query_clock();
		x->from = source;
		return keep_response(x, data, len);
	}
	if (x->n_strays < STRAYS_MAX)
		x->stray[x->n_strays] = (struct stray){.why = match, .from = source};
	x->n_strays++;
	return false;
}

static ares_ssize_t receive(
    ares_socket_t fd, void *buf, size_t len, int flags, struct sockaddr *from, ares_socklen_t *from_len, void *ctx)
{
	struct exchange_cares *x = ctx;
	bool tcp = !from;
	for (unsigned i = 0; i < 64; i++) {
		ares_ssize_t n = recvfrom(fd, buf, len, flags, from, from_len);
		if (n < 0 && (errno == EINTR || errno == EMSGSIZE)) /* EMSGSIZE: news about the path, no failure */
			continue;
		if (n < 0 && errno != EAGAIN) {
			x->sys_errno = errno;
			x->ended = query_clock();
			if (!tcp)
				x->reporter = query_reporter(fd);
		}
		if (n == 0 && tcp) {
			x->hung_up = true;
			x->ended = query_clock();
		}
		if (n < 0 || tcp || x->len)
			return n;
		if (take_datagram(x, buf, (size_t)n, from, from_len ? *from_len : 0))
			return n;
	}
	errno = EAGAIN; /* somebody floods us: let the clock be looked at */
	return -1;
}

static const struct ares_socket_functions socket_functions = {
    .asocket = open_socket,
    .aclose = close_socket,
    .aconnect = connect_socket,
    .arecvfrom = receive,
    .asendv = send_vector,
};

/* --- a query ----------------------------------------------------------------------------------- */

static void on_done(void *ctx, int status, int timeouts, unsigned char *bytes, int len)
{
	struct exchange_cares *x = ctx;
	(void)timeouts;
	x->done = true;
	if (status == ARES_ETIMEOUT)
		x->err = ERR_TIMEOUT;
	else if (status == ARES_ENOMEM)
		x->err = ERR_NOMEM;
	else if (status != ARES_SUCCESS)
		x->err = ERR_NET;
	if (!x->len && bytes && len > 0 && len <= DNS_MESSAGE_MAX) { /* over TCP */
		x->ended = query_clock();
		x->from = x->query->to;
		(void)keep_response(x, bytes, (size_t)len);
	}
}

static enum err open_channel(struct exchange_cares *x, const struct dns_query *q)
{
	/* Without EDNS, c-ares would force every answer over 512 octets to TCP. Over TCP the flag does only
	 * harm. */
	char lookups[] = "b", resolv_conf[] = "/dev/null";
	struct ares_options opt = {.flags = ARES_FLAG_NOCHECKRESP | ARES_FLAG_IGNTC | ARES_FLAG_NOSEARCH |
	                                    ARES_FLAG_NOALIASES | ARES_FLAG_NORECURSE |
	                                    (q->tcp ? ARES_FLAG_USEVC : ARES_FLAG_EDNS),
	    .timeout = (int)(q->timeout_ns / NS_PER_MS),
	    .tries = 1,
	    .ednspsz = DNS_EDNS_SIZE,
	    .lookups = lookups,
	    .resolvconf_path = resolv_conf};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ | ARES_OPT_LOOKUPS |
	           ARES_OPT_RESOLVCONF | ARES_OPT_NOROTATE;
	struct ares_addr_port_node server = {.udp_port = q->to.port, .tcp_port = q->to.port};
	server.family = q->to.ip.family == 6 ? AF_INET6 : AF_INET;
	memcpy(&server.addr, q->to.ip.b, q->to.ip.family == 6 ? 16 : 4);
	if (ares_init_options(&x->channel, &opt, mask) != ARES_SUCCESS) {
		x->channel = NULL;
		return ERR_NOMEM;
	}
	ares_set_socket_functions(x->channel, &socket_functions, x);
	return ares_set_servers_ports(x->channel, &server) == ARES_SUCCESS ? ERR_OK : ERR_NOMEM;
}

static void end_query(struct exchange_cares *x)
{
	x->done = true;
	if (x->channel)
		ares_destroy(x->channel);
	x->channel = NULL;
}

static enum err error_of(const struct exchange_cares *x)
{
	if (x->sys_errno)
		return query_error(x->sys_errno);
	return x->hung_up ? ERR_CLOSED : x->err ? x->err : ERR_NET;
}

static enum err cares_send(void *ctx, const struct dns_query *q, struct endpoint *local)
{
	struct exchange_cares *x = ctx;
	end_query(x);
	free(x->response);
	*x = (struct exchange_cares){
	    .stop_fd = x->stop_fd, .query = q, .closing = x->closing, .closing_ctx = x->closing_ctx};
	enum err e = open_channel(x, q);
	if (e) {
		end_query(x);
		return e;
	}
	x->begun = query_clock();
	ares_send(x->channel, q->bytes, (int)q->len, on_done, x);
	*local = x->local;
	if (!x->done || x->sent)
		return ERR_OK;
	e = error_of(x);
	end_query(x);
	return e;
}

/* Waits until something happens on the query's socket or the time is over. ERR_INTERNAL: the user stops. */
static enum err wait_once(struct exchange_cares *x, int64_t deadline)
{
	ares_socket_t fds[ARES_GETSOCK_MAXNUM];
	int bits = ares_getsock(x->channel, fds, ARES_GETSOCK_MAXNUM);
	struct pollfd p[2] = {{.fd = -1}, {.fd = x->stop_fd, .events = POLLIN}};
	int64_t left = deadline - query_clock();
	if (ARES_GETSOCK_READABLE(bits, 0) || ARES_GETSOCK_WRITABLE(bits, 0)) {
		p[0].fd = fds[0];
		p[0].events = (short)((ARES_GETSOCK_READABLE(bits, 0) ? POLLIN : 0) |
		                      (ARES_GETSOCK_WRITABLE(bits, 0) ? POLLOUT : 0));
	}
	if (left < 0)
		left = 0;
	struct timespec ts = {.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
	int n = ppoll(p, 2, &ts, NULL);
	if (p[1].revents)
		return ERR_INTERNAL;
	if (n <= 0)
		return ERR_OK;
	bool readable = p[0].revents & (POLLIN | POLLERR | POLLHUP), writable = p[0].revents & (POLLOUT | POLLERR);
	ares_process_fd(x->channel, readable ? p[0].fd : ARES_SOCKET_BAD, writable ? p[0].fd : ARES_SOCKET_BAD);
	return ERR_OK;
}

static void take_reply(struct exchange_cares *x, enum err e, struct dns_reply *reply)
{
	if (!x->ended)
		x->ended = query_clock();
	if (e)
		reply->err = e;
	else if (x->len)
		reply->err = ERR_OK;
	else
		reply->err = x->done ? error_of(x) : ERR_TIMEOUT;
	end_query(x);
	reply->bytes = x->response;
	reply->len = x->len;
	reply->from = x->from;
	reply->rtt_ns = x->ended - x->begun;
	reply->reporter = x->reporter;
	reply->n_strays = x->n_strays;
	memcpy(reply->stray, x->stray, sizeof(reply->stray));
}

static enum err cares_wait(void *ctx, struct dns_reply *reply)
{
	struct exchange_cares *x = ctx;
	int64_t deadline = x->begun + x->query->timeout_ns;
	enum err e = ERR_OK;
	while (!e && !exchange_cares_over(x) && query_clock() < deadline)
		e = wait_once(x, deadline);
	take_reply(x, e, reply);
	return reply->err;
}

/* --- for a loop of the caller's ----------------------------------------------------------------- */

bool exchange_cares_over(const struct exchange_cares *x)
{
	return x->done || x->len;
}

int exchange_cares_fd(struct exchange_cares *x, bool *readable, bool *writable)
{
	ares_socket_t fds[ARES_GETSOCK_MAXNUM];
	int bits = x->channel ? ares_getsock(x->channel, fds, ARES_GETSOCK_MAXNUM) : 0;
	*readable = ARES_GETSOCK_READABLE(bits, 0);
	*writable = ARES_GETSOCK_WRITABLE(bits, 0);
	return *readable || *writable ? fds[0] : -1;
}

void exchange_cares_process(struct exchange_cares *x, int fd, bool readable, bool writable)
{
	ares_process_fd(x->channel, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
}

void exchange_cares_take(struct exchange_cares *x, struct dns_reply *reply)
{
	take_reply(x, ERR_OK, reply);
}

void exchange_cares_on_close(struct exchange_cares *x, void (*closing)(void *ctx), void *ctx)
{
	x->closing = closing;
	x->closing_ctx = ctx;
}

/* --- its life ---------------------------------------------------------------------------------- */

enum err exchange_cares_new(struct exchange_cares **out, int stop_fd)
{
	struct exchange_cares *x = calloc(1, sizeof(*x));
	*out = NULL;
	if (!x)
		return ERR_NOMEM;
	if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) {
		free(x);
		return ERR_INTERNAL;
	}
	x->stop_fd = stop_fd;
	*out = x;
	return ERR_OK;
}

void exchange_cares_free(struct exchange_cares *x)
{
	if (!x)
		return;
	end_query(x);
	free(x->response);
	ares_library_cleanup();
	free(x);
}

struct exchange exchange_cares(struct exchange_cares *x)
{
	return (struct exchange){.send = cares_send, .wait = cares_wait, .ctx = x};
}
