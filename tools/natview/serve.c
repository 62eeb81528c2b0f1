/* serve: the other side. STUN on four places (RFC 5780), and a page for browsers and curl. What is answered is in
 * stun_site.c; the page is in web.c and page.c. */
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
#include "recorder.h"
#include "stun_site.h"
#include "web.h"

#define STUN_PORT      3478
#define OTHER_PORT     3479
#define HTTP_PORT      80
#define HTTP_PORT_USER 8080      /* where the other one is not for us */
#define DATAGRAM_MAX   2048      /* octets; a longer one is no STUN request */
#define BURST          64        /* datagrams between two looks at the other sockets */
#define RECEIVE_ROOM   (1 << 22) /* octets that may wait in a socket: hundreds of clients may ask in one moment */
#define LOOK_MS        100

struct server;

struct stun_socket {
	struct server *s;
	unsigned site;
	struct stun_place place;
	int fd;
	uv_poll_t poll;
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
	struct web web;
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

/* Port 80 is where browsers look, and not for every user: where nobody named a port, there is a second choice. */
static int open_web(struct server *s, const struct ip *ip, long wanted, bool named)
{
	uint16_t port = (uint16_t)wanted;
	char at[ENDPOINT_TEXT];
	int e = web_listen(&s->web, ip, port);
	if ((e == EACCES || e == EADDRINUSE) && !named)
		e = web_listen(&s->web, ip, port = HTTP_PORT_USER);
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
	web_close(&s->web);
	if (s->running) {
		uv_close((uv_handle_t *)&s->stop, NULL);
		uv_close((uv_handle_t *)&s->look, NULL);
	}
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
	s->web = (struct web){.loop = &s->loop, .t = s->t, .me = s->me};
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
