#include "serve_verb.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cache_file.h"
#include "jobs.h"
#include "server.h"
#include "setup.h"
#include "store.h"

struct serving {
	struct cli *c;
	const struct serve_request *request;
	uv_loop_t loop;
	struct moved_clock clock;
	struct resolver resolver;
	struct answering *server;
	struct kept_cache kept;
	struct store *store; /* NULL: no file */
	struct anchors anchors;
	uv_poll_t stop;
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
	uv_poll_start(&s->stop, UV_READABLE, on_stop);
	for (unsigned i = 0; i < s->request->n_listen; i++)
		fprintf(s->c->out, "serving DNS at %s (UDP and TCP); Ctrl-C ends it\n",
		    endpoint_text(at, &s->request->listen[i]));
	if (fflush(s->c->out) != 0 && errno != EPIPE)
		return cli_fail(s->c, ERR_IO, "standard output: %s", strerror(errno));
	uv_run(&s->loop, UV_RUN_DEFAULT);
	return EXIT_YES;
}

/* The usual file's folder is made where it is missing; a file that somebody names has to have one. */
static void make_usual_folder(const char *path)
{
	char usual[CACHE_PATH_MAX];
	if (cache_file_default(usual, setup_in_lab()) && strcmp(usual, path) == 0)
		(void)!cache_file_make_folder(path);
}

static int open_store(struct serving *s)
{
	make_usual_folder(s->kept.path);
	enum err e =
	    *s->kept.path ? store_open(&s->store, &s->loop, s->c, &s->kept, &s->resolver, &s->clock.ns) : ERR_OK;
	if (e == ERR_IO && errno == EADDRINUSE)
		return cli_fail(s->c, e, "%s: another server has this cache", s->kept.path);
	return e ? cli_fail(s->c, e, "%s.sock: %s", s->kept.path, strerror(errno)) : EXIT_YES;
}

static int open_server(struct serving *s, const char *anchor_place)
{
	const struct serve_request *r = s->request;
	struct server_config config = {.n_listen = r->n_listen,
	    .jobs = jobs_possible(r->lookups),
	    .serve_stale = r->serve_stale,
	    .forks = s->store != NULL,
	    .anchors = r->dnssec ? &s->anchors : NULL,
	    .anchor_place = anchor_place,
	    .tick = r->offset_file ? read_offset : NULL,
	    .tick_ctx = s};
	struct endpoint at;
	char text[ENDPOINT_TEXT];
	memcpy(config.listen, r->listen, sizeof(config.listen));
	enum err e = server_open(&s->server, &s->loop, &s->resolver, &config, &at);
	return e ? cli_fail(s->c, e == ERR_NET ? ERR_IO : e, "%s: %s", endpoint_text(text, &at), strerror(errno))
	         : EXIT_YES;
}

static int run_server(struct serving *s, const char *anchor_place)
{
	if (uv_loop_init(&s->loop) != 0)
		return cli_fail(s->c, ERR_INTERNAL, "no event loop");
	cache_limit_bytes(s->resolver.cache, (size_t)s->request->megabytes << 20);
	cache_limit_entries(s->resolver.cache, s->request->entries);
	int status = kept_cache_load(s->c, &s->kept, s->resolver.cache);
	if (!status)
		status = open_store(s);
	if (!status)
		status = open_server(s, anchor_place);
	if (!status) {
		status = run_loop(s);
		uv_close((uv_handle_t *)&s->stop, NULL);
	}
	store_close(s->store);
	server_close(s->server);
	while (uv_run(&s->loop, UV_RUN_NOWAIT))
		;
	store_free(s->store);
	(void)uv_loop_close(&s->loop);
	return status;
}

static int run_resolver(struct cli *c, const struct serve_request *r, struct trace *t, const char *me)
{
	struct serving *s = calloc(1, sizeof(*s));
	struct hints hints;
	const char *anchor_place = "";
	struct resolver_config config = {.use_v4 = r->use_v4,
	    .use_v6 = r->use_v6,
	    .dnssec = true, /* clients may want the signatures, whether they are verified here or not */
	    .keep_signatures = true,
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
	if (!status && r->dnssec)
		status = setup_anchors(c, r->anchor_file, &s->anchors, &anchor_place);
	if (!status && resolver_init(&s->resolver, &config, &hints, &s->clock.clock, setup_rng(), t, me))
		status = cli_fail(c, ERR_NOMEM, "the resolver could not be set up");
	if (!status)
		status = run_server(s, anchor_place);
	if (s->resolver.cache)
		resolver_release(&s->resolver);
	anchors_release(&s->anchors);
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
