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

/* Opens both where --pcap was given. An exit status, after a message where it is not EXIT_YES. */
int recorder_open(struct cli *c, struct recorder *r, const char *filter);

/* Writes what was sent until now. */
void recorder_drain(struct recorder *r);

/* Drains, closes; returns status, or what is worse. */
int recorder_close(struct cli *c, struct recorder *r, int status);

#endif
