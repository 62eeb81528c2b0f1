#include "batch_verb.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "batch_input.h"
#include "batch_line.h"
#include "jobs.h"
#include "setup.h"

#define EXIT_INTERRUPTED 130 /* what a shell shows for a program that SIGINT ended */
#define LINES_AT_ONCE    256 /* taken from the input before what came back has its turn */
#define BAD_SHOWN_MAX    20
#define PROGRESS_MS      500
#define WINDOW_BEGIN     16

struct batch {
	struct cli *c;
	const struct batch_request *request;
	struct batch_input in;
	struct resolver resolver;
	struct jobs *jobs;
	uv_loop_t loop;
	uv_poll_t stop, readable;
	uv_idle_t more;
	uv_timer_t progress;
	bool pumping, closed, no_output;
	size_t under_way, window; /* may be under way now */
	uint64_t bad, done, answered, without, failed;
	int64_t begun;
	int status;
};

struct item {
	struct batch *b;
	struct batch_line line;
};

static void pump(struct batch *b);

static void worse(struct batch *b, int status)
{
	if (status > b->status)
		b->status = status;
}

/* --- the end ------------------------------------------------------------------------------------ */

static void close_handle(uv_handle_t *h, void *ctx)
{
	struct batch *b = ctx;
	if (h == (uv_handle_t *)&b->stop || h == (uv_handle_t *)&b->readable || h == (uv_handle_t *)&b->more ||
	    h == (uv_handle_t *)&b->progress)
		uv_close(h, NULL);
}

/* Nothing new is begun; what is under way is given up, and the loop runs out. */
static void close_all(struct batch *b)
{
	if (b->closed)
		return;
	b->closed = true;
	uv_walk(&b->loop, close_handle, b);
	uv_stop(&b->loop);
}

static void on_stop(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;
	close_all(p->data);
}

/* --- a name ------------------------------------------------------------------------------------- */

static void count(struct batch *b, const struct lookup_result *res)
{
	b->done++;
	switch (res->outcome) {
	case OUTCOME_ANSWER:
		b->answered++;
		break;
	case OUTCOME_NXDOMAIN:
	case OUTCOME_NODATA:
	case OUTCOME_YXDOMAIN:
		b->without++;
		worse(b, EXIT_NO);
		break;
	case OUTCOME_FAILURE:
		b->failed++;
		worse(b, EXIT_NETWORK);
		break;
	}
}

static void on_done(void *ctx, const struct lookup_result *res, enum err err)
{
	struct item *it = ctx;
	struct batch *b = it->b;
	if (res && !err && !b->closed) {
		count(b, res);
		batch_line_write(b->c->out, &it->line, res);
		b->no_output = b->no_output || ferror(b->c->out);
	} else if (err != ERR_INTERNAL && !b->closed) {
		worse(b,
		    cli_fail(b->c, err, "line %llu: it could not be looked up", (unsigned long long)it->line.number));
	}
	free(it);
	b->under_way--;
	if (b->window < b->request->workers)
		b->window++;
	if (!b->pumping)
		pump(b);
}

static void begin(struct batch *b, const struct batch_line *line)
{
	struct item *it = malloc(sizeof(*it));
	if (!it) {
		worse(b, cli_fail(b->c, ERR_NOMEM, "the batch ends here"));
		b->in.ended = true;
		return;
	}
	*it = (struct item){.b = b, .line = *line};
	b->under_way++;
	jobs_ask(b->jobs, &line->name, line->type, on_done, it);
}

static void tell_bad(struct batch *b, const struct batch_line *line)
{
	worse(b, EXIT_MALFORMED);
	if (++b->bad > BAD_SHOWN_MAX)
		return;
	const char *file = strcmp(b->request->file, "-") == 0 ? "standard input" : b->request->file;
	cli_progress_end();
	cli_warn(b->c, "%s: line %llu: %s%s", file, (unsigned long long)line->number, line->why,
	    b->bad == BAD_SHOWN_MAX ? " (more such lines are only counted)" : "");
}

/* --- the input ---------------------------------------------------------------------------------- */

static void on_more(uv_idle_t *idle)
{
	uv_idle_stop(idle);
	pump(idle->data);
}

static void on_readable(uv_poll_t *p, int status, int events)
{
	struct batch *b = p->data;
	(void)status;
	(void)events;
	uv_poll_stop(p);
	b->in.ready = true;
	pump(b);
}

/* Takes names from the input as long as there is room for them. */
static void pump(struct batch *b)
{
	struct batch_line line;
	enum batch_next next = BATCH_LINE;
	unsigned n = 0;
	b->pumping = true;
	while (!b->closed && !b->no_output && b->under_way < b->window && n < LINES_AT_ONCE &&
	       (next == BATCH_LINE || next == BATCH_BAD)) {
		next = batch_input_next(&b->in, &line);
		if (next == BATCH_LINE)
			begin(b, &line);
		else if (next == BATCH_BAD)
			tell_bad(b, &line);
		n++;
	}
	b->pumping = false;
	if (b->closed)
		return;
	if (b->no_output || (next == BATCH_END && b->under_way == 0))
		close_all(b);
	else if (next == BATCH_WAIT)
		uv_poll_start(&b->readable, UV_READABLE, on_readable);
	else if (n == LINES_AT_ONCE)
		uv_idle_start(&b->more, on_more);
}

/* --- what is said beside it --------------------------------------------------------------------- */

static double seconds(const struct batch *b)
{
	return (double)(uv_hrtime() - (uint64_t)b->begun) / (double)NS_PER_S;
}

