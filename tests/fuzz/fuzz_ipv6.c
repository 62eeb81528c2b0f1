/* IPv6 headers and extension headers, from arbitrary bytes. */
#include "glassnet/proto/ip.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct ipv6 h;
	size_t at = 0;
	enum err e = ipv6_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK) {
		CHECK_SUMMARY(ipv6_summary(&h, &out));
		ipv6_describe(&h, data, 0, &t);
	}
	end_trace(&t);
	return 0;
}
