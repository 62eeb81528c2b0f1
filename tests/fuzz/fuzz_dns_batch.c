// needs: tools/dnsview
/* The lines of a batch, as the reader cuts them, and as they are parsed; what is taken for a name is one. */
#include <stdlib.h>
#include <string.h>

#include "dnsview/batch_input.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct batch_input in = {.fd = -1, .type = 1};
	struct batch_line line;
	size_t first = size < sizeof(in.buffer) ? size : sizeof(in.buffer);
	memcpy(in.buffer, data, first);
	in.end = first;
	in.ended = true;
	for (uint64_t n = 0;;) {
		enum batch_next next = batch_input_next(&in, &line);
		if (next == BATCH_END)
			return 0;
		if (next == BATCH_WAIT || line.number <= n)
			abort();
		n = line.number;
		if (next == BATCH_BAD)
			continue;
		char text[DNAME_TEXT];
		const char *why;
		struct dname same;
		if (dname_parse(&same, dname_text(text, &line.name), &why) || !dname_same_case(&same, &line.name))
			abort();
	}
}
