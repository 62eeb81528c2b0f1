/* Parsing by the option table (getopt_long does the work), and what every tool does at its begin and end. */
#include <errno.h>
#include <getopt.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/wire.h"
#include "internal.h"

#define OPT_BASE 1000 /* getopt's value of the first option of the table */
#define TEXT_MAX 1024

static void say(const struct cli *c, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);
static void say(const struct cli *c, const char *fmt, va_list ap)
{
	char text[TEXT_MAX], safe[TEXT_MAX * 2];

	vsnprintf(text, sizeof(text), fmt, ap);
	cli_progress_end();
	fprintf(stderr, "%s: %s\n", c->tool->name, escape_text(safe, sizeof(safe), text, strlen(text)));
}

int cli_usage(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
	fprintf(stderr, "Try '%s%s%s --help'.\n", c->tool->name, c->verb ? " " : "", c->verb ? c->verb->name : "");
	return EXIT_USAGE;
}

int cli_fail(const struct cli *c, enum err e, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
	return (int)err_exit(e);
}

void cli_warn(const struct cli *c, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	say(c, fmt, ap);
	va_end(ap);
}

/* --- looking options up ------------------------------------------------------------------------------------- */

static int find_set(const struct cli *c, const char *option)
{
	for (int i = 0; i < c->n_set; i++)
		if (strcmp(c->set[i].opt->name, option) == 0)
			return i;
	return -1;
}

bool cli_has(const struct cli *c, const char *option)
{
	return find_set(c, option) >= 0;
}

const char *cli_get_nth(const struct cli *c, const char *option, int n)
{
	int i = find_set(c, option);

	return i >= 0 && n >= 0 && n < c->set[i].count ? c->set[i].value[n] : NULL;
}

const char *cli_get(const struct cli *c, const char *option)
{
	int i = find_set(c, option);

	return i >= 0 && c->set[i].count > 0 ? c->set[i].value[c->set[i].count - 1] : NULL;
}

bool cli_number(const struct cli *c, const char *option, long min, long max, long *out)
{
	const char *text = cli_get(c, option);
	char *end;

	if (!text)
		return true;
	errno = 0;
	long v = strtol(text, &end, 10);
	if (errno || end == text || *end || v < min || v > max) {
		cli_usage(c, "--%s takes a whole number from %ld to %ld, not '%s'", option, min, max, text);
		return false;
	}
	*out = v;
	return true;
}

bool cli_seconds(const struct cli *c, const char *option, double max, int64_t *out_ns)
{
	const char *text = cli_get(c, option);
	char *end;

	if (!text)
		return true;
	errno = 0;
	double v = strtod(text, &end);
	if (errno || end == text || *end || !(v > 0) || v > max) {
		cli_usage(c, "--%s takes seconds, more than 0 and at most %g, not '%s'", option, max, text);
		return false;
	}
	*out_ns = (int64_t)(v * (double)NS_PER_S);
	return true;
}

/* --- parsing ------------------------------------------------------------------------------------------------ */

/* The table's options as getopt_long wants them. */
struct getopt_tables {
	struct option longs[CLI_MAX_OPTIONS + 3];
	char letters[CLI_MAX_OPTIONS * 2 + 8];
};

static void make_tables(struct getopt_tables *t, const struct cli_option *options, bool stop_early)
{
	size_t n = 0, k = 0;

	memset(t, 0, sizeof(*t));
	t->letters[k++] = stop_early ? '+' : '-';
	t->letters[k++] = ':';
	t->letters[k++] = 'h';
	for (; options && options[n].name && n < CLI_MAX_OPTIONS; n++) {
		t->longs[n] = (struct option){.name = options[n].name,
		    .has_arg = options[n].arg ? required_argument : no_argument,
		    .val = OPT_BASE + (int)n};
		if (options[n].letter) {
			t->letters[k++] = options[n].letter;
			if (options[n].arg)
				t->letters[k++] = ':';
		}
	}
	t->longs[n] = (struct option){.name = "help", .val = 'h'};
}

