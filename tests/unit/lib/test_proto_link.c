/* Ethernet, VLAN tags, the headers of loopback and cooked captures, ARP. Hand-made vectors. */
#include <pcap/dlt.h>

#include "glassnet/proto/arp.h"
#include "glassnet/proto/ether.h"
#include "proto_support.h"

static const char frame[] = "ffffffffffff 02000000000a 0806";
static const char tagged[] = "ffffffffffff 00163e000001 88a8 2007 8100 0064 86dd";
static const char request[] = "0001 0800 06 04 0001 020000000064 c0a80164 000000000000 c0a80101";

static void ether_frame_gives_addresses_and_type(void **state)
{
	struct bytes b = from_hex(frame);
	struct ether h;
	size_t at;

	(void)state;
	assert_int_equal(ether_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.type, ETHER_ARP);
	assert_int_equal(h.header_len, 14);
	assert_int_equal(h.n_tags, 0);
	ASSERT_LINE("Ethernet 02:00:00:00:00:0a→ff:ff:ff:ff:ff:ff, ARP", ether_summary(&h, &out));
}

static void ether_tags_are_passed(void **state)
{
	struct bytes b = from_hex(tagged);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct ether h;
	size_t at;

	(void)state;
	assert_int_equal(ether_parse(&h, b.b, b.n, &at), ERR_OK);
	assert_int_equal(h.n_tags, 2);
	assert_int_equal(h.type, ETHER_IPV6);
	assert_int_equal(h.header_len, 22);
	ASSERT_LINE("Ethernet 00:16:3e:00:00:01→ff:ff:ff:ff:ff:ff, VLAN 7, VLAN 100, IPv6", ether_summary(&h, &out));
	ether_describe(&h, b.b, 0, &t);
	assert_field(&k, "VLAN tag", "VLAN 7, priority 1", 12, 4);
	assert_field(&k, "VLAN tag", "VLAN 100, priority 0", 16, 4);
	assert_field(&k, "type", "0x86dd (IPv6)", 20, 2);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void ether_cut_anywhere_is_truncated(void **state)
{
	struct bytes b = from_hex(tagged);
	struct ether h;

	(void)state;
	ASSERT_TRUNCATED_BELOW(b, b.n, ether_parse(&h, p, len, &where));
}

static void link_null_reads_either_byte_order(void **state)
{
	struct bytes little = from_hex("02000000"), big = from_hex("0000001e");
	struct link_header h;
	size_t at;

	(void)state;
	assert_int_equal(link_parse(&h, DLT_NULL, little.b, 4, &at), ERR_OK);
	assert_int_equal(h.type, ETHER_IPV4);
	assert_int_equal(link_parse(&h, DLT_NULL, big.b, 4, &at), ERR_OK);
	assert_int_equal(h.type, ETHER_IPV6);
	assert_int_equal(h.header_len, 4);
	ASSERT_TRUNCATED_BELOW(big, 4, link_parse(&h, DLT_NULL, p, len, &where));
}

static void link_cooked_gives_type_and_address(void **state)
{
	struct bytes sll = from_hex("0004 0001 0006 0200000000010000 0800");
	struct bytes sll2 = from_hex("86dd 0000 00000003 0001 00 06 0200000000020000");
	struct link_header h;
	size_t at;

	(void)state;
	assert_int_equal(link_parse(&h, DLT_LINUX_SLL, sll.b, sll.n, &at), ERR_OK);
	assert_int_equal(h.type, ETHER_IPV4);
	assert_int_equal(h.header_len, 16);
	assert_int_equal(h.src.b[5], 1);
	ASSERT_LINE("Linux cooked capture, sent by this machine, IPv4", link_summary(&h, &out));
	assert_int_equal(link_parse(&h, DLT_LINUX_SLL2, sll2.b, sll2.n, &at), ERR_OK);
	assert_int_equal(h.type, ETHER_IPV6);
	assert_int_equal(h.ifindex, 3);
	assert_int_equal(h.header_len, 20);
	ASSERT_TRUNCATED_BELOW(sll, sll.n, link_parse(&h, DLT_LINUX_SLL, p, len, &where));
	ASSERT_TRUNCATED_BELOW(sll2, sll2.n, link_parse(&h, DLT_LINUX_SLL2, p, len, &where));
	assert_int_equal(link_parse(&h, 147, sll.b, sll.n, &at), ERR_VERSION);
}

static void arp_summaries_say_who_asks_whom(void **state)
{
	struct bytes b = from_hex(request);
	struct arp h;
	size_t at;

	(void)state;
	assert_int_equal(arp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ARP who has 192.168.1.1? tell 192.168.1.100", arp_summary(&h, &out));
	b.b[7] = ARP_REPLY;
	assert_int_equal(arp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ARP 192.168.1.100 is at 02:00:00:00:00:64", arp_summary(&h, &out));
	b.b[7] = ARP_REQUEST;
	memset(b.b + 14, 0, 4);
	assert_int_equal(arp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ARP who has 192.168.1.1? (probe: is it free?)", arp_summary(&h, &out));
	memcpy(b.b + 14, b.b + 24, 4);
	assert_int_equal(arp_parse(&h, b.b, b.n, &at), ERR_OK);
	ASSERT_LINE("ARP announcement: 192.168.1.1 is at 02:00:00:00:00:64", arp_summary(&h, &out));
}

static void arp_fields_stand_where_rfc_826_has_them(void **state)
{
	struct bytes b = from_hex(request);
	struct kept k;
	struct trace t = keeping_trace(&k);
	struct arp h;
	size_t at;

	(void)state;
	assert_int_equal(arp_parse(&h, b.b, b.n, &at), ERR_OK);
	arp_describe(&h, b.b, 14, &t);
	assert_field(&k, "operation", "1 (request)", 20, 2);
	assert_field(&k, "sender MAC", "02:00:00:00:00:64", 22, 6);
	assert_field(&k, "sender IP", "192.168.1.100", 28, 4);
	assert_field(&k, "target IP", "192.168.1.1", 38, 4);
	assert_int_equal(trace_release(&t), ERR_OK);
}

static void arp_malformed_is_rejected(void **state)
{
	struct bytes b = from_hex(request);
	struct arp h;
	size_t at;

	(void)state;
	ASSERT_TRUNCATED_BELOW(b, b.n, arp_parse(&h, p, len, &where));
	b.b[4] = 8;
	assert_int_equal(arp_parse(&h, b.b, b.n, &at), ERR_FORMAT);
	assert_int_equal(at, 4);
	b.b[1] = 6;
	assert_int_equal(arp_parse(&h, b.b, b.n, &at), ERR_VERSION);
	assert_int_equal(at, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(ether_frame_gives_addresses_and_type),
	    cmocka_unit_test(ether_tags_are_passed),
	    cmocka_unit_test(ether_cut_anywhere_is_truncated),
	    cmocka_unit_test(link_null_reads_either_byte_order),
	    cmocka_unit_test(link_cooked_gives_type_and_address),
	    cmocka_unit_test(arp_summaries_say_who_asks_whom),
	    cmocka_unit_test(arp_fields_stand_where_rfc_826_has_them),
	    cmocka_unit_test(arp_malformed_is_rejected),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
