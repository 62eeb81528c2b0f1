// needs: tools/mallory
/* A guest's packet: whatever it is, an answer to it is a whole packet that goes back to where it came from. */
#include <stdlib.h>
#include <string.h>

#include "glassnet/proto/dns.h"
#include "glassnet/proto/ip.h"
#include "glassnet/proto/transport.h"
#include "mallory/dnsspoof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct ip self = {.family = 4, .b = {10, 66, 0, 1}};
	uint8_t out[DNSSPOOF_PACKET_MAX];
	struct dnsspoof_lie lie;
	struct ipv4 ip;
	struct udp udp;
	struct dns dns;
	size_t at, n = dnsspoof_answer(out, data, size, "bank.example", &self, &lie);
	if (n == 0)
		return 0;
	if (ipv4_parse(&ip, out, n, &at) || memcmp(ip.dst.b, data + 12, 4) != 0 ||
	    udp_parse(&udp, out + 20, n - 20, &at) || udp.sport != 53 || dns_parse(&dns, out + 28, n - 28, &at) ||
	    !dns.response)
		abort();
	return 0;
}
