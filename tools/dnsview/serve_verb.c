#include "serve_verb.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "jobs.h"
#include "server.h"
#include "setup.h"

#define JOBS_MAX      4000
#define SAVE_EVERY_MS 2000

struct serving {
	struct cli *c;
	const struct serve_request *request;
	uv_loop_t loop;
	struct moved_clock clock;
	struct resolver resolver;
	struct answering *server;
	struct kept_cache kept;
	uint64_t saved; /* lookups when the file was written */
	uv_poll_t stop;
	uv_timer_t save;
};

/* --- the clock that a file moves --------------------------------------------------------------- */

/* Read before every batch of questions: who moves the clock and asks then sees the moved one. */
static void read_offset(void *ctx)
{
	struct serving *s = ctx;
	char text[32];
	int64_t ns;
	int fd = open(s->request->offset_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return; /* not there yet, or being written */
	text[n] = '\0';
	if (setup_clock_offset(text, &ns) && ns != s->clock.ns) {
		ev_timer(s->resolver.narrator.trace, "clock", ns - s->clock.ns, "The clock is moved: now %+lld s.",
		    (long long)(ns / NS_PER_S));
		s->clock.ns = ns;
	}
}

/* --- the cache's file -------------------------------------------------------------------------- */

static void save(struct serving *s)
{
	if (s->resolver.lookups == s->saved)
		return;
	s->saved = s->resolver.lookups;
	(void)kept_cache_save(s->c, &s->kept, s->resolver.cache, s->clock.ns);
}

static void on_save(uv_timer_t *t)
{
	save(t->data);
}

/* --- running ----------------------------------------------------------------------------------- */

static void on_stop(uv_poll_t *p, int status, int events)
{
	(void)status;
	(void)events;
	uv_stop(p->loop);
}

static int run_loop(struct serving *s)
{
	char at[ENDPOINT_TEXT];
	uv_poll_init(&s->loop, &s->stop, cli_interrupt_fd());
	uv_timer_init(&s->loop, &s->save);
	s->save.data = s;
	uv_poll_start(&s->stop, UV_READABLE, on_stop);
	if (*s->kept.path)
		uv_timer_start(&s->save, on_save, SAVE_EVERY_MS, SAVE_EVERY_MS);
	fprintf(
	    s->c->out, "serving DNS at %s (UDP and TCP); Ctrl-C ends it\n", endpoint_text(at, &s->request->listen));
	if (fflush(s->c->out) != 0 && errno != EPIPE)
		return cli_fail(s->c, ERR_IO, "standard output: %s", strerror(errno));
	uv_run(&s->loop, UV_RUN_DEFAULT);
	save(s);
	return EXIT_YES;
}

static int run_server(struct serving *s)
{
	const struct serve_request *r = s->request;
	struct server_config config = {.listen = r->listen,
	    .jobs = jobs_possible(JOBS_MAX),
	    .entries = r->entries,
	    .bytes = (size_t)r->megabytes << 19, /* half for answers in store, half for records */
	    .serve_stale = r->serve_stale,
	    .tick = r->offset_file ? read_offset : NULL,
	    .tick_ctx = s};
	char at[ENDPOINT_TEXT];
	if (uv_loop_init(&s->loop) != 0)
		return cli_fail(s->c, ERR_INTERNAL, "no event loop");
	cache_limit_bytes(s->resolver.cache, (size_t)r->megabytes << 19);
	enum err e = server_open(&s->server, &s->loop, &s->resolver, &config);
	int status =
	    e ? cli_fail(s->c, e == ERR_NET ? ERR_IO : e, "%s: %s", endpoint_text(at, &r->listen), strerror(errno))
	      : run_loop(s);
	if (!e) {
		uv_close((uv_handle_t *)&s->stop, NULL);
		uv_close((uv_handle_t *)&s->save, NULL);
	}
	server_close(s->server);
	uv_run(&s->loop, UV_RUN_NOWAIT);
	(void)uv_loop_close(&s->loop);
	return status;
}

static int run_resolver(struct cli *c, const struct serve_request *r, struct trace *t, const char *me)
{
	struct serving *s = calloc(1, sizeof(*s));
	struct hints hints;
	struct resolver_config config = {.use_v4 = r->use_v4,
	    .use_v6 = r->use_v6,
	    .port = r->port,
	    .timeout_ns = r->timeout_ns,
	    .policy = {.allow_special = true}}; /* a provider's customers and servers have such addresses */
	if (!s)
		return cli_fail(c, ERR_NOMEM, "the resolver could not be set up");
	s->c = c;
	s->request = r;
	moved_clock_init(&s->clock, 0);
	int status = setup_hints(c, r->hints_file, &hints);
	if (!status && r->cache_file)
		status = kept_cache_choose(c, &s->kept, r->cache_file);
	if (!status && resolver_init(&s->resolver, &config, &hints, &s->clock.clock, setup_rng(), t, me))
		status = cli_fail(c, ERR_NOMEM, "the resolver could not be set up");
	else if (!status) {
		status = kept_cache_load(c, &s->kept, s->resolver.cache);
		if (!status)
			status = run_server(s);
		resolver_release(&s->resolver);
	}
	free(s);
	return status;
}

int serve_run(struct cli *c, const struct serve_request *r)
{
	struct trace t;
	struct trace_sink sink;
	char me[256];
	FILE *f = NULL;
	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "no source of randomness");
	cli_catch_interrupt();
	setup_own_name(me, sizeof(me));
	trace_init(&t, &clock_real, me);
	if (r->trace_file) {
		f = fopen(r->trace_file, "we");
		if (!f)
			return cli_fail(c, ERR_IO, "%s: %s", r->trace_file, strerror(errno));
		setvbuf(f, NULL, _IOLBF, 1 << 16);
		if (sink_jsonl(&sink, f) || trace_add(&t, sink))
			return cli_fail(c, ERR_NOMEM, "the trace could not be set up");
	}
	int status = run_resolver(c, r, &t, me);
	if (trace_release(&t) && !status)
		status = cli_fail(c, ERR_IO, "%s: the trace could not be written", r->trace_file);
	if (f)
		fclose(f);
	return status;
}
