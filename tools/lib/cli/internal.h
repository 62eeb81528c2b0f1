/* Between the files of tools/lib/cli. */
#ifndef GLASSNET_CLI_INTERNAL_H
#define GLASSNET_CLI_INTERNAL_H

#include "glassnet/cli.h"

/* Columns of the terminal that out is; 0: it is none. */
unsigned output_width(FILE *out);

/* help.c: each writes to out. verb NULL: the tool's. */
void cli_print_help(const struct cli_tool *tool, const struct cli_verb *verb, FILE *out);
void cli_print_synopsis(const struct cli_tool *tool, FILE *out);
void cli_print_completion(const struct cli_tool *tool, FILE *out);

#endif
