/* ports: which process receives what. */
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/addr_kind.h"
#include "natview.h"
#include "netinfo.h"
#include "sockets.h"

#define LISTED 3 /* so many of a machine's addresses are named; of more, the number */

struct report {
	struct cli *c;
	struct trace *t;
	struct sockets socks;
	struct netinfo net;
	json_t *listening, *connections;
};

static const char *state_name(uint8_t state)
{
	static const char *const names[] = {[TCP_ESTABLISHED] = "established",
	    [TCP_SYN_SENT] = "asked for, no answer yet",
	    [TCP_SYN_RECV] = "being opened",
	    [TCP_FIN_WAIT1] = "being closed",
	    [TCP_FIN_WAIT2] = "half closed, by us",
	    [TCP_TIME_WAIT] = "over, kept for late packets",
	    [TCP_CLOSE] = "closed",
	    [TCP_CLOSE_WAIT] = "half closed, by the other side",
	    [TCP_LAST_ACK] = "being closed",
	    [TCP_LISTEN] = "listening",
	    [TCP_CLOSING] = "being closed"};
	return state < sizeof names / sizeof *names && names[state] ? names[state] : "being opened";
}

/* The addresses at which a socket on the wildcard address is reached. */
static void everywhere(const struct report *r, const struct open_socket *o, char *out, size_t cap)
{
	size_t n = 0, at = 0;
	out[0] = '\0';
	for (size_t i = 0; i < r->net.n_addrs; i++) {
		const struct net_addr *a = &r->net.addrs[i];
		char text[ENDPOINT_TEXT];
		bool fits = a->ip.family == o->local.ip.family || (o->local.ip.family == 6 && !o->six_only);
		const char *kind = addr_kind(&a->ip)->name;
		if (!fits || (o->index && o->index != a->index) || strcmp(kind, "loopback") == 0 ||
		    strcmp(kind, "link-local") == 0)
			continue;
		struct endpoint e = {a->ip, o->local.port};
		if (n++ < LISTED && at < cap)
			at += (size_t)snprintf(out + at, cap - at, "%s%s", at ? " or " : "", endpoint_text(text, &e));
	}
	if (n > LISTED)
		snprintf(out, cap, "port %u of any of this machine's %zu addresses", o->local.port, n);
	else if (n == 0)
		snprintf(out, cap, "port %u of this machine (it has no address but loopback)", o->local.port);
}

static json_t *socket_json(const struct report *r, const struct open_socket *o)
{
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT];
	size_t n;
	json_t *processes = json_array();
	const struct holder *h = socket_holder(&r->socks, o, &n);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(processes, json_pack("{s:i,s:s}", "pid", (int)h[i].pid, "name", h[i].name));
	json_t *j = json_pack("{s:s,s:s,s:i,s:o}", "protocol", protocol_name(o->protocol), "local",
	    endpoint_text(local, &o->local), "uid", (int)o->uid, "processes", processes);
	if (!socket_listens(o)) {
		json_object_set_new(j, "remote", json_string(endpoint_text(remote, &o->remote)));
		json_object_set_new(
		    j, "state", json_string(o->protocol == IPPROTO_UDP ? "connected" : state_name(o->state)));
	}
	return j;
}

static void say_listener(struct report *r, const struct open_socket *o)
{
	char at[ENDPOINT_TEXT], reach[LISTED * (ENDPOINT_TEXT + 4) + 64], who[HOLDER_TEXT];
	const char *kind = addr_kind(&o->local.ip)->name;
	endpoint_text(at, &o->local);
	holder_text(who, &r->socks, o);
	if (strcmp(kind, "unspecified") == 0) {
		const struct net_if *f = o->index ? netinfo_if(&r->net, o->index) : NULL;
		everywhere(r, o, reach, sizeof reach);
		ev_decision(r->t, "listens", NULL, "A %s packet to %s goes to %s (it listens at %s%s%s).",
		    protocol_name(o->protocol), reach, who, at, f ? ", interface " : ": every address",
		    f ? f->name : "");
	} else {
		ev_decision(r->t, "listens", NULL, "A %s packet to %s goes to %s%s.", protocol_name(o->protocol), at,
		    who, strcmp(kind, "loopback") == 0 ? ", if it comes from this machine itself" : "");
	}
	json_array_append_new(r->listening, socket_json(r, o));
}

