/* Style, trace, interrupts and progress: what a verb needs from its surroundings. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "internal.h"
#include "glassnet/lab.h"

static unsigned terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize ws;

	if (columns) {
		long v = strtol(columns, NULL, 10);
		if (v >= 20 && v <= 400)
			return (unsigned)v;
	}
	if (ioctl(fd, TIOCGWINSZ, &ws) == 0 && ws.ws_col >= 20)
		return ws.ws_col;
	return 80;
}

unsigned output_width(FILE *out)
{
	int fd = fileno(out);

	return fd >= 0 && isatty(fd) ? terminal_width(fd) : 0;
}

static bool wants_colour(const struct cli *c, bool terminal)
{
	const char *when = cli_get(c, "color"), *term = getenv("TERM"), *no = getenv("NO_COLOR");

	if (when && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return terminal && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

struct term_style cli_style(const struct cli *c)
{
	unsigned width = output_width(c->out);
	bool terminal = width > 0;

	return (struct term_style){
	    .colour = wants_colour(c, terminal),
	    .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	    .width = width,
	    .explain = cli_has(c, "explain") || (terminal && !cli_has(c, "no-explain")),
	    .verbose = cli_has(c, "verbose"),
	    .quiet = cli_has(c, "quiet"),
	    .absolute_time = cli_has(c, "absolute"),
	};
}

/* The page's title is the command, as it was typed. */
static void page_title(const struct cli *c, char *out, size_t cap)
{
	size_t at = (size_t)snprintf(out, cap, "%s %s", c->tool->name, c->verb->name);

	for (int i = 0; i < c->argc && at < cap; i++)
		at += (size_t)snprintf(out + at, cap - at, " %s", c->argv[i]);
}

void cli_page_lab(struct cli *c, const json_t *facts)
{
	if (c->has_page && c->page.n_sinks > 0)
		sink_html_lab(&c->page.sinks[0], facts);
	else if (cli_get(c, "html") && !c->own_page && !c->lab)
		c->lab = json_deep_copy(facts);
}

/* Inside a lab the page shows it. */
static void show_own_lab(struct cli *c)
{
	char host[LAB_HOST_MAX];
	struct lab *lab;

	if (lab_self(host) != ERR_OK || lab_open(&lab, NULL) != ERR_OK)
		return;
	cli_page_lab(c, lab_facts(lab));
	lab_close(lab);
}

enum err cli_page_open(struct cli *c)
{
	const char *path = cli_get(c, "html");
	struct trace_sink sink;
	char title[512];

	if (!path || c->own_page)
		return ERR_OK;
	page_title(c, title, sizeof(title));
	trace_init(&c->page, &clock_real, c->tool->name);
	enum err e = sink_html(&sink, path, title);
	if (e == ERR_OK)
		e = trace_add(&c->page, sink);
	if (e != ERR_OK)
		cli_fail(c, e, "can't write %s: %s", path, e == ERR_IO ? strerror(errno) : err_text(e));
	c->has_page = e == ERR_OK;
	if (c->has_page && c->lab)
		cli_page_lab(c, c->lab);
	else if (c->has_page)
		show_own_lab(c);
	json_decref(c->lab);
	c->lab = NULL;
	return e;
}

struct trace *cli_page(struct cli *c)
{
	return c->has_page ? &c->page : NULL;
}

int cli_page_close(struct cli *c, int status)
{
	if (!c->has_page)
		return status;
	c->has_page = false;
	enum err e = trace_release(&c->page);
	if (e == ERR_OK)
		return status;
	cli_fail(
	    c, e, "can't write %s: %s", cli_get(c, "html"), e == ERR_IO && errno ? strerror(errno) : err_text(e));
	return EXIT_INTERNAL;
}

/* The sinks that write to c->out. */
static enum err add_output(struct cli *c, struct trace *t)
{
	struct trace_sink sink;
	struct term_style style = cli_style(c);
	enum err e;

	if (cli_has(c, "json")) {
		e = sink_jsonl(&sink, c->out);
		return e == ERR_OK ? trace_add(t, sink) : e;
	}
	e = sink_terminal(&sink, c->out, &style);
	if (e == ERR_OK)
		e = trace_add(t, sink);
	if (e == ERR_OK && cli_has(c, "ladder")) {
		struct ladder_options opt = {.style = style};
		e = sink_ladder(&sink, c->out, &opt);
		if (e == ERR_OK)
			e = trace_add(t, sink);
	}
	return e;
}

enum err cli_trace_open(struct cli *c, struct trace *t, const struct clock *clock, const char *actor)
{
	trace_init(t, clock, actor);
	enum err e = cli_page_open(c);
	if (e == ERR_OK) {
		e = add_output(c, t);
		c->out_errno = e == ERR_IO ? errno : 0;
	}
	if (e == ERR_OK && c->has_page)
		e = trace_add(t, sink_tee(&c->page));
	return e;
}

int cli_trace_close(struct cli *c, struct trace *t, int status)
{
	int before = errno;
	enum err e = trace_release(t); /* what failed is said once, when the output is closed */

	if (e != ERR_OK)
		status = EXIT_INTERNAL;
	c->out_errno = c->out_errno ? c->out_errno : t->error_number;
	status = cli_page_close(c, status);
	errno = before;
	return status;
}

/* --- interrupts ----------------------------------------------------------------------------------------------- */

/* A signal handler can reach nothing but globals: these two are its, and nobody else writes them. */
static int interrupt_pipe[2] = {-1, -1};
static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
	int saved = errno;

	interrupted = sig;
	(void)!write(interrupt_pipe[1], "", 1);
	errno = saved;
}

void cli_catch_interrupt(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	if (interrupt_pipe[0] < 0 && pipe2(interrupt_pipe, O_CLOEXEC | O_NONBLOCK) != 0)
		return;
	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

bool cli_interrupted(void)
{
	return interrupted != 0;
}

int cli_interrupt_fd(void)
{
	return interrupt_pipe[0];
}

/* --- progress ------------------------------------------------------------------------------------------------- */

static struct {
	bool shown, begun;
	struct timespec since;
} progress; /* the one terminal of the process */

void cli_progress(const char *fmt, ...)
{
	struct timespec now;
	va_list ap;

	if (!isatty(STDERR_FILENO))
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (!progress.begun) {
		progress.begun = true;
		progress.since = now;
	}
	if ((now.tv_sec - progress.since.tv_sec) * 1000 + (now.tv_nsec - progress.since.tv_nsec) / 1000000 < 500)
		return;
	fputs("\r\033[K", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fflush(stderr);
	progress.shown = true;
}

void cli_progress_end(void)
{
	if (progress.shown)
		fputs("\r\033[K", stderr);
	progress.shown = progress.begun = false;
}
