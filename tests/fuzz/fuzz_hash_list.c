// needs: tools/hashview
/* Lists of checksums: every line is read within bounds, and an entry that is found can be written and found
 * again. */
#include <stdlib.h>
#include <string.h>

#include "hashview/list.h"

static void write_and_read(const struct list_entry *e)
{
	struct list_format f = {.reversed = -1};
	struct list_entry again;
	char *line = NULL;
	size_t len = 0;
	enum algo a = 0;

	while (!(e->algos & ALGO_BIT(a)))
		a++;
	FILE *out = open_memstream(&line, &len);
	if (!out)
		return;
	list_write(out, LIST_TAG, false, a, e->digest, e->name);
	fclose(out);
	if (list_parse(&f, line, len - 1, &again) != LINE_ENTRY || again.len != e->len ||
	    memcmp(again.digest, e->digest, e->len) != 0 || strcmp(again.name, e->name) != 0)
		abort();
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct list_format f = {.reversed = -1};
	struct list_entry e;
	size_t cap = 0, len;
	char *line = NULL;
	bool too_long;

	if (size < 2)
		return 0;
	f.zero = data[0] & 1;
	f.only = data[0] & 2 ? ALGO_BIT(ALGO_SHA256) : 0;
	FILE *in = fmemopen((void *)(data + 1), size - 1, "r");
	if (!in)
		return 0;
	while (list_read_line(in, f.zero, &line, &cap, &len, &too_long))
		if (list_parse(&f, line, len, &e) == LINE_ENTRY && *e.name)
			write_and_read(&e);
	free(line);
	fclose(in);
	return 0;
}
