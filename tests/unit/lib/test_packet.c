/* Whole packets: which layers are found, what the packet's own fields say, its line, and what a listener
 * gets. */
#include <pcap/dlt.h>

#include "glassnet/packet.h"
#include "proto_support.h"

static const char ether4[] = "02000000000a 020000000064 0800";
static const char udp_dns[] = "45000039 00010000 40110000 c0a80164 cb007135 c000003500250000"
                              "1234 0100 0001 0000 0000 0000 03777777 076578616d706c65 00 0001 0001";

static struct packet packet_of(const struct bytes *b, int linktype)
{
	struct packet p = {.bytes = b->b, .len = b->n, .wire_len = b->n, .linktype = linktype, .number = 1};

	packet_parse(&p);
	return p;
}

static void assert_layers(const struct packet *p, const char *want)
{
	char got[128] = "";

	for (unsigned i = 0; i < p->n_layers; i++) {
		strcat(got, i > 0 ? " " : "");
		strcat(got, proto_name(p->layers[i].proto));
	}
	assert_string_equal(got, want);
}

static void assert_summary(const struct packet *p, const char *want)
{
	char line[256];

	assert_ptr_equal(packet_summary(p, line, sizeof(line)), line);
	assert_string_equal(line, want);
}

/* An IPv4 packet on Ethernet around a TCP segment with that data. */
static struct bytes tcp_packet(uint16_t sport, uint16_t dport, const char *data_hex)
{
	struct bytes data = from_hex(data_hex), b = from_hex(ether4);
	uint16_t total = (uint16_t)(40 + data.n);

	add_hex(&b, "4500 0000 00010000 40060000 c0a80164 c6336422");
	b.b[16] = (uint8_t)(total >> 8);
	b.b[17] = (uint8_t)total;
	uint8_t ports[4] = {(uint8_t)(sport >> 8), (uint8_t)sport, (uint8_t)(dport >> 8), (uint8_t)dport};
	add_octets(&b, ports, 4);
	add_hex(&b, "00000001 00000001 5018 0100 0000 0000");
	add_octets(&b, data.b, data.n);
	return b;
}

static void dns_query_gives_all_layers_and_fields(void **state)
{
	struct bytes b = from_hex(ether4);
	char text[ENDPOINT_TEXT];

	(void)state;
	add_hex(&b, udp_dns);
	struct packet p = packet_of(&b, DLT_EN10MB);
	assert_layers(&p, "Ethernet IPv4 UDP DNS");
	assert_true(p.has_mac);
	assert_int_equal(p.src_mac.b[5], 0x64);
	assert_string_equal(endpoint_text(text, &p.src), "192.168.1.100:49152");
	assert_string_equal(endpoint_text(text, &p.dst), "203.0.113.53:53");
	assert_int_equal(p.ip_proto, 17);
	assert_int_equal(p.ttl, 64);
	assert_int_equal(p.payload_off, 42);
	assert_int_equal(p.payload_len, 29);
	assert_int_equal(packet_top(&p)->proto, PROTO_DNS);
	assert_int_equal(packet_secrecy(&p), SECRECY_CLEAR);
	assert_summary(&p, "DNS query A www.example., recursion desired");
}

