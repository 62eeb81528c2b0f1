/* What the carriers of queries have in common: a query's socket, and what its errors mean. */
#ifndef DNSVIEW_SOCKETS_H
#define DNSVIEW_SOCKETS_H

#include "exchange.h"

/* A socket that does not block. Over UDP, ICMP errors are asked for (IP_RECVERR), so that a dead server is known
 * at once, together with the router that said so. -1: errno tells. */
int query_socket(int family, int type);

/* Who reported the error that was just read; family 0: nobody. errno stays. */
struct ip query_reporter(int fd);

/* What the system said, in our terms: ERR_REFUSED, ERR_CLOSED, ERR_TIMEOUT, ERR_UNREACHABLE, ERR_NET. */
enum err query_error(int sys_errno);

int64_t query_clock(void); /* ns; it never goes back */

#endif
