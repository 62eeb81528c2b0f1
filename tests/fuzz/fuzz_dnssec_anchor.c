// needs: tools/dnsview
/* Any bytes as a file of trust anchors. */
#include <stdlib.h>

#include "dnsview/dnssec_anchor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct anchors a;
	struct hints_error where;
	enum err e = anchors_parse(&a, (const char *)data, size, &where);
	if (a.n > ANCHORS_MAX || (e && (where.line == 0 || where.why[0] == '\0')))
		abort();
	anchors_release(&a);
	return 0;
}
