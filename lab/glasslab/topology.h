/* The mini-Internet as data: what lab/topology.conf says, read and checked before anything is started.
 *
 * A host has interfaces. An interface is either one end of a cable to another host (`to`) or is plugged into
 * a switch
 * (`lan`), from which `glasslab move` can unplug it. A program is something that hosts run (knotd, nginx,
 * ...). */
#ifndef GLASSLAB_TOPOLOGY_H
#define GLASSLAB_TOPOLOGY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/addr.h"
#include "glassnet/lab.h"
#include "why.h"

#define TOPO_MAX_HOSTS    64
#define TOPO_MAX_IFACES   32
#define TOPO_MAX_ADDRS    4
#define TOPO_MAX_ROUTES   16
#define TOPO_MAX_LANS     16
#define TOPO_MAX_PROGRAMS 24
#define TOPO_MAX_SERVICES 8
#define TOPO_MAX_ARGS     24
#define TOPO_MAX_ZONES    8
#define TOPO_MAX_CERTS    4
#define TOPO_MAX_NAMES    4
#define TOPO_NAME         64  /* octets with the NUL */
#define TOPO_DOMAIN       256 /* a domain name, likewise */
#define TOPO_TEXT         128
#define TOPO_IFNAME       16

struct topo_addr {
	struct ip ip;
	uint8_t prefix; /* bits */
};

struct topo_iface {
	char name[TOPO_IFNAME];
	struct mac mac; /* made from the host's and the interface's number */
	int lan;        /* number of the switch, or -1: a cable */
	int peer_host;  /* the cable's other end; -1 for a switch */
	int peer_iface;
	size_t n_addrs;
	struct topo_addr addr[TOPO_MAX_ADDRS];
	bool dhcp; /* its addresses come from the network */
};

struct topo_route {
	struct topo_addr to; /* prefix 0: everything */
	struct ip via;
};

/* How to tell that a program is ready. */
enum topo_ready { READY_AT_ONCE, READY_EXITED, READY_DNS, READY_TCP, READY_UDP, READY_LEASE };

struct topo_program {
	char name[TOPO_NAME];
	char title[TOPO_TEXT];
	size_t n_args;
	char *args[TOPO_MAX_ARGS + 1]; /* with @{...} still in them */
	enum topo_ready ready;
	uint16_t port;
	int after; /* number of the program that must be ready everywhere before, or -1 */
};

/* A certificate that the lab's CA makes for a host: NAME.key and NAME.chain.pem in its /run/glassnet/pki. */
struct topo_cert {
	char name[TOPO_NAME];
	size_t n_names;
	char dns[TOPO_MAX_NAMES][TOPO_DOMAIN];
	bool expired; /* its time was over when the lab was made */
	bool revoked; /* the CA has taken it back: it stands in the CRL */
};

struct topo_host {
	char name[LAB_HOST_MAX];
	char title[TOPO_TEXT];
	bool forward; /* a router */
	bool ca;      /* keeps the lab's CA keys */
	size_t n_ifaces;
	struct topo_iface iface[TOPO_MAX_IFACES];
	size_t n_routes;
	struct topo_route route[TOPO_MAX_ROUTES];
	size_t n_services;
	int service[TOPO_MAX_SERVICES]; /* numbers of programs */
	size_t n_zones;
	char zone[TOPO_MAX_ZONES][TOPO_DOMAIN]; /* without the dot at the end, but "." for the root */
	size_t n_certs;
	struct topo_cert cert[TOPO_MAX_CERTS];
};

struct topo_lan {
	char name[TOPO_NAME];
	char title[TOPO_TEXT];
};

struct topology {
	char digest[17];       /* of the file's text, as hex: are two topologies the same? */
	struct ip resolver[2]; /* what a host asks that is told nothing else; family 0: none */
	size_t n_hosts, n_lans, n_programs;
	struct topo_host *host; /* n_hosts of them */
	struct topo_lan lan[TOPO_MAX_LANS];
	struct topo_program program[TOPO_MAX_PROGRAMS];
};

/* Reads a topology from text; name is what messages call it. On ERR_OK the caller releases *out; otherwise
 * *out is empty and *w names file, line and what is wrong (ERR_FORMAT), or ERR_TOO_LONG, ERR_NOMEM. */
enum err topology_parse(struct topology *out, const char *text, const char *name, struct why *w) MUST_USE;

/* The same from a file. ERR_IO when it cannot be read. */
enum err topology_load(struct topology *out, const char *path, struct why *w) MUST_USE;
void topology_release(struct topology *t);

int topology_host(const struct topology *t, const char *name); /* its number, -1: none */
int topology_lan(const struct topology *t, const char *name);

/* The first address of that family (4 or 6) that host has; NULL: none. */
const struct ip *topology_addr(const struct topo_host *h, uint8_t family);

#endif
