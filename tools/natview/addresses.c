/* addresses: what this machine's interfaces are called on the network, what kind of name each is, and who gave it. */
#include <errno.h>
#include <jansson.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/addr_kind.h"
#include "glassnet/wire.h"
#include "natview.h"
#include "netinfo.h"
#include "origin.h"

#define RESOLVERS_MAX 8

struct survey {
	struct cli *c;
	struct trace *t;
	struct netinfo net;
	json_t *ifs, *routes, *neighbours, *resolvers;
	size_t n_v4, n_v6, n_global;
};

/* --- interfaces --------------------------------------------------------------------------------------------------- */

static json_t *say_address(struct survey *s, const struct net_if *f, const struct net_addr *a)
{
	char ip[IP_TEXT], left[64] = "", in[64] = "";
	const struct addr_kind *k = addr_kind(&a->ip);
	struct origin o;
	origin_of(&o, a, f);
	ip_text(ip, &a->ip);
	if (a->valid != NET_FOREVER)
		snprintf(left, sizeof left, "; good for %u s more", a->valid);
	if (*k->prefix)
		snprintf(in, sizeof in, ", of %s", k->prefix);
	ev_decision(s->t, "address", k->ref, "%s/%u is %s%s: %s", ip, a->prefix, k->name, in, k->meaning);
	ev_decision(s->t, "origin", o.ref, "   how it came there: %s%s", o.text, left);
	s->n_v4 += a->ip.family == 4 && !f->loopback;
	s->n_v6 += a->ip.family == 6 && !f->loopback;
	s->n_global += k->global && !f->loopback;
	json_t *j = json_pack("{s:s,s:i,s:s,s:b,s:s,s:s,s:s}", "address", ip, "prefix", a->prefix, "kind", k->name,
	    "global", k->global, "block", k->prefix, "reason", k->ref, "origin", o.name);
	if (a->valid != NET_FOREVER)
		json_object_set_new(j, "valid_s", json_integer(a->valid));
	return j;
}

static void say_interface(struct survey *s, const struct net_if *f)
{
	char mac[MAC_TEXT] = "";
	const char *state = !f->up ? "off" : f->carrier ? "up" : "up, but no cable is plugged in";
	json_t *addrs = json_array();
	if (f->has_mac)
		mac_text(mac, &f->mac);
	ev_heading(s->t, "Interface %s: %s%s%s%s", f->name, state, f->has_mac ? ", hardware address (MAC) " : "", mac,
	    f->loopback ? ", the machine's way to itself" : "");
	for (size_t i = 0; i < s->net.n_addrs; i++)
		if (s->net.addrs[i].index == f->index)
			json_array_append_new(addrs, say_address(s, f, &s->net.addrs[i]));
	if (json_array_size(addrs) == 0)
		ev_decision(s->t, "no-address", NULL, "It has no address: nothing can be sent to it by IP.");
	json_t *j =
	    json_pack("{s:s,s:b,s:b,s:o}", "name", f->name, "up", f->up, "carrier", f->carrier, "addresses", addrs);
	if (f->has_mac)
		json_object_set_new(j, "mac", json_string(mac));
	json_array_append_new(s->ifs, j);
}

/* --- routes, neighbours, names ----------------------------------------------------------------------------------- */

static const char *ifname(const struct survey *s, unsigned index)
{
	const struct net_if *f = netinfo_if(&s->net, index);
	return f ? f->name : "-";
}

static const char *route_origin(uint8_t protocol)
{
	switch (protocol) {
	case RTPROT_KERNEL:
		return "it comes with an address";
	case RTPROT_RA:
		return "from a router advertisement";
	case RTPROT_DHCP:
		return "from DHCP";
	case RTPROT_STATIC:
	case RTPROT_BOOT:
		return "set by hand or by a program";
	default:
		return "set by a routing program";
	}
}

static void say_route(struct survey *s, const struct net_route *r)
{
	char to[IP_TEXT + 8], ip[IP_TEXT], via[IP_TEXT];
	if (r->type != RTN_UNICAST)
		return;
	snprintf(to, sizeof to, "%s/%u",
	    r->to.family && r->prefix ? ip_text(ip, &r->to)
	    : r->to.family == 6       ? "::"
	                              : "0.0.0.0",
	    r->prefix);
	ip_text(via, &r->via);
	if (r->via.family && r->prefix == 0)
		ev_decision(s->t, "default-route", "RFC 1122 3.3.1.2",
		    "%s, that is everything else: to the router %s by %s (the default route; %s).", to, via,
		    ifname(s, r->index), route_origin(r->protocol));
	else if (r->via.family)
		ev_decision(s->t, "route", NULL, "%s: to the router %s by %s (%s).", to, via, ifname(s, r->index),
		    route_origin(r->protocol));
	else
		ev_decision(s->t, "route", NULL, "%s: straight to the receiver by %s, no router between (%s).", to,
		    ifname(s, r->index), route_origin(r->protocol));
	json_t *j = json_pack("{s:s,s:s,s:i}", "to", to, "interface", ifname(s, r->index), "metric", (int)r->metric);
	if (r->via.family)
		json_object_set_new(j, "via", json_string(via));
	json_array_append_new(s->routes, j);
}

