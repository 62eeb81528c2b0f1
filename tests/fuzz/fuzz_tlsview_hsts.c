// needs: tools/tlsview
/* The HSTS file, which another program may have written, and the header, which a server says. Whatever is read can be
 * looked up. */
#include <stdlib.h>
#include <string.h>

#include "tlsview/hsts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size ? size : 1); /* a read past the end is a read past the heap */
	struct hsts h;
	size_t line;
	int64_t age = 0;
	bool sub;

	if (size)
		memcpy(copy, data, size);
	if (hsts_parse(&h, copy, size, &line) == ERR_OK) {
		for (size_t i = 0; i < h.n; i++)
			if (h.host[i].until > 0 && !hsts_find(&h, h.host[i].name, 0) &&
			    strspn(h.host[i].name, "0123456789.") < strlen(h.host[i].name))
				abort();
		hsts_release(&h);
	}
	if (hsts_header((const uint8_t *)copy, size, &age, &sub) && age < 0)
		abort();
	free(copy);
	return 0;
}
