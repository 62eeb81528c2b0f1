/* What the two transports of the server share: a question's bytes in, an answer's bytes out. */
#ifndef DNSVIEW_ANSWERING_H
#define DNSVIEW_ANSWERING_H

#include "jobs.h"
#include "request.h"
#include "server.h"
#include "warm.h"

#define UDP_BATCH 64

struct udp_side;
struct tcp_side;

struct answering {
	struct server_config config;
	struct resolver *r;
	uv_loop_t *loop;
	struct jobs *jobs;
	struct warm *warm;
	struct udp_side *udp;
	struct tcp_side *tcp;
	struct ip own; /* the address that answers, which is never asked itself */
	uint8_t out[DNS_MESSAGE_MAX];
};

/* Who gets the answer. A copy is kept until then. */
struct asker {
	struct answering *s;
	struct request q;
	bool udp;
	struct sockaddr_storage to;
	socklen_t to_len;
	struct connection *connection; /* of TCP; counted */
};

/* The answer, if it is known at once: *len is its length in s->out (0: nothing is said). False: a lookup was
 * begun (or ended already), and asker_send() gets the answer. */
bool answer_now(struct answering *s, struct asker *a, const uint8_t *pkt, size_t pkt_len, size_t *len);
void answer_later(const struct asker *a);

/* udp.c, tcp.c */
enum err udp_open(struct answering *s) MUST_USE;
void udp_close(struct answering *s);
void udp_send(struct answering *s, const struct asker *a, size_t len);
enum err tcp_open(struct answering *s) MUST_USE;
void tcp_close(struct answering *s);
void tcp_send(struct answering *s, const struct asker *a, size_t len);
void tcp_hold(struct connection *c); /* an answer is owed to it */
void tcp_drop(struct connection *c);

#endif
