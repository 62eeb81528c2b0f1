/* The special-purpose address registries of IANA (RFC 6890, RFC 8190) as one table, the longest prefix first where
 * blocks overlap. */
#include "glassnet/addr_kind.h"

#include <stddef.h>
#include <string.h>

static const struct addr_kind table[] = {
    {"unspecified", "0.0.0.0/32",
        "no address at all: a host says so while it has none yet, and a server that listens "
        "on it listens on every address of its machine",
        "RFC 1122 3.2.1.3", false},
    {"this network", "0.0.0.0/8", "only ever a source, of a host that does not know its network", "RFC 791 3.2",
        false},
    {"private", "10.0.0.0/8",
        "anybody may use it at home or in a company, so it means nothing outside: NAT must "
        "replace it on the way to the Internet",
        "RFC 1918", false},
    {"shared", "100.64.0.0/10",
        "between a provider and its customers: the carrier's NAT (CGN) replaces it, after the "
        "customer's own did",
        "RFC 6598", false},
    {"loopback", "127.0.0.0/8", "this machine talking to itself: such a packet never leaves it", "RFC 1122 3.2.1.3",
        false},
    {"link-local", "169.254.0.0/16",
        "the machine chose it itself, because nobody on the link gave it one; routers do "
        "not pass it on",
        "RFC 3927", false},
    {"private", "172.16.0.0/12",
        "anybody may use it at home or in a company, so it means nothing outside: NAT must "
        "replace it on the way to the Internet",
        "RFC 1918", false},
    {"protocol assignments", "192.0.0.0/24", "kept for protocols, not for hosts", "RFC 6890 2.1", false},
    {"documentation", "192.0.2.0/24", "for books and examples: nobody has it on the Internet", "RFC 5737", false},
    {"6to4 relay", "192.88.99.0/24", "was the way to 6to4 relays; no longer used", "RFC 7526", false},
    {"private", "192.168.0.0/16",
        "anybody may use it at home or in a company, so it means nothing outside: NAT must "
        "replace it on the way to the Internet",
        "RFC 1918", false},
    {"benchmarking", "198.18.0.0/15", "for measuring routers in a laboratory", "RFC 2544", false},
    {"documentation", "198.51.100.0/24", "for books and examples: nobody has it on the Internet", "RFC 5737", false},
    {"documentation", "203.0.113.0/24", "for books and examples: nobody has it on the Internet", "RFC 5737", false},
    {"multicast", "224.0.0.0/4", "a group of hosts, never one host's own address", "RFC 5771", true},
    {"broadcast", "255.255.255.255/32", "everybody on this link", "RFC 919", false},
    {"reserved", "240.0.0.0/4", "kept for a future that did not come", "RFC 1112 4", false},

    {"unspecified", "::/128",
        "no address at all: a server that listens on it listens on every address of its machine", "RFC 4291 2.5.2",
        false},
    {"loopback", "::1/128", "this machine talking to itself: such a packet never leaves it", "RFC 4291 2.5.3", false},
    {"IPv4-mapped", "::ffff:0:0/96", "an IPv4 address as programs for IPv6 write it; never on a wire",
        "RFC 4291 2.5.5.2", false},
    {"NAT64", "64:ff9b::/96", "an IPv4 address that an IPv6-only host reaches through a translator", "RFC 6052",
        true},
    {"NAT64 (local)", "64:ff9b:1::/48", "the same with a translator of one's own network", "RFC 8215", false},
    {"discard", "100::/64", "packets to it are thrown away on purpose", "RFC 6666", false},
    {"ORCHIDv2", "2001:20::/28", "a name for a key that looks like an address", "RFC 7343", false},
    {"benchmarking", "2001:2::/48", "for measuring routers in a laboratory", "RFC 5180", false},
    {"documentation", "2001:db8::/32", "for books and examples: nobody has it on the Internet", "RFC 3849", false},
    {"documentation", "3fff::/20", "for books and examples: nobody has it on the Internet", "RFC 9637", false},
    {"Teredo", "2001::/32", "IPv6 carried over IPv4 and UDP through a NAT", "RFC 4380", true},
    {"6to4", "2002::/16", "IPv6 that is carried over IPv4 to the address in it", "RFC 3056", true},
    {"unique local", "fc00::/7",
        "IPv6's private addresses: for one site, with a part drawn by chance so that two sites "
        "hardly ever clash",
        "RFC 4193", false},
    {"link-local", "fe80::/10",
        "every interface with IPv6 has one; it is valid on its own link only, and routers do not "
        "pass it on",
        "RFC 4291 2.5.6", false},
    {"multicast", "ff00::/8", "a group of hosts, never one host's own address", "RFC 4291 2.7", true},
};

static const struct addr_kind global4 = {
    "global", "", "unique in the world: anybody on the Internet can send to it", "RFC 6890", true};
static const struct addr_kind global6 = {
    "global", "", "unique in the world: anybody on the Internet can send to it", "RFC 4291 2.5.4", true};

bool ip_in_prefix(const struct ip *a, const struct ip *net, unsigned bits)
{
	if (a->family != net->family || bits > (a->family == 4 ? 32U : 128U))
		return false;
	if (memcmp(a->b, net->b, bits / 8) != 0)
		return false;
	uint8_t mask = (uint8_t)(0xff00U >> (bits % 8));
	return bits % 8 == 0 || ((a->b[bits / 8] ^ net->b[bits / 8]) & mask) == 0;
}

/* "192.168.0.0/16", as the table has it: the table is ours, so it can be read. */
static bool in_block(const struct ip *a, const char *prefix)
{
	const char *slash = strchr(prefix, '/');
	char text[IP_TEXT] = "";
	struct ip net;
	if (!slash || (size_t)(slash - prefix) >= sizeof text)
		return false;
	memcpy(text, prefix, (size_t)(slash - prefix));
	unsigned bits = 0;
	for (const char *p = slash + 1; *p; p++)
		bits = bits * 10 + (unsigned)(*p - '0');
	return ip_parse(&net, text) == ERR_OK && ip_in_prefix(a, &net, bits);
}

const struct addr_kind *addr_kind(const struct ip *a)
{
	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		if (in_block(a, table[i].prefix))
			return &table[i];
	return a->family == 4 ? &global4 : &global6;
}
