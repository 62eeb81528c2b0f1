/* natview's verbs, and what several of them need. Each verb is in a file of its own. */
#ifndef NATVIEW_H
#define NATVIEW_H

#include "glassnet/addr.h"
#include "glassnet/cli.h"
#include "glassnet/trace.h"

#define NAME_TEXT 65

int verb_addresses(struct cli *c);
int verb_lease(struct cli *c);
int verb_ports(struct cli *c);
int verb_deliver(struct cli *c);
int verb_whoami(struct cli *c);
int verb_serve(struct cli *c);
int verb_type(struct cli *c);
int verb_watch(struct cli *c);
int verb_table(struct cli *c);

/* This machine's own name, without its domain. */
char *own_name(char out[static NAME_TEXT]);

/* Has whoever reads our output gone (a closed pipe)? For verbs that run until they are told to end. */
bool nobody_reads(const struct cli *c);

/* A message as an event, with both ends' addresses. sent: from us. */
struct told {
	const char *from, *to; /* roles */
	const struct endpoint *from_at, *to_at;
	const char *proto;
	const void *bytes;
	size_t len;
	const char *label;
};
void tell_message(struct trace *t, enum ev_kind kind, const struct told *m);

/* The same for a STUN message: its label and fields are read from the bytes. What is no STUN is said to be none. */
void tell_stun(struct trace *t, enum ev_kind kind, struct told m);

/* An address and what kind of address it is: "192.168.1.5 (private, RFC 1918)". */
#define KIND_TEXT (IP_TEXT + 64)
char *kind_text(char out[static KIND_TEXT], const struct ip *a);

#endif
