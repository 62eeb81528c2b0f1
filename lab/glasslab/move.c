/* Plugging in and out, and walking from one network to another. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "holder.h"
#include "isolate.h"

#define FORWARDING_MS 2000 /* until a switch must have noticed that something was plugged in */

/* IPv6 begins with a question to all routers, once (RFC 4861 6.3.7): its repetition comes after four seconds.
 * So it is switched on only when there is somebody to hear it. */
static enum err ipv6(struct holder *h, size_t host, const char *ifname, bool on, struct why *w)
{
	char path[128];
	snprintf(path, sizeof path, "/proc/sys/net/ipv6/conf/%s/disable_ipv6", ifname);
	if (setns(h->host[host].net, CLONE_NEWNET) < 0) /* /proc/sys/net is that of who looks */
		return why_errno(w, ERR_UNSUPPORTED, "%s: its network cannot be entered", h->t.host[host].name);
	enum err e = isolate_write(path, on ? "0" : "1", w);
	if (setns(h->own_net, CLONE_NEWNET) < 0 && e == ERR_OK)
		e = why_errno(w, ERR_UNSUPPORTED, "the own network cannot be entered");
	return e;
}

/* The kernel tells a switch of a new carrier in its own time; frames sent before are lost. */
static void wait_for_switch(struct holder *h, unsigned port)
{
	for (int i = 0; i < FORWARDING_MS && !netlink_forwarding(&h->nl, port); i++)
		nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);
}

enum err holder_plug_in(struct holder *h, size_t host, struct why *w)
{
	struct netlink *nl = &h->host[host].nl;
	enum err e = ERR_OK;
	for (size_t k = 0; e == ERR_OK && k < h->t.host[host].n_ifaces; k++) {
		const struct topo_iface *f = &h->t.host[host].iface[k];
		if (!f->dhcp)
			continue;
		e = netlink_up(nl, netlink_index(nl, f->name), true, w);
		if (e == ERR_OK && h->host[host].port[k])
			wait_for_switch(h, h->host[host].port[k]);
		if (e == ERR_OK)
			e = ipv6(h, host, f->name, true, w);
	}
	return e;
}

/* The interface that hangs on a switch and has its address from the network: what a learner would carry
 * around. */
static int movable(const struct topo_host *h)
{
	for (size_t k = 0; k < h->n_ifaces; k++)
		if (h->iface[k].lan >= 0 && h->iface[k].dhcp)
			return (int)k;
	return -1;
}

/* Servers that hang on the address: the DHCP client asks anew, as it does when a real cable is plugged in. */
static enum err restart_clients(struct holder *h, size_t host, bool start, struct why *w)
{
	enum err e = ERR_OK;
	for (size_t s = 0; e == ERR_OK && s < h->t.host[host].n_services; s++) {
		if (h->host[host].service[s].program->ready != READY_LEASE)
			continue;
		if (start)
			e = service_start(h, host, s, w);
		else
			service_stop(h, host, s);
	}
	return e;
}

enum err holder_move(struct holder *h, size_t host, size_t lan, struct why *w)
{
	const struct topo_host *t = &h->t.host[host];
	struct holder_host *hh = &h->host[host];
	int k = movable(t);
	if (k < 0)
		return why(w, ERR_NEGATIVE, "%s is wired in: only a host with an address from DHCP can walk around",
		    t->name);
	unsigned index = netlink_index(&hh->nl, t->iface[k].name), port = hh->port[k];
	enum err e = restart_clients(h, host, false, w);
	if (e == ERR_OK)
		e = netlink_up(&h->nl, port, false, w); /* the plug is out: the host sees its carrier go */
	if (e == ERR_OK)
		e = ipv6(h, host, t->iface[k].name, false, w);
	if (e == ERR_OK)
		e = netlink_flush(&hh->nl, index, w);
	if (e == ERR_OK)
		e = netlink_up(&hh->nl, index, false, w); /* takes neighbours and routes with it */
	unlinkat(hh->run, "lease", 0);
	int resolv = openat(hh->run, "resolv.conf", O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (resolv >= 0)
		close(resolv);
	if (e == ERR_OK)
		e = netlink_plug(&h->nl, port, h->bridge[lan], w);
	if (e == ERR_OK) {
		hh->lan[k] = (int)lan;
		e = netlink_up(&h->nl, port, true, w);
	}
	return e == ERR_OK ? restart_clients(h, host, true, w) : e;
}
