/* Many short jobs that only wait, at once. */
#include <pthread.h>
#include <stdatomic.h>

#include "live.h"

#define MAX_THREADS 64

struct work {
	atomic_size_t next;
	size_t n;
	void (*job)(void *ctx, size_t i);
	void *ctx;
};

static void *worker(void *arg)
{
	struct work *w = arg;
	for (size_t i; (i = atomic_fetch_add(&w->next, 1)) < w->n;)
		w->job(w->ctx, i);
	return NULL;
}

void in_parallel(size_t n, void (*job)(void *ctx, size_t i), void *ctx)
{
	struct work w = {.n = n, .job = job, .ctx = ctx};
	pthread_t threads[MAX_THREADS];
	size_t started = 0;
	while (n > 1 && started < n && started < MAX_THREADS && !pthread_create(&threads[started], NULL, worker, &w))
		started++;
	if (started == 0)
		worker(&w);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}