static const char *neighbour_state(uint16_t state)
{
	if (state & (NUD_REACHABLE | NUD_PERMANENT))
		return "reachable";
	if (state & (NUD_STALE | NUD_DELAY | NUD_PROBE))
		return "not asked lately";
	if (state & NUD_INCOMPLETE)
		return "asked, no answer yet";
	return state & NUD_FAILED ? "did not answer" : "unknown";
}

static void say_neighbour(struct survey *s, const struct net_neighbour *n)
{
	char ip[IP_TEXT], mac[MAC_TEXT] = "";
	ip_text(ip, &n->ip);
	if (n->has_mac)
		mac_text(mac, &n->mac);
	ev_decision(s->t, "neighbour", n->ip.family == 4 ? "RFC 826" : "RFC 4861", "%s on %s is %s (%s%s; by %s).",
	    ip, ifname(s, n->index), n->has_mac ? mac : "nobody", neighbour_state(n->state),
	    n->router ? ", a router" : "", n->ip.family == 4 ? "ARP" : "neighbour discovery");
	json_array_append_new(
	    s->neighbours, json_pack("{s:s,s:s,s:s,s:s}", "address", ip, "interface", ifname(s, n->index), "mac", mac,
	                       "state", neighbour_state(n->state)));
}

/* /etc/resolv.conf, as resolv.conf(5) has it. */
static void say_resolvers(struct survey *s)
{
	char line[512];
	FILE *f = fopen("/etc/resolv.conf", "re");
	while (f && fgets(line, sizeof line, f) && json_array_size(s->resolvers) < RESOLVERS_MAX) {
		char word[64], addr[128], text[IP_TEXT];
		struct ip ip;
		if (sscanf(line, " %63s %127s", word, addr) != 2 || strcmp(word, "nameserver") != 0)
			continue;
		addr[strcspn(addr, "%")] = '\0';
		if (ip_parse(&ip, addr) != ERR_OK)
			continue;
		ip_text(text, &ip);
		ev_decision(s->t, "resolver", "RFC 1034 5.3.1", "%s is asked for names (/etc/resolv.conf)%s.", text,
		    strcmp(addr_kind(&ip)->name, "loopback") == 0 ? ": a resolver on this machine, which asks others"
		                                                  : "");
		json_array_append_new(s->resolvers, json_string(text));
	}
	if (f)
		fclose(f);
	if (json_array_size(s->resolvers) == 0)
		ev_decision(s->t, "resolver", "RFC 1034 5.3.1",
		    "Nobody: /etc/resolv.conf names no server, so no name can be looked up.");
}

static void say_all(struct survey *s)
{
	ev_explain(s->t,
	    "Interfaces have addresses, machines do not: a machine with two interfaces has two or more, and one "
	    "interface may have several.");
	for (size_t i = 0; i < s->net.n_ifs; i++)
		say_interface(s, &s->net.ifs[i]);
	ev_heading(s->t, "Ways out: the most special that fits is taken");
	for (size_t i = 0; i < s->net.n_routes; i++)
		say_route(s, &s->net.routes[i]);
	if (!netinfo_default(&s->net, 4) && !netinfo_default(&s->net, 6))
		ev_decision(s->t, "no-default-route", NULL,
		    "There is no default route: this machine reaches its own links only.");
	ev_heading(s->t, "Neighbours: who has which address on the link");
	for (size_t i = 0; i < s->net.n_neighbours; i++)
		say_neighbour(s, &s->net.neighbours[i]);
	if (s->net.n_neighbours == 0)
		ev_decision(s->t, "no-neighbour", NULL,
		    "Nobody is known: this machine has not spoken to anybody on its links lately.");
	ev_heading(s->t, "Names");
	say_resolvers(s);
}

static int run(struct survey *s)
{
	enum err e = netinfo_load(&s->net);
	if (e != ERR_OK)
		return cli_fail(s->c, e, "the kernel does not tell: %s", strerror(errno));
	s->ifs = json_array();
	s->routes = json_array();
	s->neighbours = json_array();
	s->resolvers = json_array();
	say_all(s);
	json_t *o = json_pack("{s:o,s:o,s:o,s:o}", "interfaces", s->ifs, "routes", s->routes, "neighbours",
	    s->neighbours, "resolvers", s->resolvers);
	char *text = json_dumps(o, JSON_COMPACT);
	ev_result(s->t, ERR_OK, text,
	    "%zu interfaces, with %zu IPv4 and %zu IPv6 addresses beside loopback; %zu of them %s valid on the "
	    "Internet.",
	    s->net.n_ifs, s->n_v4, s->n_v6, s->n_global, s->n_global == 1 ? "is" : "are");
	free(text);
	json_decref(o);
	netinfo_release(&s->net);
	return EXIT_YES;
}

int verb_addresses(struct cli *c)
{
	struct trace t;
	char me[NAME_TEXT];
	struct survey s = {.c = c, .t = &t};
	enum err e = cli_trace_open(c, &t, &clock_real, own_name(me));
	int status = e == ERR_OK ? run(&s) : (int)err_exit(e);
	return cli_trace_close(c, &t, status);
}