static void on_progress(uv_timer_t *t)
{
	struct batch *b = t->data;
	if (b->request->progress)
		cli_warn(b->c, "%llu done, %zu under way, %.0f a second", (unsigned long long)b->done, b->under_way,
		    (double)b->done / seconds(b));
	else
		cli_progress("%llu done, %zu under way, %.0f a second", (unsigned long long)b->done, b->under_way,
		    (double)b->done / seconds(b));
}

static void tell_summary(const struct batch *b, size_t given_up)
{
	uint64_t queries = jobs_queries(b->jobs);
	double s = seconds(b);
	cli_progress_end();
	if (b->request->quiet)
		return;
	char bad[48] = "", rest[64] = "";
	if (b->bad)
		snprintf(bad, sizeof(bad), "; %llu bad lines", (unsigned long long)b->bad);
	if (given_up)
		snprintf(rest, sizeof(rest), "; interrupted with %zu under way", given_up);
	cli_warn(b->c, "%llu names: %llu with an answer, %llu without, %llu failed%s%s", (unsigned long long)b->done,
	    (unsigned long long)b->answered, (unsigned long long)b->without, (unsigned long long)b->failed, bad,
	    rest);
	cli_warn(b->c, "%llu queries to %zu servers, %.2f a name; %.2f s, %.0f names a second",
	    (unsigned long long)queries, b->resolver.servers->n, b->done ? (double)queries / (double)b->done : 0.0, s,
	    s > 0 ? (double)b->done / s : 0.0);
}

/* --- running ------------------------------------------------------------------------------------ */

static int run_loop(struct batch *b)
{
	uv_poll_init(&b->loop, &b->stop, cli_interrupt_fd());
	uv_idle_init(&b->loop, &b->more);
	uv_timer_init(&b->loop, &b->progress);
	b->stop.data = b->more.data = b->progress.data = b;
	if (b->in.waits && uv_poll_init(&b->loop, &b->readable, b->in.fd) != 0)
		b->in.waits = false; /* /dev/null and its like: reading does not wait */
	b->readable.data = b;
	uv_poll_start(&b->stop, UV_READABLE, on_stop);
	uv_timer_start(&b->progress, on_progress, PROGRESS_MS, PROGRESS_MS);
	/* Slow start, as TCP has it: one more for each that is done. A thousand lookups that all begin at the root,
	 * since nothing is known yet, would be of no use to anybody. */
	b->window = b->request->workers < WINDOW_BEGIN ? b->request->workers : WINDOW_BEGIN;
	b->begun = (int64_t)uv_hrtime();
	pump(b);
	if (!b->closed)
		uv_run(&b->loop, UV_RUN_DEFAULT);
	size_t given_up = b->under_way;
	close_all(b);
	tell_summary(b, given_up);
	jobs_free(b->jobs);
	while (uv_run(&b->loop, UV_RUN_NOWAIT))
		;
	if (b->in.error)
		worse(b, cli_fail(b->c, ERR_IO, "%s: %s", b->request->file, strerror(b->in.error)));
	return cli_interrupted() ? EXIT_INTERRUPTED : b->status;
}

static int run_jobs(struct batch *b)
{
	if (uv_loop_init(&b->loop) != 0)
		return cli_fail(b->c, ERR_INTERNAL, "no event loop");
	size_t possible = jobs_possible(b->request->workers);
	if (possible < b->request->workers)
		cli_warn(
		    b->c, "this process may have only %zu sockets: so many names are under way at once", possible);
	b->jobs = jobs_new(&b->loop, &b->resolver, possible);
	int status = b->jobs ? run_loop(b) : cli_fail(b->c, ERR_NOMEM, "the batch could not be set up");
	(void)uv_loop_close(&b->loop);
	return status;
}

static int run_resolver(struct batch *b)
{
	const struct batch_request *r = b->request;
	struct resolver_config config = {.use_v4 = r->use_v4,
	    .use_v6 = r->use_v6,
	    .always_tcp = r->tcp,
	    .port = r->port,
	    .timeout_ns = r->timeout_ns,
	    .policy = {.allow_special = r->allow_special || setup_in_lab()}};
	struct hints hints;
	struct kept_cache kept = {0};
	int status = setup_hints(b->c, r->hints_file, &hints);
	if (!status && r->cache_file)
		status = kept_cache_choose(b->c, &kept, r->cache_file);
	if (status)
		return status;
	if (resolver_init(&b->resolver, &config, &hints, &clock_real, setup_rng(), NULL, "batch"))
		return cli_fail(b->c, ERR_NOMEM, "the resolver could not be set up");
	cache_limit_bytes(b->resolver.cache, (size_t)r->megabytes << 20);
	status = kept_cache_load(b->c, &kept, b->resolver.cache);
	if (!status) {
		status = run_jobs(b);
		int saved = kept_cache_save(b->c, &kept, b->resolver.cache, 0);
		status = saved > status ? saved : status;
	}
	resolver_release(&b->resolver);
	return status;
}

int batch_run(struct cli *c, const struct batch_request *r)
{
	struct batch *b = calloc(1, sizeof(*b));
	if (!b || sodium_init() < 0) {
		free(b);
		return cli_fail(c, ERR_INTERNAL, "the batch could not be set up");
	}
	b->c = c;
	b->request = r;
	cli_catch_interrupt();
	int status = batch_input_open(&b->in, r->file, r->type)
	                 ? cli_fail(c, ERR_IO, "%s: %s", r->file, strerror(errno))
	                 : run_resolver(b);
	batch_input_close(&b->in);
	free(b);
	return status;
}
