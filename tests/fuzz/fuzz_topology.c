// needs: lab/glasslab
/* The topology file: whatever it holds, it is read whole or refused with a sentence, and nothing is left
 * over. */
#include <stdlib.h>
#include <string.h>

#include "glasslab/template.h"
#include "glasslab/topology.h"

/* libconfig 1.5 loses its text buffer when a file ends within quotes. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libconfig";
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct topology t;
	struct why w = {""};
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (topology_parse(&t, text, "fuzz", &w) == ERR_OK) {
		struct seed seed = {{0}};
		struct template_ctx ctx = {&t, &t.host[0], &seed};
		char out[512];
		for (size_t p = 0; p < t.n_programs; p++)
			for (size_t a = 0; a < t.program[p].n_args; a++)
				(void)!template_text(out, sizeof out, t.program[p].args[a], "fuzz", &ctx, &w);
		topology_release(&t);
	} else if (!*w.text) {
		abort();
	}
	free(text);
	return 0;
}
