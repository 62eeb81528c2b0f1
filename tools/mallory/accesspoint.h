/* freewifi itself: dnsmasq on mallory's LAN, which leases addresses with mallory as router and as name
 * server, and gives mallory's own address for the bank's name. */
#ifndef MALLORY_ACCESSPOINT_H
#define MALLORY_ACCESSPOINT_H

#include <net/if.h>
#include <stdbool.h>
#include <uv.h>

#include "glassnet/addr.h"
#include "glassnet/err.h"
#include "glassnet/trace.h"

/* The network that victims are on. */
struct lan {
	char ifname[IF_NAMESIZE];
	struct ip self; /* mallory's address there */
	uint8_t prefix; /* length */
};

/* Finds the interface with an IPv4 address that the default route does not go through. ERR_NEGATIVE if there
 * is none, or no default route. */
enum err lan_find(struct lan *out) MUST_USE;

#define ACCESSPOINT_MAX_LEASES 32

struct lease {
	char addr[IP_TEXT];
	char mac[MAC_TEXT];
	char name[64]; /* as the client called itself, escaped; "" if it did not */
};

struct accesspoint {
	struct trace *trace;
	const char *bank_name;
	const char *lease_file; /* kept by dnsmasq, so that a restart knows its clients; borrowed */
	pid_t pid;              /* 0: not running */
	uv_pipe_t log;
	uv_signal_t child;
	bool ready;
	bool ended; /* dnsmasq is gone although nobody asked it to */
	char last_line[200];
	char line[512];
	size_t line_len;
	bool line_too_long;
	struct lease leases[ACCESSPOINT_MAX_LEASES];
	size_t n_leases;
	unsigned lies;                /* how many times the bank's name was answered with mallory's address */
	void (*on_change)(void *ctx); /* ready, or ended */
	void *ctx;
};

/* Starts dnsmasq; it ends with this process whatever happens. on_change is called from the loop. */
enum err accesspoint_start(struct accesspoint *a, uv_loop_t *loop, const struct lan *lan) MUST_USE;

/* Ends dnsmasq, waits for it, and closes the handles (the loop must run until they are closed). */
void accesspoint_stop(struct accesspoint *a);

/* Reads the leases that an earlier dnsmasq kept: "EXPIRY MAC ADDRESS NAME CLIENT-ID" on each line. No file:
 * no leases. */
void accesspoint_read_leases(struct accesspoint *a);

/* One line of dnsmasq's log: leases and lies are noted and emitted, the rest is passed over. */
void accesspoint_log_line(struct accesspoint *a, const char *line, size_t len);

/* relay_config.name_victim: the name in the lease of that address, else the address. */
void accesspoint_name(const void *accesspoint, const char *addr, char *out, size_t cap);

#endif
