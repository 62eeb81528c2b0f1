/* cli_main with a small tool: what it parses, refuses and prints. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/cli.h"
#include "torture.h"

static struct {
	int runs, argc, status;
	char args[256], value[64], many[64];
	bool json;
	int64_t ns;
	const char *print;
} seen;

static int verb_trace(struct cli *c)
{
	seen.runs++;
	seen.argc = c->argc;
	for (int i = 0; i < c->argc; i++)
		snprintf(seen.args + strlen(seen.args), sizeof(seen.args) - strlen(seen.args), "[%s]", c->argv[i]);
	snprintf(seen.value, sizeof(seen.value), "%s", cli_get(c, "color") ? cli_get(c, "color") : "-");
	for (int i = 0; cli_get_nth(c, "then", i); i++)
		snprintf(seen.many + strlen(seen.many), sizeof(seen.many) - strlen(seen.many), "%s;",
		    cli_get_nth(c, "then", i));
	seen.json = cli_has(c, "json");
	if (!cli_seconds(c, "timeout", 60, &seen.ns))
		return EXIT_USAGE;
	if (seen.print)
		fputs(seen.print, c->out);
	return seen.status;
}

static const struct cli_option options[] = {{.name = "then", .arg = "NAME", .help = "and then NAME", .many = true},
    CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};
static const struct cli_option global[] = {{.name = "lab", .arg = "NAME", .help = "which lab"}, CLI_END};
static const struct cli_verb verbs[] = {{.name = "trace",
                                            .args = "NAME [TYPE]",
                                            .min_args = 1,
                                            .max_args = 2,
                                            .summary = "look up",
                                            .options = options,
                                            .run = verb_trace},
    {.name = "exec",
        .args = "HOST COMMAND...",
        .min_args = 2,
        .max_args = -1,
        .summary = "run",
        .rest = true,
        .run = verb_trace},
    {0}};
static const struct cli_tool tool = {
    .name = "tool", .summary = "a tool", .verbs = verbs, .examples = "  tool trace www.example\n", .global = global};

/* Runs the tool with a command line; its messages go to a file whose text is in err. */
static char err[4096], out[8192];

static int run(const char *line)
{
	char copy[512], *argv[40], *save = NULL;
	int argc = 0, saved_err = dup(2), saved_out = dup(1);
	FILE *e = tmpfile(), *o = tmpfile();

	assert_non_null(e);
	assert_non_null(o);
	int keep = seen.status;
	const char *print = seen.print;
	memset(&seen, 0, sizeof(seen));
	seen.status = keep;
	seen.print = print;
	snprintf(copy, sizeof(copy), "%s", line);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	argv[argc] = NULL;
	fflush(stdout);
	dup2(fileno(e), 2);
	dup2(fileno(o), 1);
	int status = cli_main(&tool, argc, argv);
	fflush(stdout);
	dup2(saved_err, 2);
	dup2(saved_out, 1);
	close(saved_err);
	close(saved_out);
	rewind(e);
	err[fread(err, 1, sizeof(err) - 1, e)] = '\0';
	rewind(o);
	out[fread(out, 1, sizeof(out) - 1, o)] = '\0';
	fclose(e);
	fclose(o);
	return status;
}

static void options_and_arguments_mix(void **state)
{
	(void)state;
	assert_int_equal(run("tool --lab x trace www --then a A --json --then=b --timeout 1.5 --color always"), 0);
	assert_string_equal(seen.args, "[www][A]");
	assert_string_equal(seen.value, "always");
	assert_string_equal(seen.many, "a;b;");
	assert_true(seen.json);
	assert_int_equal(seen.ns, 1500 * NS_PER_MS);
}

static void double_dash_ends_options(void **state)
{
	(void)state;
	assert_int_equal(run("tool trace -- --json A"), 0);
	assert_string_equal(seen.args, "[--json][A]");
	assert_false(seen.json);
}

static void rest_verb_leaves_the_command_alone(void **state)
{
	(void)state;
	assert_int_equal(run("tool exec host ls -la --json"), 0);
	assert_string_equal(seen.args, "[host][ls][-la][--json]");
	assert_int_equal(run("tool exec host -- ls -- x"), 0);
	assert_string_equal(seen.args, "[host][ls][--][x]");
}

static void status_of_the_verb_passes(void **state)
{
	(void)state;
	seen.status = 3;
	assert_int_equal(run("tool trace www"), 3);
	seen.status = 0;
}

