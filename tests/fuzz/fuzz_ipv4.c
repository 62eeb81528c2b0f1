/* IPv4 headers, from arbitrary bytes. */
#include "glassnet/proto/ip.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct ipv4 h;
	size_t at = 0;
	enum err e = ipv4_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK) {
		CHECK_SUMMARY(ipv4_summary(&h, &out));
		ipv4_describe(&h, data, 0, &t);
	}
	end_trace(&t);
	return 0;
}