static bool allowed(const char *choices, const char *value)
{
	size_t len = strlen(value);

	for (const char *p = choices; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
		if (strncmp(p, value, len) == 0 && (p[len] == '|' || p[len] == '\0'))
			return true;
	return false;
}

static int remember(struct cli *c, const struct cli_option *o, const char *value)
{
	int i = find_set(c, o->name);

	if (value && o->choices && !allowed(o->choices, value))
		return cli_usage(c, "--%s is one of %s, not '%s'", o->name, o->choices, value);
	if (i < 0) {
		if (c->n_set == CLI_MAX_OPTIONS)
			return cli_usage(c, "too many options");
		i = c->n_set++;
		c->set[i].opt = o;
	}
	if (!o->many)
		c->set[i].count = 0;
	if (c->set[i].count == CLI_MAX_MANY)
		return cli_usage(c, "--%s is given more than %d times", o->name, CLI_MAX_MANY);
	c->set[i].value[c->set[i].count++] = value;
	return EXIT_YES;
}

#define PARSE_HELP (-1)

/* Parses argv[1…] by options; keeps what is no option in order at the front of argv and sets *n_args. Everything
 * after "--" is an argument. rest is as in struct cli_verb. */
static int parse(struct cli *c, int argc, char **argv, const struct cli_option *options, int rest, int *n_args)
{
	struct getopt_tables t;
	int got, status = EXIT_YES, n = 0;

	make_tables(&t, options, rest == 1);
	optind = 0;
	opterr = 0;
	while (status == EXIT_YES && (got = getopt_long(argc, argv, t.letters, t.longs, NULL)) != -1) {
		if (got == 'h')
			return PARSE_HELP;
		if (got == 1) { /* an argument, where order is kept */
			argv[n++] = optarg;
			if (rest == 2 && n == 2)
				break;
			continue;
		}
		if (got == '?')
			return cli_usage(c, "there is no option '%s'", argv[optind > 1 ? optind - 1 : 1]);
		if (got == ':')
			return cli_usage(c, "%s needs a value", argv[optind - 1]);
		const struct cli_option *o = options;
		if (got >= OPT_BASE)
			o = &options[got - OPT_BASE];
		else
			while (o->name && o->letter != got)
				o++;
		status = remember(c, o, o->arg ? optarg : NULL);
	}
	while (optind < argc)
		argv[n++] = argv[optind++];
	*n_args = n;
	return status;
}

/* --- output ------------------------------------------------------------------------------------------------- */

/* -o FILE: a failure leaves what was there. */
static int open_output(struct cli *c)
{
	const char *path = cli_get(c, "output");

	c->out = stdout;
	if (!path || strcmp(path, "-") == 0)
		return EXIT_YES;
	if (replacement_open(&c->file, path) != ERR_OK)
		return cli_fail(c, ERR_IO, "can't write %s: %s", path, strerror(errno));
	c->out = c->file.out;
	c->own_out = true;
	return EXIT_YES;
}

/* Flushes what was printed; a full disk is an error, a reader that went away is not worth a message. */
static int close_output(struct cli *c, int status)
{
	bool bad = ferror(c->out) != 0;

	errno = 0;
	if (c->own_out)
		bad = replacement_commit(&c->file) != ERR_OK;
	else if (fflush(c->out) != 0 || ferror(c->out))
		bad = true;
	c->own_out = false;
	if (!bad)
		return status;
	int why = errno ? errno : c->out_errno;
	c->out_errno = 0; /* said once */
	if (why != EPIPE && why != 0)
		cli_warn(c, "can't write the output: %s", strerror(why));
	return EXIT_INTERNAL;
}

/* --- the run -------------------------------------------------------------------------------------------------- */

static int run_verb(struct cli *c, int argc, char **argv)
{
	int n_args = 0, status = parse(c, argc, argv, c->verb->options, c->verb->rest, &n_args);

	if (status == PARSE_HELP) {
		cli_print_help(c->tool, c->verb, stdout);
		return EXIT_YES;
	}
	if (status != EXIT_YES)
		return status;
	if (c->verb->rest == 1 && n_args > 1 && strcmp(argv[1], "--") == 0) { /* exec HOST -- COMMAND */
		memmove(&argv[1], &argv[2], (size_t)(n_args - 2) * sizeof(*argv));
		n_args--;
	}
	c->argc = n_args;
	c->argv = argv;
	argv[n_args] = NULL;
	if (n_args < c->verb->min_args)
		return cli_usage(c, "%s needs %s", c->verb->name, c->verb->args);
	if (c->verb->max_args >= 0 && n_args > c->verb->max_args)
		return cli_usage(c, "%s takes no '%s'", c->verb->name, argv[c->verb->max_args]);
	if ((status = open_output(c)) != EXIT_YES)
		return status;
	status = c->verb->run(c);
	cli_progress_end();
	status = close_output(c, status);
	c->out = stdout;
	return status;
}

static const struct cli_verb *find_verb(const struct cli_tool *tool, const char *name)
{
	for (const struct cli_verb *v = tool->verbs; v->name; v++)
		if (strcmp(v->name, name) == 0)
			return v;
	return NULL;
}

/* What stands before the verb: -h, -V, and the tables themselves. -1: go on with the verb at argv[*at]. */
static int before_verb(struct cli *c, int argc, char **argv, int *at)
{
	const char *first = argc > 1 ? argv[1] : "";
	int n = 0, status;

	if (argc < 2)
		return cli_usage(c, "say what to do");
	if (strcmp(first, "-V") == 0 || strcmp(first, "--version") == 0) {
		printf("%s (Glassnet) %s\n", c->tool->name, GLASSNET_VERSION);
		return EXIT_YES;
	}
	if (strcmp(first, "help") == 0) {
		const struct cli_verb *v = argc > 2 ? find_verb(c->tool, argv[2]) : NULL;
		if (argc > 2 && !v)
			return cli_usage(c, "there is no verb '%s'", argv[2]);
		cli_print_help(c->tool, v, stdout);
		return EXIT_YES;
	}
	if (strcmp(first, "--synopsis") == 0 || strcmp(first, "--completion") == 0) {
		(first[2] == 's' ? cli_print_synopsis : cli_print_completion)(c->tool, stdout);
		return EXIT_YES;
	}
	status = parse(c, argc, argv, c->tool->global, 1, &n);
	if (status == PARSE_HELP) {
		cli_print_help(c->tool, NULL, stdout);
		return EXIT_YES;
	}
	if (status != EXIT_YES)
		return status;
	if (n == 0)
		return cli_usage(c, "say what to do");
	*at = argc - n;
	/* parse() moved the arguments to the front; put them where getopt expects them: after a name */
	for (int i = n; i > 0; i--)
		argv[*at + i - 1] = argv[i - 1];
	return -1;
}

int cli_main(const struct cli_tool *tool, int argc, char **argv)
{
	struct cli c = {.tool = tool, .out = stdout};
	int at = 1;

	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	int status = before_verb(&c, argc, argv, &at);
	if (status == -1) {
		c.verb = find_verb(tool, argv[at]);
		status =
		    c.verb ? run_verb(&c, argc - at, argv + at) : cli_usage(&c, "there is no verb '%s'", argv[at]);
	}
	return close_output(&c, status);
}
