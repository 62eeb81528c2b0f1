/* Many files by several threads, handed back in the order in which they were asked for.
 *
 * A ring of jobs: the caller submits at the tail and takes back at the head; threads take the next job that
 * nobody works on yet. Threads are started when there is work for one more, so a single file costs a single
 * thread. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "digest.h"

#define RING        256
#define MAX_THREADS 64

struct digest_queue {
	struct digest_job jobs[RING];
	bool done[RING];
	size_t head, next, tail; /* oldest; next for a thread; next to fill. Counters: the place is modulo RING */
	unsigned threads, started, idle;
	bool stop;
	pthread_t thread[MAX_THREADS];
	pthread_mutex_t lock;
	pthread_cond_t work, ready;
	atomic_ullong octets;
};

static void *work(void *ctx)
{
	struct digest_queue *q = ctx;
	struct digester *d = digester_new();

	pthread_mutex_lock(&q->lock);
	while (!q->stop) {
		if (q->next == q->tail) {
			q->idle++;
			pthread_cond_wait(&q->work, &q->lock);
			q->idle--;
			continue;
		}
		size_t at = q->next++ % RING;
		pthread_mutex_unlock(&q->lock);
		if (d)
			digester_run(d, &q->jobs[at], &q->octets);
		else
			q->jobs[at].error = ENOMEM;
		pthread_mutex_lock(&q->lock);
		q->done[at] = true;
		if (at == q->head % RING)
			pthread_cond_signal(&q->ready);
	}
	pthread_mutex_unlock(&q->lock);
	digester_free(d);
	return NULL;
}

struct digest_queue *digest_queue_new(unsigned threads)
{
	struct digest_queue *q = calloc(1, sizeof(*q));
	pthread_condattr_t attr;

	if (!q)
		return NULL;
	q->threads = threads < 1 ? 1 : threads > MAX_THREADS ? MAX_THREADS : threads;
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->work, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&q->ready, &attr);
	pthread_condattr_destroy(&attr);
	return q;
}

void digest_queue_free(struct digest_queue *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->stop = true;
	pthread_cond_broadcast(&q->work);
	pthread_mutex_unlock(&q->lock);
	for (unsigned i = 0; i < q->started; i++)
		pthread_join(q->thread[i], NULL);
	for (; q->head != q->tail; q->head++)
		free(q->jobs[q->head % RING].path);
	pthread_cond_destroy(&q->work);
	pthread_cond_destroy(&q->ready);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

struct digest_job *digest_queue_slot(struct digest_queue *q)
{
	return q->tail - q->head == RING ? NULL : &q->jobs[q->tail % RING];
}

void digest_queue_submit(struct digest_queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->done[q->tail % RING] = false;
	q->tail++;
	bool more = q->idle < q->tail - q->next && q->started < q->threads;
	pthread_cond_signal(&q->work);
	pthread_mutex_unlock(&q->lock);
	if (more && pthread_create(&q->thread[q->started], NULL, work, q) == 0)
		q->started++;
}

/* Without a thread to do it the caller does it itself. */
static void run_here(struct digest_queue *q)
{
	struct digester *d = digester_new();
	struct digest_job *job = &q->jobs[q->next++ % RING];

	if (d)
		digester_run(d, job, &q->octets);
	else
		job->error = ENOMEM;
	q->done[(q->next - 1) % RING] = true;
	digester_free(d);
}

struct digest_job *digest_queue_oldest(struct digest_queue *q, int wait_ms)
{
	struct timespec until;
	size_t at = q->head % RING;
	int late = 0;

	if (digest_queue_empty(q))
		return NULL;
	clock_gettime(CLOCK_MONOTONIC, &until);
	if (wait_ms > 0) {
		until.tv_sec += wait_ms / 1000;
		until.tv_nsec += (long)(wait_ms % 1000) * 1000000;
		if (until.tv_nsec >= 1000000000) {
			until.tv_nsec -= 1000000000;
			until.tv_sec++;
		}
	}
	pthread_mutex_lock(&q->lock);
	if (q->started == 0)
		run_here(q);
	while (!q->done[at] && !late && wait_ms != 0) {
		if (wait_ms < 0)
			pthread_cond_wait(&q->ready, &q->lock);
		else
			late = pthread_cond_timedwait(&q->ready, &q->lock, &until);
	}
	bool done = q->done[at];
	pthread_mutex_unlock(&q->lock);
	return done ? &q->jobs[at] : NULL;
}

bool digest_queue_empty(const struct digest_queue *q)
{
	return q->head == q->tail;
}

void digest_queue_drop(struct digest_queue *q)
{
	pthread_mutex_lock(&q->lock);
	struct digest_job *job = &q->jobs[q->head % RING];
	free(job->path);
	job->path = NULL;
	q->head++;
	pthread_mutex_unlock(&q->lock);
}

uint64_t digest_queue_octets(struct digest_queue *q)
{
	return atomic_load_explicit(&q->octets, memory_order_relaxed);
}
