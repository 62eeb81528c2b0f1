/* TCP headers and options, from arbitrary bytes. */
#include "glassnet/proto/transport.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct tcp h;
	size_t at = 0;
	enum err e = tcp_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK) {
		CHECK_SUMMARY(tcp_summary(&h, &out));
		tcp_describe(&h, data, 0, CHECKSUM_BEGUN, &t);
	}
	end_trace(&t);
	return 0;
}
