/* The page's sockets: who comes, what he asks, and that he does not stay. What is answered is in page.c. */
#include "web.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "natview.h"
#include "page.h"

#define HEAD_MAX     8192 /* octets of an HTTP request */
#define HEAD_MS      5000 /* in which it must have come */
#define VISITORS_MAX 1000
#define BACKLOG      512

struct visitor {
	struct web *w;
	struct visitor *next, **link; /* in the server's list */
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_write_t write;
	unsigned open; /* handles that are not closed yet */
	struct endpoint at, local;
	size_t len;
	uint8_t buf[HEAD_MAX];
	struct page page;
};

static void on_visitor_closed(uv_handle_t *h)
{
	struct visitor *v = h->data;
	if (--v->open)
		return;
	v->w->visitors--;
	*v->link = v->next;
	if (v->next)
		v->next->link = v->link;
	free(v);
}

static void show_out(struct visitor *v)
{
	if (!uv_is_closing((uv_handle_t *)&v->timer)) {
		uv_close((uv_handle_t *)&v->timer, on_visitor_closed);
		uv_close((uv_handle_t *)&v->tcp, on_visitor_closed);
	}
}

static void on_written(uv_write_t *w, int status)
{
	(void)status;
	show_out(w->data);
}

static void tell_visit(const struct visitor *v, enum ev_kind kind, const char *label, const void *bytes, size_t len)
{
	char role[IP_TEXT];
	bool in = kind == EV_RECV;
	ip_text(role, &v->at.ip);
	tell_message(v->w->t, kind,
	    &(struct told){.from = in ? role : v->w->me,
	        .to = in ? v->w->me : role,
	        .from_at = in ? &v->at : &v->local,
	        .to_at = in ? &v->local : &v->at,
	        .proto = "HTTP",
	        .bytes = bytes,
	        .len = len,
	        .label = label});
}

static void send_page(struct visitor *v)
{
	char label[128];
	uv_buf_t b = uv_buf_init(v->page.bytes, (unsigned)v->page.len);
	snprintf(label, sizeof label, "HTTP %u (%s)", v->page.status, v->page.form);
	uv_read_stop((uv_stream_t *)&v->tcp);
	tell_visit(v, EV_SEND, label, v->page.bytes, v->page.len);
	v->write.data = v;
	if (uv_write(&v->write, (uv_stream_t *)&v->tcp, &b, 1, on_written) != 0)
		show_out(v);
}

static void on_late(uv_timer_t *t)
{
	struct visitor *v = t->data;
	if (v->page.len) { /* it does not take its answer */
		show_out(v);
		return;
	}
	page_refuse(&v->page, 408);
	send_page(v);
}

static void on_room(uv_handle_t *h, size_t wanted, uv_buf_t *out)
{
	struct visitor *v = h->data;
	(void)wanted;
	*out = uv_buf_init((char *)v->buf + v->len, (unsigned)(sizeof v->buf - v->len));
}

static void on_request(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct visitor *v = stream->data;
	struct http h;
	char label[256];
	struct text line = text_init(label, sizeof label);
	size_t at;
	(void)buf;
	if (n < 0) {
		if (n == UV_ENOBUFS) {
			page_refuse(&v->page, 431);
			send_page(v);
		} else {
			show_out(v);
		}
		return;
	}
	v->len += (size_t)n;
	enum err e = http_parse(&h, v->buf, v->len, &at);
	if (e == ERR_TRUNCATED && v->len < sizeof v->buf)
		return;
	if (e == ERR_OK && !h.response) {
		http_summary(&h, v->buf, v->len, &line);
		page_answer(&v->page, &h, v->buf, &v->at);
	} else {
		text_str(&line, "no HTTP request");
		page_refuse(&v->page, e == ERR_TRUNCATED || e == ERR_TOO_LONG ? 431 : 400);
	}
	tell_visit(v, EV_RECV, label, v->buf, v->len);
	if (e == ERR_OK)
		http_describe(&h, v->buf, v->len, 0, v->w->t);
	send_page(v);
}

static bool endpoints_of(struct visitor *v)
{
	struct sockaddr_storage sa;
	int n = sizeof sa;
	if (uv_tcp_getpeername(&v->tcp, (struct sockaddr *)&sa, &n) != 0 ||
	    endpoint_from_sockaddr(&v->at, (struct sockaddr *)&sa, (socklen_t)n) != ERR_OK)
		return false;
	n = sizeof sa;
	return uv_tcp_getsockname(&v->tcp, (struct sockaddr *)&sa, &n) == 0 &&
	       endpoint_from_sockaddr(&v->local, (struct sockaddr *)&sa, (socklen_t)n) == ERR_OK;
}

static void on_visitor(uv_stream_t *stream, int status)
{
	struct web *w = stream->data;
	struct visitor *v = status == 0 ? calloc(1, sizeof *v) : NULL;
	if (!v)
		return;
	v->w = w;
	v->open = 2;
	v->next = w->first;
	v->link = &w->first;
	if (w->first)
		w->first->link = &v->next;
	w->first = v;
	w->visitors++;
	uv_tcp_init(w->loop, &v->tcp);
	uv_timer_init(w->loop, &v->timer);
	v->tcp.data = v->timer.data = v;
	uv_timer_start(&v->timer, on_late, HEAD_MS, HEAD_MS);
	if (uv_accept(stream, (uv_stream_t *)&v->tcp) != 0 || !endpoints_of(v) || w->visitors > VISITORS_MAX ||
	    uv_read_start((uv_stream_t *)&v->tcp, on_room, on_request) != 0)
		show_out(v);
}

int web_listen(struct web *w, const struct ip *ip, uint16_t port)
{
	struct endpoint at = {*ip, port};
	struct sockaddr_storage sa;
	(void)endpoint_to_sockaddr(&sa, &at);
	uv_tcp_t *tcp = &w->at[w->n];
	if (uv_tcp_init(w->loop, tcp) != 0)
		return ENOMEM;
	w->n++;
	tcp->data = w;
	int e = uv_tcp_bind(tcp, (struct sockaddr *)&sa, ip->family == 6 ? UV_TCP_IPV6ONLY : 0);
	if (e == 0)
		e = uv_listen((uv_stream_t *)tcp, BACKLOG, on_visitor);
	if (e != 0) {
		w->n--;
		uv_close((uv_handle_t *)tcp, NULL);
		uv_run(w->loop, UV_RUN_NOWAIT);
	}
	return -e;
}

void web_close(struct web *w)
{
	for (size_t i = 0; i < w->n; i++)
		uv_close((uv_handle_t *)&w->at[i], NULL);
	for (struct visitor *v = w->first; v; v = v->next)
		show_out(v);
}
