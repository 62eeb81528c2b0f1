/* DNS messages, over UDP and over TCP, from arbitrary bytes. */
#include "glassnet/proto/dns.h"

#include "proto.h"

/* Every record lies within the message, behind the one before. */
static void check_records(const struct dns *m, const uint8_t *data, size_t size)
{
	struct dns_cursor c = dns_records(m, data, size);
	struct dns_rr rr;
	size_t end = 12;

	while (dns_next(&c, &rr)) {
		must(rr.off == end && rr.len <= size - rr.off);
		end = rr.off + rr.len;
		CHECK_SUMMARY(dns_rdata_text(&out, data, size, &rr));
	}
	must(c.err == ERR_OK);
	must(end == m->end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace t = checking_trace(&size);
	struct dns m;
	size_t at = 0;
	enum err e = dns_parse(&m, data, size, &at);

	must(at <= size);
	if (e == ERR_OK) {
		check_records(&m, data, size);
		CHECK_SUMMARY(dns_summary(&m, data, size, &out));
	}
	dns_describe(&m, data, size, 0, &t);
	(void)dns_tcp_looks_like(data, size);
	e = dns_tcp_parse(&m, data, size, &at);
	must(at <= size);
	must(e == ERR_OK || !m.partial || e != ERR_TRUNCATED);
	end_trace(&t);
	return 0;
}
