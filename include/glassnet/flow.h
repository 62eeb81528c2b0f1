/* Connections: TCP segments seen as parts of a conversation.
 *
 *     flows_new(&f, &flows_limits);
 *     while (capture_next(...) == ERR_OK) {
 *             flows_take(f, &packet, NULL, 0);      takes the packet apart, with what came before
 *             packet_summary(&packet, ...);         and everything else of glassnet/packet.h
 *     }
 *
 * Sequence numbers count from the connection's begin; retransmissions, segments out of order, repeated
 * acknowledgments, keep-alives, full windows and what the capture lacks are told; messages that several segments carry
 * are put together before TLS, HTTP, SSH, DNS and dhview's frames are read; with a key log TLS and SSH are opened. Memory is
 * bounded: of more connections than that the one that was silent for longest is forgotten, and what would need more
 * room than a stream has is read as far as it is there. Nothing a peer sends makes this allocate more. */
#ifndef GLASSNET_FLOW_H
#define GLASSNET_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/packet.h"

enum segment_mark {
	SEGMENT_RETRANSMISSION = 1, /* all or some of its octets were sent before */
	SEGMENT_OUT_OF_ORDER = 2,   /* it comes behind segments that follow it */
	SEGMENT_GAP = 4,            /* octets before it are missing so far */
	SEGMENT_DUPLICATE_ACK = 8,
	SEGMENT_KEEP_ALIVE = 16,
	SEGMENT_ZERO_WINDOW = 32,
	SEGMENT_WINDOW_UPDATE = 64,
	SEGMENT_ACK_UNSEEN = 128, /* it acknowledges octets that the capture lacks */
	SEGMENT_RESET = 256,
	SEGMENT_REFUSED = 512, /* a reset that answers the first SYN */
	SEGMENT_REUSED = 1024, /* a new connection between the ends of an old one */
};

/* What was inside of an encrypted record, or of an SSH packet (segment->proto says which). */
struct opened {
	uint8_t type;                  /* enum tls_content; of SSH the message's number */
	size_t record_off, record_len; /* where it was, in segment->data */
	const uint8_t *bytes;          /* borrowed until the next call */
	size_t len;
};

#define SEGMENT_MAX_OPENED 64

/* A segment's place in its connection; borrowed from flows_take() until the next call. */
struct segment {
	uint64_t connection; /* from 1, in the order in which they turned up */
	unsigned side;       /* 0: of whom the first packet was, 1: the other */
	bool syn_seen;       /* the numbers count from the SYN's; else the first that was seen counts as 1 */
	uint32_t seq, ack;   /* relative: the first octet of data is 1 */
	unsigned marks;      /* enum segment_mark */
	uint64_t first;      /* a retransmission: the number of the packet that had it first; 0: forgotten */
	unsigned nth;        /* which repetition of an acknowledgment */
	uint32_t missing;    /* SEGMENT_GAP: octets before it */
	/* the stream */
	const uint8_t *data; /* whole messages: octets that waited, this segment's, and those that waited behind it */
	size_t len;
	size_t before;      /* octets of data that came in earlier packets */
	unsigned n_packets; /* that data is from */
	uint64_t begin;     /* number of the first of these */
	enum proto proto;   /* of data; PROTO_NONE: no message is whole with this segment */
	size_t waiting;     /* octets that wait for the rest of their message */
	size_t wanted;      /* octets that the message needs, where it says so; 0: not known */
	enum proto waits;   /* … of this protocol */
	bool keyed;         /* this side's keys were in use before data (TLS, SSH) */
	/* opened records, in order */
	unsigned n_opened;
	const struct opened *opened;
	const uint8_t *inner; /* what they carried, put together: whole messages; of SSH what its channels carried */
	size_t inner_len;
	enum proto inner_proto; /* PROTO_NONE: nothing whole */
	const char *not_opened; /* a sentence where there is a key log, and it does not open this; or NULL */
};

struct flows_limits {
	size_t connections; /* at a time */
	size_t stream;      /* octets that wait, of one direction of a connection */
	size_t octets;      /* … of all together */
};
extern const struct flows_limits flows_limits;

struct flows;
enum err flows_new(struct flows **out, const struct flows_limits *limits) MUST_USE;
void flows_free(struct flows *f); /* NULL is allowed; wipes keys */

/* Parses p, sets p->segment where it is one of TCP, and adds the layers that its stream has. far: the same packet as it
 * was elsewhere on its way, where a NAT gave it other ends; or NULL. place: packets of different places are different
 * connections, whatever their ends (0 where there is one place). Only the lack of memory is an error; p is usable then,
 * too. */
enum err flows_take(struct flows *f, struct packet *p, const struct packet *far, size_t place) MUST_USE;

/* Secrets of TLS in the SSLKEYLOGFILE format, and of SSH as sshview and tshark have them: the cookie of KEXINIT and a
 * private half of Curve25519, in hex. What is no such line is ignored; *used (or NULL) gets the number of those that were
 * taken. */
enum err flows_add_keys(struct flows *f, const char *keylog, size_t len, size_t *used) MUST_USE;
bool flows_has_keys(const struct flows *f);
bool flows_has_tls_keys(const struct flows *f);

/* "retransmission of #4" and the like, with commas between; "" for none. Returns out. */
char *segment_marks_text(const struct segment *s, char *out, size_t cap);

#endif
