/* Trace lines: whatever comes is refused or becomes an event that every sink can take. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "glassnet/trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct term_style style = {.width = 80, .explain = true, .verbose = 1, .utf8 = true};
	struct ladder_options ladder = {.style = style};
	struct trace_sink s;
	struct trace t;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		abort();
	trace_init(&t, &clock_real, "fuzz");
	if (sink_terminal(&s, out, &style) != ERR_OK || trace_add(&t, s) != ERR_OK ||
	    sink_ladder(&s, out, &ladder) != ERR_OK || trace_add(&t, s) != ERR_OK || sink_jsonl(&s, out) != ERR_OK ||
	    trace_add(&t, s) != ERR_OK)
		abort();
	for (size_t at = 0, i = 0; i <= size; i++) {
		if (i < size && data[i] != '\n')
			continue;
		(void)!trace_replay(&t, (const char *)data + at, i - at);
		at = i + 1;
	}
	if (trace_release(&t) != ERR_OK)
		abort();
	fclose(out);
	free(text);
	return 0;
}
