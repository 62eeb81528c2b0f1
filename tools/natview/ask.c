#include "ask.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_MAX  2048 /* octets */
#define DATAGRAMS_MAX 1000 /* a flood of wrong answers ends here */

/* --- the socket --------------------------------------------------------------------------------------------------- */

static enum err from_errno(int e)
{
	switch (e) {
	case ECONNREFUSED:
		return ERR_REFUSED;
	case ENETUNREACH:
	case EHOSTUNREACH:
	case EADDRNOTAVAIL:
	case EAFNOSUPPORT:
	case EACCES:
	case EPERM:
		return ERR_UNREACHABLE;
	default:
		return ERR_NET;
	}
}

/* Which of our addresses the kernel would use: a connected socket knows, and has sent nothing. */
static enum err own_address(const struct endpoint *to, struct endpoint *out)
{
	struct sockaddr_storage sa;
	socklen_t n = endpoint_to_sockaddr(&sa, to);
	int fd = n ? socket(sa.ss_family, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;
	if (fd < 0)
		return n ? from_errno(errno) : ERR_UNREACHABLE;
	enum err e = connect(fd, (struct sockaddr *)&sa, n) == 0 ? ERR_OK : from_errno(errno);
	n = sizeof sa;
	if (e == ERR_OK && (getsockname(fd, (struct sockaddr *)&sa, &n) < 0 ||
	                       endpoint_from_sockaddr(out, (struct sockaddr *)&sa, n) != ERR_OK))
		e = ERR_NET;
	close(fd);
	return e;
}

enum err ask_socket(const struct endpoint *to, int *fd, struct endpoint *local)
{
	struct sockaddr_storage sa;
	int one = 1;
	*fd = -1;
	enum err e = own_address(to, local);
	if (e != ERR_OK)
		return e;
	local->port = 0;
	socklen_t n = endpoint_to_sockaddr(&sa, local);
	int s = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool six = sa.ss_family == AF_INET6;
	if (s < 0)
		return from_errno(errno);
	/* Without it nobody hears of an ICMP refusal: the socket talks to several places, so it is not connected. */
	(void)setsockopt(s, six ? IPPROTO_IPV6 : IPPROTO_IP, six ? IPV6_RECVERR : IP_RECVERR, &one, sizeof one);
	if (bind(s, (struct sockaddr *)&sa, n) < 0 || (n = sizeof sa, getsockname(s, (struct sockaddr *)&sa, &n)) < 0)
		e = from_errno(errno);
	else
		e = endpoint_from_sockaddr(local, (struct sockaddr *)&sa, n);
	if (e == ERR_OK)
		*fd = s;
	else
		close(s);
	return e;
}

/* --- sending ------------------------------------------------------------------------------------------------------ */

struct transaction {
	const struct asker *a;
	const struct question *q;
	struct reply *out;
	int fd;
	struct endpoint local;
	uint8_t id[STUN_ID];
	size_t len;
	uint8_t request[STUN_WRITE_MAX];
	int64_t sent_at;
};

static void write_request(struct transaction *x)
{
	struct wr w = wr_init(x->request, sizeof x->request);
	stun_new_id(x->id);
	stun_begin(&w, STUN_BINDING, STUN_REQUEST, x->id);
	if (x->q->change)
		stun_put_u32(&w, STUN_CHANGE_REQUEST, x->q->change);
	if (x->q->response_port)
		stun_put_u32(&w, STUN_RESPONSE_PORT, (uint32_t)x->q->response_port << 16);
	x->len = stun_end(&w);
}

static enum err send_request(struct transaction *x)
{
	struct sockaddr_storage sa;
	socklen_t n = endpoint_to_sockaddr(&sa, &x->q->to);
	/* What an ICMP message left behind is reported once, by whichever call comes next. */
	ssize_t sent = sendto(x->fd, x->request, x->len, 0, (struct sockaddr *)&sa, n);
	if (sent < 0 && errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED && errno != EHOSTUNREACH)
		return from_errno(errno);
	x->sent_at = net_now();
	if (x->out->sent++ == 0)
		tell_stun(x->a->t, EV_SEND,
		    (struct told){.from = x->a->me,
		        .to = x->a->server,
		        .from_at = &x->local,
		        .to_at = &x->q->to,
		        .bytes = x->request,
		        .len = x->len});
	else
		ev_timer(x->a->t, "retransmission", x->a->rto_ns << (x->out->sent - 2),
		    "No answer yet: the same question again (number %u).", x->out->sent);
	return ERR_OK;
}

/* --- receiving ---------------------------------------------------------------------------------------------------- */

static void tell_arrival(
    const struct transaction *x, int fd, const struct endpoint *from, const uint8_t *p, size_t len)
{
	char role[IP_TEXT];
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	struct endpoint here = x->local;
	if (fd != x->fd && getsockname(fd, (struct sockaddr *)&sa, &n) == 0)
		(void)!endpoint_from_sockaddr(&here, (struct sockaddr *)&sa, n);
	bool server = ip_equal(&from->ip, &x->q->to.ip) || ip_equal(&from->ip, &x->q->from.ip);
	tell_stun(x->a->t, EV_RECV,
	    (struct told){.from = server ? x->a->server : ip_text(role, &from->ip),
	        .to = x->a->me,
	        .from_at = from,
	        .to_at = &here,
	        .bytes = p,
	        .len = len});
}

static bool same(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && ip_equal(&a->ip, &b->ip);
}

static void refuse(struct transaction *x, const char *id, const char *what, const char *ref, const char *text)
{
	x->out->refused++;
	ev_check(x->a->t, id, VERDICT_FAIL, ref, what, "refused: %s", text);
}

/* MAPPED-ADDRESS says otherwise than XOR-MAPPED-ADDRESS. */
static bool rewritten(const struct stun *h, const uint8_t *p, size_t len)
{
	struct stun_attribute a;
	struct endpoint plain;
	size_t pos = 0;
	while (stun_attribute_next(p, len, &pos, &a))
		if (a.type == STUN_MAPPED_ADDRESS && stun_address(&plain, p, &a))
			return !same(&plain, &h->mapped);
	return false;
}

/* Is this the answer? Each reason why not is one of those by which others could make us believe something. */
static bool is_answer(struct transaction *x, const struct endpoint *from, const uint8_t *p, size_t len)
{
	struct stun h;
	size_t at;
	char text[192], wrong[ENDPOINT_TEXT], right[ENDPOINT_TEXT];
	enum err e = stun_parse(&h, p, len, &at);
	const struct endpoint *place = x->q->change ? &x->q->from : &x->q->to;
	if (e != ERR_OK) {
		snprintf(text, sizeof text, "%s, at octet %zu of %zu", err_text(e), at, len);
		x->out->malformed++;
		refuse(x, "stun-form", "is it a whole STUN message?", "RFC 8489 5", text);
	} else if (memcmp(p + 4, x->id, STUN_ID) != 0) {
		refuse(x, "stun-transaction-id", "is it the answer to our question?", "RFC 8489 6.3.3",
		    "its transaction ID is not the one that we drew by chance, so it answers another question, or "
		    "was "
		    "guessed");
	} else if (h.class != STUN_SUCCESS && h.class != STUN_ERROR) {
		refuse(x, "stun-class", "is it an answer?", "RFC 8489 5", "it is a question");
	} else if (!same(from, place) && !(x->q->change && same(from, &x->q->to))) {
		snprintf(text, sizeof text, "it came from %s, and %s was asked", endpoint_text(wrong, from),
		    endpoint_text(right, place));
		refuse(x, "stun-source", "did the one answer who was asked?", "RFC 8489 6.3.3", text);
	} else if (h.has_fingerprint && !h.fingerprint_right) {
		x->out->malformed++;
		refuse(x, "stun-fingerprint", "does its checksum fit?", "RFC 8489 14.7",
		    "the FINGERPRINT is not that of these octets");
	} else if (h.class == STUN_SUCCESS && !h.mapped.ip.family) {
		x->out->malformed++;
		refuse(x, "stun-address", "does it say where we come from?", "RFC 8489 14.2",
		    "there is no address in it");
	} else if (h.class == STUN_ERROR && !h.error_code) {
		x->out->malformed++;
		refuse(x, "stun-error", "does it say what is wrong?", "RFC 8489 14.8", "an error without a code");
	} else {
		x->out->head = h;
		x->out->from = *from;
		x->out->ignored = x->q->change && !same(from, place);
		x->out->rewritten = rewritten(&h, p, len);
		return true;
	}
	return false;
}

/* What an ICMP message said of our question, and who sent it. False: of no question to this place. */
static bool icmp(struct transaction *x, int fd, int *why)
{
	uint8_t control[512];
	struct sockaddr_storage sa;
	struct msghdr m = {
	    .msg_name = &sa, .msg_namelen = sizeof sa, .msg_control = control, .msg_controllen = sizeof control};
	struct endpoint to, offender;
	if (recvmsg(fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT) < 0)
		return false;
	bool about_us =
	    endpoint_from_sockaddr(&to, (struct sockaddr *)&sa, m.msg_namelen) == ERR_OK && same(&to, &x->q->to);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		bool v4 = c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR;
		if (!v4 && !(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			continue;
		struct sock_extended_err e;
		memcpy(&e, CMSG_DATA(c), sizeof e);
		*why = (int)e.ee_errno;
		socklen_t n = v4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
		memset(&sa, 0, sizeof sa);
		if (c->cmsg_len >= CMSG_LEN(sizeof e + n))
			memcpy(&sa, CMSG_DATA(c) + sizeof e, n);
		if (endpoint_from_sockaddr(&offender, (struct sockaddr *)&sa, n) == ERR_OK)
			ip_text(x->out->who, &offender.ip);
	}
	return about_us;
}

/* Takes everything that is there. ERR_OK: the answer was among it; ERR_TIMEOUT: not yet. */
static enum err take(struct transaction *x, int fd, unsigned *count)
{
	uint8_t buf[DATAGRAM_MAX];
	for (;;) {
		struct sockaddr_storage sa;
		socklen_t n = sizeof sa;
		struct endpoint from;
		int why = 0;
		ssize_t len = recvfrom(fd, buf, sizeof buf, 0, (struct sockaddr *)&sa, &n);
		if (len < 0 && errno == EAGAIN)
			return ERR_TIMEOUT;
		if (len < 0) {
			bool ours = icmp(x, fd, &why);
			if (ours && why && !x->q->change && fd == x->fd)
				return from_errno(why);
			if (++*count > DATAGRAMS_MAX)
				return ERR_BUDGET;
			continue;
		}
		if (++*count > DATAGRAMS_MAX)
			return ERR_BUDGET;
		if (endpoint_from_sockaddr(&from, (struct sockaddr *)&sa, n) != ERR_OK)
			continue;
		tell_arrival(x, fd, &from, buf, (size_t)len);
		if (!is_answer(x, &from, buf, (size_t)len))
			continue;
		x->out->rtt_ns = net_now() - x->sent_at;
		x->out->here = fd == x->fd;
		return x->out->head.class == STUN_ERROR ? ERR_NEGATIVE : ERR_OK;
	}
}

/* Waits at both sockets, no longer than until d. */
static enum err wait_for_answer(struct transaction *x, struct deadline d, unsigned *count)
{
	for (;;) {
		struct pollfd p[3] = {{.fd = x->fd, .events = POLLIN}, {.fd = x->q->answer_fd, .events = POLLIN},
		    {.fd = d.cancel_fd, .events = POLLIN}};
		int64_t left = deadline_left(d);
		struct timespec ts = {.tv_sec = (time_t)(left / NS_PER_S), .tv_nsec = (long)(left % NS_PER_S)};
		int n = ppoll(p, 3, &ts, NULL);
		if (n < 0 && errno != EINTR)
			return ERR_NET;
		if (n > 0 && p[2].revents) {
			errno = EINTR;
			return ERR_NET;
		}
		for (int i = 0; n > 0 && i < 2; i++) {
			enum err e = p[i].fd >= 0 && p[i].revents ? take(x, p[i].fd, count) : ERR_TIMEOUT;
			if (e != ERR_TIMEOUT)
				return e;
		}
		if (deadline_left(d) == 0)
			return ERR_TIMEOUT;
	}
}

enum err ask(const struct asker *a, int fd, const struct question *q, struct reply *out)
{
	struct transaction x = {.a = a, .q = q, .out = out, .fd = fd};
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	unsigned count = 0;
	*out = (struct reply){.sent = 0};
	if (getsockname(fd, (struct sockaddr *)&sa, &n) < 0 ||
	    endpoint_from_sockaddr(&x.local, (struct sockaddr *)&sa, n) != ERR_OK)
		return ERR_NET;
	if (q->why)
		ev_decision(a->t, "probe", NULL, "%s", q->why);
	write_request(&x);
	struct deadline end = deadline_within(a->end, q->wait_ns);
	enum err e = ERR_TIMEOUT;
	for (int64_t pause = a->rto_ns; e == ERR_TIMEOUT && deadline_left(end); pause *= 2) {
		e = send_request(&x);
		if (e == ERR_OK)
			e = wait_for_answer(&x, deadline_within(end, pause), &count);
	}
	return e == ERR_TIMEOUT && out->malformed ? ERR_FORMAT : e;
}
