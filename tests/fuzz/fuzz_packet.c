/* Whole packets, from arbitrary bytes: the first chooses the link type, the second whether a snap length cut
 * it. */
#include <pcap/dlt.h>

#include "glassnet/packet.h"

#include "proto.h"

static void check_layers(const struct packet *p)
{
	must(p->n_layers <= PACKET_MAX_LAYERS);
	must(p->payload_off + p->payload_len <= p->len);
	for (unsigned i = 0; i < p->n_layers; i++) {
		const struct layer *l = &p->layers[i];
		must(l->off <= p->len && l->len <= p->len - l->off);
		bool goes_on = l->proto == PROTO_IPV4 || l->proto == PROTO_IPV6 || l->proto == PROTO_UDP ||
		               l->proto == PROTO_TCP;
		must(l->err == ERR_OK || l->err_off <= p->len);
		must(l->err == ERR_OK || goes_on || i + 1 == p->n_layers);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int types[] = {
	    DLT_EN10MB, DLT_RAW, DLT_NULL, DLT_LINUX_SLL, DLT_LINUX_SLL2, DLT_IPV4, DLT_IPV6, 147};
	char line[400];

	if (size < 2)
		return 0;
	struct packet p = {.bytes = data + 2, .len = size - 2, .linktype = types[data[0] % 8]};
	p.wire_len = p.len + (data[1] & 1 ? data[1] : 0);
	size_t len = p.len;
	struct trace t = checking_trace(&len);

	packet_parse(&p);
	check_layers(&p);
	(void)packet_secrecy(&p);
	must_be_clean(packet_summary(&p, line, sizeof(line)));
	must(line[0] != '\0');
	must_be_clean(packet_summary(&p, line, 12));
	packet_describe(&p, &t);
	end_trace(&t);
	return 0;
}
