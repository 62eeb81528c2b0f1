/* The table by which a Linux router translates, entry by entry, as it changes (ctnetlink). */
#ifndef NATVIEW_CONNTRACK_H
#define NATVIEW_CONNTRACK_H

#include <libmnl/libmnl.h>

#include "glassnet/addr.h"

/* A conversation in one direction. For ICMP the query's identifier stands in place of both ports. */
struct ct_tuple {
	struct endpoint src, dst;
	uint8_t protocol;
};

struct ct_entry {
	uint32_t id;
	struct ct_tuple there, back; /* as the first packet came in; as an answer is expected to come in */
	uint32_t status;             /* IPS_... */
	bool has_timeout;
	uint32_t timeout;  /* seconds until it is forgotten, if nothing comes */
	uint8_t tcp_state; /* enum tcp_conntrack; 0: no TCP */
};

enum ct_change { CT_NEW, CT_UPDATE, CT_GONE, CT_LISTED };

struct conntrack {
	struct mnl_socket *events, *table; /* each belongs to the network in which it was opened */
};

/* Opens both in the network that this process is in now. ERR_PERM, ERR_NET (errno tells). */
enum err conntrack_open(struct conntrack *ct) MUST_USE;
void conntrack_close(struct conntrack *ct);
int conntrack_fd(const struct conntrack *ct);

typedef void on_ct(void *ctx, enum ct_change change, const struct ct_entry *e);

/* Hands out what has changed since the last call; never waits. *lost: the kernel had more to tell than room for it. */
enum err conntrack_changes(struct conntrack *ct, on_ct *on_entry, void *ctx, bool *lost) MUST_USE;

/* The whole table as it is now, each entry as CT_LISTED. */
enum err conntrack_list(struct conntrack *ct, on_ct *on_entry, void *ctx) MUST_USE;

/* Does the router put another source (destination) in its place? */
bool ct_source_changed(const struct ct_entry *e);
bool ct_destination_changed(const struct ct_entry *e);

/* "UDP 192.168.1.124:40000 to 192.0.2.82:3478", and what becomes of it: "outside it is 203.0.113.10:40000". */
#define CT_TEXT (4 * ENDPOINT_TEXT + 160)
char *ct_key(char out[static CT_TEXT], const struct ct_entry *e);
char *ct_status(char out[static CT_TEXT], const struct ct_entry *e); /* "no answer yet, forgotten in 30 s" */
char *ct_value(char out[static CT_TEXT], const struct ct_entry *e);

/* One message of the kernel's, for tests and fuzzing. False: it is no entry. */
bool ct_parse(struct ct_entry *out, enum ct_change *change, const struct nlmsghdr *h);

#endif
