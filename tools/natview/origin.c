#include "origin.h"

#include <ctype.h>
#include <dirent.h>
#include <linux/if_addr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/addr_kind.h"

#define LAB_LEASE "/run/glassnet/lease" /* what the lab's DHCP client notes (udhcpc.script) */

/* The client's own note: "KEY VALUE" lines, or systemd's "KEY=VALUE". False: none, or of another address. */
static bool lease_in(const char *path, const struct net_addr *a, char *server, size_t cap, unsigned long *seconds)
{
	char line[256], ip[IP_TEXT];
	bool ours = false;
	FILE *f = fopen(path, "re");
	*server = '\0';
	*seconds = 0;
	ip_text(ip, &a->ip);
	while (f && fgets(line, sizeof line, f)) {
		char *value = line + strcspn(line, " =");
		if (!*value)
			continue;
		*value++ = '\0';
		value[strcspn(value, "\n/")] = '\0';
		if (strcasecmp(line, "address") == 0)
			ours = strcmp(value, ip) == 0;
		else if (strcasecmp(line, "server") == 0 || strcmp(line, "SERVER_ADDRESS") == 0)
			snprintf(server, cap, "%.*s", (int)strspn(value, "0123456789."), value);
		else if (strcmp(line, "seconds") == 0 || strcmp(line, "LIFETIME") == 0)
			*seconds = strtoul(value, NULL, 10);
	}
	if (f)
		fclose(f);
	return ours;
}

static bool same_network(const char *pid)
{
	char path[64];
	struct stat theirs, ours;
	snprintf(path, sizeof path, "/proc/%.20s/ns/net", pid);
	return stat(path, &theirs) == 0 && stat("/proc/self/ns/net", &ours) == 0 && theirs.st_ino == ours.st_ino;
}

/* Is this the command line of a DHCP client for that interface? Arguments stand one behind the other, each with a NUL. */
static bool is_client(const char *cmdline, size_t len, const char *ifname)
{
	bool client = false, names_it = false;
	for (size_t at = 0; at < len; at += strlen(cmdline + at) + 1) {
		const char *base = strrchr(cmdline + at, '/');
		base = base ? base + 1 : cmdline + at;
		client = client || strcmp(base, "udhcpc") == 0 || strcmp(base, "dhclient") == 0 ||
		         strcmp(base, "dhcpcd") == 0;
		names_it = names_it || strcmp(cmdline + at, ifname) == 0;
	}
	return client && names_it;
}

/* The pid of a DHCP client of this network that serves that interface; 0: none. */
static int client_of(const char *ifname)
{
	DIR *d = opendir("/proc");
	int found = 0;
	for (struct dirent *e; !found && d && (e = readdir(d));) {
		char path[64], cmdline[1024];
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof path, "/proc/%.20s/cmdline", e->d_name);
		FILE *f = fopen(path, "re");
		size_t n = f ? fread(cmdline, 1, sizeof cmdline - 1, f) : 0;
		if (f)
			fclose(f);
		cmdline[n] = '\0';
		if (n && is_client(cmdline, n, ifname) && same_network(e->d_name))
			found = (int)strtol(e->d_name, NULL, 10);
	}
	if (d)
		closedir(d);
	return found;
}

/* RFC 4291 appendix A: the MAC address with one bit flipped and ff:fe in its middle. */
static bool made_from_mac(const struct net_addr *a, const struct net_if *f)
{
	const uint8_t *m = f->mac.b;
	const uint8_t id[8] = {(uint8_t)(m[0] ^ 2), m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5]};
	return f->has_mac && memcmp(a->ip.b + 8, id, sizeof id) == 0;
}

static void origin6(struct origin *o, const struct net_addr *a, const struct net_if *f)
{
	const char *id = made_from_mac(a, f) ? ", the last 64 bits are made from the hardware address" : "";
	if (strcmp(addr_kind(&a->ip)->name, "link-local") == 0) {
		*o = (struct origin){.name = "kernel", .ref = "RFC 4862 5.3"};
		snprintf(o->text, sizeof o->text, "the machine gave it to the interface itself%s", id);
	} else if (a->proto == NET_FROM_ROUTER || (a->flags & (IFA_F_MANAGETEMPADDR | IFA_F_TEMPORARY))) {
		*o = (struct origin){.name = "router advertisement", .ref = "RFC 4862 5.5"};
		snprintf(o->text, sizeof o->text, "a router said the first %u bits (router advertisement, SLAAC)%s",
		    a->prefix, a->flags & IFA_F_TEMPORARY ? ", the rest is drawn by chance, for privacy" : id);
	} else {
		*o = (struct origin){.name = "leased", .ref = "RFC 8415"};
		snprintf(o->text, sizeof o->text, "for a limited time: from DHCPv6 or a router advertisement");
	}
}

static void origin4(
    struct origin *o, const struct net_if *f, const char *lease, const char *server, unsigned long seconds)
{
	int pid = client_of(f->name);
	char from[64] = "", client[64] = "";
	*o = (struct origin){.name = "DHCP", .ref = "RFC 2131"};
	if (*server)
		snprintf(from, sizeof from, " by %s", server);
	if (pid)
		snprintf(client, sizeof client, "; its DHCP client is pid %d", pid);
	if (lease && seconds)
		snprintf(o->text, sizeof o->text, "leased by DHCP%s for %lu s (noted in %s)%s", from, seconds, lease,
		    client);
	else if (lease)
		snprintf(o->text, sizeof o->text, "leased by DHCP%s (noted in %s)%s", from, lease, client);
	else
		snprintf(o->text, sizeof o->text, "for a limited time: leased, by DHCP%s", client);
}

void origin_of(struct origin *out, const struct net_addr *a, const struct net_if *f)
{
	char systemd[64], server[64] = "";
	unsigned long seconds;
	bool limited = a->valid != NET_FOREVER && !(a->flags & IFA_F_PERMANENT);
	snprintf(systemd, sizeof systemd, "/run/systemd/netif/leases/%u", a->index);
	if (f->loopback) {
		*out = (struct origin){.name = "kernel", .ref = "RFC 1122 3.2.1.3"};
		snprintf(out->text, sizeof out->text, "every machine has it");
	} else if (a->ip.family == 6 && (limited || strcmp(addr_kind(&a->ip)->name, "link-local") == 0)) {
		origin6(out, a, f);
	} else if (a->ip.family == 4 && lease_in(LAB_LEASE, a, server, sizeof server, &seconds)) {
		origin4(out, f, LAB_LEASE, server, seconds);
	} else if (a->ip.family == 4 && lease_in(systemd, a, server, sizeof server, &seconds)) {
		origin4(out, f, systemd, server, seconds);
	} else if (a->ip.family == 4 && limited) {
		origin4(out, f, NULL, "", 0);
	} else {
		*out = (struct origin){.name = "static", .ref = "RFC 2131 1"};
		snprintf(
		    out->text, sizeof out->text, "set by hand or by a program, for good: no lease is known of it");
	}
}
