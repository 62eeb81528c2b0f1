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

/* Takes one connection after another that was meant for that port of anybody, until stop_fd is readable (-1: never) or
 * take says that there is no room for more. The socket is non-blocking, and closed here. */
typedef bool redirect_taker(void *ctx, int fd, const struct endpoint *from, const struct endpoint *to);
void redirect_take(int listener, uint16_t port, int stop_fd, redirect_taker *take, void *ctx);

/* Whom a redirected connection was meant for. */
enum err redirect_meant_for(int fd, struct endpoint *out) MUST_USE;

#endif
