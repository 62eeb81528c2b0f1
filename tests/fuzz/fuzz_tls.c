/* TLS records and handshake messages, from arbitrary bytes. */
#include "glassnet/proto/tls.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct tls h;
	size_t at = 0;
	enum err e = tls_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK)
		CHECK_SUMMARY(tls_summary(&h, data, size, &out));
	tls_describe(&h, data, size, 0, &t); /* after an error: what came before it */
	end_trace(&t);
	return 0;
}