static void every_link_type_leads_to_ip(void **state)
{
	static const struct {
		int linktype;
		const char *header, *layers;
	} types[] = {
	    {DLT_RAW, "", "IPv4 UDP DNS"},
	    {DLT_IPV4, "", "IPv4 UDP DNS"},
	    {DLT_NULL, "02000000", "link header IPv4 UDP DNS"},
	    {DLT_LINUX_SLL, "0000 0001 0006 0200000000010000 0800", "link header IPv4 UDP DNS"},
	    {DLT_LINUX_SLL2, "0800 0000 00000003 0001 00 06 0200000000020000", "link header IPv4 UDP DNS"},
	    {DLT_EN10MB, "02000000000a 020000000064 8100 0005 0800", "Ethernet IPv4 UDP DNS"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct bytes b = from_hex(types[i].header);
		add_hex(&b, udp_dns);
		struct packet p = packet_of(&b, types[i].linktype);
		assert_layers(&p, types[i].layers);
		assert_int_equal(p.payload_len, 29);
	}
}

static void unknown_link_type_is_data(void **state)
{
	struct bytes b = from_hex("0102030405");
	struct packet p = packet_of(&b, 147);

	(void)state;
	assert_layers(&p, "data");
	assert_summary(&p, "5 bytes of a link type that is not decoded here");
	assert_int_equal(packet_secrecy(&p), SECRECY_UNKNOWN);
}

static void padding_behind_ip_is_not_payload(void **state)
{
	struct bytes b = tcp_packet(49152, 443, "");

	(void)state;
	add_hex(&b, "000000000000");
	struct packet p = packet_of(&b, DLT_EN10MB);
	assert_layers(&p, "Ethernet IPv4 TCP");
	assert_int_equal(p.payload_len, 0);
	assert_summary(&p, "TCP ACK 49152→443");
}

static void streams_are_known_by_content_on_any_port(void **state)
{
	static const struct {
		uint16_t port;
		const char *data, *top, *line;
	} cases[] = {
	    {80, "474554202f20485454502f312e310d0a0d0a", "HTTP", "HTTP GET /"},
	    {12345, "474554202f20485454502f312e310d0a0d0a", "HTTP", "HTTP GET /"},
	    {443, "15030300020230", "TLS", "TLS alert (fatal): unknown_ca"},
	    {12345, "15030300020230", "TLS", "TLS alert (fatal): unknown_ca"},
	    {443, "474554202f20485454502f312e310d0a0d0a", "HTTP", "HTTP GET /"},
	    {443, "00112233445566", "data", "TCP 49152→443, 7 bytes of data"},
	    {80, "00112233445566", "data", "TCP 49152→80, 7 bytes of data"},
	    {53, "001d 1234 0000 0001 0000 0000 0000 03777777 076578616d706c65 00 0001 0001", "DNS",
	        "DNS query A www.example., over TCP"},
	    {53, "001d", "DNS", "DNS, the begin of a message, over TCP (goes on in the next segment)"},
	    {53, "1234 0000 0001 0000 0000 0000 03777777 076578616d706c65 00 0001 0001", "data",
	        "TCP 49152→53, 29 bytes of data"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = tcp_packet(49152, cases[i].port, cases[i].data);
		struct packet p = packet_of(&b, DLT_EN10MB);
		assert_string_equal(proto_name(packet_top(&p)->proto), cases[i].top);
		assert_int_equal(packet_top(&p)->err, ERR_OK);
		assert_summary(&p, cases[i].line);
	}
}

static void secrecy_is_what_a_listener_can_read(void **state)
{
	static const struct {
		const char *data;
		enum secrecy secrecy;
	} cases[] = {
	    {"", SECRECY_CLEAR},
	    {"474554202f20485454502f312e310d0a0d0a", SECRECY_CLEAR},
	    {"15030300020230", SECRECY_CLEAR},
	    {"1703030003 010203", SECRECY_ENCRYPTED},
	    {"1403030001 01 1703030003 010203", SECRECY_ENCRYPTED},
	    {"00112233445566", SECRECY_UNKNOWN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct bytes b = tcp_packet(49152, 443, cases[i].data);
		struct packet p = packet_of(&b, DLT_EN10MB);
		assert_int_equal(packet_secrecy(&p), cases[i].secrecy);
	}
}

static void later_fragment_has_no_transport_layer(void **state)
{
	struct bytes b = from_hex(ether4);

	(void)state;
	add_hex(&b, "4500001c abcd0010 40110000 0a000001 0a000002 0102030405060708");
	struct packet p = packet_of(&b, DLT_EN10MB);
	assert_true(p.fragment);
	assert_layers(&p, "Ethernet IPv4 data");
	assert_int_equal(p.dst.port, 0);
	assert_summary(&p, "IPv4 10.0.0.1→10.0.0.2, UDP, fragment of packet 0xabcd: octets 128 to 135, the last");
}

static void first_fragment_keeps_its_transport_layer(void **state)
{
	struct bytes b = from_hex(ether4);

	(void)state;
	/* UDP says 1,000 octets; the rest is in the other fragments, which is no error */
	add_hex(&b, "45000024 abcd2000 40110000 0a000001 0a000002 c0000007 03e80000 0102030405060708");
	struct packet p = packet_of(&b, DLT_EN10MB);
	assert_layers(&p, "Ethernet IPv4 UDP data");
	assert_int_equal(packet_top(&p)->err, ERR_OK);
	assert_int_equal(p.payload_len, 8);
}

static void lengths_beyond_the_packet_are_malformed_unless_it_was_cut(void **state)
{
	struct bytes b = from_hex(ether4);

	(void)state;
	add_hex(&b, udp_dns);
	b.n -= 10;
	struct packet p = packet_of(&b, DLT_EN10MB);
	/* IPv4 says so, and decoding goes on as far as there is something */
	assert_layers(&p, "Ethernet IPv4 UDP DNS");
	assert_int_equal(p.layers[1].err, ERR_TRUNCATED);
	assert_int_equal(p.layers[1].err_off, b.n);
	assert_int_equal(packet_top(&p)->err, ERR_TRUNCATED);
	p.wire_len = b.n + 10; /* a snap length */
	packet_parse(&p);
	assert_layers(&p, "Ethernet IPv4 UDP DNS");
	assert_int_equal(packet_top(&p)->err, ERR_TRUNCATED);
	assert_summary(&p, "DNS, cut short by the capture");
}

static void malformed_message_keeps_outer_layers(void **state)
{
	struct bytes b = from_hex(ether4);
	struct kept k;
	struct trace t = keeping_trace(&k);

	(void)state;
	add_hex(&b, udp_dns);
	b.b[b.n - 17] = 0xc0; /* the first label becomes a pointer, to an offset far ahead */
	struct packet p = packet_of(&b, DLT_EN10MB);
	assert_layers(&p, "Ethernet IPv4 UDP DNS");
	const struct layer *top = packet_top(&p);
	assert_int_equal(top->err, ERR_LOOP);
	assert_int_equal(top->err_off, b.n - 17);
	assert_summary(&p, "DNS malformed: a compression pointer does not point backwards (at byte 54)");
	assert_int_equal(packet_secrecy(&p), SECRECY_UNKNOWN);
	packet_describe(&p, &t);
	assert_field(&k, "source", "192.168.1.100", 26, 4);
	assert_field(&k, "ID", "0x1234", 42, 2); /* what comes before the trouble */
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void packet_cut_anywhere_never_reads_past(void **state)
{
	static const char *const data[] = {"474554202f20485454502f312e310d0a0d0a", "1703030003 010203", "0001"};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct bytes b = tcp_packet(49152, 53, data[i]);
		for (size_t len = 0; len <= b.n; len++) {
			uint8_t *copy = exact(b.b, len);
			struct packet p = {.bytes = copy, .len = len, .wire_len = b.n, .linktype = DLT_EN10MB};
			struct kept k;
			struct trace t = keeping_trace(&k);
			char line[100];
			packet_parse(&p);
			assert_true(p.n_layers > 0);
			assert_int_not_equal(packet_summary(&p, line, sizeof(line))[0], '\0');
			packet_describe(&p, &t);
			assert_int_equal(trace_release(&t), ERR_OK);
			free(copy);
		}
	}
}

static void parse_forgets_the_packet_before(void **state)
{
	struct bytes b = tcp_packet(49152, 443, ""), arp = from_hex("ffffffffffff 020000000064 0806");

	(void)state;
	struct packet p = packet_of(&b, DLT_EN10MB);
	add_hex(&arp, "0001 0800 06 04 0001 020000000064 c0a80164 000000000000 c0a80101");
	p.bytes = arp.b;
	p.len = p.wire_len = arp.n;
	packet_parse(&p);
	assert_layers(&p, "Ethernet ARP");
	assert_int_equal(p.src.port, 0);
	assert_int_equal(p.ip_proto, 0);
	assert_int_equal(p.payload_len, 0);
	assert_summary(&p, "ARP who has 192.168.1.1? tell 192.168.1.100");
}

static void describe_puts_each_layer_first_and_its_fields_deeper(void **state)
{
	struct bytes b = from_hex(ether4);
	struct kept k;
	struct trace t = keeping_trace(&k);

	(void)state;
	add_hex(&b, udp_dns);
	struct packet p = packet_of(&b, DLT_EN10MB);
	packet_describe(&p, &t);
	assert_field(&k, "Ethernet", "02:00:00:00:00:64→02:00:00:00:00:0a, IPv4", 0, 14);
	assert_field(&k, "IPv4", "192.168.1.100→203.0.113.53, UDP, 37 bytes", 14, 20);
	assert_field(&k, "UDP", "49152→53, 29 bytes", 34, 8);
	assert_field(&k, "DNS", "query A www.example., recursion desired", 42, 29);
	assert_field(&k, "checksum", "0x0000 (none: the sender left it out)", 40, 2);
	unsigned tops = 0;
	for (size_t i = 0; i < k.n; i++)
		tops += k.f[i].depth == 0;
	assert_int_equal(tops, 4);
	assert_int_equal(trace_release(&t), ERR_OK);
}

/* The two sums were computed apart, with a few lines of Python. */
static void describe_tells_checksums_apart(void **state)
{
	static const struct {
		const char *sum, *value;
	} cases[] = {
	    {"00ad", "0x00ad (right)"}, {"ec7c", "0xec7c (only begun)"}, {"1111", "0x1111 (does not match)"}};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct bytes b = tcp_packet(49152, 443, "");
		struct bytes sum = from_hex(cases[i].sum);
		struct kept k;
		struct trace t = keeping_trace(&k);
		memcpy(b.b + 50, sum.b, 2);
		struct packet p = packet_of(&b, DLT_EN10MB);
		packet_describe(&p, &t);
		assert_field(&k, "checksum", cases[i].value, 50, 2);
		assert_int_equal(trace_release(&t), ERR_OK);
	}
}

static void summary_is_cut_to_the_room(void **state)
{
	struct bytes b = from_hex(ether4);
	char line[20];

	(void)state;
	add_hex(&b, udp_dns);
	struct packet p = packet_of(&b, DLT_EN10MB);
	assert_string_equal(packet_summary(&p, line, sizeof(line)), "DNS query A www....");
	assert_string_equal(packet_summary(&p, line, 1), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(dns_query_gives_all_layers_and_fields),
	    cmocka_unit_test(every_link_type_leads_to_ip),
	    cmocka_unit_test(unknown_link_type_is_data),
	    cmocka_unit_test(padding_behind_ip_is_not_payload),
	    cmocka_unit_test(streams_are_known_by_content_on_any_port),
	    cmocka_unit_test(secrecy_is_what_a_listener_can_read),
	    cmocka_unit_test(later_fragment_has_no_transport_layer),
	    cmocka_unit_test(first_fragment_keeps_its_transport_layer),
	    cmocka_unit_test(lengths_beyond_the_packet_are_malformed_unless_it_was_cut),
	    cmocka_unit_test(malformed_message_keeps_outer_layers),
	    cmocka_unit_test(packet_cut_anywhere_never_reads_past),
	    cmocka_unit_test(parse_forgets_the_packet_before),
	    cmocka_unit_test(describe_puts_each_layer_first_and_its_fields_deeper),
	    cmocka_unit_test(describe_tells_checksums_apart),
	    cmocka_unit_test(summary_is_cut_to_the_room),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
