/* ARP, from arbitrary bytes. */
#include "glassnet/proto/arp.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct arp h;
	size_t at = 0;
	enum err e = arp_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK) {
		CHECK_SUMMARY(arp_summary(&h, &out));
		arp_describe(&h, data, 0, &t);
	}
	end_trace(&t);
	return 0;
}
