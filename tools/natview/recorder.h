/* --pcap: the packets that a verb causes, captured on this machine's interfaces while it runs. */
#ifndef NATVIEW_RECORDER_H
#define NATVIEW_RECORDER_H

#include "glassnet/capture.h"
#include "glassnet/cli.h"

struct recorder {
	struct capture *cap; /* NULL: nothing is recorded */
	struct pcapng *out;
	enum err failed;
};

/* Opens both where --pcap was given; ifname NULL: the first interface that is up. An exit status, after a message where it is not EXIT_YES. */
int recorder_open(struct cli *c, struct recorder *r, const char *ifname, const char *filter);

/* The same at the interface by which packets go to that address. */
int recorder_open_towards(struct cli *c, struct recorder *r, const struct ip *to, const char *filter);

/* Writes what was sent until now. */
void recorder_drain(struct recorder *r);

/* Drains, closes; returns status, or what is worse. */
int recorder_close(struct cli *c, struct recorder *r, int status);

#endif
