// needs: tools/dnsview
/* Any bytes as a DNS message: taken apart, compared with a question and analysed. */
#include <stdlib.h>

#include "dnsview/classify.h"
#include "dnsview/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct question q = {.id = 0x1234, .qtype = 1, .qname = {.len = 13, .b = "\3www\7example"}};
	struct dname zone = {.len = 9, .b = "\7example"};
	struct message m;
	size_t at;
	(void)response_match(&q, data, size);
	if (response_parse(&m, &q, &q.qname, data, size, &at)) {
		if (at > size)
			abort();
		return 0;
	}
	for (size_t i = 0; i < m.n_records; i++) {
		char text[DNAME_TEXT];
		struct dname back;
		const char *why;
		/* what is shown of a name reads back as that name */
		if (dname_parse(&back, dname_text(text, &m.records[i].owner), &why) == ERR_OK &&
		    !dname_same_case(&back, &m.records[i].owner))
			abort();
	}
	(void)response_analyze(&m, &q.qname, q.qtype, (struct asked_how){.edns = true}, &zone);
	message_release(&m);
	return 0;
}