static void wrong_usage_is_two_lines_and_status_2(void **state)
{
	(void)state;
	static const struct {
		const char *line, *message;
	} wrong[] = {
	    {"tool", "tool: say what to do\nTry 'tool --help'.\n"},
	    {"tool nope", "tool: there is no verb 'nope'\nTry 'tool --help'.\n"},
	    {"tool trace", "tool: trace needs NAME [TYPE]\nTry 'tool trace --help'.\n"},
	    {"tool trace a b c", "tool: trace takes no 'c'\nTry 'tool trace --help'.\n"},
	    {"tool trace a --nope", "tool: there is no option '--nope'\nTry 'tool trace --help'.\n"},
	    {"tool trace a --then", "tool: --then needs a value\nTry 'tool trace --help'.\n"},
	    {"tool trace a --color red",
	        "tool: --color is one of auto|always|never, not 'red'\nTry 'tool trace --help'.\n"},
	    {"tool trace a --timeout 0",
	        "tool: --timeout takes seconds, more than 0 and at most 60, not '0'\nTry 'tool trace --help'.\n"},
	    {"tool trace a --timeout nan",
	        "tool: --timeout takes seconds, more than 0 and at most 60, not 'nan'\nTry 'tool trace --help'.\n"},
	    {"tool help nope", "tool: there is no verb 'nope'\nTry 'tool --help'.\n"},
	    {"tool \033[2J", "tool: there is no verb '\\x1b[2J'\nTry 'tool --help'.\n"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(run(wrong[i].line), EXIT_USAGE);
		assert_string_equal(err, wrong[i].message);
	}
}

static void help_is_on_stdout_with_examples_first(void **state)
{
	(void)state;
	assert_int_equal(run("tool --help"), 0);
	assert_string_equal(err, "");
	assert_non_null(strstr(out, "tool: a tool\n\nExamples:\n  tool trace www.example\n"));
	assert_int_equal(run("tool trace x --help"), 0);
	assert_non_null(strstr(out, "--timeout SECONDS"));
	assert_int_equal(seen.runs, 0);
	assert_int_equal(run("tool --version"), 0);
	assert_non_null(strstr(out, GLASSNET_VERSION));
}

/* Help, synopsis and completion come from one table: each knows every option. */
static void table_feeds_help_synopsis_and_completion(void **state)
{
	(void)state;
	static const char *const questions[] = {"tool trace --help", "tool --synopsis", "tool --completion"};

	for (size_t q = 0; q < 3; q++) {
		assert_int_equal(run(questions[q]), 0);
		for (const struct cli_option *o = options; o->name; o++) {
			char name[64];
			snprintf(name, sizeof(name), "--%s", o->name);
			assert_non_null(strstr(out, name));
		}
	}
}

static void output_file_replaces_at_the_end(void **state)
{
	(void)state;
	char dir[] = "/tmp/glassnet-cli.XXXXXX", path[64], line[128], text[32] = "";

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/out", dir);
	snprintf(line, sizeof(line), "tool trace a -o %s", path);
	seen.print = "new\n";
	assert_int_equal(run(line), 0);
	FILE *f = fopen(path, "r");
	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	fclose(f);
	assert_string_equal(text, "new\n");
	unlink(path);
	assert_int_equal(rmdir(dir), 0); /* no temporary file is left */
	assert_int_equal(run("tool trace a -o /nonexistent/x"), EXIT_INTERNAL);
	assert_string_equal(err, "tool: can't write /nonexistent/x: No such file or directory\n");
	seen.print = NULL;
}

static void full_disk_is_an_error_at_exit(void **state)
{
	(void)state;
	seen.print = "some text";
	assert_int_equal(run("tool trace a -o /dev/full"), EXIT_INTERNAL);
	assert_string_equal(err, "tool: can't write the output: No space left on device\n");
	seen.print = NULL;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(options_and_arguments_mix),
	    cmocka_unit_test(double_dash_ends_options),
	    cmocka_unit_test(rest_verb_leaves_the_command_alone),
	    cmocka_unit_test(status_of_the_verb_passes),
	    cmocka_unit_test(wrong_usage_is_two_lines_and_status_2),
	    cmocka_unit_test(help_is_on_stdout_with_examples_first),
	    cmocka_unit_test(table_feeds_help_synopsis_and_completion),
	    cmocka_unit_test(output_file_replaces_at_the_end),
	    cmocka_unit_test(full_disk_is_an_error_at_exit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
