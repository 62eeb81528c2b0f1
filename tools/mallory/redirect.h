/* Connections that were meant for somebody else arrive here: an nft rule turns them round, and the kernel remembers
 * whom they were meant for. */
#ifndef MALLORY_REDIRECT_H
#define MALLORY_REDIRECT_H

#include "glassnet/addr.h"
#include "glassnet/err.h"

/* Hands a script to nft. ERR_UNSUPPORTED: nft says no. */
enum err redirect_rules(const char *script) MUST_USE;

/* What comes from that interface for port `from` of anybody goes to our port `to`. table is the rule's own table, which
 * what an earlier mallory left behind of that name goes before. ERR_UNSUPPORTED: nft says no. */
enum err redirect_start(const char *table, const char *ifname, uint16_t from, uint16_t to) MUST_USE;
void redirect_end(const char *table);

/* A listening socket, non-blocking; the caller closes it. ERR_NET: errno tells. */
enum err redirect_listen(const struct ip *self, uint16_t port, int *fd) MUST_USE;

/* Whom a redirected connection was meant for. */
enum err redirect_meant_for(int fd, struct endpoint *out) MUST_USE;

#endif
