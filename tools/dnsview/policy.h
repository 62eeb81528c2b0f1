/* Addresses that no query is sent to, whatever a referral says (RFC 6890; RFC 6303): otherwise whoever owns a
 * zone could aim the resolver at the machine it runs on, or at the network behind it. */
#ifndef DNSVIEW_POLICY_H
#define DNSVIEW_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "glassnet/addr.h"

struct policy {
	bool allow_special;   /* loopback, private and documentation addresses: a lab is made of them */
	const struct ip *own; /* where this program itself answers; borrowed */
	size_t n_own;
};

/* NULL: may be asked; else what the address is: "a loopback address". Static text. */
const char *policy_refuses(const struct policy *p, const struct ip *ip);

#endif
