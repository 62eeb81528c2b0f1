/* Does a server answer? Asked from inside its own host, so that nothing is seen on the wire. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "glassnet/wire.h"
#include "holder.h"

#define ASK_AGAIN_NS (20 * NS_PER_MS) /* a question that met no server is lost */

/* A socket of the host's own network namespace, towards the server's port. */
static int socket_in(const struct holder *h, size_t host, int type, uint16_t port, struct why *w)
{
	const struct ip *a = topology_addr(&h->t.host[host], 4);
	struct endpoint to = {.ip = a ? *a : ip_from(4, "\x7f\0\0\1"), .port = port};
	struct sockaddr_storage addr;
	socklen_t len = endpoint_to_sockaddr(&addr, &to);
	if (setns(h->host[host].net, CLONE_NEWNET) < 0) {
		(void)why_errno(w, ERR_UNSUPPORTED, "%s: its network cannot be entered", h->t.host[host].name);
		return -1;
	}
	int s = socket(addr.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (setns(h->own_net, CLONE_NEWNET) < 0) {
		(void)why_errno(w, ERR_UNSUPPORTED, "the own network cannot be entered");
		close(s);
		return -1;
	}
	/* To oneself a refusal is told at once. */
	if (s >= 0 && connect(s, (struct sockaddr *)&addr, len) < 0 && errno != EINPROGRESS) {
		close(s);
		return -2;
	}
	return s;
}

/* A query for the SOA of the first zone; a host without zones (a resolver) is asked for localhost. */
static size_t query(const struct topo_host *h, uint8_t *out, size_t cap)
{
	struct wr w = wr_init(out, cap);
	static const uint16_t header[6] = {0x676c, 0, 1, 0, 0, 0}; /* id, flags, one question */
	for (size_t i = 0; i < 6; i++)
		wr_u16(&w, header[i]);
	const char *name = h->n_zones ? h->zone[0] : "localhost";
	while (*name && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");
		wr_u8(&w, (uint8_t)label);
		wr_bytes(&w, name, label);
		name += label + (name[label] == '.');
	}
	wr_u8(&w, 0);
	wr_u16(&w, h->n_zones ? 6 : 1); /* SOA, A */
	wr_u16(&w, 1);
	return w.bad ? 0 : w.pos;
}

static enum err probe_dns(struct holder *h, size_t host, struct service *s, int64_t now, struct why *w)
{
	uint8_t buf[512];
	if (s->probe < 0) {
		s->probe = socket_in(h, host, SOCK_DGRAM, s->program->port, w);
		if (s->probe < 0)
			return s->probe == -1 ? ERR_UNSUPPORTED : ERR_OK;
		s->probed = 0;
	}
	for (ssize_t n; (n = recv(s->probe, buf, sizeof buf, 0)) >= 0 || errno == ECONNREFUSED;) {
		if (n >= 12 && (buf[2] & 0x80) &&
		    (buf[3] & 0x0f) == 0) { /* an answer, and no error (RFC 1035 4.1.1) */
			s->state = SERVICE_READY;
			return ERR_OK;
		}
		s->probed = 0;
	}
	if (s->probed && now - s->probed < ASK_AGAIN_NS)
		return ERR_OK;
	size_t len = query(&h->t.host[host], buf, sizeof buf);
	if (send(s->probe, buf, len, 0) < 0 && errno != ECONNREFUSED && errno != EAGAIN)
		return why_errno(w, ERR_NET, "%s: its name server cannot be asked", h->t.host[host].name);
	s->probed = now;
	return ERR_OK;
}

static enum err probe_tcp(struct holder *h, size_t host, struct service *s, struct why *w)
{
	int sock = socket_in(h, host, SOCK_STREAM, s->program->port, w);
	if (sock == -1)
		return ERR_UNSUPPORTED;
	if (sock < 0)
		return ERR_OK;
	close(sock);
	s->state = SERVICE_READY;
	return ERR_OK;
}

/* No question fits every UDP server: is its port bound? The kernel's table is that of the server's namespace.
 */
static enum err probe_udp(struct service *s)
{
	char path[64], line[256];
	snprintf(path, sizeof path, "/proc/%d/net/udp", (int)s->pid);
	FILE *f = fopen(path, "re");
	unsigned port;
	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, " %*d: %*8x:%4x", &port) == 1 && port == s->program->port)
			s->state = SERVICE_READY;
	if (f)
		fclose(f);
	return ERR_OK;
}

/* Is there a router with IPv6 in the network that the host is plugged into? Then it advertises itself (RFC
 * 4861). */
static bool ipv6_router_there(const struct holder *h, size_t host)
{
	for (size_t i = 0; i < h->t.n_hosts; i++)
		for (size_t k = 0; h->t.host[i].forward && k < h->t.host[i].n_ifaces; k++) {
			const struct topo_iface *f = &h->t.host[i].iface[k];
			if (f->lan < 0 || f->lan != h->host[host].lan[0])
				continue;
			for (size_t a = 0; a < f->n_addrs; a++)
				if (f->addr[a].ip.family == 6)
					return true;
		}
	return false;
}

/* The DHCP client's script leaves a file when it has set an address. IPv6 comes beside it, without a client.
 */
static void probe_lease(struct holder *h, size_t host, struct service *s)
{
	struct ip gateway[4];
	bool ipv6 = !ipv6_router_there(h, host);
	if (faccessat(h->host[host].run, "lease", F_OK, 0) != 0)
		return;
	for (size_t i = ipv6 ? 0 : netlink_gateways(&h->host[host].nl, gateway, 4); i > 0; i--)
		ipv6 = ipv6 || gateway[i - 1].family == 6;
	if (ipv6)
		s->state = SERVICE_READY;
}

enum err probe(struct holder *h, size_t host, size_t service, int64_t now, struct why *w)
{
	struct service *s = &h->host[host].service[service];
	enum err e = ERR_OK;
	switch (s->program->ready) {
	case READY_DNS:
		e = probe_dns(h, host, s, now, w);
		break;
	case READY_TCP:
		e = probe_tcp(h, host, s, w);
		break;
	case READY_UDP:
		e = probe_udp(s);
		break;
	case READY_LEASE:
		probe_lease(h, host, s);
		break;
	case READY_AT_ONCE:
	case READY_EXITED:
		s->state = SERVICE_READY;
	}
	if (s->state == SERVICE_READY && s->probe >= 0) {
		close(s->probe);
		s->probe = -1;
	}
	return e;
}
