/* serve: the other side. STUN on four places (RFC 5780), and a page for browsers and curl. What is answered is in
 * stun_site.c and page.c; here are the sockets. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include "glassnet/addr_kind.h"
#include "natview.h"
#include "page.h"
#include "recorder.h"
#include "stun_site.h"

#define STUN_PORT      3478
#define OTHER_PORT     3479
#define HTTP_PORT      80
#define HTTP_PORT_USER 8080      /* where the other one is not for us */
#define LISTEN_MAX     4         /* addresses: two of each family */
#define DATAGRAM_MAX   2048      /* octets; a longer one is no STUN request */
#define BURST          64        /* datagrams between two looks at the other sockets */
#define RECEIVE_ROOM   (1 << 22) /* octets that may wait in a socket: hundreds of clients may ask in one moment */
#define HEAD_MAX       8192      /* octets of an HTTP request */
#define HEAD_MS        5000      /* in which it must have come */
#define VISITORS_MAX   1000
#define LOOK_MS        100

struct server;

struct stun_socket {
	struct server *s;
	unsigned site;
	struct stun_place place;
	int fd;
	uv_poll_t poll;
};

struct visitor {
	struct server *s;
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

struct server {
	struct cli *c;
	struct trace *t;
	const char *me;
	bool silent; /* nobody would see a message: not even its text is made */
	uv_loop_t loop;
	uv_poll_t stop;
	uv_timer_t look;
	bool running; /* stop and look are there */
	struct recorder record;
	size_t n_sites;
	struct stun_site site[2]; /* one an address family */
	size_t n_sockets;
	struct stun_socket socket[8];
	size_t n_web;
	uv_tcp_t web[LISTEN_MAX];
	unsigned visitors;
	struct visitor *first;
};

/* --- STUN ------------------------------------------------------------------------------------------------- */

static int socket_at(const struct server *s, unsigned site, struct stun_place p)
{
	for (size_t i = 0; i < s->n_sockets; i++)
		if (s->socket[i].site == site && s->socket[i].place.ip == p.ip && s->socket[i].place.port == p.port)
			return s->socket[i].fd;
	return -1;
}

static void tell_request(const struct stun_socket *u, const struct endpoint *from, const uint8_t *p, size_t len)
{
	char role[IP_TEXT];
	if (u->s->silent)
		return;
	struct endpoint here = stun_place_at(&u->s->site[u->site], u->place);
	tell_stun(u->s->t, EV_RECV,
	    (struct told){.from = ip_text(role, &from->ip),
	        .to = u->s->me,
	        .from_at = from,
	        .to_at = &here,
	        .bytes = p,
	        .len = len});
}

static void tell_answer(const struct stun_socket *u, const struct stun_answer *a)
{
	char role[IP_TEXT];
	if (u->s->silent)
		return;
	struct endpoint here = stun_place_at(&u->s->site[u->site], a->from);
	tell_stun(u->s->t, EV_SEND,
	    (struct told){.from = u->s->me,
	        .to = ip_text(role, &a->to.ip),
	        .from_at = &here,
	        .to_at = &a->to,
	        .bytes = a->bytes,
	        .len = a->len});
}

static void answer(const struct stun_socket *u, const struct endpoint *from, const uint8_t *p, size_t len)
{
	struct server *s = u->s;
	struct stun_answer a; /* not cleared: the site fills in what counts */
	struct sockaddr_storage to;
	size_t off = 0;
	tell_request(u, from, p, len);
	enum err e = stun_site_answer(&s->site[u->site], u->place, from, p, len, &a, &off);
	if (e == ERR_NEGATIVE)
		ev_decision(s->t, "stun-unanswered", "RFC 8489 6.3",
		    "No answer: it is no binding request, or its fingerprint is wrong.");
	else if (e != ERR_OK)
		ev_decision(s->t, "stun-malformed", "RFC 8489 6.3", "No answer: %s, at octet %zu.", err_text(e), off);
	if (e != ERR_OK)
		return;
	socklen_t n = endpoint_to_sockaddr(&to, &a.to);
	int fd = socket_at(s, u->site, a.from);
	if (sendto(fd, a.bytes, a.len, 0, (struct sockaddr *)&to, n) < 0)
		ev_warning(s->t, "The answer could not be sent: %s", strerror(errno));
	else
		tell_answer(u, &a);
}

static void on_datagram(uv_poll_t *p, int status, int events)
{
	const struct stun_socket *u = p->data;
	(void)status;
	(void)events;
	for (int i = 0; i < BURST; i++) {
		uint8_t buf[DATAGRAM_MAX];
		struct sockaddr_storage sa;
		socklen_t n = sizeof sa;
		struct endpoint from;
		ssize_t len = recvfrom(u->fd, buf, sizeof buf, MSG_DONTWAIT, (struct sockaddr *)&sa, &n);
		if (len < 0)
			return;
		if (endpoint_from_sockaddr(&from, (struct sockaddr *)&sa, n) == ERR_OK)
			answer(u, &from, buf, (size_t)len);
	}
}

/* --- HTTP ------------------------------------------------------------------------------------------------- */

static void on_visitor_closed(uv_handle_t *h)
{
	struct visitor *v = h->data;
	if (--v->open)
		return;
	v->s->visitors--;
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
	tell_message(v->s->t, kind,
	    &(struct told){.from = in ? role : v->s->me,
	        .to = in ? v->s->me : role,
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
		http_describe(&h, v->buf, v->len, 0, v->s->t);
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

static void on_visitor(uv_stream_t *web, int status)
{
	struct server *s = web->data;
	struct visitor *v = status == 0 ? calloc(1, sizeof *v) : NULL;
	if (!v)
		return;
	v->s = s;
	v->open = 2;
	v->next = s->first;
	v->link = &s->first;
	if (s->first)
		s->first->link = &v->next;
	s->first = v;
	s->visitors++;
	uv_tcp_init(&s->loop, &v->tcp);
	uv_timer_init(&s->loop, &v->timer);
	v->tcp.data = v->timer.data = v;
	uv_timer_start(&v->timer, on_late, HEAD_MS, HEAD_MS);
	if (uv_accept(web, (uv_stream_t *)&v->tcp) != 0 || !endpoints_of(v) || s->visitors > VISITORS_MAX ||
	    uv_read_start((uv_stream_t *)&v->tcp, on_room, on_request) != 0)
		show_out(v);
}

/* --- opening -------------------------------------------------------------------------------------------------- */

static int open_udp(const struct endpoint *at)
{
	struct sockaddr_storage sa;
	socklen_t n = endpoint_to_sockaddr(&sa, at);
	int one = 1, room = RECEIVE_ROOM;
	int fd = socket(sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	if (sa.ss_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (bind(fd, (struct sockaddr *)&sa, n) == 0)
		return fd;
	int keep = errno;
	close(fd);
	errno = keep;
	return -1;
}

static int open_place(struct server *s, unsigned site, struct stun_place place)
{
	struct endpoint at = stun_place_at(&s->site[site], place);
	char text[ENDPOINT_TEXT];
	struct stun_socket *u = &s->socket[s->n_sockets];
	*u = (struct stun_socket){.s = s, .site = site, .place = place, .fd = open_udp(&at)};
	if (u->fd < 0)
		return cli_fail(s->c, ERR_IO, "%s (UDP): %s", endpoint_text(text, &at), strerror(errno));
	s->n_sockets++;
	u->poll.data = u;
	if (uv_poll_init(&s->loop, &u->poll, u->fd) != 0 || uv_poll_start(&u->poll, UV_READABLE, on_datagram) != 0)
		return cli_fail(s->c, ERR_INTERNAL, "no event loop");
	return EXIT_YES;
}

static int open_site(struct server *s, unsigned site)
{
	int status = EXIT_YES;
	char one[ENDPOINT_TEXT], two[ENDPOINT_TEXT];
	unsigned n = s->site[site].ip[1].family ? 2 : 1;
	for (unsigned i = 0; status == EXIT_YES && i < n; i++)
		for (unsigned p = 0; status == EXIT_YES && p < 2; p++)
			status = open_place(s, site, (struct stun_place){i, p});
	if (status != EXIT_YES)
		return status;
	struct endpoint first = stun_place_at(&s->site[site], (struct stun_place){0, 0}),
	                last = stun_place_at(&s->site[site], (struct stun_place){n - 1, 1});
	if (n == 2)
		ev_decision(s->t, "listening-stun", "RFC 5780",
		    "Serving STUN at %s; answers come from the other address and port, too: %s (RFC 5780).",
		    endpoint_text(one, &first), endpoint_text(two, &last));
	else
		ev_decision(s->t, "listening-stun", "RFC 8489",
		    "Serving STUN at %s. With one address only, it cannot show how a NAT filters (--listen twice "
		    "can).",
		    endpoint_text(one, &first));
	return EXIT_YES;
}

static int listen_web(struct server *s, const struct ip *ip, uint16_t port)
{
	struct endpoint at = {*ip, port};
	struct sockaddr_storage sa;
	(void)endpoint_to_sockaddr(&sa, &at);
	uv_tcp_t *w = &s->web[s->n_web];
	if (uv_tcp_init(&s->loop, w) != 0)
		return ENOMEM;
	s->n_web++;
	w->data = s;
	int e = uv_tcp_bind(w, (struct sockaddr *)&sa, ip->family == 6 ? UV_TCP_IPV6ONLY : 0);
	if (e == 0)
		e = uv_listen((uv_stream_t *)w, 512, on_visitor);
	if (e != 0) {
		s->n_web--;
		uv_close((uv_handle_t *)w, NULL);
		uv_run(&s->loop, UV_RUN_NOWAIT);
	}
	return -e;
}

/* Port 80 is where browsers look, and not for every user: where nobody named a port, there is a second choice. */
static int open_web(struct server *s, const struct ip *ip, long wanted, bool named)
{
	uint16_t port = (uint16_t)wanted;
	char at[ENDPOINT_TEXT];
	int e = listen_web(s, ip, port);
	if ((e == EACCES || e == EADDRINUSE) && !named)
		e = listen_web(s, ip, port = HTTP_PORT_USER);
	struct endpoint web = {*ip, port};
	if (e)
		return cli_fail(s->c, ERR_IO, "%s (TCP): %s", endpoint_text(at, &web), strerror(e));
	ev_decision(s->t, "listening", "RFC 9110", "Serving the page at http://%s/", endpoint_text(at, &web));
	return EXIT_YES;
}

/* --- which addresses -------------------------------------------------------------------------------------------- */

static size_t add_address(struct stun_site *sites, size_t n, const struct ip *ip)
{
	for (size_t i = 0; i < n; i++) {
		if (sites[i].ip[0].family != ip->family)
			continue;
		if (!sites[i].ip[1].family && !ip_equal(&sites[i].ip[0], ip))
			sites[i].ip[1] = *ip;
		return n;
	}
	sites[n].ip[0] = *ip;
	return n + 1;
}

/* The machine's own addresses that others can reach; where there are none, its loopback. */
static size_t own_addresses(struct stun_site *sites)
{
	struct ifaddrs *list = NULL;
	size_t n = 0;
	if (getifaddrs(&list) != 0)
		return 0;
	for (int loopback = 0; loopback < 2 && n == 0; loopback++)
		for (struct ifaddrs *a = list; a; a = a->ifa_next) {
			struct endpoint e;
			socklen_t len = !a->ifa_addr                        ? 0
			                : a->ifa_addr->sa_family == AF_INET ? sizeof(struct sockaddr_in)
			                                                    : sizeof(struct sockaddr_in6);
			if (!len || endpoint_from_sockaddr(&e, a->ifa_addr, len) != ERR_OK ||
			    strcmp(addr_kind(&e.ip)->name, "link-local") == 0 ||
			    ((a->ifa_flags & IFF_LOOPBACK) != 0) != loopback)
				continue;
			n = add_address(sites, n, &e.ip);
		}
	freeifaddrs(list);
	return n;
}

static int choose_addresses(struct cli *c, struct server *s)
{
	const char *text;
	struct ip ip;
	for (int i = 0; (text = cli_get_nth(c, "listen", i)); i++) {
		if (ip_parse(&ip, text) != ERR_OK)
			return cli_usage(c, "--listen %s: an address is needed, as in 192.0.2.1", text);
		if (strcmp(addr_kind(&ip)->name, "unspecified") == 0)
			return cli_usage(c,
			    "--listen %s: answers must come from the address that was asked, so it must be named",
			    text);
		s->n_sites = add_address(s->site, s->n_sites, &ip);
	}
	if (s->n_sites == 0)
		s->n_sites = own_addresses(s->site);
	return s->n_sites ? EXIT_YES : cli_fail(c, ERR_UNREACHABLE, "this machine has no address to serve at");
}

/* --- all together --------------------------------------------------------------------------------------------- */

static void on_stop(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;
	uv_stop(p->loop);
}

/* Now and then: packets for the file, and whether anybody reads what is printed. */
static void on_look(uv_timer_t *t)
{
	struct server *s = t->data;
	recorder_drain(&s->record);
	if (s->t->first_error != ERR_OK || nobody_reads(s->c))
		uv_stop(&s->loop);
}

static void close_all(struct server *s)
{
	for (size_t i = 0; i < s->n_sockets; i++)
		uv_close((uv_handle_t *)&s->socket[i].poll, NULL);
	for (size_t i = 0; i < s->n_web; i++)
		uv_close((uv_handle_t *)&s->web[i], NULL);
	if (s->running) {
		uv_close((uv_handle_t *)&s->stop, NULL);
		uv_close((uv_handle_t *)&s->look, NULL);
	}
	for (struct visitor *v = s->first; v; v = v->next)
		show_out(v);
	uv_run(&s->loop, UV_RUN_DEFAULT);
	(void)uv_loop_close(&s->loop);
	for (size_t i = 0; i < s->n_sockets; i++)
		close(s->socket[i].fd);
}

static int open_all(struct server *s, long web_port)
{
	int status = recorder_open_towards(s->c, &s->record, &s->site[0].ip[0], "udp or tcp or icmp or icmp6");
	for (unsigned i = 0; status == EXIT_YES && i < s->n_sites; i++)
		status = open_site(s, i);
	for (unsigned i = 0; status == EXIT_YES && !cli_has(s->c, "no-http") && i < s->n_sites; i++)
		for (unsigned k = 0; status == EXIT_YES && k < 2 && s->site[i].ip[k].family; k++)
			status = open_web(s, &s->site[i].ip[k], web_port, cli_has(s->c, "http"));
	if (status != EXIT_YES)
		return status;
	uv_poll_init(&s->loop, &s->stop, cli_interrupt_fd());
	uv_poll_start(&s->stop, UV_READABLE, on_stop);
	uv_timer_init(&s->loop, &s->look);
	s->look.data = s;
	uv_timer_start(&s->look, on_look, LOOK_MS, LOOK_MS);
	s->running = true;
	return EXIT_YES;
}

static int run(struct server *s, long web_port)
{
	if (uv_loop_init(&s->loop) != 0)
		return cli_fail(s->c, ERR_INTERNAL, "no event loop");
	int status = open_all(s, web_port);
	if (status == EXIT_YES)
		uv_run(&s->loop, UV_RUN_DEFAULT);
	close_all(s);
	return recorder_close(s->c, &s->record, status);
}

int verb_serve(struct cli *c)
{
	struct trace t;
	char me[NAME_TEXT];
	struct server *s = calloc(1, sizeof *s);
	long port = STUN_PORT, other = OTHER_PORT, web = HTTP_PORT;
	int status = s ? EXIT_YES : cli_fail(c, ERR_NOMEM, "the server cannot be set up");
	if (status == EXIT_YES &&
	    (!cli_number(c, "port", 1, 65535, &port) || !cli_number(c, "other-port", 1, 65535, &other) ||
	        !cli_number(c, "http", 1, 65535, &web)))
		status = EXIT_USAGE;
	if (status == EXIT_YES && port == other)
		status = cli_usage(c, "--port and --other-port must differ: two ports are what a NAT is tested with");
	if (status == EXIT_YES)
		status = choose_addresses(c, s);
	if (status == EXIT_YES) {
		cli_catch_interrupt();
		setvbuf(c->out, NULL, _IOLBF, 1 << 16);
		s->c = c;
		s->t = &t;
		s->me = own_name(me);
		s->silent =
		    cli_has(c, "quiet") && !cli_has(c, "json") && !cli_has(c, "html") && !cli_has(c, "ladder");
		for (size_t i = 0; i < s->n_sites; i++) {
			s->site[i].port[0] = (uint16_t)port;
			s->site[i].port[1] = (uint16_t)other;
		}
		enum err e = cli_trace_open(c, &t, &clock_real, me);
		status = e == ERR_OK ? run(s, web) : (int)err_exit(e);
		status = cli_trace_close(c, &t, status);
	}
	free(s);
	return status;
}
