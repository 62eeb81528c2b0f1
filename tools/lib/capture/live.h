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
	char name[LAB_HOST_MAX];
	struct mac *macs; /* of all its interfaces: a bridge sends with its own address through its ports */
	size_t n_macs;
	int netns; /* until its interfaces are open */
};

/* An interface that is to be opened. */
struct live_job {
	size_t host;
	char ifname[32];
	pcap_t *pcap;
	enum err err;
	char msg[256];
};

enum {
	FD_STOP, /* the caller's, readable when it wants an end */
	FD_END,  /* the lab's: its packet sockets outlive it, and would wait for ever */
	FD_IFS
};

struct live {
	struct live_if *ifs;
	size_t n_ifs, n_open;
	struct live_host *hosts;
	size_t n_hosts;
	struct live_job *jobs;
	size_t n_jobs;
	int buffer;         /* octets that the kernel keeps for an interface */
	struct pollfd *fds; /* FD_STOP, FD_END, then one an interface from FD_IFS on */
	bool ended;         /* FD_END was readable: nothing more will come */
	struct queue queue;
	size_t held_octets;
	unsigned given_in_a_row;
	int64_t complete_until; /* every packet up to this time is in the queue */
	struct held given;      /* the caller has its bytes until the next call */
	uint64_t seq, lost;
};

/* Runs job(ctx, 0) to job(ctx, n - 1), each in a thread of its own as far as there are any. Opening and
 * closing a packet socket waits for the whole kernel (RCU) for some 15 ms: many at once wait no longer than
 * one. */
void in_parallel(size_t n, void (*job)(void *ctx, size_t i), void *ctx);

#endif
