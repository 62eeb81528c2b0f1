/* Proofs that something does not exist: NSEC (RFC 4034 4, RFC 4035 5.4, RFC 6840 4) and NSEC3 (RFC 5155 8).
 * Pure.
 *
 * Only records whose signatures were verified may be put into a proof. Hashing is bounded (RFC 9276,
 * CVE-2023-50868). */
#ifndef DNSVIEW_DNSSEC_DENY_H
#define DNSVIEW_DNSSEC_DENY_H

#include "dname.h"
#include "rr.h"

#define PROOF_MAX            16
#define NSEC3_ITERATIONS_MAX 50   /* more: the zone is taken as unsigned, as RFC 9276 3.2 allows */
#define NSEC3_ROUNDS_MAX     8192 /* hashes computed for one proof */

struct proof {
	struct dname zone;
	unsigned n;
	const ldns_rr *rr[PROOF_MAX]; /* NSEC or NSEC3 of zone; borrowed */
};

enum denied {
	DENIED_NOT,     /* the records prove nothing of the kind */
	DENIED_NAME,    /* there is no such name, nor a wildcard for it */
	DENIED_TYPE,    /* the name is there (or a wildcard), this type is not */
	DENIED_OPT_OUT, /* there may be something unsigned: NSEC3 with the opt-out flag */
	DENIED_BOUND,   /* NSEC3 with more iterations than are computed here */
};

struct denial {
	enum denied what;
	bool delegation;   /* of DENIED_TYPE for DS: there is a zone cut at the name */
	const ldns_rr *by; /* one record that says so; NULL where what is NOT */
};

struct denial deny(const struct proof *p, const struct dname *name, uint16_t type);

/* Was a wildcard's answer right, since there is no closer name? labels: of the name that was signed (RFC
 * 4035 5.3.4). */
bool deny_closer(const struct proof *p, const struct dname *name, unsigned labels);

/* The order of RFC 4034 6.1: negative, zero, positive. */
int dname_order(const struct dname *a, const struct dname *b);
/* name without its first labels, so that n are left. */
struct dname dname_suffix(const struct dname *name, unsigned n);

#endif
