/* The state of a live capture: live.c runs it, interfaces.c opens its interfaces. */
#ifndef CAPTURE_LIVE_H
#define CAPTURE_LIVE_H

#include <poll.h>

#include "private.h"
#include "queue.h"

struct live_if {
	pcap_t *pcap; /* NULL: it went away */
	size_t vantage, host;
	bool ether;
};

struct live_host {
	struct mac *macs; /* of all its interfaces: a bridge sends with its own address through its ports */
	size_t n_macs;
};

struct live {
	struct live_if *ifs;
	size_t n_ifs, n_open;
	struct live_host *hosts;
	size_t n_hosts;
	struct pollfd *fds; /* the caller's stop descriptor, then one an interface */
	struct queue queue;
	int64_t complete_until; /* every packet up to this time is in the queue */
	struct held given;      /* the caller has its bytes until the next call */
	uint64_t seq, lost;
};

#endif
