/* whoami: what the other side sees, beside what this side sees, socket by socket. */
#include "whoami.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "glassnet/addr_kind.h"
#include "glassnet/proto/http.h"
#include "recorder.h"

#define TIMEOUT_NS  (5 * NS_PER_S)
#define RTO_NS      (250 * NS_PER_MS)
#define SOCKETS     2
#define SOCKETS_MAX 64
#define ANSWER_MAX  65536 /* octets of a page */
#define LAB_SERVER  "stun:whatismyip.example"

struct seen {
	struct endpoint local, mapped;
	bool has_port; /* a page may tell the address alone */
	bool rewritten;
	int64_t rtt_ns;
};

struct whoami {
	struct cli *c;
	struct trace *t;
	const char *me;
	struct destination d;
	struct deadline end;
	struct seen seen[SOCKETS_MAX];
	size_t n;
};

/* --- by STUN ------------------------------------------------------------------------------------------------- */

static int by_stun(struct whoami *w, int fd, struct seen *s)
{
	struct asker a = {.t = w->t, .me = w->me, .server = w->d.target.host, .end = w->end, .rto_ns = RTO_NS};
	struct question q = {.to = w->d.at, .answer_fd = -1, .wait_ns = INT64_MAX / 4};
	struct reply r;
	enum err e = ask(&a, fd, &q, &r);
	if (e != ERR_OK)
		return no_answer(w->c, &w->d, e, &r);
	*s = (struct seen){.local = s->local,
	    .mapped = r.head.mapped,
	    .has_port = true,
	    .rewritten = r.rewritten,
	    .rtt_ns = r.rtt_ns};
	return EXIT_YES;
}

/* --- by HTTP -------------------------------------------------------------------------------------------------- */

/* The address in an answer: JSON with "address" (ours) or "ip" (many others'), or nothing but the address. */
static bool read_page(struct seen *s, const char *body, size_t len)
{
	char text[ENDPOINT_TEXT] = "";
	json_t *o = json_loadb(body, len, JSON_DISABLE_EOF_CHECK, NULL);
	const char *a = json_string_value(json_object_get(o, "address"));
	if (!a)
		a = json_string_value(json_object_get(o, "ip"));
	json_int_t port = json_integer_value(json_object_get(o, "port"));
	bool right = a && ip_parse(&s->mapped.ip, a) == ERR_OK;
	s->has_port = right && port > 0 && port < 65536;
	s->mapped.port = s->has_port ? (uint16_t)port : 0;
	json_decref(o);
	if (right)
		return true;
	size_t skip = 0;
	while (skip < len && strchr(" \t\r\n", body[skip]))
		skip++;
	size_t n = 0;
	while (skip + n < len && !strchr(" \t\r\n", body[skip + n]))
		n++;
	if (n >= sizeof text || skip + n + 4 < len)
		return false;
	memcpy(text, body + skip, n);
	return ip_parse(&s->mapped.ip, text) == ERR_OK;
}

static void tell_page(struct whoami *w, bool out, const struct endpoint *local, const char *bytes, size_t len)
{
	struct http h;
	char label[256];
	struct text line = text_init(label, sizeof label);
	size_t at;
	enum err e = http_parse(&h, (const uint8_t *)bytes, len, &at);
	if (e == ERR_OK)
		http_summary(&h, (const uint8_t *)bytes, len, &line);
	else
		text_str(&line, "no sound HTTP message");
	tell_message(w->t, out ? EV_SEND : EV_RECV,
	    &(struct told){.from = out ? w->me : w->d.target.host,
	        .to = out ? w->d.target.host : w->me,
	        .from_at = out ? local : &w->d.at,
	        .to_at = out ? &w->d.at : local,
	        .proto = "HTTP",
	        .bytes = bytes,
	        .len = len,
	        .label = label});
	if (e == ERR_OK)
		http_describe(&h, (const uint8_t *)bytes, len, 0, w->t);
}

/* Reads until the other side has nothing more to say. */
static enum err read_all(int fd, struct deadline end, char *buf, size_t cap, size_t *len)
{
	for (*len = 0; *len < cap;) {
		enum err e = net_wait(fd, POLLIN, end);
		if (e != ERR_OK)
			return e;
		ssize_t n = read(fd, buf + *len, cap - *len);
		if (n == 0)
			return ERR_OK;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return ERR_CLOSED;
		*len += n > 0 ? (size_t)n : 0;
		struct http h;
		size_t at;
		if (http_parse(&h, (const uint8_t *)buf, *len, &at) == ERR_OK && h.has_length &&
		    *len - h.body_off >= h.content_length)
			return ERR_OK;
	}
	return ERR_TOO_LONG;
}

