#include "jobs.h"

#include <stdlib.h>

#include "narrative.h"

#define BUCKETS     1024u
#define WAITERS_MAX 1000 /* for one question */

struct waiter {
	struct waiter *next;
	job_done done;
	void *ctx;
};

/* The watch over one query's socket; it outlives the query until the loop lets go of it. */
struct watch {
	uv_poll_t poll;
	struct job *job;
	int fd;
};

struct job {
	struct job *next;
	struct jobs *all;
	struct lookup lookup;
	struct lookup_result res;
	struct exchange_cares *x;
	struct watch *watch; /* NULL: none */
	uv_timer_t timer;
	unsigned n_waiters;
	struct waiter *waiters;
	struct dname name;
	uint16_t type;
};

struct jobs {
	uv_loop_t *loop;
	struct resolver *r;
	size_t n, max;
	uint64_t joined;
	struct job *bucket[BUCKETS];
};

static void step(struct job *job, struct dns_reply *reply);

struct jobs *jobs_new(uv_loop_t *loop, struct resolver *r, size_t max)
{
	struct jobs *j = calloc(1, sizeof(*j));
	if (j)
		*j = (struct jobs){.loop = loop, .r = r, .max = max};
	return j;
}

size_t jobs_running(const struct jobs *j)
{
	return j->n;
}

uint64_t jobs_joined(const struct jobs *j)
{
	return j->joined;
}

static struct job **find(struct jobs *j, const struct dname *name, uint16_t type)
{
	struct job **link = &j->bucket[(dname_hash(name) ^ type) % BUCKETS];
	while (*link && !((*link)->type == type && dname_equal(&(*link)->name, name)))
		link = &(*link)->next;
	return link;
}

/* --- a query on its way ------------------------------------------------------------------------ */

static void watch_closed(uv_handle_t *h)
{
	free(h->data);
}

/* c-ares is about to close the socket (or we are done with it): the loop must let go of it first. */
static void unwatch(void *ctx)
{
	struct job *job = ctx;
	struct watch *w = job->watch;
	job->watch = NULL;
	if (!w)
		return;
	uv_poll_stop(&w->poll);
	uv_close((uv_handle_t *)&w->poll, watch_closed);
}

static void arm(struct job *job);

static void take(struct job *job)
{
	struct dns_reply reply = {0};
	uv_timer_stop(&job->timer);
	exchange_cares_take(job->x, &reply);
	step(job, &reply);
}

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct job *job = w->job;
	bool failed = status < 0;
	exchange_cares_process(job->x, w->fd, failed || events & UV_READABLE, failed || events & UV_WRITABLE);
	if (exchange_cares_over(job->x))
		take(job);
	else
		arm(job);
}

static void on_time(uv_timer_t *t)
{
	take(t->data);
}

/* Watches the query's socket for what c-ares waits for now. */
static void arm(struct job *job)
{
	bool readable, writable;
	int fd = exchange_cares_fd(job->x, &readable, &writable);
	if (job->watch && job->watch->fd != fd)
		unwatch(job);
	if (fd < 0)
		return; /* the timer ends it */
	if (!job->watch) {
		struct watch *w = calloc(1, sizeof(*w));
		if (!w || uv_poll_init(job->all->loop, &w->poll, fd) != 0) {
			free(w);
			return;
		}
		w->poll.data = w;
		w->job = job;
		w->fd = fd;
		job->watch = w;
	}
	uv_poll_start(&job->watch->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0), on_event);
}

/* --- a job ------------------------------------------------------------------------------------- */

static void job_closed(uv_handle_t *h)
{
	free(h->data);
}

/* Everything but the memory, which the loop frees when the timer is closed. */
static void job_release(struct job *job)
{
	for (struct waiter *w = job->waiters, *next; w; w = next) {
		next = w->next;
		free(w);
	}
	unwatch(job);
	exchange_cares_free(job->x);
	lookup_result_release(&job->res);
	uv_close((uv_handle_t *)&job->timer, job_closed);
}

/* Tells everybody who waits; the job is out of the table first, so that they may ask again. */
static void job_end(struct job *job)
{
	struct jobs *j = job->all;
	struct job **link = find(j, &job->name, job->type);
	lookup_end(&job->lookup);
	tell_result(&job->lookup);
	*link = job->next;
	j->n--;
	for (struct waiter *w = job->waiters; w; w = w->next)
		w->done(w->ctx, &job->res, ERR_OK);
	job_release(job);
}

/* Goes on with what came back (NULL: the beginning) until there is something to wait for, or the end. */
static void step(struct job *job, struct dns_reply *reply)
{
	struct exchange ex = exchange_cares(job->x);
	const struct dns_query *q;
	struct dns_reply unsent;
	if (reply)
		lookup_reply(&job->lookup, reply);
	while (lookup_run(&job->lookup, &q) == LOOKUP_ASK) {
		struct endpoint local = {0};
		unsent = (struct dns_reply){.err = ex.send(ex.ctx, q, &local)};
		unsent.unsent = unsent.err != ERR_OK && unsent.err != ERR_REFUSED;
		if (!unsent.unsent)
			lookup_sent(&job->lookup, &local);
		if (unsent.err) {
			lookup_reply(&job->lookup, &unsent);
			continue;
		}
		if (exchange_cares_over(job->x)) {
			exchange_cares_take(job->x, &unsent);
			lookup_reply(&job->lookup, &unsent);
			continue;
		}
		uv_update_time(job->all->loop);
		uv_timer_start(&job->timer, on_time, (uint64_t)(q->timeout_ns / NS_PER_MS), 0);
		arm(job);
		return;
	}
	job_end(job);
}

static bool add_waiter(struct job *job, job_done done, void *ctx)
{
	struct waiter *w = job->n_waiters < WAITERS_MAX ? calloc(1, sizeof(*w)) : NULL;
	if (!w)
		return false;
	*w = (struct waiter){.next = job->waiters, .done = done, .ctx = ctx};
	job->waiters = w;
	job->n_waiters++;
	return true;
}

static struct job *job_new(struct jobs *j, const struct dname *name, uint16_t type)
{
	struct job *job = j->n < j->max ? calloc(1, sizeof(*job)) : NULL;
	if (!job || exchange_cares_new(&job->x, -1)) {
		free(job);
		return NULL;
	}
	job->all = j;
	job->name = *name;
	job->type = type;
	uv_timer_init(j->loop, &job->timer);
	job->timer.data = job;
	exchange_cares_on_close(job->x, unwatch, job);
	return job;
}

void jobs_ask(struct jobs *j, const struct dname *name, uint16_t type, job_done done, void *ctx)
{
	struct job **link = find(j, name, type), *job = *link;
	bool running = job;
	if (!job)
		job = job_new(j, name, type);
	if (!job || !add_waiter(job, done, ctx)) {
		if (job && !running)
			job_release(job);
		done(ctx, NULL, ERR_BUDGET);
		return;
	}
	if (running) {
		j->joined++;
		return;
	}
	*link = job;
	j->n++;
	lookup_begin(&job->lookup, j->r, name, type, &job->res);
	step(job, NULL);
}

void jobs_free(struct jobs *j)
{
	if (!j)
		return;
	for (unsigned i = 0; i < BUCKETS; i++) {
		for (struct job *job = j->bucket[i], *next; job; job = next) {
			next = job->next;
			lookup_end(&job->lookup);
			for (struct waiter *w = job->waiters; w; w = w->next)
				w->done(w->ctx, NULL, ERR_INTERNAL);
			job_release(job);
		}
	}
	free(j);
}
