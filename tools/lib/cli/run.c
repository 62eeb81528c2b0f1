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

#include "glassnet/cli.h"

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

static bool wants_colour(const struct cli *c, bool terminal)
{
	const char *when = cli_get(c, "color"), *term = getenv("TERM"), *no = getenv("NO_COLOR");

	if (when && strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return terminal && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

struct term_style cli_style(const struct cli *c)
{
	int fd = fileno(c->out);
	bool terminal = fd >= 0 && isatty(fd);

	return (struct term_style){
	    .colour = wants_colour(c, terminal),
	    .utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0,
	    .width = terminal ? terminal_width(fd) : 0,
	    .explain = cli_has(c, "explain") || (terminal && !cli_has(c, "no-explain")),
	    .verbose = cli_has(c, "verbose"),
	    .quiet = cli_has(c, "quiet"),
	    .absolute_time = cli_has(c, "absolute"),
	};
}

enum err cli_trace_open(struct cli *c, struct trace *t, const struct clock *clock, const char *actor)
{
	struct trace_sink sink;
	struct term_style style = cli_style(c);
	enum err e;

	trace_init(t, clock, actor);
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

int cli_trace_close(struct cli *c, struct trace *t, int status)
{
	int before = errno;
	enum err e = trace_release(t);

	(void)c; /* what failed is said once, when the output is closed */
	errno = before;
	return e == ERR_OK ? status : EXIT_INTERNAL;
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
