/* The command line: one option table gives parsing, help, the man page's synopsis and bash completion.
 *
 *     static const struct cli_option connect_options[] = {
 *             {.name = "cafile", .arg = "FILE", .help = "trust the certificates in FILE"},
 *             CLI_TRACE_OPTIONS,
 *             CLI_END};
 *     static const struct cli_verb verbs[] = {
 *             {"connect", "HOST:PORT", 1, 1, "show a TLS handshake", connect_options, verb_connect}, {0}};
 *     int main(int argc, char **argv) { return cli_main(&tool, argc, argv); }
 */
#ifndef GLASSNET_CLI_H
#define GLASSNET_CLI_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "glassnet/err.h"
#include "glassnet/file.h"
#include "glassnet/trace.h"

struct cli_option {
	const char *name; /* long name without dashes */
	char letter;      /* or 0 */
	const char *arg;  /* its name in the help, "FILE"; NULL: a flag */
	const char *help;
	const char *choices; /* "auto|always|never": checked while parsing; NULL: anything */
	bool many;           /* may be given several times */
};

#define CLI_END                                                                                                      \
	{                                                                                                            \
		0                                                                                                    \
	}

#define CLI_HTML_OPTION                                                                                              \
	{                                                                                                            \
		.name = "html", .arg = "FILE",                                                                       \
		.help = "write a page to FILE: map, ladder, bytes and fields to click through"                       \
	}

/* What every tool that traces understands. */
#define CLI_TRACE_OPTIONS                                                                                            \
	{.name = "json", .help = "print the trace as JSON lines (schema glassnet-trace, versioned)"},                \
	    {.name = "quiet", .letter = 'q', .help = "print the result only"},                                       \
	    {.name = "verbose", .letter = 'v', .help = "print every field of every message"},                        \
	    {.name = "explain", .help = "print the sentences that teach (the default on a terminal)"},               \
	    {.name = "no-explain", .help = "leave them out"},                                                        \
	    {.name = "ladder", .help = "draw the messages as a ladder at the end, one column a host"},               \
	    CLI_HTML_OPTION,                                                                                         \
	    {.name = "color", .arg = "WHEN", .choices = "auto|always|never", .help = "auto, always or never"},       \
	{                                                                                                            \
		.name = "output", .letter = 'o', .arg = "FILE", .help = "write to FILE instead of standard output"   \
	}
#define CLI_TIMEOUT_OPTION                                                                                           \
	{                                                                                                            \
		.name = "timeout", .arg = "SECONDS", .help = "give up on a silent peer after SECONDS"                \
	}

struct cli;

struct cli_verb {
	const char *name;
	const char *args;       /* "NAME [TYPE]"; "" for none */
	int min_args, max_args; /* max_args -1: any number */
	const char *summary;
	const struct cli_option *options; /* ends with CLI_END; may be NULL */
	int (*run)(struct cli *c);        /* returns an exit status */
	int rest; /* 1: stop at the first argument that is no option: what follows is a command (exec, shell); 2: one
	             argument comes first, with options before and after it (connect HOST) */
	bool hidden;
};

struct cli_tool {
	const char *name;
	const char *summary;             /* one line */
	const struct cli_verb *verbs;    /* ends with {0} */
	const char *examples;            /* shown first in the help, one a line, each indented by two */
	const char *notes;               /* shown last; or NULL */
	const struct cli_option *global; /* options before the verb; ends with CLI_END; may be NULL */
};

#define CLI_MAX_OPTIONS 40
#define CLI_MAX_MANY    128

struct cli {
	const struct cli_tool *tool;
	const struct cli_verb *verb;
	int argc; /* the arguments after options */
	char **argv;
	/* parsed options, by position in the tables */
	struct {
		const struct cli_option *opt;
		const char *value[CLI_MAX_MANY];
		int count;
	} set[CLI_MAX_OPTIONS];
	int n_set;
	FILE *out;     /* where results go; stdout unless -o */
	int out_errno; /* why a trace could not be written to it; 0: it could */
	bool own_out;
	struct replacement file; /* -o: what out writes to, where own_out */
	struct trace page;       /* --html: the page alone listens */
	bool has_page;
	bool own_page; /* the verb writes --html itself, before cli_trace_open() */
	struct json_t *lab; /* what the page's map shall show, until the page is open */
};

/* Parses, runs the verb, flushes stdout (a failed write is EXIT_INTERNAL, a closed pipe too, silently) and returns
 * the exit status. -h, --help, -V, --version, "help VERB", --completion and --synopsis are answered here. SIGPIPE is
 * ignored: restore SIG_DFL before running another program. */
int cli_main(const struct cli_tool *tool, int argc, char **argv);

bool cli_has(const struct cli *c, const char *option);
const char *cli_get(const struct cli *c, const char *option);            /* the last value; NULL: not given */
const char *cli_get_nth(const struct cli *c, const char *option, int n); /* NULL past the last */

/* A number within bounds; *out keeps its value where the option is not given. Says what is wrong, and returns
 * false, where it is no such number: the verb then returns EXIT_USAGE. cli_seconds takes "0.5", gives ns. */
bool cli_number(const struct cli *c, const char *option, long min, long max, long *out) MUST_USE;
bool cli_seconds(const struct cli *c, const char *option, double max, int64_t *out_ns) MUST_USE;

/* "TOOL: message" on stderr. cli_usage adds "Try 'TOOL --help'" and returns EXIT_USAGE; cli_fail names the error
 * and returns err_exit(e). Text is escaped. */
int cli_usage(const struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);
int cli_fail(const struct cli *c, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);
void cli_warn(const struct cli *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The style that the options, the environment (NO_COLOR, TERM, COLUMNS, the locale) and the terminal ask for. */
struct term_style cli_style(const struct cli *c);

/* Sets up a trace with the sinks that the options ask for, on c->out. The caller ends with cli_trace_close(), which
 * releases it and turns a sink's error into an exit status: it returns status, or what is worse. */
enum err cli_trace_open(struct cli *c, struct trace *t, const struct clock *clock, const char *actor) MUST_USE;
int cli_trace_close(struct cli *c, struct trace *t, int status);

/* --html alone, for what does not go through cli_trace_open(): the trace whose only listener is the page, or NULL where
 * none is wanted. cli_page_open() says what is wrong; cli_page_close() returns status, or what is worse. Both are called
 * by cli_trace_open() and cli_trace_close(). */
enum err cli_page_open(struct cli *c) MUST_USE;
struct trace *cli_page(struct cli *c);

/* The page's map shows this lab's networks (lab_facts(), borrowed for the call), whether the page is open already or
 * not. A program that runs inside a lab need not say so. */
void cli_page_lab(struct cli *c, const struct json_t *facts);
int cli_page_close(struct cli *c, int status);

/* Ctrl-C and SIGTERM: after cli_catch_interrupt(), cli_interrupted() says whether one came. Blocking calls end with
 * EINTR. The fd becomes readable, for loops that wait on descriptors. */
void cli_catch_interrupt(void);
bool cli_interrupted(void);
int cli_interrupt_fd(void);

/* A progress line on stderr, on a terminal only, after half a second; cli_progress_end() takes it away. */
void cli_progress(const char *fmt, ...) PRINTF_LIKE(1, 2);
void cli_progress_end(void);

#endif