static int judge_page(struct whoami *w, struct seen *s, const char *buf, size_t len)
{
	struct http h;
	size_t at;
	enum err e = http_parse(&h, (const uint8_t *)buf, len, &at);
	if (e != ERR_OK || !h.response)
		return cli_fail(w->c,
		    e == ERR_OK          ? ERR_FORMAT
		    : e == ERR_TRUNCATED ? ERR_FORMAT
		                         : e,
		    "%s: what came is no HTTP answer (octet %zu)", w->d.target.host, at);
	if (h.status != 200)
		return cli_fail(
		    w->c, ERR_NEGATIVE, "http://%s%s: the server says %u", w->d.target.host, w->d.path, h.status);
	if (h.has_length && len - h.body_off < h.content_length)
		return cli_fail(w->c, ERR_TRUNCATED, "%s: the answer ends before it is whole", w->d.target.host);
	if (h.chunked || !read_page(s, buf + h.body_off, len - h.body_off))
		return cli_fail(w->c, ERR_FORMAT, "http://%s%s: the page holds no address alone (offset %zu)",
		    w->d.target.host, w->d.path, h.body_off);
	return EXIT_YES;
}

static bool send_all(int fd, struct deadline end, const char *p, size_t len)
{
	for (ssize_t n; len > 0; p += n, len -= (size_t)n) {
		n = send(fd, p, len, MSG_NOSIGNAL);
		if (n < 0 && (errno != EAGAIN || net_wait(fd, POLLOUT, end) != ERR_OK))
			return false;
		n = n < 0 ? 0 : n;
	}
	return true;
}

static int by_http(struct whoami *w, struct seen *s)
{
	char request[2048], *buf = malloc(ANSWER_MAX);
	int fd = -1;
	size_t len = 0;
	struct reply none = {.sent = 1};
	struct sockaddr_storage sa;
	socklen_t n = sizeof sa;
	if (!buf)
		return cli_fail(w->c, ERR_NOMEM, "out of memory");
	enum err e = dial(&w->d.at, w->end, &fd);
	if (e == ERR_OK && (getsockname(fd, (struct sockaddr *)&sa, &n) < 0 ||
	                       endpoint_from_sockaddr(&s->local, (struct sockaddr *)&sa, n) != ERR_OK))
		e = ERR_NET;
	int m = snprintf(request, sizeof request,
	    "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: natview/" GLASSNET_VERSION
	    "\r\nAccept: application/json, text/plain\r\nConnection: close\r\n\r\n",
	    w->d.path, w->d.target.host);
	if (e == ERR_OK && (m < 0 || (size_t)m >= sizeof request || !send_all(fd, w->end, request, (size_t)m)))
		e = ERR_CLOSED;
	int64_t asked = net_now();
	if (e == ERR_OK) {
		tell_page(w, true, &s->local, request, (size_t)m);
		e = read_all(fd, w->end, buf, ANSWER_MAX, &len);
	}
	s->rtt_ns = net_now() - asked;
	if (len)
		tell_page(w, false, &s->local, buf, len);
	char at[ENDPOINT_TEXT];
	int status = e == ERR_OK        ? judge_page(w, s, buf, len)
	             : e == ERR_REFUSED ? cli_fail(w->c, e, "%s: nobody listens there (the connection was refused)",
	                                      endpoint_text(at, &w->d.at))
	                                : no_answer(w->c, &w->d, e, &none);
	if (fd >= 0)
		close(fd);
	free(buf);
	return status;
}

/* --- what it means ----------------------------------------------------------------------------------------------- */

static bool translated(const struct seen *s)
{
	return !ip_equal(&s->local.ip, &s->mapped.ip) || (s->has_port && s->local.port != s->mapped.port);
}

static void compare(const struct whoami *w, const struct seen *s)
{
	char local[ENDPOINT_TEXT], mapped[ENDPOINT_TEXT], one[KIND_TEXT], two[KIND_TEXT];
	endpoint_text(local, &s->local);
	if (s->has_port)
		endpoint_text(mapped, &s->mapped);
	else
		ip_text(mapped, &s->mapped.ip);
	kind_text(one, &s->local.ip);
	kind_text(two, &s->mapped.ip);
	if (!translated(s))
		ev_decision(w->t, "same", "RFC 8489 2",
		    "This side: %s. The other side sees: %s. The same: no NAT changed it.", local, mapped);
	else
		ev_decision(w->t, "translated", "RFC 3022 2.2",
		    "This side: %s. The other side sees: %s. A NAT on the way put %s in place of %s%s.", local,
		    mapped, two, one,
		    !s->has_port                      ? ""
		    : s->local.port == s->mapped.port ? ", and kept the port"
		                                      : ", and chose another port");
	if (s->rewritten)
		ev_warning(w->t,
		    "The address stands twice in the answer, plain and masked, and they differ: something on the "
		    "way changes addresses inside messages (an application layer gateway).");
}

