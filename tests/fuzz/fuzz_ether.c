/* Ethernet frames, from arbitrary bytes. */
#include "glassnet/proto/ether.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct ether h;
	size_t at = 0;
	enum err e = ether_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK) {
		CHECK_SUMMARY(ether_summary(&h, &out));
		ether_describe(&h, data, 0, &t);
	}
	end_trace(&t);
	return 0;
}
