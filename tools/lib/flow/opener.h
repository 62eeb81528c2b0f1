/* Opening TLS records with a key log. Private. */
#ifndef FLOW_OPENER_H
#define FLOW_OPENER_H

#include "glassnet/tls_keys.h"
#include "private.h"

/* Secrets of a key log, in the order of client random, label and generation; the last of equal ones counts. */
struct keys {
	struct tls_logged *at;
	size_t n, cap;
	bool sorted;
};

enum err keys_add(struct keys *k, const char *keylog, size_t len, size_t *used) MUST_USE;
void keys_release(struct keys *k); /* wipes */

/* Learns from the whole records in s what is needed, and opens what can be opened. */
enum err opener_take(struct flow *f, unsigned side, struct keys *keys, struct account *a, struct segment *s) MUST_USE;
/* Takes away what was given out at the last call. */
void opener_settle(struct flow *f, unsigned side, struct account *a);
void opener_free(struct opener *o, struct account *a); /* NULL is allowed; wipes */

#endif
