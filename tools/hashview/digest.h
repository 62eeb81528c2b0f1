/* Files to fingerprints: one at a time, or many by several threads and handed back in order. */
#ifndef HASHVIEW_DIGEST_H
#define HASHVIEW_DIGEST_H

#include <stdatomic.h>

#include "algo.h"
#include "list.h"

struct digest_job {
	/* in */
	char *path;              /* owned; "-": standard input */
	algo_set algos;          /* compute these */
	bool ahead;              /* a core is free to read it ahead, if it is large */
	struct list_entry entry; /* for a check: what is expected (its name is not used here) */
	/* out */
	uint8_t digest[ALGO_COUNT][DIGEST_MAX];
	int error;    /* errno of what failed; 0: none */
	bool changed; /* the file was written to while it was read */
};

struct digester; /* a buffer, and the functions that were needed so far */
struct digester *digester_new(void);
void digester_free(struct digester *d);
/* Reads the file, adding to *octets as it goes (may be NULL). */
void digester_run(struct digester *d, struct digest_job *job, atomic_ullong *octets);

/* Several digesters at work on a bounded queue:
 *
 *     while ((job = digest_queue_slot(q)) == NULL)  // full
 *             ... digest_queue_oldest(q, -1), use it, digest_queue_drop(q)
 *     fill *job; digest_queue_submit(q); */
struct digest_queue;
struct digest_queue *digest_queue_new(unsigned threads);
/* Waits for what is being read, forgets the rest. */
void digest_queue_free(struct digest_queue *q);
/* An empty job to fill in, or NULL: the queue is full. */
struct digest_job *digest_queue_slot(struct digest_queue *q);
void digest_queue_submit(struct digest_queue *q);
/* The job that was submitted first, once it is done; NULL: there is none, or it was not done within wait_ms
 * (-1: wait as long as it takes). */
struct digest_job *digest_queue_oldest(struct digest_queue *q, int wait_ms);
bool digest_queue_empty(const struct digest_queue *q);
/* Forgets the oldest. */
void digest_queue_drop(struct digest_queue *q);
uint64_t digest_queue_octets(struct digest_queue *q);

#endif
