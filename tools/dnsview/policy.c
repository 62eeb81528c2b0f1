#include "policy.h"

#include <string.h>

struct block {
	struct ip net;
	unsigned bits;
	bool special; /* allowed with allow_special */
	const char *what;
};

#define V4(p, q, r)                                                                                                  \
	{                                                                                                            \
		.family = 4, .b = { p, q, r }                                                                        \
	}
#define V6(...)                                                                                                      \
	{                                                                                                            \
		.family = 6, .b = { __VA_ARGS__ }                                                                    \
	}

/* Rule 15. */
static const struct block blocks[] = {
    {V4(0, 0, 0), 8, false, "an address of \"this network\", which means the machine itself"},
    {V4(224, 0, 0), 4, false, "a multicast address"},
    {V4(240, 0, 0), 4, false, "a reserved or broadcast address"},
    {V4(127, 0, 0), 8, true, "a loopback address"},
    {V4(10, 0, 0), 8, true, "a private address"},
    {V4(172, 16, 0), 12, true, "a private address"},
    {V4(192, 168, 0), 16, true, "a private address"},
    {V4(100, 64, 0), 10, true, "a carrier's private address"},
    {V4(169, 254, 0), 16, true, "a link-local address"},
    {V4(192, 0, 2), 24, true, "a documentation address"},
    {V4(198, 51, 100), 24, true, "a documentation address"},
    {V4(203, 0, 113), 24, true, "a documentation address"},
    {V4(198, 18, 0), 15, true, "a benchmarking address"},
    {V6(0), 128, false, "the unspecified address, which means the machine itself"},
    {V6(0xff), 8, false, "a multicast address"},
    {V6(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff), 96, false, "an IPv4 address in IPv6's clothes"},
    {V6(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1), 128, true, "a loopback address"},
    {V6(0xfc), 7, true, "a private address"},
    {V6(0xfe, 0x80), 10, true, "a link-local address"},
    {V6(0x20, 0x01, 0x0d, 0xb8), 32, true, "a documentation address"},
};

static bool within(const struct ip *ip, const struct ip *net, unsigned bits)
{
	if (ip->family != net->family || memcmp(ip->b, net->b, bits / 8) != 0)
		return false;
	unsigned mask = 0xff00u >> bits % 8 & 0xff;
	return bits % 8 == 0 || (ip->b[bits / 8] & mask) == (net->b[bits / 8] & mask);
}

const char *policy_refuses(const struct policy *p, const struct ip *ip)
{
	for (size_t i = 0; i < p->n_own; i++)
		if (ip_equal(&p->own[i], ip))
			return "this resolver's own address";
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (within(ip, &blocks[i].net, blocks[i].bits))
			return blocks[i].special && p->allow_special ? NULL : blocks[i].what;
	return NULL;
}
