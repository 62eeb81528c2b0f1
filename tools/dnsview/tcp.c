/* The server's TCP side (RFC 7766): several questions on a connection, answered in the order in which the
 * answers are there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "answering.h"

#define CONNECTIONS_MAX 256
#define OWED_MAX        64 /* answers, a connection */
#define IDLE_MS         10000

struct tcp_side {
	uv_tcp_t listener;
	struct tcp_side *next;
	struct answering *s;
	unsigned n;
	struct connection *first;
};

struct connection {
	uv_tcp_t tcp;
	uv_timer_t idle;
	struct connection *next, **link;
	struct tcp_side *side; /* not to be looked at once it is closing */
	struct answering *s;
	struct sockaddr_storage from;
	socklen_t from_len;
	bool closing;
	unsigned owed, handles;
	size_t have;
	uint8_t in[2 + DNS_MESSAGE_MAX];
};

struct outgoing {
	uv_write_t req;
	struct connection *c;
	uint8_t bytes[];
};

/* --- its end ----------------------------------------------------------------------------------- */

static void free_if_done(struct connection *c)
{
	if (c->handles == 0 && c->owed == 0)
		free(c);
}

static void on_closed(uv_handle_t *h)
{
	struct connection *c = h->data;
	c->handles--;
	free_if_done(c);
}

static void shut(struct connection *c)
{
	if (c->closing)
		return;
	c->closing = true;
	c->side->n--;
	*c->link = c->next;
	if (c->next)
		c->next->link = c->link;
	uv_close((uv_handle_t *)&c->tcp, on_closed);
	uv_close((uv_handle_t *)&c->idle, on_closed);
}

void tcp_hold(struct connection *c)
{
	c->owed++;
}

void tcp_drop(struct connection *c)
{
	c->owed--;
	free_if_done(c);
}

static void on_idle(uv_timer_t *t)
{
	struct connection *c = t->data;
	if (!c->owed)
		shut(c);
}

/* --- questions and answers --------------------------------------------------------------------- */

static void on_written(uv_write_t *req, int status)
{
	struct outgoing *o = req->data;
	struct connection *c = o->c;
	if (status < 0)
		shut(c);
	free(o);
	tcp_drop(c);
}

static void send_to(struct connection *c, const uint8_t *bytes, size_t len)
{
	struct outgoing *o = c->closing || len == 0 ? NULL : malloc(sizeof(*o) + 2 + len);
	if (!o)
		return;
	o->c = c;
	o->req.data = o;
	o->bytes[0] = (uint8_t)(len >> 8);
	o->bytes[1] = (uint8_t)len;
	memcpy(o->bytes + 2, bytes, len);
	uv_buf_t buf = uv_buf_init((char *)o->bytes, (unsigned)len + 2);
	tcp_hold(c);
	if (uv_write(&o->req, (uv_stream_t *)&c->tcp, &buf, 1, on_written) != 0) {
		free(o);
		c->owed--;
		shut(c);
		return;
	}
	uv_timer_again(&c->idle);
}

void tcp_send(struct answering *s, const struct asker *a, size_t len)
{
	send_to(a->connection, s->out, len);
}

static void answer(struct connection *c, const uint8_t *question, size_t question_len)
{
	struct asker a;
	size_t len;
	a.udp = NULL;
	a.connection = c;
	a.control_len = 0;
	a.to = c->from;
	a.to_len = c->from_len;
	if (c->owed >= OWED_MAX) {
		shut(c);
	} else if (!answer_now(c->s, &a, question, question_len, &len)) {
		answer_later(&a);
	} else if (len) {
		send_to(c, c->s->out, len);
	} else {
		shut(c); /* no question: RFC 7766 says nothing of talking on */
	}
}

/* Every whole question that is there; each has its length before it (RFC 1035 4.2.2). */
static void take_questions(struct connection *c)
{
	size_t at = 0;
	tcp_hold(c); /* it must not go while we look at it */
	while (!c->closing && c->have - at >= 2) {
		size_t len = (size_t)(c->in[at] << 8 | c->in[at + 1]);
		if (c->have - at < 2 + len)
			break;
		answer(c, c->in + at + 2, len);
		at += 2 + len;
	}
	memmove(c->in, c->in + at, c->have - at);
	c->have -= at;
	tcp_drop(c);
}

static void on_alloc(uv_handle_t *h, size_t wanted, uv_buf_t *buf)
{
	struct connection *c = h->data;
	(void)wanted;
	*buf = uv_buf_init((char *)c->in + c->have, (unsigned)(sizeof(c->in) - c->have));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct connection *c = stream->data;
	(void)buf;
	if (n < 0) {
		if (n == UV_EOF && c->owed) { /* it has said all, and still waits for answers */
			uv_read_stop(stream);
			return;
		}
		shut(c);
		return;
	}
	if (c->s->config.tick)
		c->s->config.tick(c->s->config.tick_ctx);
	c->have += (size_t)n;
	uv_timer_again(&c->idle);
	take_questions(c);
}

/* --- connections ------------------------------------------------------------------------------- */

static void on_connection(uv_stream_t *listener, int status)
{
	struct tcp_side *t = listener->data;
	struct answering *s = t->s;
	struct connection *c = status < 0 ? NULL : calloc(1, sizeof(*c));
	if (!c)
		return;
	c->s = s;
	c->side = t;
	c->handles = 2;
	uv_tcp_init(s->loop, &c->tcp);
	uv_timer_init(s->loop, &c->idle);
	c->tcp.data = c->idle.data = c;
	c->next = t->first;
	c->link = &t->first;
	if (c->next)
		c->next->link = &c->next;
	t->first = c;
	t->n++;
	if (uv_accept(listener, (uv_stream_t *)&c->tcp) != 0 || t->n > CONNECTIONS_MAX) {
		shut(c);
		return;
	}
	int from_len = sizeof(c->from);
	c->from_len =
	    uv_tcp_getpeername(&c->tcp, (struct sockaddr *)&c->from, &from_len) == 0 ? (socklen_t)from_len : 0;
	uv_tcp_nodelay(&c->tcp, 1);
	uv_timer_start(&c->idle, on_idle, IDLE_MS, IDLE_MS);
	uv_read_start((uv_stream_t *)&c->tcp, on_alloc, on_read);
}

static void listener_closed(uv_handle_t *h)
{
	free(h); /* it is the first thing in its tcp_side */
}

enum err tcp_open(struct answering *s, const struct endpoint *at)
{
	struct sockaddr_storage sa;
	struct tcp_side *t = calloc(1, sizeof(*t));
	if (!t)
		return ERR_NOMEM;
	(void)endpoint_to_sockaddr(&sa, at);
	uv_tcp_init(s->loop, &t->listener);
	t->listener.data = t;
	t->s = s;
	t->next = s->tcp;
	s->tcp = t;
	int rc = uv_tcp_bind(&t->listener, (struct sockaddr *)&sa, sa.ss_family == AF_INET6 ? UV_TCP_IPV6ONLY : 0);
	if (rc == 0)
		rc = uv_listen((uv_stream_t *)&t->listener, 64, on_connection);
	if (rc == 0)
		return ERR_OK;
	errno = -rc;
	return ERR_NET;
}

void tcp_close(struct answering *s)
{
	for (struct tcp_side *t = s->tcp, *next; t; t = next) {
		next = t->next;
		while (t->first)
			shut(t->first);
		uv_close((uv_handle_t *)&t->listener, listener_closed);
	}
	s->tcp = NULL;
}
