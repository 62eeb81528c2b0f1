/* Signatures and digests (RFC 4034, RFC 4035 5). Pure: no network, no clock, no words but static ones.
 *
 * Work is bounded, since a zone's owner chooses how many keys and signatures there are, and their key tags,
 * which need not differ (KeyTrap, CVE-2023-50387). */
#ifndef DNSVIEW_DNSSEC_VERIFY_H
#define DNSVIEW_DNSSEC_VERIFY_H

#include "dname.h"
#include "rr.h"

#define SIGS_TRIED_MAX 8   /* signatures tried for one RRset */
#define KEYS_TRIED_MAX 4   /* keys with the same tag tried for one signature, or one DS */
#define CRYPTO_MAX     128 /* signatures and digests computed in one validation */

enum sig {
	SIG_RIGHT,
	SIG_NONE,        /* no signature covers it */
	SIG_SIGNER,      /* signed in another zone's name */
	SIG_MALFORMED,   /* its fields contradict the records */
	SIG_UNSUPPORTED, /* by an algorithm that is not known here */
	SIG_NO_KEY,      /* by a key that the zone does not have */
	SIG_WRONG,       /* it does not fit the data */
	SIG_EARLY,       /* not valid yet */
	SIG_EXPIRED,
	SIG_BOUND, /* too many to try */
};

struct sig_report {
	enum sig sig;
	uint16_t tag;
	uint8_t algorithm;
	unsigned labels;                /* of the name that was signed; fewer than the owner's: a wildcard */
	uint32_t inception, expiration; /* seconds since 1970, modulo 2^32 */
};

/* Is the RRset (one or more records of one owner and type) signed by one of zone's keys? now in seconds since
 * 1970. Only keys for which usable is true count; NULL: all. *budget goes down with each computation. */
struct sig_report rrset_verify(const ldns_rr_list *rrset, const ldns_rr_list *sigs, const ldns_rr_list *keys,
    const bool *usable, const struct dname *zone, uint32_t now, unsigned *budget);

bool algorithm_supported(uint8_t algorithm);
const char *algorithm_name(uint8_t algorithm);
bool digest_supported(uint8_t type);
const char *digest_name(uint8_t type);

/* Numbers in a record's data; 0 where there is none of this size. */
uint32_t rr_number(const ldns_rr *rr, size_t field);
uint16_t key_tag(const ldns_rr *dnskey);

/* Marks in usable the keys that a DS (or, as trust anchor, a DNSKEY) of list stands for; returns how many. */
unsigned keys_vouched(const ldns_rr_list *keys, const ldns_rr_list *list, bool *usable, unsigned *budget);
/* A DS whose algorithm and digest are known here. */
bool ds_usable(const ldns_rr *ds);

#endif
