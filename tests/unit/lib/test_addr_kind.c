#include "torture.h"

#include <string.h>

#include "glassnet/addr_kind.h"

/* First and last address of a block, and its neighbours, from IANA's special-purpose registries. */
static const struct {
	const char *addr, *name;
	bool global;
} cases[] = {
    {"0.0.0.0", "unspecified", false},
    {"0.0.0.1", "this network", false},
    {"9.255.255.255", "global", true},
    {"10.0.0.0", "private", false},
    {"10.255.255.255", "private", false},
    {"11.0.0.0", "global", true},
    {"100.63.255.255", "global", true},
    {"100.64.0.0", "shared", false},
    {"100.127.255.255", "shared", false},
    {"100.128.0.0", "global", true},
    {"127.255.255.255", "loopback", false},
    {"169.253.255.255", "global", true},
    {"169.254.0.1", "link-local", false},
    {"172.15.255.255", "global", true},
    {"172.16.0.0", "private", false},
    {"172.31.255.255", "private", false},
    {"172.32.0.0", "global", true},
    {"192.0.2.82", "documentation", false},
    {"192.0.3.0", "global", true},
    {"192.167.255.255", "global", true},
    {"192.168.0.1", "private", false},
    {"192.169.0.0", "global", true},
    {"198.18.0.1", "benchmarking", false},
    {"198.19.255.255", "benchmarking", false},
    {"198.20.0.0", "global", true},
    {"198.41.0.4", "global", true},
    {"198.51.100.2", "documentation", false},
    {"203.0.113.10", "documentation", false},
    {"224.0.0.1", "multicast", true},
    {"239.255.255.255", "multicast", true},
    {"240.0.0.1", "reserved", false},
    {"255.255.255.254", "reserved", false},
    {"255.255.255.255", "broadcast", false},
    {"::", "unspecified", false},
    {"::1", "loopback", false},
    {"::2", "global", true},
    {"::ffff:192.0.2.1", "IPv4-mapped", false},
    {"64:ff9b::c000:201", "NAT64", true},
    {"100::1", "discard", false},
    {"2001::1", "Teredo", true},
    {"2001:db8::1", "documentation", false},
    {"2001:db9::", "global", true},
    {"2001:503:ba3e::2:30", "global", true},
    {"2002:c000:201::", "6to4", true},
    {"3fff:fff::1", "documentation", false},
    {"fbff::1", "global", true},
    {"fc00::1", "unique local", false},
    {"fdff::1", "unique local", false},
    {"fe80::1", "link-local", false},
    {"febf::1", "link-local", false},
    {"fec0::1", "global", true},
    {"ff02::1", "multicast", true},
};

static void addr_kind_is_that_of_the_registry(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct ip a;
		assert_int_equal(ip_parse(&a, cases[i].addr), ERR_OK);
		const struct addr_kind *k = addr_kind(&a);
		if (strcmp(k->name, cases[i].name) != 0 || k->global != cases[i].global)
			fail_msg(
			    "%s is taken for %s (%s)", cases[i].addr, k->name, k->global ? "global" : "not global");
		assert_true(*k->meaning && *k->ref);
	}
}

static void ip_in_prefix_compares_bits_and_family(void **state)
{
	(void)state;
	static const struct {
		const char *addr, *net;
		unsigned bits;
		bool in;
	} list[] = {{"10.1.2.3", "10.1.2.3", 32, true}, {"10.1.2.3", "10.1.2.2", 32, false},
	    {"10.1.2.3", "10.1.2.2", 31, true}, {"10.1.2.3", "99.0.0.0", 0, true},
	    {"10.1.2.3", "10.1.2.3", 33, false}, {"2001:db8::1", "2001:db8::", 127, true},
	    {"2001:db8::2", "2001:db8::", 127, false}, {"10.1.2.3", "::", 0, false},
	    {"100.127.0.1", "100.64.0.0", 10, true}, {"100.128.0.1", "100.64.0.0", 10, false}};
	for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
		struct ip a, n;
		assert_int_equal(ip_parse(&a, list[i].addr), ERR_OK);
		assert_int_equal(ip_parse(&n, list[i].net), ERR_OK);
		assert_int_equal(ip_in_prefix(&a, &n, list[i].bits), list[i].in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(addr_kind_is_that_of_the_registry),
	    cmocka_unit_test(ip_in_prefix_compares_bits_and_family),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
