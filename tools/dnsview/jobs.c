#include "jobs.h"

#include <stdlib.h>
#include <sys/resource.h>

#include "glassnet/clock.h"
#include "narrative.h"
#include "sending.h"

#define BUCKETS           4096u
#define WAITERS_MAX       1000 /* for one question */
#define DESCRIPTORS_OTHER 400  /* clients over TCP, files */

struct waiter {
	struct waiter *next;
	job_done done;
	void *ctx;
};

/* The watch over one TCP query's socket; it outlives the query until the loop lets go of it. */
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
	struct sending sending;
	struct exchange_cares *tcp; /* NULL: not needed so far */
	struct watch *watch;        /* NULL: none */
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
	uint64_t joined, queries;
	struct senders *senders;
	struct job *bucket[BUCKETS];
};

static void step(struct job *job, struct dns_reply *reply);

struct jobs *jobs_new(uv_loop_t *loop, struct resolver *r, size_t max)
{
	struct jobs *j = calloc(1, sizeof(*j));
	if (!j)
		return NULL;
	*j = (struct jobs){.loop = loop, .r = r, .max = max, .senders = senders_new(loop)};
	if (j->senders)
		return j;
	free(j);
	return NULL;
}

void jobs_share(struct jobs *j)
{
	senders_share(j->senders);
}

size_t jobs_possible(size_t wanted)
{
	struct rlimit lim;
	if (getrlimit(RLIMIT_NOFILE, &lim) != 0)
		return wanted;
	lim.rlim_cur = lim.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &lim);
	if (lim.rlim_max == RLIM_INFINITY || lim.rlim_max > wanted + DESCRIPTORS_OTHER)
		return wanted;
	return lim.rlim_max > 2 * DESCRIPTORS_OTHER ? (size_t)lim.rlim_max - DESCRIPTORS_OTHER
	                                            : DESCRIPTORS_OTHER / 4;
}

uint64_t jobs_queries(const struct jobs *j)
{
	return j->queries;
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

/* --- a query over TCP --------------------------------------------------------------------------- */

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

static void on_event(uv_poll_t *poll, int status, int events)
{
	struct watch *w = poll->data;
	struct job *job = w->job;
	bool failed = status < 0;
	exchange_cares_process(job->tcp, w->fd, failed || events & UV_READABLE, failed || events & UV_WRITABLE);
	if (!exchange_cares_over(job->tcp)) {
		arm(job);
		return;
	}
	struct dns_reply reply = {0};
	uv_timer_stop(&job->timer);
	exchange_cares_take(job->tcp, &reply);
	step(job, &reply);
}

/* Watches the query's socket for what c-ares waits for now. */
static void arm(struct job *job)
{
	bool readable, writable;
	int fd = exchange_cares_fd(job->tcp, &readable, &writable);
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

/* Sends; true: the reply is there already (unsent, refused, or so fast). */
static bool ask_tcp(struct job *job, const struct dns_query *q, struct dns_reply *reply)
{
	struct endpoint local = {0};
	if (!job->tcp && exchange_cares_new(&job->tcp, -1)) {
		reply->err = ERR_NOMEM;
		return true;
	}
	exchange_cares_on_close(job->tcp, unwatch, job);
	struct exchange ex = exchange_cares(job->tcp);
	reply->err = ex.send(ex.ctx, q, &local);
	reply->unsent = reply->err != ERR_OK && reply->err != ERR_REFUSED;
	if (!reply->unsent)
		lookup_sent(&job->lookup, &local);
	if (reply->err)
		return true;
	if (!exchange_cares_over(job->tcp)) {
		arm(job);
		return false;
	}
	exchange_cares_take(job->tcp, reply);
	return true;
}

/* --- a query over UDP --------------------------------------------------------------------------- */

static void on_reply(void *ctx, struct dns_reply *reply)
{
	struct job *job = ctx;
	uv_timer_stop(&job->timer);
	step(job, reply);
}

static bool ask_udp(struct job *job, const struct dns_query *q, struct dns_reply *reply)
{
	struct endpoint local = {0};
	job->sending.query = q;
	job->sending.done = on_reply;
	job->sending.ctx = job;
	reply->err =
	    sending_start(job->all->senders, &job->sending, trace_on(job->all->r->narrator.trace) ? &local : NULL);
	reply->unsent = reply->err != ERR_OK && reply->err != ERR_REFUSED;
	if (!reply->unsent)
		lookup_sent(&job->lookup, &local);
	return reply->err != ERR_OK;
}

static void on_time(uv_timer_t *t)
{
	struct job *job = t->data;
	struct dns_reply reply = {0};
	if (job->sending.fd)
		sending_time_out(&job->sending, &reply);
	else
		exchange_cares_take(job->tcp, &reply);
	step(job, &reply);
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
	sending_drop(&job->sending);
	unwatch(job);
	exchange_cares_free(job->tcp);
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
	const struct dns_query *q;
	if (reply)
		lookup_reply(&job->lookup, reply);
	while (lookup_run(&job->lookup, &q) == LOOKUP_ASK) {
		struct dns_reply at_once = {0};
		job->all->queries++;
		if (q->tcp ? ask_tcp(job, q, &at_once) : ask_udp(job, q, &at_once)) {
			lookup_reply(&job->lookup, &at_once);
			continue;
		}
		uv_timer_start(&job->timer, on_time, (uint64_t)((q->timeout_ns + NS_PER_MS - 1) / NS_PER_MS), 0);
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
	if (!job)
		return NULL;
	job->all = j;
	job->name = *name;
	job->type = type;
	uv_timer_init(j->loop, &job->timer);
	job->timer.data = job;
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
	senders_free(j->senders);
	free(j);
}
