/* NTP, from arbitrary bytes. */
#include "glassnet/proto/ntp.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct ntp h;
	size_t at = 0;
	enum err e = ntp_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK)
		CHECK_SUMMARY(ntp_summary(&h, &out));
	ntp_describe(&h, data, size, 0, &t); /* after an error: what came before it */
	end_trace(&t);
	return 0;
}
