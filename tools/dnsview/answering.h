/* What the two transports of the server share: a question's bytes in, an answer's bytes out. */
#ifndef DNSVIEW_ANSWERING_H
#define DNSVIEW_ANSWERING_H

#include "jobs.h"
#include "judge.h"
#include "request.h"
#include "server.h"
#include "warm.h"

#define UDP_BATCH    64
#define OWN_MAX      64   /* addresses of this machine */
#define CLIENTS      1024 /* places to count what each client has under way; two may share one */
#define CONTROL_SIZE 64   /* where a datagram went to, as the system says it */

struct udp_side;
struct tcp_side;

struct answering {
	struct server_config config;
	struct resolver *r;
	uv_loop_t *loop;
	struct jobs *jobs;
	struct judge *judge;  /* NULL: nothing is validated */
	struct udp_side *udp; /* a list */
	struct tcp_side *tcp;
	struct ip own[OWN_MAX]; /* addresses that answer, which are never asked themselves */
	uint16_t under_way[CLIENTS];
	uint8_t out[DNS_MESSAGE_MAX];
};

/* Who gets the answer. A copy is kept until then. */
struct asker {
	struct answering *s;
	struct request q;
	struct udp_side *udp; /* NULL: it came over TCP */
	socklen_t to_len;
	size_t control_len; /* 0: the socket has one address only */
	struct sockaddr_storage to;
	_Alignas(size_t) uint8_t control[CONTROL_SIZE]; /* the address that was asked, which must answer */
	struct connection *connection;                  /* of TCP; counted */
	size_t place;                                   /* in under_way */
	struct judging judging;
};

/* The answer, if it is known at once: *len is its length in s->out (0: nothing is said). False: it takes a lookup. */
bool answer_now(struct answering *s, struct asker *a, const uint8_t *pkt, size_t pkt_len, size_t *len);
/* Looks up for an asker, of which a copy is made, and sends the answer. */
void answer_later(const struct asker *a);

/* udp.c, tcp.c: one address; the sides of several are a list. */
enum err udp_open(struct answering *s, const struct endpoint *at) MUST_USE;
void udp_close(struct answering *s);
void udp_send(struct answering *s, const struct asker *a, size_t len);
enum err tcp_open(struct answering *s, const struct endpoint *at) MUST_USE;
void tcp_close(struct answering *s);
void tcp_send(struct answering *s, const struct asker *a, size_t len);
void tcp_hold(struct connection *c); /* an answer is owed to it */
void tcp_drop(struct connection *c);

#endif
