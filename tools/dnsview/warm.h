/* Answers in store, ready to go out: question in, stored answer out, without a look at what is in it. It is
 * made of what the resolver found, and holds no longer than the shortest TTL in it. */
#ifndef DNSVIEW_WARM_H
#define DNSVIEW_WARM_H

#include "request.h"

struct warm;

struct warm *warm_new(size_t max_entries, size_t max_bytes); /* NULL: out of memory */
void warm_free(struct warm *w);                              /* NULL is allowed */

/* The stored answer and its age in seconds; NULL: none. expired: one that has ended is wanted, too, for at
 * most so many seconds after its end (RFC 8767). Borrowed until the next warm_put(). */
const struct stored *warm_find(
    struct warm *w, const struct dname *name, uint16_t type, int64_t now, uint32_t expired, uint32_t *age);

/* Keeps a copy. */
enum err warm_put(struct warm *w, const struct dname *name, uint16_t type, const struct stored *s, int64_t now);
size_t warm_count(const struct warm *w);

#endif
