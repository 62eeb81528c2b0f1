// needs: tools/dnsview
/* What clients send to the server: read within bounds; the answer to it is a message that can be read. */
#include <stdlib.h>

#include "dnsview/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t out[DNS_MESSAGE_MAX];
	struct request q;
	struct message m;
	size_t at;
	if (!request_parse(&q, data, size))
		return 0;
	if (q.rcode == 0 && !q.has_question)
		abort();
	size_t len = q.rcode || !q.has_question ? request_refuse(out, &q, q.rcode) : request_any(out, &q);
	if (message_parse(&m, out, len, &at))
		abort();
	message_release(&m);
	return 0;
}