static json_t *seen_json(const struct seen *s)
{
	char local[ENDPOINT_TEXT], ip[IP_TEXT];
	json_t *o = json_pack("{s:s,s:s,s:s,s:b,s:f}", "local", endpoint_text(local, &s->local), "address",
	    ip_text(ip, &s->mapped.ip), "kind", addr_kind(&s->mapped.ip)->name, "nat", translated(s), "rtt_ms",
	    (double)s->rtt_ns / 1e6);
	if (s->has_port) {
		char mapped[ENDPOINT_TEXT];
		json_object_set_new(o, "mapped", json_string(endpoint_text(mapped, &s->mapped)));
		json_object_set_new(o, "port_kept", json_boolean(s->local.port == s->mapped.port));
	}
	return o;
}

static void conclude(const struct whoami *w)
{
	char ip[IP_TEXT];
	json_t *sockets = json_array();
	size_t nats = 0;
	for (size_t i = 0; i < w->n; i++) {
		nats += translated(&w->seen[i]);
		json_array_append_new(sockets, seen_json(&w->seen[i]));
	}
	const struct seen *last = &w->seen[w->n - 1];
	json_t *o =
	    json_pack("{s:s,s:b,s:o}", "address", ip_text(ip, &last->mapped.ip), "nat", nats > 0, "sockets", sockets);
	char *text = json_dumps(o, JSON_COMPACT), seen[KIND_TEXT];
	if (nats)
		ev_explain(w->t,
		    "Each socket has a line of its own in the NAT's table: its address and port here, an address "
		    "and port there. By the port the NAT knows whom an answer is for.");
	ev_result(w->t, ERR_OK, text, "Others see you as %s%s.", kind_text(seen, &last->mapped.ip),
	    nats ? ": that is the NAT's address" : ": your own address, no NAT put another in its place");
	free(text);
	json_decref(o);
}

static int one_socket(struct whoami *w, int fd)
{
	struct seen *s = &w->seen[w->n];
	int status = w->d.http ? by_http(w, s) : by_stun(w, fd, s);
	if (status != EXIT_YES)
		return status;
	w->n++;
	compare(w, s);
	return EXIT_YES;
}

/* All sockets are open at once: else the second could have the port of the first. */
static int all_sockets(struct whoami *w, size_t n)
{
	int fds[SOCKETS_MAX], status = EXIT_YES;
	size_t open = 0;
	for (; !w->d.http && open < n && status == EXIT_YES; open++) {
		enum err e = ask_socket(&w->d.at, &fds[open], &w->seen[open].local);
		if (e != ERR_OK)
			status = cli_fail(w->c, e, "%s cannot be reached: %s", w->d.target.host,
			    e == ERR_UNREACHABLE ? "there is no way there (no route, or no address)"
			                         : strerror(errno));
	}
	for (size_t i = 0; i < n && status == EXIT_YES; i++)
		status = one_socket(w, w->d.http ? -1 : fds[i]);
	for (size_t i = 0; i < open; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return status;
}

static int run(struct whoami *w, long sockets)
{
	struct recorder record;
	char at[ENDPOINT_TEXT];
	int status = recorder_open_towards(w->c, &record, &w->d.at.ip, "udp or tcp or icmp or icmp6");
	if (status != EXIT_YES)
		return status;
	ev_heading(w->t, "Asking %s, %s: where do I come from?", w->d.target.host, endpoint_text(at, &w->d.at));
	status = all_sockets(w, (size_t)sockets);
	if (status == EXIT_YES)
		conclude(w);
	return recorder_close(w->c, &record, status);
}

int verb_whoami(struct cli *c)
{
	struct trace t;
	char me[NAME_TEXT];
	long sockets = SOCKETS;
	int64_t timeout = TIMEOUT_NS;
	struct whoami *w = calloc(1, sizeof *w);
	if (!w || sodium_init() < 0) {
		free(w);
		return cli_fail(c, ERR_NOMEM, "out of memory");
	}
	w->c = c;
	w->t = &t;
	w->me = own_name(me);
	int status = destination_parse(c, &w->d, c->argc ? c->argv[0] : LAB_SERVER);
	if (status == EXIT_YES &&
	    (!cli_number(c, "sockets", 1, SOCKETS_MAX, &sockets) || !cli_seconds(c, "timeout", 3600, &timeout)))
		status = EXIT_USAGE;
	if (status == EXIT_YES && cli_has(c, "ipv4") && cli_has(c, "ipv6"))
		status = cli_usage(c, "-4 and -6 exclude each other");
	if (status == EXIT_YES) {
		cli_catch_interrupt();
		w->end = deadline_in(timeout, cli_interrupt_fd());
		status = destination_resolve(c, &w->d, w->end);
	}
	if (status == EXIT_YES) {
		enum err e = cli_trace_open(c, &t, &clock_real, w->me);
		status = e == ERR_OK ? run(w, sockets) : (int)err_exit(e);
		status = cli_trace_close(c, &t, status);
	}
	free(w);
	return status;
}