static void say_connection(struct report *r, const struct open_socket *o)
{
	char local[ENDPOINT_TEXT], remote[ENDPOINT_TEXT], who[HOLDER_TEXT];
	size_t n;
	bool held = socket_holder(&r->socks, o, &n) != NULL;
	ev_decision(r->t, "connection", NULL, "%s between %s (here) and %s: %s; %s.", protocol_name(o->protocol),
	    endpoint_text(local, &o->local), endpoint_text(remote, &o->remote),
	    o->protocol == IPPROTO_UDP ? "takes packets from there alone" : state_name(o->state),
	    held                                                    ? holder_text(who, &r->socks, o)
	    : o->state == TCP_TIME_WAIT || o->state == TCP_SYN_RECV ? "the kernel keeps it"
	                                                            : holder_text(who, &r->socks, o));
	json_array_append_new(r->connections, socket_json(r, o));
}

static int by_port(const void *a, const void *b)
{
	const struct open_socket *x = a, *y = b;
	if (x->local.port != y->local.port)
		return x->local.port < y->local.port ? -1 : 1;
	if (x->protocol != y->protocol)
		return x->protocol < y->protocol ? -1 : 1;
	return ip_compare(&x->local.ip, &y->local.ip);
}

static void say_all(struct report *r)
{
	size_t listening = 0, connections = 0;
	ev_explain(r->t,
	    "An address brings a packet to the machine; the port number in it says to which of its processes. "
	    "Who wants packets for a port asks the kernel for it (listens).");
	ev_heading(r->t, "Who listens");
	for (size_t i = 0; i < r->socks.n; i++)
		if (socket_listens(&r->socks.at[i])) {
			say_listener(r, &r->socks.at[i]);
			listening++;
		}
	if (!listening)
		ev_decision(r->t, "nobody", NULL,
		    "Nobody: a TCP packet is answered with a reset, a UDP packet with ICMP port unreachable.");
	if (cli_has(r->c, "listening"))
		return;
	ev_heading(r->t, "Connections: both ends' addresses and ports together are what tells one from another");
	for (size_t i = 0; i < r->socks.n; i++)
		if (!socket_listens(&r->socks.at[i]) && r->socks.at[i].remote.port) {
			say_connection(r, &r->socks.at[i]);
			connections++;
		}
	if (!connections)
		ev_decision(r->t, "none", NULL, "There are none.");
}

static int run(struct report *r)
{
	enum err e = sockets_load(&r->socks);
	if (e == ERR_OK && (e = netinfo_load(&r->net)) != ERR_OK)
		sockets_release(&r->socks);
	if (e != ERR_OK)
		return cli_fail(r->c, e, "the kernel does not tell: %s", strerror(errno));
	if (r->socks.n)
		qsort(r->socks.at, r->socks.n, sizeof *r->socks.at, by_port);
	r->listening = json_array();
	r->connections = json_array();
	say_all(r);
	json_t *o = json_pack("{s:o,s:o}", "listening", r->listening, "connections", r->connections);
	char *text = json_dumps(o, JSON_COMPACT);
	ev_result(r->t, ERR_OK, text, "%zu sockets wait for packets; %zu connections.", json_array_size(r->listening),
	    json_array_size(r->connections));
	free(text);
	json_decref(o);
	sockets_release(&r->socks);
	netinfo_release(&r->net);
	return EXIT_YES;
}

int verb_ports(struct cli *c)
{
	struct trace t;
	char me[NAME_TEXT];
	struct report r = {.c = c, .t = &t};
	enum err e = cli_trace_open(c, &t, &clock_real, own_name(me));
	int status = e == ERR_OK ? run(&r) : (int)err_exit(e);
	return cli_trace_close(c, &t, status);
}
