/* The headers that captures have in Ethernet's place, from arbitrary bytes; the first chooses which. */
#include <pcap/dlt.h>

#include "glassnet/proto/ether.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = {DLT_NULL, DLT_LINUX_SLL, DLT_LINUX_SLL2};
	struct link_header h;
	size_t at = 0;

	if (size == 0)
		return 0;
	int type = types[*data++ % 3];
	size--;
	struct trace t = checking_trace(&size);
	enum err e = link_parse(&h, type, data, size, &at);
	must(at <= size);
	if (e == ERR_OK) {
		CHECK_SUMMARY(link_summary(&h, &out));
		link_describe(&h, data, 0, &t);
	}
	end_trace(&t);
	return 0;
}
