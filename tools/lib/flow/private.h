/* What a connection is made of. flow.c keeps them, segment.c judges numbers, stream.c puts octets in order, message.c
 * finds where messages end. */
#ifndef FLOW_PRIVATE_H
#define FLOW_PRIVATE_H

#include "glassnet/flow.h"
#include "glassnet/proto/transport.h"

/* Octets that came too early; in a list, by sequence number. */
struct early {
	struct early *next;
	uint32_t seq;
	uint32_t packet;
	size_t len;
	uint8_t bytes[];
};

#define MAX_EARLY 64 /* segments that wait behind a gap */

/* The octets of one direction that are in order and wait for the rest of their message. */
struct stream {
	uint8_t *buf;
	size_t len, cap;
	size_t used;   /* octets of whole messages at the begin of buf: dropped at the next call */
	size_t wanted; /* no message ends before there are so many octets; 0: not known */
	unsigned n_packets;
	uint32_t begin; /* number of the packet that brought buf's first octet */
	struct early *early;
	size_t n_early, early_octets;
};

#define REMEMBERED 4

/* One direction of a connection. */
struct half {
	bool known;    /* base and next are */
	bool syn_seen; /* base is the SYN's number; else one before the first that was seen */
	bool acked, fin;
	bool keyed;    /* keys are in use in what is sent from here on */
	uint32_t base; /* the sequence number that counts as 0 */
	uint32_t next; /* the octet that is due next */
	uint32_t top;  /* behind the highest octet that was seen */
	uint32_t ack;  /* its last acknowledgment, of the other's octets */
	uint16_t window;
	unsigned repeated;  /* how often that acknowledgment came again */
	uint64_t gap_since; /* time of the packet at which octets were missing first */
	struct {
		uint32_t seq, packet;
	} sent[REMEMBERED]; /* what was sent last, a ring */
	unsigned n_sent;
	struct stream stream;
};

struct key {
	struct endpoint end[2]; /* 0: who spoke first */
	size_t place;
};

struct flow;

/* A flow stands in the table under its ends and, where a NAT gave it others, under these, too. */
struct entry {
	struct entry *next; /* in the same bucket */
	struct flow *flow;
	uint64_t hash;
	struct key key;
};

struct flow {
	struct entry entries[2];
	unsigned n_entries;
	struct flow *older, *newer; /* by the last packet */
	uint64_t number;
	enum proto proto; /* what its streams speak; PROTO_NONE: nothing was recognised yet */
	bool head_asked;  /* the last HTTP request was HEAD: the response has no body whatever it says */
	bool reset;
	struct half half[2];
	struct opener *opener;  /* TLS keys of the connection; NULL: none were looked for yet */
	struct ssh_opener *ssh; /* the same of SSH */
};

/* How much there is of everything. */
struct account {
	struct flows_limits limits;
	size_t octets; /* that wait in all streams */
};

/* --- segment.c */

struct numbers {
	uint32_t seq;  /* of data */
	uint32_t len;  /* octets on the wire */
	uint32_t skip; /* of these were seen before */
	bool fills;    /* it closes a gap */
};

/* Fills in s's numbers and marks, and moves me and peer on, but for what the stream does with the data. */
void segment_judge(
    struct flow *f, unsigned side, const struct packet *p, const struct tcp *h, struct segment *s, struct numbers *n);

/* a - b, in the arithmetic of sequence numbers (RFC 9293 3.4) */
static inline int32_t seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

/* --- stream.c */

void stream_release(struct stream *s, struct account *a);

/* Takes away what was given out at the last call. */
void stream_settle(struct stream *s, struct account *a);

/* The segment's data; gives out in s what is in order from it on. ERR_NOMEM. */
enum err stream_take(struct flow *f, unsigned side, struct account *a, const struct packet *p,
    const struct numbers *n, struct segment *s) MUST_USE;

/* The octets before the first early ones will not come: they are counted as lost. */
void stream_skip_gap(struct half *h, struct account *a);

/* --- message.c */

struct framing {
	enum proto proto; /* of what is whole, or is waited for */
	size_t whole;     /* octets at the begin that are whole messages */
	size_t wanted;    /* octets that the next message needs; 0: not known */
};

/* Where the messages end in what one side of a connection sends. */
struct framing messages_find(struct flow *f, unsigned side, const struct packet *p, const uint8_t *data, size_t len);

/* The same for HTTP alone: of what was opened. */
struct framing http_messages_find(bool *head_asked, const uint8_t *data, size_t len);

#endif
