/* Help, synopsis and completion, all from the option table. */
#include <string.h>
#include <unistd.h>

#include "glassnet/trace.h"
#include "internal.h"

#define HELP_COLUMN 30 /* where an option's sentence begins */

/* Left, and from the help's column on what it means; wrapped on a terminal. */
static void print_entry(const char *left, const char *text, FILE *out)
{
	if (strlen(left) >= HELP_COLUMN)
		fprintf(out, "%s\n%*s", left, HELP_COLUMN, "");
	else
		fprintf(out, "%-*s", HELP_COLUMN, left);
	write_wrapped(out, text, HELP_COLUMN, HELP_COLUMN, output_width(out));
}

static void print_option(const struct cli_option *o, FILE *out)
{
	char left[80], letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	snprintf(left, sizeof(left), "  %s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
	print_entry(left, o->help, out);
}

static void print_options(const struct cli_option *o, const char *title, FILE *out)
{
	if (!o || !o->name)
		return;
	fprintf(out, "\n%s:\n", title);
	for (; o->name; o++)
		print_option(o, out);
}

static void print_verb_line(const struct cli_tool *tool, const struct cli_verb *v, FILE *out)
{
	fprintf(out, "  %s %s%s%s%s\n", tool->name, v->name, v->options && v->options->name ? " [options]" : "",
	    *v->args ? " " : "", v->args);
}

/* The examples of one verb: the lines of the tool's examples that call it. */
static void print_examples(const struct cli_tool *tool, const struct cli_verb *verb, FILE *out)
{
	bool any = false;

	for (const char *line = tool->examples; line && *line;) {
		const char *end = strchr(line, '\n');
		size_t len = end ? (size_t)(end - line) + 1 : strlen(line);
		char start[64];
		snprintf(start, sizeof(start), "%s %s", tool->name, verb ? verb->name : "");
		if (!verb || memmem(line, len, start, strlen(start))) {
			fprintf(out, "%s%.*s%s", any ? "" : "Examples:\n", (int)len, line, end ? "" : "\n");
			any = true;
		}
		line += len;
	}
	if (any)
		fputc('\n', out);
}

static void print_lines(const char *text, FILE *out)
{
	char line[512];

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n') {
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(text, "\n"), text);
		write_wrapped(out, line, 0, 0, output_width(out));
	}
}

void cli_print_help(const struct cli_tool *tool, const struct cli_verb *verb, FILE *out)
{
	if (verb) {
		fprintf(out, "%s %s: ", tool->name, verb->name);
		write_wrapped(out, verb->summary, (unsigned)(strlen(tool->name) + strlen(verb->name) + 3), 2,
		    output_width(out));
		fputc('\n', out);
		print_examples(tool, verb, out);
		fprintf(out, "Usage:\n");
		print_verb_line(tool, verb, out);
		print_options(verb->options, "Options", out);
		print_options(tool->global, "Options before the verb", out);
		return;
	}
	fprintf(out, "%s: %s\n\n", tool->name, tool->summary);
	print_examples(tool, NULL, out);
	fprintf(out, "Verbs:\n");
	for (const struct cli_verb *v = tool->verbs; v->name; v++) {
		if (v->hidden)
			continue;
		char left[96];
		snprintf(left, sizeof(left), "  %s%s%s", v->name, *v->args ? " " : "", v->args);
		print_entry(left, v->summary, out);
	}
	print_options(tool->global, "Options before the verb", out);
	fprintf(out,
	    "\nOptions everywhere:\n  -h, --help                  this text, or a verb's\n"
	    "  -V, --version               the version\n"
	    "\n`%s VERB --help` tells the options of one verb.\n",
	    tool->name);
	if (tool->notes) {
		fputc('\n', out);
		print_lines(tool->notes, out);
	}
	if (!tool->notes || !strstr(tool->notes, "Exit status"))
		fprintf(out, "\nExit status: 0 yes or success, 1 a valid negative answer, 2 wrong usage,\n"
		             "3 network or timeout, 4 malformed input, 5 I/O or internal.\n");
}

void cli_print_synopsis(const struct cli_tool *tool, FILE *out)
{
	for (const struct cli_verb *v = tool->verbs; v->name; v++) {
		if (v->hidden)
			continue;
		fprintf(out, "%s %s", tool->name, v->name);
		for (const struct cli_option *o = v->options; o && o->name; o++)
			fprintf(out, " [--%s%s%s]", o->name, o->arg ? " " : "", o->arg ? o->arg : "");
		fprintf(out, "%s%s\n", *v->args ? " " : "", v->args);
	}
}

void cli_print_completion(const struct cli_tool *tool, FILE *out)
{
	fprintf(out, "_%s()\n{\n\tlocal words\n\tcase ${COMP_WORDS[1]} in\n", tool->name);
	for (const struct cli_verb *v = tool->verbs; v->name; v++) {
		if (v->hidden)
			continue;
		fprintf(out, "\t%s) words='--help", v->name);
		for (const struct cli_option *o = v->options; o && o->name; o++)
			fprintf(out, " --%s", o->name);
		fprintf(out, "' ;;\n");
	}
	fprintf(out, "\t*) words='--help --version");
	for (const struct cli_option *o = tool->global; o && o->name; o++)
		fprintf(out, " --%s", o->name);
	for (const struct cli_verb *v = tool->verbs; v->name; v++)
		if (!v->hidden)
			fprintf(out, " %s", v->name);
	fprintf(out,
	    "' ;;\n\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\"))\n}\n"
	    "complete -o default -F _%s %s\n",
	    tool->name, tool->name);
}
