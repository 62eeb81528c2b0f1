/* Opening TLS records with a key log. Private. */
#ifndef FLOW_OPENER_H
#define FLOW_OPENER_H

#include "private.h"

/* Secrets of a key log, by client random. */
struct keys {
	struct secret *at;
	size_t n, cap;
};

enum err keys_add(struct keys *k, const char *keylog, size_t len, size_t *used) MUST_USE;
void keys_release(struct keys *k); /* wipes */

/* Learns from a connection's whole records in s what is needed, and opens what can be opened. */
enum err opener_take(struct flow *f, unsigned side, const struct keys *keys, struct segment *s) MUST_USE;
void opener_free(struct opener *o); /* NULL is allowed; wipes */

#endif
