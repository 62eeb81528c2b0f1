/* UDP headers, from arbitrary bytes. */
#include "glassnet/proto/transport.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct udp h;
	size_t at = 0;
	enum err e = udp_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK) {
		CHECK_SUMMARY(udp_summary(&h, &out));
		udp_describe(&h, data, 0, CHECKSUM_RIGHT, &t);
	}
	end_trace(&t);
	return 0;
}
