/* Many lookups at a time over one loop: each waits for its servers while the others go on. Whoever asks what
 * is being asked already waits for the same answer (RFC 5452 5: identical questions under way at once would
 * give a forger as many chances). */
#ifndef DNSVIEW_JOBS_H
#define DNSVIEW_JOBS_H

#include <uv.h>

#include "lookup.h"

struct jobs;

/* res is borrowed for the call; err: why there is none (ERR_BUDGET: too many at once; ERR_NOMEM; ERR_INTERNAL:
 * it was given up, as the program ends). */
typedef void (*job_done)(void *ctx, const struct lookup_result *res, enum err err);

/* Everything is borrowed. max: lookups at a time. NULL: out of memory or descriptors. */
struct jobs *jobs_new(uv_loop_t *loop, struct resolver *r, size_t max);
/* Gives up what is under way; whoever waits is told ERR_INTERNAL. The loop must be run once more afterwards
 * for what it closes. NULL is allowed. */
void jobs_free(struct jobs *j);

/* To be called if the program forks while lookups are under way. */
void jobs_share(struct jobs *j);

/* Looks up; done is called once, maybe before this returns. */
void jobs_ask(struct jobs *j, const struct dname *name, uint16_t type, job_done done, void *ctx);
size_t jobs_running(const struct jobs *j);
uint64_t jobs_joined(const struct jobs *j);  /* how many found theirs under way */
uint64_t jobs_queries(const struct jobs *j); /* sent in all */

/* So many lookups at most may be under way at once, as each needs a descriptor; the limit is raised as far as
 * the system lets us. */
size_t jobs_possible(size_t wanted);

#endif
