/* ICMP and ICMPv6, from arbitrary bytes. */
#include "glassnet/proto/icmp.h"

#include "proto.h"

static void check(enum err e, const struct icmp *h, const uint8_t *data, size_t size, size_t at, struct trace *t)
{
	must(at <= size);
	if (e != ERR_OK)
		return;
	CHECK_SUMMARY(icmp_summary(h, &out));
	icmp_describe(h, data, 0, t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct icmp h;
	size_t at = 0;
	enum err e = icmp_parse(&h, data, size, &at);

	check(e, &h, data, size, at, &t);
	e = icmpv6_parse(&h, data, size, &at);
	check(e, &h, data, size, at, &t);
	end_trace(&t);
	return 0;
}
