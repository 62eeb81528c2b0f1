/* The file of a running server's cache: written now and then by a child, so that no question waits for it; and
 * a socket beside it (FILE.sock), over which "dnsview cache" asks for it to be written now, or for names to be
 * forgotten. */
#ifndef DNSVIEW_STORE_H
#define DNSVIEW_STORE_H

#include <uv.h>

#include "resolver.h"
#include "setup.h"

struct store;

/* Everything is borrowed. offset_ns: how far the server's clock is ahead; looked at whenever the file is written.
 * ERR_NOMEM; ERR_IO: the socket could not be made (errno). */
enum err store_open(struct store **out, uv_loop_t *loop, struct cli *c, const struct kept_cache *kept,
    struct resolver *r, const int64_t *offset_ns) MUST_USE;
/* Writes the file once more, and closes everything; the loop must be run afterwards until nothing is left.
 * NULL is allowed. */
void store_close(struct store *s);
/* The memory, after that. */
void store_free(struct store *s);

/* The other side. Asks the server whose cache file this is, if there is one, to write it (name NULL), or to forget
 * what is at or below name; *gone is how many entries that were. ERR_NEGATIVE: no server has this file.
 * ERR_TIMEOUT, ERR_FORMAT: it gave no answer. */
enum err store_ask_sync(const char *path);
enum err store_ask_forget(const char *path, const struct dname *name, size_t *gone);

#endif
