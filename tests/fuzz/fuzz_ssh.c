/* SSH, from arbitrary bytes. */
#include "glassnet/proto/ssh.h"

#include "proto.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct ssh h;
	size_t at = 0;
	enum err e = ssh_parse(&h, data, size, &at);

	must(at <= size);
	if (e == ERR_OK)
		CHECK_SUMMARY(ssh_summary(&h, data, size, &out));
	ssh_describe(&h, data, size, 0, &t); /* after an error: what came before it */
	end_trace(&t);
	return 0;
}
