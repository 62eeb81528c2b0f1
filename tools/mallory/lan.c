/* Which of mallory's interfaces the victims are on. */
#include <ifaddrs.h>
#include <stdio.h>
#include <string.h>

#include "accesspoint.h"

/* The interface of the default route, from /proc/net/route: "IFACE DESTINATION GATEWAY …", in hexadecimal. */
static bool default_interface(char out[static IF_NAMESIZE])
{
	FILE *f = fopen("/proc/net/route", "re");
	if (!f)
		return false;
	char line[256], name[IF_NAMESIZE];
	unsigned destination;
	bool found = false;
	while (!found && fgets(line, sizeof line, f))
		if (sscanf(line, "%15s %x", name, &destination) == 2 && destination == 0) {
			memcpy(out, name, sizeof name);
			found = true;
		}
	fclose(f);
	return found;
}

static uint8_t prefix_length(const struct endpoint *mask)
{
	unsigned n = 0;
	for (int i = 0; i < 4; i++)
		n += (unsigned)__builtin_popcount(mask->ip.b[i]);
	return (uint8_t)n;
}

enum err lan_find(struct lan *out)
{
	char uplink[IF_NAMESIZE];
	struct ifaddrs *all;
	if (!default_interface(uplink))
		return ERR_NEGATIVE;
	if (getifaddrs(&all))
		return ERR_NET;
	enum err e = ERR_NEGATIVE;
	for (struct ifaddrs *i = all; i && e; i = i->ifa_next) {
		struct endpoint addr, mask;
		if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !i->ifa_netmask ||
		    (i->ifa_flags & IFF_LOOPBACK) || strcmp(i->ifa_name, uplink) == 0)
			continue;
		if (endpoint_from_sockaddr(&addr, i->ifa_addr, sizeof(struct sockaddr_in)) ||
		    endpoint_from_sockaddr(&mask, i->ifa_netmask, sizeof(struct sockaddr_in)))
			continue;
		snprintf(out->ifname, sizeof out->ifname, "%s", i->ifa_name);
		out->self = addr.ip;
		out->prefix = prefix_length(&mask);
		e = ERR_OK;
	}
	freeifaddrs(all);
	return e;
}
