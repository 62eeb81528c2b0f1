/* Walking from one network to another: the plug is pulled, and put into another switch. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "holder.h"

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
		return why(w, ERR_NEGATIVE,
		    "%s is wired in: only a host with an address from DHCP can walk around", t->name);
	unsigned index = netlink_index(&hh->nl, t->iface[k].name), port = hh->port[k];
	enum err e = restart_clients(h, host, false, w);
	if (e == ERR_OK)
		e = netlink_up(&h->nl, port, false, w); /* the plug is out: the host sees its carrier go */
	if (e == ERR_OK)
		e = netlink_flush(&hh->nl, index, w);
	if (e == ERR_OK)
		e = netlink_up(
		    &hh->nl, index, false, w); /* takes neighbours, routes and IPv6 addresses with it */
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
