// needs: tools/dnsview
/* Any bytes as a root hints file. */
#include <stdlib.h>

#include "dnsview/hints.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct hints h;
	struct hints_error where;
	enum err e = hints_parse(&h, (const char *)data, size, &where);
	if (h.n > HINTS_MAX_SERVERS || (e && (where.line == 0 || where.why[0] == '\0')))
		abort();
	return 0;
}
